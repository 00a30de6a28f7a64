"""How is a validation going, and what does it show?"""

from __future__ import annotations

import statistics
import uuid
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cutover.errors import BadInput, RuleError
from dashboard.access import Role, may, operator, viewer
from dashboard.access import refusal as role_refusal
from dashboard.errors import refusal
from dashboard.suite_forms import RunForm
from dashboard.views.common import Context, actor, find, fresh_key, reason_of, see_other
from migrations_app.models import FunctionMigration, Run
from migrations_app.selectors import pairs as selector
from migrations_app.selectors import suites
from migrations_app.services import guards, policies, rerunning, usage, validation

Durations = Sequence[tuple[float | None, float | None, bool]]


@require_GET
@viewer
def run(request: HttpRequest, key: uuid.UUID) -> HttpResponse:
    """Show one validation; by htmx only what lives."""
    view = selector.run(key)
    if view is None:
        raise Http404(_("There is no such validation."))
    context = {
        "view": view,
        "run": view.run,
        "function": view.run.function,
        "address": f"{view.run.function.connection.name}:{view.run.function.name}",
        "percent": round(100 * view.run.done_pairs / max(1, view.run.wanted_pairs), 1),
        "learned_percent": round(100 * view.run.learned / max(1, view.run.learn), 1),
        "open": view.run.state in ("pending", "running"),
        "shares": shares(view.run.outcomes),
        "plot": plot(view.durations),
        "quantiles": quantiles(view.durations),
        "used": _used(view.run),
        "used_together": usage.gb_seconds(view.run.usage),
        "again_key": f"again-{view.run.pk}-{view.run.function.runs.count()}",
        "section": "functions",
    }
    live = bool(getattr(request, "htmx", False))
    return render(request, "run/_live.html" if live else "run/run.html", context)


@require_POST
@operator
def cancel_run(request: HttpRequest, key: uuid.UUID) -> HttpResponse:
    """Stop a validation; its pairs stay."""
    validation.cancel_run(key, actor=actor(request))
    return see_other(request, reverse("run", args=[key]))


@require_http_methods(["GET", "POST"])
@viewer
def validate(request: HttpRequest, address: str) -> HttpResponse:
    """Choose what a validation shall be; on POST start it and go to its page."""
    function = find(address)
    rows = suites.listing(function)
    names = [row.suite.name for row in rows]
    form = RunForm(request.POST or None, names=names, initial=_initial(request, function, names))
    why = None
    if request.method == "POST":
        if not may(request, Role.OPERATOR):
            raise PermissionDenied(role_refusal(Role.OPERATOR))
        try:
            return see_other(request, reverse("run", args=[_started(request, function, form).pk]))
        except RuleError as error:
            why = refusal(error)
    suite = str(form["suite"].value() or "default")
    context = {
        "function": function,
        "address": address,
        "form": form,
        "refusal": why,
        "reasons": guards.validate_reasons(function, suite),
        "suites": rows,
        "hosts": _hosts(),
        "policy": policies.policy_for(function),
        "section": "functions",
    }
    partial = bool(getattr(request, "htmx", False)) and request.method == "POST"
    page = "function/_validate.html" if partial else "function/validate.html"
    return render(request, page, context, status=why.status if why else 200)


@require_POST
@operator
def run_again(request: HttpRequest, key: uuid.UUID) -> HttpResponse:
    """Start a validation with the settings of this one."""
    if not Run.objects.filter(pk=key).exists():
        raise Http404(_("There is no such validation."))
    made = rerunning.again(
        key,
        actor=actor(request),
        reason=reason_of(request),
        idempotency_key=request.POST.get("key", "")[:64],
    )
    return see_other(request, reverse("run", args=[made.pk]))


def _initial(request: HttpRequest, function: FunctionMigration, names: Sequence[str]) -> Context:
    """Give what the form says first: the suite of the address, or the settings of the run that it names."""
    given: Context = {"pairs": policies.policy_for(function).validation_pairs, "concurrency": 6}
    given |= {"key": fresh_key(), "suite": "default" if "default" in names else next(iter(names), "")}
    if request.GET.get("suite") in names:
        given["suite"] = request.GET["suite"]
    if tags := request.GET.get("tags", "")[:400]:
        given["tags"] = tags
    try:
        earlier = function.runs.select_related("suite").get(pk=uuid.UUID(request.GET.get("run", "")))
    except (ValueError, Run.DoesNotExist):
        return given
    wanted = rerunning.settings_of(earlier)
    return given | {
        "suite": wanted.suite,
        "tags": ", ".join(wanted.tags),
        "pairs": rerunning.asked_pairs(earlier),
        "budget_gb_s": wanted.budget_gb_s,
        "concurrency": wanted.concurrency,
        "primary_url": wanted.primary_url,
        "candidate_url": wanted.candidate_url,
        "reason": earlier.reason,
    }


def _started(request: HttpRequest, function: FunctionMigration, form: RunForm) -> Run:
    if not form.is_valid():
        raise BadInput(form.first_error)
    given = form.cleaned_data
    return validation.start(
        function.pk,
        form.wanted,
        actor=actor(request),
        reason=given["reason"],
        pairs=given["pairs"],
        idempotency_key=given["key"],
    )


def _hosts() -> list[str]:
    """Give the hosts whose addresses may stand for a side, as CUTOVER_RIE_HOSTS names them."""
    found = []
    for one in settings.RIE_HOSTS:
        host = one.name or str(one.network)
        found.append(f"{host}:{one.port}" if one.port else host)
    return found


def shares(outcomes: dict[str, int]) -> list[dict[str, Any]]:
    """Give the outcome bar: each outcome with its place and width in percent."""
    total = sum(outcomes.values()) or 1
    at, found = 0.0, []
    for name, n in sorted(outcomes.items(), key=lambda item: -item[1]):
        width = 100 * n / total
        found.append({"outcome": name, "n": n, "x": f"{at:.2f}%", "width": f"{width:.2f}%"})
        at += width
    return found


def plot(durations: Durations) -> dict[str, Any]:
    """Give points of AWS ms (x) against FC ms (y) on one scale, with the scale's end."""
    timed = [(aws or 0.0, fc or 0.0, counts) for aws, fc, counts in durations]
    top = max([value for aws, fc, _counts in timed for value in (aws, fc)], default=1.0) * 1.05 or 1.0
    dots = [
        {"x": f"{100 * aws / top:.2f}%", "y": f"{100 - 100 * fc / top:.2f}%", "bad": counts}
        for aws, fc, counts in timed
    ]
    return {"dots": dots, "top": top, "slower": sum(1 for aws, fc, _counts in timed if fc > aws)}


def quantiles(durations: Durations) -> list[tuple[str, float, float]]:
    """Give (name, AWS ms, FC ms) for the plot's table."""
    both = [sorted(one) for one in zip(*((aws or 0.0, fc or 0.0) for aws, fc, _ in durations), strict=True)]
    if not both:
        return []
    found = [(_("fastest"), both[0][0], both[1][0])]
    if len(both[0]) > 1:
        cuts = [statistics.quantiles(one, n=100, method="inclusive") for one in both]
        found += [(f"p{at}", cuts[0][at - 1], cuts[1][at - 1]) for at in (50, 90, 95, 99)]
    return [*found, (_("slowest"), both[0][-1], both[1][-1])]


def _used(run: Run) -> list[dict[str, Any]]:
    """Give requests and GB-seconds by side; empty before anything was billed."""
    names = (("primary", "AWS"), ("candidate", "FC"))
    return [{"cloud": name, **run.usage[side]} for side, name in names if side in run.usage]
