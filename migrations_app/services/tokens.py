"""Tokens for the REST API: a person's own, shown once and kept as a digest.

A token acts as its owner, with the role that the owner has at that moment, or with a lower one that was
chosen when it was made. It works until it is revoked, expires, or its owner is no longer active.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from cutover.errors import BadInput, StaleState
from migrations_app.models import ApiToken
from migrations_app.services import audit
from migrations_app.services.people import Role, role_of

PREFIX = "cut_"
MOST = 20
"""Working tokens that one person may have."""
MOST_DAYS = 366
LIFETIMES_DAYS = (7, 30, 90, 365)
"""What the page offers, beside tokens that do not expire."""
_HINT_CHARACTERS = len(PREFIX) + 4
_NOTED_EVERY = dt.timedelta(minutes=1)
"""A use is noted at most so often, so that a busy script costs no write per call."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Issued:
    """A fresh token. ``text`` is nowhere else: it is shown now or never."""

    row: ApiToken
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Bearer:
    """Whom a token acts as, and the most that it may do; None: whatever its owner may."""

    owner: User
    row: ApiToken
    role: Role | None


def issue(
    owner: User, *, name: str, actor: str, role: Role | str | None = None, days: int | None = None
) -> Issued:
    """Make a token that acts as ``owner``.

    Args:
        role: the most that it may do; None: whatever its owner may, as long as they may.
        days: how long it works; None: until it is revoked.

    Raises:
        BadInput: no name, a name in use, a role that the owner lacks, or too many tokens.
    """
    name = name.strip()
    if not name or len(name) > 80:
        raise BadInput("A token needs a name of at most 80 characters: it says what uses it.")
    if days is not None and not 1 <= days <= MOST_DAYS:
        raise BadInput(f"A token works for 1 to {MOST_DAYS} days, or until it is revoked.")
    held = role_of(owner)
    if held is None:
        raise BadInput(f"{owner.get_username()} has no role, so a token could do nothing.")
    if role and Role(role).rank > held.rank:
        raise BadInput(f"A token cannot do more than its owner, who is {held.value}.")
    text = PREFIX + secrets.token_urlsafe(32)
    with transaction.atomic():
        User.objects.select_for_update().get(pk=owner.pk)
        working = _working(owner)
        if working.filter(name=name).exists():
            raise BadInput(f"There is a token named '{name}' already. Revoke it, or take another name.")
        if working.count() >= MOST:
            raise BadInput(f"{owner.get_username()} has {MOST} tokens. Revoke one first.")
        row = ApiToken.objects.create(
            owner=owner,
            name=name,
            digest=_digest(text),
            hint=text[:_HINT_CHARACTERS],
            role=Role(role).value if role else "",
            expires_at=timezone.now() + dt.timedelta(days=days) if days else None,
        )
        audit.record(actor=actor, verb="token:issued", detail=_trail(row))
    return Issued(row=row, text=text)


def revoke(owner: User, key: int, *, actor: str) -> ApiToken:
    """Stop one of ``owner``'s tokens for good.

    Raises:
        BadInput: it is not theirs, or not there.
        StaleState: it was revoked before.
    """
    with transaction.atomic():
        row = ApiToken.objects.select_for_update().filter(pk=key, owner=owner).first()
        if row is None:
            raise BadInput("You have no such token.")
        if row.revoked_at is not None:
            raise StaleState(f"The token '{row.name}' was revoked at {row.revoked_at:%Y-%m-%d %H:%M} UTC.")
        row.revoked_at = timezone.now()
        row.save(update_fields=["revoked_at"])
        audit.record(actor=actor, verb="token:revoked", detail=_trail(row))
    return row


def bearer(text: str) -> Bearer | None:
    """Give whom a token acts as; None for one that is unknown, revoked or expired, or whose owner is gone."""
    now = timezone.now()
    row = (
        ApiToken.objects.select_related("owner")
        .filter(Q(expires_at=None) | Q(expires_at__gt=now))
        .filter(digest=_digest(text), revoked_at=None, owner__is_active=True)
        .first()
    )
    if row is None:
        return None
    if row.used_at is None or now - row.used_at > _NOTED_EVERY:
        ApiToken.objects.filter(pk=row.pk).update(used_at=now)
    return Bearer(owner=row.owner, row=row, role=Role(row.role) if row.role else None)


def of(owner: User) -> tuple[ApiToken, ...]:
    """Give a person's tokens, those that work first, the newest first."""
    rows = ApiToken.objects.filter(owner=owner).order_by("-created_at")[:200]
    return tuple(sorted(rows, key=lambda row: not row.works))


def document(row: ApiToken) -> dict[str, Any]:
    """Give a token as plain JSON, without the token itself."""
    return {
        "id": row.pk,
        "name": row.name,
        "hint": row.hint,
        "role": row.role or None,
        "works": row.works,
        "created_at": row.created_at.isoformat(),
        "used_at": row.used_at.isoformat() if row.used_at else None,
        "expires_at": row.expires_at.isoformat() if row.expires_at else None,
        "revoked_at": row.revoked_at.isoformat() if row.revoked_at else None,
    }


def _working(owner: User) -> Any:
    live = Q(expires_at=None) | Q(expires_at__gt=timezone.now())
    return ApiToken.objects.filter(live, owner=owner, revoked_at=None)


def _trail(row: ApiToken) -> dict[str, Any]:
    return {
        "token": row.pk,
        "name": row.name,
        "owner": row.owner.get_username(),
        "role": row.role,
        "expires_at": row.expires_at.isoformat() if row.expires_at else None,
    }


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
