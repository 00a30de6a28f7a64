"""What varies on AWS by itself: what is known of it, learned on request, forgotten field by field."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from cutover.errors import BadInput
from dashboard.access import operator, viewer
from dashboard.forms import LearnForm
from dashboard.views.common import Context, actor, find, fresh_key, reason_of, see_other
from migrations_app.models import FunctionMigration, Run
from migrations_app.selectors import noise as shapes
from migrations_app.selectors import replays
from migrations_app.services import guards, history, noise, policies, suites, validation


@require_GET
@viewer
def detail(request: HttpRequest, address: str) -> HttpResponse:
    """Show what is known of a function's noise; by htmx only what lives."""
    function = find(address)
    context = _known(function, address)
    if getattr(request, "htmx", False):
        return render(request, "noise/_live.html", context | {"oob": True})
    names = _suites(function)
    initial = {
        "events": policies.policy_for(function).learn_events or validation.LEARN_EVENTS,
        "key": fresh_key(),
    }
    context |= {
        "form": LearnForm(initial=initial, suites=names),
        "reasons": guards.learn_reasons(function, names[0]),
        "tab": "rules",
        "part": "noise",
        "section": "functions",
    }
    return render(request, "noise/noise.html", context)


@require_POST
@operator
def learn(request: HttpRequest, address: str) -> HttpResponse:
    """Have AWS called twice for some events."""
    function = find(address)
    form = LearnForm(request.POST, suites=_suites(function))
    if not form.is_valid():
        raise BadInput(form.first_error)
    given = form.cleaned_data
    validation.start_learning(
        function.pk,
        actor=actor(request),
        events=given["events"],
        suite=given["suite"],
        budget_gb_s=given["budget_gb_s"],
        reason=given["reason"],
        idempotency_key=given["key"],
    )
    return see_other(request, reverse("noise", args=[address]))


@require_POST
@operator
def forget(request: HttpRequest, address: str) -> HttpResponse:
    """Forget one field that was learned as noise, or all of them."""
    function = find(address)
    noise.forget(
        function.pk,
        actor=actor(request),
        name=request.POST.get("field", "")[:240],
        reason=reason_of(request, _("From the page")),
    )
    return see_other(request, reverse("noise", args=[address]))


def _known(function: FunctionMigration, address: str) -> Context:
    runs = replays.newest_runs(function, Run.Kind.LEARN)
    running = function.runs.filter(state__in=validation.OPEN).first()
    learning = running if running and running.learned < running.learn else None
    return {
        "function": function,
        "address": address,
        "noise": noise.evidence(function),
        "shapes": shapes.by_shape(function.pk),
        "looked_at": shapes.LOOKED_AT,
        "learning": learning,
        "percent": round(100 * learning.learned / learning.learn, 1) if learning else 0,
        "history": history.state_of(function.pk),
        "last": next((run for run in runs if run.state not in validation.OPEN), None),
    }


def _suites(function: FunctionMigration) -> list[str]:
    """Give the names of the suites to learn from, the default one first."""
    names = list(suites.living(function).order_by("name").values_list("name", flat=True))
    return sorted(names, key=lambda name: name != "default") or ["default"]
