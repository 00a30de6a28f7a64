"""What every verb shares: its answer, exit codes, who acts, and words on stderr while it works."""

from __future__ import annotations

import argparse
import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, TextIO

from cutover.errors import BadInput, CloudError, CutoverError, GuardNotMet, RuleError, UnsupportedFeature


class Code(IntEnum):
    """Exit codes; scripts and CI depend on them."""

    GOOD = 0
    BAD = 1
    WRONG_USE = 2
    UNKNOWN = 3
    REFUSED = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What a verb found or did: one JSON document, the same for people, and the exit code."""

    document: Any
    text: str
    code: Code = Code.GOOD


@dataclass(frozen=True, kw_only=True, slots=True)
class Context:
    """Who asked, how, and where progress goes (stderr)."""

    options: argparse.Namespace
    actor: str
    progress: TextIO = field(repr=False)

    def say(self, sentence: str) -> None:
        """Write one line of progress."""
        self.progress.write(f"{sentence}\n")
        self.progress.flush()


Verb = Callable[[Context], Answer]


def code_of(error: CutoverError) -> Code:
    """Give the exit code of an error: wrong use, refused by a rule, or could not tell."""
    match error:
        case BadInput():
            return Code.WRONG_USE
        case RuleError() | UnsupportedFeature():
            return Code.REFUSED
        case CloudError():
            return Code.UNKNOWN
        case _:
            return Code.UNKNOWN


def refusal(error: CutoverError) -> Answer:
    """Give the answer that an error is, with its reasons as a list."""
    reasons = list(error.reasons) if isinstance(error, GuardNotMet) else [str(error)]
    return Answer(
        document={"error": str(error), "kind": type(error).__name__, "reasons": reasons},
        text="\n".join(reasons),
        code=code_of(error),
    )


def percent(weight_bp: int | None) -> str:
    """Give basis points as people write them."""
    return "unknown" if weight_bp is None else f"{weight_bp / 100:g}%"


def basis_points(text: str) -> int:
    """Read a percentage such as ``5``, ``5%`` or ``0.5``. Raises BadInput."""
    try:
        points = float(text.removesuffix("%")) * 100
    except ValueError as exc:
        raise BadInput(f"'{text}' is not a percentage between 0 and 100.") from exc
    if not 0 <= points <= 10_000 or abs(points - round(points)) > 1e-6:
        raise BadInput(f"A weight lies between 0% and 100% in steps of 0.01%, not '{text}'.")
    return round(points)


def moment(at: dt.datetime | None) -> str | None:
    """Give a time as ISO 8601 in UTC, None for none."""
    return at.astimezone(dt.UTC).isoformat(timespec="seconds") if at else None


def table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Give rows under heads in aligned columns."""
    cells = [[str("" if cell is None else cell) for cell in row] for row in (heads, *rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(heads))]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in cells)
    return "\n".join(line.rstrip() for line in lines)
