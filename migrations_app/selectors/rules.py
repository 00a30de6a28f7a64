"""What a page shows of rules."""

from __future__ import annotations

from collections.abc import Collection

from django.db import connection

from migrations_app.models import Rule, RuleDay

_RULE, _DAY = Rule._meta.db_table, RuleDay._meta.db_table
# Two halves, since an index serves each of them and none serves both.
_HIDDEN = f"""
SELECT r.id, sum(d.pairs)::bigint
FROM "{_RULE}" r JOIN "{_DAY}" d ON d.name = r.name AND d.function_id = r.function_id
WHERE r.id = ANY(%(keys)s) AND r.retired_at IS NULL
GROUP BY r.id
UNION ALL
SELECT r.id, sum(d.pairs)::bigint
FROM "{_RULE}" r JOIN "{_DAY}" d ON d.name = r.name
WHERE r.id = ANY(%(keys)s) AND r.retired_at IS NULL AND r.function_id IS NULL AND NOT EXISTS (
    SELECT FROM "{_RULE}" own
    WHERE own.function_id = d.function_id AND own.name = r.name AND own.retired_at IS NULL)
GROUP BY r.id
"""  # noqa: S608 - names of our own tables


def hidden_counts(rule_ids: Collection[int]) -> dict[int, int]:
    """Give rule -> in how many of the pairs that are kept it hides a difference. One query, of counts.

    A rule that was retired hides nothing. Where a function's own rule bears the name of one for everywhere,
    the pairs are its own.
    """
    if not rule_ids:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_HIDDEN, {"keys": list(rule_ids)})
        found = dict(cursor.fetchall())
    return {key: found.get(key, 0) for key in rule_ids}
