"""The pair page's rows: aligned, cut into pieces for emphasis, with long equal runs folded.

Control characters and bidi overrides are shown as escapes, so that a payload cannot dress itself up.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from cutover.comparison import AnswerRow, Difference, LogRow, Standing, answer_rows, from_document
from cutover.comparison.model import Comparison
from dashboard.templatetags.cutover import shown

FOLD_ABOVE = 6
CONTEXT = 3
_LOOKS = {Standing.COUNTS: "x", Standing.NOISE: "n", Standing.IGNORED: "i", Standing.LOSS: "t"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """A stretch of a line; ``strong`` when it is what differs."""

    text: str
    strong: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One aligned row. ``look`` is a CSS class (x n i t, empty for equal); ``name`` links to the rail."""

    look: str
    mark: str
    mark_word: str
    left_no: int | None
    left: tuple[Piece, ...] | None
    right_no: int | None
    right: tuple[Piece, ...] | None
    name: str = ""
    hint: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """Rows that are shown, or that are folded under a summary."""

    rows: tuple[Row, ...]
    folded: bool
    summary: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """A difference as the rail lists it; ``name`` is its anchor, ``number`` counts from 1."""

    number: int
    name: str
    difference: Difference


@dataclass(frozen=True, kw_only=True, slots=True)
class Bar:
    """One part of the times, as lengths in percent of the longest."""

    word: Any
    aws: float | None
    fc: float | None
    aws_length: float
    fc_length: float


def payload(document: Mapping[str, Any]) -> bytes:
    """Give a stored body."""
    if encoded := document.get("payload_base64"):
        return base64.b64decode(encoded)
    return str(document.get("payload_text", "")).encode()


def comparison_of(stored: Mapping[str, Any]) -> Comparison:
    """Give the comparison of a pair's row."""
    return from_document(stored)


def listed(differences: Sequence[Difference]) -> tuple[Listed, ...]:
    """Give the differences for the rail, those that count first."""
    order = list(_LOOKS)
    ranked = sorted(differences, key=lambda one: (order.index(one.standing), one.part != "answer"))
    ranked = [d for d in ranked if d.standing in (Standing.COUNTS, Standing.LOSS)] + [
        d for d in ranked if d.standing not in (Standing.COUNTS, Standing.LOSS)
    ]
    return tuple(
        Listed(number=number, name=f"d-{number}", difference=one)
        for number, one in enumerate(ranked, start=1)
    )


def answer(
    primary: Mapping[str, Any], candidate: Mapping[str, Any], rail: Sequence[Listed]
) -> tuple[Block, ...]:
    """Give the two answers as blocks of rows."""
    differences = [one.difference for one in rail if one.difference.part in ("answer", "error")]
    names = {one.difference.pointer: one for one in rail if one.difference.part in ("answer", "error")}
    rows = answer_rows(payload(primary), payload(candidate), differences)
    return tuple(_folded(_answer_row(row, names) for row in rows))


def logs(rows: Sequence[LogRow], rail: Sequence[Listed]) -> tuple[Block, ...]:
    """Give the two logs as blocks of rows."""
    left, right, made = 0, 0, []
    names = {one.difference.pointer: one for one in rail if one.difference.part == "logs"}
    for place, row in enumerate(rows, start=1):
        left += row.primary is not None
        right += row.candidate is not None
        equal = row.standing is None
        listed_as = names.get(f"line {place}") if not equal else None
        made.append(
            Row(
                look="" if equal else _LOOKS[row.standing] if row.standing else "",
                mark=_log_mark(row),
                mark_word=_log_mark(row),
                left_no=left if row.primary is not None else None,
                left=None if row.primary is None else (_line(row.level, row.primary, not equal),),
                right_no=right if row.candidate is not None else None,
                right=None if row.candidate is None else (_line(row.level, row.candidate, not equal),),
                name=listed_as.name if listed_as else "",
            )
        )
    return tuple(_folded(made))


def bars(parts: Sequence[tuple[Any, float | None, float | None]]) -> tuple[Bar, ...]:
    """Give paired bars on one scale."""
    longest = max([value for _word, *pair in parts for value in pair if value], default=1.0)
    return tuple(
        Bar(
            word=word,
            aws=aws,
            fc=fc,
            aws_length=round(88 * (aws or 0) / longest, 1),
            fc_length=round(88 * (fc or 0) / longest, 1),
        )
        for word, aws, fc in parts
    )


def _answer_row(row: AnswerRow, names: Mapping[str, Listed]) -> Row:
    of = names.get(row.pointer) if row.standing is not None else None
    reason = of.difference.reason if of else ""
    return Row(
        look=_LOOKS[row.standing] if row.standing is not None else "",
        mark=row.mark,
        mark_word=row.mark,
        left_no=row.primary_no,
        left=None if row.primary_no is None else tuple(_pieces(row.primary, row.primary_spans)),
        right_no=row.candidate_no,
        right=None if row.candidate_no is None else tuple(_pieces(row.candidate, row.candidate_spans)),
        name=of.name if of else "",
        hint=reason,
    )


def _pieces(text: str, spans: Sequence[tuple[int, int]]) -> Iterator[Piece]:
    at = 0
    for start, end in spans:
        if text[at:start]:
            yield Piece(text=shown(text[at:start]), strong=False)
        if text[start:end]:
            yield Piece(text=shown(text[start:end]), strong=True)
        at = end
    if text[at:]:
        yield Piece(text=shown(text[at:]), strong=False)


def _line(level: str, text: str, strong: bool) -> Piece:
    return Piece(text=shown(f"{level:<5} {text}" if level else text), strong=strong)


def _log_mark(row: LogRow) -> str:
    if row.standing is None:
        return ""
    if row.primary is None:
        return "+"
    if row.candidate is None:
        return "−"
    return {Standing.NOISE: "~", Standing.IGNORED: "⊘"}.get(row.standing, "≠")


def _folded(rows: Iterable[Row]) -> Iterator[Block]:
    """Fold equal runs above six rows, keeping three rows of context at each side."""
    groups = [(equal, tuple(group)) for equal, group in groupby(rows, key=lambda row: not row.look)]
    for place, (equal, group) in enumerate(groups):
        head = 0 if place == 0 else CONTEXT
        tail = 0 if place == len(groups) - 1 else CONTEXT
        if not equal or len(group) - head - tail <= FOLD_ABOVE or len(groups) == 1:
            yield Block(rows=group, folded=False)
            continue
        yield Block(rows=group[:head], folded=False)
        hidden = group[head : len(group) - tail]
        yield Block(rows=hidden, folded=True, summary=_keys(hidden))
        yield Block(rows=group[len(group) - tail :], folded=False)


def _keys(rows: Sequence[Row]) -> str:
    """Give the first keys in a folded run, so that one knows what it hides."""
    found = []
    for row in rows:
        text = "".join(piece.text for piece in row.left or ())
        if match := re.match(r'\s*"([^"]{1,30})"\s*:', text):
            found.append(match[1])
    return ", ".join(f"/{key}" for key in found[:3])


__all__ = ["Bar", "Block", "Listed", "Piece", "Row", "answer", "bars", "listed", "logs", "payload"]
