"""The SQL behind ``|``: select ... [where] [group by] [having] [order by] [limit], over the rows found.

A small part of SLS's SQL, parsed properly; what is not here is refused with ParameterInvalid.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cmp_to_key
from typing import Any

from sandbox.alibaba.sls.expressions import Expression, ExpressionParser, Row, Value, shown
from sandbox.alibaba.sls.lexing import lexemes, wrong_query

DEFAULT_LIMIT = 100
_CLAUSES = ("from", "where", "group", "having", "order", "limit", "union")
LENGTH_LIMIT = 16_384
RESERVED = {"__time__": "long", "__source__": "text", "__topic__": "text"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """One column of the result."""

    name: str
    expression: Expression


@dataclass(frozen=True, kw_only=True, slots=True)
class Ordering:
    """One key of ``order by``."""

    expression: Expression
    descending: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Statement:
    """A parsed statement."""

    columns: tuple[Column, ...]
    where: Expression | None
    groups: tuple[Expression, ...]
    having: Expression | None
    order: tuple[Ordering, ...]
    offset: int
    limit: int

    def run(self, rows: Sequence[Row]) -> list[dict[str, str]]:
        """Give the result, all values as texts. Raises Refused: 400 when values do not fit a function."""
        try:
            return self._result(rows)
        except (TypeError, ValueError, OverflowError) as exc:
            raise wrong_query("a value does not fit the function that it is given to") from exc

    def _result(self, rows: Sequence[Row]) -> list[dict[str, str]]:
        kept = [row for row in rows if self.where is None or self.where.of_rows((row,)) is True]
        grouped = self._grouped(kept)
        if self.having is not None:
            grouped = [group for group in grouped if self.having.of_rows(group) is True]
        for ordering in reversed(self.order):
            grouped = _sorted(grouped, ordering)
        return [
            {column.name: shown(column.expression.of_rows(group)) for column in self.columns}
            for group in grouped[self.offset : self.offset + self.limit]
        ]

    def _grouped(self, rows: list[Row]) -> list[Sequence[Row]]:
        if self.groups:
            found: dict[tuple[Value, ...], list[Row]] = {}
            for row in rows:
                found.setdefault(tuple(group.of_rows((row,)) for group in self.groups), []).append(row)
            return list(found.values())
        if any(column.expression.aggregates for column in self.columns):
            return [rows]
        return [(row,) for row in rows]


def _sorted(grouped: list[Sequence[Row]], ordering: Ordering) -> list[Sequence[Row]]:
    """Sort by one key, stably; missing values come last, as in SLS."""
    pairs = [(ordering.expression.of_rows(group), group) for group in grouped]
    there = [pair for pair in pairs if pair[0] is not None]

    def compare(left: tuple[Any, object], right: tuple[Any, object]) -> int:
        if isinstance(left[0], str) is not isinstance(right[0], str):
            raise wrong_query("texts and numbers cannot be put in order")
        return int(left[0] > right[0]) - int(left[0] < right[0])

    there.sort(key=cmp_to_key(compare), reverse=ordering.descending)
    return [group for _, group in there] + [group for value, group in pairs if value is None]


def columns_of(index: Mapping[str, Any]) -> dict[str, str]:
    """Give the columns that SQL may use, with their types, out of an index."""
    keys = index.get("keys") or {}
    return {**RESERVED, **{name: str(key.get("type", "text")) for name, key in keys.items()}}


def typed(row: Mapping[str, str], columns: Mapping[str, str]) -> dict[str, Value]:
    """Give a row as SQL sees it: numbers where the index says so; what is no number is missing."""
    found: dict[str, Value] = {}
    for name, kind in columns.items():
        text = row.get(name)
        try:
            if text is None:
                found[name] = None
            elif kind == "long":
                found[name] = int(text)
            elif kind == "double":
                found[name] = float(text)
            else:
                found[name] = text
        except ValueError:
            found[name] = None
    return found


class _StatementParser:
    def __init__(self, text: str, columns: Mapping[str, str]) -> None:
        self._columns = columns
        self._parser = ExpressionParser(list(lexemes(text)), columns)
        self._aliases: dict[str, Expression] = {}

    def parse(self) -> Statement:
        take = self._parser.take
        self._parser.require("select")
        if self._parser.word() == "distinct":
            raise wrong_query("the sandbox's SLS does not have 'select distinct': group by the columns")
        columns = self._selected()
        if take("from"):
            self._parser.require("log")
        where = self._parser.expression() if take("where") else None
        groups = self._listed(columns) if take("group", "by") else ()
        having = self._parser.expression() if take("having") else None
        order = self._ordered(columns) if take("order", "by") else ()
        offset, limit = self._limited() if take("limit") else (0, DEFAULT_LIMIT)
        if self._parser.peek().kind != "end":
            raise wrong_query(f"'{self._parser.peek().text[:40]}' is unexpected")
        statement = Statement(
            columns=columns,
            where=where,
            groups=groups,
            having=having,
            order=order,
            offset=offset,
            limit=limit,
        )
        _require_sense(statement)
        return statement

    def _selected(self) -> tuple[Column, ...]:
        found: list[Column] = []
        while True:
            if self._parser.take("*"):
                found += [Column(name=name, expression=self._parser.column(name)) for name in self._columns]
            else:
                found.append(self._column(len(found)))
            if not self._parser.take(","):
                return tuple(found)

    def _column(self, number: int) -> Column:
        expression = self._parser.expression()
        plain = expression.text in self._columns
        name = expression.text if plain else f"_col{number}"
        if self._parser.take("as") or self._parser.word() not in ("", *_CLAUSES):
            name = self._parser.name()
            self._aliases[name] = expression
        return Column(name=name, expression=expression)

    def _reference(self, columns: Sequence[Column]) -> Expression:
        """Parse an alias, the number of a column, or an expression."""
        lexeme = self._parser.peek()
        if lexeme.kind == "number":
            number = self._parser.number()
            if not 1 <= number <= len(columns):
                raise wrong_query(f"there is no column {number}")
            return columns[number - 1].expression
        if lexeme.kind in ("word", "quoted") and lexeme.text in self._aliases:
            self._parser.name()
            return self._aliases[lexeme.text]
        return self._parser.expression()

    def _listed(self, columns: Sequence[Column]) -> tuple[Expression, ...]:
        found = [self._reference(columns)]
        while self._parser.take(","):
            found.append(self._reference(columns))
        if any(each.aggregates for each in found):
            raise wrong_query("'group by' cannot contain aggregates")
        return tuple(found)

    def _ordered(self, columns: Sequence[Column]) -> tuple[Ordering, ...]:
        found = []
        while True:
            expression = self._reference(columns)
            descending = self._parser.take("desc")
            if not descending:
                self._parser.take("asc")
            found.append(Ordering(expression=expression, descending=descending))
            if not self._parser.take(","):
                return tuple(found)

    def _limited(self) -> tuple[int, int]:
        first = self._parser.number()
        if self._parser.take(","):
            return first, self._parser.number()
        return 0, first


def _require_sense(statement: Statement) -> None:
    """Refuse what SQL refuses: columns outside of the groups, aggregates in where."""
    if statement.where is not None and statement.where.aggregates:
        raise wrong_query("'where' cannot contain aggregates")
    expressions = [column.expression for column in statement.columns]
    if not statement.groups and not any(each.aggregates for each in expressions):
        return
    texts = {group.text for group in statement.groups}
    grouped = frozenset[str]().union(*(group.columns for group in statement.groups))
    for expression in expressions:
        loose = expression.columns - grouped
        if loose and expression.text not in texts:
            raise wrong_query(f"column '{min(loose)}' must be an aggregate expression or appear in GROUP BY")


def compile_sql(text: str, columns: Mapping[str, str]) -> Statement:
    """Compile a statement over columns with their types.

    Raises:
        Refused: 400 ParameterInvalid for what cannot be read or is not here.
    """
    if len(text) > LENGTH_LIMIT:
        raise wrong_query(f"the statement is longer than {LENGTH_LIMIT} characters")
    return _StatementParser(text, columns).parse()
