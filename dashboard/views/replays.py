"""What live taps offer to replay on FC, and the replays so far."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from cutover.errors import BadInput
from dashboard.access import operator, viewer
from dashboard.forms import ReplayForm
from dashboard.views.common import actor, find, fresh_key, see_other
from dashboard.words import LEFT_OUT
from migrations_app.selectors import replays
from migrations_app.services import guards, validation


@require_GET
@viewer
def detail(request: HttpRequest, address: str) -> HttpResponse:
    """Show what the tap reported and what came of earlier replays; by htmx only the replays."""
    function = find(address)
    if getattr(request, "htmx", False):
        runs = replays.newest_runs(function, replays.REPLAY)
        return render(request, "replays/_runs.html", {"runs": runs, "address": address, "oob": True})
    offered = replays.offered(function)
    initial = {"events": len(offered.entries) or replays.LISTED, "concurrency": 6, "key": fresh_key()}
    context = {
        "function": function,
        "address": address,
        "offered": offered,
        "runs": offered.runs,
        "left_out": [(LEFT_OUT.get(why, why), number) for why, number in offered.left_out.items()],
        "reasons": guards.replay_reasons(function),
        "form": ReplayForm(initial=initial),
        "tab": "replays",
        "section": "functions",
    }
    return render(request, "replays/replays.html", context)


@require_POST
@operator
def start(request: HttpRequest, address: str) -> HttpResponse:
    """Send to FC what the tap reported last, and go to the run's page."""
    function = find(address)
    form = ReplayForm(request.POST)
    if not form.is_valid():
        raise BadInput(form.first_error)
    given = form.cleaned_data
    run, left_out = validation.start_replay(
        function.pk,
        actor=actor(request),
        events=given["events"],
        reason=given["reason"],
        concurrency=given["concurrency"],
        budget_gb_s=given["budget_gb_s"],
        idempotency_key=given["key"],
    )
    if left_out:
        said = ", ".join(f"{number} × {LEFT_OUT.get(why, why)}" for why, number in left_out.items())
        messages.success(request, _("Reported events that are not replayed: %(why)s.") % {"why": said})
    return see_other(request, reverse("run", args=[run.pk]))
