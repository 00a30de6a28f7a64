"""`twin` and `env`: which resource stands for which on FC, and what becomes of environment names."""

from __future__ import annotations

import argparse
from typing import Any

from migrations_app.models import Twin
from migrations_app.services import twins
from workers.cli.frame import Answer, Context, table
from workers.cli.lookup import function_named

_SETTINGS = ("prefix", "primary_queue", "candidate_queue", "primary_dsn", "candidate_dsn", "format")


def register(verbs: Any, common: argparse.ArgumentParser) -> None:
    """Add the verbs of this group."""
    verb = verbs.add_parser("twin", help="map resources and their state")
    verb.add_argument("function", metavar="FUNCTION")
    deeds = verb.add_subparsers(dest="deed", metavar="DEED", required=True)
    deed = deeds.add_parser("add", parents=[common], help="add a twin, or change the one of that name")
    deed.add_argument("name", metavar="NAME", help="what contents call it, such as reports")
    deed.add_argument("--kind", required=True, choices=Twin.Kind.values)
    deed.add_argument("--aws", required=True, help="bucket, queue URL, topic ARN, or schema.table")
    deed.add_argument("--alibaba", required=True, help="bucket, queue, topic, or schema.table")
    deed.add_argument("--state", required=True, choices=Twin.State.values)
    deed.add_argument("--by", default="", help="who or what keeps the two in step")
    deed.add_argument("--prefix", default="", help="of a bucket: look at these keys only")
    deed.add_argument("--shadow", action="store_true", help="of a queue: nobody else reads these two")
    deed.add_argument("--primary-queue", default="", help="URL of a shadow queue that gets what is sent")
    deed.add_argument("--candidate-queue", default="", help="shadow queue that gets what is sent")
    deed.add_argument(
        "--primary-dsn", default="", metavar="VARIABLE", help="of a table: the workers' variable"
    )
    deed.add_argument("--candidate-dsn", default="", metavar="VARIABLE")
    deed.add_argument(
        "--format",
        default="",
        choices=["", "json", "stream"],
        metavar="json|stream",
        help="of a topic, or a queue that became one: how FC is given its messages",
    )
    deed.add_argument("--no-probe", action="store_true", help="validations do not look at it")
    deed.set_defaults(run=add)
    deed = deeds.add_parser("list", parents=[common], help="the twins of the function")
    deed.set_defaults(run=list_twins)
    deed = deeds.add_parser("remove", parents=[common], help="take a twin away")
    deed.add_argument("name", metavar="NAME")
    deed.set_defaults(run=remove)
    deed = deeds.add_parser(
        "acknowledge", parents=[common], help="accept that what FC writes to a one-way twin stays there"
    )
    deed.add_argument("name", metavar="NAME")
    deed.add_argument("--reason", required=True)
    deed.set_defaults(run=acknowledge)
    verb = verbs.add_parser("env", help="map environment names")
    verb.add_argument("function", metavar="FUNCTION")
    deeds = verb.add_subparsers(dest="deed", metavar="DEED", required=True)
    deed = deeds.add_parser("set", parents=[common], help="say what becomes of a variable on FC")
    deed.add_argument("name", metavar="NAME")
    deed.add_argument("--to", required=True, help="NAME, twin:NAME, worker:VARIABLE, or none; never a value")
    deed.set_defaults(run=map_name)
    deed = deeds.add_parser("list", parents=[common], help="the variables that are mapped")
    deed.set_defaults(run=list_names)


def add(context: Context) -> Answer:
    """Add a twin, or change it."""
    options = context.options
    function = function_named(options.function)
    settings = {name: getattr(options, name) for name in _SETTINGS}
    row = twins.add(
        function.pk,
        name=options.name,
        kind=options.kind,
        primary=options.aws,
        candidate=options.alibaba,
        state=options.state,
        by=options.by,
        probed=not options.no_probe,
        settings=settings | ({"shadow": "yes"} if options.shadow else {}),
        actor=context.actor,
    )
    looked = "Validations look at both sides" if row.probed else "Validations do not look at it"
    return Answer(
        document={"function": function.name, **twins.document(row)},
        text=f"{row.primary} on AWS is {row.candidate} on Alibaba ({row.state}). {looked}; earlier evidence "
        "is stale.",
    )


def list_twins(context: Context) -> Answer:
    """Give the twins of a function."""
    function = function_named(context.options.function)
    found = [twins.document(row) for row in function.twins.all()]
    text = table(
        ("TWIN", "KIND", "AWS", "ALIBABA", "STATE", "BY", "LOOKED AT"),
        [
            (
                one["name"],
                one["kind"],
                one["primary"],
                one["candidate"],
                one["state"],
                one["by"],
                "yes" if one["probed"] else "no",
            )
            for one in found
        ],
    )
    return Answer(document=found, text=text)


def acknowledge(context: Context) -> Answer:
    """Accept that a one-way twin keeps what FC writes."""
    options = context.options
    function = function_named(options.function)
    row = twins.acknowledge(function.pk, options.name, reason=options.reason, actor=context.actor)
    return Answer(
        document={"function": function.name, **twins.document(row)},
        text=f"{row.acknowledged_by} accepts that what FC writes to {row.candidate} stays there.",
    )


def remove(context: Context) -> Answer:
    """Take a twin away."""
    function = function_named(context.options.function)
    twins.remove(function.pk, context.options.name, actor=context.actor)
    return Answer(
        document={"function": function.name, "removed": context.options.name},
        text=f"The twin {context.options.name} of {function.name} is gone; earlier evidence is stale.",
    )


def map_name(context: Context) -> Answer:
    """Say what becomes of an environment variable on FC."""
    options = context.options
    function = function_named(options.function)
    twins.map_name(function.pk, options.name, to=options.to, actor=context.actor)
    sentences = [
        one for one in twins.environment_sentences(function) if one.startswith(f"{options.name} ")
    ] or [f"{options.name} is on FC as it is on AWS."]
    return Answer(
        document={
            "function": function.name,
            "name": options.name,
            "environment": twins.environment_documents(function),
        },
        text=f"{sentences[0]} The next deploy does so.",
    )


def list_names(context: Context) -> Answer:
    """Give the variables that are mapped."""
    function = function_named(context.options.function)
    found = twins.environment_documents(function)
    rows = [(one["name"], one["source"], one["argument"]) for one in found]
    return Answer(document=found, text=table(("NAME", "ON FC", "WHAT"), rows))
