"""The pair page's rows: aligned, cut into pieces for emphasis, with long equal runs folded.

A page holds at most ``MOST_ROWS`` rows of a table; beyond that, folds carry only where their rows lie, and
the browser asks for them in parts of ``CHUNK``. So an answer of any length is a page of bounded size.

Control characters and bidi overrides are shown as escapes, so that a payload cannot dress itself up.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from cutover.comparison import AnswerRow, Difference, LogRow, Standing, answer_rows, from_document
from cutover.comparison.model import Comparison, EffectRow
from cutover.noise import LEARNED
from cutover.noise.log_lines import names_of
from dashboard.suggestions import Suggestion, suggestion
from dashboard.templatetags.cutover import shown
from migrations_app.models import PairNote
from migrations_app.services.evidence import payload_of

FOLD_ABOVE = 6
CONTEXT = 3
MOST_ROWS = 2_000
CHUNK = 1_000
_ALARMS = {"FATAL": 0, "CRITICAL": 0, "ERROR": 1, "WARN": 2, "WARNING": 2}
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
    """Rows that are shown, or that are folded under a summary. ``first``: place of the first one, from 0.

    ``lazy``: the rows are not here; they are ``first`` to ``last``, to be asked for.
    """

    rows: tuple[Row, ...]
    folded: bool
    summary: str = ""
    first: int = 0
    lazy: bool = False
    number: int = 0

    @property
    def last(self) -> int:
        """The place after the last row."""
        return self.first + self.number


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """A difference as the rail lists it; ``name`` is its anchor, ``number`` counts from 1."""

    number: int
    name: str
    difference: Difference
    suggested: Suggestion
    notes: tuple[PairNote, ...] = ()

    @property
    def learned_as(self) -> str:
        """Name the noise that a line of a log is known as, as the page of noise lists it; else nothing."""
        known = self.difference.part == "logs" and self.difference.reason == LEARNED
        return ", ".join(names_of(self.difference)) if known else ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Effect:
    """One effect of both sides in a row; ``name`` links to the rail."""

    row: EffectRow
    look: str
    mark: str
    name: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Bar:
    """One part of the times, as lengths in percent of the longest."""

    word: Any
    aws: float | None
    fc: float | None
    aws_length: float
    fc_length: float


def comparison_of(stored: Mapping[str, Any]) -> Comparison:
    """Give the comparison of a pair's row."""
    return from_document(stored)


def listed(differences: Sequence[Difference], notes: Sequence[PairNote] = ()) -> tuple[Listed, ...]:
    """Give the differences for the rail, those that count first; of logs, as they come: errors first."""
    order = list(_LOOKS)
    gravest = (Standing.COUNTS, Standing.LOSS)
    ranked = sorted(
        differences,
        key=lambda one: (one.standing not in gravest, order.index(one.standing), one.part == "logs"),
    )
    said: dict[tuple[str, str], list[PairNote]] = {}
    for note in notes:
        said.setdefault((note.part, note.pointer), []).append(note)
    names = _names(ranked)
    return tuple(
        Listed(
            number=number,
            name=names[number - 1],
            difference=one,
            suggested=suggestion(one),
            notes=tuple(said.get((one.part, one.pointer[:200]), ())),
        )
        for number, one in enumerate(ranked, start=1)
    )


def _names(differences: Sequence[Difference]) -> list[str]:
    """Give each difference an anchor by what it is, not by its place, which changes with rules and noise."""
    seen: Counter[str] = Counter()
    names = []
    for one in differences:
        words = f"{one.part}\n{one.pointer}\n{one.kind}".encode("utf-8", "replace")
        name = f"d-x{hashlib.blake2s(words, digest_size=4).hexdigest()}"
        seen[name] += 1
        names.append(name if seen[name] == 1 else f"{name}-{seen[name]}")
    return names


def answer(
    primary: Mapping[str, Any], candidate: Mapping[str, Any], rail: Sequence[Listed]
) -> tuple[Block, ...]:
    """Give the two answers as blocks of rows."""
    return bounded(_folded(answer_lines(primary, candidate, rail)))


def answer_lines(
    primary: Mapping[str, Any], candidate: Mapping[str, Any], rail: Sequence[Listed]
) -> list[Row]:
    """Give all rows of the two answers."""
    names = {one.difference.pointer: one for one in rail if one.difference.part in ("answer", "error")}
    differences = [one.difference for one in names.values()]
    rows = answer_rows(payload_of(primary), payload_of(candidate), differences)
    return [_answer_row(row, names) for row in rows]


def logs(rows: Sequence[LogRow], rail: Sequence[Listed]) -> tuple[Block, ...]:
    """Give the two logs as blocks of rows."""
    return bounded(_folded(log_lines(rows, rail)))


def log_lines(rows: Sequence[LogRow], rail: Sequence[Listed]) -> list[Row]:
    """Give all rows of the two logs."""
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
                mark=_mark_of(row),
                mark_word=_mark_of(row),
                left_no=left if row.primary is not None else None,
                left=None if row.primary is None else (_line(row.level, row.primary, not equal),),
                right_no=right if row.candidate is not None else None,
                right=None if row.candidate is None else (_line(row.level, row.candidate, not equal),),
                name=listed_as.name if listed_as else "",
                hint=listed_as.difference.reason if listed_as else "",
            )
        )
    return made


def alarms(rows: Sequence[LogRow], rail: Sequence[Listed]) -> tuple[tuple[LogRow, str], ...]:
    """Give the errors and warnings that differ, the gravest first, each with its anchor."""
    names = {one.difference.pointer: one.name for one in rail if one.difference.part == "logs"}
    found = [
        (row, names.get(f"line {place}", ""))
        for place, row in enumerate(rows, start=1)
        if row.standing is Standing.COUNTS and row.level.upper() in _ALARMS
    ]
    return tuple(sorted(found, key=lambda one: _ALARMS[one[0].level.upper()])[:5])


def effects(rows: Sequence[EffectRow], rail: Sequence[Listed]) -> tuple[Effect, ...]:
    """Give the effects of both sides in rows."""
    own = [one for one in rail if one.difference.part == "effects"]
    return tuple(_effect(row, own) for row in rows)


def _effect(row: EffectRow, rail: Sequence[Listed]) -> Effect:
    of = [
        one
        for one in rail
        if one.difference.pointer == row.pointer or one.difference.pointer.startswith(f"{row.pointer}/")
    ]
    gravest = next((one for one in of if one.difference.standing is row.standing), None)
    return Effect(
        row=row,
        look="" if row.standing is None else _LOOKS[row.standing],
        mark=_mark_of(row),
        name=gravest.name if gravest else "",
        reason=gravest.difference.reason if gravest else "",
    )


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


def _mark_of(row: LogRow | EffectRow) -> str:
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
    first = 0
    for place, (equal, group) in enumerate(groups):
        head = 0 if place == 0 else CONTEXT
        tail = 0 if place == len(groups) - 1 else CONTEXT
        if not equal or len(group) - head - tail <= FOLD_ABOVE or len(groups) == 1:
            yield _block(group, first)
        else:
            hidden = group[head : len(group) - tail]
            yield _block(group[:head], first)
            yield _block(hidden, first + head, folded=True, summary=_keys(hidden))
            yield _block(group[len(group) - tail :], first + len(group) - tail)
        first += len(group)


def _block(rows: tuple[Row, ...], first: int, *, folded: bool = False, summary: str = "") -> Block:
    return Block(rows=rows, folded=folded, summary=summary, first=first, number=len(rows))


def bounded(blocks: Iterable[Block]) -> tuple[Block, ...]:
    """Give the blocks with at most ``MOST_ROWS`` rows in them; the others are to be asked for."""
    given = tuple(block for block in blocks if block.rows)
    if sum(block.number for block in given) <= MOST_ROWS:
        return given
    room, made = MOST_ROWS, []
    for block in given:
        kept = 0 if block.folded else min(room, block.number)
        room -= kept
        if kept:
            made.append(_block(block.rows[:kept], block.first))
        made += _asked_for(block, block.first + kept)
    return tuple(made)


def _asked_for(block: Block, first: int) -> Iterator[Block]:
    for at in range(first, block.last, CHUNK):
        number = min(CHUNK, block.last - at)
        summary = block.summary if at == block.first else ""
        yield Block(rows=(), folded=block.folded, summary=summary, first=at, lazy=True, number=number)


def _keys(rows: Sequence[Row]) -> str:
    """Give the first keys in a folded run, so that one knows what it hides."""
    found = []
    for row in rows:
        text = "".join(piece.text for piece in row.left or ())
        if match := re.match(r'\s*"([^"]{1,30})"\s*:', text):
            found.append(match[1])
    return ", ".join(f"/{key}" for key in found[:3])
