"""Validation runs on simulated clouds and a real database."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from clouds.simulated.world import World
from cutover.errors import BadInput, GuardNotMet, NoAnswer, OperationRunning, StaleState
from cutover.observation import Side
from migrations_app.models import FunctionMigration, Pair, Run, SuiteEvent
from migrations_app.services import rules, rules_trials, suites, validation
from tests.integration.workers import worlds
from workers import validation as worker
from workers.runs import late_logs

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world() -> Iterator[World]:
    with worlds.clouds() as made:
        yield made


def greeting(_side: Side, payload: bytes) -> bytes:
    return worlds.answer({"greeting": f"Hello, {json.loads(payload)['name']}"})


def undefined_on_fc(side: Side, payload: bytes) -> bytes:
    name = json.loads(payload)["name"] if side is Side.PRIMARY else "undefined"
    return worlds.answer({"greeting": f"Hello, {name}"})


def failing_on_fc(side: Side, payload: bytes) -> bytes:
    if side is Side.CANDIDATE:
        raise ValueError("no such thing")
    return payload


def carried_out(function: FunctionMigration, pairs: int) -> Run:
    run = validation.start_run(function.pk, actor="test", pairs=pairs)
    worker.carry_out_run(run.pk, owner="test")
    run.refresh_from_db()
    return run


def test_it_validates_a_function_whose_answers_agree(world: World) -> None:
    function = worlds.deployed(world, behaviour=greeting)
    run = carried_out(function, 320)
    assert (run.state, run.verdict_result, run.done_pairs) == ("finished", "pass", 320)
    assert run.outcomes == {"match": 320}
    after = worlds.refreshed(function)
    assert (after.phase, after.verdict_result) == ("validated", "pass")
    assert after.evidence_digest == run.basis_digest


def test_it_stays_inconclusive_and_says_how_many_pairs_are_missing(world: World) -> None:
    function = worlds.deployed(world, behaviour=greeting)
    run = carried_out(function, 30)
    assert run.verdict_result == "inconclusive"
    assert run.verdict["needed"] > 0
    assert worlds.refreshed(function).phase == "deployed"


def test_it_fails_a_function_that_answers_differently_and_names_the_pairs(world: World) -> None:
    function = worlds.deployed(world, behaviour=undefined_on_fc)
    run = carried_out(function, 60)
    assert run.verdict_result == "fail"
    explaining = Pair.objects.filter(pk__in=run.verdict["explains_pairs"])
    assert explaining
    assert {pair.outcome for pair in explaining} == {"mismatch"}
    assert "/greeting" in explaining[0].sentence
    assert worlds.refreshed(function).phase == "deployed"


def test_a_failed_validation_takes_an_earlier_one_back(world: World) -> None:
    function = worlds.deployed(world, behaviour=greeting)
    carried_out(function, 320)
    world.behaviours[function.target["name"]] = failing_on_fc
    run = carried_out(worlds.refreshed(function), 60)
    assert run.verdict_result == "fail"
    assert set(run.outcomes) == {"candidate-error"}
    assert worlds.refreshed(function).phase == "deployed"


def test_each_side_goes_first_about_as_often(world: World) -> None:
    function = worlds.deployed(world, behaviour=greeting)
    run = carried_out(function, 100)
    first = Counter(Pair.objects.filter(run=run).values_list("first_side", flat=True))
    assert min(first["primary"], first["candidate"]) > 25


def test_warm_up_calls_are_counted_apart_from_pairs(world: World) -> None:
    function = worlds.deployed(world, behaviour=greeting)
    run = carried_out(function, 10)
    assert run.done_pairs == 10
    assert run.verdict["warm_up_calls"] == 2 * worker.THREADS


class KilledError(BaseException):
    """Stands for a kill -9: nothing catches it on its way."""


def test_a_killed_worker_leaves_a_run_that_goes_on_and_calls_nothing_twice(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: Counter[tuple[Side, str]] = Counter()

    def counting(side: Side, payload: bytes) -> bytes:
        calls[side, json.loads(payload)["name"]] += 1
        return greeting(side, payload)

    events: list[object] = [{"name": f"n{number}"} for number in range(60)]
    function = worlds.deployed(world, behaviour=counting, events=events)
    run = validation.start_run(function.pk, actor="test", pairs=60)
    flushes = 0
    store = validation.store_pairs

    def store_until_killed(lease: validation.RunLease, rows: list[Pair], **begun: Any) -> Run:
        nonlocal flushes
        flushes += 1
        if flushes == 3:
            raise KilledError
        return store(lease, rows, **begun)

    monkeypatch.setattr(worker, "_warm_up", lambda *_: 0)
    monkeypatch.setattr(validation, "store_pairs", store_until_killed)
    with pytest.raises(KilledError):
        worker.carry_out_run(run.pk, owner="killed")
    run.refresh_from_db()
    in_flight = list(run.in_flight)
    assert 0 < len(in_flight) <= 2 * worker.THREADS
    assert run.done_pairs + len(in_flight) < 60
    assert worker.run_due("too early") is None

    monkeypatch.setattr(validation, "store_pairs", store)
    Run.objects.filter(pk=run.pk).update(due_at=run.created_at)
    finished = worker.run_due("next")

    assert finished is not None
    assert (finished.state, finished.wanted_pairs) == ("finished", 60 + len(in_flight))
    assert finished.outcomes == {"match": 60, "not-comparable": len(in_flight)}
    positions = sorted(Pair.objects.filter(run=run).values_list("position", flat=True))
    assert positions == list(range(60 + len(in_flight)))
    lost = Pair.objects.filter(run=run, outcome="not-comparable")
    assert sorted(lost.values_list("position", flat=True)) == in_flight
    again = {f"n{position % 60}" for position in range(60, 60 + len(in_flight))}
    assert {name for (_, name), times in calls.items() if times > 1} <= again


def test_a_run_that_ends_worker_after_worker_is_stopped_and_says_so(world: World) -> None:
    function = worlds.deployed(world, behaviour=greeting)
    run = validation.start_run(function.pk, actor="test", pairs=60)
    Run.objects.filter(pk=run.pk).update(fence=validation.MOST_WORKERS, in_flight=[0, 1])
    worker.carry_out_run(run.pk, owner="test")
    run.refresh_from_db()
    assert (run.state, run.verdict_result) == ("failed", "error")
    assert "Worker after worker" in run.error


def test_a_run_stops_at_its_budget_and_says_what_both_sides_used(world: World) -> None:
    function = worlds.deployed(world, behaviour=greeting)
    whole = carried_out(function, 100)
    used = whole.usage["primary"]["gb_seconds"] + whole.usage["candidate"]["gb_seconds"]
    assert whole.usage["primary"]["requests"] == whole.usage["candidate"]["requests"] == 100
    assert used > 0
    run = validation.start_run(function.pk, actor="test", pairs=100, budget_gb_s=used / 10)
    worker.carry_out_run(run.pk, owner="test")
    run.refresh_from_db()
    assert run.state == "finished"
    assert 10 <= run.done_pairs < 100


def test_logs_that_come_late_are_pending_and_then_compared_and_judged(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(late_logs, "PATIENCE_S", 0.0)
    function = worlds.deployed(world, behaviour=greeting)
    world.late_logs.add(function.name)
    run = carried_out(function, 12)
    pairs = Pair.objects.filter(run=run)
    assert (run.state, run.outcomes) == ("finished", {"match": 12})
    assert {pair.comparison["log_rows"] for pair in pairs} == {None}
    assert pairs.filter(logs_pending=True).count() == 12
    assert run.logs_due_at is not None

    assert late_logs.catch_up() == 0, "not due yet"
    Run.objects.update(logs_due_at=run.created_at)
    assert late_logs.catch_up() == 0, "still late"
    run.refresh_from_db()
    assert run.logs_due_at is not None

    world.late_logs.clear()
    Run.objects.update(logs_due_at=run.created_at)
    assert late_logs.catch_up() == 12
    run.refresh_from_db()
    assert run.logs_due_at is None
    assert not pairs.filter(logs_pending=True).exists()
    row = Pair.objects.filter(run=run)[0]
    assert row.comparison["logs_differ"] is False
    assert row.comparison["primary_logs"] == "arrived"
    assert [line["text"] for line in row.primary["logs"]] == ["called"]
    assert worlds.refreshed(function).verdict == run.verdict


@pytest.mark.parametrize(("name", "value"), [("concurrency", 0), ("concurrency", 65), ("budget_gb_s", 0.0)])
def test_a_run_with_bounds_that_make_no_sense_is_refused(world: World, name: str, value: float) -> None:
    function = worlds.deployed(world, behaviour=greeting)
    with pytest.raises(BadInput):
        validation.start_run(function.pk, actor="test", **{name: value})  # type: ignore[arg-type]
    assert not Run.objects.exists()


def test_two_workers_race_and_one_carries_the_run_out(world: World) -> None:
    function = worlds.deployed(world, behaviour=greeting)
    run = validation.start_run(function.pk, actor="test", pairs=10)
    first = validation.claim_run(owner="first", run_id=run.pk)
    assert first is not None
    assert worker.carry_out_run(run.pk, owner="second") is None


def test_a_cancelled_run_stops_after_its_batch_and_draws_no_verdict(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    function = worlds.deployed(world, behaviour=greeting)
    run = validation.start_run(function.pk, actor="test", pairs=200)
    store = validation.store_pairs

    def store_then_cancel(lease: validation.RunLease, rows: list[Pair], **begun: Any) -> Run:
        stored = store(lease, rows, **begun)
        if rows:
            validation.cancel_run(run.pk, actor="somebody")
        return stored

    monkeypatch.setattr(validation, "store_pairs", store_then_cancel)
    assert worker.carry_out_run(run.pk, owner="test") is None
    run.refresh_from_db()
    assert (run.state, run.verdict_result) == ("cancelled", "")
    assert 0 < run.done_pairs == Pair.objects.filter(run=run).count() < 200
    with pytest.raises(StaleState):
        validation.cancel_run(run.pk, actor="somebody")


def test_a_cloud_that_does_not_answer_at_all_ends_the_run_and_keeps_the_verdict(world: World) -> None:
    function = worlds.deployed(world, behaviour=greeting)
    carried_out(function, 320)
    world.fail("fc:InvokeFunction", NoAnswer, times=1000)
    run = carried_out(worlds.refreshed(function), 60)
    assert (run.state, run.verdict_result) == ("failed", "error")
    assert run.error
    assert worlds.refreshed(function).verdict_result == "pass"


def test_it_refuses_without_events_or_a_declaration_and_says_how_to_clear_it(world: World) -> None:
    function = worlds.assessed(world)
    with pytest.raises(GuardNotMet) as refused:
        validation.start_run(function.pk, actor="test")
    sentences = " ".join(refused.value.reasons)
    for word in ("Deploy", "Declare", "Import"):
        assert word in sentences
    assert not Run.objects.exists()


def test_a_second_validation_waits_for_the_first(world: World) -> None:
    function = worlds.deployed(world, behaviour=greeting)
    validation.start_run(function.pk, actor="test")
    with pytest.raises(OperationRunning):
        validation.start_run(function.pk, actor="other")


def test_a_repeated_key_gives_the_same_run(world: World) -> None:
    function = worlds.deployed(world, behaviour=greeting)
    one = validation.start_run(function.pk, actor="test", idempotency_key="click")
    two = validation.start_run(function.pk, actor="test", idempotency_key="click")
    assert one.pk == two.pk


def test_a_function_that_was_rolled_back_is_reopened_by_a_validation(world: World) -> None:
    function = worlds.deployed(world, behaviour=greeting)
    FunctionMigration.objects.filter(pk=function.pk).update(phase="rolled-back")
    validation.start_run(function.pk, actor="test", reason="fixed")
    after = worlds.refreshed(function)
    assert after.phase == "deployed"
    assert after.phase_changes.first().trigger == "reopen"  # type: ignore[union-attr]


def test_evidence_on_something_that_changed_meanwhile_moves_nothing(world: World) -> None:
    function = worlds.deployed(world, behaviour=greeting)
    run = validation.start_run(function.pk, actor="test", pairs=320)
    FunctionMigration.objects.filter(pk=function.pk).update(deployment={"version": "1", "arn": "x"})
    Run.objects.filter(pk=run.pk).update(basis_digest="of another time")
    worker.carry_out_run(run.pk, owner="test")
    after = worlds.refreshed(function)
    assert (after.phase, after.verdict_result) == ("deployed", "pass")


def test_secrets_reach_neither_suite_nor_pairs(world: World) -> None:
    def leaky(_side: Side, payload: bytes) -> bytes:
        return worlds.answer({"name": json.loads(payload)["name"], "session_token": "s3cr3t-answer"})

    event = {
        "name": "Ada",
        "headers": {"Authorization": "Bearer s3cr3t-event"},
        "body": '{"password": "s3cr3t"}',
    }
    function = worlds.deployed(world, behaviour=leaky, events=[event])
    run = carried_out(function, 5)
    stored = list(SuiteEvent.objects.values_list("event", flat=True))
    pairs = list(Pair.objects.filter(run=run).values_list("event", "primary", "candidate", "comparison"))
    assert "s3cr3t" not in json.dumps([stored, pairs], default=str)
    assert stored[0]["name"] == "Ada"
    assert run.outcomes == {"match": 5}


def test_a_large_answer_is_capped_with_its_hash_and_length(world: World) -> None:
    body = worlds.answer({"text": "ä" * 100_000})
    function = worlds.deployed(world, behaviour=lambda _side, _payload: body)
    run = carried_out(function, 1)
    stored = Pair.objects.get(run=run).primary
    assert stored["truncated"] is True
    assert stored["payload_bytes"] == len(body)
    assert len(stored["payload_text"].encode()) <= 65_536


def test_bytes_that_are_no_text_are_kept_as_base64(world: World) -> None:
    function = worlds.deployed(world, behaviour=lambda _side, _payload: b"\xff\xfe\x00")
    run = carried_out(function, 1)
    assert Pair.objects.get(run=run).primary["payload_base64"] == "//4A"


def test_a_rule_makes_a_difference_ignored_and_its_preview_says_so_beforehand(world: World) -> None:
    function = worlds.deployed(world, behaviour=undefined_on_fc)
    carried_out(function, 12)
    effect = rules_trials.preview(function, name="greeting", kind="ignore", pointer="/greeting")
    assert (effect.pairs, effect.changed) == (12, 12)
    row = rules.add(
        function.pk, name="greeting", kind="ignore", pointer="/greeting", reason="known", actor="test"
    )
    assert carried_out(worlds.refreshed(function), 12).outcomes == {"ignored": 12}
    rules.retire(row.pk, actor="test", reason="fixed now")
    assert carried_out(worlds.refreshed(function), 12).outcomes == {"mismatch": 12}


@pytest.mark.parametrize(
    ("kind", "pointer", "value"),
    [
        ("ignore", "greeting", ""),
        ("ignore", "", ""),
        ("mask", "/greeting", "("),
        ("tolerance", "/total", "a little"),
        ("tolerance", "/total", "-1"),
        ("forget", "/total", ""),
    ],
)
def test_a_rule_that_cannot_be_used_is_refused(world: World, kind: str, pointer: str, value: str) -> None:
    function = worlds.assessed(world)
    with pytest.raises(BadInput):
        rules.add(
            function.pk, name="r", kind=kind, pointer=pointer, value=value, reason="because", actor="test"
        )


def test_an_empty_suite_is_refused(world: World) -> None:
    function = worlds.assessed(world)
    with pytest.raises(BadInput):
        suites.import_events(function.pk, [], actor="test")
