"""What a comparison is: frozen values, and their plain JSON form for rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal, NamedTuple

Part = Literal["answer", "error", "logs", "effects"]
Kind = Literal["value", "type", "missing", "extra", "order", "length"]
RuleKind = Literal["ignore", "pattern", "mask", "shape", "tolerance", "unordered", "keyed"]

SHOWN_CHARACTERS = 200
"""Longest printable form of a value inside a difference."""


class PairOutcome(StrEnum):
    """What comes of setting two observations of one event side by side."""

    MATCH = "match"
    NOISE = "noise"
    IGNORED = "ignored"
    TRANSLATION_LOSS = "translation-loss"
    MISMATCH = "mismatch"
    CANDIDATE_ERROR = "candidate-error"
    PRIMARY_ERROR = "primary-error"
    BOTH_ERROR_SAME = "both-error-same"
    BOTH_ERROR_DIFFERENT = "both-error-different"
    NOT_COMPARABLE = "not-comparable"


COUNTS_AGAINST = frozenset(
    {PairOutcome.MISMATCH, PairOutcome.CANDIDATE_ERROR, PairOutcome.BOTH_ERROR_DIFFERENT}
)
"""The only outcomes that count against the candidate; not-comparable is missing evidence."""


class Standing(StrEnum):
    """Whether a difference counts against the candidate, or why it does not."""

    COUNTS = "counts"
    NOISE = "noise"
    IGNORED = "ignored"
    LOSS = "loss"


class Blame(StrEnum):
    """Where a difference comes from."""

    TRANSLATION = "translation"
    PLATFORM = "platform"
    NOISE = "noise"
    LOGIC = "logic"


class Difference(NamedTuple):
    """One place where the sides differ. A tuple, since a comparison may make a thousand of them.

    ``pointer`` is a JSON pointer, or ``line 3`` in text and logs: the third row of the two side by side. Of
    effects it is ``effects/TWIN/KEY``, the key escaped as one segment, and the place within the content.
    ``primary`` and ``candidate`` are short printable forms, empty where a side has nothing. ``reason`` names
    why it does not count: a shape such as ``uuid``, or the name of a rule.
    """

    part: Part
    pointer: str
    kind: Kind
    primary: str
    candidate: str
    standing: Standing
    blame: Blame
    reason: str = ""


class LogState(StrEnum):
    """Whether the logs of one side are here. What is pending is not missing: it may come for minutes yet.

    ``NEVER``: they did not come in all the time that they were asked for, and were not compared.
    """

    ARRIVED = "arrived"
    EMPTY = "empty"
    PENDING = "pending"
    NEVER = "never"


@dataclass(frozen=True, kw_only=True, slots=True)
class LogRow:
    """One row of the two logs side by side. ``standing`` None: the lines are equal."""

    primary: str | None
    candidate: str | None
    level: str
    standing: Standing | None


@dataclass(frozen=True, kw_only=True, slots=True)
class EffectRow:
    """One effect of the two sides, side by side; None where a side has none.

    ``primary`` and ``candidate`` are short printable forms. ``standing`` None: they are equal.
    """

    twin: str
    kind: str
    key: str
    primary: str | None
    candidate: str | None
    standing: Standing | None
    pointer: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """Two observations of one event, set side by side.

    ``counts`` has the keys counts, noise, ignored, loss (differences by standing, also those beyond the cap
    on ``differences``) and equal (equal log lines, plus one for an equal answer). ``log_rows`` is None while
    the logs of a side are pending; ``primary_logs`` and ``candidate_logs`` say of which. Differences of logs
    come errors first, then warnings. ``effect_rows`` is None where the effects of a side were not looked at.
    ``sentence`` names the gravest difference.
    """

    outcome: PairOutcome
    differences: tuple[Difference, ...]
    log_rows: tuple[LogRow, ...] | None
    sentence: str
    counts: Mapping[str, int]
    primary_logs: LogState = LogState.PENDING
    candidate_logs: LogState = LogState.PENDING
    effect_rows: tuple[EffectRow, ...] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """A difference that a person accepted.

    ``pointer`` is a JSON pointer with ``*`` for one segment, ``logs`` for log lines, or ``effects/TWIN/KEY``
    for effects, where ``*`` stands for any part of a key too; a pointer into the content may follow, and a
    mask there also tells which keys are the same. What ``value`` holds:

    - ``ignore``: nothing; the place and everything below it;
    - ``pattern``: a linear-time (re2) pattern, searched in the pointers of differences at and below
      ``pointer``, or, for logs, in lines that only one side has or that differ;
    - ``mask``: such a pattern, whose matches are blanked on both sides;
    - ``shape``: the name of a shape (``uuid``, ``time``, ``number`` ...) that both whole values must have;
    - ``tolerance``: a number (``0.01``), a share (``1%``), or both (``0.01 or 1%``, the wider one holds);
    - ``unordered``: nothing; the list may come in any order;
    - ``keyed``: the field whose value tells which elements of the two lists belong together.
    """

    name: str
    kind: RuleKind
    pointer: str
    value: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class AnswerRow:
    """One row of the two answers, pretty-printed and aligned.

    Numbers count from 1; None where a side has nothing. ``mark``: ``≠`` changed, ``−`` only AWS, ``+`` only
    FC, ``~`` noise, ``⊘`` ignored, ``⇅`` order. Spans are (start, end) character offsets to emphasise.
    """

    primary_no: int | None
    primary: str
    candidate_no: int | None
    candidate: str
    mark: Literal["", "≠", "−", "+", "~", "⊘", "⇅"]
    standing: Standing | None
    pointer: str
    primary_spans: tuple[tuple[int, int], ...] = ()
    candidate_spans: tuple[tuple[int, int], ...] = ()


def document(comparison: Comparison) -> dict[str, Any]:
    """Give a comparison as plain JSON, fit for a row."""
    return {
        "outcome": comparison.outcome.value,
        "sentence": comparison.sentence,
        "counts": dict(comparison.counts),
        "differences": [_plain(difference) for difference in comparison.differences],
        "log_rows": None if comparison.log_rows is None else [_plain(row) for row in comparison.log_rows],
        "primary_logs": comparison.primary_logs.value,
        "candidate_logs": comparison.candidate_logs.value,
        "effect_rows": None
        if comparison.effect_rows is None
        else [_plain(row) for row in comparison.effect_rows],
    }


def from_document(stored: Mapping[str, Any]) -> Comparison:
    """Give the comparison that ``document`` wrote, also before it named the state of the logs."""
    rows = stored["log_rows"]
    unnamed = LogState.PENDING if rows is None else LogState.ARRIVED
    effects = stored.get("effect_rows")
    return Comparison(
        outcome=PairOutcome(stored["outcome"]),
        sentence=stored["sentence"],
        counts=dict(stored["counts"]),
        differences=tuple(_difference(item) for item in stored["differences"]),
        log_rows=None if rows is None else tuple(_log_row(item) for item in rows),
        primary_logs=LogState(stored.get("primary_logs", unnamed)),
        candidate_logs=LogState(stored.get("candidate_logs", unnamed)),
        effect_rows=None if effects is None else tuple(_effect_row(item) for item in effects),
    )


def _plain(value: Difference | LogRow | EffectRow) -> dict[str, Any]:
    names = value._fields if isinstance(value, Difference) else value.__slots__
    fields = {name: getattr(value, name) for name in names}
    return {name: field.value if isinstance(field, StrEnum) else field for name, field in fields.items()}


def _difference(stored: Mapping[str, Any]) -> Difference:
    return Difference(**{**stored, "standing": Standing(stored["standing"]), "blame": Blame(stored["blame"])})


def _log_row(stored: Mapping[str, Any]) -> LogRow:
    standing = stored["standing"]
    return LogRow(**{**stored, "standing": None if standing is None else Standing(standing)})


def _effect_row(stored: Mapping[str, Any]) -> EffectRow:
    standing = stored["standing"]
    return EffectRow(**{**stored, "standing": None if standing is None else Standing(standing)})
