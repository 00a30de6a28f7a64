"""What `watch` makes of the messages of taps and relays."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from clouds.simulated.world import World
from cutover.errors import BadInput
from cutover.observation import Side
from migrations_app.models import AuditEntry, FunctionMigration, LiveObservation, Operation, TrafficSlot
from migrations_app.services import live, shifting, slots
from tests.integration.workers import worlds
from workers import wiring
from workers.watch import queues, reconcile, traffic, way_back
from workers.watch.reports import read_report

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("CUTOVER_RELAY_ACCESS_KEY_ID", "relay")
    monkeypatch.setenv("CUTOVER_RELAY_ACCESS_KEY_SECRET", "relay-secret")
    way_back.forget()
    with worlds.clouds() as made:
        yield made


class FailingOnDemand:
    """Answers well, but on FC fails every n-th time once it is told to."""

    def __init__(self, every: int) -> None:
        self.every, self.calls, self.on, self.on_aws = every, 0, False, False

    def __call__(self, side: Side, payload: bytes) -> bytes:
        if self.on_aws and side is Side.PRIMARY:
            raise ValueError("AWS fails as well")
        if self.on and side is Side.CANDIDATE:
            self.calls += 1
            if self.calls % self.every == 0:
                raise ValueError("no order 4711")
        return payload


def drained(function: FunctionMigration) -> FunctionMigration:
    """Let the queue's round run until the queue is empty."""
    while queues.consume(function.connection_id, wait_s=0):
        pass
    return worlds.refreshed(function)


def test_events_are_recorded_rolled_up_and_folded_into_the_step(world: World) -> None:
    function = worlds.shifted(worlds.validated(world), 2_500)
    worlds.call(function, 40)
    after = drained(function)
    assert LiveObservation.objects.count() == 40
    assert (after.step_candidate_events, after.step_primary_events) == (10, 30)
    assert sum(TrafficSlot.objects.values_list("events", flat=True)) == 40
    assert after.live_result in {"inconclusive", "pass"}
    assert not world.queues[after.connection.queue_url]


def test_it_rolls_a_failing_function_back_at_once_and_says_why(world: World) -> None:
    behaviour = FailingOnDemand(5)
    function = worlds.shifted(worlds.validated(world, behaviour=behaviour), 2_500)
    behaviour.on = True
    for _ in range(60):
        worlds.call(function, 20)
        if drained(function).phase == "rolled-back":
            break
    after = worlds.refreshed(function)
    assert after.phase == "rolled-back"
    assert worlds.alias(world, function) == ("1", {})
    operation = after.operations.get(kind="rollback")
    assert operation.asked_by == "watch"
    assert "events on FC failed" in operation.reason
    evidence = operation.evidence
    assert evidence["sentence"] == operation.reason
    proving = LiveObservation.objects.filter(pk__in=evidence["observations"])
    assert proving
    assert {one.error for one in proving} == {True}
    observed, received, decided = (
        dt.datetime.fromisoformat(evidence[name]) for name in ("observed_at", "received_at", "decided_at")
    )
    # The simulated relay says one millisecond for its way, whatever it took.
    assert observed - dt.timedelta(milliseconds=1) <= received <= decided
    assert (after.desired_weight_bp, after.observed_weight_bp) == (0, 0)


def test_it_rolls_back_at_full_weight_too(world: World) -> None:
    behaviour = FailingOnDemand(3)
    function = worlds.shifted(worlds.validated(world, behaviour=behaviour), 5_000)
    worlds.call(function, 100)
    drained(function)
    function = worlds.shifted(worlds.refreshed(function), 10_000)
    behaviour.on = True
    for _ in range(20):
        worlds.call(function, 10)
        if drained(function).phase == "rolled-back":
            break
    assert worlds.refreshed(function).phase == "rolled-back"
    assert worlds.alias(world, function) == ("1", {})


def test_a_hold_does_not_stop_the_way_back(world: World) -> None:
    behaviour = FailingOnDemand(2)
    function = worlds.shifted(worlds.validated(world, behaviour=behaviour), 5_000)
    shifting.hold(function.pk, actor="test", reason="lunch")
    behaviour.on = True
    worlds.call(function, 60)
    assert drained(function).phase == "rolled-back"


def test_it_asks_a_person_instead_when_aws_fails_as_well(world: World) -> None:
    behaviour = FailingOnDemand(1)
    function = worlds.shifted(worlds.validated(world, behaviour=behaviour), 5_000)
    behaviour.on = True
    worlds.call(function, 10)
    slot = slots.start_of(timezone.now())
    TrafficSlot.objects.filter(function=function, side="primary").delete()
    TrafficSlot.objects.create(function=function, side="primary", at=slot, events=1000, errors=900)
    after = drained(function)
    if after.live_result != "fail":
        worlds.call(function, 20)
        after = drained(function)
    assert after.live_result == "fail"
    assert after.phase == "shifting"
    assert "person" in after.advice
    assert AuditEntry.objects.filter(verb="escalate").count() == 1
    assert not Operation.objects.filter(kind="rollback").exists()


def test_a_message_that_comes_twice_counts_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    function = worlds.shifted(worlds.validated(world), 5_000)
    worlds.call(function, 10)
    messages = dict(world.queues[function.connection.queue_url])
    drained(function)
    world.queues[function.connection.queue_url].update(messages)
    world.received.clear()
    after = drained(function)
    assert LiveObservation.objects.count() == 10
    assert after.step_candidate_events + after.step_primary_events == 10


def test_a_kill_between_recording_and_deleting_loses_nothing(world: World) -> None:
    function = worlds.shifted(worlds.validated(world), 5_000)
    worlds.call(function, 8)

    class KilledError(BaseException):
        pass

    def kill(operation: str, point: str) -> None:
        if operation == "sqs:DeleteMessageBatch" and point == "before":
            raise KilledError

    world.on_kill = kill
    with pytest.raises(KilledError):
        queues.consume(function.connection_id, wait_s=0)
    world.on_kill = None
    assert len(world.queues[function.connection.queue_url]) == 8
    world.received.clear()
    after = drained(function)
    assert LiveObservation.objects.count() == 8
    assert after.step_candidate_events + after.step_primary_events == 8
    assert not world.queues[function.connection.queue_url]


def test_a_kill_between_judging_and_rolling_back_is_made_good(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    behaviour = FailingOnDemand(1)
    function = worlds.shifted(worlds.validated(world, behaviour=behaviour), 5_000)
    behaviour.on = True
    worlds.call(function, 40)
    messages = wiring.primary(function.connection).queue.receive(
        function.connection.queue_url, wait_s=0, at_most=10
    )
    for _ in range(4):
        live.record(
            function.connection_id,
            [read_report(message.body) for message in messages],
            received_at=timezone.now(),
        )
        wiring.primary(function.connection).queue.delete(
            function.connection.queue_url, [message.receipt for message in messages]
        )
        messages = wiring.primary(function.connection).queue.receive(
            function.connection.queue_url, wait_s=0, at_most=10
        )
    assert worlds.refreshed(function).live_result == "fail"
    traffic.consider_all()
    assert worlds.refreshed(function).phase == "rolled-back"


def test_events_of_an_earlier_step_are_kept_but_decide_nothing(world: World) -> None:
    function = worlds.shifted(worlds.validated(world), 5_000)
    worlds.call(function, 6)
    FunctionMigration.objects.filter(pk=function.pk).update(
        step_started_at=timezone.now() + timedelta(minutes=1)
    )
    after = drained(function)
    assert LiveObservation.objects.count() == 6
    assert (after.step_candidate_events, after.step_primary_events) == (0, 0)


def test_a_good_function_climbs_the_ladder_to_the_end(world: World) -> None:
    function = worlds.shifted(worlds.validated(world), 0, ladder=[100, 2_500, 10_000])
    seen = [function.desired_weight_bp]
    for _ in range(30):
        worlds.call(function, 600 if function.desired_weight_bp < 1_000 else 30)
        function = drained(function)
        traffic.consider_all()
        for operation in function.operations.filter(state="pending"):
            worlds.carried_out(operation)
        function = worlds.refreshed(function)
        if function.desired_weight_bp != seen[-1]:
            seen.append(function.desired_weight_bp)
        if function.phase == "cut-over":
            break
    assert seen == [100, 2_500, 10_000]
    assert function.phase == "cut-over"
    relay = function.routing["relay_version"]
    assert worlds.alias(world, function) == (relay, {})


def test_it_says_what_is_missing_and_leaves_hand_set_weights_alone(world: World) -> None:
    function = worlds.shifted(worlds.validated(world), 500)
    traffic.consider_all()
    assert "5 more events on FC are needed" in worlds.refreshed(function).advice
    worlds.call(function, 200)
    drained(function)
    traffic.consider_all()
    after = worlds.refreshed(function)
    assert after.advice.startswith("Set by hand: 5% stays")
    assert after.desired_weight_bp == 500


def test_a_held_function_does_not_climb(world: World) -> None:
    function = worlds.shifted(worlds.validated(world), 0, ladder=[5_000, 10_000])
    shifting.hold(function.pk, actor="test", reason="release freeze")
    worlds.call(function, 40)
    drained(function)
    traffic.consider_all()
    after = worlds.refreshed(function)
    assert after.desired_weight_bp == 5_000
    assert after.advice.startswith("Held")


def test_trouble_with_one_function_is_shown_on_it_and_does_not_stop_the_others(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = worlds.shifted(worlds.validated(world, "bad"), 5_000)
    good = worlds.shifted(worlds.validated(world, "good"), 5_000)
    FunctionMigration.objects.filter(pk=bad.pk).update(ladder=[5, 4])
    traffic.consider_all()
    assert worlds.refreshed(bad).live_result == "error"
    assert worlds.refreshed(good).advice


def test_the_reconciler_shows_a_weight_that_somebody_else_set(world: World) -> None:
    function = worlds.shifted(worlds.validated(world), 500)
    relay = function.routing["relay_version"]
    world.function(function.name).aliases["live"].weights[relay] = 7_000
    changed = reconcile.reconcile()
    after = worlds.refreshed(function)
    assert changed == (function.pk,)
    assert (after.desired_weight_bp, after.observed_weight_bp) == (500, 7_000)


def test_a_reading_that_comes_late_does_not_overwrite_a_newer_one(world: World) -> None:
    function = worlds.shifted(worlds.validated(world), 500)
    shifting.record_weight(function.pk, 0)
    assert live.confirm_weight(function, 500, read_at=timezone.now()) is False
    assert worlds.refreshed(function).observed_weight_bp == 0


@pytest.mark.parametrize(
    "body",
    [
        b"not json",
        b"[]",
        b'{"v": 2}',
        b'{"v": 1, "side": "middle", "function": "f", "request_id": "r", "at": "2026-01-01T00:00:00Z"}',
        b'{"v": 1, "side": "primary", "function": "f", "request_id": "", "at": "2026-01-01T00:00:00Z"}',
    ],
)
def test_what_is_no_report_is_refused(body: bytes) -> None:
    with pytest.raises(BadInput):
        read_report(body)


def test_a_message_that_is_no_report_is_dropped_and_the_rest_is_kept(world: World) -> None:
    function = worlds.shifted(worlds.validated(world), 5_000)
    world.queues[function.connection.queue_url]["poison"] = b"\x00"
    worlds.call(function, 3)
    drained(function)
    assert LiveObservation.objects.count() == 3
    assert not world.queues[function.connection.queue_url]


def test_secrets_in_reported_events_are_not_stored(world: World) -> None:
    function = worlds.shifted(worlds.validated(world), 5_000)
    event: dict[str, Any] = {"name": "Ada", "headers": {"authorization": "Bearer s3cr3t"}}
    worlds.call(function, 2, event=event)
    drained(function)
    stored = list(LiveObservation.objects.values_list("event", "answer"))
    assert "s3cr3t" not in json.dumps(stored)


def test_a_backlog_is_recorded_in_one_round(world: World) -> None:
    function = worlds.shifted(worlds.validated(world), 2_500)
    worlds.call(function, 60)
    assert queues.consume(function.connection_id, wait_s=0) == (function.pk,)
    assert LiveObservation.objects.filter(function=function).count() == 60
    assert queues.consume(function.connection_id, wait_s=0) == ()


def test_a_queue_that_answers_slowly_does_not_delay_the_judgement(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    function = worlds.shifted(worlds.validated(world), 2_500)
    worlds.call(function, 60)
    monkeypatch.setattr(queues, "GATHER_LIMIT_S", 0.0)
    assert queues.consume(function.connection_id, wait_s=0) == (function.pk,)
    assert LiveObservation.objects.filter(function=function).count() == queues.BATCH
