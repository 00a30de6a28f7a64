"""What did each side do with the same event?"""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from cutover.comparison import LogState, Standing
from cutover.effects import DECLARED, LATE, UNREAD
from cutover.errors import BadInput
from dashboard import events, sides
from dashboard.access import operator, viewer
from dashboard.forms import NoteForm, RuleForm
from dashboard.views.common import actor, see_other
from dashboard.words import RULES
from migrations_app.models import Pair, PairNote
from migrations_app.selectors import pairs as selector
from migrations_app.selectors.pair_lists import OUTCOME_GROUPS
from migrations_app.services import evidence, notes, rules

LISTED = (Standing.COUNTS, Standing.LOSS)
MOST_FORMS = 20
"""Differences whose forms are in the page; those of others come on request."""


@require_GET
@viewer
def detail(request: HttpRequest, key: uuid.UUID) -> HttpResponse:
    """Show one pair side by side."""
    group = request.GET.get("group", "")
    view = selector.pair(key, group=group if group in OUTCOME_GROUPS else "")
    if view is None:
        raise Http404(_gone())
    pair = view.pair
    compared = sides.comparison_of(pair.comparison)
    rail = sides.listed(compared.differences, view.notes)
    effects = compared.effect_rows
    context = {
        "view": view,
        "pair": pair,
        "function": pair.function,
        "address": f"{pair.function.connection.name}:{pair.function.name}",
        "group": group if group in OUTCOME_GROUPS else "",
        "compared": compared,
        "rail": [one for one in rail if one.difference.standing in LISTED],
        "quiet": [one for one in rail if one.difference.standing not in LISTED],
        "notes_on_pair": [note for note in view.notes if not note.part],
        "answer": sides.answer(pair.primary, pair.candidate, rail),
        "logs": None if compared.log_rows is None else sides.logs(compared.log_rows, rail),
        "alarms": sides.alarms(compared.log_rows or (), rail),
        "waited_for": _waited_for(pair),
        "gave_up": LogState.NEVER in (compared.primary_logs, compared.candidate_logs),
        "untold": _untold(pair),
        "effects": None if effects is None else sides.effects(effects, rail),
        "counting": {part: _counting(rail, part) for part in ("answer", "error", "logs", "effects")},
        "failures": _failures(pair),
        "bars": _bars(pair),
        "event": events.seen(pair.event, pair.function),
        "kept": evidence.why_kept(pair),
        "kinds": RULES.items(),
        "most_forms": MOST_FORMS,
        "section": "functions",
    }
    return render(request, "pair/pair.html", context)


@require_GET
@viewer
def rows(request: HttpRequest, key: uuid.UUID) -> HttpResponse:
    """Give rows that the page left out: ``part`` answer or logs, places ``from`` to ``to``."""
    pair = _found(key)
    compared = sides.comparison_of(pair.comparison)
    rail = sides.listed(compared.differences)
    if request.GET.get("part") == "logs":
        lines = sides.log_lines(compared.log_rows or (), rail)
    else:
        lines = sides.answer_lines(pair.primary, pair.candidate, rail)
    first = _place(request, "from")
    last = min(_place(request, "to"), first + sides.CHUNK)
    alone = not getattr(request, "htmx", False)
    context = {"rows": lines[first:last], "pair": pair, "function": pair.function, "section": "functions"}
    return render(request, "pair/rows.html" if alone else "pair/_rows.html", context)


@require_GET
@viewer
def difference(request: HttpRequest, key: uuid.UUID, name: str) -> HttpResponse:
    """Give one difference with its forms: the page of many leaves them out."""
    pair = _found(key)
    noted = PairNote.objects.filter(pair_id=key)
    rail = sides.listed(sides.comparison_of(pair.comparison).differences, tuple(noted))
    found = next((one for one in rail if one.name == name), None)
    if found is None:
        raise Http404(_("There is no such difference here any more: rules or noise may have changed it."))
    context = {
        "d": found,
        "pair": pair,
        "function": pair.function,
        "address": f"{pair.function.connection.name}:{pair.function.name}",
        "kinds": RULES.items(),
        "alone": True,
        "section": "functions",
    }
    alone = not getattr(request, "htmx", False)
    return render(request, "pair/difference.html" if alone else "pair/_difference.html", context)


@require_POST
@operator
def accept(request: HttpRequest, key: uuid.UUID) -> HttpResponse:
    """Accept a difference as a rule, for this function or everywhere; stored pairs are compared anew."""
    pair = _found(key)
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
    messages.success(request, _("The rule is saved. Stored pairs are compared anew; reload in a moment."))
    return see_other(request, reverse("pair", args=[key]))


@require_POST
@operator
def note(request: HttpRequest, key: uuid.UUID) -> HttpResponse:
    """Say of a difference, or of the pair, that it is a bug."""
    pair = _found(key)
    form = NoteForm(request.POST)
    if not form.is_valid():
        raise BadInput(form.first_error)
    given = form.cleaned_data
    notes.add(pair, text=given["text"], part=given["part"], pointer=given["pointer"], actor=actor(request))
    return see_other(request, reverse("pair", args=[key]))


@require_POST
@operator
def withdraw_note(request: HttpRequest, key: int) -> HttpResponse:
    """Take a note back."""
    return see_other(request, reverse("pair", args=[notes.withdraw(key, actor=actor(request))]))


def _found(key: uuid.UUID) -> Pair:
    found = Pair.objects.select_related("function__connection").filter(pk=key).first()
    if found is None:
        raise Http404(_gone())
    return found


def _gone() -> str:
    return _("There is no such pair. It may be older than what is kept.")


def _place(request: HttpRequest, name: str) -> int:
    text = request.GET.get(name, "0")
    return int(text) if text.isdecimal() and len(text) < 8 else 0


def _counting(rail: tuple[sides.Listed, ...], part: str) -> int:
    return sum(
        1 for one in rail if one.difference.part == part and one.difference.standing is Standing.COUNTS
    )


def _waited_for(pair: Pair) -> list[str]:
    """Name the sides whose logs have not arrived."""
    found = [("AWS", pair.primary), ("FC", pair.candidate)]
    return [name for name, stored in found if stored.get("logs") is None]


def _untold(pair: Pair) -> list[tuple[str, str]]:
    """Give what the sides say of effects that were not read, not compared, known without a look, or late."""
    found = [("AWS", pair.primary), ("FC", pair.candidate)]
    return [
        (name, str(stored["facts"][fact]))
        for name, stored in found
        for fact in (UNREAD, DECLARED, LATE)
        if fact in (stored.get("facts") or {})
    ]


def _failures(pair: Pair) -> list[tuple[str, dict[str, Any]]]:
    """Give the sides that failed, with what they said."""
    both = [("AWS", pair.primary), ("FC", pair.candidate)]
    return [(name, stored) for name, stored in both if stored.get("outcome") != "ok"]


def _bars(pair: Pair) -> tuple[sides.Bar, ...]:
    left, right = pair.primary, pair.candidate
    return sides.bars(
        (
            (_("Function"), left.get("duration_ms"), right.get("duration_ms")),
            (_("Billed"), left.get("billed_ms"), right.get("billed_ms")),
            (_("Round trip"), left.get("round_trip_ms"), right.get("round_trip_ms")),
        )
    )
