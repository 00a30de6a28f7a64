"""What did each side do with the same event? And how is a validation going?"""

from __future__ import annotations

import uuid
from typing import Any

import orjson
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from cutover.comparison import Standing
from cutover.errors import BadInput
from dashboard import sides
from dashboard.access import operator, viewer
from dashboard.forms import RuleForm
from dashboard.views.common import actor, see_other
from migrations_app.models import Pair
from migrations_app.selectors import pairs as selector
from migrations_app.services import rules, validation

LISTED = (Standing.COUNTS, Standing.LOSS)


@require_GET
@viewer
def detail(request: HttpRequest, key: uuid.UUID) -> HttpResponse:
    """Show one pair side by side."""
    view = selector.pair(key)
    if view is None:
        raise Http404(_("There is no such pair. It may be older than what is kept."))
    pair = view.pair
    compared = sides.comparison_of(pair.comparison)
    rail = sides.listed(compared.differences)
    context = {
        "view": view,
        "pair": pair,
        "function": pair.function,
        "compared": compared,
        "rail": [one for one in rail if one.difference.standing in LISTED],
        "quiet": [one for one in rail if one.difference.standing not in LISTED],
        "answer": sides.answer(pair.primary, pair.candidate, rail),
        "logs": None if compared.log_rows is None else sides.logs(compared.log_rows, rail),
        "answer_counts": sum(1 for one in rail if one.difference.part != "logs" and _counts(one)),
        "log_counts": sum(1 for one in rail if one.difference.part == "logs" and _counts(one)),
        "bars": _bars(pair),
        "event": _pretty(pair.event),
        "section": "functions",
    }
    return render(request, "pair/pair.html", context)


@require_POST
@operator
def accept(request: HttpRequest, key: uuid.UUID) -> HttpResponse:
    """Accept a difference as a rule, for this function or everywhere."""
    pair = Pair.objects.filter(pk=key).first()
    if pair is None:
        raise Http404(_("There is no such pair. It may be older than what is kept."))
    form = RuleForm(request.POST)
    if not form.is_valid():
        raise BadInput(form.first_error)
    given = form.cleaned_data
    rules.add(
        None if given["everywhere"] else pair.function_id,
        name=given["name"],
        kind=given["kind"],
        pointer=given["pointer"],
        value=given["value"],
        reason=given["reason"],
        actor=actor(request),
    )
    return see_other(request, reverse("rules"))


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
        "percent": round(100 * view.run.done_pairs / max(1, view.run.wanted_pairs), 1),
        "open": view.run.state in ("pending", "running"),
        "shares": _shares(view.run.outcomes),
        "plot": _plot(view.durations),
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


def _counts(one: sides.Listed) -> bool:
    return one.difference.standing is Standing.COUNTS


def _bars(pair: Pair) -> tuple[sides.Bar, ...]:
    left, right = pair.primary, pair.candidate
    return sides.bars(
        (
            (_("Function"), left.get("duration_ms"), right.get("duration_ms")),
            (_("Billed"), left.get("billed_ms"), right.get("billed_ms")),
            (_("Round trip"), left.get("round_trip_ms"), right.get("round_trip_ms")),
        )
    )


def _shares(outcomes: dict[str, int]) -> list[dict[str, Any]]:
    """Give the outcome bar: each outcome with its place and width in percent."""
    total = sum(outcomes.values()) or 1
    at, shares = 0.0, []
    for name, n in sorted(outcomes.items(), key=lambda item: -item[1]):
        width = 100 * n / total
        shares.append({"outcome": name, "n": n, "x": f"{at:.2f}%", "width": f"{width:.2f}%"})
        at += width
    return shares


def _plot(durations: tuple[tuple[float | None, float | None, bool], ...]) -> dict[str, Any]:
    """Give points of AWS ms (x) against FC ms (y) on one scale, with the scale's end."""
    timed = [(aws or 0.0, fc or 0.0, counts) for aws, fc, counts in durations]
    top = max([value for aws, fc, _counts in timed for value in (aws, fc)], default=1.0) * 1.05
    dots = [
        {"x": f"{100 * aws / top:.2f}%", "y": f"{100 - 100 * fc / top:.2f}%", "bad": counts}
        for aws, fc, counts in timed
    ]
    return {"dots": dots, "top": top}


def _pretty(event: Any) -> str:

    return orjson.dumps(event, option=orjson.OPT_INDENT_2).decode()
