"""Metrics that the sandbox itself emits, kept as one-second sums, so that many calls stay cheap to read.

Source: docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html, read 2026-11-22.
"""

import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

KEPT_S = 3 * 3600
Series = tuple[str, str, tuple[tuple[str, str], ...]]


@dataclass(kw_only=True, slots=True)
class Bucket:
    """What one second saw."""

    total: float = 0.0
    count: int = 0
    least: float = float("inf")
    most: float = float("-inf")

    def add(self, value: float) -> None:
        self.total += value
        self.count += 1
        self.least = min(self.least, value)
        self.most = max(self.most, value)

    def merge(self, other: "Bucket") -> None:
        self.total += other.total
        self.count += other.count
        self.least = min(self.least, other.least)
        self.most = max(self.most, other.most)

    def stat(self, name: str) -> float | None:
        """Give a statistic; None for one that is not kept, such as a percentile."""
        return {
            "Sum": self.total,
            "SampleCount": float(self.count),
            "Average": self.total / self.count if self.count else 0.0,
            "Minimum": self.least,
            "Maximum": self.most,
        }.get(name)


def _series(namespace: str, name: str, dimensions: Mapping[str, str]) -> Series:
    return namespace, name, tuple(sorted(dimensions.items()))


class MetricStore:
    """Series of one-second buckets. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._series: dict[Series, dict[int, Bucket]] = defaultdict(dict)

    def add(
        self, namespace: str, dimension_sets: Iterable[Mapping[str, str]], values: Mapping[str, float]
    ) -> None:
        """Count values now under each of the dimension sets."""
        second = int(time.time())
        with self._lock:
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
