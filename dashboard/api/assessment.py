"""Routes of the assessment: findings, waivers, the map of triggers."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Literal

from django.http import Http404, HttpRequest
from ninja import Router, Schema
from pydantic import Field

from cutover.planning.marks import Form
from dashboard.api.roles import needs
from dashboard.api.shapes import Problem
from dashboard.views.common import find
from migrations_app.models import FunctionMigration
from migrations_app.selectors import assessment as selectors
from migrations_app.services import assessment as services
from migrations_app.services import target_code
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


class GeneratedOut(Schema):
    """The target as code. ``files``: path -> text; ``gaps``: {"kind", "subject", "why", "remedy"}.

    ``policy``: {"lines": [{"actions", "resources", "reasons"}], "left_out": [{"what", "why"}], "document"}.
    """

    form: str
    files: dict[str, str]
    gaps: list[dict[str, str]]
    policy: dict[str, Any]


class ScaffoldOut(Schema):
    """The scaffold. ``refused``: why there is nothing to scaffold; the rest is empty then."""

    diff: str
    files: dict[str, str]
    notes: list[dict[str, str]]
    dependencies: list[dict[str, str]]
    refused: str


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


@router.get(
    "/functions/{address}/code/{form}", response={200: GeneratedOut, **PROBLEMS}, summary="The target as code"
)
def generated(request: HttpRequest, address: str, form: Form) -> dict[str, Any]:
    """Terraform or s.yaml for the Alibaba side, with what is not in it and the RAM policy line by line."""
    needs(request, Role.VIEWER)
    made = target_code.generated(find(address), form)
    policy = {**asdict(made.policy), "document": made.policy.document}
    gaps = [asdict(one) for one in made.gaps]
    return {"form": made.form, "files": dict(made.files), "gaps": gaps, "policy": policy}


@router.get(
    "/functions/{address}/scaffold", response={200: ScaffoldOut, **PROBLEMS}, summary="The scaffold to review"
)
def scaffold(request: HttpRequest, address: str) -> dict[str, Any]:
    """Drivers and a handler per cloud as files and a diff; 404 while the code was not read."""
    needs(request, Role.VIEWER)
    made = target_code.scaffolded(find(address))
    if made is None:
        raise Http404("There is no scaffold of this code yet. Assess the function: a worker makes it.")
    return asdict(made)


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
