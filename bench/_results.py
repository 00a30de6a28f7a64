"""Metrics ``results.*``: pairs written against ORM saves, and two reads of a million against plain indexes.

The peer of the reads is a table with the same rows in one piece and only (function, created) indexed.
"""

from __future__ import annotations

import copy
import datetime as dt
import os
import statistics
import time
import uuid
from collections.abc import Callable
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from migrations_app.models import FunctionMigration, Pair
from migrations_app.selectors import pair_lists
from migrations_app.services import results
from tests import factories

ROUNDS = 5
WRITTEN = 1_000
ROWS = 1_000_000
DAYS = 30
FUNCTIONS = 10_000
FLOOR_WRITE, AIM_WRITE = 10.0, 15.0
FLOOR_READ, AIM_READ = 20.0, 60.0
PLAIN = "bench_pair_plain"


def rows() -> list[dict[str, Any]]:
    """Measure writing, then fill a million rows and measure reading."""
    function = factories.function("bench-results")
    found = [_write(function)]
    hot = _fill(function)
    since = timezone.now() - dt.timedelta(minutes=5)
    return [*found, _latest(hot), _ratio(since)]


# -------------------------------------------------------------------------------------------- writing


def _write(function: FunctionMigration) -> dict[str, Any]:
    template = factories.pair(function)
    template.event = {"body": os.urandom(512).hex(), "path": "/orders"}
    ratios, counts_right = [], True
    for _ in range(ROUNDS):
        before = Pair.objects.count()
        drafted = _drafted(template, WRITTEN // 5)
        saved_s = _timed(lambda: _one_by_one(drafted)) / len(drafted)  # noqa: B023
        fresh = _drafted(template, WRITTEN)
        written_s = _timed(lambda: _in_one(fresh)) / len(fresh)  # noqa: B023
        ratios.append(saved_s / written_s)
        counts_right = counts_right and Pair.objects.count() == before + len(drafted) + len(fresh)
    value = statistics.median(ratios)
    return {
        "metric": "results.write_vs_orm_save",
        "value": round(value, 1),
        "unit": "x",
        "against": "Django's save of each pair, rows of about 4 KB; with indexes, partitions, roll-ups",
        "floor": FLOOR_WRITE,
        "aim": AIM_WRITE,
        "met": counts_right and value >= FLOOR_WRITE,
        "spread": round(max(ratios) - min(ratios), 1),
    }


def _one_by_one(rows_: list[Pair]) -> None:
    for row in rows_:
        row.save(force_insert=True)


def _in_one(rows_: list[Pair]) -> None:
    with transaction.atomic():
        results.write(rows_)


def _drafted(template: Pair, number: int) -> list[Pair]:
    made = []
    for _ in range(number):
        row = copy.copy(template)
        row._state = copy.copy(template._state)
        row.pk, row._state.adding = uuid.uuid4(), True
        made.append(row)
    return made


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


# -------------------------------------------------------------------------------------------- reading


def _fill(function: FunctionMigration) -> int:
    """Put a million small pairs of thirty days in, one in 1,600 of them a mismatch; give the hot function."""
    today = timezone.now().date()
    results.ensure_days(today - dt.timedelta(days=DAYS), ahead=DAYS + 1)
    first = function.pk
    columns = ", ".join(f'"{name}"' for name in results.COLUMNS)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {results.TABLE} (id, day, function_id, run_id, position, title, event, first_side,"
            ' outcome, counts, first_pointer, blame, sentence, "primary", candidate, comparison,'
            " logs_pending, primary_ms, candidate_ms, at)"
            " SELECT gen_random_uuid(), t.at::date, %s + CASE WHEN n %% 5 = 0 THEN 0 ELSE n %% %s END, NULL,"
            " n,"
            " 'POST /orders', '{}', 'primary', CASE WHEN n %% 1600 = 0 THEN 'mismatch' ELSE 'match' END,"
            " n %% 1600 = 0, '', '', '', '{\"payload_text\": \"accepted\"}',"
            ' \'{"payload_text": "accepted"}\', \'{"differences": []}\', false, 20, 21, t.at'
            " FROM generate_series(0, %s) n, LATERAL (SELECT now() - n * interval '2.5 seconds' AS at) t"
            " WHERE t.at > now() - %s * interval '1 day'",
            [first, FUNCTIONS, ROWS - 1, DAYS],
        )
        cursor.execute(
            "INSERT INTO migrations_app_pairminute (at, function_id, outcome, pairs)"
            f" SELECT date_trunc('minute', at), function_id, outcome, count(*) FROM {results.TABLE}"
            " GROUP BY 1, 2, 3 ON CONFLICT (at, function_id, outcome) DO UPDATE SET pairs = EXCLUDED.pairs"
        )
        cursor.execute(f"CREATE TABLE {PLAIN} AS SELECT {columns} FROM {results.TABLE}")
        cursor.execute(f"CREATE INDEX ON {PLAIN} (function_id, at DESC)")
        cursor.execute(f"VACUUM ANALYZE {PLAIN}")
        cursor.execute(f"VACUUM ANALYZE {results.TABLE}")
        cursor.execute("VACUUM ANALYZE migrations_app_pairminute")
    return first


def _latest(hot: int) -> dict[str, Any]:
    """Compare the latest 50 mismatches, as lists show them, of the function with a fifth of all pairs."""

    def ours() -> list[Any]:
        return [row.pk for row in pair_lists.newest(hot, 50, counting=True)]

    def plain() -> list[Any]:
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT id FROM {PLAIN} WHERE function_id = %s AND counts ORDER BY at DESC LIMIT 50",
                [hot],
            )
            return [row[0] for row in cursor.fetchall()]

    return _read("results.latest_mismatches_vs_plain_index", ours, plain)


def _ratio(since: dt.datetime) -> dict[str, Any]:
    minute = since.replace(second=0, microsecond=0)

    def plain() -> tuple[int, int]:
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT count(*) FILTER (WHERE counts), count(*) FROM {PLAIN} WHERE at >= %s",
                [minute],
            )
            return tuple(cursor.fetchone())

    return _read("results.ratio_vs_plain_index", lambda: results.ratio(since), plain)


def _read(metric: str, ours: Callable[[], Any], plain: Callable[[], Any]) -> dict[str, Any]:
    same = ours() == plain()
    pairs = [(_timed(ours), _timed(plain)) for _ in range(ROUNDS * 4)]
    ratios = [peer / own for own, peer in pairs]
    value, own_ms = statistics.median(ratios), 1000 * statistics.median(own for own, _ in pairs)
    return {
        "metric": metric,
        "value": round(value, 1),
        "unit": "x",
        "against": f"{ROWS:,} pairs in one table with (function, created) only; ours takes {own_ms:.2f} ms "
        f"through Django, the peer {1000 * statistics.median(peer for _, peer in pairs):.1f} ms in plain SQL",
        "floor": FLOOR_READ,
        "aim": AIM_READ,
        "met": same and value >= FLOOR_READ,
        "spread": round(max(ratios) - min(ratios), 1),
    }
