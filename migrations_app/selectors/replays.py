"""What live taps offer to replay, and the replays and other runs that were made."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Max

from cutover.observation import Side
from cutover.suites import Entry
from migrations_app.models import FunctionMigration, LiveObservation, Run
from migrations_app.services import suites

LISTED = 50
REPLAY = Run.Kind.REPLAY
_RUNS = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Offered:
    """What the tap reported: the newest events that can be sent again, and why others cannot.

    ``entries``: up to ``LISTED``, each form of event once; ``left_out``: reason -> how many of those that
    were looked at; ``reported``: how many are kept; ``last_at``: when the newest happened; ``tapped``:
    whether the tap reports now.
    """

    entries: tuple[Entry, ...]
    left_out: Mapping[str, int]
    reported: int
    last_at: dt.datetime | None
    tapped: bool
    runs: tuple[Run, ...]


def offered(function: FunctionMigration) -> Offered:
    """Give what can be replayed, and the newest replays. Three queries."""
    found = suites.live_entries(function.pk, at_most=LISTED, answered=True)
    kept = LiveObservation.objects.filter(function=function, side=Side.PRIMARY.value)
    total = kept.aggregate(n=Count("pk"), last=Max("at"))
    return Offered(
        entries=found.entries,
        left_out=found.left_out,
        reported=total["n"],
        last_at=total["last"],
        tapped=bool(function.routing.get("tap_version")) and function.phase == "shifting",
        runs=newest_runs(function, REPLAY),
    )


def newest_runs(function: FunctionMigration, kind: Run.Kind) -> tuple[Run, ...]:
    """Give the newest runs of a kind."""
    return tuple(function.runs.filter(kind=kind).order_by("-created_at")[:_RUNS])


def document(found: Offered) -> dict[str, Any]:
    """Give it as plain JSON."""
    return {
        "reported": found.reported,
        "last_at": found.last_at.isoformat() if found.last_at else None,
        "tapped": found.tapped,
        "events": [
            {"title": one.title, "event": one.event, "recorded": one.recorded} for one in found.entries
        ],
        "left_out": dict(found.left_out),
        "runs": [run_document(row) for row in found.runs],
    }


def run_document(row: Run) -> dict[str, Any]:
    """Give a run as plain JSON."""
    return {
        "id": str(row.pk),
        "kind": row.kind,
        "function": row.function.name,
        "state": row.state,
        "done_pairs": row.done_pairs,
        "wanted_pairs": row.wanted_pairs,
        "learn": row.learn,
        "learned": row.learned,
        "outcomes": row.outcomes,
        "usage": row.usage,
        "budget_gb_s": row.budget_gb_s,
        "verdict_result": row.verdict_result,
        "verdict": row.verdict,
        "error": row.error,
        "asked_by": row.asked_by,
        "reason": row.reason,
        "created_at": row.created_at.isoformat(),
        "finished_at": row.finished_at.isoformat() if row.finished_at else None,
    }
