"""A first draft of the rule that would accept a difference; a person changes it, tries it and saves it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from cutover.comparison import Difference, template

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
_SPECIAL = re.compile(r"([\\.+*?()|\[\]{}^$])")
_LONGEST = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Suggestion:
    """What stands in the form at first."""

    kind: str
    pointer: str
    value: str = ""


def suggestion(difference: Difference) -> Suggestion:
    """Give the narrowest rule that is likely meant."""
    if difference.part == "logs":
        line = difference.primary if difference.kind == "missing" else difference.candidate
        return Suggestion(kind="pattern", pointer="logs", value=_quoted(line))
    if difference.part == "effects":
        return Suggestion(kind="ignore", pointer=difference.pointer[:_LONGEST])
    place = template(difference.pointer)[:_LONGEST]
    if difference.kind == "order":
        return Suggestion(kind="unordered", pointer=place)
    if difference.kind == "value" and _NUMBER.fullmatch(difference.primary):
        return Suggestion(kind="tolerance", pointer=place, value="1%")
    return Suggestion(kind="ignore", pointer=place)


def _quoted(line: str) -> str:
    """Give a pattern that finds the line; cut at a whole character of the pattern."""
    found = ""
    for one in line:
        quoted = _SPECIAL.sub(r"\\\1", one)
        if len(found) + len(quoted) > _LONGEST:
            break
        found += quoted
    return found
