"""Routes of the REST API. Each does what its page does: authorise, one service or selector, answer."""

from __future__ import annotations

import uuid
from typing import Any

import orjson
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI, Status
from ninja.errors import HttpError, ValidationError
from ninja.parser import Parser
from ninja.security import HttpBearer

from cutover.errors import RuleError
from dashboard.api import shapes
from dashboard.api.roles import needs
from dashboard.errors import Ambiguous, refusal
from dashboard.views.common import find
from dashboard.views.pair_lists import filter_of
from migrations_app.models import FunctionMigration, Operation
from migrations_app.selectors import operations as operation_pages
from migrations_app.selectors import pair_lists
from migrations_app.selectors.functions import FunctionFilter, page
from migrations_app.services import (
    approvals,
    assessment,
    decommission,
    deployment,
    restoration,
    rollback,
    shifting,
    tokens,
    validation,
)
from migrations_app.services.people import Role


class Token(HttpBearer):
    """``Authorization: Bearer cut_…``; the token acts as its owner, with at most the owner's role."""

    def authenticate(self, request: HttpRequest, token: str) -> Any:
        """Give whom it acts as, or None, which answers 401."""
        bearer = tokens.bearer(token)
        if bearer is not None:
            request.user = bearer.owner
        return bearer


class StrictJson(Parser):
    """Takes JSON alone: no NaN, no half of a surrogate pair, which PostgreSQL's jsonb cannot keep."""

    def parse_body(self, request: HttpRequest) -> Any:
        """Give the value of the body; raises JSONDecodeError, which answers 400."""
        return orjson.loads(request.body)


api = NinjaAPI(
    title="Cutover",
    version="1",
    auth=Token(),
    parser=StrictJson(),
    docs_url=None,
    openapi_url="/openapi.json",
    urls_namespace="api",
)
PROBLEMS = {403: shapes.Problem, 404: shapes.Problem, 409: shapes.Problem, 422: shapes.Problem}


@api.exception_handler(RuleError)
def refuse(request: HttpRequest, error: RuleError) -> HttpResponse:
    """Answer 409 or 422 with the sentence and the guards' reasons."""
    why = refusal(error)
    body = {"error": why.sentence or why.title, "reasons": list(why.reasons)}
    return api.create_response(request, body, status=why.status)


@api.exception_handler(PermissionDenied)
def deny(request: HttpRequest, error: PermissionDenied) -> HttpResponse:
    """Answer 403 with the role that is missing."""
    return api.create_response(request, {"error": str(error), "reasons": []}, status=403)


@api.exception_handler(Http404)
def miss(request: HttpRequest, error: Http404) -> HttpResponse:
    """Answer 404 with near names."""
    return api.create_response(request, {"error": str(error), "reasons": []}, status=404)


@api.exception_handler(Ambiguous)
def ask(request: HttpRequest, question: Ambiguous) -> HttpResponse:
    """Answer 409 with the full names, when two connections have a function of this name."""
    names = [f"{one.connection.name}:{one.name}" for one in question.found]
    body = {"error": "Several connections have a function of this name.", "reasons": names}
    return api.create_response(request, body, status=409)


@api.exception_handler(HttpError)
def refuse_request(request: HttpRequest, error: HttpError) -> HttpResponse:
    """Answer what Ninja itself refuses: 400 for a body that is not JSON, 401 for a token that is none."""
    sentence = str(error)
    if error.status_code == 400:
        sentence = (
            "The body is not JSON. Nothing was done. Send one JSON object, as the OpenAPI document says."
        )
    return api.create_response(request, {"error": sentence, "reasons": []}, status=error.status_code)


@api.exception_handler(ValidationError)
def refuse_fields(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """Answer 422 with each field that does not fit; nothing of what was sent is repeated."""
    places = [(".".join(str(part) for part in one["loc"][2:]), one["msg"]) for one in error.errors]
    reasons = [f"{place or 'body'}: {message}" for place, message in places]
    body = {"error": "The request does not fit. Nothing was done.", "reasons": reasons}
    return api.create_response(request, body, status=422)


@api.get("/functions", response=shapes.FunctionList, summary="List functions")
def list_functions(
    request: HttpRequest, q: str = "", phase: str = "", verdict: str = "", after: str = ""
) -> dict[str, Any]:
    """Fifty functions by name; ``after`` takes the last page's ``next_after``."""
    needs(request, Role.VIEWER)
    found = page(FunctionFilter(q=q, phase=phase, verdict=verdict, after=after))
    connections = {row.connection_id for row in found.rows}
    names = dict(
        FunctionMigration.objects.filter(connection_id__in=connections)
        .order_by()
        .values_list("connection_id", "connection__name")
        .distinct()
    )
    items = [_function(row, names[row.connection_id]) for row in found.rows]
    return {"items": items, "total": found.total, "next_after": found.next_after}


@api.get("/functions/{address}", response={200: shapes.FunctionDetail, **PROBLEMS}, summary="One function")
def one_function(request: HttpRequest, address: str) -> dict[str, Any]:
    """All that is known now."""
    needs(request, Role.VIEWER)
    function = find(address)
    return _function(function, function.connection.name) | {
        "arn": function.arn,
        "advice": function.advice,
        "live_result": function.live_result,
        "live_sentence": function.live_sentence,
        "verdict_document": function.verdict,
        "findings": function.findings,
        "target": function.target,
        "deployment": function.deployment,
        "rollback_report": function.rollback_report,
    }


@api.get("/functions/{address}/pairs", response={200: list[shapes.PairOut], **PROBLEMS}, summary="Pairs")
def list_pairs(request: HttpRequest, address: str) -> Any:
    """Fifty pairs, newest first, filtered by the parameters of the page.

    ``group``, ``outcome``, ``blame``, ``pointer``, ``q``, ``cold``, ``hours``, ``run``. The next page is
    ``after`` the last pair: its ``at``, a tilde and its ``id``.
    """
    needs(request, Role.VIEWER)
    return pair_lists.page(find(address), filter_of(request)).rows


@api.get("/operations", response=list[shapes.OperationOut], summary="List operations")
def list_operations(request: HttpRequest, state: str = "") -> list[dict[str, Any]]:
    """Fifty operations, newest first."""
    needs(request, Role.VIEWER)
    return [_operation(row) for row in operation_pages.page(state=state)[0]]


@api.get("/operations/{key}", response={200: shapes.OperationDetail, **PROBLEMS}, summary="One operation")
def one_operation(request: HttpRequest, key: uuid.UUID) -> dict[str, Any]:
    """An operation with its actions."""
    needs(request, Role.VIEWER)
    found = operation_pages.operation(key)
    if found is None:
        raise Http404("There is no such operation.")
    return _operation(found) | {"actions": list(found.actions.order_by("position"))}


@api.post(
    "/functions/{address}/assess", response={200: list[shapes.FindingOut], **PROBLEMS}, summary="Assess"
)
def assess(request: HttpRequest, address: str) -> Any:
    """Judge the function's facts at once."""
    actor = needs(request, Role.OPERATOR)
    return list(assessment.assess(find(address).pk, actor=actor))


@api.post(
    "/functions/{address}/declare", response={200: shapes.FunctionOut, **PROBLEMS}, summary="Declare effects"
)
def declare(request: HttpRequest, address: str, body: shapes.DeclareIn) -> dict[str, Any]:
    """Take the side-effect contract down."""
    actor = needs(request, Role.OPERATOR)
    function = find(address)
    name = function.connection.name
    return _function(deployment.declare(function.pk, actor=actor, **body.dict()), name)


@api.post("/functions/{address}/deploy", response={202: shapes.OperationOut, **PROBLEMS}, summary="Deploy")
def deploy(request: HttpRequest, address: str, body: shapes.Reason) -> Status[Any]:
    """Start the dual deploy."""
    actor = needs(request, Role.OPERATOR)
    return Status(202, _operation(deployment.start(find(address).pk, actor=actor, **body.dict())))


@api.post("/functions/{address}/validate", response={202: shapes.RunOut, **PROBLEMS}, summary="Validate")
def validate(request: HttpRequest, address: str, body: shapes.ValidateIn) -> Status[Any]:
    """Start a validation."""
    actor = needs(request, Role.OPERATOR)
    return Status(202, validation.start_run(find(address).pk, actor=actor, **body.dict()))


@api.post(
    "/functions/{address}/shift", response={202: shapes.OperationOut, **PROBLEMS}, summary="Shift traffic"
)
def shift(request: HttpRequest, address: str, body: shapes.ShiftIn) -> Status[Any]:
    """Move the weight, or start climbing a ladder."""
    actor = needs(request, Role.OPERATOR)
    return Status(202, _operation(shifting.start(find(address).pk, actor=actor, **body.dict())))


@api.post("/functions/{address}/hold", response={200: shapes.FunctionOut, **PROBLEMS}, summary="Hold")
def hold(request: HttpRequest, address: str, body: shapes.Reason) -> dict[str, Any]:
    """Stop going forward."""
    actor = needs(request, Role.OPERATOR)
    function = find(address)
    return _function(shifting.hold(function.pk, actor=actor, reason=body.reason), function.connection.name)


@api.post("/functions/{address}/resume", response={200: shapes.FunctionOut, **PROBLEMS}, summary="Resume")
def resume(request: HttpRequest, address: str, body: shapes.Reason) -> dict[str, Any]:
    """Let it go forward again."""
    actor = needs(request, Role.OPERATOR)
    function = find(address)
    return _function(shifting.resume(function.pk, actor=actor, reason=body.reason), function.connection.name)


@api.post(
    "/functions/{address}/rollback", response={202: shapes.OperationOut, **PROBLEMS}, summary="Roll back"
)
def roll_back(request: HttpRequest, address: str, body: shapes.Reason) -> Status[Any]:
    """Go back to 100 % AWS. Never refused as stale, so ``expected_version`` is not looked at."""
    actor = needs(request, Role.OPERATOR)
    return Status(202, _operation(rollback.request(find(address).pk, actor=actor, reason=body.reason)))


@api.post(
    "/functions/{address}/decommission",
    response={202: shapes.OperationOut, **PROBLEMS},
    summary="Decommission",
)
def remove(request: HttpRequest, address: str, body: shapes.Reason) -> Status[Any]:
    """Ask for the removal of the AWS side; somebody else has to approve it."""
    actor = needs(request, Role.OPERATOR)
    return Status(202, _operation(decommission.start(find(address).pk, actor=actor, **body.dict())))


@api.post("/functions/{address}/restore", response={202: shapes.OperationOut, **PROBLEMS}, summary="Restore")
def restore(request: HttpRequest, address: str, body: shapes.Reason) -> Status[Any]:
    """Bring the AWS side back."""
    actor = needs(request, Role.OPERATOR)
    key = body.idempotency_key
    started = restoration.start(find(address).pk, actor=actor, reason=body.reason, idempotency_key=key)
    return Status(202, _operation(started))


@api.post("/operations/{key}/approve", response={200: shapes.OperationOut, **PROBLEMS}, summary="Approve")
def approve(request: HttpRequest, key: uuid.UUID, body: shapes.Reason) -> dict[str, Any]:
    """Say yes to a blocked operation, as a second person."""
    actor = needs(request, Role.APPROVER)
    found = operation_pages.operation(key)
    if found is None:
        raise Http404("There is no such operation.")
    approvals.approve(key, actor=actor, reason=body.reason)
    found.refresh_from_db()
    return _operation(found)


def _function(function: FunctionMigration, connection: str) -> dict[str, Any]:
    return {
        "name": function.name,
        "connection": connection,
        "phase": function.phase,
        "version": function.version,
        "desired_weight_bp": function.desired_weight_bp,
        "observed_weight_bp": function.observed_weight_bp,
        "verdict": function.verdict_result,
        "held": function.held,
        "effects": function.effects,
    }


def _operation(operation: Operation) -> dict[str, Any]:
    return {
        "id": operation.pk,
        "function": operation.function.name,
        "kind": operation.kind,
        "state": operation.state,
        "asked_by": operation.asked_by,
        "reason": operation.reason,
        "error": operation.error,
        "created_at": operation.created_at,
        "finished_at": operation.finished_at,
    }
