"""People: roles, and the demo's login links.

Roles are Django groups and each holds the ones before it: a viewer reads, an operator moves functions, an
approver gives the second yes. A demo link is the username signed with ``CUTOVER_DEMO_LOGIN_SECRET``; it works
as often as it is opened, and only while that secret is set, so no real installation has one.
"""

from __future__ import annotations

from enum import StrEnum

from django.conf import settings
from django.contrib.auth.models import Group, User
from django.core import signing

from cutover.errors import BadInput

DEMO_LOGIN_SALT = "cutover.demo-login"


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


def role_of(user: User) -> Role | None:
    """Give the highest role of ``user``; None when nobody gave them one."""
    if user.is_superuser:
        return Role.APPROVER
    names = getattr(user, "group_names", None)
    if names is None:
        names = list(user.groups.values_list("name", flat=True))
    held = [role for role in Role if role.value in names]
    return held[-1] if held else None
