"""Geometry of the drawings. Pure: rows in, numbers for SVG attributes out; no colour and no markup here.

Lines live in a box of 1000 x 100 that the browser stretches, so text keeps its size (ui.md, Charts). A gap in
data stays a gap: a line is cut where a slot is missing.
"""

from __future__ import annotations

import datetime as dt
import itertools
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from migrations_app.models import Operation, TrafficSlot

WIDTH, HEIGHT = 1000.0, 100.0
TOP, BOX = 14.0, 84.0
TEXT_ROOM = 150.0
"""How far apart two operations lie, of ``WIDTH``, when both can carry their text, one to each side."""
"""Where the box begins and how high it is inside the panel, in pixels."""
MOST_POINTS = 120
SLOT_S = 10
RANGES: Mapping[str, int] = {"20m": 1200, "1h": 3600, "6h": 21_600}
"""Name -> seconds; each is a multiple of 120 slots."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Bucket:
    """What one side did in one stretch of time."""

    events: int = 0
    errors: int = 0
    histogram: Mapping[str, int] | None = None

    def quantile(self, share: float) -> float | None:
        """Give the duration in ms below which ``share`` of the events lie, from the histogram's bounds."""
        counts = sorted((float(bound), count) for bound, count in (self.histogram or {}).items())
        total = sum(count for _bound, count in counts)
        if not total:
            return None
        seen, wanted = 0, share * total
        for bound, count in counts:
            if seen + count >= wanted:
                below = bound / math.sqrt(2)
                return below + (bound - below) * (wanted - seen) / count
            seen += count
        return counts[-1][0]


@dataclass(frozen=True, kw_only=True, slots=True)
class Grid:
    """One horizontal line: its height in pixels and what it says."""

    y: float
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Marker:
    """One operation on the time axis. ``x`` of 1000; ``percent`` the same as a length attribute.

    ``roomy``: the text beside the number runs into no neighbour.
    """

    x: float
    number: int
    text: str
    roomy: bool
    failed: bool
    operation: str

    @property
    def percent(self) -> str:
        """Give the place as a percentage."""
        return f"{self.x / 10:.2f}%"


@dataclass(frozen=True, kw_only=True, slots=True)
class Panel:
    """One small chart: two sides, one measure."""

    title: str
    aws_now: str
    fc_now: str
    grid: tuple[Grid, ...]
    aws: tuple[str, ...]
    fc: tuple[str, ...]
    stacked: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """The same numbers as the charts, for the table."""

    at: dt.datetime
    aws: Bucket
    fc: Bucket


@dataclass(frozen=True, kw_only=True, slots=True)
class Charts:
    """All panels over one time axis."""

    panels: tuple[Panel, ...]
    markers: tuple[Marker, ...]
    band: str
    times: tuple[str, str, str]
    rows: tuple[Row, ...]
    rate: float
    aws_rate: float
    fc_rate: float
    empty: bool


def draw(
    slots: Sequence[TrafficSlot],
    operations: Sequence[Operation],
    *,
    now: dt.datetime,
    seconds: int,
    weight_bp: int,
) -> Charts:
    """Draw traffic over the last ``seconds``."""
    step = max(SLOT_S, seconds // MOST_POINTS // SLOT_S * SLOT_S)
    end = dt.datetime.fromtimestamp(math.ceil(now.timestamp() / step) * step, dt.UTC)
    count = seconds // step
    start = end - dt.timedelta(seconds=step * count)
    aws = _buckets((s for s in slots if s.side == "primary"), start, step, count)
    fc = _buckets((s for s in slots if s.side == "candidate"), start, step, count)
    markers = _markers(operations, start, seconds)
    middle = start + dt.timedelta(seconds=seconds / 2)
    aws_rate, fc_rate = _rate(slots, "primary", now), _rate(slots, "candidate", now)
    return Charts(
        panels=(
            _requests(aws, fc, step, aws_rate, fc_rate),
            _lines(_("Errors"), aws, fc, _error_share, lambda v: f"{v:.1f}%", floor=1.0),
            _lines(_("Latency p50"), aws, fc, lambda b: b.quantile(0.5), _milliseconds, floor=20.0),
            _lines(_("Latency p95"), aws, fc, lambda b: b.quantile(0.95), _milliseconds, floor=20.0),
        ),
        markers=markers,
        band=_band(operations, start, end, weight_bp),
        times=(f"{start:%H:%M}", f"{middle:%H:%M}", f"{now:%H:%M}"),
        rows=tuple(
            Row(at=start + dt.timedelta(seconds=step * i), aws=aws.get(i, Bucket()), fc=fc.get(i, Bucket()))
            for i in range(count)
            if i in aws or i in fc
        ),
        rate=aws_rate + fc_rate,
        aws_rate=aws_rate,
        fc_rate=fc_rate,
        empty=not slots,
    )


def _buckets(slots: Iterable[TrafficSlot], start: dt.datetime, step: int, count: int) -> dict[int, Bucket]:
    grouped: dict[int, list[TrafficSlot]] = defaultdict(list)
    for slot in slots:
        place = int((slot.at - start).total_seconds() // step)
        if 0 <= place < count:
            grouped[place].append(slot)
    return {place: _merged(found) for place, found in grouped.items()}


def _merged(slots: Sequence[TrafficSlot]) -> Bucket:
    histogram: dict[str, int] = defaultdict(int)
    for slot in slots:
        for bound, n in slot.histogram.items():
            histogram[bound] += n
    return Bucket(
        events=sum(s.events for s in slots), errors=sum(s.errors for s in slots), histogram=dict(histogram)
    )


def _rate(slots: Sequence[TrafficSlot], side: str, now: dt.datetime, window_s: int = 60) -> float:
    """Give events a second over the last full minute of slots."""
    since = now - dt.timedelta(seconds=window_s + SLOT_S)
    return sum(s.events for s in slots if s.side == side and s.at >= since) / window_s


def _error_share(bucket: Bucket) -> float | None:
    return 100 * bucket.errors / bucket.events if bucket.events else None


def _milliseconds(value: float) -> str:
    return _("%(n)s ms") % {"n": f"{value:,.0f}"}


def _requests(
    aws: Mapping[int, Bucket], fc: Mapping[int, Bucket], step: int, aws_rate: float, fc_rate: float
) -> Panel:
    places = range(max([*aws, *fc], default=0) + 1)
    low = {i: aws[i].events / step for i in places if i in aws}
    high = {i: low.get(i, 0.0) + fc[i].events / step for i in places if i in fc}
    top = _round_up(max([*low.values(), *high.values()], default=1.0))
    return Panel(
        title=_("Requests"),
        aws_now=_("%(n)s/s") % {"n": f"{aws_rate:.0f}" if aws_rate >= 10 else f"{aws_rate:.1f}"},
        fc_now=_("%(n)s/s") % {"n": f"{fc_rate:.0f}" if fc_rate >= 10 else f"{fc_rate:.1f}"},
        grid=_grid(top, ""),
        aws=tuple(_area(low, {}, run, top) for run in _runs(low)),
        fc=tuple(_area(high, low, run, top) for run in _runs(high)),
        stacked=True,
    )


def _lines(
    title: str,
    aws: Mapping[int, Bucket],
    fc: Mapping[int, Bucket],
    measure: Callable[[Bucket], float | None],
    show: Callable[[float], str],
    *,
    floor: float,
) -> Panel:
    left = {i: value for i, bucket in aws.items() if (value := measure(bucket)) is not None}
    right = {i: value for i, bucket in fc.items() if (value := measure(bucket)) is not None}
    top = _round_up(max([floor, *left.values(), *right.values()]))
    last = [f"{show(side[max(side)])}" if side else "—" for side in (left, right)]
    return Panel(
        title=title,
        aws_now=last[0],
        fc_now=last[1],
        grid=_grid(top, ""),
        aws=tuple(_points(left, run, top) for run in _runs(left)),
        fc=tuple(_points(right, run, top) for run in _runs(right)),
    )


def _runs(values: Mapping[int, float]) -> list[list[int]]:
    """Give the stretches without a hole."""
    places = sorted(values)
    groups = itertools.groupby(enumerate(places), key=lambda pair: pair[1] - pair[0])
    return [[place for _index, place in group] for _key, group in groups]


def _x(place: int) -> float:
    return min(WIDTH, place * WIDTH / MOST_POINTS)


def _y(value: float, top: float) -> float:
    return HEIGHT - HEIGHT * value / top


def _points(values: Mapping[int, float], run: Sequence[int], top: float) -> str:
    places = run if len(run) > 1 else [run[0], run[0] + 1]
    return " ".join(f"{_x(i):.1f},{_y(values.get(i, values[run[0]]), top):.1f}" for i in places)


def _area(high: Mapping[int, float], low: Mapping[int, float], run: Sequence[int], top: float) -> str:
    steps = [(i, i + 1) for i in run]
    upper = [f"{_x(x):.1f},{_y(high[i], top):.1f}" for i, end in steps for x in (i, end)]
    lower = [f"{_x(x):.1f},{_y(low.get(i, 0.0), top):.1f}" for i, end in reversed(steps) for x in (end, i)]
    return " ".join(upper + lower)


def _round_up(value: float) -> float:
    """Give the next number whose thirds are round, since a panel has three lines."""
    power = 10 ** math.floor(math.log10(value)) if value > 0 else 1.0
    return next((step * power for step in (1.5, 3.0, 6.0, 9.0) if step * power >= value), 15.0 * power)


def _grid(top: float, unit: str) -> tuple[Grid, ...]:
    return tuple(
        Grid(y=round(TOP + BOX - BOX * part / 3, 1), text=f"{top * part / 3:.3g}{unit}" if part else "")
        for part in range(4)
    )


def _shifts(operations: Sequence[Operation]) -> list[tuple[dt.datetime, int, Operation]]:
    """Give (when, to which weight, operation) of every operation that moved traffic, oldest first."""
    moves = [
        (op.finished_at, 0 if op.kind != "shift" else int(op.parameters.get("to_bp", 0)), op)
        for op in operations
        if op.finished_at and op.state == "succeeded" and op.kind in ("shift", "rollback", "drill")
    ]
    return sorted(moves, key=lambda move: move[0])


def _markers(operations: Sequence[Operation], start: dt.datetime, seconds: int) -> tuple[Marker, ...]:
    inside = [move for move in _shifts(operations) if move[0] >= start]
    places = [round((at - start).total_seconds() / seconds * WIDTH, 1) for at, _bp, _operation in inside]
    crowded = {
        place for pair in itertools.pairwise(places) if pair[1] - pair[0] < TEXT_ROOM for place in pair
    }
    return tuple(
        Marker(
            x=places[number - 1],
            number=number,
            text=_("to %(weight)s%%") % {"weight": f"{to_bp / 100:g}"},
            roomy=places[number - 1] not in crowded,
            failed=operation.kind == "rollback",
            operation=str(operation.pk),
        )
        for number, (at, to_bp, operation) in enumerate(inside, start=1)
    )


def _band(operations: Sequence[Operation], start: dt.datetime, end: dt.datetime, weight_bp: int) -> str:
    """Give the path of the weight over time, in steps; it ends at the present weight."""
    moves = _shifts(operations)
    before = [to_bp for at, to_bp, _op in moves if at < start]
    inside = [(at, to_bp) for at, to_bp, _op in moves if at >= start]
    first = before[-1] if before else (0 if inside else weight_bp)
    whole = (end - start).total_seconds()
    path = [f"M0,100 V{_y(first, 10_000):.1f}"]
    for at, to_bp in inside:
        path.append(f"H{(at - start).total_seconds() / whole * WIDTH:.1f} V{_y(to_bp, 10_000):.1f}")
    return " ".join([*path, "H1000 V100 Z"])
