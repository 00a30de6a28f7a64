"""Metrics that the sandbox itself emits, kept as one-second sums, so that many calls stay cheap to read.

Source: docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html, read 2026-11-22.
"""

import math
import re
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

KEPT_S = 3 * 3600
# Values are counted in classes whose borders grow by two per cent, so a percentile is right to one per cent,
# whatever the number of calls.
_GROWTH = math.log(1.02)
_PERCENTILE = re.compile(r"p(\d{1,3}(?:\.\d{1,10})?)")
Series = tuple[str, str, tuple[tuple[str, str], ...]]


@dataclass(kw_only=True, slots=True)
class Bucket:
    """What one second saw. spread: how many values fell into each class; those of zero and less into None."""

    total: float = 0.0
    count: int = 0
    least: float = float("inf")
    most: float = float("-inf")
    spread: dict[int | None, int] = field(default_factory=dict)

    def add(self, value: float) -> None:
        self.total += value
        self.count += 1
        self.least = min(self.least, value)
        self.most = max(self.most, value)
        place = math.ceil(math.log(value) / _GROWTH) if value > 0 else None
        self.spread[place] = self.spread.get(place, 0) + 1

    def merge(self, other: "Bucket") -> None:
        self.total += other.total
        self.count += other.count
        self.least = min(self.least, other.least)
        self.most = max(self.most, other.most)
        for place, count in other.spread.items():
            self.spread[place] = self.spread.get(place, 0) + count

    def stat(self, name: str) -> float | None:
        """Give a statistic, percentiles among them (p50, p99.9); None for one that is not kept."""
        if (found := _PERCENTILE.fullmatch(name)) and float(found[1]) <= 100:
            return self._percentile(float(found[1]))
        return {
            "Sum": self.total,
            "SampleCount": float(self.count),
            "Average": self.total / self.count if self.count else 0.0,
            "Minimum": self.least,
            "Maximum": self.most,
        }.get(name)

    def _percentile(self, percent: float) -> float:
        rank = max(1, math.ceil(self.count * percent / 100))
        seen = 0
        for place in sorted(self.spread, key=lambda place: -math.inf if place is None else place):
            seen += self.spread[place]
            if seen >= rank:
                middle = 0.0 if place is None else math.exp((place - 0.5) * _GROWTH)
                return min(max(middle, self.least), self.most)
        return self.most


def _series(namespace: str, name: str, dimensions: Mapping[str, str]) -> Series:
    return namespace, name, tuple(sorted(dimensions.items()))


class MetricStore:
    """Series of one-second buckets. Thread-safe. note: hears what `add` was called with, and the second."""

    def __init__(self, note: Callable[..., None] | None = None) -> None:
        self.note = note
        self._lock = threading.Lock()
        self._series: dict[Series, dict[int, Bucket]] = defaultdict(dict)

    def add(
        self,
        namespace: str,
        dimension_sets: Sequence[Mapping[str, str]],
        values: Mapping[str, float],
        second: int | None = None,
    ) -> None:
        """Count values under each of the dimension sets. second: when, in unix seconds; now unless given."""
        second = int(time.time()) if second is None else second
        with self._lock:
            if self.note is not None:
                self.note("measured", namespace, dimension_sets, values, second)
            for dimensions in dimension_sets:
                for name, value in values.items():
                    buckets = self._series[_series(namespace, name, dimensions)]
                    buckets.setdefault(second, Bucket()).add(value)
                    if len(buckets) > KEPT_S:
                        for old in sorted(buckets)[: KEPT_S // 10]:
                            del buckets[old]

    def has(self, namespace: str) -> bool:
        with self._lock:
            return any(series[0] == namespace for series in self._series)

    def read(
        self,
        namespace: str,
        name: str,
        dimensions: Mapping[str, str],
        *,
        start: float,
        end: float,
        period: int,
    ) -> list[tuple[int, Bucket]]:
        """Give (start of the period in unix seconds, what it saw), oldest first, without empty periods."""
        with self._lock:
            buckets = dict(self._series.get(_series(namespace, name, dimensions), {}))
        found: dict[int, Bucket] = {}
        first = int(start) // period * period
        for second, bucket in buckets.items():
            if first <= second < end:
                found.setdefault(second // period * period, Bucket()).merge(bucket)
        return sorted(found.items())

    def list(self, namespace: str | None, name: str | None) -> list[Series]:
        with self._lock:
            return [s for s in self._series if namespace in (None, s[0]) and name in (None, s[1])]

    def state(self) -> dict[str, Any]:
        """Give everything, to be stored."""
        with self._lock:
            return {"series": dict(self._series)}

    def restore(self, state: dict[str, Any]) -> None:
        with self._lock:
            self._series = defaultdict(dict, state["series"])
