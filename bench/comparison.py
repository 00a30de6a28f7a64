"""Group ``comparison``: a whole comparison of two answers against deepdiff, and against the floor of parsing.

Both sides of a metric run interleaved, round by round, in this process; CPU time; medians. *Limit B* is the
least that a type-strict comparison must do: parse both documents and compare their sorted bytes. Every round
also checks that the right differences were found; a wrong count makes the row not met.

The four shapes: equal documents in different bytes, five changed values, one timestamp per list element
besides a request id (a rule ignores each, on both sides of the metric), and a reordered list.
"""

from __future__ import annotations

import copy
import gc
import math
import random
import re
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from deepdiff import DeepDiff

from bench import _logs
from cutover.comparison import PairOutcome, Rule, compare
from cutover.observation import Observation, Outcome, Side

ROUNDS = 5
AT = datetime(2026, 11, 22, 5, 41, 7, tzinfo=UTC)
FLOOR_DEEPDIFF, AIM_DEEPDIFF = 80.0, 100.0
FLOOR_LIMIT, AIM_LIMIT = 2.0, 1.6
RULES = (
    Rule(name="ids", kind="ignore", pointer="/requestId"),
    Rule(name="times", kind="ignore", pointer="/items/*/at"),
)
IGNORED_BY_PEER = [re.compile(r"^root\['requestId'\]$"), re.compile(r"^root\['items'\]\[\d+\]\['at'\]$")]
"""The same two rules for deepdiff."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Shape:
    """Two documents and what a comparison must find in them: outcome and number of differences."""

    name: str
    primary: Observation
    candidate: Observation
    outcome: PairOutcome
    places: int


def shapes(size_bytes: int) -> list[Shape]:
    """Give the four shapes at about this many bytes a document."""
    drawn = random.Random(20261122)
    items = [_item(drawn, number) for number in range(max(2, size_bytes // 215))]
    plain: dict[str, Any] = {"requestId": "11111111-2222-4333-8444-555555555555", "items": items}
    few = copy.deepcopy(plain)
    for place in range(5):
        few["items"][place * (len(items) - 1) // 4]["price"] += 1
    timed = copy.deepcopy(plain)
    later = copy.deepcopy(plain)
    later["requestId"] = "99999999-2222-4333-8444-555555555555"
    for number in range(len(items)):
        timed["items"][number]["at"] = (AT + timedelta(seconds=number)).isoformat()
        later["items"][number]["at"] = (AT + timedelta(seconds=number, milliseconds=7)).isoformat()
    turned = {**plain, "items": items[1:] + items[:1]}
    return [
        _shape("equal", plain, dict(reversed(plain.items())), PairOutcome.MATCH, 0),
        _shape("few", plain, few, PairOutcome.MISMATCH, 5),
        _shape("volatile", timed, later, PairOutcome.IGNORED, len(items) + 1),
        _shape("reorder", plain, turned, PairOutcome.MISMATCH, 1),
    ]


def _item(drawn: random.Random, number: int) -> dict[str, Any]:
    return {
        "id": number,
        "name": f"item number {number}",
        "price": round(drawn.random() * 100, 2),
        "tags": ["red", "green", "blue"],
        "inStock": drawn.random() < 0.5,
        "size": {"w": drawn.randrange(99), "h": None, "note": "kept in the third row of the second hall"},
    }


def _shape(name: str, primary: Any, candidate: Any, outcome: PairOutcome, places: int) -> Shape:
    return Shape(
        name=name,
        primary=_observation(Side.PRIMARY, orjson.dumps(primary)),
        candidate=_observation(Side.CANDIDATE, orjson.dumps(candidate)),
        outcome=outcome,
        places=places,
    )


# --------------------------------------------------------------------------------------------- contenders


def ours(shape: Shape) -> bool:
    """Compare the whole pair; tell whether the right differences were found."""
    found = compare(shape.primary, shape.candidate, rules=RULES if shape.name == "volatile" else ())
    places = sum(number for name, number in found.counts.items() if name != "equal")
    return found.outcome is shape.outcome and places == shape.places


def _observation(side: Side, payload: bytes) -> Observation:
    return Observation(side=side, outcome=Outcome.OK, payload=payload, request_id="", at=AT)


def limit(shape: Shape) -> bool:
    """Parse both and compare sorted bytes; tell whether equality was seen right."""
    primary = orjson.dumps(orjson.loads(shape.primary.payload), option=orjson.OPT_SORT_KEYS)
    candidate = orjson.dumps(orjson.loads(shape.candidate.payload), option=orjson.OPT_SORT_KEYS)
    return (primary == candidate) is (shape.outcome is PairOutcome.MATCH)


def deepdiff(shape: Shape) -> bool:
    """Let deepdiff compare under the same rules; a list in another order as a multiset, as it is with us."""
    tree = DeepDiff(
        orjson.loads(shape.primary.payload),
        orjson.loads(shape.candidate.payload),
        ignore_order=shape.name == "reorder",
        exclude_regex_paths=IGNORED_BY_PEER if shape.name == "volatile" else None,
    )
    return bool(tree) is (shape.name == "few")


def _cpu_s(run: Callable[[Shape], bool], shape: Shape, times: int) -> tuple[float, bool]:
    began = time.process_time()
    right = min(run(shape) for _ in range(times))
    return (time.process_time() - began) / times, right


def _ratio(
    over: Callable[[Shape], bool], under: Callable[[Shape], bool], shape: Shape, times: tuple[int, int]
) -> tuple[float, float, bool]:
    """Give the median over rounds of over / under, the spread of it, and whether all were right."""
    ratios: list[float] = []
    right = under(shape) and over(shape)
    for _ in range(ROUNDS):
        gc.collect()
        slow, one = _cpu_s(over, shape, times[0])
        fast, other = _cpu_s(under, shape, times[1])
        ratios.append(slow / fast)
        right = right and one and other
    return statistics.median(ratios), max(ratios) - min(ratios), right


def _type_strict() -> bool:
    shape = _shape("types", {"x": 1, "y": [True]}, {"x": 1.0, "y": [1]}, PairOutcome.MISMATCH, 2)
    return ours(shape)


def rows() -> list[dict[str, Any]]:
    """Measure the group; one row per metric, with the spread and what was right beside it."""
    return [*_answer_rows(), *_logs.rows()]


def _answer_rows() -> list[dict[str, Any]]:
    strict = _type_strict()
    against_peer = [
        _ratio(deepdiff, ours, shape, times)
        for size, times in ((10_000, (3, 100)), (100_000, (1, 20)))
        for shape in shapes(size)
    ]
    against_limit = {
        (size, shape.name): _ratio(ours, limit, shape, (times, times))
        for size, times in ((10_000, 300), (100_000, 30))
        for shape in shapes(size)
        if shape.name == "few"
    }
    geomean = math.exp(statistics.fmean(math.log(ratio) for ratio, _, _ in against_peer))
    to_limit = math.exp(statistics.fmean(math.log(ratio) for ratio, _, _ in against_limit.values()))
    return [
        {
            "metric": "comparison.vs_deepdiff",
            "value": round(geomean, 2),
            "unit": "x",
            "against": "deepdiff 9, geometric mean of 4 shapes at 10 and 100 KB, higher is better",
            "floor": FLOOR_DEEPDIFF,
            "aim": AIM_DEEPDIFF,
            "met": strict and all(right for _, _, right in against_peer) and geomean >= FLOOR_DEEPDIFF,
            "spread": round(max(spread / ratio for ratio, spread, _ in against_peer), 3),
        },
        {
            "metric": "comparison.vs_limit",
            "value": round(to_limit, 2),
            "unit": "x",
            "against": "parsing both and comparing sorted bytes, few differences, geometric mean of 10 and "
            "100 KB, lower is better",
            "floor": FLOOR_LIMIT,
            "aim": AIM_LIMIT,
            "met": strict
            and all(right for _, _, right in against_limit.values())
            and to_limit <= FLOOR_LIMIT,
            "spread": round(max(spread / ratio for ratio, spread, _ in against_limit.values()), 3),
        },
    ]
