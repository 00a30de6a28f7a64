"""Operations as rows: submit, claim, intend, record, finish.

Theory of operation. A plan becomes an ``Operation`` with its ``Action`` rows in one transaction. A worker
claims it for a lease; the lease's owner string is unique per claim. Each later write names (operation, owner)
and asserts that the function's fence is still the operation's, so a worker that lost its lease, or whose
operation was superseded by a rollback, writes nothing and gets ``LeaseLost``. Because an intent is written
under that check *after* the cloud's revision was read, and rollback always changes the revision, a forward
call that comes late is refused by the cloud itself.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from cutover.errors import GuardNotMet, OperationRunning, StaleState
from cutover.planning import OperationKind, Plan, describe
from cutover.ports import Receipt
from migrations_app.models import Action, ActionState, FunctionMigration, Operation, OperationState
from migrations_app.models.operations import OPEN_STATES
from migrations_app.services import audit, bell

LEASE = dt.timedelta(seconds=30)
CLAIMABLE = (OperationState.PENDING, OperationState.RUNNING, OperationState.UNDOING)


class LeaseLost(StaleState):
    """The operation was superseded, or another worker carries it on. This one stops and writes nothing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Lease:
    """The right to carry an operation out until the lease ends."""

    operation_id: uuid.UUID
    function_id: int
    owner: str
    fence: int


def submit(
    function_id: int,
    plan: Plan,
    *,
    actor: str,
    reason: str,
    parameters: Mapping[str, Any] | None = None,
    expected_version: int | None = None,
    idempotency_key: str = "",
    queue: str = "work",
    blocked: bool = False,
) -> Operation:
    """Write a plan down as an operation and ring the bell.

    A repeated ``idempotency_key`` gives the operation that it made the first time.

    Raises:
        GuardNotMet: the plan has reasons against it.
        StaleState: the function's version is no longer ``expected_version``.
        OperationRunning: another operation is open on the function.
    """
    with transaction.atomic():
        function = FunctionMigration.objects.select_for_update().get(pk=function_id)
        if known := _known(function, idempotency_key):
            return known
        if plan.reasons:
            raise GuardNotMet(plan.reasons)
        if expected_version is not None and function.version != expected_version:
            raise StaleState(_moved(function))
        if open_one := function.operations.filter(state__in=OPEN_STATES).first():
            raise OperationRunning(
                f"{open_one.kind.capitalize()} is running on {function.name} since "
                f"{open_one.created_at:%H:%M:%S} UTC. Wait for it, or roll back, which goes first."
            )
        return _write(
            function,
            plan,
            actor=actor,
            reason=reason,
            parameters=parameters,
            idempotency_key=idempotency_key,
            queue=queue,
            state=OperationState.BLOCKED if blocked else OperationState.PENDING,
        )


def submit_rollback(
    function_id: int,
    plan_for: Callable[[FunctionMigration, bool], Plan],
    *,
    actor: str,
    reason: str,
    parameters: Mapping[str, Any] | None = None,
    evidence: Mapping[str, Any] | None = None,
    idempotency_key: str = "",
    kind: OperationKind = OperationKind.ROLLBACK,
    queue: str = "rollback",
) -> Operation:
    """Write a way back (a rollback, or a restore) down, in front of everything else on the function.

    Whatever is open is superseded in the same transaction: its fence is then old and it can write nothing
    more. An open one of the same kind is given back instead of a second one. Never refused as stale.

    Args:
        plan_for: gets the locked function, and whether `$LATEST` has to be put back because the superseded
            operation was publishing relay or tap.
    """
    with transaction.atomic():
        function = FunctionMigration.objects.select_for_update().get(pk=function_id)
        if known := _known(function, idempotency_key):
            return known
        restore_latest = False
        for other in function.operations.filter(state__in=OPEN_STATES):
            if other.kind == kind:
                return other
            restore_latest = restore_latest or latest_is_open(other)
            _supersede(other, f"A {kind.value} by {actor} went first.")
        return _write(
            function,
            plan_for(function, restore_latest),
            actor=actor,
            reason=reason,
            parameters=parameters,
            evidence=evidence,
            idempotency_key=idempotency_key,
            queue=queue,
            state=OperationState.PENDING,
        )


def latest_is_open(operation: Operation) -> bool:
    """Tell whether `$LATEST` may hold a relay's or tap's configuration because of this operation."""
    rows = {row.key: row for row in operation.actions.all()}
    touched = any(
        row.kind == "aws.latest.write" and row.state not in (ActionState.PENDING, ActionState.UNDONE)
        for row in rows.values()
    )
    restored = any(
        row.kind == "aws.latest.restore" and row.state == ActionState.DONE for row in rows.values()
    )
    return touched and not restored


def claim(*, owner: str, queue: str | None = None, operation_id: uuid.UUID | None = None) -> Lease | None:
    """Take the next due operation (of a queue), or the one named, for a lease. None: nothing is due.

    A named operation is taken only if it is due, too: its lease must have ended.
    """
    now = timezone.now()
    with transaction.atomic():
        rows = Operation.objects.filter(state__in=CLAIMABLE, due_at__lte=now)
        if queue is not None:
            rows = rows.filter(queue=queue)
        if operation_id is not None:
            rows = rows.filter(pk=operation_id)
        operation = rows.order_by("due_at").select_for_update(skip_locked=True).first()
        if operation is None:
            return None
        token = f"{owner[:40]}:{uuid.uuid4().hex}"
        Operation.objects.filter(pk=operation.pk).update(
            state=OperationState.RUNNING if operation.state == OperationState.PENDING else operation.state,
            lease_owner=token,
            lease_until=now + LEASE,
            due_at=now + LEASE,
            attempts=F("attempts") + 1,
            started_at=operation.started_at or now,
        )
        bell.tell(f"op-{operation.pk}", f"fn-{operation.function_id}")
    return Lease(
        operation_id=operation.pk, function_id=operation.function_id, owner=token, fence=operation.fence
    )


def renew(lease: Lease) -> None:
    """Push the lease's end away from now. Raises LeaseLost."""
    now = timezone.now()
    with transaction.atomic():
        _held(lease).update(lease_until=now + LEASE, due_at=now + LEASE)


def check(lease: Lease) -> None:
    """Assert that the lease is still good. Raises LeaseLost."""
    with transaction.atomic():
        _held(lease)


def intend(lease: Lease, action: Action, resolved: Mapping[str, Any], undo: Mapping[str, Any] | None) -> None:
    """Write down what is about to be called, and how it is undone, before the call. Raises LeaseLost."""
    with transaction.atomic():
        _held(lease)
        action.state = ActionState.INTENDED
        action.resolved, action.undo = dict(resolved), dict(undo) if undo else None
        action.intended_at = action.intended_at or timezone.now()
        action.calls += 1
        action.error = action.waiting_for = ""
        action.save(
            update_fields=["state", "resolved", "undo", "intended_at", "calls", "error", "waiting_for"]
        )
        bell.tell(f"op-{lease.operation_id}")


def record(lease: Lease, action: Action, receipt: Receipt, *, duration_ms: float | None) -> None:
    """Write down what a call left behind. Raises LeaseLost."""
    with transaction.atomic():
        _held(lease)
        action.state, action.outcome = ActionState.DONE, dict(receipt.outcome)
        action.request_id = receipt.request_id[:100]
        action.finished_at, action.duration_ms = timezone.now(), duration_ms
        action.waiting_for = action.error = ""
        action.save(
            update_fields=[
                "state",
                "outcome",
                "request_id",
                "finished_at",
                "duration_ms",
                "waiting_for",
                "error",
            ]
        )
        bell.tell(f"op-{lease.operation_id}", f"fn-{lease.function_id}")


def mark(lease: Lease, action: Action, state: ActionState, *, error: str = "") -> None:
    """Set an action's state (failed, undoing, undone, skipped) with a sentence. Raises LeaseLost."""
    with transaction.atomic():
        _held(lease)
        action.state, action.error = state, error[:600]
        action.save(update_fields=["state", "error"])
        bell.tell(f"op-{lease.operation_id}")


def pause(lease: Lease, action: Action | None, until: dt.datetime, waiting_for: str) -> None:
    """Give the lease back until ``until``, saying what is waited for. Raises LeaseLost."""
    with transaction.atomic():
        _held(lease).update(lease_owner="", lease_until=None, due_at=until)
        if action is not None:
            action.waiting_for = waiting_for[:400]
            action.save(update_fields=["waiting_for"])
        bell.tell(f"op-{lease.operation_id}")


def turn_back(lease: Lease, error: str) -> None:
    """Mark the operation as being undone, with the reason. Raises LeaseLost."""
    with transaction.atomic():
        _held(lease).update(state=OperationState.UNDOING, error=error[:600])
        bell.tell(f"op-{lease.operation_id}", f"fn-{lease.function_id}")


def finish(
    lease: Lease,
    state: OperationState,
    *,
    error: str = "",
    on_finish: Callable[[Operation], None] | None = None,
) -> Operation:
    """End the operation; ``on_finish`` runs in the same transaction and may move the phase.

    Raises LeaseLost; whatever ``on_finish`` raises undoes the finishing, too.
    """
    with transaction.atomic():
        rows = _held(lease)
        operation = rows.select_related("function").get()
        values: dict[str, Any] = {"state": state, "finished_at": timezone.now(), "lease_owner": ""}
        if error:
            values["error"] = error[:600]
        Operation.objects.filter(pk=operation.pk).update(**values)
        operation.refresh_from_db()
        audit.record(
            actor=operation.asked_by,
            verb=f"{operation.kind}:{state.value}",
            function=operation.function,
            operation=operation,
            reason=operation.reason,
            detail={"error": error[:300]} if error else None,
        )
        if on_finish is not None:
            on_finish(operation)
        bell.tell(f"op-{operation.pk}", f"fn-{operation.function_id}", "inbox")
    return operation


def release(operation: Operation) -> None:
    """Let a blocked operation start (its approval is in). Call inside the approval's transaction."""
    Operation.objects.filter(pk=operation.pk, state=OperationState.BLOCKED).update(
        state=OperationState.PENDING, due_at=timezone.now()
    )
    bell.ring("workers.carry_out", str(operation.pk), queue=operation.queue)
    bell.tell(f"op-{operation.pk}", "inbox")


def _held(lease: Lease) -> QuerySet[Operation]:
    """Lock function then operation, and give the operation's query set if the lease is still good."""
    fence = (
        FunctionMigration.objects.select_for_update()
        .values_list("fence", flat=True)
        .get(pk=lease.function_id)
    )
    rows = Operation.objects.filter(
        Q(state=OperationState.RUNNING) | Q(state=OperationState.UNDOING),
        pk=lease.operation_id,
        lease_owner=lease.owner,
    )
    if fence != lease.fence or not rows.select_for_update().exists():
        raise LeaseLost()
    return rows


def _known(function: FunctionMigration, idempotency_key: str) -> Operation | None:
    if not idempotency_key:
        return None
    return function.operations.filter(idempotency_key=idempotency_key).first()


def _moved(function: FunctionMigration) -> str:
    last = function.phase_changes.first()
    who = f"{last.actor} moved it to '{last.after}' at {last.at:%H:%M:%S} UTC" if last else "it was changed"
    return f"{function.name}: {who}. Nothing was done; look again and decide anew."


def _supersede(operation: Operation, why: str) -> None:
    Operation.objects.filter(pk=operation.pk).update(
        state=OperationState.SUPERSEDED,
        finished_at=timezone.now(),
        lease_owner="",
        error=why,
    )
    bell.tell(f"op-{operation.pk}")


def _write(
    function: FunctionMigration,
    plan: Plan,
    *,
    actor: str,
    reason: str,
    parameters: Mapping[str, Any] | None,
    idempotency_key: str,
    queue: str,
    state: OperationState,
    evidence: Mapping[str, Any] | None = None,
) -> Operation:
    FunctionMigration.objects.filter(pk=function.pk).update(fence=F("fence") + 1)
    function.refresh_from_db(fields=["fence"])
    try:
        with transaction.atomic():
            operation = Operation.objects.create(
                function=function,
                kind=plan.kind,
                state=state,
                queue=queue,
                digest=plan.digest,
                parameters=dict(parameters or {}),
                notes=list(plan.notes),
                asked_by=actor,
                reason=reason[:400],
                idempotency_key=idempotency_key[:64],
                fence=function.fence,
                evidence=dict(evidence or {}),
            )
    except IntegrityError as exc:
        raise OperationRunning() from exc
    Action.objects.bulk_create(
        Action(
            operation=operation,
            position=position,
            key=row["key"],
            kind=row["kind"],
            cloud=row["cloud"],
            call=row["call"],
            changes=row["changes"],
            request=row["request"],
            undo=row["undo"],
            reversible=row["reversible"],
        )
        for position, row in enumerate(describe(plan.actions), start=1)
    )
    audit.record(
        actor=actor,
        verb=f"{plan.kind.value}:asked",
        function=function,
        operation=operation,
        reason=reason,
        detail={"digest": plan.digest, **dict(parameters or {})},
    )
    if state == OperationState.PENDING:
        bell.ring("workers.carry_out", str(operation.pk), queue=queue)
    bell.tell(f"fn-{function.pk}", f"op-{operation.pk}", "inbox")
    return operation
