"""What is named by word elsewhere exists: steps by kind of action, tasks by the names that services ring."""

from __future__ import annotations

import re
from pathlib import Path

import migrations_app.services
from cutover.planning import ActionKind, OperationKind
from workers import engine
from workers.celery import app
from workers.steps import STEPS, Change

SERVICES = Path(migrations_app.services.__file__).parent


def test_every_kind_of_action_has_a_step() -> None:
    assert set(STEPS) == set(ActionKind)


def test_every_kind_that_is_an_undo_is_a_change() -> None:
    undos = {
        ActionKind.CANDIDATE_DELETE,
        ActionKind.CANDIDATE_ALIAS,
        ActionKind.DELETE_ALIAS,
        ActionKind.LATEST_RESTORE,
        ActionKind.ROUTE_BACK,
        ActionKind.CONCURRENCY,
    }
    assert all(isinstance(STEPS[kind], Change) for kind in undos)


def test_every_kind_of_operation_that_can_be_started_settles_its_function() -> None:
    assert set(engine.SETTLE) == set(OperationKind) - {OperationKind.DRILL}


def test_every_task_that_is_rung_or_scheduled_is_registered() -> None:
    app.loader.import_default_modules()
    rung = {
        name
        for path in SERVICES.glob("*.py")
        for name in re.findall(r'ring\(\s*"(workers\.\w+)"', path.read_text())
    }
    scheduled = {entry["task"] for entry in app.conf.beat_schedule.values()}
    assert rung >= {"workers.carry_out", "workers.sync", "workers.check"}
    assert rung | scheduled <= set(app.tasks)


def test_every_task_has_a_limit_and_acknowledges_late() -> None:
    app.loader.import_default_modules()
    ours = [task for name, task in app.tasks.items() if name.startswith("workers.")]
    assert len(ours) >= 6
    for task in ours:
        assert task.time_limit
        assert task.acks_late


def test_rollbacks_have_a_queue_of_their_own() -> None:
    app.loader.import_default_modules()
    assert app.amqp.router.route({}, "workers.tick_rollbacks")["queue"].name == "rollback"
    assert app.amqp.router.route({}, "workers.tick")["queue"].name == "work"
