"""Assessment of 1,000 generated functions of real sizes: CPU ms for each, and the whole.

Each function is assessed from its package's bytes: unzip, parse, all rules. The row is right when each has
findings that were generated into it. Assessing unchanged code again costs what a look at its basis costs,
because findings on code are kept under it.
"""

from __future__ import annotations

import statistics
import time
from typing import Any

from bench._sources import generated
from cutover.assessment import assess, code_basis, read_package
from cutover.ports import FunctionFacts

FUNCTIONS = 1_000
ROUNDS = 5
PER_ROUND = FUNCTIONS // ROUNDS
FLOOR_MS, AIM_MS = 100.0, 25.0
WANTED = frozenset({"context", "state"})
AGAIN_MOST_MS = 0.1


def _right(facts: FunctionFacts, package: bytes) -> bool:
    found = {one.rule for one in assess(facts, read_package(package)) if one.severity == "warn"}
    service = {"sdk"} if facts.runtime.startswith("nodejs") else {"sdk-write"}
    return found >= WANTED | service and not found & {"parse", "missing-module"}


def rows() -> list[dict[str, Any]]:
    """Measure the group: one row, with the spread between fifths of the functions and the total beside it."""
    functions = generated(FUNCTIONS)
    right = _right(*functions[0]) and _right(*functions[1])
    each_ms: list[float] = []
    began = time.perf_counter()
    for first in range(0, FUNCTIONS, PER_ROUND):
        for facts, package in functions[first : first + PER_ROUND]:
            started = time.process_time()
            right = _right(facts, package) and right
            each_ms.append((time.process_time() - started) * 1000)
    total_s = time.perf_counter() - began
    started = time.process_time()
    for facts, _ in functions:
        code_basis(facts)
    again_ms = (time.process_time() - started) * 1000 / FUNCTIONS
    rounds = [
        statistics.fmean(each_ms[first : first + PER_ROUND]) for first in range(0, FUNCTIONS, PER_ROUND)
    ]
    mean_ms = statistics.median(rounds)
    ordered = sorted(each_ms)
    p50, p99 = ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.99)]
    return [
        {
            "metric": "assessment.per_function",
            "value": round(mean_ms, 2),
            "unit": "ms",
            "against": f"CPU for each of {FUNCTIONS:,} functions, "
            f"{sum(map(_size, functions)) / 1e6:.0f} MB of packages; all in {total_s:.1f} s, median "
            f"{p50:.1f} ms, p99 {p99:.1f} ms; unchanged code again {again_ms * 1000:.0f} us; lower is better",
            "floor": FLOOR_MS,
            "aim": AIM_MS,
            "met": right and mean_ms <= FLOOR_MS and again_ms <= AGAIN_MOST_MS,
            "spread": round((max(rounds) - min(rounds)) / mean_ms, 3),
        }
    ]


def _size(function: tuple[FunctionFacts, bytes]) -> int:
    return len(function[1])
