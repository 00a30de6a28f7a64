"""`validate`, `run` and `comparisons`."""

from __future__ import annotations

import argparse
import time
import uuid
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from django.db import connections

from cutover.analysis import Result
from cutover.comparison import PairOutcome
from cutover.errors import BadInput, StaleState
from migrations_app.models import FunctionMigration, Pair, Run
from migrations_app.services import rerunning, suites, validation
from workers.cli.frame import Answer, Code, Context, moment, table
from workers.cli.lookup import function_named
from workers.cli.suites import read_events
from workers.runs import reporting
from workers.validation import carry_out_run

_LOOK_S = 0.3
_CODES = {Result.PASS.value: Code.GOOD, Result.FAIL.value: Code.BAD}


def register(verbs: Any, common: argparse.ArgumentParser) -> None:
    """Add the verbs of this group."""
    verb = verbs.add_parser("validate", parents=[common], help="run a suite on both sides, wait, verdict")
    verb.add_argument("function", metavar="FUNCTION")
    verb.add_argument("--events", metavar="FILE", help="JSON or JSON Lines; becomes the suite first")
    verb.add_argument("--skip-bad", action="store_true", help="leave out lines of FILE that are no events")
    verb.add_argument("--suite", default="default")
    verb.add_argument("--tag", action="append", default=[], help="only events with this tag, or another")
    verb.add_argument("--pairs", type=int, help="how many pairs (default: the policy's)")
    verb.add_argument("--concurrency", type=int, default=6, help="calls in flight (default 6)")
    verb.add_argument("--budget", type=float, metavar="GB_S", help="stop after so many GB-seconds of both")
    verb.add_argument("--learn", type=int, metavar="N", help="call AWS twice for N events first (policy)")
    verb.add_argument("--replay-live", type=int, metavar="N", help="replay on FC what the tap reported")
    verb.add_argument("--primary-url", default="", metavar="URL", help="an emulator that stands for AWS")
    verb.add_argument("--candidate-url", default="", metavar="URL", help="an emulator that stands for FC")
    verb.add_argument("--junit", metavar="FILE", help="write a JUnit report, one case per event")
    verb.add_argument("--reason", default="")
    verb.set_defaults(run=validate)
    run = verbs.add_parser("run", help="look after validation runs").add_subparsers(
        dest="deed", metavar="DEED", required=True
    )
    deed = run.add_parser("cancel", parents=[common], help="stop a run after its present calls")
    deed.add_argument("key", metavar="RUN", help="its id, or FUNCTION for the one that is open")
    deed.set_defaults(run=cancel)
    deed = run.add_parser("again", parents=[common], help="repeat a run with its settings, wait, verdict")
    deed.add_argument("key", metavar="RUN", help="its id, or FUNCTION for the newest one")
    deed.add_argument("--reason", default="", help="default: that of the run")
    deed.set_defaults(run=again)
    verb = verbs.add_parser("comparisons", parents=[common], help="the pairs, newest first")
    verb.add_argument("function", metavar="FUNCTION")
    verb.add_argument("--outcome", choices=[one.value for one in PairOutcome])
    verb.add_argument("--limit", type=int, default=50)
    verb.set_defaults(run=comparisons)


def validate(context: Context) -> Answer:
    """Run a validation in the foreground, or wait for the worker that took it first.

    Ctrl-C cancels it: calls in flight end, what is in stays, no verdict is drawn.
    """
    options = context.options
    function = function_named(options.function)
    if options.junit and not Path(options.junit).resolve().parent.is_dir():
        raise BadInput(f"{options.junit} cannot be written: its directory is not there.")
    run = _replay(context, function) if options.replay_live is not None else _start(context, function)
    context.say(f"Validating {function.name} with {run.wanted_pairs} pairs (run {run.pk}).")
    carry_out(context, run)
    if options.junit:
        _write(options.junit, reporting.junit_of(run))
    return _answer(run)


def _start(context: Context, function: FunctionMigration) -> Run:
    options = context.options
    wanted = validation.Wanted(
        suite=options.suite,
        tags=options.tag,
        concurrency=options.concurrency,
        budget_gb_s=options.budget,
        learn=options.learn,
        primary_url=options.primary_url,
        candidate_url=options.candidate_url,
    )
    if options.events:
        found = read_events(options.events, skip_bad=options.skip_bad)
        for one in found.bad:
            context.say(f"Left out: {one.place} {one.why}.")
        suites.import_entries(function.pk, found.entries, actor=context.actor, name=options.suite)
    return validation.start(
        function.pk, wanted, actor=context.actor, reason=options.reason, pairs=options.pairs
    )


def _replay(context: Context, function: FunctionMigration) -> Run:
    options = context.options
    others = (options.events, options.tag, options.pairs, options.learn, options.primary_url)
    if any(others) or options.candidate_url:
        raise BadInput("A replay takes the events that the tap reported, and no suite, pairs or address.")
    run, left_out = validation.start_replay(
        function.pk,
        actor=context.actor,
        events=options.replay_live,
        reason=options.reason,
        concurrency=options.concurrency,
        budget_gb_s=options.budget,
    )
    for reason, number in left_out.items():
        context.say(f"Not replayed: {number} {reason}.")
    return run


def carry_out(context: Context, run: Run) -> None:
    """Carry the run on in a thread until it has ended, and say how far it is meanwhile."""
    said = -1
    with ThreadPoolExecutor(1, thread_name_prefix="run") as pool:
        work = pool.submit(_in_thread, run.pk)
        try:
            while run.state in validation.OPEN:
                work = _gone_on(pool, work, run)
                run.refresh_from_db()
                if run.done_pairs + run.learned != said:
                    said = run.done_pairs + run.learned
                    context.say(_progress(run))
        except KeyboardInterrupt:
            context.say("Cancelling; calls in flight end first.")
            _cancelled(context, run)


def _progress(run: Run) -> str:
    if run.kind == Run.Kind.LEARN:
        return f"{run.learned} of {run.learn} events"
    return f"{run.done_pairs} of {run.wanted_pairs} pairs {run.outcomes}"


def _gone_on(pool: ThreadPoolExecutor, work: Future[None], run: Run) -> Future[None]:
    """Wait a moment; begin again when another worker had the run. Raises what the work raised."""
    deadline = time.monotonic() + _LOOK_S
    while time.monotonic() < deadline:
        if work.done():
            work.result()
            run.refresh_from_db(fields=["state"])
            if run.state not in validation.OPEN:
                return work
        time.sleep(_LOOK_S / 6)
    return pool.submit(_in_thread, run.pk) if work.done() else work


def _in_thread(run_id: uuid.UUID) -> None:
    try:
        carry_out_run(run_id, owner="cli")
    finally:
        connections.close_all()


def _cancelled(context: Context, run: Run) -> None:
    try:
        validation.cancel_run(run.pk, actor=context.actor)
    except StaleState:
        context.say("It had ended already.")
    run.refresh_from_db()


def cancel(context: Context) -> Answer:
    """Stop a run: by its id, or the open one of a function."""
    run = validation.cancel_run(_run_with(context.options.key), actor=context.actor)
    return Answer(
        document={"run": str(run.pk), "state": run.state, "pairs": run.done_pairs},
        text=f"Run {run.pk} is cancelled; its {run.done_pairs} pairs stay, no verdict is drawn.",
    )


def again(context: Context) -> Answer:
    """Repeat a run with its settings on the suite's present version, in the foreground."""
    options = context.options
    earlier = _any_run(options.key)
    run = rerunning.again(earlier.pk, actor=context.actor, reason=options.reason)
    context.say(f"Repeating run {earlier.pk} with {run.wanted_pairs} pairs (run {run.pk}).")
    carry_out(context, run)
    return _answer(run)


def _any_run(key: str) -> Run:
    try:
        found = Run.objects.filter(pk=uuid.UUID(key)).first()
    except ValueError:
        found = function_named(key).runs.first()
    if found is None:
        raise BadInput(f"There is no run '{key}'.")
    return found


def _run_with(key: str) -> uuid.UUID:
    try:
        found = Run.objects.filter(pk=uuid.UUID(key)).first()
    except ValueError:
        function = function_named(key)
        found = function.runs.filter(state__in=validation.OPEN).first()
    if found is None:
        raise BadInput(f"No run '{key}' is open here.")
    return found.pk


def _write(file: str, content: bytes) -> None:
    try:
        Path(file).write_bytes(content)
    except OSError as exc:
        raise BadInput(f"{file} cannot be written: {exc.strerror}. The run itself has ended.") from exc


def _answer(run: Run) -> Answer:
    cancelled = run.state == Run.State.CANCELLED
    found = {
        "run": str(run.pk),
        "function": run.function.name,
        "kind": run.kind,
        "suite": run.suite.name,
        "suite_version": run.suite_version,
        "state": run.state,
        "result": "cancelled" if cancelled else run.verdict_result or "error",
        "sentence": run.verdict.get("sentence") or run.error,
        "needed": run.verdict.get("needed", 0),
        "pairs": run.done_pairs,
        "learned": run.learned,
        "outcomes": run.outcomes,
        "usage": run.usage,
        "verdict": run.verdict,
    }
    lines = [f"{str(found['result']).upper()}: {found['sentence']}"]
    lines += [
        f"  {check['name']:<10} {check['result']:<13} {check['sentence']}"
        for check in run.verdict.get("checks", ())
    ]
    if run.by_address:
        lines.append(
            "  An address stood for a side, so the function's own verdict and phase stay as they were."
        )
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
