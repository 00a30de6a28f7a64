"""The search part of the SLS query language: words, phrases, ``key:value``, ranges, and / or / not, ``( )``.

Text is cut at delimiters into tokens; a word or phrase matches where its tokens stand next to each other,
whatever their case; in a word ``*`` stands for any signs, ``?`` for one. Two terms side by side mean *and*.
Numbers are compared with ``key > 5`` and ``key in [1 5)``. SQL after ``|`` is not part of it.
Source: Alibaba Cloud, Simple Log Service, "Search syntax", read 2026-11-22.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from sandbox.alibaba.sls.lexing import wrong_query

Row = Mapping[str, str]
_DELIMITERS = re.compile(r"[,'\";=()\[\]{}?@&<>/:\n\t\r ]+")
_LEXEME = re.compile(
    r"""\s*(?:(?P<paren>[()])|\#?(?P<quoted>"(?:[^"\\]|\\.)*")|(?P<colon>:)|(?P<sign>>=|<=|>|<|=)"""
    r"""|(?P<word>[^\s():"<>=]+))"""
)
_RANGE = re.compile(r"\s*([\[(])\s*(-?[\d.]+|\*)[\s,]+(-?[\d.]+|\*)\s*([\])])")
_SIGNS: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "=": operator.eq,
}
LENGTH_LIMIT = 16_384
DEPTH_LIMIT = 50
_ANY_SIGN = "\x00"
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


def _wanted(text: str, quoted: bool) -> tuple[str, ...]:
    """Give the tokens of a search text; outside of quotes ``?`` is a wildcard and not a delimiter."""
    if quoted or "?" not in text:
        return _tokens(text)
    marked = _tokens(text.replace("?", _ANY_SIGN))
    return tuple(token.replace(_ANY_SIGN, "?") for token in marked)


def _holds(text: str, wanted: Sequence[str]) -> bool:
    """Tell whether the tokens stand next to each other in the text."""
    if not wanted:
        return True
    tokens = _tokens(text)
    if not any(sign in token for token in wanted for sign in "*?"):
        size, sought = len(wanted), tuple(wanted)
        return any(tokens[at : at + size] == sought for at in range(len(tokens) - size + 1))
    patterns = [_pattern(token) for token in wanted]
    return any(
        all(pattern.fullmatch(token) for pattern, token in zip(patterns, tokens[at:], strict=False))
        for at in range(len(tokens) - len(patterns) + 1)
    )


@lru_cache(maxsize=1024)
def _pattern(token: str) -> re.Pattern[str]:
    return re.compile(
        "".join(".*" if sign == "*" else "." if sign == "?" else re.escape(sign) for sign in token)
    )


def _needs(wanted: Sequence[str]) -> frozenset[str]:
    """Give texts that stand in every match: what comes before the first wild sign of each token."""
    found = (re.split(r"[*?]", token)[0] for token in wanted)
    return frozenset(text for text in found if text)


def _require_beginning(wanted: Sequence[str]) -> None:
    if any(token[0] in "*?" for token in wanted):
        raise wrong_query("a word must not begin with a wildcard")


def _anywhere(text: str, quoted: bool) -> Search:
    if text == "*":
        return Search(matches=lambda row: True)
    wanted = _wanted(text, quoted)
    _require_beginning(wanted)
    return Search(
        matches=lambda row: any(_holds(row[name], wanted) for name in row if name not in _HIDDEN),
        needs=_needs(wanted),
    )


def _in_field(name: str, text: str, quoted: bool) -> Search:
    if text == "*":
        return Search(matches=lambda row: bool(row.get(name)))
    wanted = _wanted(text, quoted)
    _require_beginning(wanted)
    return Search(matches=lambda row: name in row and _holds(row[name], wanted), needs=_needs(wanted))


def _number(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None


def _by_number(name: str, fits: Callable[[float], bool]) -> Search:
    def matches(row: Row) -> bool:
        value = _number(row.get(name))
        return value is not None and fits(value)

    return Search(matches=matches)


def _in_range(name: str, found: re.Match[str]) -> Search:
    """Compare with both ends of ``[1 5)``; ``*`` is an open end."""
    low, high = (None if text == "*" else _number(text) for text in (found[2], found[3]))
    above = _SIGNS[">=" if found[1] == "[" else ">"]
    below = _SIGNS["<=" if found[4] == "]" else "<"]
    return _by_number(
        name, lambda value: (low is None or above(value, low)) and (high is None or below(value, high))
    )


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1])


class _Parser:
    """Recursive descent: or < and < not < term."""

    def __init__(self, text: str) -> None:
        self._lexemes: list[tuple[str, str]] = []
        self._depth = 0
        at = 0
        text = text.strip()
        while at < len(text):
            in_range = _RANGE.match(text, at) if self._lexemes and self._lexemes[-1][1] == "in" else None
            if in_range is not None:
                self._lexemes.append(("range", in_range[0]))
                at = in_range.end()
                continue
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
        self._depth += 1
        if self._depth > DEPTH_LIMIT:
            raise wrong_query("the query is nested too deeply")
        found = self._one_of()
        self._depth -= 1
        return found

    def _one_of(self) -> Search:
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
        opposite = False
        while self._word() == "not":
            self._at += 1
            opposite = not opposite
        term = self._term()
        return Search(matches=lambda row: not term(row)) if opposite else term

    def _term(self) -> Search:
        kind, text = self._peek()
        if (
            kind in ("end", "colon", "sign")
            or (kind, text) == ("paren", ")")
            or self._word() in ("and", "or")
        ):
            raise wrong_query("a search word is missing")
        self._at += 1
        if kind == "paren":
            inside = self._either()
            if self._peek() != ("paren", ")"):
                raise wrong_query("a closing parenthesis is missing")
            self._at += 1
            return inside
        quoted = kind == "quoted"
        plain = _unquoted(text) if quoted else text
        if self._peek()[0] == "sign":
            return self._compared(plain)
        if self._word() == "in" and self._lexemes[self._at + 1 : self._at + 2]:
            kind, text = self._lexemes[self._at + 1]
            if kind == "range" and (found := _RANGE.fullmatch(text)):
                self._at += 2
                return _in_range(plain, found)
        if self._peek()[0] != "colon":
            return _anywhere(plain, quoted)
        self._at += 1
        kind, text = self._peek()
        if kind not in ("word", "quoted"):
            raise wrong_query(f"the value of field '{plain}' is missing")
        self._at += 1
        return _in_field(plain, _unquoted(text) if kind == "quoted" else text, kind == "quoted")

    def _compared(self, name: str) -> Search:
        sign = _SIGNS[self._peek()[1]]
        self._at += 1
        wanted = _number(self._peek()[1]) if self._peek()[0] == "word" else None
        if wanted is None:
            raise wrong_query(f"field '{name[:60]}' is compared with something that is no number")
        self._at += 1
        return _by_number(name, lambda value: sign(value, wanted))


def split_query(text: str) -> tuple[str, str]:
    """Split a query into its search and the SQL behind the first ``|``, which is empty without one."""
    quoted = False
    for at, sign in enumerate(text):
        if sign == '"' and (at == 0 or text[at - 1] != "\\"):
            quoted = not quoted
        elif sign == "|" and not quoted:
            return text[:at], text[at + 1 :]
    return text, ""


def compile_query(text: str) -> Search:
    """Compile a query; the empty query matches all.

    Raises:
        Refused: 400 ParameterInvalid for a query that cannot be read, or one with SQL.
    """
    if len(text) > LENGTH_LIMIT:
        raise wrong_query(f"the query is longer than {LENGTH_LIMIT} characters")
    if "|" in text and split_query(text)[1]:
        raise wrong_query("'|' is out of place")
    if not text.strip():
        return Search(matches=lambda row: True)
    return _Parser(text).parse()
