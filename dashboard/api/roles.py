"""Who may call what: the roles of the pages, asked in each route."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from migrations_app.services import people
from migrations_app.services.people import Role


def needs(request: HttpRequest, role: Role) -> str:
    """Give the actor's name if they hold the role; raises PermissionDenied."""
    owner: Any = request.user
    held = people.role_of(owner)
    if held is None or held.rank < role.rank:
        raise PermissionDenied(f"This needs the role {role.value}. Nothing was done.")
    return str(owner.get_username())
