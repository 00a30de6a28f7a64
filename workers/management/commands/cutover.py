"""`manage.py cutover VERB`: the command line; its verbs are in ``workers.cli``."""

from __future__ import annotations

import argparse
import sys
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandParser
from django.db import connections

from workers.cli.main import run


class Command(BaseCommand):
    """Hands the words over; exit codes are the verbs' own."""

    help = "Move functions: connect, sync, assess, deploy, validate, shift, roll back, decommission, restore."

    def run_from_argv(self, argv: list[str]) -> NoReturn:
        """Run from a shell."""
        try:
            code = run(argv[2:])
        finally:
            connections.close_all()
        sys.exit(code)

    def add_arguments(self, parser: CommandParser) -> None:
        """Take everything as it comes."""
        parser.add_argument("words", nargs=argparse.REMAINDER)

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run from code (`call_command`); another exit code than 0 is SystemExit."""
        code = run(options["words"])
        if code:
            sys.exit(code)
