"""Who may do what: three roles, each holding the ones before it (``services.people``)."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import gettext as _

from migrations_app.services.people import Role, demo_login_path, role_of

__all__ = ["Role", "approver", "demo_login_path", "may", "operator", "viewer"]

View = Callable[..., HttpResponseBase]


def may(request: HttpRequest, role: Role) -> bool:
    """Whether the person of ``request`` holds ``role``; the answer is kept with the request."""
    if not request.user.is_authenticated:
        return False
    if not hasattr(request, "role"):
        request.role = role_of(request.user)  # type: ignore[attr-defined]
    held: Role | None = request.role  # type: ignore[attr-defined]
    return held is not None and held.rank >= role.rank


def needs(role: Role) -> Callable[[View], View]:
    """Let a view run for people with ``role`` only: strangers go to the login, others get a 403 sentence."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            if not may(request, role):
                raise PermissionDenied(refusal(role))
            return view(request, *args, **kwargs)

        return guarded

    return decorate


def refusal(role: Role) -> str:
    """Say which role is missing and who can give it."""
    match role:
        case Role.VIEWER:
            return _("Your account has no role yet. Ask an approver to make you a viewer.")
        case Role.OPERATOR:
            return _("This needs the role operator, and you are a viewer. Nothing was done. Ask an operator.")
        case Role.APPROVER:
            return _(
                "This needs the role approver, which you do not have. Nothing was done. Ask an approver."
            )


viewer = needs(Role.VIEWER)
operator = needs(Role.OPERATOR)
approver = needs(Role.APPROVER)
