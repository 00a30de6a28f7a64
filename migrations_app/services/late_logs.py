"""Logs of stored pairs that came late, or never: what they change, and what is said of them meanwhile.

Lines are redacted and capped as they are stored before they are set side by side: one side may have been
stored long before the other came. What was found in the answers stays as it was.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.db import transaction

from cutover import comparison as comparing
from cutover.comparison import Comparison, LogState, Standing
from cutover.noise import Knowledge
from cutover.observation import LogLine, Observation
from migrations_app.models import Pair
from migrations_app.services import evidence, noise, tallies

_OF_LOGS = ("log_rows", "logs_differ", "primary_logs", "candidate_logs")


def complete(
    row: Pair,
    primary: Observation,
    candidate: Observation,
    held: Sequence[comparing.Rule],
    known: Knowledge,
) -> bool:
    """Store the late logs of a pair with what they change. False: somebody else did, and it counts once."""
    sides = (_as_kept(primary), _as_kept(candidate))
    fresh = noise.classified(comparing.compare(*sides, rules=held), known)
    document = evidence.comparison_document(fresh)
    kept = [one for one in row.comparison["differences"] if one["part"] != "logs"]
    of_logs = [one for one in document["differences"] if one["part"] == "logs"]
    changed = {
        "differences": kept + of_logs,
        "counts": _counts(row.comparison["counts"], fresh),
        **{key: document[key] for key in _OF_LOGS},
    }
    tally = tallies.moved(row, changed)
    with transaction.atomic():
        stored = _store(row, changed, primary=sides[0], candidate=sides[1], pending=False)
        if stored:
            tallies.add(tally)
            noise.count_logs(row.function_id, fresh)
    return stored


def arrived_in_part(row: Pair, primary: Observation, candidate: Observation) -> bool:
    """Keep what came of one side, so that it is not asked for again and the page says whose logs lack."""
    state = {
        f"{side}_logs": LogState.ARRIVED.value if seen.logs else LogState.EMPTY.value
        for side, seen in (("primary", primary), ("candidate", candidate))
        if seen.logs is not None and row.comparison.get(f"{side}_logs") == LogState.PENDING.value
    }
    return bool(state) and _store(row, state, primary=primary, candidate=candidate, pending=True)


def give_up(run_id: uuid.UUID) -> int:
    """Say of logs that did not come in all the time that they are not compared; give how many pairs."""
    rows = list(Pair.objects.filter(run_id=run_id, logs_pending=True).only("pk", "day", "comparison"))
    for row in rows:
        never = {
            name: LogState.NEVER.value
            for name in ("primary_logs", "candidate_logs")
            if row.comparison.get(name) == LogState.PENDING.value
        }
        Pair.objects.filter(pk=row.pk, day=row.day, logs_pending=True).update(
            comparison=row.comparison | never, logs_pending=False
        )
    return len(rows)


def _store(
    row: Pair, changed: dict[str, Any], *, primary: Observation, candidate: Observation, pending: bool
) -> bool:
    row.comparison = row.comparison | changed
    row.primary = row.primary | {"logs": evidence.log_documents(primary.logs)}
    row.candidate = row.candidate | {"logs": evidence.log_documents(candidate.logs)}
    found = Pair.objects.filter(pk=row.pk, day=row.day, logs_pending=True).update(
        primary=row.primary, candidate=row.candidate, comparison=row.comparison, logs_pending=pending
    )
    row.logs_pending = pending
    return bool(found)


def _as_kept(seen: Observation) -> Observation:
    """Give the observation with its logs as they are stored, and nothing else that could differ."""
    documents = evidence.log_documents(seen.logs) or ()
    lines = tuple(LogLine(text=one["text"], level=one["level"]) for one in documents)
    return replace(seen, payload=b"", effects=None, logs=lines)


def _counts(before: dict[str, int], fresh: Comparison) -> dict[str, int]:
    """Give the counts of a pair whose logs were pending with those of its logs."""
    rows = fresh.log_rows or ()
    found = {one.value: sum(row.standing is one for row in rows) for one in Standing}
    found["equal"] = sum(row.standing is None for row in rows)
    return {word: number + found.get(word, 0) for word, number in before.items()}
