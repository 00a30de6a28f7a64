"""Events on their way into a suite: gathered, looked at, then imported or discarded."""

from __future__ import annotations

import uuid
from typing import TypeVar

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from cutover.errors import BadInput
from dashboard.access import operator, viewer
from dashboard.suite_forms import GenerateForm, ImportForm, IntoForm, LiveForm, LogsForm
from dashboard.views.common import actor, find, see_other
from dashboard.views.functions import tab
from migrations_app.models import SuiteDraft
from migrations_app.selectors import suites as selectors
from migrations_app.services import suites_drafts

_Form = TypeVar("_Form", bound=IntoForm)


@require_POST
@operator
def import_events(request: HttpRequest, address: str) -> HttpResponse:
    """Read events that were pasted or uploaded, and show what they would make of the suite."""
    form = _valid(ImportForm(request.POST, request.FILES))
    draft = suites_drafts.from_reading(
        find(address), form.cleaned_data["reading"], actor=actor(request), **form.given
    )
    return _to(request, address, draft)


@require_POST
@operator
def generate(request: HttpRequest, address: str) -> HttpResponse:
    """Generate samples, and show what they would make of the suite."""
    form = _valid(GenerateForm(request.POST))
    wanted = {name: form.cleaned_data[name] for name in ("kinds", "count", "seed")}
    draft = suites_drafts.from_samples(find(address), actor=actor(request), **form.given, **wanted)
    return _to(request, address, draft)


@require_POST
@operator
def search_logs(request: HttpRequest, address: str) -> HttpResponse:
    """Ask a worker for events in the function's logs; the web process talks to no cloud."""
    form = _valid(LogsForm(request.POST))
    wanted = {name: form.cleaned_data[name] for name in ("hours", "limit")}
    draft = suites_drafts.ask_logs(find(address), actor=actor(request), **form.given, **wanted)
    return _to(request, address, draft)


@require_POST
@operator
def take_live(request: HttpRequest, address: str) -> HttpResponse:
    """Take what the tap reported, and show what it would make of the suite."""
    form = _valid(LiveForm(request.POST))
    draft = suites_drafts.from_live(
        find(address), actor=actor(request), limit=form.cleaned_data["limit"], **form.given
    )
    return _to(request, address, draft)


@require_GET
@viewer
def detail(request: HttpRequest, address: str, key: uuid.UUID) -> HttpResponse:
    """Show a draft: its events, what in it is no event, and what it would change."""
    function = find(address)
    view = selectors.draft(function, key)
    if view is None:
        raise Http404(_("This draft was imported or discarded. Drafts are kept for a day."))
    if getattr(request, "htmx", False):
        # The page shows a form once the search has ended, so it is loaded anew then and only then.
        waits = view.draft.state == SuiteDraft.State.PENDING
        return HttpResponse(status=204) if waits else see_other(request, request.path)
    context = tab(function, address, "suites") | {"view": view, "draft": view.draft}
    return render(request, "suites/draft.html", context)


@require_POST
@operator
def accept(request: HttpRequest, address: str, key: uuid.UUID) -> HttpResponse:
    """Import a draft; ``skip_bad``: without what in it is no event."""
    seen = request.POST.get("version", "")
    suite = suites_drafts.accept(
        key,
        actor=actor(request),
        skip_bad="skip_bad" in request.POST,
        expected_version=int(seen) if seen.isdecimal() and len(seen) < 9 else None,
    )
    number = suite.events.filter(version=suite.version).count()
    said = ngettext(
        "The suite has %(n)s event now (version %(version)s).",
        "The suite has %(n)s events now (version %(version)s).",
        number,
    )
    messages.success(request, said % {"n": number, "version": suite.version})
    return see_other(request, reverse("suite", args=[address, suite.name]))


@require_POST
@operator
def discard(request: HttpRequest, address: str, key: uuid.UUID) -> HttpResponse:
    """Throw a draft away."""
    suites_drafts.discard(key)
    messages.success(request, _("The draft is discarded. No suite was changed."))
    return see_other(request, reverse("suites", args=[address]))


def _valid(form: _Form) -> _Form:
    """Give the form back if it is filled well; raises BadInput with the first error."""
    if not form.is_valid():
        raise BadInput(form.first_error)
    return form


def _to(request: HttpRequest, address: str, draft: SuiteDraft) -> HttpResponse:
    return see_other(request, reverse("suite-draft", args=[address, draft.pk]))
