"""`plan`: the exact actions, nothing applied."""

from __future__ import annotations

import argparse
from typing import Any

from cutover.errors import BadInput, RuleError
from cutover.phases import Trigger, next_phase
from cutover.planning import Plan, describe
from migrations_app.models import FunctionMigration
from migrations_app.services import decommission, deployment, restoration, rollback, shifting
from workers.cli.frame import Answer, Code, Context, basis_points
from workers.cli.lookup import function_named

PURPOSES = ("deploy", "shift", "rollback", "decommission", "restore")


def register(verbs: Any, common: argparse.ArgumentParser) -> None:
    """Add the verb of this group."""
    verb = verbs.add_parser("plan", parents=[common], help="the exact actions, nothing applied")
    verb.add_argument("function", metavar="FUNCTION")
    verb.add_argument("--for", dest="purpose", required=True, choices=PURPOSES)
    verb.add_argument("--to", metavar="PERCENT", help="for a shift: the weight")
    verb.set_defaults(run=show)


def show(context: Context) -> Answer:
    """Give the plan; one that is forbidden now says why and ends with 4."""
    options = context.options
    if (options.purpose == "shift") != (options.to is not None):
        raise BadInput("--to PERCENT goes with --for shift, and only with it.")
    function = function_named(options.function)
    made = _plan(function, options.purpose, options.to)
    found = {
        "function": function.name,
        "kind": made.kind.value,
        "digest": made.digest,
        "actions": describe(made.actions),
        "reasons": list(made.reasons),
        "notes": list(made.notes),
    }
    return Answer(document=found, text=_text(made), code=Code.REFUSED if made.reasons else Code.GOOD)


def _plan(function: FunctionMigration, purpose: str, to: str | None) -> Plan:
    match purpose:
        case "deploy":
            return deployment.plan(function)
        case "shift":
            return shifting.plan(function, basis_points(to or ""))
        case "decommission":
            return decommission.plan(function)
        case "rollback":
            next_phase(function.stage, Trigger.ROLL_BACK)
            return rollback.plan(function)
        case "restore":
            next_phase(function.stage, Trigger.RESTORE)
            return restoration.plan(function)
        case _:
            raise RuleError(f"There is no plan for '{purpose}'.")


def _text(made: Plan) -> str:
    lines = [
        f"{number:>3}. {action.cloud.value:<8} {action.call:<40} {action.changes}"
        + ("" if action.reversible else "  [cannot be undone]")
        for number, action in enumerate(made.actions, start=1)
    ]
    lines += [f"Note: {note}" for note in made.notes]
    lines += [f"Not now: {reason}" for reason in made.reasons]
    return "\n".join(lines) or "Nothing to do."
