"""Routes of the assessment: findings, waivers, the map of triggers."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Literal

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import Field

from dashboard.api.roles import needs
from dashboard.api.shapes import Problem
from dashboard.views.common import find
from migrations_app.models import FunctionMigration
from migrations_app.selectors import assessment as selectors
from migrations_app.services import assessment as services
from migrations_app.services.people import Role

router = Router()
PROBLEMS = {403: Problem, 404: Problem, 409: Problem, 422: Problem}
Severity = Literal["", "blocker", "warn", "ok", "waived"]


class Assessed(Schema):
    """The assessment as it stands. ``standing``: ready, work, blocked or none; ``version`` goes into waivers.

    ``reading``: a worker reads the code now; ``unread``: why it could not be read.
    """

    function: str
    version: int
    standing: str
    readiness: dict[str, Any]
    reading: bool
    unread: str
    findings: list[dict[str, Any]]


class TriggerOut(Schema):
    """One trigger beside its counterpart; ``there`` is empty where FC has none, and ``reason`` says why.

    ``losses``: {"field", "reason"} of an event on its way; null where no event is translated.
    """

    kind: str
    source: str
    detail: str
    qualifier: str
    aims: str
    enabled: bool
    permitted_only: bool
    there: str
    reason: str
    losses: list[dict[str, str]] | None
    features: list[str]


class WaiveIn(Schema):
    """Why a finding is set aside, or counts again."""

    reason: str = Field(min_length=1, max_length=400)
    expected_version: int | None = None


@router.get("/functions/{address}/findings", response={200: Assessed, **PROBLEMS}, summary="Findings")
def list_findings(request: HttpRequest, address: str, severity: Severity = "") -> dict[str, Any]:
    """Findings, blockers first; those of one severity, or the waived ones."""
    needs(request, Role.VIEWER)
    return _assessed(find(address), severity)


@router.post(
    "/functions/{address}/findings/{identity}/waive", response={200: Assessed, **PROBLEMS}, summary="Waive"
)
def waive(request: HttpRequest, address: str, identity: str, body: WaiveIn) -> dict[str, Any]:
    """Set a finding aside with a reason."""
    actor = needs(request, Role.OPERATOR)
    services.waive(find(address).pk, identity, actor=actor, **body.dict())
    return _assessed(find(address), "waived")


@router.post(
    "/functions/{address}/findings/{identity}/unwaive",
    response={200: Assessed, **PROBLEMS},
    summary="Take a waiver back",
)
def unwaive(request: HttpRequest, address: str, identity: str, body: WaiveIn) -> dict[str, Any]:
    """Let a finding count again."""
    actor = needs(request, Role.OPERATOR)
    services.withdraw_waiver(find(address).pk, identity, actor=actor, **body.dict())
    return _assessed(find(address), "")


@router.get("/functions/{address}/triggers", response={200: list[TriggerOut], **PROBLEMS}, summary="Triggers")
def list_triggers(request: HttpRequest, address: str) -> list[dict[str, Any]]:
    """Each trigger with its counterpart on FC."""
    needs(request, Role.VIEWER)
    return [asdict(row) for row in selectors.trigger_map(find(address))]


def _assessed(function: FunctionMigration, severity: str) -> dict[str, Any]:
    shown = selectors.assessment_page(function, severity=severity)
    found = [one for _, group in shown.groups for one in group]
    return {
        "function": function.name,
        "version": function.version,
        "standing": shown.standing,
        "readiness": function.readiness,
        "reading": shown.reading,
        "unread": shown.unread,
        "findings": [*found, *shown.waived],
    }
