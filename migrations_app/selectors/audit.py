"""The audit trail by pages, newest first, and as a whole for export."""

from __future__ import annotations

from collections.abc import Iterator

from migrations_app.models import AuditEntry

PAGE_SIZE = 100


def page(*, before: str = "", who: str = "") -> tuple[tuple[AuditEntry, ...], int | None]:
    """Give a hundred entries and the id before which the next page begins. One query."""
    rows = AuditEntry.objects.select_related("function", "operation").order_by("-id")
    if before.isdigit():
        rows = rows.filter(pk__lt=int(before))
    if who:
        rows = rows.filter(actor=who)
    found = list(rows[: PAGE_SIZE + 1])
    more, found = len(found) > PAGE_SIZE, found[:PAGE_SIZE]
    return tuple(found), found[-1].pk if more else None


def everything() -> Iterator[AuditEntry]:
    """Give every entry, oldest first, without holding them all."""
    return AuditEntry.objects.select_related("function").order_by("id").iterator(chunk_size=2000)
