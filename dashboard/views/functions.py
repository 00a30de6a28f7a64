"""Functions: the list, and the page of one with its tabs."""

from __future__ import annotations

from collections.abc import Container

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from dashboard import charts, phasebar, sentences, verbs
from dashboard.access import viewer
from dashboard.forms import DeclareForm
from dashboard.views.common import Context, find, fresh_key
from dashboard.views.pair_lists import grouped
from dashboard.words import PHASES, READINESS, VERDICTS
from migrations_app.models import FunctionMigration
from migrations_app.selectors import function as functions
from migrations_app.selectors.functions import MARKS, SORTS, FunctionFilter, page
from migrations_app.services import history, inventory


@require_GET
@viewer
def listing(request: HttpRequest) -> HttpResponse:
    """Show fifty functions; what filters them stands in the address."""
    asked = FunctionFilter(
        q=request.GET.get("q", "").strip()[:140],
        phase=_one_of(request, "phase", PHASES),
        verdict=_one_of(request, "verdict", {**VERDICTS, "none": ""}),
        mark=_one_of(request, "mark", MARKS),
        readiness=_one_of(request, "readiness", READINESS),
        sort=_one_of(request, "sort", SORTS),
        after=request.GET.get("after", "")[:200],
    )
    context = {
        "page": page(asked),
        "asked": asked,
        "section": "functions",
        "all_phases": PHASES.items(),
        "all_readiness": READINESS,
    }
    return render(request, "functions/functions.html", context)


@require_GET
@viewer
def detail(request: HttpRequest, address: str) -> HttpResponse:
    """Show one function; by htmx only its live regions, each replacing itself."""
    function = find(address)
    live = bool(getattr(request, "htmx", False))
    context = _context(request, function, address)
    return render(request, "function/_live.html" if live else "function/function.html", context)


@require_GET
@viewer
def timeline(request: HttpRequest, address: str) -> HttpResponse:
    """Show phases, operations and deeds of people in one list, newest first."""
    function = find(address)
    entries = function.audit_entries.select_related("operation").order_by("-id")[:200]
    context = tab(function, address, "timeline") | {"entries": entries}
    return render(request, "function/timeline.html", context)


@require_GET
@viewer
def proof(request: HttpRequest, address: str) -> HttpResponse:
    """Show the evidence: verdict with formulas, what explains a rollback, the newest validation, rules."""
    function = find(address)
    counting, live = functions.explaining(function)
    context = tab(function, address, "evidence") | {
        "verdict": function.verdict,
        "counting": counting,
        "live": live,
        "rules": functions.rules_for(function),
        "runs": function.runs.order_by("-created_at")[:20],
    }
    return render(request, "function/evidence.html", context)


@require_GET
@viewer
def traffic(request: HttpRequest, address: str) -> HttpResponse:
    """Show the charts' numbers as a table."""
    function = find(address)
    name, drawn = _charts(request, function)
    return render(
        request, "function/traffic.html", tab(function, address, "") | {"charts": drawn, "range": name}
    )


def _context(request: HttpRequest, function: FunctionMigration, address: str) -> Context:
    name = _range(request)
    state = functions.state_of(function, seconds=charts.RANGES[name])
    ladder = verbs.ladder(function)
    now = timezone.now()
    drawn = charts.draw(
        state.slots,
        state.operations,
        now=now,
        seconds=charts.RANGES[name],
        weight_bp=function.desired_weight_bp,
    )
    offers = verbs.possibilities(function, address=address, steps=ladder, running=state.running)
    stale = bool(function.verdict_result) and inventory.evidence_digest(function) != function.evidence_digest
    return tab(function, address, "overview") | {
        "state": state,
        "charts": drawn,
        "range": name,
        "ranges": charts.RANGES,
        "lede": sentences.lede(function, drawn.rate),
        "stations": phasebar.stations(function, state.phase_changes),
        "steps": phasebar.steps(function, ladder, state.operations),
        "offers": offers,
        "next_bp": verbs.next_weight(function, ladder),
        "offer": {offer.verb: offer for offer in offers},
        "can_roll_back": verbs.can_roll_back(function),
        "at_aws": function.phase == "rolled-back" or not function.desired_weight_bp,
        "latest_outcome": sentences.outcome(state.latest) if state.latest else "",
        "rolled_back": sentences.rolled_back(function) if function.rollback_report else "",
        "stale": stale,
        "anew": history.state_of(function.pk) if stale else None,
        "counts": grouped(state.pair_counts),
        "pair_total": sum(state.pair_counts.values()),
        "key": fresh_key(),
        "now": now,
    }


def tab(function: FunctionMigration, address: str, name: str) -> Context:
    """Give what each tab of a function's page needs."""
    drift = function.observed_weight_bp not in (None, function.desired_weight_bp)
    return {
        "function": function,
        "address": address,
        "tab": name,
        "section": "functions",
        "drift": drift and function.phase in ("shifting", "cut-over"),
        "declare_form": DeclareForm(),
    }


def _charts(request: HttpRequest, function: FunctionMigration) -> tuple[str, charts.Charts]:
    name = _range(request)
    seconds = charts.RANGES[name]
    slots = functions.traffic(function, seconds=seconds)
    weight = function.desired_weight_bp
    return name, charts.draw(slots, (), now=timezone.now(), seconds=seconds, weight_bp=weight)


def _range(request: HttpRequest) -> str:
    name = request.GET.get("range", "20m")
    return name if name in charts.RANGES else "20m"


def _one_of(request: HttpRequest, name: str, allowed: Container[str]) -> str:
    value = request.GET.get(name, "")
    return value if value in allowed else ""
