"""`assess`, `waive`, `unwaive`, `triggers`."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from cutover.assessment import STEP_WORDS, Step
from cutover.errors import BadInput
from migrations_app.models import FunctionMigration
from migrations_app.selectors.assessment import TriggerRow, trigger_map
from migrations_app.services import assessment as waivers
from workers import assessment
from workers.cli.frame import Answer, Code, Context
from workers.cli.lookup import function_named


def register(verbs: Any, common: argparse.ArgumentParser) -> None:
    """Add the verbs of this group."""
    verb = verbs.add_parser("assess", parents=[common], help="findings with severity, place, reason, remedy")
    verb.add_argument("function", metavar="FUNCTION", nargs="?")
    verb.add_argument("--all", action="store_true")
    verb.set_defaults(run=assess)
    verb = verbs.add_parser("waive", parents=[common], help="set a finding aside with a reason")
    verb.add_argument("function", metavar="FUNCTION")
    verb.add_argument("finding", metavar="FINDING", help="its identity, as assess prints it in brackets")
    verb.add_argument("--reason", required=True)
    verb.add_argument("--withdraw", action="store_true", help="let it count again, as unwaive does")
    verb.set_defaults(run=waive)
    verb = verbs.add_parser("unwaive", parents=[common], help="let a waived finding count again")
    verb.add_argument("function", metavar="FUNCTION")
    verb.add_argument("finding", metavar="FINDING")
    verb.add_argument("--reason", required=True)
    verb.set_defaults(run=waive, withdraw=True)
    verb = verbs.add_parser("triggers", parents=[common], help="each trigger beside its counterpart on FC")
    verb.add_argument("function", metavar="FUNCTION")
    verb.set_defaults(run=triggers)


def assess(context: Context) -> Answer:
    """Assess one function, or all; a blocker makes the exit code 1."""
    options = context.options
    if options.all == bool(options.function):
        raise BadInput("Name one function, or say --all.")
    if options.all:
        functions = list(FunctionMigration.objects.filter(gone_at=None).select_related("connection"))
    else:
        functions = [function_named(options.function)]
    found: list[dict[str, Any]] = []
    for function in functions:
        context.say(f"Assessing {function.name}.")
        assessment.assess(function.pk, actor=context.actor)
        function.refresh_from_db()
        found.append(
            {
                "function": function.name,
                "connection": function.connection.name,
                "findings": function.findings,
                "readiness": function.readiness,
            }
        )
    blocked = any(
        finding["severity"] == "blocker" and not finding.get("waiver")
        for one in found
        for finding in one["findings"]
    )
    return Answer(
        document=found if options.all else found[0],
        text="\n".join(line for one in found for line in _assessed(one)),
        code=Code.BAD if blocked else Code.GOOD,
    )


def _assessed(one: dict[str, Any]) -> Iterator[str]:
    """Give an assessment as people read it: the score, each finding, the checklist."""
    ready = one["readiness"]
    low, high = ready["hours"]
    yield f"{one['function']}: {ready['score']} of 100. {ready['reason']}"
    yield f"  Effort {ready['size']}, {low:g} to {high:g} hours by estimate."
    for finding in one["findings"]:
        waived = f", waived: {finding['waiver']['reason']}" if finding.get("waiver") else ""
        yield f"  {finding['severity']:<8} {finding['title']} ({finding['place']}{waived})"
        if finding["severity"] != "ok":
            yield f"           {finding['why']} {finding['remedy']} [{finding['identity']}]"
            if finding.get("excerpt"):
                yield f"           > {finding['excerpt']}"
    for step in Step:
        tasks = [task for task in ready["checklist"] if task["step"] == step]
        if tasks:
            yield f"  {STEP_WORDS[step]}:"
        yield from (f"    [ ] {task['sentence']} ({', '.join(task['places'][:3])})" for task in tasks)


def waive(context: Context) -> Answer:
    """Set one finding aside with a reason, or let it count again."""
    options = context.options
    function = function_named(options.function)
    if options.withdraw:
        waivers.withdraw_waiver(function.pk, options.finding, reason=options.reason, actor=context.actor)
        return Answer(
            document={"function": function.name, "finding": options.finding, "waived": False},
            text=f"The finding {options.finding} of {function.name} counts again.",
        )
    found = waivers.waive(function.pk, options.finding, reason=options.reason, actor=context.actor)
    return Answer(
        document={"function": function.name, "finding": options.finding, "waived": True, **found},
        text=f"'{found['title']}' of {function.name} is waived: {options.reason}",
    )


def triggers(context: Context) -> Answer:
    """Give the map AWS -> FC, with what an event loses on the way or why there is no counterpart."""
    function = function_named(context.options.function)
    rows = trigger_map(function)
    text = "\n".join(line for row in rows for line in _mapped(row))
    return Answer(
        document=[asdict(row) for row in rows],
        text=text or f"{function.name}: no trigger was found; callers invoke it directly.",
    )


def _mapped(row: TriggerRow) -> Iterator[str]:
    """Give one trigger as people read it."""
    aims = {"bare": "the bare function", "alias": f"the alias {row.qualifier}"}
    off = ", switched off" if not row.enabled else ""
    yield f"{row.kind} {row.source} addresses {aims.get(row.aims, f'version {row.qualifier}')}{off}"
    if not row.there:
        yield f"  -> no counterpart on FC: {row.reason or 'this kind of trigger is not known'}"
        return
    yield f"  -> {row.there}"
    for one in row.losses or ():
        yield f"     lost or changed: {one.field} ({one.reason})"
    if row.losses is None:
        yield "     its events have another shape; the code has to read them"
    if row.features:
        yield f"     to be made anew: {', '.join(row.features)}"
