"""One pair with its neighbours, and one validation with its pairs."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from django.db.models import Count

from migrations_app.models import Pair, Rule, Run

PLOTTED = 400


@dataclass(frozen=True, kw_only=True, slots=True)
class PairView:
    """A pair, the pairs before and after it by time, and the rules that touched it."""

    pair: Pair
    older: uuid.UUID | None
    newer: uuid.UUID | None
    rules: tuple[Rule, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """Pairs of a run that differ first in the same place."""

    pointer: str
    outcome: str
    blame: str
    pairs: int
    example: uuid.UUID


@dataclass(frozen=True, kw_only=True, slots=True)
class RunView:
    """A validation with what its pairs show."""

    run: Run
    fields: tuple[Field, ...]
    durations: tuple[tuple[float | None, float | None, bool], ...]
    newest: tuple[Pair, ...]


def pair(key: uuid.UUID) -> PairView | None:
    """Give one pair and where to go from it. Three queries."""
    found = Pair.objects.select_related("function__connection", "run").filter(pk=key).first()
    if found is None:
        return None
    same = Pair.objects.filter(function_id=found.function_id)
    older = same.filter(at__lt=found.at).order_by("-at").values_list("pk", flat=True).first()
    newer = same.filter(at__gt=found.at).order_by("at").values_list("pk", flat=True).first()
    names = {
        d.get("reason") for d in found.comparison.get("differences", ()) if d.get("standing") == "ignored"
    }
    rules = tuple(Rule.objects.filter(name__in=names)) if names else ()
    return PairView(pair=found, older=older, newer=newer, rules=rules)


def run(key: uuid.UUID) -> RunView | None:
    """Give one validation. Four queries."""
    found = Run.objects.select_related("function__connection", "suite").filter(pk=key).first()
    if found is None:
        return None
    pairs = Pair.objects.filter(run_id=key)
    return RunView(
        run=found,
        fields=_fields(pairs),
        durations=tuple(
            pairs.filter(primary_ms__isnull=False, candidate_ms__isnull=False)
            .order_by("position")
            .values_list("primary_ms", "candidate_ms", "counts")[:PLOTTED]
        ),
        newest=tuple(pairs.defer("event", "primary", "candidate").order_by("-at")[:12]),
    )


def _fields(pairs: Any) -> tuple[Field, ...]:
    rows = (
        pairs.exclude(first_pointer="")
        .order_by()
        .values("first_pointer", "outcome", "blame")
        .annotate(n=Count("pk"))
        .order_by("-n")[:30]
    )
    examples = {
        (pointer, outcome): key
        for pointer, outcome, key in pairs.exclude(first_pointer="")
        .order_by("first_pointer", "outcome", "-at")
        .distinct("first_pointer", "outcome")
        .values_list("first_pointer", "outcome", "pk")[:100]
    }
    return tuple(
        Field(
            pointer=row["first_pointer"],
            outcome=row["outcome"],
            blame=row["blame"],
            pairs=row["n"],
            example=examples[row["first_pointer"], row["outcome"]],
        )
        for row in rows
        if (row["first_pointer"], row["outcome"]) in examples
    )
