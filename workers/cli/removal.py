"""`decommission`, `approve`, `restore`."""

from __future__ import annotations

import argparse
from typing import Any

from django.contrib.auth.models import User

from cutover.errors import GuardNotMet
from migrations_app.services import approvals, decommission, restoration
from migrations_app.services.people import Role, role_of
from workers.cli.frame import Answer, Context
from workers.cli.lookup import function_named, operation_with
from workers.cli.operations import carry_out, document, outcome


def register(verbs: Any, common: argparse.ArgumentParser) -> None:
    """Add the verbs of this group."""
    verb = verbs.add_parser("decommission", parents=[common], help="archive and remove AWS in rungs")
    verb.add_argument("function", metavar="FUNCTION")
    verb.add_argument("--reason", required=True)
    verb.set_defaults(run=remove)
    verb = verbs.add_parser("approve", parents=[common], help="the second person's yes; then it is done")
    verb.add_argument("operation", metavar="OPERATION", help="its id, or the function that waits")
    verb.add_argument("--reason", required=True)
    verb.add_argument("--no-wait", action="store_true", help="leave the work to the workers")
    verb.set_defaults(run=approve)
    verb = verbs.add_parser("restore", parents=[common], help="bring the AWS side back")
    verb.add_argument("function", metavar="FUNCTION")
    verb.add_argument("--reason", required=True)
    verb.set_defaults(run=restore)


def remove(context: Context) -> Answer:
    """Ask for the removal; it waits for an approver other than the asker."""
    function = function_named(context.options.function)
    operation = decommission.start(function.pk, actor=context.actor, reason=context.options.reason)
    return outcome(operation, done="")


def approve(context: Context) -> Answer:
    """Approve what waits, and carry it out."""
    operation = operation_with(context.options.operation)
    person = User.objects.filter(username=context.actor, is_active=True).first()
    if person is None or role_of(person) is not Role.APPROVER:
        raise GuardNotMet(
            (f"{context.actor} is not an approver. Say who approves: --as NAME, in the group 'approver'.",)
        )
    approvals.approve(operation.pk, actor=context.actor, reason=context.options.reason)
    operation.refresh_from_db()
    if context.options.no_wait:
        return Answer(document=document(operation), text="Approved; the workers carry it out.")
    name = operation.function.name
    return outcome(carry_out(context, operation), done=f"The AWS side of {name} is removed and archived.")


def restore(context: Context) -> Answer:
    """Bring the AWS side back, from any rung."""
    function = function_named(context.options.function)
    operation = restoration.start(function.pk, actor=context.actor, reason=context.options.reason)
    return outcome(
        carry_out(context, operation), done=f"{function.name} is back on AWS with all the traffic."
    )
