"""Who may call what: the roles of the pages, asked in each route."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from migrations_app.services import people
from migrations_app.services.people import Role
from migrations_app.services.tokens import Bearer


def needs(request: HttpRequest, role: Role) -> str:
    """Give the actor's name if they, and their token, may do this; raises PermissionDenied."""
    owner: Any = request.user
    held = people.role_of(owner)
    if held is None or held.rank < role.rank:
        raise PermissionDenied(f"This needs the role {role.value}. Nothing was done.")
    most = bearer_of(request).role
    if most is not None and most.rank < role.rank:
        raise PermissionDenied(f"This needs a token for the role {role.value}. Nothing was done.")
    return str(owner.get_username())


def bearer_of(request: HttpRequest) -> Bearer:
    """Give whom the request's token acts as."""
    found: Bearer = request.auth  # type: ignore[attr-defined]  # set by Ninja from Token.authenticate
    return found
