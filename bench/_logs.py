"""Rows ``logs.*`` of group ``comparison``: aligning and normalising the lines of two logs.

10,000 lines a side, one in twenty changed, dropped or new. *Plain*: nearly every line is different from all
others. *Repetitive*: forty different lines in all. The peer is ``difflib`` without its shortcut for popular
lines, which would align them badly. Every round checks that the alignment reads downwards as the two logs,
that what it pairs is equal where it says so, and that it finds nearly as many equal lines as ``difflib``.

Normalising replaces what is volatile (ids, times, ARNs); the peer applies one expression after the other.
"""

from __future__ import annotations

import gc
import random
import re
import statistics
import time
from collections.abc import Callable, Sequence
from difflib import SequenceMatcher
from typing import Any

from cutover.comparison.lines import align
from cutover.comparison.volatile import SHAPES, masked

ROUNDS = 5
LINES = 10_000
CHANGED = 0.05
QUALITY = 0.995
"""At least this share of the lines that ``difflib`` finds equal must be found."""


def plain(drawn: random.Random) -> tuple[list[str], list[str]]:
    """Give two logs whose lines differ from one another."""
    lines = [f"order {number} of customer {drawn.randrange(10**6)}: stored" for number in range(LINES)]
    return lines, _changed(lines, drawn, lambda: f"retry {drawn.randrange(10**9)}")


def repetitive(drawn: random.Random) -> tuple[list[str], list[str]]:
    """Give two logs of forty different lines."""
    kinds = [f"step {number} of the pipeline done" for number in range(40)]
    lines = [drawn.choice(kinds) for _ in range(LINES)]
    return lines, _changed(lines, drawn, lambda: drawn.choice(kinds))


def _changed(lines: Sequence[str], drawn: random.Random, fresh: Callable[[], str]) -> list[str]:
    found: list[str] = []
    for line in lines:
        dice = drawn.random() / CHANGED
        if dice < 1 / 3:
            continue
        if dice < 1:
            found.append(fresh())
        if dice >= 2 / 3:
            found.append(line)
    return found


def volatile(drawn: random.Random) -> list[str]:
    """Give a log as functions write them: half of the lines carry an id or a time."""
    found = []
    for number in range(LINES):
        uuid = f"{drawn.getrandbits(32):08x}-1234-4abc-8def-{drawn.getrandbits(48):012x}"
        found.append(
            (
                f"stored item {number} under {uuid}",
                f"cache warm, {number} entries",
                f"took message at 2026-11-22T05:41:{number % 60:02d}.123Z from queue orders",
                "handler done",
            )[number % 4]
        )
    return found


# ------------------------------------------------------------------------------------------- contenders


def _ours(left: list[str], right: list[str]) -> list[tuple[int | None, int | None]]:
    return list(align(left, right))


def _difflib(left: list[str], right: list[str]) -> int:
    matcher = SequenceMatcher(None, left, right, autojunk=False)
    return sum(size for _, _, size in matcher.get_matching_blocks())


def _equal(pairs: Sequence[tuple[int | None, int | None]], left: list[str], right: list[str]) -> int:
    """Give how many lines the alignment finds equal; -1 when it is none."""
    if [one for one, _ in pairs if one is not None] != list(range(len(left))):
        return -1
    if [other for _, other in pairs if other is not None] != list(range(len(right))):
        return -1
    return sum(one is not None and other is not None and left[one] == right[other] for one, other in pairs)


_EACH = [(name, re.compile(pattern)) for name, pattern in SHAPES]


def _one_by_one(lines: Sequence[str]) -> list[str]:
    found = []
    for line in lines:
        for name, pattern in _EACH:
            line = pattern.sub("<id>" if name in ("uuid", "request id") else f"<{name}>", line)
        found.append(line)
    return found


def _ours_masked(lines: Sequence[str]) -> list[str]:
    return [masked(line) for line in lines]


def _cpu_s(run: Callable[[], Any]) -> float:
    gc.collect()
    began = time.process_time()
    run()
    return time.process_time() - began


def _ratios(peer: Callable[[], Any], own: Callable[[], Any]) -> list[float]:
    own()
    return [_cpu_s(peer) / _cpu_s(own) for _ in range(ROUNDS)]


def _row(
    metric: str, against: str, ratios: list[float], right: bool, goal: tuple[float, float]
) -> dict[str, Any]:
    value, (floor, aim) = statistics.median(ratios), goal
    return {
        "metric": metric,
        "value": round(value, 2),
        "unit": "x",
        "against": against + ", higher is better",
        "floor": floor,
        "aim": aim,
        "met": right and value >= floor,
        "spread": round((max(ratios) - min(ratios)) / value, 3),
    }


def _aligned(name: str, logs: tuple[list[str], list[str]], goal: tuple[float, float]) -> dict[str, Any]:
    left, right = logs
    equal = _equal(_ours(left, right), left, right)
    return _row(
        f"logs.vs_difflib_{name}",
        f"difflib without autojunk, 10,000 {name} lines a side, 5 % changed",
        _ratios(lambda: _difflib(left, right), lambda: _ours(left, right)),
        equal >= QUALITY * _difflib(left, right),
        goal,
    )


def rows() -> list[dict[str, Any]]:
    """Measure the rows of logs."""
    found = [
        _aligned("plain", plain(random.Random(20261122)), (3.0, 8.0)),
        _aligned("repetitive", repetitive(random.Random(20261122)), (100.0, 150.0)),
    ]
    lines = volatile(random.Random(20261122))
    found.append(
        _row(
            "logs.normalise_vs_per_regex",
            "one expression after the other over 10,000 lines",
            _ratios(lambda: _one_by_one(lines), lambda: _ours_masked(lines)),
            _ours_masked(lines) == _one_by_one(lines),
            (1.2, 2.0),
        )
    )
    return found
