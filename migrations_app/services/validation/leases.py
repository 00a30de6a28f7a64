"""The right to carry a run out, for as long as a lease is held."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from cutover.errors import CutoverError, StaleState
from migrations_app.models import Run
from migrations_app.services import bell

LEASE = dt.timedelta(seconds=30)
MOST_WORKERS = 20
"""A run that so many workers did not bring to its end is stopped."""
OPEN = (Run.State.PENDING, Run.State.RUNNING)


class WorkersLost(CutoverError):
    """Worker after worker ended while it carried this run out; it was stopped. Look at the workers' logs."""


class RunLeaseLost(StaleState):
    """The run was cancelled, or another worker carries it on. This one stops and writes nothing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RunLease:
    """The right to carry a run out until the lease ends."""

    run_id: uuid.UUID
    function_id: int
    owner: str


def claim_run(*, owner: str, run_id: uuid.UUID | None = None) -> RunLease | None:
    """Take the next due run, or the one named if it is due, for a lease. None: nothing is due."""
    now = timezone.now()
    with transaction.atomic():
        rows = Run.objects.filter(state__in=OPEN, due_at__lte=now)
        if run_id is not None:
            rows = rows.filter(pk=run_id)
        run = rows.order_by("due_at").select_for_update(skip_locked=True).first()
        if run is None:
            return None
        token = f"{owner[:40]}:{uuid.uuid4().hex}"
        Run.objects.filter(pk=run.pk).update(
            state=Run.State.RUNNING,
            lease_owner=token,
            lease_until=now + LEASE,
            due_at=now + LEASE,
            fence=F("fence") + 1,
        )
        bell.tell(f"run-{run.pk}", f"fn-{run.function_id}")
    return RunLease(run_id=run.pk, function_id=run.function_id, owner=token)


def renew(lease: RunLease) -> None:
    """Push the lease's end away from now. Raises RunLeaseLost."""
    until = timezone.now() + LEASE
    with transaction.atomic():
        held(lease).update(lease_until=until, due_at=until)


def holding(lease: RunLease) -> dict[str, Any]:
    """Give what a run fulfils while the lease holds, as arguments of a query."""
    return {"pk": lease.run_id, "state": Run.State.RUNNING, "lease_owner": lease.owner}


def held(lease: RunLease) -> QuerySet[Run]:
    """Give the run as a queryset, locked. Raises RunLeaseLost when it was cancelled or is another's."""
    rows = Run.objects.filter(**holding(lease))
    if not rows.select_for_update().exists():
        raise RunLeaseLost()
    return rows
