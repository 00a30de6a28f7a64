"""``manage.py issue_token USERNAME --name NAME``: a token for the REST API, shown once."""

from __future__ import annotations

import getpass
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser

from cutover.errors import BadInput
from migrations_app.services import tokens
from migrations_app.services.people import Role


class Command(BaseCommand):
    """Prints a new token on stdout. The database keeps its hash only, so it cannot be shown again."""

    help = "Issue a token for the REST API to a person; it may do what the person may do."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--name", required=True, help="what the token is for, e.g. ci")
        parser.add_argument("--days", type=int, help="how long it works (default: until it is revoked)")
        parser.add_argument("--role", choices=[role.value for role in Role], help="the most that it may do")

    def handle(
        self, *_arguments: Any, username: str, name: str, days: int | None, role: str | None, **_options: Any
    ) -> None:
        owner = User.objects.filter(username=username, is_active=True).first()
        if owner is None:
            raise CommandError(f"There is no active person '{username}'. Nothing was issued.")
        try:
            made = tokens.issue(owner, name=name, actor=getpass.getuser(), days=days, role=role)
        except BadInput as error:
            raise CommandError(f"{error} Nothing was issued.") from error
        self.stdout.write(made.text)
