"""Operations, newest first, and one of them."""

from __future__ import annotations

import datetime as dt
import uuid

from migrations_app.models import Operation
from migrations_app.models.operations import OPEN_STATES

PAGE_SIZE = 50


def operation(key: uuid.UUID) -> Operation | None:
    """Give one operation with its function and approval, in one query."""
    return Operation.objects.select_related("function__connection", "approval").filter(pk=key).first()


def page(*, before: str = "", state: str = "") -> tuple[tuple[Operation, ...], dt.datetime | None]:
    """Give fifty operations and where the next page begins. ``state``: one state, or ``open``."""
    rows = Operation.objects.select_related("function")
    if state == "open":
        rows = rows.filter(state__in=OPEN_STATES)
    elif state:
        rows = rows.filter(state=state)
    if moment := _moment(before):
        rows = rows.filter(created_at__lt=moment)
    found = list(rows.order_by("-created_at")[: PAGE_SIZE + 1])
    more, found = len(found) > PAGE_SIZE, found[:PAGE_SIZE]
    return tuple(found), found[-1].created_at if more else None


def _moment(text: str) -> dt.datetime | None:
    try:
        return dt.datetime.fromisoformat(text)
    except ValueError:
        return None
