"""The engine against others: a rollback that goes first, somebody else who deploys, workers that are late."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
from django.utils import timezone

from clouds.simulated.world import Alias, World
from cutover.errors import Unavailable
from migrations_app.models import FunctionMigration, Operation, OperationState
from migrations_app.services import restoration, rollback, shifting
from tests.integration.workers import journey
from tests.integration.workers.worlds import clouds, refreshed
from workers import engine

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _relay_key(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in journey.RELAY_KEY.items():
        monkeypatch.setenv(name, value)


@contextmanager
def meanwhile(world: World, number: int, act: Callable[[], None]) -> Iterator[list[str]]:
    """Let ``act`` happen at the ``number``-th point before or after any call; whoever calls then goes on."""
    passed: list[str] = []

    def on_kill(operation: str, point: str) -> None:
        passed.append(f"{point} {operation}")
        if len(passed) == number + 1:
            world.on_kill = None
            act()

    world.on_kill = on_kill
    try:
        yield passed
    finally:
        world.on_kill = None


def points(prepare: Callable[[World, str], FunctionMigration], start: Callable[..., Operation]) -> list[int]:
    """Give the points right before and right after the changing calls of an operation that nobody disturbs.

    A read passes no point after it, and what happens around it is the same as between two changes.
    """
    with clouds() as world:
        function = prepare(world, "counted")
        with meanwhile(world, -1, lambda: None) as passed:
            journey.done(start(function))
    changing = {point.partition(" ")[2] for point in passed if point.startswith("after")}
    return [number for number, point in enumerate(passed) if point.partition(" ")[2] in changing]


def first_shift(function: FunctionMigration) -> Operation:
    return shifting.start(function.pk, to_bp=100, actor="ann", reason="go")


def climb(function: FunctionMigration) -> Operation:
    return shifting.start(function.pk, to_bp=2500, actor="ann", reason="on")


@pytest.mark.parametrize(
    ("prepare", "start"), [(journey.validated, first_shift), (journey.shifted, climb)], ids=["first", "climb"]
)
def test_a_rollback_wins_at_every_point_and_the_late_worker_changes_nothing_more(
    prepare: Callable[[World, str], FunctionMigration], start: Callable[[FunctionMigration], Operation]
) -> None:
    for number in points(prepare, start):
        name = f"hello-{number}"
        with clouds() as world:
            function = prepare(world, name)
            original = dict(world.functions[name].versions["1"].fields)
            operation = start(function)

            def go_back(function: FunctionMigration = function) -> None:
                journey.done(rollback.request(function.pk, actor="watch", reason="it fails"))

            with meanwhile(world, number, go_back) as passed:
                engine.run_operation(operation.pk, owner="late")
            operation.refresh_from_db()
            there, row = world.functions[name], refreshed(function)
            where = passed[-1]
            assert row.phase == "rolled-back", where
            assert (there.aliases["live"].version, there.aliases["live"].weights) == ("1", {}), where
            assert there.latest.fields == original, where
            assert row.observed_weight_bp == 0, where
            assert operation.final, where


def test_a_rollback_wins_while_a_shift_is_being_undone() -> None:
    for number in range(0, 400, 5):
        name = f"hello-{number}"
        with clouds() as world:
            function = journey.validated(world, name)
            operation = first_shift(function)
            world.fail("lambda:UpdateAlias", Unavailable, times=9)

            def go_back(function: FunctionMigration = function, world: World = world) -> None:
                world.faults.clear()
                journey.done(rollback.request(function.pk, actor="watch", reason="it fails"))

            with meanwhile(world, number, go_back) as passed:
                for _ in range(40):
                    operation.refresh_from_db()
                    if operation.final:
                        break
                    journey.make_due(operation)
                    engine.run_operation(operation.pk, owner="late")
            if len(passed) <= number:
                return
            there = world.functions[name]
            assert refreshed(function).phase == "rolled-back", passed[-1]
            assert (there.aliases["live"].version, there.aliases["live"].weights) == ("1", {}), passed[-1]
            assert there.latest.fields == there.versions["1"].fields, passed[-1]
    raise AssertionError("It never ends.")


# ---------------------------------------------------------------------------------- somebody else


FOREIGN: Mapping[str, Mapping[str, Any]] = {
    "code": {},
    "memory": {"MemorySize": 512},
    "everything": {"Runtime": "python3.13", "Handler": "new.handler", "Layers": ["theirs"], "Timeout": 9},
}


@pytest.mark.parametrize("what", FOREIGN)
def test_somebody_elses_deploy_is_never_overwritten_and_nothing_of_ours_stays_in_it(what: str) -> None:
    theirs = FOREIGN[what]
    for number in points(journey.validated, first_shift):
        name = f"hello-{number}"
        with clouds() as world:
            function = journey.validated(world, name)
            there = world.functions[name]
            original = dict(there.versions["1"].fields)

            def deploy(name: str = name, world: World = world) -> None:
                world.deploy_behind_our_back(name)
                there = world.functions[name]
                there.latest = dataclasses.replace(there.latest, fields={**there.latest.fields, **theirs})

            operation = first_shift(function)
            with meanwhile(world, number, deploy) as passed:
                for _ in range(20):
                    journey.make_due(operation)
                    engine.run_operation(operation.pk, owner="test")
                    operation.refresh_from_db()
                    if operation.final:
                        break
            where = (passed[number], operation.error)
            assert operation.state in (OperationState.SUCCEEDED, OperationState.UNDONE), where
            assert there.latest.package == b"other code", where
            assert there.latest.fields == {**original, **theirs}, where
            if operation.state == OperationState.UNDONE:
                assert "omebody" in operation.error, where
                assert (there.aliases["live"].version, there.aliases["live"].weights) == ("1", {}), where
                assert refreshed(function).desired_weight_bp == 0, where
            _drop(function)


def test_an_alias_that_somebody_else_moved_stays_theirs() -> None:
    for number in points(journey.shifted, climb):
        name = f"hello-{number}"
        with clouds() as world:
            function = journey.shifted(world, name)

            def move(name: str = name, world: World = world) -> None:
                there = world.functions[name]
                there.versions["77"] = there.versions["1"]
                there.aliases["live"] = Alias(version="77", revision=world.revision())

            operation = climb(function)
            with meanwhile(world, number, move) as passed:
                engine.run_operation(operation.pk, owner="test")
            operation.refresh_from_db()
            where = (passed[number], operation.error)
            assert world.functions[name].aliases["live"].version == "77", where
            if operation.state != OperationState.SUCCEEDED:
                assert operation.state == OperationState.UNDONE, where
                assert "somebody else moved it" in operation.error, where
                assert refreshed(function).desired_weight_bp == 100, where


# --------------------------------------------------------------------------------------- the way back


def test_a_rollback_is_tried_again_for_long_and_ends() -> None:
    with clouds() as world:
        function = journey.shifted(world)
        operation = rollback.request(function.pk, actor="ann", reason="back")
        world.fail("lambda:UpdateAlias", Unavailable, times=20)
        journey.done(operation)
        assert world.functions["hello"].aliases["live"].version == "1"


def test_a_rollback_overwrites_what_somebody_else_does_to_the_alias() -> None:
    with clouds() as world:
        function = journey.shifted(world)
        relay = function.routing["relay_version"]

        def move() -> None:
            world.functions["hello"].aliases["live"] = Alias(version=relay, revision=world.revision())

        operation = rollback.request(function.pk, actor="ann", reason="back")
        with meanwhile(world, 1, move):
            journey.done(operation)
        assert world.functions["hello"].aliases["live"].version == "1"


def test_a_second_rollback_is_the_first_one() -> None:
    with clouds() as world:
        function = journey.shifted(world)
        first = rollback.request(function.pk, actor="ann", reason="back")
        assert rollback.request(function.pk, actor="bob", reason="back!").pk == first.pk


def test_a_restore_lets_a_deletion_under_way_arrive_first() -> None:
    with clouds() as world:
        function = journey.cut_over(world)
        operation = journey.approved(function)
        with journey.killed_at(world, 0, frozenset({"lambda:DeleteFunction"})):
            assert journey.run_until_killed(operation)
        back = restoration.start(function.pk, actor="ann", reason="stop")
        assert back.pk != operation.pk
        assert Operation.objects.get(pk=back.pk).due_at > timezone.now()
        journey.done(back)
        assert world.functions["hello"].aliases["live"].version
        assert refreshed(function).phase == "rolled-back"


def _drop(function: FunctionMigration) -> None:
    """Take a finished function out of the way of the next one's sync."""
    FunctionMigration.objects.filter(pk=function.pk).update(gone_at=timezone.now())
