"""People: roles, the demo's login links, and tokens for the REST API.

Roles are Django groups and each holds the ones before it: a viewer reads, an operator moves functions, an
approver gives the second yes. A demo link is the username signed with ``CUTOVER_DEMO_LOGIN_SECRET``; it works
as often as it is opened, and only while that secret is set, so no real installation has one.
"""

from __future__ import annotations

import hashlib
import secrets
from enum import StrEnum

from django.conf import settings
from django.contrib.auth.models import Group, User
from django.core import signing
from django.utils import timezone

from cutover.errors import BadInput
from migrations_app.models import ApiToken

DEMO_LOGIN_SALT = "cutover.demo-login"
TOKEN_PREFIX = "cut_"  # noqa: S105 - a visible prefix, no secret


class Role(StrEnum):
    """What a person may do; each role may do what the ones before it may."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    APPROVER = "approver"

    @property
    def rank(self) -> int:
        """1 for a viewer, 3 for an approver."""
        return list(Role).index(self) + 1


def ensure(username: str, role: Role | str, *, password: str | None = None) -> User:
    """Give the person with this role, made if absent; without a password only demo links let them in."""
    user, created = User.objects.get_or_create(username=username)
    if created or password is not None:
        if password is None:
            user.set_unusable_password()
        else:
            user.set_password(password)
        user.save()
    group, _ = Group.objects.get_or_create(name=Role(role).value)
    user.groups.set([group])
    return user


def demo_login_path(username: str) -> str:
    """Give the path that logs ``username`` in while the demo runs.

    Raises BadInput when no CUTOVER_DEMO_LOGIN_SECRET is set.
    """
    secret = settings.DEMO_LOGIN_SECRET
    if not secret:
        raise BadInput("There are no demo login links: CUTOVER_DEMO_LOGIN_SECRET is not set.")
    return f"/login/demo/{signing.dumps(username, key=secret, salt=DEMO_LOGIN_SALT)}/"


def demo_user(token: str) -> User | None:
    """Give the person that a demo link was made for; None when links are off or the link is not ours."""
    secret = settings.DEMO_LOGIN_SECRET
    if not secret:
        return None
    try:
        username = signing.loads(token, key=secret, salt=DEMO_LOGIN_SALT)
    except signing.BadSignature:
        return None
    return User.objects.filter(username=username, is_active=True).first()


def issue_token(owner: User, *, name: str) -> str:
    """Make a token that acts as ``owner``. It is given once and kept only as a digest."""
    token = TOKEN_PREFIX + secrets.token_urlsafe(32)
    ApiToken.objects.create(owner=owner, name=name[:80], digest=_digest(token))
    return token


def token_owner(token: str) -> User | None:
    """Give the person a token acts as, with roles read; None for an unknown or revoked token."""
    found = (
        ApiToken.objects.select_related("owner")
        .filter(digest=_digest(token), revoked_at=None, owner__is_active=True)
        .first()
    )
    if found is None:
        return None
    ApiToken.objects.filter(pk=found.pk).update(used_at=timezone.now())
    return found.owner


def role_of(user: User) -> Role | None:
    """Give the highest role of ``user``; None when nobody gave them one."""
    if user.is_superuser:
        return Role.APPROVER
    names = getattr(user, "group_names", None)
    if names is None:
        names = list(user.groups.values_list("name", flat=True))
    held = [role for role in Role if role.value in names]
    return held[-1] if held else None


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
