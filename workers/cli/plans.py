"""`plan`: the exact actions, nothing applied; or the target of a deploy as code."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path, PurePosixPath
from typing import Any

from cutover.errors import BadInput, RuleError
from cutover.phases import Trigger, next_phase
from cutover.planning import Form, Plan, describe
from cutover.target_code import Generated
from migrations_app.models import FunctionMigration
from migrations_app.services import decommission, deployment, restoration, rollback, shifting, target_code
from workers.cli.frame import Answer, Code, Context, basis_points
from workers.cli.lookup import function_named

PURPOSES = ("deploy", "shift", "rollback", "decommission", "restore")


def register(verbs: Any, _common: argparse.ArgumentParser) -> None:
    """Add the verb of this group. A plan is nobody's act, so `--as` is the form here and not who acts."""
    verb = verbs.add_parser("plan", help="the exact actions, nothing applied; or the target as code")
    verb.add_argument("--json", action="store_true", help="one JSON document on stdout")
    verb.add_argument("function", metavar="FUNCTION")
    verb.add_argument("--for", dest="purpose", required=True, choices=PURPOSES)
    verb.add_argument("--to", metavar="PERCENT", help="for a shift: the weight")
    verb.add_argument(
        "--as",
        dest="form",
        metavar="FORM",
        choices=[one.value for one in Form],
        help=f"for a deploy: its target as code, {' or '.join(Form)}",
    )
    verb.add_argument("--out", metavar="DIR", help="with --as: write the files there; nothing is overwritten")
    verb.set_defaults(run=show, actor=None)


def show(context: Context) -> Answer:
    """Give the plan; one that is forbidden now says why and ends with 4."""
    options = context.options
    if (options.purpose == "shift") != (options.to is not None):
        raise BadInput("--to PERCENT goes with --for shift, and only with it.")
    function = function_named(options.function)
    if options.form or options.out:
        return _as_code(context, function)
    made = _plan(function, options.purpose, options.to)
    found = {
        "function": function.name,
        "kind": made.kind.value,
        "digest": made.digest,
        "actions": describe(made.actions),
        "reasons": list(made.reasons),
        "notes": list(made.notes),
    }
    return Answer(document=found, text=_text(made), code=Code.REFUSED if made.reasons else Code.GOOD)


def _as_code(context: Context, function: FunctionMigration) -> Answer:
    """Give the target as code; with --out it is written, without it is printed."""
    options = context.options
    if options.purpose != "deploy" or not options.form:
        raise BadInput("--as FORM goes with --for deploy, and --out DIR with --as.")
    made = target_code.generated(function, Form(options.form))
    written = _write(Path(options.out), made.files) if options.out else []
    found = {
        "function": function.name,
        "form": made.form.value,
        "files": dict(made.files),
        "gaps": [asdict(one) for one in made.gaps],
        "policy": {
            "document": made.policy.document,
            "lines": [asdict(one) for one in made.policy.lines],
            "left_out": [asdict(one) for one in made.policy.left_out],
        },
        "written": written,
    }
    return Answer(document=found, text=_code_text(made, written))


def _write(folder: Path, files: Mapping[str, str]) -> list[str]:
    """Write the files. One that is there and says something else stops it before any is written."""
    places = {folder.joinpath(*PurePosixPath(name).parts): text for name, text in files.items()}
    try:
        for place, text in places.items():
            if place.exists() and place.read_bytes() != text.encode():
                raise BadInput(f"{place} is there already and differs. Move it, or choose another --out.")
        for place, text in places.items():
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(text.encode())
    except OSError as error:
        raise BadInput(f"{folder} cannot be written: {error.strerror or 'it is no folder'}.") from error
    return [str(place) for place in places]


def _code_text(made: Generated, written: list[str]) -> str:
    lines = written or [f"----- {name}\n{text.rstrip()}" for name, text in made.files.items()]
    lines = [*lines, *(f"Missing: {one.kind}, {one.subject}: {one.why}. {one.remedy}" for one in made.gaps)]
    return "\n".join(lines)


def _plan(function: FunctionMigration, purpose: str, to: str | None) -> Plan:
    match purpose:
        case "deploy":
            return deployment.plan(function)
        case "shift":
            return shifting.plan(function, basis_points(to or ""))
        case "decommission":
            return decommission.plan(function)
        case "rollback":
            next_phase(function.stage, Trigger.ROLL_BACK)
            return rollback.plan(function)
        case "restore":
            next_phase(function.stage, Trigger.RESTORE)
            return restoration.plan(function)
        case _:
            raise RuleError(f"There is no plan for '{purpose}'.")


def _text(made: Plan) -> str:
    lines = [
        f"{number:>3}. {action.cloud.value:<8} {action.call:<40} {action.changes}"
        + ("" if action.reversible else "  [cannot be undone]")
        for number, action in enumerate(made.actions, start=1)
    ]
    lines += [f"Note: {note}" for note in made.notes]
    lines += [f"Not now: {reason}" for reason in made.reasons]
    return "\n".join(lines) or "Nothing to do."
