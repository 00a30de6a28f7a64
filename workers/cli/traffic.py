"""`shift`, `hold`, `resume`, `rollback`."""

from __future__ import annotations

import argparse
import time
from itertools import pairwise
from typing import Any

from cutover.errors import BadInput
from cutover.phases import Phase
from cutover.planning import FULL_BP
from migrations_app.models import FunctionMigration, Operation
from migrations_app.models.operations import OPEN_STATES
from migrations_app.services import heartbeats, rollback, shifting
from workers.cli.frame import Answer, Code, Context, basis_points, percent
from workers.cli.functions import summary
from workers.cli.lookup import function_named
from workers.cli.operations import carry_out, outcome
from workers.cli.operations import document as operation_document

_LOOK_S = 0.5


def register(verbs: Any, common: argparse.ArgumentParser) -> None:
    """Add the verbs of this group."""
    verb = verbs.add_parser("shift", parents=[common], help="traffic, with analysis at every step")
    verb.add_argument("function", metavar="FUNCTION")
    way = verb.add_mutually_exclusive_group(required=True)
    way.add_argument("--to", metavar="PERCENT", help="one weight, by hand")
    way.add_argument("--steps", metavar="1,5,25,50,100", help="climb by itself; this command waits")
    verb.add_argument("--reason", default="Shift")
    verb.set_defaults(run=shift)
    for name, words, deed in (
        ("hold", "stop going forward", hold),
        ("resume", "go forward again", resume),
    ):
        verb = verbs.add_parser(name, parents=[common], help=words)
        verb.add_argument("function", metavar="FUNCTION")
        verb.add_argument("--reason", required=True)
        verb.set_defaults(run=deed)
    verb = verbs.add_parser("rollback", parents=[common], help="100 %% AWS, in the foreground")
    verb.add_argument("function", metavar="FUNCTION")
    verb.add_argument("--reason", required=True)
    verb.set_defaults(run=roll_back)


def shift(context: Context) -> Answer:
    """Move one weight by hand, or climb steps and wait for the end of the climb."""
    options = context.options
    function = function_named(options.function)
    if options.to is not None:
        to_bp = basis_points(options.to)
        operation = shifting.start(function.pk, to_bp=to_bp, actor=context.actor, reason=options.reason)
        return outcome(
            carry_out(context, operation), done=f"{function.name}: {percent(to_bp)} of the traffic is on FC."
        )
    ladder = _ladder(options.steps)
    operation = shifting.start(function.pk, ladder=ladder, actor=context.actor, reason=options.reason)
    operation = carry_out(context, operation)
    if operation.state != "succeeded":
        return outcome(operation, done="")
    return _climb(context, function, operation, ladder[-1])


def _ladder(text: str) -> list[int]:
    steps = [basis_points(step.strip()) for step in text.split(",") if step.strip()]
    if not steps or steps[0] == 0 or any(high <= low for low, high in pairwise(steps)):
        raise BadInput(f"Steps must grow, above 0% and up to 100%, e.g. 1,5,25,50,100; not '{text}'.")
    return steps


def _climb(context: Context, function: FunctionMigration, first: Operation, top_bp: int) -> Answer:
    """Wait until `watch` has climbed to the top or gone back, saying what is missing meanwhile."""
    context.say("`watch` climbs from here; Ctrl-C leaves it going.")
    said = ""
    while True:
        function.refresh_from_db()
        now = f"{percent(function.desired_weight_bp)} on FC. {function.advice}".strip()
        if "watch" in heartbeats.down():
            now = "`watch` does not run, so nothing climbs. Start it: manage.py watch."
        if now != said:
            said = now
            context.say(now)
        if answer := _end(function, first, top_bp):
            return answer
        time.sleep(_LOOK_S)


def _end(function: FunctionMigration, first: Operation, top_bp: int) -> Answer | None:
    found = summary(function)
    latest = function.operations.select_related("function").order_by("-created_at").first() or first
    found["operation"] = operation_document(latest)
    found["rollback_report"] = function.rollback_report
    if function.stage not in {Phase.SHIFTING, Phase.CUT_OVER}:
        sentence = function.rollback_report.get("sentence") or f"It is {function.phase}."
        return Answer(document=found, text=f"{function.name} went back to AWS: {sentence}", code=Code.BAD)
    if latest.kind == "shift" and latest.state in {"undone", "failed"}:
        return outcome(latest, done="")
    if function.operations.filter(state__in=OPEN_STATES).exists():
        return None
    if function.stage is Phase.CUT_OVER:
        return Answer(document=found, text=f"{function.name} is cut over: all its traffic is on FC.")
    arrived = function.observed_weight_bp == top_bp == function.desired_weight_bp
    if arrived and top_bp < FULL_BP:
        return Answer(document=found, text=f"{function.name} stands at {percent(top_bp)}, its last step.")
    return None


def hold(context: Context) -> Answer:
    """Stop a function from going forward."""
    function = function_named(context.options.function)
    done = shifting.hold(function.pk, actor=context.actor, reason=context.options.reason)
    return Answer(document=summary(done), text=f"{done.name} is held. Rollback stays open.")


def resume(context: Context) -> Answer:
    """Let a function go forward again."""
    function = function_named(context.options.function)
    done = shifting.resume(function.pk, actor=context.actor, reason=context.options.reason)
    return Answer(document=summary(done), text=f"{done.name} may go forward.")


def roll_back(context: Context) -> Answer:
    """Send all traffic back to AWS, here and now."""
    function = function_named(context.options.function)
    operation = rollback.request(function.pk, actor=context.actor, reason=context.options.reason)
    return outcome(carry_out(context, operation), done=f"{function.name}: AWS has all the traffic.")
