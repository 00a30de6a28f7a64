"""Live events rolled up: one row per function, side and ten seconds, kept as long as pairs are."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence

from django.conf import settings
from django.db.models import Sum

from cutover.observation import Side
from migrations_app.models import FunctionMigration, LiveObservation, TrafficSlot

SLOT_S = 10
_PRUNED_AT_ONCE = 20_000
_COUNTED = ("events", "errors", "duration_sum_ms", "duration_max_ms", "histogram", "weight_bp")


def ratio(function_id: int, since: dt.datetime) -> dict[Side, tuple[int, int]]:
    """Give side -> (errors, events) of the slots that began since a time. One query."""
    rows = TrafficSlot.objects.filter(function_id=function_id, at__gte=since)
    found = rows.order_by().values_list("side").annotate(errors=Sum("errors"), events=Sum("events"))
    return dict.fromkeys(Side, (0, 0)) | {Side(side): (errors, events) for side, errors, events in found}


def add(function: FunctionMigration, rows: Sequence[LiveObservation]) -> None:
    """Add events to their slots. The caller holds the function's lock, so nobody else writes them."""
    groups: dict[tuple[str, dt.datetime], list[LiveObservation]] = {}
    for row in rows:
        groups.setdefault((row.side, start_of(row.at)), []).append(row)
    if not groups:
        return
    there = TrafficSlot.objects.filter(function=function, at__in={at for _, at in groups})
    slots = {(slot.side, slot.at): slot for slot in there}
    for (side, at), own in groups.items():
        slot = slots.setdefault((side, at), TrafficSlot(function=function, side=side, at=at))
        for row in own:
            _count(slot, row)
    TrafficSlot.objects.bulk_create(
        [slots[key] for key in groups],
        update_conflicts=True,
        unique_fields=["function", "side", "at"],
        update_fields=_COUNTED,
    )


def start_of(at: dt.datetime) -> dt.datetime:
    """Give the start of the ten seconds that ``at`` falls into."""
    seconds = int(at.timestamp())
    return dt.datetime.fromtimestamp(seconds - seconds % SLOT_S, dt.UTC)


def bucket(duration_ms: float) -> str:
    """Give the histogram's key: the upper bound in ms, a power of the square root of 2."""
    power = math.ceil(2 * math.log2(max(duration_ms, 1.0)) - 1e-9)
    return f"{2 ** (power / 2):.4g}"


def _count(slot: TrafficSlot, row: LiveObservation) -> None:
    slot.events += 1
    slot.errors += row.error
    slot.weight_bp = max(slot.weight_bp, row.weight_bp)
    if row.duration_ms is not None:
        slot.duration_sum_ms += row.duration_ms
        slot.duration_max_ms = max(slot.duration_max_ms, row.duration_ms)
        key = bucket(row.duration_ms)
        slot.histogram[key] = slot.histogram.get(key, 0) + 1


def prune(now: dt.datetime) -> int:
    """Drop roll-ups that are older than ``CUTOVER_KEEP_PAIRS_DAYS``. Gives how many, 20,000 at most."""
    before = now - dt.timedelta(days=settings.KEEP_PAIRS_DAYS)
    old = TrafficSlot.objects.filter(at__lt=before).order_by("at")
    keys = list(old.values_list("pk", flat=True)[:_PRUNED_AT_ONCE])
    return TrafficSlot.objects.filter(pk__in=keys).delete()[0]
