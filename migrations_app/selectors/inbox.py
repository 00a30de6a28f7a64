"""What needs a person, derived from rows: nothing is stored twice, so nothing can be out of date."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, F, Min, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import JSONObject
from django.utils import timezone

from cutover.phases import Phase
from migrations_app.models import FunctionMigration, Operation, OperationState, ProcessHeartbeat

LATE = dt.timedelta(seconds=40)
"""Due work that nobody took, or a process that said nothing, for this long: the worker does not answer."""

ORDER = ("rolled-back", "fail", "drift", "failed", "no-verdict", "approval", "blocked", "held")
"""Gravest first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FrameCounts:
    """What the top bar and the banner need."""

    inbox: int
    functions: int
    late_since: dt.datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class InboxItem:
    """One function that needs a person; ``kind`` is a word of ``ORDER``."""

    kind: str
    function: FunctionMigration
    since: dt.datetime
    operation: dict[str, Any] | None


def needs_a_person() -> Q:
    """Give the condition for being in the inbox."""
    return (
        Q(phase=Phase.ROLLED_BACK, rollback_report__automatic=True)
        | _failing()
        | _drifting()
        | Q(held_at__isnull=False)
        | Q(verdict_result="error")
        | _has_blocker()
        | Q(pk__in=_blocked().values("function_id"))
        | Q(pk__in=_failed().values("function_id"))
    )


def frame_counts() -> FrameCounts:
    """Count functions, inbox items and the oldest overdue work, in one query."""
    now = timezone.now()
    overdue = Operation.objects.filter(
        state__in=(OperationState.PENDING, OperationState.RUNNING, OperationState.UNDOING),
        due_at__lt=now - LATE,
    ).order_by("due_at")
    silent = ProcessHeartbeat.objects.filter(at__lt=now - LATE).order_by("at")
    found = FunctionMigration.objects.aggregate(
        functions=Count("pk"),
        inbox=Count("pk", filter=needs_a_person()),
        overdue=Min(Subquery(overdue.values("due_at")[:1])),
        silent=Min(Subquery(silent.values("at")[:1])),
    )
    late = [moment for moment in (found.pop("overdue"), found.pop("silent")) if moment]
    return FrameCounts(**found, late_since=min(late, default=None))


def inbox(limit: int = 50) -> tuple[InboxItem, ...]:
    """Give what needs a person, gravest first, then oldest. One query."""
    waiting = _blocked().filter(function=OuterRef("pk")).order_by("-created_at")
    failed = _failed().filter(function=OuterRef("pk")).order_by("-created_at")
    document = JSONObject(id="id", kind="kind", asked_by="asked_by", error="error", created_at="created_at")
    rows = (
        FunctionMigration.objects.filter(needs_a_person())
        .annotate(
            waiting=Subquery(waiting.values(document=document)[:1]),
            failed=Subquery(failed.values(document=document)[:1]),
        )
        .order_by("changed_at")[:500]
    )
    items = sorted((_item(row) for row in rows), key=lambda item: (ORDER.index(item.kind), item.since))
    return tuple(items[:limit])


def _item(function: FunctionMigration) -> InboxItem:
    kind = inbox_kind(function)
    operation = getattr(function, "waiting" if kind == "approval" else "failed", None)
    since = function.held_at if kind == "held" else function.phase_since
    return InboxItem(kind=kind, function=function, since=since or function.changed_at, operation=operation)


def inbox_kind(function: FunctionMigration) -> str:
    """Give the gravest reason why this function needs a person."""
    report = function.rollback_report or {}
    drift = (
        function.observed_weight_bp is not None and function.observed_weight_bp != function.desired_weight_bp
    )
    moving = function.phase in (Phase.SHIFTING, Phase.CUT_OVER)
    reasons = {
        "rolled-back": function.phase == Phase.ROLLED_BACK and report.get("automatic") is True,
        "fail": "fail" in (function.verdict_result, function.live_result)
        and function.phase != Phase.ROLLED_BACK,
        "drift": moving and drift,
        "failed": getattr(function, "failed", None) is not None,
        "no-verdict": function.verdict_result == "error",
        "approval": getattr(function, "waiting", None) is not None,
        "blocked": any(f.get("severity") == "blocker" and not f.get("waiver") for f in function.findings),
        "held": function.held,
    }
    return next((kind for kind in ORDER if reasons[kind]), "held")


def _failing() -> Q:
    failing = Q(verdict_result="fail") | Q(live_result="fail")
    return failing & ~Q(phase=Phase.ROLLED_BACK)


def _drifting() -> Q:
    return Q(phase__in=(Phase.SHIFTING, Phase.CUT_OVER), observed_weight_bp__isnull=False) & ~Q(
        observed_weight_bp=F("desired_weight_bp")
    )


def _has_blocker() -> Q:
    """Blockers that nobody waived: the checklist names those that still block."""
    waived = Q(readiness__has_key="checklist") & ~Q(readiness__checklist__contains=[{"blocks": True}])
    return Q(findings__contains=[{"severity": "blocker"}]) & ~waived


def _blocked() -> QuerySet[Operation]:
    return Operation.objects.filter(state=OperationState.BLOCKED)


def _failed() -> QuerySet[Operation]:
    """Operations that failed or were undone, with none after them on the same function."""
    later = Operation.objects.filter(function=OuterRef("function"), created_at__gt=OuterRef("created_at"))
    return Operation.objects.filter(
        Q(state__in=(OperationState.FAILED, OperationState.UNDONE)), ~Exists(later)
    )
