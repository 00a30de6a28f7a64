"""Carries operations out: claim, then for each action intend, call, observe, record; or undo what was done.

Recipe, for each action in order:

1. Fill in what earlier actions left behind.
2. If its intent stands already (a worker was killed), observe: when the call took effect, record that (6).
3. Prepare: read what must be read just before, and with it how to undo.
4. Write the intent and the undo down, under lease and fence.
5. Make the one changing call, outside any transaction. When no answer came, observe.
6. Record outcome, request id and time, with what the rows must know of it, in one transaction.

A failure turns the operation back: everything with an undo is taken back in reverse order. A way back
(rollback, restore) is never undone; it is tried again for long. Losing the lease anywhere ends this worker's
part in silence: whoever has the fence goes on. Waits and retries give the lease back; the row is due later.
"""

from __future__ import annotations

import datetime as dt
import logging
import random
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone

from cutover.errors import (
    Conflict,
    CutoverError,
    Invalid,
    NoAnswer,
    PermanentCloudError,
    RuleError,
    TransientCloudError,
)
from cutover.planning import ActionKind, OperationKind, resolve
from cutover.ports import Receipt
from migrations_app.models import Action, ActionState, Operation, OperationState
from migrations_app.services import (
    decommission,
    deployment,
    operations,
    restoration,
    rollback,
    shifting,
)
from migrations_app.services.operations import Lease, LeaseLost
from workers.renewal import renewing
from workers.steps import STEPS, Change, Look
from workers.steps.work import Waiting, Work

logger = logging.getLogger(__name__)

WAY_BACK = frozenset({OperationKind.ROLLBACK, OperationKind.RESTORE})


@dataclass(frozen=True, kw_only=True, slots=True)
class Patience:
    """How often something is tried again, from ``first_s`` doubling up to ``longest_s`` apart."""

    tries: int
    first_s: float
    longest_s: float

    def delay(self, tried: int) -> dt.timedelta:
        """Give the pause after ``tried`` attempts, with jitter so that workers do not march in step."""
        seconds = min(self.longest_s, self.first_s * 2**tried)
        return dt.timedelta(seconds=seconds * random.uniform(0.75, 1.25))  # noqa: S311 - jitter


FORWARD = Patience(tries=8, first_s=1.0, longest_s=30.0)
UNDOING = Patience(tries=60, first_s=0.5, longest_s=30.0)
BACK = Patience(tries=400, first_s=0.25, longest_s=10.0)
BACK_REFUSED = Patience(tries=20, first_s=0.5, longest_s=10.0)

AFTER_EFFECT: Mapping[str, tuple[type[CutoverError], ...]] = {
    ActionKind.LATEST_WRITE: (Conflict, Invalid),
    ActionKind.CANDIDATE: (PermanentCloudError,),
}
"""Refusals by which a change may have taken effect: it was made, and what was read back is not right."""

SETTLE: Mapping[str, Callable[[Operation], None]] = {
    OperationKind.DEPLOY: deployment.settle,
    OperationKind.SHIFT: shifting.settle,
    OperationKind.ROLLBACK: rollback.settle,
    OperationKind.DECOMMISSION: decommission.settle,
    OperationKind.RESTORE: restoration.settle,
}
SETTLE_UNDONE: Mapping[str, Callable[[Operation], None]] = {
    OperationKind.SHIFT: shifting.settle_undone,
    OperationKind.DECOMMISSION: decommission.settle_undone,
}


def run_operation(operation_id: uuid.UUID | str, *, owner: str) -> Operation | None:
    """Carry the named operation on as far as it goes now. None: it is not due, or another worker has it."""
    lease = operations.claim(operation_id=uuid.UUID(str(operation_id)), owner=owner)
    return None if lease is None else carry_out(lease)


def run_due(queue: str, *, owner: str, at_most: int = 10) -> int:
    """Carry out what is due in a queue, one after the other. Gives how many were taken up."""
    for taken in range(at_most):
        lease = operations.claim(queue=queue, owner=owner)
        if lease is None:
            return taken
        carry_out(lease)
    return at_most


def carry_out(lease: Lease) -> Operation:
    """Carry an operation on until it ends, waits, or is somebody else's. The lease is renewed meanwhile."""
    with renewing(lease):
        try:
            _advance(lease)
        except LeaseLost:
            logger.info("Operation %s is carried on by another worker, or superseded.", lease.operation_id)
    return Operation.objects.get(pk=lease.operation_id)


# ------------------------------------------------------------------------------------------- forward


def _advance(lease: Lease) -> None:
    operation = Operation.objects.select_related("function__connection__counterpart").get(
        pk=lease.operation_id
    )
    actions = list(operation.actions.all())
    if operation.state == OperationState.UNDOING:
        _undo(lease, operation, actions)
        return
    for action in actions:
        if action.state in (ActionState.DONE, ActionState.SKIPPED):
            continue
        failure = _attempt(lease, operation, action, actions)
        if failure is None and action.state == ActionState.DONE:
            continue
        if failure is not None:
            _fail(lease, operation, action, actions, failure)
        return
    _succeed(lease, operation, actions)


def _attempt(
    lease: Lease, operation: Operation, action: Action, actions: Sequence[Action]
) -> CutoverError | None:
    """Try one action. Gives what it failed with for good; None when it is done, or paused."""
    try:
        _carry(lease, operation, action, actions)
    except LeaseLost:
        raise
    except Waiting as waiting:
        operations.pause(lease, action, waiting.until, waiting.sentence)
    except TransientCloudError as error:
        return _postpone(lease, action, BACK if operation.kind in WAY_BACK else FORWARD, error)
    except CutoverError as error:
        if operation.kind not in WAY_BACK:
            return error
        return _postpone(lease, action, BACK_REFUSED, error)
    except Exception as error:  # a fault of ours must not leave a function between two states for ever
        logger.exception("%s of operation %s met an unexpected error.", action.call, operation.pk)
        unexpected = CutoverError(f"{action.call}: unexpected {type(error).__name__}; the log says more.")
        return _postpone(lease, action, BACK_REFUSED if operation.kind in WAY_BACK else FORWARD, unexpected)
    return None


def _carry(lease: Lease, operation: Operation, action: Action, actions: Sequence[Action]) -> None:
    work = _work(lease, operation, action, actions, resolve(action.request, _outcomes(actions)))
    began = time.monotonic()
    match STEPS[ActionKind(action.kind)]:
        case Look() as step:
            receipt = step.look(work)
        case Change() as step:
            receipt = _change(lease, step, work)
    _record(lease, work, receipt, duration_ms=(time.monotonic() - began) * 1000)


def _change(lease: Lease, step: Change, work: Work) -> Receipt:
    if work.action.state == ActionState.INTENDED:
        seen = step.observe(work, work.action.resolved)
        if seen is not None:
            return seen
    prepared = step.prepare(work)
    operations.intend(lease, work.action, prepared.resolved, prepared.undo)
    return _apply(step, work, prepared.resolved)


def _apply(step: Change, work: Work, resolved: Mapping[str, Any]) -> Receipt:
    try:
        return step.apply(work, resolved)
    except NoAnswer:
        seen = step.observe(work, resolved)
        if seen is None:
            raise
        return seen


def _record(lease: Lease, work: Work, receipt: Receipt, *, duration_ms: float) -> None:
    with transaction.atomic():
        operations.record(lease, work.action, receipt, duration_ms=duration_ms)
        _remember(work, ActionKind(work.action.kind), receipt.outcome)


def _remember(work: Work, kind: ActionKind, outcome: Mapping[str, Any]) -> None:
    """Write into the function's and the connection's rows what others must know at once."""
    function = work.function
    match kind:
        case ActionKind.ROUTE | ActionKind.ROUTE_BACK | ActionKind.VERIFY_ROUTE if "weight_bp" in outcome:
            shifting.record_weight(function.pk, outcome["weight_bp"])
        case ActionKind.QUEUE:
            shifting.record_queue(function.connection_id, outcome["url"])
        case ActionKind.ARCHIVE:
            decommission.record_archive(function.pk, outcome)
        case ActionKind.CONCURRENCY if work.action.undo and not work.undoing:
            decommission.record_reserved(function.pk, work.action.undo["request"]["reserved"])
        case _:
            pass


def _succeed(lease: Lease, operation: Operation, actions: Sequence[Action]) -> None:
    try:
        operations.finish(
            lease, OperationState.SUCCEEDED, on_finish=SETTLE.get(OperationKind(operation.kind))
        )
    except LeaseLost:
        raise
    except RuleError as error:
        # The function moved on meanwhile, so that what was done here has no place any more.
        if operation.kind in WAY_BACK:
            operations.finish(lease, OperationState.FAILED, error=str(error))
            return
        operations.turn_back(lease, str(error))
        operation.refresh_from_db(fields=["state", "error"])
        _undo(lease, operation, actions)


# -------------------------------------------------------------------------------------------- undoing


def _fail(
    lease: Lease,
    operation: Operation,
    action: Action,
    actions: Sequence[Action],
    failure: CutoverError,
) -> None:
    if not (action.undo and _may_have_happened(action, failure)):
        operations.mark(lease, action, ActionState.FAILED, error=str(failure))
    if operation.kind in WAY_BACK:
        operations.finish(lease, OperationState.FAILED, error=str(failure))
        return
    operations.turn_back(lease, str(failure))
    operation.refresh_from_db(fields=["state", "error"])
    _undo(lease, operation, actions)


def _may_have_happened(action: Action, failure: CutoverError) -> bool:
    """Tell whether an action that failed is to be undone all the same.

    After trouble on the way nobody knows whether the call arrives late; some refusals come after an effect.
    """
    if action.state != ActionState.INTENDED:
        return False
    late = AFTER_EFFECT.get(action.kind, ())
    return not isinstance(failure, PermanentCloudError) or isinstance(failure, late)


def _undo(lease: Lease, operation: Operation, actions: Sequence[Action]) -> None:
    """Take back what was done, in reverse. What cannot be taken back is named, and the rest goes on."""
    for action in reversed(actions):
        if action.undo is None or action.state not in (
            ActionState.INTENDED,
            ActionState.DONE,
            ActionState.UNDOING,
        ):
            continue
        if _latest_is_back(action, actions):
            operations.mark(lease, action, ActionState.UNDONE)
            continue
        if not _undo_one(lease, operation, action, actions):
            return
    left = [row.error for row in actions if row.state == ActionState.FAILED and row.error != operation.error]
    kind = OperationKind(operation.kind)
    operations.finish(
        lease,
        OperationState.FAILED if left else OperationState.UNDONE,
        error=" ".join([operation.error, *left]),
        on_finish=SETTLE_UNDONE.get(kind),
    )


def _undo_one(lease: Lease, operation: Operation, action: Action, actions: Sequence[Action]) -> bool:
    """Undo one action. False: paused, to be tried again."""
    if action.state != ActionState.UNDOING:
        operations.mark(lease, action, ActionState.UNDOING)
    try:
        _take_back(lease, operation, action, actions)
    except LeaseLost:
        raise
    except TransientCloudError as error:
        failure = _postpone(lease, action, UNDOING, error)
        if failure is None:
            return False
    except CutoverError as error:
        failure = error
    except Exception as error:  # as in _attempt
        logger.exception("The undo of %s of operation %s failed.", action.call, operation.pk)
        failure = CutoverError(f"unexpected {type(error).__name__}")
    else:
        operations.mark(lease, action, ActionState.UNDONE)
        return True
    operations.mark(
        lease, action, ActionState.FAILED, error=f"{action.call} could not be taken back: {failure}"
    )
    return True


def _take_back(lease: Lease, operation: Operation, action: Action, actions: Sequence[Action]) -> None:
    undo = action.undo or {}
    kind = ActionKind(undo["kind"])
    known = {**_outcomes(actions), action.key: action.outcome}
    work = _work(lease, operation, action, actions, resolve(undo["request"], known), undoing=True)
    step = STEPS[kind]
    if isinstance(step, Change):
        prepared = step.prepare(work)
        work.still_ours()
        receipt = step.apply(work, prepared.resolved)
        with transaction.atomic():
            work.still_ours()
            _remember(work, kind, receipt.outcome)


def _latest_is_back(action: Action, actions: Sequence[Action]) -> bool:
    """Tell whether `$LATEST` was put back already, by the plan's own restore or by another write's undo."""
    if action.kind != ActionKind.LATEST_WRITE:
        return False
    return any(
        (row.kind == ActionKind.LATEST_RESTORE and row.state == ActionState.DONE)
        or (row.kind == ActionKind.LATEST_WRITE and row.state == ActionState.UNDONE)
        for row in actions
    )


# ------------------------------------------------------------------------------------------ details


def _work(
    lease: Lease,
    operation: Operation,
    action: Action,
    actions: Sequence[Action],
    request: Mapping[str, Any],
    *,
    undoing: bool = False,
) -> Work:
    return Work(
        operation=operation,
        function=operation.function,
        action=action,
        actions=actions,
        request=request,
        now=timezone.now(),
        still_ours=lambda: operations.check(lease),
        undoing=undoing,
    )


def _outcomes(actions: Sequence[Action]) -> dict[str, Mapping[str, Any]]:
    return {row.key: row.outcome for row in actions if row.state == ActionState.DONE}


def _postpone(lease: Lease, action: Action, patience: Patience, error: CutoverError) -> CutoverError | None:
    """Pause until the next try. Gives the error back when there were enough."""
    tried = int(action.outcome.get("tries", 0))
    if tried + 1 >= patience.tries:
        return error
    with transaction.atomic():
        until = timezone.now() + patience.delay(tried)
        operations.pause(lease, action, until, f"{error} It is tried again at {until:%H:%M:%S} UTC.")
        action.outcome = {**action.outcome, "tries": tried + 1}
        action.save(update_fields=["outcome"])
    return None
