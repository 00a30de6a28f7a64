"""What every page shows around its content."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from dashboard.access import Role, may
from migrations_app.selectors.inbox import frame_counts

THEMES = ("light", "dark")


def frame(request: HttpRequest) -> dict[str, Any]:
    """Give the top bar's content; the counts come in one query, and only for people who may see them."""
    theme = request.COOKIES.get("theme", "")
    content: dict[str, Any] = {
        "environment_label": settings.ENVIRONMENT_LABEL,
        "theme": theme if theme in THEMES else "",
        "server_time": timezone.now(),
        "is_operator": may(request, Role.OPERATOR),
        "is_approver": may(request, Role.APPROVER),
    }
    if may(request, Role.VIEWER) and not getattr(request, "htmx", False):
        content["frame"] = frame_counts()
    return content
