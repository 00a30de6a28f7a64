"""The search part of the SLS query language: words, phrases, ``key:value``, and / or / not, ``( )``, ``*``.

Text is cut at delimiters into tokens; a word or phrase matches where its tokens stand next to each other,
whatever their case; a ``*`` at the end of a word matches any ending. Two terms side by side mean *and*.
SQL after ``|`` is not part of it.
Source: Alibaba Cloud, Simple Log Service, "Search syntax", read 2026-11-22.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from sandbox.alibaba.wire import Refused

Row = Mapping[str, str]
_DELIMITERS = re.compile(r"[,'\";=()\[\]{}?@&<>/:\n\t\r ]+")
_LEXEME = re.compile(
    r"""\s*(?:(?P<paren>[()])|(?P<quoted>"(?:[^"\\]|\\.)*")|(?P<colon>:)|(?P<word>[^\s():"]+))"""
)
_HIDDEN = frozenset({"__time__"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Search:
    """A compiled query.

    ``matches`` tests a row. ``needs`` are texts that every match holds in some value: most rows are left out
    by looking into ``searchable(row)`` alone, which is far faster.
    """

    matches: Callable[[Row], bool]
    needs: frozenset[str] = frozenset()

    def __call__(self, row: Row) -> bool:
        return self.matches(row)

    def may_match(self, text: str) -> bool:
        """Tell whether a row with this searchable text can match at all."""
        return all(need in text for need in self.needs)


def searchable(row: Row) -> str:
    """Give all values of a row as one lower-case text."""
    return "\n".join(row.values()).lower()


@lru_cache(maxsize=16_384)
def _tokens(text: str) -> tuple[str, ...]:
    return tuple(token for token in _DELIMITERS.split(text.lower()) if token)


def _holds(text: str, wanted: Sequence[str]) -> bool:
    """Tell whether the tokens stand next to each other in the text."""
    if not wanted:
        return True
    *whole, last = wanted
    tokens = _tokens(text)

    def fits(token: str) -> bool:
        return token.startswith(last[:-1]) if last.endswith("*") else token == last

    return any(
        list(tokens[at : at + len(whole)]) == whole and fits(tokens[at + len(whole)])
        for at in range(len(tokens) - len(whole))
    )


def _anywhere(text: str) -> Search:
    if text == "*":
        return Search(matches=lambda row: True)
    wanted = _tokens(text)
    return Search(
        matches=lambda row: any(_holds(row[name], wanted) for name in row if name not in _HIDDEN),
        needs=frozenset(token.rstrip("*") for token in wanted),
    )


def _in_field(name: str, text: str) -> Search:
    if text == "*":
        return Search(matches=lambda row: bool(row.get(name)))
    wanted = _tokens(text)
    return Search(
        matches=lambda row: name in row and _holds(row[name], wanted),
        needs=frozenset(token.rstrip("*") for token in wanted),
    )


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

    def parse(self) -> Search:
        search = self._either()
        if self._peek()[0] != "end":
            raise wrong_query(f"'{self._peek()[1]}' is unexpected")
        return search

    def _either(self) -> Search:
        terms = [self._both()]
        while self._word() == "or":
            self._at += 1
            terms.append(self._both())
        if len(terms) == 1:
            return terms[0]
        needs = frozenset.intersection(*(term.needs for term in terms))
        return Search(matches=lambda row: any(term(row) for term in terms), needs=needs)

    def _both(self) -> Search:
        terms = [self._negated()]
        while self._peek() != ("paren", ")") and self._peek()[0] != "end" and self._word() != "or":
            if self._word() == "and":
                self._at += 1
            terms.append(self._negated())
        if len(terms) == 1:
            return terms[0]
        needs = frozenset.union(*(term.needs for term in terms))
        return Search(matches=lambda row: all(term(row) for term in terms), needs=needs)

    def _negated(self) -> Search:
        if self._word() == "not":
            self._at += 1
            term = self._negated()
            return Search(matches=lambda row: not term(row))
        return self._term()

    def _term(self) -> Search:
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


def compile_query(text: str) -> Search:
    """Compile a query; the empty query matches all.

    Raises:
        Refused: 400 ParameterInvalid for a query that cannot be read, or one with SQL.
    """
    outside = re.sub(r'"(?:[^"\\]|\\.)*"', "", text)
    if "|" in outside:
        raise wrong_query("the sandbox's SLS has no SQL: leave out '|' and what follows")
    if not text.strip():
        return Search(matches=lambda row: True)
    return _Parser(text).parse()
