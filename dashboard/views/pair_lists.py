"""All pairs of a function: found by what they are, or gathered by where they differ."""

from __future__ import annotations

import uuid
from collections.abc import Container

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from dashboard.access import viewer
from dashboard.views.common import find
from dashboard.words import BLAMES, OUTCOMES
from migrations_app.models import Run
from migrations_app.selectors import pair_lists
from migrations_app.selectors.pair_lists import OUTCOME_GROUPS, Cursor, PairFilter

HOURS = (1, 24, 168)


@require_GET
@viewer
def pairs(request: HttpRequest, address: str) -> HttpResponse:
    """Show pairs of a function, newest first, and what can be done to get more; ``by=field``: gathered."""
    function = find(address)
    asked = filter_of(request)
    run = Run.objects.filter(pk=asked.run, function=function).first() if asked.run else None
    gathered = request.GET.get("by") == "field"
    context = {
        "function": function,
        "address": address,
        "tab": "pairs",
        "section": "functions",
        "asked": asked,
        "run": run,
        "gathered": gathered,
        "counts": grouped(pair_lists.counts(function, asked)),
        "all_outcomes": OUTCOMES.items(),
        "all_blames": BLAMES.items(),
        "all_hours": HOURS,
        "group": asked.group,
    }
    if gathered:
        context["fields"] = pair_lists.fields(function.pk, run=run, most=100)
        context["reach"] = pair_lists.GROUPED
    else:
        context["page"] = pair_lists.page(function, asked)
        context["reach"] = pair_lists.REACH
    return render(request, "function/pairs.html", context)


def filter_of(request: HttpRequest) -> PairFilter:
    """Read what is asked for from the address; what makes no sense is left out."""
    given = request.GET
    hours = given.get("hours", "")
    return PairFilter(
        group=_one_of(given.get("group", ""), OUTCOME_GROUPS),
        outcome=_one_of(given.get("outcome", ""), OUTCOMES),
        blame=_one_of(given.get("blame", ""), BLAMES),
        pointer=given.get("pointer", "").strip()[:200].replace("\x00", ""),
        text=given.get("q", "").strip()[:140].replace("\x00", ""),
        cold=_one_of(given.get("cold", ""), ("cold", "warm")),
        hours=int(hours) if hours.isdecimal() and 0 < int(hours[:6]) <= 8760 else 0,
        run=_key(given.get("run", "")),
        after=Cursor.read(given.get("after", "")),
    )


def grouped(counts: dict[str, int]) -> dict[str, int]:
    """Give pairs by group of outcomes."""
    return {name: sum(counts.get(one, 0) for one in group) for name, group in OUTCOME_GROUPS.items()}


def _one_of(value: str, allowed: Container[str]) -> str:
    return value if value in allowed else ""


def _key(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
