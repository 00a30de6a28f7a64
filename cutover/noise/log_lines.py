"""Which log line is it? Names by template, under which lines are counted from run to run.

A line of a log has no pointer: its place changes with every line above it. What stays is its form, so a line
is named ``log:TEMPLATE``, where ``#`` stands for whatever holds a digit, ``<uuid>`` and the like for shapes,
and ``*`` for words in which two lines that stand side by side differ: a volatile tail. Two lines that have
less than half of their words in common are not one line that changed but two lines, and have two names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from cutover.comparison import Difference
from cutover.comparison.volatile import masked

PREFIX = "log:"
"""How names of log lines begin. Alone it names the pairs whose logs were set side by side."""
LEVEL = " @level"
"""Ends the name of a line whose level is what differs: that it comes and goes says nothing of its level."""
EMPTY = "(empty line)"

_NUMBERED = re.compile(r"[0-9A-Za-z_]*\d[0-9A-Za-z_]*(?:[.,:][0-9]+[0-9A-Za-z_]*)*")
_LONGEST = 200
Cleaned = Callable[[str], str]
"""Gives a line without its secrets, since names are kept and shown."""


def as_it_is(line: str) -> str:
    """Give the line: what was stored has no secret in it any more."""
    return line


def names_of(difference: Difference, cleaned: Cleaned = as_it_is) -> tuple[str, ...]:
    """Give the names of what differs in a row of two logs: one, or two where the lines are strangers."""
    mine, other = outline(cleaned(difference.primary)), outline(cleaned(difference.candidate))
    match difference.kind:
        case "extra":
            return (_name(other),)
        case "missing" | "order":
            return (_name(mine),)
        case "type":
            return (_name(mine) + LEVEL,)
        case _:
            joint = _joint(mine.split(" "), other.split(" "))
            return (_name(joint),) if joint else (_name(mine), _name(other))


def outline(line: str) -> str:
    """Give a line with its shapes by name and everything that holds a digit as ``#``."""
    return _NUMBERED.sub("#", masked(line))


def _name(template: str) -> str:
    return PREFIX + (template[:_LONGEST] or EMPTY)


def _joint(mine: Sequence[str], other: Sequence[str]) -> str:
    """Give what two lines have in common, ``*`` for the rest; nothing when that is less than half."""
    if mine == other:
        return " ".join(mine)
    shorter, longer = sorted((len(mine), len(other)))
    head = next((at for at in range(shorter) if mine[at] != other[at]), shorter)
    tail = next((at for at in range(shorter - head) if mine[-1 - at] != other[-1 - at]), shorter - head)
    if 2 * (head + tail) < longer:
        return ""
    return " ".join((*mine[:head], "*", *mine[len(mine) - tail :]))
