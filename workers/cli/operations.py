"""Carries operations out in the foreground, or waits for the worker that took them first."""

from __future__ import annotations

import time
from typing import Any

from migrations_app.models import ActionState, Operation, OperationState
from workers import engine
from workers.cli.frame import Answer, Code, Context, moment

OWNER = "cli"
_LOOK_S = 0.2


def carry_out(context: Context, operation: Operation) -> Operation:
    """Work on the operation until it is final or waits for a person, saying each step on stderr.

    Another process may have it: then this one only looks. Ctrl-C leaves the operation as it is; workers go
    on with it.
    """
    said: dict[int, str] = {}
    while True:
        operation.refresh_from_db()
        _say_steps(context, operation, said)
        if operation.final or operation.state == OperationState.BLOCKED:
            return operation
        if engine.run_operation(operation.pk, owner=OWNER) is None:
            time.sleep(_LOOK_S)


def _say_steps(context: Context, operation: Operation, said: dict[int, str]) -> None:
    for action in operation.actions.all():
        if action.state == ActionState.PENDING and not action.waiting_for:
            continue
        line = action.waiting_for or action.error or action.state
        if said.get(action.position) != line:
            said[action.position] = line
            context.say(f"{action.position:>3}. {action.call:<36} {line}")


def outcome(operation: Operation, *, done: str) -> Answer:
    """Give the answer for an operation that ended; ``done`` is the sentence when it succeeded."""
    if operation.state == OperationState.SUCCEEDED:
        return Answer(document=document(operation), text=done)
    if operation.state == OperationState.BLOCKED:
        return Answer(
            document=document(operation),
            text=f"Waits for a second person: cutover approve {operation.pk} --reason R",
        )
    sentence = operation.error or f"The operation is {operation.state}."
    return Answer(document=document(operation), text=f"{operation.state}: {sentence}", code=Code.BAD)


def document(operation: Operation) -> dict[str, Any]:
    """Give an operation with its actions as plain JSON."""
    return {
        "id": str(operation.pk),
        "kind": operation.kind,
        "function": operation.function.name,
        "state": operation.state,
        "asked_by": operation.asked_by,
        "reason": operation.reason,
        "error": operation.error,
        "digest": operation.digest,
        "created_at": moment(operation.created_at),
        "finished_at": moment(operation.finished_at),
        "actions": [
            {
                "position": action.position,
                "key": action.key,
                "cloud": action.cloud,
                "call": action.call,
                "changes": action.changes,
                "state": action.state,
                "waiting_for": action.waiting_for,
                "error": action.error,
                "request_id": action.request_id,
                "duration_ms": action.duration_ms,
            }
            for action in operation.actions.all()
        ],
    }
