"""`validate` and `comparisons`."""

from __future__ import annotations

import argparse
import time
from typing import Any

from cutover.analysis import Result
from cutover.comparison import PairOutcome
from migrations_app.models import Pair, Run
from migrations_app.services import validation
from workers.cli.frame import Answer, Code, Context, moment, table
from workers.cli.lookup import function_named
from workers.cli.suites import read_events
from workers.validation import carry_out_run

_LOOK_S = 0.3
_CODES = {Result.PASS.value: Code.GOOD, Result.FAIL.value: Code.BAD}


def register(verbs: Any, common: argparse.ArgumentParser) -> None:
    """Add the verbs of this group."""
    verb = verbs.add_parser("validate", parents=[common], help="run a suite on both sides, wait, verdict")
    verb.add_argument("function", metavar="FUNCTION")
    verb.add_argument("--events", metavar="FILE", help="JSON or JSON Lines; replaces the suite first")
    verb.add_argument("--suite", default="default")
    verb.add_argument("--pairs", type=int, help="how many pairs (default: the policy's)")
    verb.add_argument("--reason", default="")
    verb.set_defaults(run=validate)
    verb = verbs.add_parser("comparisons", parents=[common], help="the pairs, newest first")
    verb.add_argument("function", metavar="FUNCTION")
    verb.add_argument("--outcome", choices=[one.value for one in PairOutcome])
    verb.add_argument("--limit", type=int, default=50)
    verb.set_defaults(run=comparisons)


def validate(context: Context) -> Answer:
    """Run a validation in the foreground, or wait for the worker that took it first."""
    options = context.options
    function = function_named(options.function)
    if options.events:
        events = read_events(options.events)
        validation.import_events(function.pk, events, actor=context.actor, name=options.suite)
    run = validation.start_run(
        function.pk,
        actor=context.actor,
        reason=options.reason,
        pairs=options.pairs,
        events_suite=options.suite,
    )
    context.say(f"Validating {function.name} with {run.wanted_pairs} pairs.")
    said = -1
    while run.state in validation.OPEN:
        if carry_out_run(run.pk, owner="cli") is None:
            time.sleep(_LOOK_S)
        run.refresh_from_db()
        if run.done_pairs != said:
            said = run.done_pairs
            context.say(f"{run.done_pairs} of {run.wanted_pairs} pairs {run.outcomes}")
    return _answer(run)


def _answer(run: Run) -> Answer:
    found = {
        "run": str(run.pk),
        "function": run.function.name,
        "state": run.state,
        "result": run.verdict_result or "error",
        "sentence": run.verdict.get("sentence") or run.error,
        "needed": run.verdict.get("needed", 0),
        "pairs": run.done_pairs,
        "outcomes": run.outcomes,
        "verdict": run.verdict,
    }
    lines = [f"{str(found['result']).upper()}: {found['sentence']}"]
    lines += [
        f"  {check['name']:<10} {check['result']:<13} {check['sentence']}"
        for check in run.verdict.get("checks", ())
    ]
    return Answer(document=found, text="\n".join(lines), code=_CODES.get(run.verdict_result, Code.UNKNOWN))


def comparisons(context: Context) -> Answer:
    """Give pairs, newest first."""
    options = context.options
    function = function_named(options.function)
    rows = Pair.objects.filter(function=function).order_by("-at")
    if options.outcome:
        rows = rows.filter(outcome=options.outcome)
    found = [
        {
            "id": str(row.pk),
            "run": str(row.run_id) if row.run_id else None,
            "title": row.title,
            "outcome": row.outcome,
            "counts": row.counts,
            "sentence": row.sentence,
            "pointer": row.first_pointer,
            "blame": row.blame,
            "primary_ms": row.primary_ms,
            "candidate_ms": row.candidate_ms,
            "primary_request_id": row.primary.get("request_id", ""),
            "candidate_request_id": row.candidate.get("request_id", ""),
            "at": moment(row.at),
        }
        for row in rows[: max(1, options.limit)]
    ]
    text = table(
        ("AT", "OUTCOME", "EVENT", "AWS ms", "FC ms", "WHAT"),
        [
            (one["at"], one["outcome"], one["title"], one["primary_ms"], one["candidate_ms"], one["sentence"])
            for one in found
        ],
    )
    return Answer(document=found, text=text)
