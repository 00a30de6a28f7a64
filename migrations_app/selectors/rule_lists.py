"""Rules as pages list them, each with how many stored pairs it hides today."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from migrations_app.models import FunctionMigration, Rule
from migrations_app.selectors.rules import hidden_counts
from migrations_app.services import rules

MOST = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """A rule. ``hides``: how many of the pairs that are kept have a difference that it hides."""

    rule: Rule
    hides: int


def listing() -> tuple[Listed, ...]:
    """Give every rule, those that hold first, the newest first; five hundred at most."""
    rows = Rule.objects.select_related("function__connection").order_by("-created_at")[:MOST]
    return _counted(sorted(rows, key=lambda row: row.retired_at is not None))


def holding_for(function: FunctionMigration) -> tuple[Listed, ...]:
    """Give the rules that hold for a function, those for everywhere first."""
    return _counted(rules.rows_for(function.pk))


def rule(key: int) -> Rule | None:
    """Give one rule."""
    return Rule.objects.select_related("function__connection").filter(pk=key).first()


def hides(row: Rule) -> int:
    """Give in how many pairs a rule hides a difference."""
    return hidden_counts([row.pk])[row.pk]


def _counted(rows: Iterable[Rule]) -> tuple[Listed, ...]:
    listed = tuple(rows)
    hidden = hidden_counts([row.pk for row in listed])
    return tuple(Listed(rule=row, hides=hidden[row.pk]) for row in listed)
