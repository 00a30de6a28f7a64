"""Reads the command line, runs the verb, prints its answer."""

from __future__ import annotations

import argparse
import getpass
import json
import sys
from collections.abc import Sequence
from typing import NoReturn, TextIO

from cutover.errors import BadInput, CutoverError
from workers.cli import (
    assessment,
    connections,
    deployment,
    functions,
    noise,
    packages,
    plans,
    removal,
    rules,
    scaffold,
    suites,
    traffic,
    trail,
    twins,
    validation,
)
from workers.cli.frame import Answer, Code, Context, refusal

GROUPS = (
    connections,
    functions,
    assessment,
    twins,
    plans,
    packages,
    scaffold,
    deployment,
    suites,
    rules,
    noise,
    validation,
    traffic,
    removal,
    trail,
)


class Parser(argparse.ArgumentParser):
    """A parser whose complaint is an error of ours, so that `--json` gets a document, too."""

    def error(self, message: str) -> NoReturn:
        """Raise BadInput with argparse's sentence and the usage."""
        raise BadInput(f"{message[0].upper()}{message[1:]}. {self.format_usage().strip()}")


def parser() -> argparse.ArgumentParser:
    """Give the whole command line."""
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--json", action="store_true", help="one JSON document on stdout")
    common.add_argument("--as", dest="actor", metavar="NAME", help="who acts (default: the OS user)")
    top = Parser(
        prog="manage.py cutover",
        description="Moves AWS Lambda functions to Alibaba Cloud Function Compute.",
        epilog="Exit codes: 0 good, 1 bad, 2 wrong use, 3 could not tell, 4 refused by a guard.",
    )
    verbs = top.add_subparsers(dest="verb", metavar="VERB", required=True, parser_class=Parser)
    for group in GROUPS:
        group.register(verbs, common)
    return top


def run(words: Sequence[str], *, stdout: TextIO | None = None, stderr: TextIO | None = None) -> int:
    """Run one command line; give its exit code."""
    out, progress = stdout or sys.stdout, stderr or sys.stderr
    as_json = "--json" in words
    try:
        options = parser().parse_args(list(words))
        context = Context(options=options, actor=options.actor or getpass.getuser(), progress=progress)
        answer: Answer = options.run(context)
    except CutoverError as exc:
        answer = refusal(exc)
    except KeyboardInterrupt:
        answer = Answer(
            document={"error": "Interrupted; what was started goes on."},
            text="Interrupted; what was started goes on. `cutover status` shows how far it is.",
            code=Code.UNKNOWN,
        )
    _print(answer, as_json=as_json, out=out, progress=progress)
    return int(answer.code)


def _print(answer: Answer, *, as_json: bool, out: TextIO, progress: TextIO) -> None:
    if as_json:
        # Not orjson: PostgreSQL gives large floats back as integers of more than 64 bit.
        out.write(json.dumps(answer.document, indent=2, ensure_ascii=False) + "\n")
        return
    stream = progress if answer.code in {Code.WRONG_USE, Code.REFUSED} else out
    if answer.text:
        stream.write(answer.text + "\n")
