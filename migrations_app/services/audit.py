"""The audit trail: who did what and why, each entry chained to the one before by its digest."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson
from django.db import connection, transaction
from django.utils import timezone

from migrations_app.models import AuditEntry, FunctionMigration, Operation

GENESIS = "0" * 64
_LOCK = 0x43_55_54_4F  # any constant: the advisory lock that serialises the chain


def record(
    *,
    actor: str,
    verb: str,
    function: FunctionMigration | None = None,
    operation: Operation | None = None,
    reason: str = "",
    detail: Mapping[str, Any] | None = None,
) -> AuditEntry:
    """Add one entry at the end of the chain, in the caller's transaction.

    Appending is serialised by an advisory lock held until that transaction ends, so keep it short.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        previous = AuditEntry.objects.order_by("-id").values_list("digest", flat=True).first() or GENESIS
        entry = AuditEntry(
            at=timezone.now(),
            actor=actor,
            verb=verb,
            function=function,
            operation=operation,
            reason=reason[:400],
            detail=dict(detail or {}),
            previous_digest=previous,
        )
        entry.digest = digest_of(entry)
        entry.save(force_insert=True)
    return entry


def verify() -> tuple[bool, str]:
    """Walk the whole chain. Gives (whether it is whole, one sentence)."""
    previous, count = GENESIS, 0
    for entry in AuditEntry.objects.order_by("id").iterator(chunk_size=2000):
        if entry.previous_digest != previous or entry.digest != digest_of(entry):
            return False, f"Entry {entry.pk} does not follow from the one before: the trail was changed."
        previous, count = entry.digest, count + 1
    return True, f"All {count} entries follow from each other."


def digest_of(entry: AuditEntry) -> str:
    """Hex SHA-256 over the entry's content and the digest before it."""
    content = [
        entry.previous_digest,
        entry.at.isoformat(),
        entry.actor,
        entry.verb,
        entry.function_id,
        str(entry.operation_id or ""),
        entry.reason,
        entry.detail,
    ]
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()
