"""Runs that only learn noise: AWS twice, FC never, no verdict, and stored pairs compared anew."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator

import pytest

from clouds.simulated.world import World
from cutover.errors import GuardNotMet
from cutover.noise import Reading
from cutover.observation import Side
from migrations_app.models import AuditEntry, FunctionMigration, Pair, Run
from migrations_app.services import deployment, noise, reevaluation, validation
from tests.integration.workers import worlds
from tests.integration.workers.test_cli import cutover
from workers import validation as worker
from workers.runs import late_logs

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr(late_logs, "PATIENCE_S", 0.0)
    with worlds.clouds() as made:
        yield made


def counting(world: World) -> tuple[FunctionMigration, Counter[Side]]:
    """Give a function whose answers carry a number that grows with every call, and its calls by side."""
    calls: Counter[Side] = Counter()

    def behaviour(side: Side, payload: bytes) -> bytes:
        calls[side] += 1
        queue = f"place {calls.total()}"
        return worlds.answer({"name": json.loads(payload)["name"], "queue": queue})

    return worlds.deployed(world, behaviour=behaviour), calls


def test_it_calls_aws_twice_for_each_event_and_fc_never_and_compares_stored_pairs_anew(
    world: World,
) -> None:
    function, calls = counting(world)
    first = validation.start(function.pk, validation.Wanted(learn=0), actor="test", pairs=4)
    worker.carry_out_run(first.pk, owner="test")
    assert Pair.objects.filter(outcome="mismatch").count() == 4
    function.refresh_from_db()
    verdict = function.verdict
    calls.clear()

    run = validation.start_learning(function.pk, actor="test", events=6)
    worker.carry_out_run(run.pk, owner="test")

    run.refresh_from_db()
    function.refresh_from_db()
    assert (run.state, run.learned, run.verdict_result, run.error) == ("finished", 6, "", "")
    assert calls == {Side.PRIMARY: 12}
    assert run.usage["primary"]["requests"] == 12
    assert (function.verdict, function.phase) == (verdict, "deployed")
    assert AuditEntry.objects.get(verb="noise:learned").detail["events"] == 6
    known = {one.field: (one.reading, origin.first[:6]) for one, origin in noise.evidence(function).rows}
    assert known == {"answer /queue": (Reading.NOISE, '"place')}
    reevaluation.run_due()
    assert Pair.objects.filter(outcome="noise").count() == 4
    first.refresh_from_db()
    function.refresh_from_db()
    assert first.outcomes == {"noise": 4}
    assert function.verdict == first.verdict != verdict


def test_it_goes_on_where_a_killed_worker_left_it(world: World) -> None:
    function, calls = counting(world)
    run = validation.start_learning(function.pk, actor="test", events=5)
    Run.objects.filter(pk=run.pk).update(learned=4)
    worker.carry_out_run(run.pk, owner="test")
    run.refresh_from_db()
    assert (run.state, run.learned) == ("finished", 5)
    assert calls == {Side.PRIMARY: 2}


def test_the_command_line_learns_and_waits_and_is_refused_where_aws_may_not_be_called_twice(
    world: World,
) -> None:
    function, _ = counting(world)
    said = cutover("noise", "learn", "hello", "--events", "6", "--json")
    assert (said.code, said.document["learned"]) == (0, 6)
    assert said.document["noise"]["fields"][0]["field"] == "answer /queue"
    deployment.declare(function.pk, effects="isolated", reason="own places", actor="test")
    refused = cutover("noise", "learn", "hello", "--json")
    assert refused.code == 4
    assert "declared isolated" in refused.document["reasons"][0]
    with pytest.raises(GuardNotMet):
        validation.start_learning(function.pk, actor="test", events=1)
