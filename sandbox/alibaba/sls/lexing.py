"""The words of SLS's SQL, and an error that says where."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sandbox.alibaba.wire import Refused

_LEXEME = re.compile(
    r"""\s*(?:(?P<number>\d+(?:\.\d+)?)|(?P<text>'(?:[^']|'')*')|(?P<quoted>"[^"]+")
    |(?P<word>[A-Za-z_][A-Za-z0-9_]*)|(?P<sign><>|!=|>=|<=|[-+*/%(),=<>]))""",
    re.VERBOSE,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Lexeme:
    """One word: its kind (number, text, quoted, word, sign, end) and what it says."""

    kind: str
    text: str


END = Lexeme(kind="end", text="the end")


def wrong_query(message: str) -> Refused:
    """Give the refusal of a query that cannot be read."""
    return Refused(400, "ParameterInvalid", message)


def lexemes(text: str) -> Iterator[Lexeme]:
    """Cut a statement into words. Raises Refused: 400 ParameterInvalid."""
    at, text = 0, text.rstrip()
    while at < len(text):
        found = _LEXEME.match(text, at)
        if found is None or found.lastgroup is None:
            raise wrong_query(f"line 1:{at + 1}: the statement cannot be read")
        raw = found[found.lastgroup]
        if found.lastgroup == "text":
            raw = raw[1:-1].replace("''", "'")
        elif found.lastgroup == "quoted":
            raw = raw[1:-1]
        yield Lexeme(kind=found.lastgroup, text=raw)
        at = found.end()
