"""Pairs as a result table: written in bulk, rolled up by the minute, kept by days.

Theory of operation. ``migrations_app_pair`` is partitioned by ``day``, the day on which a pair's run was
asked for, so that all pairs of a run lie in one partition and (run, position) stays unique. Partitions are
made ahead by the caller that keeps house (``watch``) and, should that have slept, before a run begins. Making
one attaches a finished table, which blocks neither readers nor writers. Retention drops whole days; roll-ups
stay.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import orjson
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Sum

from cutover.comparison import COUNTS_AGAINST
from migrations_app.models import Pair, PairMinute
from migrations_app.models.evidence import utc_today

TABLE = Pair._meta.db_table
AHEAD_DAYS = 2
COLUMNS = tuple(field.get_attname_column()[1] or field.attname for field in Pair._meta.concrete_fields)
_JSON = frozenset(
    field.column for field in Pair._meta.concrete_fields if field.get_internal_type() == "JSONField"
)
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_ESCAPED = re.compile(r"[\\\t\n\r]")


# ------------------------------------------------------------------------------------------- writing


def write(rows: Sequence[Pair]) -> None:
    """Write pairs by COPY and count them in their minutes, in the caller's transaction.

    Raises IntegrityError when a pair is in already: callers leave those out under the run's lease.
    """
    if not rows:
        return
    lines = io.BytesIO(b"".join(_line(row) for row in rows))
    columns = ", ".join(f'"{column}"' for column in COLUMNS)
    with connection.wrap_database_errors, connection.cursor() as cursor:
        cursor.copy_expert(f'COPY "{TABLE}" ({columns}) FROM STDIN', lines)
    roll_up(rows)


def _line(row: Pair) -> bytes:
    """Give a row in COPY's text format."""
    values = row.__dict__
    return b"\t".join([written(values[name]) for name, written in _WRITTEN]) + b"\n"


def _text(value: Any) -> bytes:
    if value is None:
        return b"\\N"
    text = str(value)
    return (text.translate(_ESCAPES) if _ESCAPED.search(text) else text).encode()


def _event(value: Any) -> bytes:
    """Give an event, which is JSON even where it is nothing at all: ``null``."""
    # What is written is JSON, whose only character that COPY reads otherwise is the backslash.
    return _json(value).replace(b"\\", b"\\\\")


def _document(value: Any) -> bytes:
    return b"\\N" if value is None else _event(value)


def _json(value: Any) -> bytes:
    try:
        return orjson.dumps(value)
    except TypeError:
        # Integers above 64 bit, which orjson refuses and PostgreSQL keeps.
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


_WRITTEN = tuple(
    (field.attname, _event if field.name == "event" else _document if field.column in _JSON else _text)
    for field in Pair._meta.concrete_fields
)


def roll_up(rows: Iterable[Pair]) -> None:
    """Add pairs to the counts of their minutes."""
    counts = Counter((row.at.replace(second=0, microsecond=0), row.function_id, row.outcome) for row in rows)
    with connection.cursor() as cursor:
        # One order for every writer, so that two batches cannot wait for each other.
        for (at, function_id, outcome), pairs in sorted(counts.items()):
            cursor.execute(
                f'INSERT INTO "{PairMinute._meta.db_table}" (at, function_id, outcome, pairs)'  # noqa: S608
                " VALUES (%s, %s, %s, %s) ON CONFLICT (at, function_id, outcome)"
                f' DO UPDATE SET pairs = "{PairMinute._meta.db_table}".pairs + EXCLUDED.pairs',
                [at, function_id, outcome, pairs],
            )


# ------------------------------------------------------------------------------------------- reading


_LIGHT = ("id", "day", "title", "outcome", "counts", "first_pointer", "blame", "sentence", "at")


def latest(function_id: int, number: int, *, counting: bool = False) -> list[Pair]:
    """Give a function's newest pairs without their bodies, newest first; ``counting``: those against FC only.

    The newest days are asked first, since PostgreSQL plans and opens every partition that it is not spared;
    what counts against FC is rare, so that is asked for at once.
    """
    rows = Pair.objects.filter(function_id=function_id).order_by("-at")
    if counting:
        rows = rows.filter(counts=True)
    found: list[Pair] = []
    for reach in (None,) if counting else (2, None):
        recent = rows if reach is None else rows.filter(day__gte=utc_today() - dt.timedelta(days=reach - 1))
        found = list(recent.only(*_LIGHT, "function_id", "run_id", "primary_ms", "candidate_ms")[:number])
        if len(found) == number:
            break
    return found


def ratio(since: dt.datetime, *, function_id: int | None = None) -> tuple[int, int]:
    """Give (pairs that count against FC, all pairs) since a time, to the minute."""
    rows = PairMinute.objects.filter(at__gte=since.replace(second=0, microsecond=0))
    if function_id is not None:
        rows = rows.filter(function_id=function_id)
    counted = {row["outcome"]: row["n"] for row in rows.values("outcome").annotate(n=Sum("pairs"))}
    against = sum(counted.get(outcome.value, 0) for outcome in COUNTS_AGAINST)
    return against, sum(counted.values())


# ---------------------------------------------------------------------------------------------- days


def partition_of(day: dt.date) -> str:
    """Give the name of a day's partition."""
    return f"{TABLE}_{day:%Y%m%d}"


def days() -> tuple[dt.date, ...]:
    """Give the days that have a partition, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
            " WHERE i.inhparent = %s::regclass ORDER BY c.relname",
            [TABLE],
        )
        names = [row[0] for row in cursor.fetchall()]
    return tuple(dt.datetime.strptime(name[-8:], "%Y%m%d").replace(tzinfo=dt.UTC).date() for name in names)


def ensure_days(first: dt.date, *, ahead: int = AHEAD_DAYS) -> tuple[dt.date, ...]:
    """Make the partitions of ``first`` and the days after it that are missing; give those made."""
    wanted = [first + dt.timedelta(days=number) for number in range(ahead + 1)]
    missing = [day for day in wanted if day not in set(days())]
    for day in missing:
        with transaction.atomic(), connection.cursor() as cursor:
            # Two processes may want the same day: the second finds it made.
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [TABLE])
            if day in days():
                continue
            name = partition_of(day)
            cursor.execute(f'CREATE TABLE "{name}" (LIKE "{TABLE}" INCLUDING DEFAULTS INCLUDING INDEXES)')
            cursor.execute(
                f'ALTER TABLE "{TABLE}" ATTACH PARTITION "{name}" FOR VALUES FROM (%s) TO (%s)',
                [day, day + dt.timedelta(days=1)],
            )
    return tuple(missing)


def drop_days(today: dt.date) -> tuple[dt.date, ...]:
    """Drop the days that are older than ``CUTOVER_KEEP_PAIRS_DAYS``; give those dropped."""
    oldest = today - dt.timedelta(days=settings.KEEP_PAIRS_DAYS)
    gone = tuple(day for day in days() if day < oldest)
    for day in gone:
        with transaction.atomic(), connection.cursor() as cursor:
            # Dropping waits for readers of the table; better to try again in a minute than to stop them.
            cursor.execute("SET LOCAL lock_timeout = '1s'")
            cursor.execute(f'DROP TABLE "{partition_of(day)}"')
    return gone
