"""Takes fields of a declared function out of resolved values, and collects what stays open.

A value is either plain (str, number, bool, list, dict) or an ``Open`` expression. Each taker gives the plain
value or a neutral one, and notes the expression under the field's name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cutover.inventory.model import Unresolved

LONGEST = 200


@dataclass(frozen=True, slots=True)
class Open:
    """An expression that the template alone does not answer."""

    expression: str


class Fields:
    """The fields of one function."""

    def __init__(self) -> None:
        self._open: list[Unresolved] = []

    @property
    def unresolved(self) -> tuple[Unresolved, ...]:
        """Give what stayed open, each once, in the order of reading."""
        return tuple(dict.fromkeys(self._open))

    def note(self, field: str, expression: str) -> None:
        """Note an expression that stays open."""
        self._open.append(Unresolved(field=field, expression=expression[:LONGEST]))

    def text(self, field: str, value: Any, default: str = "") -> str:
        """Give a string; "" when it is open."""
        if isinstance(value, Open):
            self.note(field, value.expression)
            return ""
        if value is None:
            return default
        if isinstance(value, str | int | float | bool):
            return str(value)
        self.note(field, f"{type(value).__name__} where a word is expected")
        return ""

    def number(self, field: str, value: Any, default: int) -> int | None:
        """Give an integer; ``default`` when it is not set, None when it is open."""
        if value is None:
            return default
        if isinstance(value, Open):
            self.note(field, value.expression)
            return None
        try:
            return int(value)
        except (TypeError, ValueError):
            self.note(field, str(value))
            return None

    def optional(self, field: str, value: Any) -> int | None:
        """Give an integer, or None when it is not set or open."""
        return None if value is None else self.number(field, value, 0)

    def texts(self, field: str, value: Any) -> tuple[str, ...]:
        """Give a list of strings; those that are open are left out and noted."""
        if isinstance(value, Open):
            self.note(field, value.expression)
            return ()
        given = value if isinstance(value, list) else [] if value is None else [value]
        return tuple(text for one in given if (text := self.text(field, one)))

    def names(self, field: str, value: Any) -> tuple[str, ...]:
        """Give the names of a mapping; its values are not looked at, for they may be secret."""
        if isinstance(value, Open):
            self.note(field, value.expression)
            return ()
        return tuple(sorted(str(name) for name in value)) if isinstance(value, Mapping) else ()

    def mapping(self, field: str, value: Any) -> Mapping[str, Any]:
        """Give a mapping, empty when it is not set or open."""
        if isinstance(value, Open):
            self.note(field, value.expression)
        return value if isinstance(value, Mapping) else {}


def flag(value: Any) -> bool:
    """Tell whether something is set at all; an expression that is open is set."""
    return isinstance(value, Open) or bool(value)
