"""Replays compare what can be compared: answers, logs by the id that was reported, effects where they may.

And logs that are late: asked for side by side, kept as they come, and given up with a word.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator

import pytest
from django.test import Client
from django.utils import timezone

from clouds.simulated.world import World
from cutover.errors import Unavailable
from cutover.noise import Field
from cutover.observation import LogLine, Observation, Side
from migrations_app.models import FunctionMigration, LiveObservation, NoiseField, Pair, Run
from migrations_app.services import noise, twins, validation
from migrations_app.services.validation import Wanted
from tests import factories
from tests.integration.workers import worlds
from tests.integration.workers.test_suites import echo, reported
from workers import validation as worker
from workers.runs import late_logs
from workers.runs.calling import Place

pytestmark = pytest.mark.django_db(transaction=True)
EVENTS = [{"name": f"n{number}"} for number in range(4)]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr(late_logs, "PATIENCE_S", 0.0)
    monkeypatch.setattr(late_logs, "LEARNING_PATIENCE_S", 0.0)
    with worlds.clouds() as made:
        yield made


def replayed(function: FunctionMigration) -> Run:
    if not LiveObservation.objects.exists():
        for number, event in enumerate(EVENTS):
            reported(function.pk, event, event, number=number)
    run, _ = validation.start_replay(function.pk, actor="test", events=10)
    return carried_out(run)


def carried_out(run: Run) -> Run:
    worker.carry_out_run(run.pk, owner="test")
    run.refresh_from_db()
    return run


def page(path: str) -> str:
    client = Client()
    client.force_login(factories.person("viewer"))
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def writes(world: World, *, on_fc: str = "") -> None:
    """Let FC write an object that nobody expects."""
    function = FunctionMigration.objects.get()

    def behaviour(_side: Side, payload: bytes) -> bytes:
        if on_fc:
            world.store(Side.CANDIDATE).put(on_fc, json.loads(payload)["name"], b"{}")
        return payload

    world.behaviours[function.target["name"]] = behaviour


def with_bucket(function: FunctionMigration, state: str = "disposable") -> FunctionMigration:
    twins.add(
        function.pk,
        name="out",
        kind="bucket",
        primary="out",
        candidate="out-cn",
        state=state,
        by="" if state in ("disposable", "shared") else "a bridge",
        settings={},
        actor="test",
    )
    return worlds.refreshed(function)


# ------------------------------------------------------------------------------------------------ logs


def test_logs_of_what_was_live_are_found_by_its_request_id_and_compared(world: World) -> None:
    function = worlds.deployed(world, behaviour=echo)
    for number in range(len(EVENTS)):
        lines = [LogLine(text="called", level="INFO")]
        if number == 0:
            lines.append(LogLine(text="stock is low", level="WARN"))
        world.logs[function.name, f"live-{number}"] = tuple(lines)
    run = replayed(function)
    pairs = {pair.primary["request_id"]: pair for pair in Pair.objects.filter(run=run)}
    assert {name: pair.comparison["logs_differ"] for name, pair in pairs.items()} == {
        "live-0": True,
        "live-1": False,
        "live-2": False,
        "live-3": False,
    }
    first = pairs["live-0"]
    (row,) = [row for row in first.comparison["log_rows"] if row["standing"]]
    assert (row["primary"], row["candidate"], row["level"]) == ("stock is low", None, "WARN")
    assert (first.logs_pending, first.comparison["counts"]["counts"]) == (False, 1)
    assert first.comparison["counts"]["equal"] == 2, "the answer and one line"
    assert run.logs_due_at is None


def test_logs_that_lack_are_pending_and_what_came_of_one_side_is_kept(world: World) -> None:
    function = worlds.deployed(world, behaviour=echo)
    world.late_logs |= {function.target["name"]}
    world.logs[function.name, "live-0"] = (LogLine(text="called", level="INFO"),)
    run = replayed(function)
    pairs = {pair.primary["request_id"]: pair for pair in Pair.objects.filter(run=run)}
    states = ("primary_logs", "candidate_logs")
    # One name on both clouds: its logs are late on both.
    assert {tuple(pair.comparison[state] for state in states) for pair in pairs.values()} == {
        ("pending", "pending")
    }
    assert all(pair.logs_pending and pair.comparison["logs_differ"] is None for pair in pairs.values())

    world.late_logs.clear()
    Run.objects.update(logs_due_at=run.created_at)
    assert late_logs.catch_up() == 1
    pairs = {pair.primary["request_id"]: pair for pair in Pair.objects.filter(run=run)}
    assert pairs["live-0"].comparison["logs_differ"] is False
    assert [pairs["live-1"].comparison[state] for state in states] == ["pending", "arrived"]
    assert [line["text"] for line in pairs["live-1"].candidate["logs"]] == ["called"]
    assert pairs["live-1"].logs_pending


def test_logs_that_never_come_are_given_up_with_a_word(world: World) -> None:
    function = worlds.deployed(world, behaviour=echo)
    run = replayed(function)
    assert run.logs_due_at is not None
    Run.objects.update(
        logs_due_at=run.created_at, finished_at=timezone.now() - validation.LOGS_PATIENCE - dt.timedelta(1)
    )
    assert late_logs.catch_up() == 0
    run.refresh_from_db()
    assert run.logs_due_at is None
    for pair in Pair.objects.filter(run=run):
        assert (pair.comparison["primary_logs"], pair.comparison["candidate_logs"]) == ("never", "arrived")
        assert (pair.logs_pending, pair.comparison["log_rows"], pair.outcome) == (False, None, "match")
    body = page(f"/pairs/{pair.pk}/")
    assert "did not come in all the time that they were asked for" in body
    assert "Lacking: AWS." in body


def test_logs_that_a_cancelled_run_lacks_are_asked_for_as_well_and_no_verdict_comes_of_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    function = worlds.deployed(world, behaviour=echo)
    world.late_logs.add(function.name)
    run = validation.start_run(function.pk, actor="test", pairs=12)
    monkeypatch.setattr(
        "workers.runs.learning.settle", lambda lease, _held: validation.cancel_run(lease.run_id, actor="olga")
    )
    carried_out(run)
    assert (run.state, validation.count_pending(run.pk)) == ("cancelled", 12)
    world.late_logs.clear()
    Run.objects.update(logs_due_at=run.created_at)
    assert late_logs.catch_up() == 12
    run.refresh_from_db()
    assert (run.verdict, run.verdict_result, run.logs_due_at) == ({}, "", None)


def test_a_log_store_that_fails_leaves_logs_pending_and_the_answers_evidence(world: World) -> None:
    function = worlds.deployed(world, behaviour=echo)
    world.late_logs.add(function.name)
    world.fail("logs:FilterLogEvents", Unavailable, times=1_000)
    run = carried_out(validation.start_run(function.pk, actor="test", pairs=4))
    assert (run.state, run.outcomes) == ("finished", {"match": 4})
    assert validation.count_pending(run.pk) == 4


# --------------------------------------------------------------------------------------------- effects


def test_what_a_read_only_function_leaves_on_fc_is_a_difference(world: World) -> None:
    function = with_bucket(worlds.deployed(world, behaviour=echo))
    clean = replayed(function)
    assert clean.outcomes == {"match": 4}
    pair = Pair.objects.filter(run=clean)[0]
    assert (pair.comparison["effect_rows"], pair.comparison["effects_differ"]) == ([], False)
    assert "read-only" in pair.primary["facts"]["effects-declared"]

    writes(world, on_fc="out-cn")
    buggy = replayed(function)
    assert buggy.outcomes == {"mismatch": 4}
    pair = Pair.objects.filter(run=buggy)[0]
    assert (pair.first_pointer, pair.blame) == (f"effects/out/{pair.event['name']}", "logic")  # type: ignore[index]
    assert world.function(function.name).calls.total() == 0, "AWS is not called"


@pytest.mark.parametrize(
    ("effects", "state", "why"),
    [
        ("repeatable", "disposable", "only a function that is declared read-only"),
        ("isolated", "disposable", "only a function that is declared read-only"),
        ("read-only", "shared", "where live traffic writes"),
        ("read-only", "both-ways", "where live traffic writes"),
    ],
)
def test_effects_that_cannot_be_compared_are_said_to_be_not_compared(
    world: World, effects: str, state: str, why: str
) -> None:
    function = with_bucket(worlds.deployed(world, behaviour=echo), state)
    FunctionMigration.objects.filter(pk=function.pk).update(effects=effects)
    writes(world, on_fc="out-cn")
    run = replayed(function)
    assert run.outcomes == {"match": 4}
    for pair in Pair.objects.filter(run=run):
        assert (pair.comparison["effect_rows"], pair.comparison["effects_differ"]) == (None, None)
        assert why in pair.primary["facts"]["effects-unread"]
    assert "effects" not in {check["name"] for check in run.verdict["checks"]}
    assert why in run.verdict["effects_not_compared"]
    body = page(f"/pairs/{Pair.objects.filter(run=run)[0].pk}/")
    assert why in body
    assert "Effects were not compared for this pair." in body
    assert why in page(f"/runs/{run.pk}/")


# -------------------------------------------------------------------------------- noise without a call


def test_a_replay_learns_from_what_aws_had_answered_more_than_once_and_calls_nothing_for_it(
    world: World,
) -> None:
    tick = {"tick": True}
    function = worlds.deployed(world, behaviour=lambda _side, _payload: worlds.answer({"left": 99, "ok": 1}))
    FunctionMigration.objects.filter(pk=function.pk).update(effects="isolated")
    for number in range(8):
        reported(function.pk, tick, {"left": number, "ok": 1}, number=number)
    reported(function.pk, tick, {"token": "[redacted]"}, number=8)
    reported(function.pk, {"other": 1}, {"left": 5, "ok": 1}, number=9)
    run, _ = validation.start_replay(function.pk, actor="test", events=10)
    assert carried_out(run).outcomes == {"noise": 2}
    found = noise.evidence(function)
    assert (found.recorded_pairs, found.knowledge.itself) == (7, 7)
    assert [(one.field, one.itself, one.reading.value) for one in found.fields] == [
        ("answer /left", 7, "noise")
    ]
    assert world.function(function.name).calls.total() == 0

    reported(function.pk, tick, {"left": 50, "ok": 1}, number=10)
    LiveObservation.objects.filter(request_id="live-10").update(received_at=timezone.now())
    again, _ = validation.start_replay(function.pk, actor="test", events=10)
    carried_out(again)
    assert noise.evidence(function).recorded_pairs == 8, "each answer is learned from once"


# --------------------------------------------------------------------------------------- noise of logs


def chatty(world: World, *, on_fc: float = 0.5) -> None:
    """Let a line come and go on AWS, and on FC in such a share of the calls."""
    function = FunctionMigration.objects.get()
    calls = dict.fromkeys(Side, 0)

    def behaviour(side: Side, payload: bytes) -> bytes:
        with world.lock:
            calls[side] += 1
            number = calls[side]
        share = 0.5 if side is Side.PRIMARY else on_fc
        world.say(f"order {number} received")
        if int(number * share) > int((number - 1) * share):
            world.say("cache miss, token=s3cr3t")
        return payload

    world.behaviours[function.name] = world.behaviours[function.target["name"]] = behaviour


def test_lines_that_vary_on_aws_itself_are_learned_named_counted_and_noise(world: World) -> None:
    function = worlds.deployed(world, behaviour=echo)
    chatty(world)
    run = carried_out(validation.start(function.pk, Wanted(learn=20), actor="test", pairs=20))
    known = {one.field: one for one in noise.evidence(function).fields}
    assert set(known) == {"log:order # received", "log:cache miss, token[redacted]"}
    assert {one.reading.value for one in known.values()} == {"noise"}
    assert {one.itself_pairs for one in known.values()} == {20}
    assert {one.candidate_pairs for one in known.values()} == {20}
    for pair in Pair.objects.filter(run=run):
        assert (pair.outcome, pair.comparison["logs_differ"]) == ("match", False)
        standings = {row["standing"] for row in pair.comparison["log_rows"]}
        assert standings <= {None, "noise"}, "shown, and not hidden"
    body = page(f"/pairs/{Pair.objects.filter(run=run, comparison__counts__noise__gt=0)[0].pk}/")
    assert "varies on AWS itself" in body
    assert "log:order # received" in body
    assert "s3cr3t" not in json.dumps(list(NoiseField.objects.values("name", "example")))
    assert noise.forget(function.pk, actor="test", name="log:order # received") == 1


def test_a_line_that_fc_writes_more_often_counts_also_in_the_first_pairs(world: World) -> None:
    function = worlds.deployed(world, behaviour=echo)
    chatty(world)
    carried_out(validation.start(function.pk, Wanted(learn=30), actor="test", pairs=1))
    NoiseField.objects.filter(name__startswith="log:cache").update(itself=2)
    chatty(world, on_fc=0.0)
    run = carried_out(validation.start(function.pk, Wanted(learn=0), actor="test", pairs=30))
    differ = Pair.objects.filter(run=run, comparison__logs_differ=True).count()
    assert differ > 10
    reading = {one.field: one.reading.value for one in noise.evidence(function).fields}
    assert reading["log:cache miss, token[redacted]"] == "worse"


def test_logs_that_come_late_are_learned_from_and_counted_when_they_are_in(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    function = worlds.deployed(world, behaviour=echo)
    chatty(world)
    world.late_logs.add(function.name)
    run = carried_out(validation.start(function.pk, Wanted(learn=10), actor="test", pairs=6))
    assert noise.knowledge(function.pk).logs == Field()

    fetch = late_logs.fetch

    def arrived(place: Place, seen: Observation) -> Observation:
        world.late_logs.clear()
        return fetch(place, seen)

    monkeypatch.setattr(late_logs, "fetch", arrived)
    again = carried_out(validation.start(function.pk, Wanted(learn=10), actor="test", pairs=6))
    known = noise.knowledge(function.pk)
    assert known.logs.itself >= 1
    before = known.logs.candidate
    Run.objects.filter(pk=run.pk).update(logs_due_at=run.created_at)
    assert late_logs.catch_up() == 6
    assert noise.knowledge(function.pk).logs.candidate == before + 6
    assert again.state == "finished"
