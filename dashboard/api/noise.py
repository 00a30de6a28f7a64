"""Routes of noise and of replays: what is known, how it is learned, and what the tap offers to replay."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema, Status
from pydantic import Field

from dashboard.api.roles import needs
from dashboard.api.shapes import Problem, RunOut
from dashboard.views.common import find
from migrations_app.selectors import noise as shapes_of
from migrations_app.selectors import replays
from migrations_app.services import noise, validation
from migrations_app.services.people import Role

router = Router()
PROBLEMS = {403: Problem, 404: Problem, 409: Problem, 422: Problem}


class ForgetIn(Schema):
    """The field to forget, as the noise names it; empty: all."""

    field: str = Field(default="", max_length=240)
    reason: str = Field(default="", max_length=400)


class LearnIn(Schema):
    """From how many events of which suite to learn; null: as many as the policy says."""

    events: int | None = Field(default=None, ge=1, le=validation.MOST_PAIRS)
    suite: str = Field(default="default", max_length=80)
    concurrency: int = Field(default=6, ge=1, le=validation.MOST_CONCURRENCY)
    budget_gb_s: float | None = Field(default=None, gt=0)
    reason: str = Field(default="", max_length=400)
    idempotency_key: str = Field(default="", max_length=64)


class ReplayIn(Schema):
    """How many of the newest reported events FC gets, and the most GB-seconds that it may cost."""

    events: int = Field(ge=1, le=validation.MOST_PAIRS)
    concurrency: int = Field(default=6, ge=1, le=validation.MOST_CONCURRENCY)
    budget_gb_s: float | None = Field(default=None, gt=0)
    reason: str = Field(default="", max_length=400)
    idempotency_key: str = Field(default="", max_length=64)


class ReplayStarted(RunOut):
    """The run, and why reported events are left out: reason -> how many."""

    left_out: dict[str, int]


@router.get("/functions/{address}/noise", response={200: dict[str, Any], **PROBLEMS}, summary="Noise")
def show_noise(request: HttpRequest, address: str) -> dict[str, Any]:
    """Fields that ever differed on AWS itself, with counts and decision, and what shape alone explains."""
    needs(request, Role.VIEWER)
    function = find(address)
    by_shape = shapes_of.by_shape(function.pk)
    return noise.document(noise.evidence(function)) | {"by_shape": shapes_of.document(by_shape)}


@router.post("/functions/{address}/noise/learn", response={202: RunOut, **PROBLEMS}, summary="Learn noise")
def learn_noise(request: HttpRequest, address: str, body: LearnIn) -> Status[Any]:
    """Call AWS twice with each event of a suite, where the declared effects allow it. FC is not called."""
    actor = needs(request, Role.OPERATOR)
    return Status(202, validation.start_learning(find(address).pk, actor=actor, **body.dict()))


@router.post(
    "/functions/{address}/noise/forget", response={200: dict[str, int], **PROBLEMS}, summary="Forget noise"
)
def forget_noise(request: HttpRequest, address: str, body: ForgetIn) -> dict[str, int]:
    """Forget one field, or all; what is forgotten counts again."""
    actor = needs(request, Role.OPERATOR)
    number = noise.forget(find(address).pk, actor=actor, name=body.field, reason=body.reason)
    return {"forgotten": number}


@router.get(
    "/functions/{address}/replays", response={200: dict[str, Any], **PROBLEMS}, summary="What can be replayed"
)
def list_replays(request: HttpRequest, address: str) -> dict[str, Any]:
    """The newest events that the tap reported whole, why others are left out, and the replays so far."""
    needs(request, Role.VIEWER)
    return replays.document(replays.offered(find(address)))


@router.post(
    "/functions/{address}/replays", response={202: ReplayStarted, **PROBLEMS}, summary="Replay live events"
)
def start_replay(request: HttpRequest, address: str, body: ReplayIn) -> Status[Any]:
    """Send to FC what the tap reported last; AWS gave its answers then and is not called."""
    actor = needs(request, Role.OPERATOR)
    run, left_out = validation.start_replay(find(address).pk, actor=actor, **body.dict())
    return Status(202, replays.run_document(run) | {"left_out": dict(left_out)})
