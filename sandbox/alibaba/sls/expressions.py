"""Expressions of SLS's SQL: parsed into functions of a row, or of a group of rows where they aggregate.

A value is a text, a number, a truth value or None. As in SLS a column must be indexed to be used, a text is
not compared with a number, and what is not here is refused by name.
Source: Alibaba Cloud, SLS, "SQL syntax and functions", read 2026-11-22.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sandbox.alibaba.sls.lexing import END, Lexeme, wrong_query

Value = str | int | float | bool | None
Row = Mapping[str, Value]
DEPTH_LIMIT = 40


@dataclass(frozen=True, kw_only=True, slots=True)
class Expression:
    """``of_rows`` gives the value for a group of rows; a plain expression looks at the first row alone.

    ``text`` is how it was written, to find the same expression again; ``aggregates`` tells whether it sums
    up a group; ``columns`` are those that it reads outside of aggregates.
    """

    of_rows: Callable[[Sequence[Row]], Value]
    text: str
    aggregates: bool = False
    columns: frozenset[str] = frozenset()


def _numeric(value: Value) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise wrong_query(f"'{str(value)[:40]}' is no number: cast the column, or index it as long or double")
    return value


def _divided(left: int | float, right: int | float) -> int | float:
    if right == 0:
        raise wrong_query("division by zero")
    if isinstance(left, int) and isinstance(right, int):
        return math.trunc(left / right)
    return left / right


def _rest(left: int | float, right: int | float) -> int | float:
    if right == 0:
        raise wrong_query("division by zero")
    return math.fmod(left, right) if isinstance(left, float) or isinstance(right, float) else left % right


_ARITHMETIC: dict[str, Callable[[int | float, int | float], int | float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": _divided,
    "%": _rest,
}
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def compared(sign: str, left: Value, right: Value) -> bool | None:
    """Compare two values; None when one is missing. Raises Refused: 400 when they are of two kinds."""
    if left is None or right is None:
        return None
    if isinstance(left, str) is not isinstance(right, str):
        raise wrong_query(f"'{sign}' cannot be applied to a text and a number")
    return _COMPARISONS[sign](left, right)


def _like(value: Value, pattern: Value) -> bool | None:
    if value is None or pattern is None:
        return None
    parts = (".*" if sign == "%" else "." if sign == "_" else re.escape(sign) for sign in str(pattern))
    return re.fullmatch("".join(parts), str(value), re.DOTALL) is not None


def _cast(value: Value, kind: str) -> Value:
    if value is None:
        return None
    try:
        if kind in ("bigint", "integer", "long"):
            return int(float(value)) if isinstance(value, str) and "." in value else int(value)
        if kind == "double":
            return float(value)
    except ValueError as exc:
        raise wrong_query(f"'{str(value)[:40]}' cannot be cast to {kind}") from exc
    if kind == "varchar":
        return shown(value)
    raise wrong_query(f"the sandbox's SLS cannot cast to {kind}")


def shown(value: Value) -> str:
    """Write a value as SLS gives it in a row: everything is a text."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


def _rounded(value: Value, digits: Value = 0) -> Value:
    return None if value is None else round(float(_numeric(value)), int(_numeric(digits)))


def _date_format(value: Value, pattern: Value) -> Value:
    """MySQL's date_format of unix seconds or of from_unixtime's text."""
    if value is None:
        return None
    if isinstance(value, str):
        at = datetime.strptime(value, "%Y-%m-%d %H:%M:%S.%f").replace(tzinfo=UTC)
    else:
        at = datetime.fromtimestamp(_numeric(value), UTC)
    return at.strftime(str(pattern).replace("%i", "%M").replace("%s", "%S").replace("%T", "%H:%M:%S"))


def _from_unixtime(value: Value) -> Value:
    if value is None:
        return None
    return datetime.fromtimestamp(_numeric(value), UTC).strftime("%Y-%m-%d %H:%M:%S.000")


_FUNCTIONS: dict[str, tuple[range, Callable[..., Value]]] = {
    "lower": (range(1, 2), lambda value: None if value is None else str(value).lower()),
    "upper": (range(1, 2), lambda value: None if value is None else str(value).upper()),
    "length": (range(1, 2), lambda value: None if value is None else len(str(value))),
    "round": (range(1, 3), _rounded),
    "coalesce": (
        range(1, 20),
        lambda *values: next((each for each in values if each is not None), None),
    ),
    "from_unixtime": (range(1, 2), _from_unixtime),
    "date_format": (range(2, 3), _date_format),
}


def _percentile(values: Sequence[int | float], share: float) -> Value:
    """Give the value below which this share of the values lies, by nearest rank."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


_AGGREGATES: dict[str, Callable[[Sequence[Value]], Value]] = {
    "sum": lambda values: sum(map(_numeric, values)) if values else None,
    "avg": lambda values: sum(map(_numeric, values)) / len(values) if values else None,
    "min": lambda values: min(values, default=None),  # type: ignore[type-var]
    "max": lambda values: max(values, default=None),  # type: ignore[type-var]
    "approx_distinct": lambda values: len(set(values)),
    "count": len,
}


class ExpressionParser:
    """Recursive descent over lexemes: or < and < not < comparison < sum < product < factor."""

    def __init__(self, words: Sequence[Lexeme], columns: Mapping[str, str]) -> None:
        self._words = words
        self._columns = columns
        self._at = 0
        self._depth = 0

    # -- words

    def peek(self) -> Lexeme:
        return self._words[self._at] if self._at < len(self._words) else END

    def word(self) -> str:
        """Give the next word in lower case, or the empty text when it is something else."""
        return self.peek().text.lower() if self.peek().kind == "word" else ""

    def take(self, *texts: str) -> bool:
        """Step over these words or signs if they come next."""
        ahead = self._words[self._at : self._at + len(texts)]
        fits = len(ahead) == len(texts) and all(
            lexeme.kind in ("word", "sign") and lexeme.text.lower() == text
            for lexeme, text in zip(ahead, texts, strict=True)
        )
        self._at += len(texts) if fits else 0
        return fits

    def require(self, text: str) -> None:
        if not self.take(text):
            raise wrong_query(f"'{text}' is expected where '{self.peek().text[:40]}' is")

    def name(self) -> str:
        lexeme = self.peek()
        if lexeme.kind not in ("word", "quoted"):
            raise wrong_query(f"a name is expected where '{lexeme.text[:40]}' is")
        self._at += 1
        return lexeme.text

    def number(self) -> int:
        lexeme = self.peek()
        if lexeme.kind != "number" or "." in lexeme.text:
            raise wrong_query(f"a number is expected where '{lexeme.text[:40]}' is")
        self._at += 1
        return int(lexeme.text)

    # -- expressions

    def expression(self) -> Expression:
        self._depth += 1
        if self._depth > DEPTH_LIMIT:
            raise wrong_query("the expression is nested too deeply")
        begin = self._at
        found = self._either()
        self._depth -= 1
        return self._renamed(found, begin)

    def _renamed(self, found: Expression, begin: int) -> Expression:
        text = " ".join(lexeme.text for lexeme in self._words[begin : self._at])
        return Expression(
            of_rows=found.of_rows, text=text, aggregates=found.aggregates, columns=found.columns
        )

    def _either(self) -> Expression:
        left = self._both()
        while self.take("or"):
            left = _joined(lambda a, b: bool(a) or bool(b), left, self._both())
        return left

    def _both(self) -> Expression:
        left = self._negated()
        while self.take("and"):
            left = _joined(lambda a, b: bool(a) and bool(b), left, self._negated())
        return left

    def _negated(self) -> Expression:
        if self.take("not"):
            return _joined(lambda value: None if value is None else not value, self.nested(self._negated))
        return self._comparison()

    def nested(self, parse: Callable[[], Expression]) -> Expression:
        """Parse one level deeper."""
        self._depth += 1
        if self._depth > DEPTH_LIMIT:
            raise wrong_query("the expression is nested too deeply")
        found = parse()
        self._depth -= 1
        return found

    def _comparison(self) -> Expression:
        left = self._sum()
        sign = self.peek().text
        if self.peek().kind == "sign" and sign in _COMPARISONS:
            self._at += 1
            return _joined(lambda a, b: compared(sign, a, b), left, self._sum())
        if self.take("is"):
            wanted = not self.take("not")
            self.require("null")
            return _joined(lambda value: (value is None) is wanted, left)
        opposite = self.take("not")
        if self.take("like"):
            found = _joined(_like, left, self._sum())
        elif self.take("in"):
            found = _joined(_in, left, *self._arguments())
        elif self.take("between"):
            low = self._sum()
            self.require("and")
            found = _joined(_between, left, low, self._sum())
        elif opposite:
            raise wrong_query("'not' is out of place")
        else:
            return left
        return _joined(lambda value: None if value is None else not value, found) if opposite else found

    def _sum(self) -> Expression:
        left = self._product()
        while self.peek().kind == "sign" and self.peek().text in ("+", "-"):
            left = self._calculated(left, self._product)
        return left

    def _product(self) -> Expression:
        left = self._factor()
        while self.peek().kind == "sign" and self.peek().text in ("*", "/", "%"):
            left = self._calculated(left, self._factor)
        return left

    def _calculated(self, left: Expression, parse: Callable[[], Expression]) -> Expression:
        calculate = _ARITHMETIC[self.peek().text]
        self._at += 1

        def both(a: Value, b: Value) -> Value:
            return None if a is None or b is None else calculate(_numeric(a), _numeric(b))

        return _joined(both, left, parse())

    def _factor(self) -> Expression:
        lexeme = self.peek()
        if self.take("-"):
            return _joined(
                lambda value: None if value is None else -_numeric(value), self.nested(self._factor)
            )
        if self.take("("):
            inside = self.expression()
            self.require(")")
            return inside
        if lexeme.kind in ("number", "text"):
            self._at += 1
            value: Value = lexeme.text
            if lexeme.kind == "number":
                value = float(lexeme.text) if "." in lexeme.text else int(lexeme.text)
            return Expression(of_rows=lambda rows: value, text=lexeme.text)
        if self.word() in ("null", "true", "false"):
            constant = {"null": None, "true": True, "false": False}[self.word()]
            self._at += 1
            return Expression(of_rows=lambda rows: constant, text=lexeme.text)
        name = self.name()
        if lexeme.kind == "word" and self.take("("):
            return self._call(name.lower())
        return self.column(name)

    def column(self, name: str) -> Expression:
        """Give a column. Raises Refused: 400 when it is not in the index."""
        if name not in self._columns:
            raise wrong_query(
                f"Column '{name[:60]}' cannot be resolved;please add the column in the index attribute"
            )
        return Expression(
            of_rows=lambda rows: rows[0].get(name) if rows else None, text=name, columns=frozenset({name})
        )

    def _arguments(self) -> list[Expression]:
        self.require("(")
        found = [self.expression()]
        while self.take(","):
            found.append(self.expression())
        self.require(")")
        return found

    def _call(self, name: str) -> Expression:
        """Parse a call behind its opening parenthesis."""
        if name == "cast":
            return self._cast()
        if name == "count" and self.take("*", ")"):
            return Expression(of_rows=len, text="count(*)", aggregates=True)
        if name in _AGGREGATES or name == "approx_percentile":
            return self._aggregate(name)
        if name not in _FUNCTIONS:
            raise wrong_query(f"the sandbox's SLS does not have the function {name[:40]}")
        counts, function = _FUNCTIONS[name]
        found = [] if self.peek().text == ")" else [self.expression()]
        while self.take(","):
            found.append(self.expression())
        self.require(")")
        if len(found) not in counts:
            raise wrong_query(f"the function {name} has another number of arguments")
        return _joined(function, *found)

    def _cast(self) -> Expression:
        inner = self.expression()
        self.require("as")
        kind = self.name().lower()
        self.require(")")
        return _joined(lambda value: _cast(value, kind), inner)

    def _aggregate(self, name: str) -> Expression:
        distinct = self.take("distinct")
        inner = self.expression()
        share = 0.0
        if name == "approx_percentile":
            self.require(",")
            share = float(_numeric(self.expression().of_rows(())))
            if not 0 < share <= 1:
                raise wrong_query("the percentile must be between 0 and 1")
        self.require(")")
        if inner.aggregates:
            raise wrong_query("an aggregate stands inside of another")

        def summed(rows: Sequence[Row]) -> Value:
            values = [value for row in rows if (value := inner.of_rows((row,))) is not None]
            values = list(dict.fromkeys(values)) if distinct else values
            if name == "approx_percentile":
                return _percentile([_numeric(value) for value in values], share) if values else None
            return _AGGREGATES[name](values)

        return Expression(of_rows=summed, text=name, aggregates=True)


def _in(value: Value, *others: Value) -> Value:
    return None if value is None else any(compared("=", value, other) for other in others)


def _between(value: Value, low: Value, high: Value) -> Value:
    return bool(compared(">=", value, low)) and bool(compared("<=", value, high))


def _joined(function: Callable[..., Value], *parts: Expression) -> Expression:
    """Give an expression that applies a function to the values of others."""
    return Expression(
        of_rows=lambda rows: function(*(part.of_rows(rows) for part in parts)),
        text="",
        aggregates=any(part.aggregates for part in parts),
        columns=frozenset[str]().union(*(part.columns for part in parts)),
    )
