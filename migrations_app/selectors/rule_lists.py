"""Rules as pages list them, each with how many stored pairs it hides today."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from migrations_app.models import FunctionMigration, Rule
from migrations_app.services import rules

MOST = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """A rule. ``hides``: pairs in which something is ignored for its sake; None: it is not known."""

    rule: Rule
    hides: int | None


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


def hides(row: Rule) -> int | None:
    """Give in how many pairs something is ignored for a rule's sake."""
    return _counted((row,))[0].hides


def _counted(rows: Iterable[Rule]) -> tuple[Listed, ...]:
    return tuple(Listed(rule=row, hides=None) for row in rows)
