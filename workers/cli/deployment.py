"""`deploy`: dual deploy and smoke test."""

from __future__ import annotations

import argparse
from typing import Any

from migrations_app.services import deployment
from workers.cli.frame import Answer, Context
from workers.cli.lookup import function_named
from workers.cli.operations import carry_out, outcome


def register(verbs: Any, common: argparse.ArgumentParser) -> None:
    """Add the verb of this group."""
    verb = verbs.add_parser("deploy", parents=[common], help="dual deploy and smoke test")
    verb.add_argument("function", metavar="FUNCTION")
    verb.add_argument("--reason", default="Deploy")
    verb.set_defaults(run=deploy)


def deploy(context: Context) -> Answer:
    """Deploy on FC; AWS keeps all traffic."""
    function = function_named(context.options.function)
    operation = deployment.start(function.pk, actor=context.actor, reason=context.options.reason)
    operation = carry_out(context, operation)
    waits = "" if function.invocable else " The smoke test waits for the declaration of side effects."
    return outcome(operation, done=f"{function.name} is deployed on FC. AWS keeps all traffic.{waits}")
