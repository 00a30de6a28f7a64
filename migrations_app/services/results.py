"""Pairs as a result table: written in bulk, rolled up by the minute, kept by days.

Theory of operation. ``migrations_app_pair`` is partitioned by ``day``, the day on which a pair's run was
asked for, so that all pairs of a run lie in one partition and (run, position) stays unique. Partitions
(``services.days``) are made ahead by the caller that keeps house (``watch``) and, should that have slept,
before a run begins. Retention drops whole days, but none that an open run writes to; roll-ups by the minute
stay.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence

from django.conf import settings
from django.db import connection
from django.db.models import Min, Sum

from cutover.comparison import COUNTS_AGAINST
from migrations_app.models import Pair, PairMinute, RuleDay, Run
from migrations_app.services import bulk, tallies
from migrations_app.services import days as of_days

TABLE = Pair._meta.db_table
PAIRS = of_days.DayTable(name=TABLE)
_OPEN = (Run.State.PENDING, Run.State.RUNNING)
AHEAD_DAYS = 2
COLUMNS = bulk.columns_of(Pair)


# ------------------------------------------------------------------------------------------- writing


def write(rows: Sequence[Pair]) -> None:
    """Write pairs by COPY and count them in their minutes and for their rules, in the caller's transaction.

    Raises IntegrityError when a pair is in already: callers leave those out under the run's lease.
    """
    bulk.copy_in(Pair, rows)
    roll_up(rows)
    tallies.written(rows)


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


def ratio(since: dt.datetime, *, function_id: int | None = None) -> tuple[int, int]:
    """Give (pairs that count against FC, all pairs) since a time, to the minute."""
    rows = PairMinute.objects.filter(at__gte=since.replace(second=0, microsecond=0))
    if function_id is not None:
        rows = rows.filter(function_id=function_id)
    counted = {row["outcome"]: row["n"] for row in rows.values("outcome").annotate(n=Sum("pairs"))}
    against = sum(counted.get(outcome.value, 0) for outcome in COUNTS_AGAINST)
    return against, sum(counted.values())


# ---------------------------------------------------------------------------------------------- days


def days() -> tuple[dt.date, ...]:
    """Give the days of pairs that have a partition, oldest first."""
    return of_days.days(PAIRS)


def ensure_days(first: dt.date, *, ahead: int = AHEAD_DAYS) -> tuple[dt.date, ...]:
    """Make the partitions of ``first`` and the days after it that are missing; give those made."""
    return of_days.ensure(PAIRS, [first + dt.timedelta(days=number) for number in range(ahead + 1)])


def drop_days(today: dt.date) -> tuple[dt.date, ...]:
    """Drop the days that are older than ``CUTOVER_KEEP_PAIRS_DAYS``, and their counts; give those dropped.

    The day of a run that is still open stays, since its pairs are written there.
    """
    before = today - dt.timedelta(days=settings.KEEP_PAIRS_DAYS)
    oldest = Run.objects.filter(state__in=_OPEN).aggregate(at=Min("created_at"))["at"]
    if oldest is not None:
        before = min(before, of_days.utc_day(oldest))
    gone = of_days.drop(PAIRS, before)
    if gone:
        RuleDay.objects.filter(day__in=gone).delete()
    return gone
