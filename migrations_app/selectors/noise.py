"""What is taken for noise by its shape alone: both sides show the same kind of volatile value there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import connection

from cutover.comparison import template
from cutover.noise import LEARNED

LOOKED_AT = 500
"""The newest pairs that differ and are looked at."""
_BY_PLACE = (
    "SELECT one->>'part', one->>'pointer', one->>'reason', count(DISTINCT id),"
    " (array_agg(one->>'primary' ORDER BY at DESC))[1],"
    " (array_agg(one->>'candidate' ORDER BY at DESC))[1]"
    " FROM (SELECT id, at, comparison FROM migrations_app_pair"
    " WHERE function_id = %s AND outcome <> 'match' ORDER BY at DESC LIMIT %s) AS newest"
    " CROSS JOIN LATERAL jsonb_array_elements(comparison->'differences') AS one"
    " WHERE one->>'standing' = 'noise' AND one->>'reason' <> %s AND one->>'part' <> 'logs'"
    " GROUP BY 1, 2, 3"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Shaped:
    """A field that is noise by shape. ``primary``, ``candidate``: its values in the newest pair, redacted.

    ``pairs``: in how many of the pairs that were looked at; of a list, in the most of any one place.
    """

    field: str
    shape: str
    pairs: int
    primary: str
    candidate: str


def by_shape(function_id: int, *, most: int = 100) -> tuple[Shaped, ...]:
    """Give the fields that shape explains among the newest pairs, the most frequent first. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_BY_PLACE, [function_id, LOOKED_AT, LEARNED])
        found = cursor.fetchall()
    return tuple(sorted(_by_field(found), key=lambda one: (-one.pairs, one.field))[:most])


def _by_field(rows: Iterable[tuple[str, str, str, int, str, str]]) -> Iterable[Shaped]:
    merged: dict[tuple[str, str], Shaped] = {}
    for part, pointer, shape, pairs, primary, candidate in rows:
        field = f"{part} {template(pointer)}"
        known = merged.get((field, shape))
        if known is None or known.pairs < pairs:
            merged[field, shape] = Shaped(
                field=field, shape=shape, pairs=pairs, primary=primary, candidate=candidate
            )
    return merged.values()


def document(found: Iterable[Shaped]) -> list[dict[str, Any]]:
    """Give them as plain JSON."""
    return [
        {"field": one.field, "shape": one.shape, "pairs": one.pairs, "example": [one.primary, one.candidate]}
        for one in found
    ]
