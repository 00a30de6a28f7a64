"""The engine on simulated clouds: each operation as planned, and each kind of trouble to a defined end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from clouds.simulated.world import World
from migrations_app.models import FunctionMigration, Operation, OperationState
from migrations_app.services import deployment, operations, restoration, rollback, shifting
from tests.integration.workers import journey
from tests.integration.workers.worlds import clouds, refreshed
from workers import engine

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _relay_key(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in journey.RELAY_KEY.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def world() -> Iterator[World]:
    with clouds() as made:
        yield made


def test_it_goes_the_whole_way_and_back(world: World) -> None:
    function = journey.decommissioned(world)
    assert function.phase == "decommissioned"
    assert "hello" not in world.functions
    journey.done(restoration.start(function.pk, actor="ann", reason="needed again"))
    function = refreshed(function)
    assert function.phase == "rolled-back"
    assert world.functions["hello"].aliases["live"].version == function.routing["original_version"]
    rollback.reopen(function.pk, actor="ann", reason="once more")
    assert refreshed(function).phase == "deployed"
    assert world.repeated() == []


def test_a_deploy_leaves_aws_alone(world: World) -> None:
    before = world.functions.get("hello")
    function = journey.deployed(world)
    assert function.phase == "deployed"
    assert before is None
    assert [effect for effect in world.effects if effect.operation.startswith("lambda:")] == []
    assert function.deployment["version"] == world.candidates["hello"].aliases["live"]


def test_a_shift_leaves_latest_as_it_was_and_the_alias_at_the_weight(world: World) -> None:
    function = journey.shifted(world)
    there = world.functions["hello"]
    original = there.versions["1"]
    assert (there.latest.fields, there.latest.package) == (original.fields, original.package)
    assert there.aliases["live"].version == function.routing["tap_version"]
    assert there.aliases["live"].weights == {function.routing["relay_version"]: 100}
    assert there.aliases["cutover-original"].version == "1"
    assert function.phase == "shifting"
    assert (function.desired_weight_bp, function.observed_weight_bp) == (100, 100)
    assert function.connection.queue_url in world.queues


def test_a_climb_sends_one_update_alias_and_nothing_else(world: World) -> None:
    function = journey.shifted(world)
    seen = len(world.effects)
    journey.done(shifting.start(function.pk, to_bp=10_000, actor="ann", reason="all"))
    assert [effect.operation for effect in world.effects[seen:]] == ["lambda:UpdateAlias"]
    assert world.functions["hello"].aliases["live"].version == function.routing["relay_version"]
    assert refreshed(function).observed_weight_bp == 10_000


def test_a_rollback_sends_the_original_and_empty_weights(world: World) -> None:
    function = journey.shifted(world, to_bp=2500)
    journey.done(rollback.request(function.pk, actor="ann", reason="back"))
    function = refreshed(function)
    alias = world.functions["hello"].aliases["live"]
    assert (alias.version, alias.weights) == ("1", {})
    assert function.phase == "rolled-back"
    assert (function.desired_weight_bp, function.observed_weight_bp, function.ladder) == (0, 0, [])
    assert function.rollback_report["automatic"] is False


def test_after_a_rollback_the_same_relay_is_used_again(world: World) -> None:
    function = journey.shifted(world)
    relay = function.routing["relay_version"]
    journey.done(rollback.request(function.pk, actor="ann", reason="back"))
    FunctionMigration.objects.filter(pk=function.pk).update(phase="validated")
    operation = journey.done(shifting.start(function.pk, to_bp=500, actor="ann", reason="again"))
    assert [row.key for row in operation.actions.all()] == ["route", "verify"]
    assert world.functions["hello"].aliases["live"].weights == {relay: 500}


def test_a_rollback_of_a_function_that_never_moved_calls_nothing(world: World) -> None:
    function = journey.validated(world)
    seen = len(world.effects)
    journey.done(rollback.request(function.pk, actor="ann", reason="not now"))
    assert len(world.effects) == seen
    assert refreshed(function).phase == "rolled-back"


# ------------------------------------------------------------------------------------ kill points


@pytest.mark.parametrize("scene", journey.SCENES)
def test_a_kill_around_any_call_loses_nothing_and_repeats_nothing(scene: str) -> None:
    prepare, start = journey.SCENES[scene]
    with clouds() as dry:
        function = prepare(dry, "dry")
        seen = len(dry.effects)
        journey.done(start(function))
        effects = [effect.operation for effect in dry.effects[seen:]]
        changing = frozenset(effects)
        wanted = _end(dry, "dry")
    for number in range(2 * len(effects)):
        name = f"{scene}-{number}"
        with clouds() as world:
            operation = start(prepare(world, name))
            with journey.killed_at(world, number, changing) as passed:
                assert journey.run_until_killed(operation), passed
            journey.done(operation)
            assert world.repeated() == [], passed[-1]
            assert _end(world, name) == wanted, passed[-1]


@pytest.mark.parametrize("scene", journey.SCENES)
def test_a_kill_right_after_any_record_goes_on_with_the_next_action(scene: str) -> None:
    prepare, start = journey.SCENES[scene]
    with clouds() as dry:
        operation = journey.done(start(prepare(dry, "dry")))
        steps, wanted = operation.actions.count(), _end(dry, "dry")
        effects = sorted(effect.operation for effect in dry.effects)
    for number in range(steps):
        name = f"{scene}-{number}"
        with clouds() as world:
            operation = start(prepare(world, name))
            with journey.killed_after_record(number):
                assert journey.run_until_killed(operation)
            journey.done(operation)
            assert sorted(effect.operation for effect in world.effects) == effects
            assert _end(world, name) == wanted


def _end(world: World, name: str) -> tuple[object, ...]:
    """Give what both clouds and the row look like, in a form that is the same for every name."""
    row = FunctionMigration.objects.get(name=name)
    there, candidate = world.functions.get(name), world.candidates.get(name)
    primary = there and (
        dict(there.latest.fields),
        {alias: (one.version, one.weights) for alias, one in there.aliases.items()},
        sorted(there.versions),
        there.reserved,
    )
    other = candidate and (sorted(candidate.versions), candidate.aliases)
    layers = {key.replace(name, "X"): len(found) for key, found in world.layers.items()}
    facts = (row.phase, row.desired_weight_bp, row.observed_weight_bp, row.routing.get("relay_version"))
    return primary, other, layers, facts


# ------------------------------------------------------------------------------------ other trouble


@pytest.mark.parametrize("scene", journey.SCENES)
def test_an_answer_that_is_lost_after_the_effect_is_read_back_and_not_sent_again(scene: str) -> None:
    prepare, start = journey.SCENES[scene]
    with clouds() as dry:
        function = prepare(dry, "dry")
        seen = len(dry.effects)
        journey.done(start(function))
        names = sorted({effect.operation for effect in dry.effects[seen:]})
        wanted = _end(dry, "dry")
    for number, operation_name in enumerate(names):
        with clouds() as world:
            operation = start(prepare(world, f"{scene}-{number}"))
            world.fail(operation_name, after=True)
            journey.done(operation)
            assert world.repeated() == [], operation_name
            assert _end(world, f"{scene}-{number}") == wanted, operation_name


def test_a_cloud_that_is_down_for_good_turns_the_deploy_back(world: World) -> None:
    from cutover.errors import Unavailable

    function = journey.ready(world)
    operation = deployment.start(function.pk, actor="ann", reason="go")
    world.fail("fc:PublishFunctionVersion", Unavailable, times=1000)
    journey.done(operation, state=OperationState.UNDONE)
    assert "hello" not in world.candidates
    assert refreshed(function).phase == "assessed"


def test_a_smoke_test_that_fails_takes_the_deploy_back_and_says_why(world: World) -> None:
    function = journey.ready(world)

    def broken(_side: object, _payload: bytes) -> bytes:
        raise KeyError("name")

    world.behaviours[function.target["name"]] = broken
    operation = deployment.start(function.pk, actor="ann", reason="go")
    journey.done(operation, state=OperationState.UNDONE)
    assert "The smoke test failed" in operation.error
    assert "KeyError" in operation.error
    assert "hello" not in world.candidates


def test_a_failed_redeploy_points_the_alias_where_it_was(world: World) -> None:
    function = journey.deployed(world)
    before = dict(world.candidates["hello"].aliases)

    def broken(_side: object, _payload: bytes) -> bytes:
        raise KeyError("name")

    world.behaviours["hello"] = broken
    operation = deployment.start(function.pk, actor="ann", reason="again")
    journey.done(operation, state=OperationState.UNDONE)
    assert world.candidates["hello"].aliases == before


def test_it_never_touches_a_function_on_fc_that_is_not_its_own(world: World) -> None:
    function = journey.deployed(world)
    candidate = world.candidates["hello"]
    import dataclasses

    candidate.specification = dataclasses.replace(candidate.specification, description="somebody's")
    operation = deployment.start(function.pk, actor="ann", reason="again")
    journey.done(operation, state=OperationState.UNDONE)
    assert "Cutover did not make" in operation.error
    assert candidate.specification.description == "somebody's"


def test_bare_callers_stop_the_shift_before_anything_is_published(world: World) -> None:
    function = journey.validated(world)
    world.functions["hello"].calls["hello"] = 7
    operation = shifting.start(function.pk, to_bp=100, actor="ann", reason="go")
    journey.done(operation, state=OperationState.UNDONE)
    assert "7 calls" in operation.error
    assert refreshed(function).phase == "validated"
    assert refreshed(function).desired_weight_bp == 0
    assert world.layers == {}


def test_latest_that_differs_from_the_original_stops_the_shift(world: World) -> None:
    function = journey.validated(world)
    world.deploy_behind_our_back("hello")
    operation = shifting.start(function.pk, to_bp=100, actor="ann", reason="go")
    journey.done(operation, state=OperationState.UNDONE)
    assert "$LATEST of hello is not what version 1 is" in operation.error
    assert world.functions["hello"].latest.package == b"other code"
    assert world.calls["lambda:UpdateFunctionConfiguration"] == 0


def test_a_missing_relay_key_stops_the_shift_with_its_name(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CUTOVER_RELAY_ACCESS_KEY_ID")
    function = journey.validated(world)
    operation = shifting.start(function.pk, to_bp=100, actor="ann", reason="go")
    journey.done(operation, state=OperationState.UNDONE)
    assert "CUTOVER_RELAY_ACCESS_KEY_ID" in operation.error


def test_two_workers_race_and_one_wins(world: World) -> None:
    function = journey.ready(world)
    operation = deployment.start(function.pk, actor="ann", reason="go")
    journey.make_due(operation)
    first = operations.claim(operation_id=operation.pk, owner="one")
    assert first is not None
    assert operations.claim(operation_id=operation.pk, owner="two") is None
    assert engine.run_operation(operation.pk, owner="two") is None


def test_a_worker_whose_lease_another_took_writes_nothing(world: World) -> None:
    function = journey.ready(world)
    operation = deployment.start(function.pk, actor="ann", reason="go")
    journey.make_due(operation)
    late = operations.claim(operation_id=operation.pk, owner="late")
    assert late is not None
    journey.done(operation)
    seen = len(world.effects)
    assert engine.carry_out(late).state == OperationState.SUCCEEDED
    assert len(world.effects) == seen


def test_the_tripwire_stops_the_removal_and_takes_the_reservation_back(world: World) -> None:
    function = journey.cut_over(world)
    world.functions["hello"].reserved = 40
    operation = journey.approved(function)
    world.functions["hello"].refused = 3
    journey.done(operation, state=OperationState.UNDONE)
    function = refreshed(function)
    assert "3 calls of hello were refused" in operation.error
    assert function.phase == "decommissioning"
    assert "Restore is open" in function.advice
    assert world.functions["hello"].reserved == 40


def test_quiet_waits_while_somebody_calls_and_says_so(world: World) -> None:
    function = journey.cut_over(world)
    world.functions["hello"].calls["hello:live"] = 5
    operation = journey.approved(function)
    journey.make_due(operation)
    engine.run_operation(operation.pk, owner="test")
    operation.refresh_from_db()
    assert operation.state == OperationState.RUNNING
    assert "5 calls reached hello" in operation.actions.get(key="quiet").waiting_for
    world.functions["hello"].calls.clear()
    journey.done(operation)
    assert "hello" not in world.functions


def test_a_restore_supersedes_a_removal_that_still_waits(world: World) -> None:
    function = journey.cut_over(world)
    world.functions["hello"].calls["hello:live"] = 5
    removal = journey.approved(function)
    journey.make_due(removal)
    engine.run_operation(removal.pk, owner="test")
    journey.done(restoration.start(function.pk, actor="ann", reason="stop"))
    removal.refresh_from_db()
    assert removal.state == OperationState.SUPERSEDED
    assert refreshed(function).phase == "rolled-back"
    assert world.functions["hello"].aliases["live"].version == "1"


def test_a_restore_leaves_a_reservation_alone_that_the_removal_never_touched(world: World) -> None:
    function = journey.cut_over(world)
    world.functions["hello"].reserved = 40
    world.functions["hello"].calls["hello:live"] = 5
    removal = journey.approved(function)
    journey.make_due(removal)
    engine.run_operation(removal.pk, owner="test")
    journey.done(restoration.start(function.pk, actor="ann", reason="stop"))
    assert world.functions["hello"].reserved == 40


@pytest.mark.parametrize("number", [0, 1])
def test_a_restore_brings_the_reservation_back_that_a_killed_tripwire_replaced(
    world: World, number: int
) -> None:
    function = journey.cut_over(world)
    world.functions["hello"].reserved = 40
    removal = journey.approved(function)
    with journey.killed_at(world, number, frozenset({"lambda:PutFunctionConcurrency"})):
        assert journey.run_until_killed(removal)
    journey.done(restoration.start(function.pk, actor="ann", reason="stop"))
    assert world.functions["hello"].reserved == 40


def test_a_restore_of_a_deleted_function_brings_its_reservation_back(world: World) -> None:
    function = journey.cut_over(world)
    world.functions["hello"].reserved = 40
    journey.done(journey.approved(function))
    journey.done(restoration.start(function.pk, actor="ann", reason="needed"))
    assert world.functions["hello"].reserved == 40


def test_run_due_takes_what_is_due_and_nothing_else(world: World) -> None:
    function = journey.ready(world)
    operation = deployment.start(function.pk, actor="ann", reason="go")
    assert engine.run_due("rollback", owner="test") == 0
    assert engine.run_due("work", owner="test") == 1
    assert engine.run_due("work", owner="test") == 0
    assert Operation.objects.get(pk=operation.pk).state == OperationState.SUCCEEDED
