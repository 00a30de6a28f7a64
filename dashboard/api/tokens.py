"""Routes of API tokens: one's own, and no more than the token that asks."""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Schema, Status
from pydantic import Field

from cutover.errors import BadInput
from dashboard.api.roles import bearer_of, needs
from dashboard.api.shapes import Problem
from migrations_app.services import tokens
from migrations_app.services.people import Role
from migrations_app.services.tokens import Bearer

router = Router()
PROBLEMS = {403: Problem, 409: Problem, 422: Problem}


class TokenOut(Schema):
    """A token without itself. ``role``: the most that it may do; null: whatever its owner may."""

    id: int
    name: str
    hint: str
    role: str | None
    works: bool
    created_at: dt.datetime
    used_at: dt.datetime | None
    expires_at: dt.datetime | None
    revoked_at: dt.datetime | None


class TokenMade(TokenOut):
    """A fresh token. ``token`` is shown this once."""

    token: str


class TokenIn(Schema):
    """A token to make. ``days``: how long it works; null: until it is revoked."""

    name: str = Field(min_length=1, max_length=80)
    role: Literal["viewer", "operator", "approver"] | None = None
    days: int | None = Field(default=None, ge=1, le=tokens.MOST_DAYS)


@router.get("/tokens", response={200: list[TokenOut], **PROBLEMS}, summary="Your tokens")
def list_tokens(request: HttpRequest) -> list[dict[str, Any]]:
    """The tokens of whom the request's token acts as."""
    needs(request, Role.VIEWER)
    return [tokens.document(row) for row in tokens.of(bearer_of(request).owner)]


@router.post("/tokens", response={201: TokenMade, **PROBLEMS}, summary="Make a token")
def make_token(request: HttpRequest, body: TokenIn) -> Status[Any]:
    """Make one of your own. It may do no more, and works no longer, than the token that asks."""
    actor = needs(request, Role.VIEWER)
    asking = bearer_of(request)
    _no_stronger(asking, body)
    role = body.role or asking.role
    made = tokens.issue(asking.owner, name=body.name, actor=actor, role=role, days=body.days)
    return Status(201, tokens.document(made.row) | {"token": made.text})


@router.delete("/tokens/{key}", response={200: TokenOut, **PROBLEMS}, summary="Revoke a token")
def revoke_token(request: HttpRequest, key: int) -> dict[str, Any]:
    """Stop one of your own for good, also the one that asks."""
    actor = needs(request, Role.VIEWER)
    return tokens.document(tokens.revoke(bearer_of(request).owner, key, actor=actor))


def _no_stronger(asking: Bearer, body: TokenIn) -> None:
    most = asking.role
    if most is not None and body.role is not None and Role(body.role).rank > most.rank:
        raise BadInput(f"A token that may do what a {most.value} may cannot make one that may do more.")
    until = asking.row.expires_at
    if until is not None and (body.days is None or timezone.now() + dt.timedelta(days=body.days) > until):
        raise BadInput("A token cannot make one that works longer than itself. Say fewer days.")
