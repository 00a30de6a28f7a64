"""`suite`: events to validate with."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.db.models import Count, F, Q

from cutover.errors import BadInput
from cutover.suites import (
    GENERATED,
    MOST_EVENTS,
    Entry,
    Reading,
    entry_document,
    export_lines,
    read_entries,
    tags_of,
)
from migrations_app.models import FunctionMigration, SuiteEvent
from migrations_app.services import suites, suites_removal, suites_samples
from workers.cli.frame import Answer, Context, Verb, table
from workers.cli.lookup import function_named
from workers.runs.logged import MOST_HOURS, logged_entries

_NAMED = 5
"""Bad lines of a file that are named one by one."""


def register(verbs: Any, common: argparse.ArgumentParser) -> None:
    """Add the verbs of this group."""
    suite = verbs.add_parser("suite", help="manage suites of events").add_subparsers(
        dest="deed", metavar="DEED", required=True
    )
    deed = _deed(suite, common, "import", "JSON or JSON Lines of AWS-shaped events", import_suite)
    deed.add_argument("file", metavar="FILE", help="- for standard input")
    deed.add_argument("--skip-bad", action="store_true", help="take the other lines when some are no events")
    _into(deed)
    deed = _deed(suite, common, "generate", "sample events, of the function's triggers by default", generated)
    deed.add_argument("--kind", action="append", choices=list(GENERATED), help="may be given several times")
    deed.add_argument("--count", type=int, help="events of each kind (default: one of each variety)")
    deed.add_argument("--seed", type=int, default=1, help="the same seed gives the same events")
    _into(deed)
    deed = _deed(suite, common, "from-logs", "events that the function wrote to its own logs", from_logs)
    deed.add_argument("--hours", type=float, default=24.0, help="how far back to look (default 24)")
    deed.add_argument("--limit", type=int, default=100, help="how many events at most (default 100)")
    _into(deed)
    deed = _deed(suite, common, "from-live", "events that the tap reported", from_live)
    deed.add_argument("--limit", type=int, default=100, help="how many events at most (default 100)")
    _into(deed, name=suites.LIVE)
    deed = _deed(suite, common, "export", "JSON Lines that import reads again", export)
    deed.add_argument("--name", default="default")
    deed.add_argument("--version", type=int, help="an earlier one that a run used")
    deed.add_argument("--to", metavar="FILE", default="-", help="default: standard output")
    deed = _deed(suite, common, "show", "the events of a suite", show)
    deed.add_argument("--name", default="default")
    deed.add_argument("--version", type=int)
    deed = _deed(suite, common, "tag", "add tags to events, or take them away", tag)
    deed.add_argument("--name", default="default")
    deed.add_argument("--add", action="append", default=[], metavar="TAG")
    deed.add_argument("--remove", action="append", default=[], metavar="TAG")
    deed.add_argument("--event", type=int, action="append", metavar="N", help="from 1; default: all")
    deed = _deed(suite, common, "remove", "take events out of a suite, or the suite away", remove)
    deed.add_argument("--name", required=True)
    deed.add_argument("--event", type=int, action="append", metavar="N", help="from 1; default: all of it")
    _deed(suite, common, "list", "suites of a function", list_suites)


def _deed(
    suite: Any, common: argparse.ArgumentParser, name: str, about: str, run: Verb
) -> argparse.ArgumentParser:
    deed: argparse.ArgumentParser = suite.add_parser(name, parents=[common], help=about)
    deed.add_argument("function", metavar="FUNCTION")
    deed.set_defaults(run=run)
    return deed


def _into(deed: argparse.ArgumentParser, *, name: str = "default") -> None:
    deed.add_argument("--name", default=name, help=f"of the suite (default: {name})")
    deed.add_argument("--append", action="store_true", help="keep the events that are there")
    deed.add_argument("--tag", action="append", default=[], metavar="TAG", help="for each of the events")


def read_events(file: str, *, skip_bad: bool = False) -> Reading:
    """Read a JSON array, one JSON value, or JSON Lines; ``-`` is standard input.

    Raises:
        BadInput: with the lines that are no events, unless those shall be left out; nothing of their content.
    """
    try:
        content = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as exc:
        raise BadInput(f"{file} cannot be read: {exc.strerror}.") from exc
    found = read_entries(content)
    if found.bad and not (skip_bad and found.entries):
        named = "; ".join(f"{one.place} {one.why}" for one in found.bad[:_NAMED])
        more = f"; and {len(found.bad) - _NAMED} more" if len(found.bad) > _NAMED else ""
        hint = " --skip-bad takes the rest." if found.entries else ""
        raise BadInput(f"{file}: {named}{more}. Nothing was changed.{hint}")
    return found


def import_suite(context: Context) -> Answer:
    """Make the events of a file the suite's."""
    function = function_named(context.options.function)
    found = read_events(context.options.file, skip_bad=context.options.skip_bad)
    for one in found.bad:
        context.say(f"Left out: {one.place} {one.why}.")
    return _import(context, function, found.entries, SuiteEvent.Source.FILE, left_out=len(found.bad))


def generated(context: Context) -> Answer:
    """Make generated events the suite's, one kind for each trigger that has one."""
    options = context.options
    function = function_named(options.function)
    entries = suites_samples.samples(
        function, kinds=options.kind or (), count=options.count, seed=options.seed
    )
    return _import(context, function, entries, SuiteEvent.Source.GENERATED)


def from_logs(context: Context) -> Answer:
    """Make the events that the function logged itself the suite's."""
    options = context.options
    function = function_named(options.function)
    if not 0 < options.hours <= MOST_HOURS or options.limit < 1:
        raise BadInput(f"The window is above 0 and at most {MOST_HOURS} hours, the limit at least 1.")
    entries = logged_entries(function, hours=options.hours, at_most=options.limit)
    if not entries:
        raise BadInput(
            f"The logs of {function.name} of the last {options.hours:g} hours hold no event that is known by "
            "its shape. Look further back, or import a file."
        )
    return _import(context, function, entries, SuiteEvent.Source.LOGS)


def from_live(context: Context) -> Answer:
    """Make the events that the tap reported the suite's."""
    function = function_named(context.options.function)
    if context.options.limit < 1:
        raise BadInput("The limit is at least 1.")
    found = suites.live_entries(function.pk, at_most=min(context.options.limit, MOST_EVENTS))
    for reason, number in found.left_out.items():
        context.say(f"Left out: {number} {reason}.")
    if not found.entries:
        raise BadInput(
            f"The tap has reported no whole event of {function.name}. It reports from the first step of a "
            "shift on; what it redacts or cuts cannot be used."
        )
    return _import(context, function, found.entries, SuiteEvent.Source.LIVE)


def _import(
    context: Context, function: FunctionMigration, entries: Sequence[Entry], source: str, *, left_out: int = 0
) -> Answer:
    options = context.options
    if options.tag:
        words = tags_of(options.tag)
        entries = [replace(entry, tags=tags_of([*entry.tags, *words])) for entry in entries]
    suite = suites.import_entries(
        function.pk, entries, actor=context.actor, name=options.name, source=source, append=options.append
    )
    count = len(suites.events_of(suite))
    return Answer(
        document={
            "function": function.name,
            "suite": suite.name,
            "version": suite.version,
            "events": count,
            "left_out": left_out,
        },
        text=f"Suite '{suite.name}' of {function.name} has {count} events (version {suite.version}), "
        "secret-looking values redacted.",
    )


def export(context: Context) -> Answer:
    """Write the events of a suite as JSON Lines."""
    options = context.options
    suite = suites.named(function_named(options.function), options.name)
    entries = suites.entries_of(suite, options.version)
    if options.to == "-":
        document = [entry_document(entry) for entry in entries]
        return Answer(document=document, text="\n".join(export_lines(entries)))
    try:
        Path(options.to).write_text("".join(f"{line}\n" for line in export_lines(entries)))
    except OSError as exc:
        raise BadInput(f"{options.to} cannot be written: {exc.strerror}.") from exc
    return Answer(
        document={"suite": suite.name, "events": len(entries), "file": options.to},
        text=f"{len(entries)} events of '{suite.name}' are in {options.to}.",
    )


def show(context: Context) -> Answer:
    """Give the events of a suite."""
    options = context.options
    suite = suites.named(function_named(options.function), options.name)
    rows = suites.events_of(suite, options.version)
    found = [
        {
            "event": row.position + 1,
            "title": row.title,
            "source": row.source,
            "tags": row.tags,
            "expected_effects": row.expected_effects,
            "document": row.event,
        }
        for row in rows
    ]
    text = table(
        ("EVENT", "TITLE", "SOURCE", "TAGS", "EXPECTED EFFECTS"),
        [
            (row.position + 1, row.title, row.source, " ".join(row.tags), _expected(row.expected_effects))
            for row in rows
        ],
    )
    version = options.version or suite.version
    return Answer(document={"suite": suite.name, "version": version, "events": found}, text=text)


def _expected(effects: Sequence[Mapping[str, str]] | None) -> str:
    if effects is None:
        return ""
    return ", ".join(" ".join(one.values()) for one in effects) or "none"


def tag(context: Context) -> Answer:
    """Change the tags of events."""
    options = context.options
    function = function_named(options.function)
    positions = None if options.event is None else [number - 1 for number in options.event]
    changed = suites.tag(
        function.pk,
        options.name,
        actor=context.actor,
        add=options.add,
        remove=options.remove,
        positions=positions,
    )
    return Answer(
        document={"suite": options.name, "events": changed},
        text=f"{changed} events of '{options.name}' are tagged anew.",
    )


def remove(context: Context) -> Answer:
    """Take events out of a suite, or the suite away; runs keep what they used."""
    options = context.options
    function = function_named(options.function)
    if options.event is None:
        suites_removal.remove(function.pk, options.name, actor=context.actor)
        return Answer(
            document={"suite": options.name, "removed": True},
            text=f"Suite '{options.name}' of {function.name} is removed; runs keep what they used.",
        )
    positions = [number - 1 for number in options.event]
    suite = suites_removal.remove_events(function.pk, options.name, positions, actor=context.actor)
    count = len(suites.events_of(suite))
    return Answer(
        document={"suite": suite.name, "version": suite.version, "events": count},
        text=f"Suite '{suite.name}' of {function.name} has {count} events (version {suite.version}).",
    )


def list_suites(context: Context) -> Answer:
    """Give the suites of a function."""
    function = function_named(context.options.function)
    rows = suites.living(function).order_by("name")
    counted = rows.annotate(count=Count("events", filter=Q(events__version=F("version"))))
    found = [{"suite": row.name, "version": row.version, "events": row.count} for row in counted]
    text = table(("SUITE", "VERSION", "EVENTS"), [tuple(one.values()) for one in found])
    return Answer(document=found, text=text)
