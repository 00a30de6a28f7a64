"""`suite` and `rule`: events to validate with, and accepted differences."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import orjson
from django.db.models import Count, Q

from cutover.errors import BadInput
from migrations_app.models import Rule, Suite
from migrations_app.services import rules, validation
from workers.cli.frame import Answer, Context, table
from workers.cli.lookup import function_named


def register(verbs: Any, common: argparse.ArgumentParser) -> None:
    """Add the verbs of this group."""
    suite = verbs.add_parser("suite", help="manage suites of events").add_subparsers(
        dest="deed", metavar="DEED", required=True
    )
    deed = suite.add_parser("import", parents=[common], help="JSON or JSON Lines of AWS-shaped events")
    deed.add_argument("function", metavar="FUNCTION")
    deed.add_argument("file", metavar="FILE", help="- for standard input")
    deed.add_argument("--name", default="default")
    deed.set_defaults(run=import_suite)
    deed = suite.add_parser("list", parents=[common], help="suites of a function")
    deed.add_argument("function", metavar="FUNCTION")
    deed.set_defaults(run=list_suites)
    rule = verbs.add_parser("rule", help="manage accepted differences").add_subparsers(
        dest="deed", metavar="DEED", required=True
    )
    deed = rule.add_parser("add", parents=[common], help="accept a difference")
    deed.add_argument("function", metavar="FUNCTION")
    deed.add_argument("--name", required=True)
    deed.add_argument("--kind", required=True, choices=rules.KINDS)
    deed.add_argument("--pointer", required=True, help="JSON pointer, * for one segment; or logs")
    deed.add_argument("--value", default="", help="pattern of a mask, or tolerance such as 0.01 or 1%%")
    deed.add_argument("--reason", required=True)
    deed.add_argument("--everywhere", action="store_true", help="for all functions")
    deed.set_defaults(run=add_rule)
    deed = rule.add_parser("list", parents=[common], help="rules that hold for a function")
    deed.add_argument("function", metavar="FUNCTION")
    deed.add_argument("--retired", action="store_true", help="also those that were retired")
    deed.set_defaults(run=list_rules)
    deed = rule.add_parser("retire", parents=[common], help="stop accepting a difference")
    deed.add_argument("rule", metavar="RULE", type=int, help="its number")
    deed.add_argument("--reason", default="")
    deed.set_defaults(run=retire_rule)


def read_events(file: str) -> list[object]:
    """Read a JSON array, one JSON object, or JSON Lines; ``-`` is standard input.

    Raises:
        BadInput: with the line that is not JSON; nothing of its content.
    """
    try:
        content = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as exc:
        raise BadInput(f"{file} cannot be read: {exc.strerror}.") from exc
    try:
        found = orjson.loads(content)
    except orjson.JSONDecodeError:
        return [
            _event(line, number, file) for number, line in enumerate(content.splitlines(), 1) if line.strip()
        ]
    return list(found) if isinstance(found, list) else [found]


def _event(line: bytes, number: int, file: str) -> object:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError as exc:
        raise BadInput(f"{file}, line {number} is not JSON: {exc.msg}. Nothing was changed.") from exc


def import_suite(context: Context) -> Answer:
    """Replace a suite by the events of a file."""
    options = context.options
    function = function_named(options.function)
    suite = validation.import_events(
        function.pk, read_events(options.file), actor=context.actor, name=options.name
    )
    count = suite.events.count()
    return Answer(
        document={"function": function.name, "suite": suite.name, "events": count},
        text=f"Suite '{suite.name}' of {function.name} has {count} events, secret-looking values redacted.",
    )


def list_suites(context: Context) -> Answer:
    """Give the suites of a function."""
    function = function_named(context.options.function)
    rows = Suite.objects.filter(function=function).annotate(count=Count("events")).order_by("name")
    found = [{"suite": row.name, "events": row.count} for row in rows]
    return Answer(document=found, text=table(("SUITE", "EVENTS"), [tuple(one.values()) for one in found]))


def add_rule(context: Context) -> Answer:
    """Accept a difference."""
    options = context.options
    function = function_named(options.function)
    effect = rules.preview(
        function, name=options.name, kind=options.kind, pointer=options.pointer, value=options.value
    )
    row = rules.add(
        None if options.everywhere else function.pk,
        name=options.name,
        kind=options.kind,
        pointer=options.pointer,
        value=options.value,
        reason=options.reason,
        actor=context.actor,
    )
    return Answer(
        document=rules.document(row) | {"changed": effect.changed, "pairs": effect.pairs},
        text=f"Rule {row.pk} '{row.name}' holds from now on. It would have changed {effect.changed} of the "
        f"{effect.pairs} latest pairs; validate again for a new verdict.",
    )


def list_rules(context: Context) -> Answer:
    """Give the rules that hold for a function."""
    function = function_named(context.options.function)
    rows = Rule.objects.filter(Q(function=function) | Q(function=None)).order_by("pk")
    if not context.options.retired:
        rows = rows.filter(retired_at=None)
    found = [rules.document(row) for row in rows]
    text = table(
        ("RULE", "NAME", "KIND", "POINTER", "REASON", "AUTHOR"),
        [
            (one["id"], one["name"], one["kind"], one["pointer"], one["reason"], one["author"])
            for one in found
        ],
    )
    return Answer(document=found, text=text)


def retire_rule(context: Context) -> Answer:
    """Stop accepting a difference."""
    row = rules.retire(context.options.rule, actor=context.actor, reason=context.options.reason)
    return Answer(document=rules.document(row), text=f"Rule {row.pk} '{row.name}' is retired.")
