"""What the API takes and gives."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from ninja import Schema
from pydantic import Field


class FunctionOut(Schema):
    """A function in the list. Weights are basis points on FC."""

    name: str
    connection: str
    phase: str
    version: int
    desired_weight_bp: int
    observed_weight_bp: int | None
    verdict: str
    held: bool
    effects: str


class FunctionDetail(FunctionOut):
    """A function with all that is known now."""

    arn: str
    advice: str
    live_result: str
    live_sentence: str
    verdict_document: dict[str, Any]
    findings: list[dict[str, Any]]
    target: dict[str, Any]
    deployment: dict[str, Any]
    rollback_report: dict[str, Any]


class FunctionList(Schema):
    """One page; ``next_after`` goes into ``after``."""

    items: list[FunctionOut]
    total: int
    next_after: str


class PairOut(Schema):
    """One pair without its bodies."""

    id: uuid.UUID
    title: str
    outcome: str
    counts: bool
    sentence: str
    first_pointer: str
    blame: str
    primary_ms: float | None
    candidate_ms: float | None
    at: dt.datetime


class ActionOut(Schema):
    """One action of an operation."""

    position: int
    cloud: str
    call: str
    changes: str
    state: str
    request_id: str
    waiting_for: str
    error: str
    duration_ms: float | None


class OperationOut(Schema):
    """An operation in the list."""

    id: uuid.UUID
    function: str
    kind: str
    state: str
    asked_by: str
    reason: str
    error: str
    created_at: dt.datetime
    finished_at: dt.datetime | None


class OperationDetail(OperationOut):
    """An operation with its actions."""

    actions: list[ActionOut]


class RunOut(Schema):
    """A validation."""

    id: uuid.UUID
    state: str
    done_pairs: int
    wanted_pairs: int
    verdict_result: str


class FindingOut(Schema):
    """One finding."""

    rule: str
    severity: str
    title: str
    place: str
    why: str
    remedy: str


class Reason(Schema):
    """Why. ``expected_version`` stops the call when somebody else moved the function since."""

    reason: str = Field(min_length=1, max_length=400)
    expected_version: int | None = None
    idempotency_key: str = Field(default="", max_length=64)


class DeclareIn(Schema):
    """The side-effect contract."""

    effects: str
    reason: str = Field(min_length=1, max_length=400)
    expected_version: int | None = None


class ValidateIn(Schema):
    """A validation; ``pairs`` None takes the policy's number."""

    pairs: int | None = None
    reason: str = Field(default="", max_length=400)
    idempotency_key: str = Field(default="", max_length=64)


class ShiftIn(Reason):
    """One weight by hand, or a ladder that is climbed by itself; both in basis points."""

    to_bp: int | None = Field(default=None, ge=0, le=10_000)
    ladder: list[int] | None = None


class Problem(Schema):
    """Why something was not done."""

    error: str
    reasons: list[str] = []
