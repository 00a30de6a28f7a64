"""Runs that only learn: AWS is set beside itself, FC is not called, and no verdict comes of it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from cutover.observation import Side
from migrations_app.models import Run
from migrations_app.services import suites, validation
from migrations_app.services.validation import RunLease
from workers.runs import calling, learning


def carry_out(lease: RunLease, run: Run) -> Run:
    """Call AWS twice with each event that is still to be learned from, then end the run.

    Raises:
        RunLeaseLost: it was cancelled, or another worker has it.
        CloudError: AWS could not be asked.
    """
    place = calling.places(run)[Side.PRIMARY]
    with ThreadPoolExecutor(run.concurrency, thread_name_prefix="learn") as pool:
        learning.learn(lease, pool, run, place, suites.events_of_run(run))
    return validation.finish_learning(lease)
