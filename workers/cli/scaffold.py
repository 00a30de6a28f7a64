"""`scaffold`: drivers, a business part and a handler per cloud, for review; nothing is applied."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cutover.scaffold import Scaffold
from workers import scaffolding
from workers.cli.frame import Answer, Context
from workers.cli.lookup import function_named


def register(verbs: Any, common: argparse.ArgumentParser) -> None:
    """Add the verb of this group."""
    verb = verbs.add_parser(
        "scaffold", parents=[common], help="drivers and a handler per cloud from mixed code, for review"
    )
    verb.add_argument("function", metavar="FUNCTION")
    verb.add_argument(
        "--out", metavar="DIR", help="write files and diff to this folder, which must not exist"
    )
    verb.add_argument(
        "--source", metavar="PATH", help="a folder or zip of the sources, in place of the package"
    )
    verb.set_defaults(run=show)


def show(context: Context) -> Answer:
    """Generate the scaffold; write it when a folder is named, else print the diff."""
    options = context.options
    function = function_named(options.function)
    made = scaffolding.scaffold(function, source=options.source or "")
    if options.out:
        scaffolding.write(made, Path(options.out))
    return Answer(
        document={
            "function": function.name,
            "out": options.out,
            "files": sorted(made.files),
            "handlers": dict(made.handlers),
            "dependencies": [
                {"name": one.name, "version": one.version, "ecosystem": one.ecosystem}
                for one in made.dependencies
            ],
            "notes": [{"place": one.place, "sentence": one.sentence} for one in made.notes],
            "diff": made.diff,
        },
        text="\n".join(_lines(function.name, made, options.out)),
    )


def _lines(name: str, made: Scaffold, out: str | None) -> Iterator[str]:
    if not out:
        yield made.diff.rstrip("\n")
        yield ""
    yield f"{name}: {len(made.files)} files to review; nothing is applied."
    yield from (f"  {path}" for path in sorted(made.files))
    yield "Dependencies: " + ", ".join(f"{one.name} {one.version}" for one in made.dependencies) + "."
    yield "For the reviewer:"
    yield from (f"  {note.place}: {note.sentence}" for note in made.notes)
    if out:
        yield f"Written to {out}: scaffold.diff, and the files in files/. `git apply` applies it."
