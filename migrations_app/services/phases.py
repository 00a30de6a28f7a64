"""The only writer of ``FunctionMigration.phase`` and of its version."""

from __future__ import annotations

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from cutover.errors import StaleState
from cutover.phases import Trigger, next_phase
from migrations_app.models import FunctionMigration, Operation, PhaseChange
from migrations_app.services import audit, bell


def move(
    function: FunctionMigration,
    trigger: Trigger,
    *,
    actor: str,
    reason: str,
    operation: Operation | None = None,
) -> None:
    """Move ``function`` by ``trigger``: compare-and-set on (id, phase, version) and a ledger row, together.

    The instance is brought up to date. Call it inside the transaction of what justifies the move.

    Raises:
        IllegalTransition: the table has no such row; nothing is written.
        StaleState: somebody else moved the function since the instance was read; nothing is written.
    """
    before = function.stage
    after = next_phase(before, trigger)
    now = timezone.now()
    with transaction.atomic():
        changed = FunctionMigration.objects.filter(
            pk=function.pk, phase=before, version=function.version
        ).update(phase=after, version=F("version") + 1, phase_since=now, changed_at=now)
        if not changed:
            raise StaleState()
        function.phase, function.version, function.phase_since = after, function.version + 1, now
        PhaseChange.objects.create(
            function=function,
            operation=operation,
            before=before,
            trigger=trigger,
            after=after,
            version=function.version,
            actor=actor,
            reason=reason[:400],
        )
        audit.record(
            actor=actor,
            verb=f"phase:{trigger.value}",
            function=function,
            operation=operation,
            reason=reason,
            detail={"before": before.value, "after": after.value},
        )
        bell.tell(f"fn-{function.pk}", "inbox")


def touch(function: FunctionMigration) -> None:
    """Let the version grow without a move, so that a page that was drawn before is seen to be stale.

    For decisions that change what the next click would mean: a weight, a hold, a declaration.
    """
    now = timezone.now()
    with transaction.atomic():
        FunctionMigration.objects.filter(pk=function.pk).update(version=F("version") + 1, changed_at=now)
        function.refresh_from_db(fields=["version", "changed_at"])
        bell.tell(f"fn-{function.pk}")
