"""Routes of drafts: events that a worker looks for in a function's logs, taken into a suite afterwards."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from django.http import Http404, HttpRequest
from ninja import Router, Schema, Status
from pydantic import Field

from dashboard.api.roles import needs
from dashboard.api.shapes import Problem
from dashboard.views.common import find
from migrations_app.models import SuiteDraft
from migrations_app.services import suites_drafts
from migrations_app.services.people import Role

router = Router()
PROBLEMS = {403: Problem, 404: Problem, 409: Problem, 422: Problem}


class LogsIn(Schema):
    """Where to look, and what becomes of what is found."""

    hours: float = Field(default=24, gt=0, le=suites_drafts.MOST_HOURS)
    limit: int = Field(default=100, ge=1, le=suites_drafts.MOST_FOUND)
    append: bool = False
    tags: list[str] = Field(default=[], max_length=20)


class DraftOut(Schema):
    """A draft. ``state``: pending, ready or failed; ``events``: how many can be imported."""

    id: uuid.UUID
    function: str
    suite: str
    source: str
    state: str
    append: bool
    events: int
    bad: list[dict[str, str]]
    left_out: dict[str, int]
    error: str
    asked_by: str
    created_at: dt.datetime


class AcceptIn(Schema):
    """``expected_version`` of the suite stops the call when somebody else changed it since."""

    skip_bad: bool = False
    expected_version: int | None = None


@router.post(
    "/functions/{address}/suites/{name}/logs", response={202: DraftOut, **PROBLEMS}, summary="Search logs"
)
def search_logs(request: HttpRequest, address: str, name: str, body: LogsIn) -> Status[Any]:
    """Ask a worker for the events that the function wrote to its own logs; look at the draft for them."""
    actor = needs(request, Role.OPERATOR)
    return Status(
        202, _document(suites_drafts.ask_logs(find(address), actor=actor, name=name, **body.dict()))
    )


@router.get("/drafts/{key}", response={200: DraftOut, **PROBLEMS}, summary="One draft")
def one_draft(request: HttpRequest, key: uuid.UUID) -> dict[str, Any]:
    """How far a search has come, and what it found."""
    needs(request, Role.VIEWER)
    return _document(_draft(key))


@router.post("/drafts/{key}/import", response={200: dict[str, Any], **PROBLEMS}, summary="Import a draft")
def accept(request: HttpRequest, key: uuid.UUID, body: AcceptIn) -> dict[str, Any]:
    """Make a draft the suite's next version."""
    actor = needs(request, Role.OPERATOR)
    _draft(key)
    suite = suites_drafts.accept(key, actor=actor, **body.dict())
    events = suite.events.filter(version=suite.version).count()
    return {"suite": suite.name, "version": suite.version, "events": events}


@router.delete("/drafts/{key}", response={204: None, **PROBLEMS}, summary="Discard a draft")
def discard(request: HttpRequest, key: uuid.UUID) -> Status[None]:
    """Throw a draft away; no suite changes."""
    needs(request, Role.OPERATOR)
    suites_drafts.discard(_draft(key).pk)
    return Status(204, None)


def _draft(key: uuid.UUID) -> SuiteDraft:
    found = SuiteDraft.objects.select_related("function").filter(pk=key).first()
    if found is None:
        raise Http404("There is no such draft. It was imported or discarded, or is older than a day.")
    return found


def _document(row: SuiteDraft) -> dict[str, Any]:
    return {
        "id": row.pk,
        "function": row.function.name,
        "suite": row.suite_name,
        "source": row.source,
        "state": row.state,
        "append": row.append,
        "events": len(row.entries),
        "bad": row.bad,
        "left_out": row.left_out,
        "error": row.error,
        "asked_by": row.asked_by,
        "created_at": row.created_at,
    }
