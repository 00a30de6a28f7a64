"""One pair with its neighbours, and one validation with its pairs."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from migrations_app.models import Pair, PairNote, Rule, Run
from migrations_app.selectors.pair_lists import OUTCOME_GROUPS, Field, fields, light

PLOTTED = 400
_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class PairView:
    """A pair, the pairs before and after it by time, the rules that touched it, and people's notes."""

    pair: Pair
    older: uuid.UUID | None
    newer: uuid.UUID | None
    rules: tuple[Rule, ...]
    notes: tuple[PairNote, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class RunView:
    """A validation with what its pairs show. ``explaining``: the pairs that its verdict names."""

    run: Run
    fields: tuple[Field, ...]
    durations: tuple[tuple[float | None, float | None, bool], ...]
    newest: tuple[Pair, ...]
    explaining: tuple[Pair, ...]
    notes: tuple[PairNote, ...]
    pending: int
    interrupted: tuple[Pair, ...]


# ------------------------------------------------------------------------------------------- one pair


def pair(key: uuid.UUID, *, group: str = "") -> PairView | None:
    """Give one pair and where to go from it, among all pairs or those of a group. Five queries at most."""
    found = Pair.objects.select_related("function__connection", "run").filter(pk=key).first()
    if found is None:
        return None
    same = Pair.objects.filter(function_id=found.function_id)
    if group == "counts":
        same = same.filter(counts=True)
    elif outcomes := OUTCOME_GROUPS.get(group, ()):
        same = same.filter(outcome__in=outcomes)
    older = same.filter(at__lt=found.at, day__lte=found.day + _DAY).order_by("-at")
    newer = same.filter(at__gt=found.at, day__gte=found.day - _DAY).order_by("at")
    names = {
        d.get("reason") for d in found.comparison.get("differences", ()) if d.get("standing") == "ignored"
    }
    return PairView(
        pair=found,
        older=older.values_list("pk", flat=True).first(),
        newer=newer.values_list("pk", flat=True).first(),
        rules=tuple(Rule.objects.filter(name__in=names)) if names else (),
        notes=tuple(PairNote.objects.filter(pair_id=key)),
    )


# ---------------------------------------------------------------------------------------- one validation


def run(key: uuid.UUID) -> RunView | None:
    """Give one validation. Nine queries."""
    found = Run.objects.select_related("function__connection", "suite").filter(pk=key).first()
    if found is None:
        return None
    pairs = Pair.objects.filter(run_id=key, day=found.created_at.date())
    listed = light(pairs)
    return RunView(
        run=found,
        fields=fields(found.function_id, run=found),
        durations=tuple(
            pairs.filter(primary_ms__isnull=False, candidate_ms__isnull=False)
            .order_by("position")
            .values_list("primary_ms", "candidate_ms", "counts")[:PLOTTED]
        ),
        newest=tuple(listed.order_by("-at")[:12]),
        explaining=_explaining(listed, found.verdict.get("explains_pairs") or ()),
        notes=tuple(PairNote.objects.filter(run_id=key).order_by("-at")[:20]),
        pending=pairs.filter(logs_pending=True).count(),
        interrupted=tuple(
            listed.filter(outcome="not-comparable", primary__error_type="Interrupted").order_by("position")[
                :20
            ]
        ),
    )


def _explaining(pairs: QuerySet[Pair], keys: Sequence[str]) -> tuple[Pair, ...]:
    found: dict[str, Any] = {str(row.pk): row for row in pairs.filter(pk__in=list(keys)[:3])}
    return tuple(found[key] for key in keys if key in found)
