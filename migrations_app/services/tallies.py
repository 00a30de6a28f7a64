"""In how many pairs a rule hides something: counted when pairs are written or compared anew.

A count per rule, function and day, moved in the transaction that writes the pairs, so that a page asks for a
handful of rows and never for the pairs. The order of the keys is the same for every writer, so that two
batches cannot wait for each other.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import connection

from cutover.comparison import Standing
from migrations_app.models import Pair, RuleDay

_TABLE = RuleDay._meta.db_table
_NAME_LIMIT = 80

Tally = Counter[tuple[str, int, dt.date]]
"""(rule's name, function, day) -> pairs, more or fewer."""


def hidden_by(comparison: Mapping[str, Any]) -> frozenset[str]:
    """Give the names of the rules that hide a difference in a stored comparison."""
    return frozenset(
        one["reason"][:_NAME_LIMIT]
        for one in comparison.get("differences", ())
        if one["standing"] == Standing.IGNORED and one.get("reason")
    )


def written(rows: Iterable[Pair]) -> None:
    """Count pairs that are written for the first time."""
    tally: Tally = Counter()
    for row in rows:
        if row.comparison.get("counts", {}).get(Standing.IGNORED):
            tally.update((name, row.function_id, row.day) for name in hidden_by(row.comparison))
    add(tally)


def moved(pair: Pair, comparison: Mapping[str, Any]) -> Tally:
    """Give what changes when a pair is compared anew."""
    tally: Tally = Counter()
    before, after = hidden_by(pair.comparison), hidden_by(comparison)
    tally.update({(name, pair.function_id, pair.day): 1 for name in after - before})
    tally.subtract({(name, pair.function_id, pair.day): 1 for name in before - after})
    return tally


def add(tally: Tally) -> None:
    """Add to the counts, and take from them, in the caller's transaction."""
    with connection.cursor() as cursor:
        for (name, function_id, day), pairs in sorted(tally.items()):
            if pairs > 0:
                cursor.execute(
                    f'INSERT INTO "{_TABLE}" (name, function_id, day, pairs) VALUES (%s, %s, %s, %s)'  # noqa: S608
                    " ON CONFLICT (name, function_id, day)"
                    f' DO UPDATE SET pairs = "{_TABLE}".pairs + EXCLUDED.pairs',
                    [name, function_id, day, pairs],
                )
            elif pairs < 0:
                cursor.execute(
                    f'UPDATE "{_TABLE}" SET pairs = greatest(pairs + %s, 0)'  # noqa: S608
                    " WHERE name = %s AND function_id = %s AND day = %s",
                    [pairs, name, function_id, day],
                )
