"""Changes to a text by byte ranges, collected first and made at once; comments and indentation come along."""

from __future__ import annotations

import difflib
import textwrap
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

WIDTH = 99
"""Columns that comments for the reviewer fill."""


@dataclass(kw_only=True)
class Edits:
    """What changes in one file. Ranges are in bytes of the original and do not overlap.

    ``raw``: numbers of lines (from 0) that begin inside a literal, so that they are not indented.
    """

    content: bytes
    raw: frozenset[int] = frozenset()
    changes: dict[tuple[int, int], str] = field(default_factory=dict)
    comments: dict[int, list[str]] = field(default_factory=dict)
    _sorted: tuple[list[tuple[int, int]], list[int]] | None = field(default=None, init=False, repr=False)

    def replace(self, start: int, end: int, text: str) -> None:
        """Put text in place of a range."""
        self.changes[start, end] = text
        self._sorted = None

    def forget(self, change: tuple[int, int]) -> None:
        """Take a change back."""
        del self.changes[change]
        self._sorted = None

    def covered(self, at: int) -> bool:
        """Tell whether a byte lies in a range that changes."""
        ranges, reach = self._in_order()
        place = bisect_left(ranges, (at + 1, -1)) - 1
        return place >= 0 and reach[place] > at

    def _in_order(self) -> tuple[list[tuple[int, int]], list[int]]:
        """Give the ranges in order, and how far those up to each reach."""
        if self._sorted is None:
            ranges = sorted(self.changes)
            self._sorted = ranges, list(accumulate((end for _, end in ranges), max))
        return self._sorted

    def _between(self, start: int, end: int) -> list[tuple[int, int]]:
        """Give the ranges that begin in a range."""
        ranges, _ = self._in_order()
        return ranges[bisect_left(ranges, (start, -1)) : bisect_left(ranges, (end, -1))]

    def comment(self, at: int, sentence: str) -> None:
        """Say something to the reviewer above the statement that begins at a byte; once is enough."""
        said = self.comments.setdefault(at, [])
        if sentence not in said:
            said.append(sentence)

    def line_start(self, at: int) -> int:
        """Give where the line of a byte begins."""
        return self.content.rfind(b"\n", 0, at) + 1

    def margin(self, at: int) -> str:
        """Give the white space before what begins at a byte."""
        before = self.content[self.line_start(at) : at].decode(errors="replace")
        return before[: len(before) - len(before.lstrip())]

    def rendered(self, start: int, end: int, *, mark: str, indent: str = "") -> str:
        """Give a range with its changes made; each line gets ``indent``. ``mark`` begins a comment."""
        here = self._between(start, end)
        edits = [(first, last, self.changes[first, last]) for first, last in here]
        edits += [
            (at, at, self._said(at, sentences, mark, indent))
            for at, sentences in self.comments.items()
            if start <= at < end
        ]
        gone = [one for one in here if not self.changes[one] and self.line_start(one[1]) == one[1]]
        edits += [
            (at, at, indent)
            for at in self._line_starts(start, end)
            if indent and not any(first <= at < last for first, last in gone)
        ]
        found: list[str] = []
        done = start
        # Indentation goes before a comment at the same place, and a comment before a change.
        for first, last, text in sorted(edits, key=lambda one: (one[0], one[2] != indent, one[1])):
            if first < done:
                continue
            found.append(self.content[done:first].decode(errors="replace"))
            found.append(text)
            done = last
        found.append(self.content[done:end].decode(errors="replace"))
        return "".join(found)

    def _said(self, at: int, sentences: list[str], mark: str, indent: str) -> str:
        margin = self.margin(at)
        width = max(40, WIDTH - len(indent) - len(margin.expandtabs(4)) - len(mark))
        lines = [line for one in sentences for line in textwrap.wrap(f"Reviewer: {one}", width)]
        return "".join(f"{mark} {line}\n{indent}{margin}" for line in lines)

    def _line_starts(self, start: int, end: int) -> list[int]:
        starts = [start] if self.line_start(start) == start else []
        at = self.content.find(b"\n", start, end)
        while 0 <= at < end - 1:
            starts.append(at + 1)
            at = self.content.find(b"\n", at + 1, end)
        return [
            one
            for one in starts
            if self.content[one : one + 1] != b"\n" and self.content.count(b"\n", 0, one) not in self.raw
        ]


def closed_up(texts: Sequence[str]) -> Iterator[str]:
    """Leave out texts that are blank; a blank line that was in one stays before the next."""
    blank = False
    for text in texts:
        if not text.strip():
            blank |= bool(text)
            continue
        yield "\n" + text if blank and not text.startswith("\n") else text
        blank = False


def diff_of(before: Mapping[str, str], after: Mapping[str, str]) -> str:
    """Give a unified diff from the package's files to those that were generated, in the order of names."""
    found: list[str] = []
    for path in sorted(after):
        old = before.get(path)
        lines = difflib.unified_diff(
            (old or "").splitlines(keepends=True),
            after[path].splitlines(keepends=True),
            f"a/{path}" if old is not None else "/dev/null",
            f"b/{path}",
        )
        for line in lines:
            found.append(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n")
    return "".join(found)
