"""Pairs in bulk, by days and by the minute."""

import datetime as dt
import json
import uuid

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from migrations_app.models import FunctionMigration, Pair, PairMinute
from migrations_app.services import results
from tests import factories

pytestmark = pytest.mark.django_db

ODD = 'tab\t line\n back\\slash \\N "quoted" \r 中文 \U0001f600'


def drafted(function: FunctionMigration | None = None, **changes: object) -> Pair:
    """Give a pair that is not stored yet."""
    row = factories.pair(function or factories.function())
    Pair.objects.filter(pk=row.pk).delete()
    fresh = Pair(**{field.attname: getattr(row, field.attname) for field in Pair._meta.concrete_fields})
    fresh.pk = uuid.uuid4()
    for name, value in changes.items():
        setattr(fresh, name, value)
    return fresh


def test_it_reads_back_what_it_wrote_in_bulk() -> None:
    row = drafted(
        title=ODD[:120],
        event={"odd": ODD, "n": 10**30, "none": None},
        primary={"payload_text": ODD},
        candidate_ms=None,
        counts=True,
    )

    results.write([row])

    found = Pair.objects.get(pk=row.pk)
    assert found.title == ODD
    assert found.event == {"odd": ODD, "n": 10**30, "none": None}
    assert found.primary == {"payload_text": ODD}
    assert (found.candidate_ms, found.primary_ms, found.counts) == (None, row.primary_ms, True)
    assert (found.at, found.run_id, found.comparison) == (row.at, None, row.comparison)


def test_an_event_that_is_null_is_stored_as_null_of_json() -> None:
    row = drafted(event=None)
    results.write([row])
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT event::text FROM {results.TABLE} WHERE id = %s", [row.pk])
        assert json.loads(cursor.fetchone()[0]) is None


def test_it_refuses_the_same_position_of_a_run_twice() -> None:
    made = factories.function()
    run = factories.run(made)
    results.write([drafted(function=made, run=run, position=3)])
    with pytest.raises(IntegrityError), transaction.atomic():
        results.write([drafted(function=made, run=run, position=3)])


def test_it_counts_pairs_by_minute_and_outcome_and_gives_their_ratio() -> None:
    made = factories.function()
    now = timezone.now().replace(second=30)
    rows = [
        drafted(function=made, outcome="mismatch", at=now),
        drafted(function=made, outcome="match", at=now),
        drafted(function=made, outcome="match", at=now - dt.timedelta(minutes=1)),
        drafted(function=made, outcome="candidate-error", at=now - dt.timedelta(minutes=9)),
    ]
    results.write(rows[:2])
    results.write(rows[2:])

    assert results.ratio(now - dt.timedelta(minutes=5)) == (1, 3)
    assert results.ratio(now - dt.timedelta(minutes=10), function_id=made.pk) == (2, 4)
    assert results.ratio(now - dt.timedelta(minutes=10), function_id=made.pk + 1) == (0, 0)
    assert PairMinute.objects.get(outcome="mismatch").at == now.replace(second=0, microsecond=0)


def test_it_makes_the_days_that_are_missing_once() -> None:
    first = dt.date(2031, 5, 1)
    assert results.ensure_days(first, ahead=1) == (first, dt.date(2031, 5, 2))
    assert results.ensure_days(first, ahead=1) == ()
    row = drafted(day=first)
    results.write([row])
    assert Pair.objects.get(pk=row.pk).day == first


def test_it_drops_days_that_are_older_than_is_kept_and_leaves_the_rest(settings: object) -> None:
    settings.KEEP_PAIRS_DAYS = 7  # type: ignore[attr-defined]
    today = timezone.now().date()
    old = today - dt.timedelta(days=8)
    results.ensure_days(old, ahead=1)
    made = factories.function()
    gone, kept = drafted(function=made, day=old), drafted(function=made, day=today)
    results.write([gone, kept])

    assert results.drop_days(today) == (old,)

    assert list(Pair.objects.values_list("pk", flat=True)) == [kept.pk]
    assert old + dt.timedelta(days=1) in results.days()
    assert results.drop_days(today) == ()
