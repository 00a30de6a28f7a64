"""A second person's yes to one plan."""

from __future__ import annotations

import uuid

from django.db import transaction

from cutover.errors import GuardNotMet, StaleState
from migrations_app.models import Approval, Operation, OperationState
from migrations_app.services import audit, decommission, guards, operations


def approve(operation_id: uuid.UUID | str, *, actor: str, reason: str) -> Approval:
    """Approve a blocked operation, which starts at once.

    Raises:
        StaleState: it does not wait for an approval (any more).
        GuardNotMet: the same person asked for it, or the plan is not what was asked for any more.
    """
    with transaction.atomic():
        operation = (
            Operation.objects.select_for_update(of=("self",)).select_related("function").get(pk=operation_id)
        )
        if operation.state != OperationState.BLOCKED:
            raise StaleState(f"This operation is {operation.state}; it does not wait for an approval.")
        if operation.asked_by == actor:
            raise GuardNotMet((f"{actor} asked for it; somebody else must approve it.",))
        function = operation.function
        if decommission.plan(function).digest != operation.digest:
            raise GuardNotMet(
                ("The plan changed since it was asked for. Let it be asked for again, then approve that.",)
            )
        if reasons := guards.sentences(guards.decommission_reasons(function)):
            raise GuardNotMet(reasons)
        approval = Approval.objects.create(
            operation=operation, digest=operation.digest, approved_by=actor, reason=reason[:400]
        )
        audit.record(
            actor=actor,
            verb="approve",
            function=function,
            operation=operation,
            reason=reason,
            detail={"digest": operation.digest},
        )
        decommission.begin(operation, actor=actor)
        operations.release(operation)
    return approval
