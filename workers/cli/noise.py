"""`noise`: what varies on AWS itself, shown, learned on request, forgotten."""

from __future__ import annotations

import argparse
from typing import Any

from migrations_app.models import Run
from migrations_app.services import noise, validation
from workers.cli.frame import Answer, Code, Context, table
from workers.cli.lookup import function_named
from workers.cli.validation import carry_out


def register(verbs: Any, common: argparse.ArgumentParser) -> None:
    """Add the verbs of this group."""
    known = verbs.add_parser("noise", help="what varies on AWS itself").add_subparsers(
        dest="deed", metavar="DEED", required=True
    )
    deed = known.add_parser("show", parents=[common], help="fields with counts, p-value and decision")
    deed.add_argument("function", metavar="FUNCTION")
    deed.set_defaults(run=show_noise)
    deed = known.add_parser("learn", parents=[common], help="call AWS twice with each event, and wait")
    deed.add_argument("function", metavar="FUNCTION")
    deed.add_argument("--events", type=int, metavar="N", help="how many (default: the policy's)")
    deed.add_argument("--suite", default="default")
    deed.add_argument("--concurrency", type=int, default=6, help="calls in flight (default 6)")
    deed.add_argument("--budget", type=float, metavar="GB_S", help="stop after so many GB-seconds")
    deed.add_argument("--reason", default="")
    deed.set_defaults(run=learn_noise)
    deed = known.add_parser("forget", parents=[common], help="forget a field, or all; it counts again")
    deed.add_argument("function", metavar="FUNCTION")
    deed.add_argument("--field", default="", help="as `noise show` names it, e.g. 'answer /at'; default: all")
    deed.add_argument("--reason", default="")
    deed.set_defaults(run=forget_noise)


def show_noise(context: Context) -> Answer:
    """Give every field that ever differed, with the decision and its numbers."""
    found = noise.evidence(function_named(context.options.function))
    rows = [
        (
            one.field,
            one.reading.value,
            f"{one.itself}/{one.itself_pairs}",
            f"{one.candidate}/{one.candidate_pairs}",
            f"{one.p:.2g}",
        )
        for one in found.fields
    ]
    text = table(("FIELD", "DECISION", "AWS ITSELF", "WITH FC", "P"), rows)
    if not rows:
        text = "No field is known to vary on AWS itself."
    return Answer(document=noise.document(found), text=text)


def forget_noise(context: Context) -> Answer:
    """Forget one field or all."""
    options = context.options
    function = function_named(options.function)
    number = noise.forget(function.pk, actor=context.actor, name=options.field, reason=options.reason)
    return Answer(
        document={"function": function.name, "field": options.field, "forgotten": number},
        text=f"{number} fields are forgotten; they count again. Stored pairs are being compared anew.",
    )


def learn_noise(context: Context) -> Answer:
    """Learn noise in the foreground, or wait for the worker that took the run first."""
    options = context.options
    function = function_named(options.function)
    run = validation.start_learning(
        function.pk,
        actor=context.actor,
        events=options.events,
        suite=options.suite,
        reason=options.reason,
        concurrency=options.concurrency,
        budget_gb_s=options.budget,
    )
    context.say(f"Learning noise of {function.name} from {run.learn} events (run {run.pk}).")
    carry_out(context, run)
    found = noise.document(noise.evidence(function))
    document = {
        "run": str(run.pk),
        "state": run.state,
        "learned": run.learned,
        "wanted": run.learn,
        "usage": run.usage,
        "error": run.error,
        "noise": found,
    }
    varying = sum(1 for one in found["fields"] if one["decision"] == "noise")
    return Answer(
        document=document,
        text=run.error or f"Learned from {run.learned} events: {varying} fields vary on AWS itself.",
        code=Code.GOOD if run.state == Run.State.FINISHED else Code.UNKNOWN,
    )
