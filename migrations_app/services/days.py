"""Result tables by days: a partition for each day, made ahead, dropped as a whole.

Theory of operation. A result table is partitioned by ``day`` in PostgreSQL; Django knows nothing of it.
Making a day attaches a finished, empty table, which blocks neither readers nor writers. Dropping one needs
the table for a moment; it waits a second at most for those who read it, or is tried again at the next round.
A table may divide its days once more by ``error``, so that what failed is kept longer than what did not, and
what is dropped is still a table and not a million rows.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import OperationalError, connection, transaction

logger = logging.getLogger(__name__)
LOCK_TIMEOUT_MS = 1_000
_LOCK_NOT_AVAILABLE = "55P03"
GOOD, FAILED = "good", "failed"
"""Parts of a day of a table that is divided by ``error``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DayTable:
    """A table that is partitioned by ``day``. ``by_error``: each day has a part for what failed."""

    name: str
    by_error: bool = False

    def of(self, day: dt.date, part: str = "") -> str:
        """Give the name of a day's partition, or of a part of it."""
        return f"{self.name}_{day:%Y%m%d}{'_' + part if part else ''}"


def utc_day(at: dt.datetime) -> dt.date:
    """Give the day of a moment in UTC, whatever zone it is written in."""
    return at.astimezone(dt.UTC).date()


def days(table: DayTable) -> tuple[dt.date, ...]:
    """Give the days that have a partition, oldest first."""
    return _days_in(_partitions(table.name), len(table.name) + 1)


def ensure(table: DayTable, wanted: Iterable[dt.date]) -> tuple[dt.date, ...]:
    """Make the partitions that are missing; give those made. Safe to race, within a transaction or not."""
    there = set(days(table))
    missing = tuple(day for day in sorted(set(wanted)) if day not in there)
    for day in missing:
        with transaction.atomic(), connection.cursor() as cursor:
            # Two processes may want the same day: the second finds it made.
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [table.name])
            if day in days(table):
                continue
            name = table.of(day)
            divided = " PARTITION BY LIST (error)" if table.by_error else ""
            cursor.execute(
                f'CREATE TABLE "{name}" (LIKE "{table.name}" INCLUDING DEFAULTS INCLUDING INDEXES){divided}'
            )
            for part, value in ((GOOD, "false"), (FAILED, "true")) if table.by_error else ():
                cursor.execute(
                    f'CREATE TABLE "{table.of(day, part)}" PARTITION OF "{name}" FOR VALUES IN ({value})'
                )
            cursor.execute(
                f'ALTER TABLE "{table.name}" ATTACH PARTITION "{name}" FOR VALUES FROM (%s) TO (%s)',
                [day, day + dt.timedelta(days=1)],
            )
    return missing


def drop(table: DayTable, before: dt.date, *, part: str = "") -> tuple[dt.date, ...]:
    """Drop the days before one, or only that part of them; give those dropped.

    A day that somebody reads for longer than a second is left for the next round.
    """
    gone = []
    for day in [day for day in days(table) if day < before]:
        name = table.of(day, part)
        if part and name not in _partitions(table.of(day)):
            continue
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                # Writers queue behind the drop while it waits, so it must not wait long.
                cursor.execute("SELECT set_config('lock_timeout', %s, true)", [str(LOCK_TIMEOUT_MS)])
                cursor.execute(f'DROP TABLE "{name}"')
        except OperationalError as exc:
            if getattr(exc.__cause__, "pgcode", "") != _LOCK_NOT_AVAILABLE:
                raise
            logger.info("%s is being read; it is dropped later.", name)
            continue
        gone.append(day)
    return tuple(gone)


def _partitions(name: str) -> tuple[str, ...]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
            " WHERE i.inhparent = %s::regclass ORDER BY c.relname",
            [name],
        )
        return tuple(row[0] for row in cursor.fetchall())


def _days_in(names: Iterable[str], start: int) -> tuple[dt.date, ...]:
    return tuple(
        dt.datetime.strptime(name[start : start + 8], "%Y%m%d").replace(tzinfo=dt.UTC).date()
        for name in names
    )
