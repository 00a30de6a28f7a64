"""Routes of validations: start one with every setting, follow its progress, stop it, repeat it."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from django.http import Http404, HttpRequest
from ninja import Router, Schema, Status
from pydantic import Field

from dashboard.api.roles import needs
from dashboard.api.shapes import Problem, RunOut
from dashboard.views.common import find
from migrations_app.models import Run
from migrations_app.services import rerunning, validation
from migrations_app.services.people import Role

router = Router()
PROBLEMS = {403: Problem, 404: Problem, 409: Problem, 422: Problem}
_LISTED = 50


class RunIn(Schema):
    """What a validation shall be. ``pairs``: events sent to each side, null: as the policy says.

    ``budget_gb_s``: GB-seconds of both sides after which no further pair is begun. ``concurrency``: calls in
    flight. ``learn``: events for which AWS is called twice first, null: as the policy says. Addresses stand
    for a side where CUTOVER_RIE_HOSTS allows their host. A repeated ``idempotency_key`` starts nothing twice.
    """

    suite: str = Field(default="default", max_length=80)
    tags: list[str] = Field(default=[], max_length=20)
    pairs: int | None = Field(default=None, ge=1, le=validation.MOST_PAIRS)
    budget_gb_s: float | None = Field(default=None, gt=0)
    concurrency: int = Field(default=6, ge=1, le=validation.MOST_CONCURRENCY)
    learn: int | None = Field(default=None, ge=0, le=validation.MOST_PAIRS)
    primary_url: str = Field(default="", max_length=300)
    candidate_url: str = Field(default="", max_length=300)
    reason: str = Field(default="", max_length=400)
    idempotency_key: str = Field(default="", max_length=64)


class AgainIn(Schema):
    """Why it is repeated; empty: as the first time."""

    reason: str = Field(default="", max_length=400)
    idempotency_key: str = Field(default="", max_length=64)


class RunDetail(RunOut):
    """A validation with its progress. ``percent`` of its pairs are in; ``open``: it goes on.

    ``learned`` of ``learn`` events were begun for which AWS is called twice; a run of kind learn has no
    pairs, and ``percent`` is of those events.

    ``logs_pending``: pairs whose logs have not arrived. ``verdict``: the document with checks and numbers,
    empty before it is drawn; ``usage``: side -> {"requests", "gb_seconds"}.
    """

    function: str
    kind: str
    suite: str
    suite_version: int
    tags: list[str]
    open: bool
    percent: float
    learn: int
    learned: int
    outcomes: dict[str, int]
    concurrency: int
    budget_gb_s: float | None
    usage: dict[str, Any]
    primary_url: str
    candidate_url: str
    logs_pending: int
    verdict: dict[str, Any]
    error: str
    reason: str
    asked_by: str
    created_at: dt.datetime
    finished_at: dt.datetime | None


_NOT_STORED = {"id", "function", "suite", "open", "percent", "logs_pending"}
_AS_STORED = tuple(name for name in RunDetail.model_fields if name not in _NOT_STORED)


@router.get("/functions/{address}/runs", response={200: list[RunOut], **PROBLEMS}, summary="Validations")
def list_runs(request: HttpRequest, address: str, state: str = "") -> Any:
    """Fifty validations, newest first."""
    needs(request, Role.VIEWER)
    rows = find(address).runs.all()
    return list((rows.filter(state=state) if state else rows)[:_LISTED])


@router.post("/functions/{address}/runs", response={202: RunDetail, **PROBLEMS}, summary="Start a validation")
def start(request: HttpRequest, address: str, body: RunIn) -> Status[Any]:
    """Send the events of a suite to both sides; a worker carries it out."""
    actor = needs(request, Role.OPERATOR)
    given = body.dict()
    rest = {name: given.pop(name) for name in ("pairs", "reason", "idempotency_key")}
    run = validation.start(find(address).pk, validation.Wanted(**given), actor=actor, **rest)
    return Status(202, _document(_run(run.pk)))


@router.get("/runs/{key}", response={200: RunDetail, **PROBLEMS}, summary="One validation")
def one_run(request: HttpRequest, key: uuid.UUID) -> dict[str, Any]:
    """How far it is, and its verdict once that is drawn."""
    needs(request, Role.VIEWER)
    return _document(_run(key))


@router.post("/runs/{key}/cancel", response={200: RunDetail, **PROBLEMS}, summary="Cancel a validation")
def cancel(request: HttpRequest, key: uuid.UUID) -> dict[str, Any]:
    """Stop it: calls in flight end, pairs stay, no verdict is drawn. 409 when it has ended."""
    actor = needs(request, Role.OPERATOR)
    validation.cancel_run(_run(key).pk, actor=actor)
    return _document(_run(key))


@router.post("/runs/{key}/again", response={202: RunDetail, **PROBLEMS}, summary="Run again")
def again(request: HttpRequest, key: uuid.UUID, body: AgainIn) -> Status[Any]:
    """Start a validation with the settings of this one, on the suite's present version."""
    actor = needs(request, Role.OPERATOR)
    made = rerunning.again(_run(key).pk, actor=actor, **body.dict())
    return Status(202, _document(_run(made.pk)))


def _run(key: uuid.UUID) -> Run:
    found = Run.objects.select_related("function", "suite").filter(pk=key).first()
    if found is None:
        raise Http404("There is no such validation.")
    return found


def _document(run: Run) -> dict[str, Any]:
    return {name: getattr(run, name) for name in _AS_STORED} | {
        "id": run.pk,
        "function": run.function.name,
        "suite": run.suite.name,
        "open": run.state in validation.OPEN,
        "percent": _percent(run),
        "logs_pending": validation.count_pending(run.pk),
    }


def _percent(run: Run) -> float:
    done, wanted = (
        (run.learned, run.learn) if run.kind == Run.Kind.LEARN else (run.done_pairs, run.wanted_pairs)
    )
    return round(100 * done / max(1, wanted), 1)
