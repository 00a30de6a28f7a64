"""Two texts line by line, and two logs: aligned by template, so that what is volatile does not disturb.

Where most lines occur once on either side, those that both sides have once are anchors: the longest chain
of them that keeps its order stands, and only what lies between is searched. Otherwise lines become small
integers (one per distinct template) and rapidfuzz's bit-parallel edit operations align them, which is fast on
repetitive logs (facts on performance, section 2).
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import count
from operator import lt

from rapidfuzz.distance import Indel

from cutover.comparison.acceptance import Acceptance
from cutover.comparison.model import SHOWN_CHARACTERS, Blame, Difference, Kind, LogRow, Standing
from cutover.comparison.volatile import masked, shape_of_pair
from cutover.observation import LogLine

MOSTLY_UNIQUE = 0.6
"""With at least this share of different lines the unique ones are anchors."""
SAMPLE = 512
"""Lines at the beginning that tell quickly that a log is repetitive."""
Pairing = tuple[int | None, int | None]
MAX_LINES = 10_000
"""Lines of one side that are aligned, since memory grows with the product of both sides.

Of logs, what is beyond is left out; longer text answers are compared as a whole.
"""


def align(primary: Sequence[str], candidate: Sequence[str]) -> list[Pairing]:
    """Give index pairs in order, None where a side has no counterpart.

    Equal keys are matched first; in a gap between matches, lines are paired in their order.
    """
    chain = _anchors(primary, candidate)
    pairs: list[Pairing] = []
    left = right = 0
    for pair in chain:
        mine, other = pair
        if mine == left and other == right:
            pass
        elif mine == left:
            pairs += [(None, at) for at in range(right, other)]
        elif other == right:
            pairs += [(at, None) for at in range(left, mine)]
        elif mine - left == 1 and other - right == 1:
            pairs.append((left, right))
        else:
            pairs += _between(primary, candidate, (left, mine), (right, other))
        pairs.append(pair)
        left, right = mine + 1, other + 1
    pairs += _between(primary, candidate, (left, len(primary)), (right, len(candidate)))
    return pairs


def _anchors(primary: Sequence[str], candidate: Sequence[str]) -> list[tuple[int, int]]:
    """Give the pairs of lines that occur once on either side, in order; none when such lines are few."""
    if any(len(set(lines[:SAMPLE])) < MOSTLY_UNIQUE * len(lines[:SAMPLE]) for lines in (primary, candidate)):
        return []
    here, there = dict(zip(primary, count(), strict=False)), dict(zip(candidate, count(), strict=False))
    if min(len(here), len(there)) < MOSTLY_UNIQUE * max(len(primary), len(candidate)):
        return []
    for lines, at in ((primary, here), (candidate, there)):
        if len(at) < len(lines):
            for key, times in Counter(lines).items():
                if times > 1:
                    del at[key]
    chain = [
        (at, other)
        for at, other in zip(here.values(), map(there.get, here), strict=True)
        if other is not None
    ]
    rights = [other for _, other in chain]
    return chain if all(map(lt, rights, rights[1:])) else _longest_rise(chain)


def _longest_rise(chain: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Give the longest part of the chain in which the right side rises, too (patience sorting)."""
    tops: list[int] = []
    ends: list[int] = []
    before: list[int] = []
    for place, (_, right) in enumerate(chain):
        pile = bisect_left(tops, right)
        before.append(ends[pile - 1] if pile else -1)
        tops[pile : pile + 1] = [right]
        ends[pile : pile + 1] = [place]
    found: list[tuple[int, int]] = []
    place = ends[-1] if ends else -1
    while place >= 0:
        found.append(chain[place])
        place = before[place]
    return found[::-1]


def _between(
    primary: Sequence[str], candidate: Sequence[str], mine: tuple[int, int], other: tuple[int, int]
) -> Iterator[Pairing]:
    """Give the pairs of what lies between two anchors."""
    left, right = range(*mine), range(*other)
    if not left or not right or (len(left) == 1 and len(right) == 1):
        yield from _paired(left, right)
        return
    numbers: dict[str, int] = {}
    ours = [numbers.setdefault(primary[at], len(numbers)) for at in left]
    theirs = [numbers.setdefault(candidate[at], len(numbers)) for at in right]
    gap_left: list[int] = []
    gap_right: list[int] = []
    for step in Indel.opcodes(ours, theirs):
        mine_here = left[step.src_start : step.src_end]
        other_here = right[step.dest_start : step.dest_end]
        if step.tag == "equal":
            yield from _paired(gap_left, gap_right)
            gap_left, gap_right = [], []
            yield from zip(mine_here, other_here, strict=True)
        else:
            gap_left += mine_here
            gap_right += other_here
    yield from _paired(gap_left, gap_right)


def _paired(left: Sequence[int], right: Sequence[int]) -> Iterator[Pairing]:
    for place in range(max(len(left), len(right))):
        yield (
            left[place] if place < len(left) else None,
            right[place] if place < len(right) else None,
        )


def log_rows(
    primary: Sequence[LogLine], candidate: Sequence[LogLine], acceptance: Acceptance
) -> tuple[tuple[LogRow, ...], tuple[Difference, ...], int]:
    """Give the rows of two logs side by side, their differences, and how many lines are equal.

    A line that one side has at one place and the other at another is out of order, in both of its rows.
    """
    left, right = _single(primary), _single(candidate)
    pairings = align([masked(line.text) for line in left], [masked(line.text) for line in right])
    rows: list[LogRow] = []
    differences: list[Difference] = []
    equal = 0
    for number, (mine, other) in enumerate(pairings, start=1):
        row, difference = _row(
            None if mine is None else left[mine],
            None if other is None else right[other],
            number,
            acceptance,
        )
        rows.append(row)
        if difference is None:
            equal += 1
        else:
            differences.append(difference)
    return tuple(rows), tuple(_moved(differences)), equal


def _moved(differences: Sequence[Difference]) -> Sequence[Difference]:
    """Give the differences with lines that are missing here and extra there as lines in another order."""
    lonely: dict[str, tuple[list[int], list[int]]] = {}
    for at, one in enumerate(differences):
        text = one.primary or one.candidate
        # A line that was cut may go on differently.
        if one.kind in ("missing", "extra") and len(text) < SHOWN_CHARACTERS:
            lonely.setdefault(text, ([], []))[one.kind == "extra"].append(at)
    found = list(differences)
    for text, (missing, extra) in lonely.items():
        for pair in zip(missing, extra, strict=False):
            for at in pair:
                found[at] = found[at]._replace(kind="order", primary=text, candidate=text)
    return found


_GRAVITY = {"ERROR": 0, "WARN": 1}


def gravest_first(differences: Sequence[Difference], rows: Sequence[LogRow]) -> list[Difference]:
    """Give the differences of logs, lines of level error first, then warnings, each in their order."""
    levels = {f"line {number}": _GRAVITY.get(row.level, 2) for number, row in enumerate(rows, start=1)}
    return sorted(differences, key=lambda one: levels[one.pointer])


def _gravest(*lines: LogLine | None) -> str:
    """Give the gravest level of the lines of a row; of equally grave ones the first that is named."""
    named = [line.level for line in lines if line is not None and line.level]
    return min(named, key=lambda level: _GRAVITY.get(level, 2), default="")


def _single(lines: Sequence[LogLine]) -> list[LogLine]:
    """Give the lines with messages of several lines taken apart, since FC keeps one row per line."""
    apart = (
        LogLine(text=part, level=line.level if place == 0 else "", at=line.at)
        for line in lines
        for place, part in enumerate(line.text.splitlines() or [""])
    )
    return [line for line, _ in zip(apart, range(MAX_LINES), strict=False)]


def _row(
    primary: LogLine | None, candidate: LogLine | None, number: int, acceptance: Acceptance
) -> tuple[LogRow, Difference | None]:
    level = _gravest(primary, candidate)
    if primary is None or candidate is None:
        kind: Kind = "missing" if candidate is None else "extra"
        standing, blame, reason = _lonely_standing(primary or candidate, acceptance)
    elif primary.text == candidate.text:
        if primary.level == candidate.level or not (primary.level and candidate.level):
            return LogRow(primary=primary.text, candidate=candidate.text, level=level, standing=None), None
        kind = "type"
        standing, blame, reason = _level_standing(primary, candidate, acceptance)
    else:
        kind = "value"
        standing, blame, reason = _line_standing(primary.text, candidate.text, acceptance)
    mine = None if primary is None else primary.text
    other = None if candidate is None else candidate.text
    row = LogRow(primary=mine, candidate=other, level=level, standing=standing)
    if kind == "type" and primary and candidate:
        mine, other = f"{primary.level} {mine}", f"{candidate.level} {other}"
    return row, Difference(
        part="logs",
        pointer=f"line {number}",
        kind=kind,
        primary=shortened(mine or ""),
        candidate=shortened(other or ""),
        standing=standing,
        blame=blame,
        reason=reason,
    )


def _level_standing(
    primary: LogLine, candidate: LogLine, acceptance: Acceptance
) -> tuple[Standing, Blame, str]:
    """An error is no warning on any cloud; whether a line is INFO or DEBUG is the word of the runtime."""
    if _GRAVITY.get(primary.level, 2) == _GRAVITY.get(candidate.level, 2):
        return Standing.NOISE, Blame.PLATFORM, "level"
    # A rule may name the line alone, or one of the two levels before it, as the difference shows them.
    forms = (primary.text, *(f"{line.level} {line.text}" for line in (primary, candidate)))
    if rule := next((name for one in forms if (name := acceptance.ignores_log_line(one))), ""):
        return Standing.IGNORED, Blame.NOISE, rule
    return Standing.COUNTS, Blame.LOGIC, ""


def _lonely_standing(line: LogLine | None, acceptance: Acceptance) -> tuple[Standing, Blame, str]:
    if rule := acceptance.ignores_log_line(line.text if line else ""):
        return Standing.IGNORED, Blame.NOISE, rule
    return Standing.COUNTS, Blame.LOGIC, ""


def _line_standing(primary: str, candidate: str, acceptance: Acceptance) -> tuple[Standing, Blame, str]:
    if rule := acceptance.masks_log_line(primary, candidate):
        return Standing.IGNORED, Blame.NOISE, rule
    if shape := shape_of_pair(primary, candidate):
        return Standing.NOISE, Blame.NOISE, shape
    return Standing.COUNTS, Blame.LOGIC, ""


def shortened(text: str, limit: int = SHOWN_CHARACTERS) -> str:
    """Give the text in at most ``limit`` characters."""
    return text if len(text) <= limit else text[: limit - 1] + "…"
