"""What the worker that carries a run out writes down, each time in one short transaction."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from cutover.observation import Observation, Side
from migrations_app.models import Pair, Run
from migrations_app.services import bell, noise, results, usage
from migrations_app.services.validation.leases import (
    LEASE,
    MOST_WORKERS,
    RunLease,
    RunLeaseLost,
    WorkersLost,
    held,
    holding,
)

_WITH = ("function__connection__counterpart", "suite")


def stored_positions(run_id: uuid.UUID) -> set[int]:
    """Give the positions whose pair is in already."""
    return set(Pair.objects.filter(run_id=run_id).values_list("position", flat=True))


def settle_interrupted(lease: RunLease, rows: Sequence[Pair]) -> Run:
    """Store the pairs of positions that a killed worker left in flight, and add as many positions.

    Raises BadInput when the run has met with that too often, RunLeaseLost.
    """
    if not rows:
        return _read(lease)
    with transaction.atomic():
        run = held(lease).get()
        if run.fence > MOST_WORKERS:
            raise WorkersLost()
        run.wanted_pairs += len(rows)
        run.save(update_fields=["wanted_pairs"])
    return store_pairs(lease, rows)


def store_pairs(
    lease: RunLease, rows: Sequence[Pair], *, begun: Sequence[int] = (), known: Run | None = None
) -> Run:
    """Write pairs, progress and use down, and the positions that are called next.

    A position that is in already stays as it is. Raises RunLeaseLost, also when the run was cancelled.

    Args:
        known: the run as it was read before; function and suite stay as they were then.
    """
    until = timezone.now() + LEASE
    with transaction.atomic():
        run = _locked(lease, known)
        positions = [row.position for row in rows]
        there = Pair.objects.filter(run=run, day=run.day, position__in=positions)
        stored = set(there.values_list("position", flat=True))
        fresh = [row for row in rows if row.position not in stored]
        results.write(fresh)
        if not run.by_address:
            noise.count(run.function_id, fresh)
        outcomes = Counter(run.outcomes) + Counter(row.outcome for row in fresh)
        run.done_pairs, run.outcomes = outcomes.total(), dict(outcomes)
        run.in_flight = sorted({*run.in_flight, *begun} - set(positions))
        run.usage = usage.added(run.usage, fresh, run.function)
        run.lease_until = run.due_at = until
        run.save(update_fields=["done_pairs", "outcomes", "in_flight", "usage", "lease_until", "due_at"])
        bell.tell(f"run-{lease.run_id}", f"fn-{lease.function_id}")
    return run


def begin_learning(lease: RunLease, events: int) -> Run:
    """Write down that AWS is called twice for so many more events, before it is. Raises RunLeaseLost."""
    until = timezone.now() + LEASE
    with transaction.atomic():
        run = held(lease).select_related(*_WITH).get()
        run.learned += events
        run.lease_until = run.due_at = until
        run.save(update_fields=["learned", "lease_until", "due_at"])
        bell.tell(f"run-{lease.run_id}", f"fn-{lease.function_id}")
    return run


def count_calls(lease: RunLease, side: Side, seen: Sequence[Observation]) -> Run:
    """Add calls that make no pair to what the run has used. Raises RunLeaseLost."""
    with transaction.atomic():
        run = held(lease).select_related(*_WITH).get()
        run.usage = usage.with_calls(run.usage, side, seen, run.function)
        run.save(update_fields=["usage"])
    return run


def over_budget(run: Run) -> bool:
    """Tell whether the run has used the GB-seconds that it may."""
    return run.budget_gb_s is not None and usage.gb_seconds(run.usage) >= run.budget_gb_s


def _locked(lease: RunLease, known: Run | None) -> Run:
    """Give the run in one query, locked: this is done many times in a second."""
    rows = Run.objects.select_for_update(of=("self",))
    try:
        run = (rows if known else rows.select_related(*_WITH)).get(**holding(lease))
    except Run.DoesNotExist as exc:
        raise RunLeaseLost() from exc
    if known:
        run.function, run.suite = known.function, known.suite
    return run


def _read(lease: RunLease) -> Run:
    return Run.objects.select_related(*_WITH).get(pk=lease.run_id)
