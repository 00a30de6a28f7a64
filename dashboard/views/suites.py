"""Suites of a function: what is in them, what runs made of them, and changing them."""

from __future__ import annotations

from collections.abc import Iterator

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from cutover.errors import BadInput
from cutover.suites import export_lines
from dashboard.access import operator, viewer
from dashboard.suite_forms import TagsForm, gathering
from dashboard.views.common import actor, find, see_other
from dashboard.views.functions import tab
from dashboard.words import SOURCES
from migrations_app.models import FunctionMigration, Suite
from migrations_app.selectors import suites as selectors
from migrations_app.services import suites as services
from migrations_app.services import suites_removal, suites_samples


@require_GET
@viewer
def listing(request: HttpRequest, address: str) -> HttpResponse:
    """Show the suites of a function and the ways to more events; by htmx only what lives."""
    function = find(address)
    context = tab(function, address, "suites") | {
        "suites": selectors.listing(function),
        "drafts": selectors.drafts(function),
    }
    if getattr(request, "htmx", False):
        return render(request, "suites/_live.html", context)
    known = list(suites_samples.kinds_of(function))
    name = request.GET.get("suite", "")[:80] or "default"
    context |= gathering(function, name, known=known) | {"known_kinds": known}
    return render(request, "suites/suites.html", context)


@require_GET
@viewer
def detail(request: HttpRequest, address: str, name: str) -> HttpResponse:
    """Show the events of a suite, with what each expects, and its versions."""
    function = find(address)
    version = _number(request, "version") or None
    suite = _suite(function, name, version)
    asked = selectors.EventFilter(
        tag=request.GET.get("tag", "")[:40].replace("\x00", ""),
        source=request.GET.get("source", "") if request.GET.get("source") in SOURCES else "",
        text=request.GET.get("q", "").strip()[:120].replace("\x00", ""),
        after=_number(request, "after"),
    )
    context = tab(function, address, "suites") | {
        "suite": suite,
        "version": version or suite.version,
        "earlier": version not in (None, suite.version),
        "page": selectors.page(suite, asked, version=version),
        "asked": asked,
        "versions": selectors.versions(suite),
        "all_sources": SOURCES,
    }
    if context["earlier"]:
        context["since"] = selectors.since(suite, context["version"])
    return render(request, "suites/suite.html", context)


@require_GET
@viewer
def event(request: HttpRequest, address: str, name: str, number: int) -> HttpResponse:
    """Give one whole event as JSON text."""
    version = _number(request, "version") or None
    suite = _suite(find(address), name, version)
    row = suite.events.filter(version=version or suite.version, position=number - 1).first()
    if row is None:
        raise Http404(_("The suite has no such event. It may have been removed."))
    whole = export_lines([services.stored_entry(row)])
    return _attachment(whole, f"{name}-{number}.json", "application/json")


@require_GET
@viewer
def export(request: HttpRequest, address: str, name: str) -> HttpResponse:
    """Give the events of a version as JSON Lines that an import reads again."""
    version = _number(request, "version") or None
    suite = _suite(find(address), name, version)
    lines = export_lines(services.entries_of(suite, version))
    file = f"{suite.function.name}-{suite.name}-{version or suite.version}.jsonl"
    return _attachment((f"{line}\n" for line in lines), file, "application/x-ndjson")


@require_POST
@operator
def tag_events(request: HttpRequest, address: str, name: str) -> HttpResponse:
    """Add tags to the ticked events, or take them away; none ticked: all."""
    function = find(address)
    form = TagsForm(request.POST)
    if not form.is_valid():
        raise BadInput(form.first_error)
    words = form.cleaned_data["tags"]
    away = "away" in request.POST
    changed = services.tag(
        function.pk,
        name,
        actor=actor(request),
        add=() if away else words,
        remove=words if away else (),
        positions=_ticked(request) or None,
        expected_version=form.cleaned_data["version"],
    )
    said = ngettext("%(n)s event is tagged anew.", "%(n)s events are tagged anew.", changed)
    messages.success(request, said % {"n": changed})
    return see_other(request, _address(address, name))


@require_POST
@operator
def remove_events(request: HttpRequest, address: str, name: str) -> HttpResponse:
    """Make a new version without the ticked events."""
    function = find(address)
    suite = suites_removal.remove_events(
        function.pk, name, _ticked(request), actor=actor(request), expected_version=_seen(request)
    )
    said = _("The events are removed. This is version %(n)s; runs keep the version that they used.")
    messages.success(request, said % {"n": suite.version})
    return see_other(request, _address(address, name))


@require_POST
@operator
def remove(request: HttpRequest, address: str, name: str) -> HttpResponse:
    """Take a suite away, once its name was typed."""
    function = find(address)
    if request.POST.get("confirm", "").strip() != name:
        raise BadInput(
            _("Type the suite's name, %(name)s, to say that you mean it. Nothing was done.") % {"name": name}
        )
    suites_removal.remove(function.pk, name, actor=actor(request), expected_version=_seen(request))
    messages.success(request, _("The suite is removed. Runs keep the events that they used."))
    return see_other(request, reverse("suites", args=[address]))


def _suite(function: FunctionMigration, name: str, version: int | None = None) -> Suite:
    """Give a suite; with a version that is kept, also one that was removed. Raises Http404."""
    if version is not None:
        kept = Suite.objects.filter(function=function, name=name, events__version=version).first()
        if kept is None:
            raise Http404(_("This version of the suite is not kept: no run used it."))
        return kept
    try:
        return services.named(function, name)
    except BadInput as error:
        raise Http404(str(error)) from error


def _address(address: str, name: str) -> str:
    return reverse("suite", args=[address, name])


def _number(request: HttpRequest, name: str) -> int:
    """Read a number from the address; 0 when there is none."""
    text = request.GET.get(name, "")
    return int(text) if text.isdecimal() and len(text) < 9 else 0


def _ticked(request: HttpRequest) -> list[int]:
    """Give the positions of the ticked events, from 0. Raises BadInput."""
    numbers = request.POST.getlist("event")
    if not all(number.isdecimal() and len(number) < 9 for number in numbers):
        raise BadInput(_("Events are named by their numbers. Nothing was done."))
    return [int(number) - 1 for number in numbers]


def _seen(request: HttpRequest) -> int | None:
    """Give the version of the suite that the page showed."""
    text = request.POST.get("version", "")
    return int(text) if text.isdecimal() and len(text) < 9 else None


def _attachment(lines: Iterator[str], file: str, kind: str) -> HttpResponse:
    answer = HttpResponse("".join(lines), content_type=f"{kind}; charset=utf-8")
    answer["Content-Disposition"] = content_disposition_header(True, file.replace("/", "-"))
    return answer
