"""Functions on simulated clouds, brought to a phase by the product's own services."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from clouds import simulated
from clouds.simulated.world import Behaviour, World
from cutover.ports import CandidateSpecification
from migrations_app.models import Connection, FunctionMigration, Operation, Policy
from migrations_app.services import assessment, deployment, inventory, shifting, suites, validation
from workers import engine, wiring
from workers import validation as worker

EVENTS: Sequence[object] = [{"name": "Ada", "items": [1, 2]}, {"name": "Grace"}, {"name": "Zoë"}]


@contextmanager
def clouds(world: World | None = None) -> Iterator[World]:
    """Stand simulated clouds in for every connection."""
    primary, candidate, made = simulated.connect(world)
    with wiring.use(primary, candidate):
        yield made


def connection() -> Connection:
    """Give an AWS connection with its counterpart."""
    there, _ = Connection.objects.get_or_create(
        name="fc", defaults={"cloud": "alibaba", "region": "cn-hangzhou", "account_id": "1432000000000001"}
    )
    here, _ = Connection.objects.get_or_create(
        name="aws",
        defaults={
            "cloud": "aws",
            "region": "us-east-1",
            "account_id": "123456789012",
            "counterpart": there,
        },
    )
    return here


def assessed(world: World, name: str = "hello", *, behaviour: Behaviour | None = None) -> FunctionMigration:
    """Give a function that exists on AWS only, synced and assessed."""
    world.add_function(name, behaviour=behaviour)
    here = connection()
    catalog = wiring.primary(here).catalog
    facts = [catalog.describe(each, hash_key=b"key") for each in catalog.names()]
    inventory.record_sync(here, facts, actor="test")
    function = FunctionMigration.objects.get(name=name)
    assessment.assess(function.pk, actor="test")
    return refreshed(function)


def deployed(
    world: World,
    name: str = "hello",
    *,
    behaviour: Behaviour | None = None,
    events: Sequence[object] = EVENTS,
) -> FunctionMigration:
    """Give a function that is on both clouds, declared read-only, with a suite; put there by hand."""
    function = assessed(world, name, behaviour=behaviour)
    deployment.declare(function.pk, effects="read-only", reason="it only reads", actor="test")
    target = function.target["name"]
    if behaviour is not None:
        world.behaviours[target] = behaviour
    there = wiring.candidate(connection())
    there.packages.ensure_bucket("packages")
    there.packages.put("packages", f"{target}.zip", b"code")
    deployer = there.deployer
    deployer.create(_specification(target))
    version = deployer.publish_version(target, marker="test").outcome["version"]
    deployer.point_alias(target, "live", version=version)
    FunctionMigration.objects.filter(pk=function.pk).update(
        phase="deployed", deployment={"version": version, "arn": "", "code_sha256": "", "facts_digest": ""}
    )
    suites.import_events(function.pk, events, actor="test")
    return refreshed(function)


def _specification(name: str) -> CandidateSpecification:
    return CandidateSpecification(
        name=name,
        runtime="python3.12",
        handler="app.handler",
        memory_mb=128,
        cpu=0.1,
        disk_mb=512,
        timeout_s=3,
        description="",
        bucket="packages",
        object_name=f"{name}.zip",
        log_project="",
        log_store="",
        environment={},
    )


def refreshed(function: FunctionMigration) -> FunctionMigration:
    """Give the row as it is now."""
    return FunctionMigration.objects.select_related("connection__counterpart").get(pk=function.pk)


def answer(document: Any) -> bytes:
    """Give a JSON body."""
    return json.dumps(document).encode()


def validated(world: World, name: str = "hello", *, behaviour: Behaviour | None = None) -> FunctionMigration:
    """Give a function whose evidence passes, with windows of no length."""
    Policy.objects.get_or_create(
        defaults={
            "step_min_seconds": 0,
            "step_min_candidate_events": 5,
            "callers_window_s": 1,
            "quiet_window_s": 1,
            "soak_window_s": 1,
        }
    )
    function = deployed(world, name, behaviour=behaviour)
    run = validation.start_run(function.pk, actor="test", pairs=320)
    worker.carry_out_run(run.pk, owner="test")
    return refreshed(function)


def shifted(
    function: FunctionMigration, to_bp: int, *, ladder: Sequence[int] | None = None
) -> FunctionMigration:
    """Move the function's weight, tap and relay included."""
    first = None if ladder else to_bp
    operation = shifting.start(function.pk, to_bp=first, ladder=ladder, actor="test", reason="test")
    carried_out(operation)
    return refreshed(function)


def carried_out(operation: Operation) -> Operation:
    """Carry an operation out to its end; windows that it waits for are let pass."""
    for _ in range(50):
        Operation.objects.filter(pk=operation.pk).update(due_at=operation.created_at)
        engine.run_operation(operation.pk, owner="test")
        operation.refresh_from_db()
        if operation.final:
            break
    assert operation.state == "succeeded", operation.error
    return operation


def call(function: FunctionMigration, times: int, *, event: object = None) -> None:
    """Call the function as its callers do, through the alias."""
    invoker = wiring.primary(function.connection).invoker
    for _ in range(times):
        invoker.invoke(function.name, answer(event or {"name": "Ada"}), qualifier="live", timeout_s=3)


def alias(world: World, function: FunctionMigration) -> tuple[str, dict[str, int]]:
    """Give where the alias points, as AWS says."""
    found = world.function(function.name).aliases["live"]
    return found.version, dict(found.weights)
