"""One function with everything its page shows, in a fixed number of queries."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db.models import OuterRef, Q, Subquery
from django.db.models.functions import JSONObject
from django.utils import timezone

from migrations_app.models import (
    Action,
    FunctionMigration,
    LiveObservation,
    Operation,
    Pair,
    PhaseChange,
    Rule,
    Run,
    TrafficSlot,
)
from migrations_app.models.operations import OPEN_STATES
from migrations_app.selectors import pair_lists

RECENT_OPERATIONS = 30
RECENT_PAIRS = 8


@dataclass(frozen=True, kw_only=True, slots=True)
class FunctionState:
    """A function, what runs on it and what was seen of it. ``pair_counts``: outcome -> pairs of all time."""

    function: FunctionMigration
    operations: tuple[Operation, ...]
    actions: tuple[Action, ...]
    slots: tuple[TrafficSlot, ...]
    pairs: tuple[Pair, ...]
    pair_counts: dict[str, int]
    phase_changes: tuple[PhaseChange, ...]

    @property
    def latest(self) -> Operation | None:
        """The newest operation, running or not."""
        return self.operations[0] if self.operations else None

    @property
    def running(self) -> Operation | None:
        """The open operation, if there is one."""
        latest = self.latest
        return latest if latest is not None and not latest.final else None


def named(address: str) -> list[FunctionMigration]:
    """Give the functions of this name; ``CONNECTION:NAME`` names one among several. One query.

    Each carries ``run``: a document of its newest validation or replay, or None.
    """
    connection, _, name = address.rpartition(":")
    newest = Run.objects.filter(function=OuterRef("pk")).exclude(kind=Run.Kind.LEARN).order_by("-created_at")
    document = JSONObject(
        id="id",
        state="state",
        done="done_pairs",
        wanted="wanted_pairs",
        at="created_at",
        result="verdict_result",
    )
    rows = FunctionMigration.objects.select_related("connection__counterpart").annotate(
        run=Subquery(newest.values(document=document)[:1])
    )
    rows = rows.filter(name=name, connection__name=connection) if connection else rows.filter(name=name)
    return list(rows[:5])


def state_of(function: FunctionMigration, *, seconds: int = 3600) -> FunctionState:
    """Give the page's content in six queries. ``seconds``: how far the charts look back."""
    operations = tuple(function.operations.order_by("-created_at")[:RECENT_OPERATIONS])
    shown = operations[0].pk if operations else None
    return FunctionState(
        function=function,
        operations=operations,
        actions=tuple(Action.objects.filter(operation_id=shown).order_by("position")) if shown else (),
        slots=traffic(function, seconds=seconds),
        pairs=pair_lists.newest(function.pk, RECENT_PAIRS),
        pair_counts=pair_counts(function),
        phase_changes=tuple(function.phase_changes.order_by("-id")[:40]),
    )


def traffic(function: FunctionMigration, *, seconds: int) -> tuple[TrafficSlot, ...]:
    """Give the ten-second slots of both sides since ``seconds`` ago, oldest first."""
    since = timezone.now() - dt.timedelta(seconds=seconds)
    return tuple(TrafficSlot.objects.filter(function=function, at__gte=since).order_by("at"))


def pair_counts(function: FunctionMigration) -> dict[str, int]:
    """Give outcome -> number of pairs that are kept, from the roll-up. One query."""
    return pair_lists.counts(function, pair_lists.PairFilter())


def explaining(function: FunctionMigration) -> tuple[list[Pair], list[LiveObservation]]:
    """Give the events that prove the last rollback: pairs that counted, and live errors it named."""
    report: dict[str, Any] = function.rollback_report or {}
    live = LiveObservation.objects.filter(
        # Named there are events that failed; saying so spares the other parts of every day.
        pk__in=[key for key in report.get("pairs", []) if isinstance(key, int)],
        error=True,
    )
    return list(pair_lists.newest(function.pk, 3, counting=True)), list(live.order_by("-at")[:20])


def rules_for(function: FunctionMigration) -> list[Rule]:
    """Give the rules that hold for this function."""
    return list(
        Rule.objects.filter(Q(function=function) | Q(function=None), retired_at=None).order_by("name")
    )


def open_operation(function: FunctionMigration) -> Operation | None:
    """Give the operation that is open on the function."""
    return function.operations.filter(state__in=OPEN_STATES).first()
