"""The two answers pretty-printed side by side, aligned row by row, for the eye.

Both values are walked together, so that equal parts stand beside each other whatever was inserted; what a row
is marked with comes from the comparison's differences, never from comparing the printed text anew.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from cutover.comparison.answers import as_answers
from cutover.comparison.body import Body, exact_canonical, read
from cutover.comparison.envelopes import unwrapped
from cutover.comparison.lines import MAX_LINES, align
from cutover.comparison.lists import aligned
from cutover.comparison.model import AnswerRow, Difference, Standing
from cutover.comparison.outcome import MAX_DIFFERENCES
from cutover.comparison.pointers import below
from cutover.comparison.structure import ABSENT
from cutover.comparison.volatile import masked

Mark = Literal["", "≠", "−", "+", "~", "⊘", "⇅"]
_EXCUSED: Mapping[Standing, Mark] = {
    Standing.NOISE: "~",
    Standing.LOSS: "~",
    Standing.IGNORED: "⊘",
}
MAX_DEPTH = 60
"""Deeper values are printed as whole blocks, since each level costs the stack three calls."""
MAX_ROWS = 20_000
"""Rows given at most; the text beyond is left out."""


def answer_rows(primary: bytes, candidate: bytes, differences: Sequence[Difference]) -> tuple[AnswerRow, ...]:
    """Give the rows of two answers side by side.

    JSON is printed with an indent of two, envelopes opened as in the comparison; text comes line by line;
    binary content as its length and hash.
    """
    painter = _Painter({found.pointer: found for found in differences if found.part != "logs"})
    left, right = as_answers(read(primary), read(candidate), candidate)
    if "json" in (left.form, right.form) or left.form != "text":
        painter.pair(*_values(left, right), "", 0, "", "")
    else:
        painter.texts(left.value.splitlines(), right.value.splitlines())
    return tuple(painter.rows[:MAX_ROWS])


def _values(left: Body, right: Body) -> tuple[Any, Any]:
    if left.form == right.form == "json":
        return unwrapped(left.value, right.value)
    return left.value, right.value


class _Painter:
    """Writes rows and counts the lines of both sides."""

    def __init__(self, differences: Mapping[str, Difference]) -> None:
        self.rows: list[AnswerRow] = []
        self._differences = differences
        self._errors = any(found.part == "error" for found in differences.values())
        self._numbers = [0, 0]

    def pair(self, primary: Any, candidate: Any, pointer: str, depth: int, label: str, comma: str) -> None:
        """Write the rows of two values that stand at the same place."""
        if len(self.rows) >= MAX_ROWS:
            return
        found = self._differences.get(pointer)
        if depth > MAX_DEPTH or (found is not None and found.kind in ("order", "length")):
            self._blocks(primary, candidate, pointer, depth, label, comma, found)
        elif isinstance(primary, dict) and isinstance(candidate, dict) and (primary or candidate):
            self._both("{", pointer, depth, label)
            self._members(primary, candidate, pointer, depth + 1)
            self._both("}" + comma, pointer, depth, "")
        elif isinstance(primary, list) and isinstance(candidate, list) and (primary or candidate):
            self._both("[", pointer, depth, label)
            self._elements(primary, candidate, pointer, depth + 1)
            self._both("]" + comma, pointer, depth, "")
        else:
            self._blocks(primary, candidate, pointer, depth, label, comma, found)

    def _members(
        self, primary: Mapping[str, Any], candidate: Mapping[str, Any], pointer: str, depth: int
    ) -> None:
        keys = [*primary, *(key for key in candidate if key not in primary)]
        for place, key in enumerate(keys):
            comma = "," if place < len(keys) - 1 else ""
            self._place(
                primary.get(key, ABSENT),
                candidate.get(key, ABSENT),
                below(pointer, key),
                depth,
                f"{_printed(key)}: ",
                comma,
            )

    def _elements(self, primary: list[Any], candidate: list[Any], pointer: str, depth: int) -> None:
        missing, extra = _alone(primary, candidate)
        steps = list(_steps(len(primary), len(candidate), missing, extra))
        for place, (left, right) in enumerate(steps):
            self._place(
                ABSENT if left is None else primary[left],
                ABSENT if right is None else candidate[right],
                f"{pointer}/{left if left is not None else right}",
                depth,
                "",
                "," if place < len(steps) - 1 else "",
            )

    def _place(self, primary: Any, candidate: Any, pointer: str, depth: int, label: str, comma: str) -> None:
        if primary is ABSENT or candidate is ABSENT:
            found = self._differences.get(pointer)
            self._blocks(primary, candidate, pointer, depth, label, comma, found)
        else:
            self.pair(primary, candidate, pointer, depth, label, comma)

    def _blocks(
        self,
        primary: Any,
        candidate: Any,
        pointer: str,
        depth: int,
        label: str,
        comma: str,
        found: Difference | None,
    ) -> None:
        """Write two values as whole blocks beside each other, the shorter one padded with nothing."""
        left = _block(primary, depth, label, comma)
        right = _block(candidate, depth, label, comma)
        for place in range(max(len(left), len(right))):
            mine = left[place] if place < len(left) else None
            other = right[place] if place < len(right) else None
            self._row(mine, other, pointer, found)

    def _both(self, text: str, pointer: str, depth: int, label: str) -> None:
        line = "  " * depth + label + text
        self._row(line, line, pointer, None)

    def _row(
        self, primary: str | None, candidate: str | None, pointer: str, found: Difference | None
    ) -> None:
        spans = _spans(primary, candidate) if found is not None and found.kind != "order" else ((), ())
        self.rows.append(
            AnswerRow(
                primary_no=self._number(0, primary),
                primary=primary or "",
                candidate_no=self._number(1, candidate),
                candidate=candidate or "",
                mark=_mark(found, primary, candidate) if found else self._unnamed(primary, candidate),
                standing=found.standing if found else None,
                pointer=pointer,
                primary_spans=spans[0],
                candidate_spans=spans[1],
            )
        )

    def _unnamed(self, primary: str | None, candidate: str | None) -> Mark:
        """Give the mark of a row without a difference of its own.

        It stands in a list that may come in any order, or in an error's trace, or beyond the number of
        differences that are kept.
        """
        if primary is None or candidate is None:
            return "+" if primary is None else "−"
        if primary.removesuffix(",") == candidate.removesuffix(","):
            return ""
        return "≠" if self._errors or len(self._differences) >= MAX_DIFFERENCES else "⇅"

    def _number(self, side: int, text: str | None) -> int | None:
        if text is None:
            return None
        self._numbers[side] += 1
        return self._numbers[side]

    def texts(self, primary: Sequence[str], candidate: Sequence[str]) -> None:
        """Write two texts line by line; a difference of the whole answer marks every line."""
        whole = self._differences.get("")
        primary, candidate = primary[:MAX_LINES], candidate[:MAX_LINES]
        pairings = align([masked(line) for line in primary], [masked(line) for line in candidate])
        for number, (mine, other) in enumerate(pairings, start=1):
            left = None if mine is None else primary[mine]
            right = None if other is None else candidate[other]
            pointer = f"line {number}"
            found = None if left == right else self._differences.get(pointer, whole)
            self._row(left, right, pointer, found)


def _alone(primary: list[Any], candidate: list[Any]) -> tuple[list[int], list[int]]:
    """Give the indices that stand on one side only, as the comparison of two lists sees them."""
    if len(primary) == len(candidate):
        return [], []
    _, missing, extra = aligned(primary, candidate, exact_canonical)
    return missing, extra


def _steps(
    primary: int, candidate: int, missing: Sequence[int], extra: Sequence[int]
) -> Iterator[tuple[int | None, int | None]]:
    """Give the indices of two aligned lists in the order in which they are shown."""
    start = missing[0] if missing else extra[0] if extra else min(primary, candidate)
    yield from ((index, index) for index in range(start))
    yield from ((index, None) for index in missing)
    yield from ((None, index) for index in extra)
    yield from zip(range(start + len(missing), primary), range(start + len(extra), candidate), strict=True)


def _block(value: Any, depth: int, label: str, comma: str) -> list[str]:
    if value is ABSENT:
        return []
    lines = json.dumps(value, indent=2, ensure_ascii=False).split("\n")
    lines[0] = label + lines[0]
    lines[-1] += comma
    return ["  " * depth + line for line in lines]


def _printed(key: str) -> str:
    return json.dumps(key, ensure_ascii=False)


def _mark(found: Difference, primary: str | None, candidate: str | None) -> Mark:
    if found.standing in _EXCUSED:
        return _EXCUSED[found.standing]
    if found.kind == "order":
        return "⇅"
    if candidate is None:
        return "−"
    if primary is None:
        return "+"
    return "≠"


Spans = tuple[tuple[int, int], ...]


def _spans(primary: str | None, candidate: str | None) -> tuple[Spans, Spans]:
    """Give what differs inside two lines: all between their common beginning and their common end."""
    if primary is None or candidate is None:
        return ((0, len(primary)),) if primary else (), ((0, len(candidate)),) if candidate else ()
    shorter = min(len(primary), len(candidate))
    head = 0
    while head < shorter and primary[head] == candidate[head]:
        head += 1
    tail = 0
    while tail < shorter - head and primary[-1 - tail] == candidate[-1 - tail]:
        tail += 1
    left, right = (head, len(primary) - tail), (head, len(candidate) - tail)
    return ((left,) if left[1] > left[0] else ()), ((right,) if right[1] > right[0] else ())
