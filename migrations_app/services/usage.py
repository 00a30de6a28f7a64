"""What a run costs: requests and GB-seconds of each side, summed from what the platforms billed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from cutover.observation import Observation, Outcome, Side
from migrations_app.models import FunctionMigration, Pair

_MB_PER_GB = 1024
RECORDED = "recorded"
"""The fact of an observation that was made by somebody else's call: it cost the run nothing."""
_NOT_RUN = frozenset({Outcome.THROTTLED.value, ""})


def added(
    usage: Mapping[str, Mapping[str, float]], pairs: Iterable[Pair], function: FunctionMigration
) -> dict[str, dict[str, float]]:
    """Give {side: {"requests", "gb_seconds"}} with these pairs added.

    Billed milliseconds where the platform said them, else its duration; memory as configured, since that is
    what both clouds bill.
    """
    total = {side.value: dict(usage.get(side.value) or {"requests": 0, "gb_seconds": 0.0}) for side in Side}
    memory_mb = {
        Side.PRIMARY.value: float(function.facts.get("memory_mb") or 0),
        Side.CANDIDATE.value: float(function.target.get("memory_mb") or 0),
    }
    for pair in pairs:
        for side, seen in ((Side.PRIMARY.value, pair.primary), (Side.CANDIDATE.value, pair.candidate)):
            if seen.get("outcome", "") in _NOT_RUN or RECORDED in (seen.get("facts") or {}):
                continue
            billed_ms = seen.get("billed_ms") or seen.get("duration_ms") or 0.0
            total[side]["requests"] += 1
            total[side]["gb_seconds"] += billed_ms / 1000 * memory_mb[side] / _MB_PER_GB
    return total


def with_calls(
    usage: Mapping[str, Mapping[str, float]],
    side: Side,
    seen: Iterable[Observation],
    function: FunctionMigration,
) -> dict[str, dict[str, float]]:
    """Give the use with calls added that make no pair."""
    total = added(usage, (), function)
    described = function.facts if side is Side.PRIMARY else function.target
    memory_mb = float(described.get("memory_mb") or 0)
    for one in seen:
        if one.outcome is Outcome.THROTTLED:
            continue
        billed_ms = one.billed_ms or one.duration_ms or 0.0
        total[side.value]["requests"] += 1
        total[side.value]["gb_seconds"] += billed_ms / 1000 * memory_mb / _MB_PER_GB
    return total


def gb_seconds(usage: Mapping[str, Mapping[str, float]]) -> float:
    """Give the GB-seconds of both sides together."""
    return sum(side.get("gb_seconds", 0.0) for side in usage.values())
