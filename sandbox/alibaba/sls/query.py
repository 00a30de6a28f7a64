"""The search part of the SLS query language: words, phrases, ``key:value``, and / or / not, ``( )``, ``*``.

Text is cut at delimiters into tokens; a word or phrase matches where its tokens stand next to each other,
whatever their case; a ``*`` at the end of a word matches any ending. Two terms side by side mean *and*.
SQL after ``|`` is not part of it.
Source: Alibaba Cloud, Simple Log Service, "Search syntax", read 2026-11-22.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from sandbox.alibaba.wire import Refused

Row = Mapping[str, str]
Matches = Callable[[Row], bool]
_DELIMITERS = re.compile(r"[,'\";=()\[\]{}?@&<>/:\n\t\r ]+")
_LEXEME = re.compile(
    r"""\s*(?:(?P<paren>[()])|(?P<quoted>"(?:[^"\\]|\\.)*")|(?P<colon>:)|(?P<word>[^\s():"]+))"""
)
_HIDDEN = frozenset({"__time__"})


def _tokens(text: str) -> list[str]:
    return [token for token in _DELIMITERS.split(text.lower()) if token]


def _holds(text: str, wanted: Sequence[str]) -> bool:
    """Tell whether the tokens stand next to each other in the text."""
    if not wanted:
        return True
    *whole, last = wanted
    if last.rstrip("*") not in text.lower():
        return False  # most rows end here, before they are cut into tokens
    tokens = _tokens(text)

    def fits(token: str) -> bool:
        return token.startswith(last[:-1]) if last.endswith("*") else token == last

    return any(
        list(tokens[at : at + len(whole)]) == whole and fits(tokens[at + len(whole)])
        for at in range(len(tokens) - len(whole))
    )


def _anywhere(text: str) -> Matches:
    if text == "*":
        return lambda row: True
    wanted = _tokens(text)
    return lambda row: any(_holds(value, wanted) for name, value in row.items() if name not in _HIDDEN)


def _in_field(name: str, text: str) -> Matches:
    if text == "*":
        return lambda row: bool(row.get(name))
    wanted = _tokens(text)
    return lambda row: name in row and _holds(row[name], wanted)


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1])


class _Parser:
    """Recursive descent: or < and < not < term."""

    def __init__(self, text: str) -> None:
        self._lexemes: list[tuple[str, str]] = []
        at = 0
        text = text.strip()
        while at < len(text):
            found = _LEXEME.match(text, at)
            if found is None or found.lastgroup is None:
                raise wrong_query(f"the query cannot be read at position {at}")
            self._lexemes.append((found.lastgroup, found[found.lastgroup]))
            at = found.end()
        self._at = 0

    def _peek(self) -> tuple[str, str]:
        return self._lexemes[self._at] if self._at < len(self._lexemes) else ("end", "")

    def _word(self) -> str:
        kind, text = self._peek()
        return text.lower() if kind == "word" else ""

    def parse(self) -> Matches:
        matches = self._either()
        if self._peek()[0] != "end":
            raise wrong_query(f"'{self._peek()[1]}' is unexpected")
        return matches

    def _either(self) -> Matches:
        terms = [self._both()]
        while self._word() == "or":
            self._at += 1
            terms.append(self._both())
        return terms[0] if len(terms) == 1 else lambda row: any(term(row) for term in terms)

    def _both(self) -> Matches:
        terms = [self._negated()]
        while self._peek() != ("paren", ")") and self._peek()[0] != "end" and self._word() != "or":
            if self._word() == "and":
                self._at += 1
            terms.append(self._negated())
        return terms[0] if len(terms) == 1 else lambda row: all(term(row) for term in terms)

    def _negated(self) -> Matches:
        if self._word() == "not":
            self._at += 1
            term = self._negated()
            return lambda row: not term(row)
        return self._term()

    def _term(self) -> Matches:
        kind, text = self._peek()
        if kind in ("end", "colon") or (kind, text) == ("paren", ")") or self._word() in ("and", "or"):
            raise wrong_query("a search word is missing")
        self._at += 1
        if kind == "paren":
            inside = self._either()
            if self._peek() != ("paren", ")"):
                raise wrong_query("a closing parenthesis is missing")
            self._at += 1
            return inside
        plain = _unquoted(text) if kind == "quoted" else text
        if self._peek()[0] != "colon":
            return _anywhere(plain)
        self._at += 1
        kind, text = self._peek()
        if kind not in ("word", "quoted"):
            raise wrong_query(f"the value of field '{plain}' is missing")
        self._at += 1
        return _in_field(plain, _unquoted(text) if kind == "quoted" else text)


def wrong_query(message: str) -> Refused:
    """Give the refusal of a query that cannot be read."""
    return Refused(400, "ParameterInvalid", message)


def compile_query(text: str) -> Matches:
    """Give a test of rows for a query; the empty query matches all.

    Raises:
        Refused: 400 ParameterInvalid for a query that cannot be read, or one with SQL.
    """
    outside = re.sub(r'"(?:[^"\\]|\\.)*"', "", text)
    if "|" in outside:
        raise wrong_query("the sandbox's SLS has no SQL: leave out '|' and what follows")
    if not text.strip():
        return lambda row: True
    return _Parser(text).parse()
