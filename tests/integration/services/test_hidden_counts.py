"""How many of the stored pairs a rule hides, from counts that move with the pairs."""

import datetime as dt
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from django.utils import timezone

from cutover import comparison as comparing
from cutover.observation import LogLine, Side
from migrations_app.models import FunctionMigration, Pair, Rule, RuleDay
from migrations_app.selectors.rules import hidden_counts
from migrations_app.services import evidence, late_logs, noise, reevaluation, results, rules, tallies
from tests import factories

pytestmark = pytest.mark.django_db

PRICE = factories.ORDER | {"total": "39.80"}


def accepted(made: FunctionMigration | None, name: str = "totals", pointer: str = "/total") -> Rule:
    return rules.add(
        made.pk if made else None, name=name, kind="ignore", pointer=pointer, reason="known", actor="olga"
    )


def written(made: FunctionMigration, number: int, answer: Any = PRICE) -> list[Pair]:
    """Write new pairs as a run does: compared under the rules of now, in bulk."""
    run = made.runs.first() or factories.run(made)
    first = Pair.objects.filter(run=run).count()
    primary = factories.observation(Side.PRIMARY, factories.ORDER)
    candidate = factories.observation(Side.CANDIDATE, answer)
    compared = comparing.compare(primary, candidate, rules=rules.active(made.pk))
    rows = [
        evidence.pair(
            run,
            position=position,
            title="POST /orders",
            event={},
            first_side=Side.PRIMARY,
            primary=primary,
            candidate=candidate,
            compared=compared,
        )
        for position in range(first, first + number)
    ]
    results.write(rows)
    return rows


def test_pairs_count_when_they_are_written_and_when_they_are_compared_anew() -> None:
    made = factories.function()
    written(made, 3)
    rule = accepted(made)
    written(made, 2)
    assert hidden_counts([rule.pk]) == {rule.pk: 2}
    reevaluation.run_due()
    assert hidden_counts([rule.pk]) == {rule.pk: 5}
    other = accepted(made, name="more", pointer="/elsewhere")
    reevaluation.run_due()
    assert hidden_counts([rule.pk, other.pk]) == {rule.pk: 5, other.pk: 0}
    rules.retire(rule.pk, actor="olga")
    assert hidden_counts([rule.pk]) == {rule.pk: 0}
    reevaluation.run_due()
    assert not RuleDay.objects.filter(pairs__gt=0).exists()


def test_the_counts_are_those_of_the_pairs() -> None:
    made = factories.function()
    accepted(made)
    accepted(made, name="state", pointer="/status")
    written(made, 2)
    written(made, 3, PRICE | {"status": "made"})
    counted = {row.name: row.pairs for row in RuleDay.objects.all()}
    names = (name for row in Pair.objects.all() for name in tallies.hidden_by(row.comparison))
    assert counted == dict(Counter(names)) == {"totals": 5, "state": 3}


def test_a_functions_own_rule_takes_what_one_of_that_name_for_everywhere_would() -> None:
    one, two = factories.function(name="one"), factories.function(name="two")
    everywhere = accepted(None)
    own = accepted(two)
    written(one, 2)
    written(two, 3)
    assert hidden_counts([everywhere.pk, own.pk]) == {everywhere.pk: 2, own.pk: 3}
    rules.retire(own.pk, actor="olga")
    assert hidden_counts([everywhere.pk, own.pk]) == {everywhere.pk: 5, own.pk: 0}


def test_counts_go_with_the_day_but_no_day_goes_that_an_open_run_writes_to(settings: Any) -> None:
    settings.KEEP_PAIRS_DAYS = 7
    today = timezone.now().date()
    old = today - dt.timedelta(days=9)
    results.ensure_days(old, ahead=1)
    made = factories.function()
    rule = accepted(made)
    run = factories.run(made, state="running")
    type(run).objects.filter(pk=run.pk).update(created_at=timezone.now() - dt.timedelta(days=8))
    for row in written(made, 2):
        moved = {"day": old if row.position else old + dt.timedelta(days=1)}
        Pair.objects.filter(pk=row.pk).update(**moved)
    RuleDay.objects.all().delete()
    RuleDay.objects.create(name="totals", function=made, day=old, pairs=1)
    RuleDay.objects.create(name="totals", function=made, day=old + dt.timedelta(days=1), pairs=1)

    assert results.drop_days(today) == (old,)
    assert hidden_counts([rule.pk]) == {rule.pk: 1}
    assert Pair.objects.count() == 1

    type(run).objects.filter(pk=run.pk).update(state="finished")
    assert results.drop_days(today) == (old + dt.timedelta(days=1),)
    assert hidden_counts([rule.pk]) == {rule.pk: 0}


def test_logs_that_come_late_count_for_the_rule_that_hides_their_lines() -> None:
    made = factories.function()
    rule = rules.add(
        made.pk, name="chatter", kind="pattern", pointer="logs", value="^cache", reason="known", actor="olga"
    )
    held = rules.active(made.pk)
    sides = [factories.observation(side, factories.ORDER) for side in Side]
    waiting = [replace(seen, logs=None) for seen in sides]
    row = evidence.pair(
        factories.run(made),
        position=0,
        title="POST /orders",
        event={},
        first_side=Side.PRIMARY,
        primary=waiting[0],
        candidate=waiting[1],
        compared=comparing.compare(*waiting, rules=held),
    )
    results.write([row])
    assert hidden_counts([rule.pk]) == {rule.pk: 0}

    primary = replace(sides[0], logs=(LogLine(text="stored", level=""),))
    candidate = replace(
        sides[1], logs=(LogLine(text="cache hit", level=""), LogLine(text="stored", level=""))
    )
    for _ in range(2):
        late_logs.complete(Pair.objects.get(), primary, candidate, held, noise.knowledge(made.pk))

    assert hidden_counts([rule.pk]) == {rule.pk: 1}
