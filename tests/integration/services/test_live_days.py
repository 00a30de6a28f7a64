"""Live events as a result table: by days, counted once, dropped as a whole, nothing lost."""

import datetime as dt
import itertools
import threading
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cutover.observation import Side
from migrations_app.models import FunctionMigration, LiveObservation, TrafficSlot
from migrations_app.services import days, live, slots
from tests import factories

pytestmark = pytest.mark.django_db

DAY = dt.timedelta(days=1)
NOON = timezone.now().replace(hour=12, minute=0, second=0, microsecond=0)


def report(number: int = 0, *, at: dt.datetime = NOON, error: bool = False, **changes: Any) -> live.Report:
    """Give what a relay reports of one event."""
    values: dict[str, Any] = {
        "function": "orders",
        "side": Side.CANDIDATE,
        "request_id": f"request-{number}",
        "at": at,
        "outcome": "error" if error else "ok",
        "error": error,
        "duration_ms": 12.5,
        "event": {"n": number},
        "answer": {"ok": not error},
    }
    return live.Report(**values | changes)


def recorded(made: FunctionMigration, *reports: live.Report, received_at: dt.datetime = NOON) -> int:
    """Record a batch; give how many events were new."""
    judged, unknown = live.record(made.connection_id, reports, received_at=received_at)
    assert not unknown
    return sum(one.fresh for one in judged)


def plan_of(queries: CaptureQueriesContext, table: str) -> str:
    """Give the plan of the one captured query that reads a table, were the table large."""
    (sql,) = [one["sql"] for one in queries if f'FROM "{table}"' in one["sql"]]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
        cursor.execute(f"EXPLAIN {sql}")
        return "\n".join(row[0] for row in cursor.fetchall())


# ------------------------------------------------------------------------------------------ which day


@pytest.mark.parametrize(
    ("at", "came", "day"),
    [
        ("2026-11-22T23:59:59.900+00:00", "2026-11-23T00:00:00.100+00:00", "2026-11-22"),
        ("2026-11-23T00:30:00+08:00", "2026-11-22T16:30:01+00:00", "2026-11-22"),
        ("2026-11-22T20:00:00-08:00", "2026-11-23T04:00:01+00:00", "2026-11-23"),
        ("2026-11-23T00:00:01+00:00", "2026-11-22T23:59:59+00:00", "2026-11-23"),
        ("2001-01-01T00:00:00+00:00", "2026-11-22T12:00:00+00:00", "2026-11-22"),
        ("9998-01-01T00:00:00+00:00", "2026-11-22T12:00:00+00:00", "2026-11-22"),
    ],
)
def test_it_lies_on_the_day_of_its_clock_in_utc_as_far_as_that_can_be_right(
    at: str, came: str, day: str
) -> None:
    made = factories.function(name="orders")
    given = report(at=dt.datetime.fromisoformat(at))
    assert recorded(made, given, received_at=dt.datetime.fromisoformat(came)) == 1
    row = LiveObservation.objects.get()
    assert (row.day, row.at) == (dt.date.fromisoformat(day), given.at)


@pytest.mark.parametrize("at", [NOON - dt.timedelta(minutes=1), NOON - 9000 * DAY, NOON + 400 * DAY])
def test_a_message_that_comes_on_both_sides_of_midnight_counts_once(at: dt.datetime) -> None:
    made = factories.function(name="orders")
    given = report(at=at)
    assert recorded(made, given, received_at=NOON) == 1
    assert recorded(made, given, given, received_at=NOON + DAY) == 0
    assert LiveObservation.objects.count() == 1
    assert sum(TrafficSlot.objects.values_list("events", flat=True)) == 1


def test_it_makes_the_days_that_nobody_made_while_watch_was_down() -> None:
    made = factories.function(name="orders")
    later = NOON + 40 * DAY
    assert days.utc_day(later) not in days.days(live.LIVE)

    given = [report(1, at=later - DAY), report(2, at=later, error=True)]
    assert recorded(made, *given, received_at=later) == 2

    assert set(LiveObservation.objects.values_list("day", flat=True)) == {
        days.utc_day(later),
        days.utc_day(later - DAY),
    }
    assert live.ensure_days(days.utc_day(later), ahead=1) == (days.utc_day(later + DAY),)
    assert live.ensure_days(days.utc_day(later), ahead=1) == ()


def test_what_postgresql_cannot_hold_stops_no_batch() -> None:
    made = factories.function(name="orders")
    odd = report(
        1,
        error=True,
        request_id="r" * 80,
        error_type="Odd\x00Error" * 20,
        event={"a\x00b": ["\x00", 10**30, "tab\t\\N\nback\\slash"]},
        answer=None,
    )
    assert recorded(made, odd, report(2)) == 2
    assert recorded(made, odd) == 0
    row = LiveObservation.objects.get(error=True)
    assert row.event == {"a\ufffdb": ["\ufffd", 10**30, "tab\t\\N\nback\\slash"]}
    assert (row.answer, row.request_id) == (None, "r" * 64)


def test_batches_add_up_in_their_slots() -> None:
    made = factories.function(name="orders")
    recorded(made, report(1, duration_ms=4.0), report(2, duration_ms=30.0), report(3, side=Side.PRIMARY))
    recorded(made, report(4, duration_ms=4.0, error=True), report(5, at=NOON + dt.timedelta(seconds=11)))
    slot = TrafficSlot.objects.get(side="candidate", at=slots.start_of(NOON))
    assert (slot.events, slot.errors, slot.duration_sum_ms, slot.duration_max_ms) == (3, 1, 38.0, 30.0)
    assert sorted(slot.histogram.values()) == [1, 2]
    assert TrafficSlot.objects.count() == 3
    begun = slots.start_of(NOON)
    assert slots.ratio(made.pk, begun) == {Side.PRIMARY: (0, 1), Side.CANDIDATE: (1, 4)}
    assert slots.ratio(made.pk, begun + dt.timedelta(seconds=1))[Side.CANDIDATE] == (0, 1)
    assert slots.ratio(made.pk, NOON + DAY) == {Side.PRIMARY: (0, 0), Side.CANDIDATE: (0, 0)}


# ------------------------------------------------------------------------------------------ what is read


def test_the_events_that_prove_a_fail_are_read_from_the_failing_parts_of_the_steps_days() -> None:
    live.ensure_days(days.utc_day(NOON - 6 * DAY), ahead=8)
    made = factories.function(name="orders")
    made.step_started_at = NOON - dt.timedelta(minutes=5)
    reports = [report(n, error=n % 2 == 0, at=NOON + dt.timedelta(seconds=n)) for n in range(12)]
    recorded(made, *reports)

    with CaptureQueriesContext(connection) as queries:
        found = live.failing_observations(made)

    by_key = dict(LiveObservation.objects.values_list("pk", "request_id"))
    assert [by_key[key] for key in found] == [f"request-{n}" for n in (10, 8, 6, 4, 2)]
    plan = plan_of(queries, live.LIVE.name)
    assert f"{live.LIVE.of(days.utc_day(NOON), days.FAILED)}" in plan
    assert days.GOOD not in plan
    assert "Index Only Scan" in plan
    assert live.LIVE.of(days.utc_day(NOON - 2 * DAY)) not in plan


def test_a_batch_looks_for_its_copies_on_its_own_days_only() -> None:
    live.ensure_days(days.utc_day(NOON - 6 * DAY), ahead=8)
    made = factories.function(name="orders")
    recorded(made, report(1), report(2))

    with CaptureQueriesContext(connection) as queries:
        assert recorded(made, report(1), report(2)) == 0

    plan = plan_of(queries, live.LIVE.name)
    opened = {day for day in days.days(live.LIVE) if live.LIVE.of(day) in plan}
    assert opened == {days.utc_day(NOON), days.utc_day(NOON - DAY)}


# -------------------------------------------------------------------------------------------- retention


def test_good_events_go_before_failing_ones_and_roll_ups_go_with_the_pairs(settings: Any) -> None:
    settings.KEEP_LIVE_DAYS, settings.KEEP_PAIRS_DAYS = 1, 4
    made = factories.function(name="orders")
    for ago in range(6):
        at = NOON - ago * DAY
        recorded(made, report(ago, at=at), report(100 + ago, at=at, error=True), received_at=at)

    today = days.utc_day(NOON)
    assert live.drop_days(today) == tuple(today - ago * DAY for ago in (5, 4, 3, 2))

    left = LiveObservation.objects.order_by("-day", "error").values_list("day", "error")
    assert list(left) == [
        (today - ago * DAY, error) for ago in range(5) for error in (False, True) if error or ago < 2
    ]
    assert live.drop_days(today) == ()
    assert slots.prune(NOON) == 1
    assert TrafficSlot.objects.count() == 5


@pytest.mark.django_db(transaction=True)
def test_days_are_dropped_and_made_while_events_are_written_and_none_is_lost(
    settings: Any,
) -> None:
    settings.KEEP_LIVE_DAYS, settings.KEEP_PAIRS_DAYS = 1, 2
    made = factories.function(name="orders")
    live.ensure_days(days.utc_day(NOON - 20 * DAY), ahead=17)
    batches = 30

    def write() -> None:
        try:
            for batch in range(batches):
                recorded(made, *(report(batch * 10 + n, error=n == 0) for n in range(10)))
        finally:
            connection.close()

    dropped: list[dt.date] = []
    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write)
        for ahead in itertools.count():
            dropped += live.drop_days(days.utc_day(NOON))
            live.ensure_days(days.utc_day(NOON + ahead * DAY), ahead=1)
            if writing.done() and len(dropped) >= 18:
                break
        writing.result()

    assert len(dropped) == 18
    assert LiveObservation.objects.count() == batches * 10
    assert sum(TrafficSlot.objects.values_list("events", flat=True)) == batches * 10


@pytest.mark.django_db(transaction=True)
def test_a_day_that_is_being_read_is_left_for_the_next_round(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.KEEP_PAIRS_DAYS = 2
    monkeypatch.setattr(days, "LOCK_TIMEOUT_MS", 20)
    today = days.utc_day(NOON)
    old = today - 5 * DAY
    live.ensure_days(old, ahead=0)
    reading, enough = threading.Event(), threading.Event()

    def read() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f'SELECT count(*) FROM "{live.LIVE.of(old)}"')
            reading.set()
            enough.wait(20)
        connection.close()

    reader = threading.Thread(target=read)
    reader.start()
    assert reading.wait(20)
    assert live.drop_days(today) == ()
    enough.set()
    reader.join()
    assert live.drop_days(today) == (old,)


# ------------------------------------------------------------------------------------------- migration


def test_rows_of_before_come_over_with_their_keys_and_go_back() -> None:
    made = factories.function(name="orders")
    recorded(made, report(1), report(2, error=True, at=NOON - DAY), received_at=NOON)
    recorded(made, report(3, at=NOON - 9000 * DAY), received_at=NOON)
    rows = LiveObservation.objects.order_by("pk")
    before = list(rows.values())
    migration = import_module("migrations_app.migrations.0014_live_by_day")

    with connection.schema_editor() as editor:
        migration.unite(None, editor)
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT count(*), max(id) FROM "{live.LIVE.name}"')
        assert cursor.fetchone() == (3, before[-1]["id"])
        assert days.days(live.LIVE) == ()
    with connection.schema_editor() as editor:
        migration.partition(None, editor)

    assert list(rows.values()) == before
    assert recorded(made, report(1), report(4)) == 1
    assert LiveObservation.objects.latest("pk").request_id == "request-4"
