"""`package`: a bootstrap for an HTTP server behind a proxy, or a proxy for an image, written for review."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from cutover.errors import BadInput
from workers import packaging
from workers.cli.frame import Answer, Context
from workers.cli.lookup import function_named


def register(verbs: Any, _common: argparse.ArgumentParser) -> None:
    """Add the verb of this group. Writing files is nobody's act, so `--as` is the form and not who acts."""
    verb = verbs.add_parser("package", help="bootstrap of a server, or proxy of an image, for FC")
    verb.add_argument("--json", action="store_true", help="one JSON document on stdout")
    verb.add_argument("function", metavar="FUNCTION")
    verb.add_argument("--as", dest="form", required=True, choices=["server", "image"])
    verb.add_argument("--command", metavar="WORDS", default="", help="what starts it: 'node app.js'")
    verb.add_argument("--entrypoint", metavar="WORDS", default="", help="the image's own entry point")
    verb.add_argument("--image", metavar="URI", default="", help="the image, best by digest")
    verb.add_argument("--out", metavar="DIR", required=True, help="a folder that must not exist")
    verb.set_defaults(run=package, actor=None)


def package(context: Context) -> Answer:
    """Write what FC needs into a new folder; nothing is uploaded."""
    options = context.options
    function = function_named(options.function)
    if options.form == "server":
        if options.image or options.entrypoint:
            raise BadInput("--image and --entrypoint go with --as image.")
        made = packaging.server(function, options.command)
    else:
        made = packaging.image(
            function, options.image, entrypoint=options.entrypoint, command=options.command
        )
    packaging.write(made, Path(options.out))
    names = sorted(made.files)
    found = {
        "function": function.name,
        "form": options.form,
        "out": options.out,
        "files": {name: len(made.files[name]) for name in names},
        "runtime": made.runtime,
        "port": made.port,
        "notes": list(made.notes),
    }
    lines = [
        f"{function.name}: written to {options.out}: {', '.join(names)}. Nothing is uploaded.",
        f"On FC: runtime {made.runtime}, port {made.port}.",
        *(f"Note: {note}" for note in made.notes),
    ]
    return Answer(document=found, text="\n".join(lines))
