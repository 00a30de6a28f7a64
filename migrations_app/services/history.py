"""Asks for stored pairs to be compared anew, since what is accepted or known of noise changed."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from migrations_app.models import FunctionMigration, Reevaluation, Run
from migrations_app.services import bell

TASK = "workers.compare_anew"


def ask(function_id: int | None, *, actor: str, why: str) -> None:
    """Have a function's stored pairs compared anew; None: those of every function that has any.

    What is going on already begins again, so that nothing is left under the rules of before.
    """
    functions = FunctionMigration.objects.filter(pk__in=Run.objects.values("function_id"))
    if function_id is not None:
        functions = FunctionMigration.objects.filter(pk=function_id)
    now = timezone.now()
    rows = [
        Reevaluation(function_id=key, asked_by=actor, asked_at=now, why=why[:200], due_at=now)
        for key in functions.order_by("pk").values_list("pk", flat=True)
    ]
    fresh = {"before_at": None, "before_id": None, "seen": 0, "changed": 0, "kept": 0, "finished_at": None}
    with transaction.atomic():
        keys = [row.function_id for row in rows]
        Reevaluation.objects.bulk_create(rows, ignore_conflicts=True, batch_size=1000)
        Reevaluation.objects.filter(pk__in=keys).exclude(asked_at=now).update(
            asked=F("asked") + 1, asked_by=actor, asked_at=now, why=why[:200], due_at=now, **fresh
        )
        if rows:
            bell.ring(TASK, queue="work")


def state_of(function_id: int) -> Reevaluation | None:
    """Give how far the last request has come, if there was one."""
    return Reevaluation.objects.filter(pk=function_id).first()


def document(row: Reevaluation | None) -> dict[str, Any] | None:
    """Give it as plain JSON; None when nothing was ever asked."""
    if row is None:
        return None
    return {
        "why": row.why,
        "asked_by": row.asked_by,
        "asked_at": row.asked_at.isoformat(),
        "done": row.due_at is None,
        "seen": row.seen,
        "changed": row.changed,
        "kept": row.kept,
    }
