"""Functions taken along their journey by the product's own services and engine, on simulated clouds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from unittest import mock

from django.utils import timezone

from clouds.simulated.world import World
from migrations_app.models import FunctionMigration, Operation, OperationState
from migrations_app.services import (
    approvals,
    decommission,
    deployment,
    inventory,
    restoration,
    rollback,
    shifting,
)
from migrations_app.services.operations import Lease
from tests.integration.workers import worlds
from tests.integration.workers.worlds import assessed, refreshed
from workers import engine, wiring

FAST = {"callers_window_s": 1, "quiet_window_s": 0, "soak_window_s": 0}
RELAY_KEY = {wiring.RELAY_KEY_ID: "LTAI-invoke-only", wiring.RELAY_KEY_SECRET: "only-for-tests"}


class Killed(BaseException):
    """Plays kill -9: nothing in the product catches it."""


# ------------------------------------------------------------------------------------------ phases


def ready(world: World, name: str = "hello") -> FunctionMigration:
    """Give a function that is assessed and declared, with windows that take no time."""
    function = assessed(world, name)
    FunctionMigration.objects.filter(pk=function.pk).update(policy=FAST)
    deployment.declare(function.pk, effects="read-only", reason="it only reads", actor="ann")
    return refreshed(function)


def deployed(world: World, name: str = "hello") -> FunctionMigration:
    """Give a function deployed by a real operation."""
    function = ready(world, name)
    done(deployment.start(function.pk, actor="ann", reason="first deploy"))
    return refreshed(function)


def validated(world: World, name: str = "hello") -> FunctionMigration:
    """Give a function on both clouds, put there by hand, whose evidence passes."""
    function = worlds.deployed(world, name)
    FunctionMigration.objects.filter(pk=function.pk).update(
        policy=FAST,
        phase="validated",
        verdict_result="pass",
        verdict_at=timezone.now(),
        evidence_digest=inventory.evidence_digest(function),
    )
    return refreshed(function)


def shifted(world: World, name: str = "hello", to_bp: int = 100) -> FunctionMigration:
    """Give a function with a share of its traffic on FC."""
    function = validated(world, name)
    done(shifting.start(function.pk, to_bp=to_bp, actor="ann", reason="go"))
    return refreshed(function)


def cut_over(world: World, name: str = "hello") -> FunctionMigration:
    """Give a function with all traffic on FC, and no caller left on AWS."""
    function = shifted(world, name, to_bp=10_000)
    FunctionMigration.objects.filter(pk=function.pk).update(phase="cut-over")
    world.functions[name].calls.clear()
    return refreshed(function)


def decommissioned(world: World, name: str = "hello") -> FunctionMigration:
    """Give a function that is gone from AWS."""
    function = cut_over(world, name)
    done(approved(function))
    return refreshed(function)


def approved(function: FunctionMigration) -> Operation:
    """Ask for the removal, and approve it as somebody else."""
    operation = decommission.start(function.pk, actor="ann", reason="the bill")
    approvals.approve(operation.pk, actor="bob", reason="looked at it")
    return operation


# ----------------------------------------------------------------------------------------- driving


def make_due(operation: Operation) -> None:
    """Let time pass: the lease ended, or the pause is over."""
    Operation.objects.filter(pk=operation.pk).update(due_at=timezone.now(), lease_until=timezone.now())


def done(operation: Operation, *, state: OperationState = OperationState.SUCCEEDED) -> Operation:
    """Carry the operation out to its end, and assert how it ended."""
    for _ in range(500):
        operation.refresh_from_db()
        if operation.final:
            break
        make_due(operation)
        engine.run_operation(operation.pk, owner="test")
    assert (operation.state, operation.error or "-") == (state, operation.error or "-")
    return operation


SCENES: dict[
    str, tuple[Callable[[World, str], FunctionMigration], Callable[[FunctionMigration], Operation]]
] = {
    "deploy": (ready, lambda f: deployment.start(f.pk, actor="ann", reason="go")),
    "redeploy": (deployed, lambda f: deployment.start(f.pk, actor="ann", reason="again")),
    "shift": (validated, lambda f: shifting.start(f.pk, to_bp=100, actor="ann", reason="go")),
    "climb": (shifted, lambda f: shifting.start(f.pk, to_bp=2500, actor="ann", reason="on")),
    "rollback": (shifted, lambda f: rollback.request(f.pk, actor="ann", reason="back")),
    "decommission": (cut_over, approved),
    "restore": (decommissioned, lambda f: restoration.start(f.pk, actor="ann", reason="needed")),
}
"""What is done -> (how a function gets there, how it is started)."""


# ------------------------------------------------------------------------------------------- killing


@contextmanager
def killed_at(world: World, number: int, changing: frozenset[str]) -> Iterator[list[str]]:
    """Kill at the ``number``-th point before or after a changing call. Lists the points passed."""
    passed: list[str] = []

    def on_kill(operation: str, point: str) -> None:
        if operation in changing:
            passed.append(f"{point} {operation}")
            if len(passed) == number + 1:
                world.on_kill = None
                raise Killed

    world.on_kill = on_kill
    try:
        yield passed
    finally:
        world.on_kill = None


@contextmanager
def killed_after_record(number: int) -> Iterator[None]:
    """Kill right after the ``number``-th record is committed."""
    seen = 0
    original = engine._record

    def record(lease: Lease, *rest: object, **named: object) -> None:
        nonlocal seen
        original(lease, *rest, **named)  # type: ignore[arg-type]
        seen += 1
        if seen == number + 1:
            raise Killed

    with mock.patch.object(engine, "_record", record):
        yield


def run_until_killed(operation: Operation) -> bool:
    """Give whether the kill came before the operation ended."""
    try:
        for _ in range(50):
            make_due(operation)
            engine.run_operation(operation.pk, owner="victim")
            operation.refresh_from_db()
            if operation.final:
                return False
    except Killed:
        return True
    raise AssertionError(f"It neither ends nor is killed: {operation.state} {operation.error}")
