"""`list`, `status`, `declare`, `adapter`."""

from __future__ import annotations

import argparse
import datetime as dt
from typing import Any

from django.utils import timezone

from migrations_app.models import FunctionMigration
from migrations_app.models.operations import OPEN_STATES
from migrations_app.services import deployment, evidence, results, slots, twins
from migrations_app.services.policies import policy_for
from workers.cli.frame import Answer, Context, moment, percent, table
from workers.cli.lookup import function_named
from workers.cli.operations import document as operation_document


def register(verbs: Any, common: argparse.ArgumentParser) -> None:
    """Add the verbs of this group."""
    verb = verbs.add_parser("list", parents=[common], help="functions with phase, weight, verdict, hold")
    verb.add_argument("--phase", help="only those in this phase")
    verb.set_defaults(run=list_functions)
    verb = verbs.add_parser("status", parents=[common], help="everything known now")
    verb.add_argument("function", metavar="FUNCTION")
    verb.set_defaults(run=status)
    verb = verbs.add_parser("declare", parents=[common], help="the side-effect contract")
    verb.add_argument("function", metavar="FUNCTION")
    verb.add_argument("--effects", required=True, choices=["read-only", "repeatable", "isolated", "unsafe"])
    verb.add_argument("--reason", required=True)
    verb.set_defaults(run=declare)
    verb = verbs.add_parser(
        "adapter", parents=[common], help="whether FC calls the handler through the adapter"
    )
    verb.add_argument("function", metavar="FUNCTION")
    what = verb.add_mutually_exclusive_group(required=True)
    what.add_argument("--use", choices=["auto", "none"], help="none: it is native on FC already")
    what.add_argument("--bundle", choices=["yes", "no"], help="yes: add what Lambda brought, from a lock")
    verb.add_argument("--reason", required=True)
    verb.set_defaults(run=adapter)


def list_functions(context: Context) -> Answer:
    """Give one row per function."""
    rows = FunctionMigration.objects.select_related("connection").order_by("name")
    if context.options.phase:
        rows = rows.filter(phase=context.options.phase)
    found = [summary(row) for row in rows]
    text = table(
        ("FUNCTION", "CONNECTION", "PHASE", "WEIGHT", "VERDICT", "LIVE", "HOLD"),
        [
            (
                one["function"],
                one["connection"],
                one["phase"],
                percent(one["desired_weight_bp"]),
                one["verdict"] or "-",
                one["live"] or "-",
                one["held_by"] or "-",
            )
            for one in found
        ],
    )
    return Answer(document=found, text=text)


def summary(function: FunctionMigration) -> dict[str, Any]:
    """Give what a list shows of a function."""
    return {
        "function": function.name,
        "connection": function.connection.name,
        "phase": function.phase,
        "version": function.version,
        "desired_weight_bp": function.desired_weight_bp,
        "observed_weight_bp": function.observed_weight_bp,
        "verdict": function.verdict_result,
        "live": function.live_result,
        "held_by": function.held_by if function.held else "",
        "advice": function.advice,
    }


def status(context: Context) -> Answer:
    """Give everything known of one function."""
    function = function_named(context.options.function)
    running = function.operations.filter(state__in=OPEN_STATES).select_related("function").first()
    run = function.runs.first()
    now = timezone.now()
    found = summary(function) | {
        "arn": function.arn,
        "phase_since": moment(function.phase_since),
        "effects": function.effects,
        "effects_reason": function.effects_reason,
        "target": function.target,
        "twins": [twins.document(row) for row in function.twins.all()],
        "environment": twins.environment_documents(function),
        "deployment": function.deployment,
        "routing": function.routing,
        "ladder": function.ladder,
        "step_started_at": moment(function.step_started_at),
        "step_candidate_events": function.step_candidate_events,
        "step_primary_events": function.step_primary_events,
        "weight_read_at": moment(function.weight_read_at),
        "held_reason": function.held_reason,
        "held_until": moment(function.held_until),
        "verdict_sentence": function.verdict.get("sentence", ""),
        "verdict_at": moment(function.verdict_at),
        "verdict_stale": bool(function.verdict_result)
        and evidence.is_stale(function, now=now, max_age_s=policy_for(function).evidence_max_age_s),
        "live_sentence": function.live_sentence,
        "last_five_minutes": _recent(function, now - dt.timedelta(minutes=5)),
        "rollback_report": function.rollback_report,
        "findings": function.findings,
        "operation": operation_document(running) if running else None,
        "run": None
        if run is None
        else {
            "id": str(run.pk),
            "state": run.state,
            "done_pairs": run.done_pairs,
            "wanted_pairs": run.wanted_pairs,
            "outcomes": run.outcomes,
            "verdict": run.verdict_result,
            "error": run.error,
        },
    }
    shown = [
        ("phase", f"{function.phase} since {moment(function.phase_since)}"),
        ("weight", f"{percent(function.desired_weight_bp)}, AWS says {percent(function.observed_weight_bp)}"),
        ("effects", function.effects),
        *_mapped(function),
        ("verdict", f"{function.verdict_result or 'none'} {function.verdict.get('sentence', '')}".strip()),
        ("live", f"{function.live_result or 'none'} {function.live_sentence}".strip()),
        ("hold", f"{function.held_by}: {function.held_reason}" if function.held else "none"),
        ("operation", f"{running.kind} {running.state} {running.pk}" if running else "none"),
        ("next", function.advice or "-"),
    ]
    return Answer(document=found, text=function.name + "\n" + table(("", ""), shown).lstrip())


def _recent(function: FunctionMigration, since: dt.datetime) -> dict[str, Any]:
    """Give what was compared and what was served since a time, from roll-ups."""
    against, pairs = results.ratio(since, function_id=function.pk)
    live_now = slots.ratio(function.pk, since)
    return {
        "pairs": {"against_fc": against, "all": pairs},
        **{side.value: {"errors": errors, "events": events} for side, (errors, events) in live_now.items()},
    }


def _mapped(function: FunctionMigration) -> list[tuple[str, str]]:
    """Give a line per twin and per environment name that differs on FC."""
    found = [
        ("twin", f"{row.name}: {row.kind} {row.primary} -> {row.candidate}, {row.state}")
        for row in function.twins.all()
    ]
    return found + [("environment", sentence) for sentence in twins.environment_sentences(function)]


def adapter(context: Context) -> Answer:
    """Choose what the next deploy adds to the package: the adapter, or dependencies that Lambda brought."""
    options = context.options
    function = function_named(options.function)
    if options.bundle:
        return _bundle(context, function)
    done = deployment.choose_adapter(
        function.pk, adapter=options.use, reason=options.reason, actor=context.actor
    )
    chosen = done.target["adapter"]
    return Answer(
        document={"function": done.name, "adapter": chosen},
        text=f"{done.name} is deployed with the adapter {chosen} next time.",
    )


def _bundle(context: Context, function: FunctionMigration) -> Answer:
    options = context.options
    done = deployment.choose_bundled(
        function.pk, add=options.bundle == "yes", reason=options.reason, actor=context.actor
    )
    names = list(done.target["bundled"])
    what = f"from the lock: {', '.join(names)}" if names else "none"
    return Answer(
        document={"function": done.name, "bundled": names},
        text=f"{done.name} is deployed with bundled dependencies {what} next time.",
    )


def declare(context: Context) -> Answer:
    """Write the side-effect contract down."""
    options = context.options
    function = function_named(options.function)
    done = deployment.declare(
        function.pk, effects=options.effects, reason=options.reason, actor=context.actor
    )
    return Answer(
        document={"function": done.name, "effects": done.effects, "reason": done.effects_reason},
        text=f"{done.name} is declared {done.effects}.",
    )
