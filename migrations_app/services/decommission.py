"""Plan and start the removal of the AWS side; it waits for a second person's approval."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.db import transaction

from cutover.phases import Trigger
from cutover.planning import OperationKind, Plan, Routing, plan_decommission
from migrations_app.models import Connection, FunctionMigration, Operation
from migrations_app.services import guards, operations, phases
from migrations_app.services.policies import policy_for

RESTORE_IS_OPEN = "Restore is open and brings AWS back whole."


def plan(function: FunctionMigration) -> Plan:
    """Give the exact actions of the removal, and what forbids it now. Changes nothing."""
    reasons = guards.sentences(guards.decommission_reasons(function))
    original = function.routing.get("original_version", "")
    if not original:
        return Plan(kind=OperationKind.DECOMMISSION, function=function.name, actions=(), reasons=reasons)
    policy = policy_for(function)
    made = plan_decommission(
        function=function.name,
        routing=Routing(original_version=original),
        bucket=archive_bucket(function.connection),
        key=f"{function.name}/version-{original}.json",
        reserved=function.facts.get("reserved_concurrency"),
        quiet_s=policy.quiet_window_s,
        soak_s=policy.soak_window_s,
    )
    return replace(made, reasons=reasons)


def start(
    function_id: int,
    *,
    actor: str,
    reason: str,
    expected_version: int | None = None,
    idempotency_key: str = "",
) -> Operation:
    """Ask for the removal. The operation is blocked until somebody else approves it.

    Raises:
        GuardNotMet, StaleState, OperationRunning: nothing is asked for.
    """
    with transaction.atomic():
        function = FunctionMigration.objects.select_for_update().get(pk=function_id)
        return operations.submit(
            function_id,
            plan(function),
            actor=actor,
            reason=reason,
            expected_version=expected_version,
            idempotency_key=idempotency_key,
            blocked=True,
        )


def begin(operation: Operation, *, actor: str) -> None:
    """Move the phase when the removal may start; in the approval's transaction."""
    function = FunctionMigration.objects.select_for_update().get(pk=operation.function_id)
    phases.move(function, Trigger.DECOMMISSION, actor=actor, reason=operation.reason, operation=operation)


def record_archive(function_id: int, archive: Mapping[str, Any]) -> None:
    """Keep where the archive is, as soon as there is one."""
    FunctionMigration.objects.filter(pk=function_id).update(archive=dict(archive))


def record_reserved(function_id: int, reserved: int | None) -> None:
    """Keep the reserved concurrency that the tripwire replaced, for the restore."""
    FunctionMigration.objects.filter(pk=function_id).update(reserved_concurrency=reserved)


def settle(operation: Operation) -> None:
    """Write that the AWS side is removed."""
    function = FunctionMigration.objects.select_for_update().get(pk=operation.function_id)
    function.advice = ""
    function.save(update_fields=["advice", "changed_at"])
    phases.move(
        function,
        Trigger.DECOMMISSION_DONE,
        actor=operation.asked_by,
        reason=operation.reason,
        operation=operation,
    )


def settle_undone(operation: Operation) -> None:
    """Say that it stopped half-way: its reversible rungs are undone, the phase stays, restore is open."""
    function = FunctionMigration.objects.select_for_update().get(pk=operation.function_id)
    function.advice = f"Decommissioning stopped: {operation.error} {RESTORE_IS_OPEN}"[:400]
    function.save(update_fields=["advice", "changed_at"])
    phases.touch(function)


def archive_bucket(connection: Connection) -> str:
    """Give the S3 bucket of the archives; names of buckets are unique in the world."""
    return f"cutover-archive-{connection.account_id}-{connection.region}"
