"""Celery's shells: look up, call, nothing else. What is due stands in PostgreSQL."""
# mypy: disable-error-code="untyped-decorator"
# Celery ships no types.

from __future__ import annotations

import os

from celery import shared_task

from migrations_app.services import heartbeats, reevaluation
from workers import assessment, connections, drafts, engine, validation
from workers.runs import late_logs


@shared_task(name="workers.carry_out", acks_late=True, time_limit=900)
def carry_out(operation_id: str) -> None:
    """Carry one operation on."""
    engine.run_operation(operation_id, owner=_owner())


@shared_task(name="workers.run_validation", acks_late=True, time_limit=1800)
def run_validation(run_id: str) -> None:
    """Carry one validation run on."""
    validation.carry_out_run(run_id, owner=_owner())


@shared_task(name="workers.tick", acks_late=True, time_limit=900)
def tick() -> None:
    """Do what is due: operations, syncs and checks, what pages asked for, then validation runs."""
    heartbeats.beat("work")
    engine.run_due("work", owner=_owner(), at_most=4)
    connections.run_due()
    assessment.run_due()
    drafts.run_due()
    validation.run_due(_owner())
    late_logs.catch_up()
    reevaluation.run_due()


@shared_task(name="workers.tick_rollbacks", acks_late=True, time_limit=300)
def tick_rollbacks() -> None:
    """Do the rollbacks that are due."""
    heartbeats.beat("rollback")
    engine.run_due("rollback", owner=_owner())


@shared_task(name="workers.sync", acks_late=True, time_limit=900)
def sync(connection_id: str) -> None:
    """Read the inventory of one connection, if it is due."""
    connections.sync(int(connection_id), only_due=True)


@shared_task(name="workers.read_code", acks_late=True, time_limit=300)
def read_code(function_id: str) -> None:
    """Read the packages that are due, of this function and perhaps of others."""
    assessment.run_due()


@shared_task(name="workers.search_logs", acks_late=True, time_limit=300)
def search_logs() -> None:
    """Search the logs of functions for events where that was asked for."""
    drafts.run_due()


@shared_task(name="workers.compare_anew", acks_late=True, time_limit=300)
def compare_anew() -> None:
    """Compare stored pairs anew where that is due."""
    reevaluation.run_due()


@shared_task(name="workers.check", acks_late=True, time_limit=300)
def check(connection_id: str) -> None:
    """Check one connection, if it is due."""
    connections.check(int(connection_id), only_due=True)


def _owner() -> str:
    """Name the process; the pool forks after this module is imported."""
    return f"worker-{os.getpid()}"
