"""The portfolio's readiness as a small plot: how many functions have which score."""

from __future__ import annotations

from dataclasses import dataclass

from migrations_app.selectors.assessment import BINS, READY_SCORE, PortfolioReadiness

WIDTH, HEIGHT, GAP = 300.0, 72.0, 3.0
_LEAST = 3.0
"""Height of a bar for a single function among many: it must be seen."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Bar:
    """One column: place and size in the drawing, its scores, and how many functions."""

    x: float
    y: float
    width: float
    height: float
    low: int
    high: int
    count: int
    ready: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Histogram:
    """The numbers and their bars."""

    numbers: PortfolioReadiness
    bars: tuple[Bar, ...]


def draw(numbers: PortfolioReadiness) -> Histogram:
    """Give the bars from left to right; the highest fills the height."""
    most = max(numbers.bins, default=0) or 1
    step = WIDTH / len(BINS)
    bars = []
    for place, (low, count) in enumerate(zip(BINS, numbers.bins, strict=True)):
        height = max(_LEAST, HEIGHT * count / most) if count else 0.0
        bars.append(
            Bar(
                x=place * step + GAP / 2,
                y=HEIGHT - height,
                width=step - GAP,
                height=height,
                low=low,
                high=100 if low == BINS[-1] else low + 9,
                count=count,
                ready=low >= READY_SCORE,
            )
        )
    return Histogram(numbers=numbers, bars=tuple(bars))
