"""The portfolio's progress by phase, as stacked areas."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass, replace

from cutover.phases import Phase
from dashboard.templatetags.cutover import day
from dashboard.words import PHASES, Text
from migrations_app.selectors.portfolio import Progress

LEFT, RIGHT, TOP, BOTTOM = 34.0, 400.0, 10.0, 250.0
POINTS = 60
LAYERS = (
    (Phase.DISCOVERED, "p0"),
    (Phase.ASSESSED, "p1"),
    (Phase.DEPLOYED, "p2"),
    (Phase.VALIDATED, "p3"),
    (Phase.SHIFTING, "p4"),
    (Phase.CUT_OVER, "p5"),
)
"""From the top of the stack to its bottom; what lies beyond cut over counts as on FC."""
_FOLDED = {
    Phase.DECOMMISSIONING: Phase.CUT_OVER,
    Phase.DECOMMISSIONED: Phase.CUT_OVER,
    Phase.ROLLED_BACK: Phase.DEPLOYED,
    Phase.RESTORING: Phase.CUT_OVER,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Layer:
    """One area and its label at the right edge."""

    css: str
    points: str
    label: Text
    count: int
    y: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Drawing:
    """The chart: areas from the back to the front, grid lines, and dates."""

    layers: tuple[Layer, ...]
    grid: tuple[tuple[float, int], ...]
    dates: tuple[str, str, str]
    total: int


def draw(progress: Progress) -> Drawing:
    """Draw how many functions stood in each phase or beyond it, over the time that is known."""
    total = sum(progress.phases.values())
    start = progress.changes[0].at if progress.changes else progress.now - dt.timedelta(hours=1)
    span = max((progress.now - start).total_seconds(), 60.0)
    history = _history(progress, start, span)
    layers = tuple(
        _layer(index, [_beyond(counts, index) for counts in history], progress, max(total, 1))
        for index in range(len(LAYERS))
    )
    middle = start + dt.timedelta(seconds=span / 2)
    show = day if span > 86_400 else (lambda moment: f"{moment:%H:%M}")
    grid = sorted({0, total // 2, total})
    return Drawing(
        layers=_apart(layers),
        grid=tuple((round(_y(n, max(total, 1)), 1), n) for n in grid),
        dates=(show(start), show(middle), show(progress.now)),
        total=total,
    )


def _history(progress: Progress, start: dt.datetime, span: float) -> list[Counter[Phase]]:
    """Give the counts at each point, walking back from now."""
    counts: Counter[Phase] = Counter()
    for phase, n in progress.phases.items():
        counts[_fold(phase)] += n
    history: list[Counter[Phase]] = []
    changes = list(progress.changes)
    for point in range(POINTS, -1, -1):
        moment = start + dt.timedelta(seconds=span * point / POINTS)
        while changes and changes[-1].at > moment:
            change = changes.pop()
            counts[_fold(change.after)] -= 1
            counts[_fold(change.before)] += 1
        history.append(Counter(counts))
    return history[::-1]


def _fold(phase: str) -> Phase:
    known = Phase(phase)
    return _FOLDED.get(known, known)


def _beyond(counts: Counter[Phase], index: int) -> int:
    return sum(counts[phase] for phase, _css in LAYERS[index:])


def _layer(index: int, values: list[int], progress: Progress, total: int) -> Layer:
    phase, css = LAYERS[index]
    line = [
        f"{LEFT + (RIGHT - LEFT) * i / POINTS:.1f},{_y(value, total):.1f}" for i, value in enumerate(values)
    ]
    below = values[-1] - sum(n for name, n in progress.phases.items() if _fold(name) == phase)
    return Layer(
        css=css,
        points=" ".join([*line, f"{RIGHT:.1f},{BOTTOM:.1f}", f"{LEFT:.1f},{BOTTOM:.1f}"]),
        label=PHASES[phase.value],
        count=values[-1] - below,
        y=(_y(values[-1], total) + _y(below, total)) / 2,
    )


def _apart(layers: tuple[Layer, ...], least: float = 17.0) -> tuple[Layer, ...]:
    """Move labels so that none lies on another and all stay beside the chart; empty layers have none."""
    places = {layer.css: layer.y for layer in layers if layer.count}
    limit = BOTTOM
    for css in reversed(places):
        places[css] = limit = min(places[css], limit)
        limit -= least
    last = TOP - least
    for css in places:
        places[css] = last = max(places[css], last + least)
    return tuple(replace(layer, y=round(places.get(layer.css, layer.y), 1)) for layer in layers)


def _y(value: int, total: int) -> float:
    return BOTTOM - (BOTTOM - TOP) * value / total
