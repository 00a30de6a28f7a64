"""``manage.py issue_token USERNAME --name NAME``: a token for the REST API, shown once."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser

from migrations_app.services import people


class Command(BaseCommand):
    """Prints a new token on stdout. The database keeps its hash only, so it cannot be shown again."""

    help = "Issue a token for the REST API to a person; it may do what the person may do."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--name", required=True, help="what the token is for, e.g. ci")

    def handle(self, *_arguments: Any, username: str, name: str, **_options: Any) -> None:
        owner = User.objects.filter(username=username, is_active=True).first()
        if owner is None:
            raise CommandError(f"There is no active person '{username}'. Nothing was issued.")
        self.stdout.write(people.issue_token(owner, name=name))
