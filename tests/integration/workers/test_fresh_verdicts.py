"""A verdict drawn anew from history is as fresh as the pairs that it rests on, and no fresher."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone

from clouds.simulated.world import World
from cutover.observation import Side
from migrations_app.models import FunctionMigration, Pair, Run
from migrations_app.selectors.rules import hidden_counts
from migrations_app.services import evidence, guards, inventory, reevaluation, rules, validation
from tests.integration.workers import worlds
from workers import validation as worker

pytestmark = pytest.mark.django_db(transaction=True)

LENIENT = {"mismatch_tolerance": 0.05, "error_margin": 0.05}


@pytest.fixture
def world() -> Iterator[World]:
    with worlds.clouds() as made:
        yield made


def priced(side: Side, payload: bytes) -> bytes:
    """Answer with a total that FC spells as a string."""
    return worlds.answer({"total": 39.8 if side is Side.PRIMARY else "39.80", "word": "fine"})


def compared(world: World, pairs: int) -> tuple[FunctionMigration, Run]:
    """Give a function whose pairs all differ in their total; eighty of them would make a verdict."""
    function = worlds.deployed(world, behaviour=priced)
    FunctionMigration.objects.filter(pk=function.pk).update(policy=LENIENT)
    run = validation.start_run(function.pk, actor="test", pairs=pairs)
    worker.carry_out_run(run.pk, owner="test")
    return worlds.refreshed(function), Run.objects.get(pk=run.pk)


def accepted(function: FunctionMigration, pointer: str = "/total", **changes: Any) -> int:
    values: dict[str, Any] = {"name": f"of {pointer}", "kind": "ignore", "reason": "known", "actor": "olga"}
    return rules.add(function.pk, pointer=pointer, **values | changes).pk


def stale(function: FunctionMigration) -> bool:
    return evidence.is_stale(worlds.refreshed(function), now=timezone.now(), max_age_s=3600)


def test_a_rule_that_is_saved_turns_fail_into_a_fresh_pass_that_may_shift_and_back(world: World) -> None:
    function, run = compared(world, 80)
    assert (function.verdict_result, function.phase) == ("fail", "deployed")
    key = accepted(function)
    assert stale(function)
    sentences = [guard.sentence for guard in guards.shift_reasons(worlds.refreshed(function), 100)]
    assert any("not validated" in one for one in sentences)
    assert hidden_counts([key]) == {key: 0}

    assert reevaluation.run_due(seconds=60) == 80

    after = worlds.refreshed(function)
    assert (after.verdict_result, after.phase) == ("pass", "validated")
    assert not stale(function)
    assert after.verdict_at == run.finished_at
    assert guards.shift_reasons(after, 100) == ()
    assert hidden_counts([key, 4711]) == {key: 80, 4711: 0}

    rules.retire(key, actor="olga")
    waiting = guards.shift_reasons(worlds.refreshed(function), 100)
    assert [guard.sentence for guard in waiting] == [
        "Its stored pairs are being compared anew, since its rules changed. Wait for that."
    ]
    reevaluation.run_due(seconds=60)
    again = worlds.refreshed(function)
    assert (again.verdict_result, again.phase, stale(function)) == ("fail", "deployed", False)
    assert hidden_counts([key]) == {key: 0}


def test_it_stays_stale_where_the_function_changed_since(world: World) -> None:
    function, run = compared(world, 6)
    changes: list[dict[str, Any]] = [
        {"code_sha256": "other"},
        {"role": "arn:aws:iam::1:role/other"},
        {"environment": {"MODE": "hash"}},
    ]
    for place, facts in enumerate(changes):
        FunctionMigration.objects.filter(pk=function.pk).update(facts={**function.facts, **facts})
        accepted(function, name=f"rule {place}")

        assert reevaluation.run_due(seconds=60) == 6

        anew = Run.objects.get(pk=run.pk)
        assert anew.outcomes == {"ignored": 6}
        assert stale(function)
        assert (anew.basis_digest, worlds.refreshed(function).phase) == (run.basis_digest, "deployed")


def test_it_becomes_stale_when_code_changes_afterwards(world: World) -> None:
    function, _ = compared(world, 6)
    accepted(function)
    reevaluation.run_due(seconds=60)
    assert not stale(function)
    facts = {**function.facts, "code_sha256": "other"}
    FunctionMigration.objects.filter(pk=function.pk).update(facts=facts)
    assert stale(function)


def test_a_rule_that_touches_no_pair_leaves_the_verdict_fresh(world: World) -> None:
    function, run = compared(world, 6)
    accepted(function, pointer="/elsewhere")
    reevaluation.run_due(seconds=60)
    after = worlds.refreshed(function)
    assert not stale(function)
    assert after.verdict["checks"] == run.verdict["checks"]


def test_a_rule_saved_while_a_validation_waits_costs_no_second_one(world: World) -> None:
    function = worlds.deployed(world, behaviour=priced)
    FunctionMigration.objects.filter(pk=function.pk).update(policy=LENIENT)
    run = validation.start_run(function.pk, actor="test", pairs=80)
    accepted(function)
    assert reevaluation.run_due(seconds=60) == 0
    worker.carry_out_run(run.pk, owner="test")
    assert stale(function)

    function.reevaluation.refresh_from_db()
    function.reevaluation.due_at = timezone.now()
    function.reevaluation.save()
    reevaluation.run_due(seconds=60)

    after = worlds.refreshed(function)
    assert (after.verdict_result, after.phase, stale(function)) == ("pass", "validated", False)


def test_pairs_that_lean_on_a_retired_rule_and_cannot_be_compared_anew_keep_it_stale(world: World) -> None:
    function, run = compared(world, 6)
    key = accepted(function)
    reevaluation.run_due(seconds=60)
    cut = Pair.objects.get(run=run, position=3)
    Pair.objects.filter(pk=cut.pk).update(candidate=cut.candidate | {"truncated": True})

    accepted(function, pointer="/word")
    reevaluation.run_due(seconds=60)
    assert not stale(function)

    rules.retire(key, actor="olga")
    reevaluation.run_due(seconds=60)
    assert Pair.objects.get(pk=cut.pk).outcome == "ignored"
    assert stale(function)


def test_suite_runs_and_replays_stay_evidence_together(world: World) -> None:
    function, run = compared(world, 6)
    replay = Run.objects.get(pk=run.pk)
    replay.pk, replay.kind = uuid.uuid4(), Run.Kind.REPLAY
    replay.save(force_insert=True)
    assert evidence.beside(run) == replay
    accepted(function)
    reevaluation.run_due(seconds=60)
    run.refresh_from_db()
    assert evidence.beside(run) == replay
    assert run.basis_digest == inventory.evidence_digest(worlds.refreshed(function))
