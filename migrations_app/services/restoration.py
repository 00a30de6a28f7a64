"""The way back from decommissioning: AWS as it was, with all traffic. It asks no guard."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import replace

from django.db import transaction
from django.utils import timezone

from cutover.phases import Phase, Trigger, next_phase
from cutover.planning import ALIAS, ActionKind, OperationKind, Plan, plan_restore
from migrations_app.models import Action, ActionState, FunctionMigration, Operation
from migrations_app.services import connections, operations, phases

CALL_LIMIT = dt.timedelta(seconds=90)
"""How long after its lease a worker's last call may still arrive: the longest read limit, and some."""

UNCONDITIONAL = (ActionKind.CONCURRENCY, ActionKind.DELETE_FUNCTION)


def plan(function: FunctionMigration, *, marker: str = "restore") -> Plan:
    """Give the exact actions of a restore from the rung that was reached. Changes nothing."""
    tripwire = _action(function, "tripwire")
    touched = tripwire is not None and tripwire.state not in (ActionState.PENDING, ActionState.UNDONE)
    made = plan_restore(
        function=function.name,
        archive=function.archive or None,
        reserved=tripwire.undo["request"]["reserved"] if touched and tripwire and tripwire.undo else None,
        deleted=_deletion(function) in (ActionState.INTENDED, ActionState.DONE),
        original_version=function.routing.get("original_version", ""),
        marker=marker,
    )
    return replace(
        made,
        # A reservation that the removal never touched is the owner's, and stays.
        actions=tuple(one for one in made.actions if touched or one.kind is not ActionKind.CONCURRENCY),
        notes=("Function URLs, version numbers and positions in streams cannot be brought back.",),
    )


def start(function_id: int, *, actor: str, reason: str, idempotency_key: str = "") -> Operation:
    """Start the restore; a decommissioning that runs is superseded.

    Raises:
        IllegalTransition: the AWS side is whole.
        UnsafePlan: the function is gone and there is no archive.
    """
    with transaction.atomic():
        function = FunctionMigration.objects.select_for_update().get(pk=function_id)
        if function.stage is not Phase.RESTORING:
            next_phase(function.stage, Trigger.RESTORE)
        marker = f"cutover-{uuid.uuid4().hex[:16]}"
        operation = operations.submit_rollback(
            function_id,
            lambda locked, _: plan(locked, marker=marker),
            actor=actor,
            reason=reason,
            idempotency_key=idempotency_key,
            kind=OperationKind.RESTORE,
            queue="work",
        )
        if function.stage is not Phase.RESTORING:
            phases.move(function, Trigger.RESTORE, actor=actor, reason=reason, operation=operation)
            _wait_for_late_calls(function, operation)
    return operation


def settle(operation: Operation) -> None:
    """Write that AWS is whole and has all traffic. Its versions may have new numbers."""
    function = (
        FunctionMigration.objects.select_for_update(of=("self",))
        .select_related("connection")
        .get(pk=operation.function_id)
    )
    outcomes = {row.key: row.outcome for row in operation.actions.all()}
    if "recreate-version" in outcomes:
        version = str(outcomes["recreate-version"]["version"])
        function.routing = {"original_version": version}
        function.facts = {**function.facts, "aliases": {}, "versions": [version]}
    function.facts.setdefault("aliases", {})[ALIAS] = {
        "version": function.routing["original_version"],
        "weights": {},
    }
    function.desired_weight_bp, function.ladder, function.step_started_at = 0, [], None
    function.observed_weight_bp, function.weight_read_at = 0, timezone.now()
    function.gone_at, function.advice = None, ""
    function.save(
        update_fields=[
            "routing",
            "facts",
            "desired_weight_bp",
            "ladder",
            "step_started_at",
            "observed_weight_bp",
            "weight_read_at",
            "gone_at",
            "advice",
            "changed_at",
        ]
    )
    phases.move(
        function,
        Trigger.RESTORE_DONE,
        actor=operation.asked_by,
        reason=operation.reason,
        operation=operation,
    )
    connections.request_sync(function.connection, actor="cutover")


def _deletion(function: FunctionMigration) -> str:
    """Give the state of the last deletion; INTENDED means that nobody knows whether it was done."""
    row = _action(function, "delete")
    return "" if row is None else row.state


def _action(function: FunctionMigration, key: str) -> Action | None:
    """Give an action of the last removal."""
    last = function.operations.filter(kind=OperationKind.DECOMMISSION).first()
    return None if last is None else last.actions.filter(key=key).first()


def _wait_for_late_calls(function: FunctionMigration, operation: Operation) -> None:
    """Let a call that may be under way arrive first: deleting and reserving know no condition on AWS."""
    last = function.operations.filter(kind=OperationKind.DECOMMISSION).first()
    if last is None or last.lease_until is None:
        return
    if last.actions.filter(state=ActionState.INTENDED, kind__in=UNCONDITIONAL).exists():
        Operation.objects.filter(pk=operation.pk).update(due_at=last.lease_until + CALL_LIMIT)
