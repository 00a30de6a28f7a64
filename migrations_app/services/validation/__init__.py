"""Validation as rows: runs, and what the worker that carries a run out writes down.

A run is claimed by a lease like an operation. Each batch of pairs is written in one short transaction that
asserts the lease first, and (run, position) is unique, so a run goes on where a killed worker left it and no
pair is stored twice.
"""

from migrations_app.services.validation.asking import (
    LEARN_EVENTS,
    MOST_CONCURRENCY,
    MOST_PAIRS,
    Wanted,
    cancel_run,
    start,
    start_learning,
    start_replay,
    start_run,
)
from migrations_app.services.validation.carrying import (
    begin_learning,
    count_calls,
    over_budget,
    settle_interrupted,
    store_pairs,
    stored_positions,
)
from migrations_app.services.validation.leases import (
    LEASE,
    MOST_WORKERS,
    OPEN,
    RunLease,
    RunLeaseLost,
    WorkersLost,
    claim_run,
    renew,
)
from migrations_app.services.validation.verdicts import (
    LOGS_PATIENCE,
    count_pending,
    draw_anew,
    fail_run,
    finish_learning,
    finish_run,
    move_by_verdict,
    note_late_logs,
    runs_with_late_logs,
)

__all__ = [
    "LEARN_EVENTS",
    "LEASE",
    "LOGS_PATIENCE",
    "MOST_CONCURRENCY",
    "MOST_PAIRS",
    "MOST_WORKERS",
    "OPEN",
    "RunLease",
    "RunLeaseLost",
    "Wanted",
    "WorkersLost",
    "begin_learning",
    "cancel_run",
    "claim_run",
    "count_calls",
    "count_pending",
    "draw_anew",
    "fail_run",
    "finish_learning",
    "finish_run",
    "move_by_verdict",
    "note_late_logs",
    "over_budget",
    "renew",
    "runs_with_late_logs",
    "settle_interrupted",
    "start",
    "start_learning",
    "start_replay",
    "start_run",
    "store_pairs",
    "stored_positions",
]
