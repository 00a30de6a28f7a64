"""The way back before decommissioning: 100 % AWS. It supersedes what runs and asks no guard."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from cutover.phases import Trigger, next_phase
from cutover.planning import ALIAS, OperationKind, Plan, Routing, plan_rollback
from migrations_app.models import ActionState, FunctionMigration, Operation, OperationState
from migrations_app.services import operations, phases
from migrations_app.services.operations import latest_is_open

NOTHING_MOVED = "Cutover never moved this function's traffic: AWS has all of it, and no call is needed."


def plan(function: FunctionMigration) -> Plan:
    """Give the exact actions of a rollback. It is open whenever the phase table has it."""
    running = function.operations.filter(state__in=[OperationState.RUNNING, OperationState.UNDOING]).first()
    return _plan(function, running is not None and latest_is_open(running))


def request(
    function_id: int,
    *,
    actor: str,
    reason: str,
    evidence: Mapping[str, Any] | None = None,
    idempotency_key: str = "",
) -> Operation:
    """Write a rollback down, in front of whatever runs on the function.

    Args:
        evidence: for an automatic one: {"observed_at", "decided_at", "sentence", "observations": [ids]}.

    Raises:
        IllegalTransition: there is no way back of this kind from the function's phase; it names the other.
    """
    with transaction.atomic():
        function = FunctionMigration.objects.select_for_update().get(pk=function_id)
        next_phase(function.stage, Trigger.ROLL_BACK)
        return operations.submit_rollback(
            function_id,
            _plan,
            actor=actor,
            reason=reason,
            evidence=evidence,
            parameters={"from_bp": function.desired_weight_bp, "automatic": evidence is not None},
            idempotency_key=idempotency_key,
        )


def reopen(function_id: int, *, actor: str, reason: str) -> FunctionMigration:
    """Make a function that was rolled back deployed again, to be validated anew.

    Raises:
        IllegalTransition: it was not rolled back.
    """
    with transaction.atomic():
        function = FunctionMigration.objects.select_for_update().get(pk=function_id)
        phases.move(function, Trigger.REOPEN, actor=actor, reason=reason)
        function.live_state, function.live_result, function.live_sentence = {}, "", ""
        function.verdict, function.verdict_result, function.verdict_at = {}, "", None
        function.evidence_digest, function.advice = "", ""
        function.save(
            update_fields=[
                "live_state",
                "live_result",
                "live_sentence",
                "verdict",
                "verdict_result",
                "verdict_at",
                "evidence_digest",
                "advice",
                "changed_at",
            ]
        )
    return function


def settle(operation: Operation) -> None:
    """Write that AWS has all traffic; in the transaction that ends the operation."""
    function = FunctionMigration.objects.select_for_update().get(pk=operation.function_id)
    now = timezone.now()
    function.desired_weight_bp, function.ladder, function.step_started_at = 0, [], None
    function.advice = ""
    function.rollback_report = _report(operation)
    if operation.actions.exists():
        function.observed_weight_bp, function.weight_read_at = 0, now
        function.facts.setdefault("aliases", {})[ALIAS] = {
            "version": function.routing.get("original_version", ""),
            "weights": {},
        }
    function.save(
        update_fields=[
            "desired_weight_bp",
            "ladder",
            "step_started_at",
            "advice",
            "rollback_report",
            "observed_weight_bp",
            "weight_read_at",
            "facts",
            "changed_at",
        ]
    )
    phases.move(
        function, Trigger.ROLL_BACK, actor=operation.asked_by, reason=operation.reason, operation=operation
    )


def _plan(function: FunctionMigration, restore_latest: bool) -> Plan:
    if not function.routing.get("original_version"):
        return Plan(kind=OperationKind.ROLLBACK, function=function.name, actions=(), notes=(NOTHING_MOVED,))
    routing = Routing(
        original_version=function.routing["original_version"],
        tap_version=function.routing.get("tap_version", ""),
        relay_version=function.routing.get("relay_version", ""),
    )
    return plan_rollback(
        function=function.name,
        routing=routing,
        restore_latest=restore_latest or _left_open(function),
    )


def _left_open(function: FunctionMigration) -> bool:
    """Tell whether an operation that failed left `$LATEST` to be put back."""
    last = function.operations.filter(state__in=[OperationState.FAILED, OperationState.SUPERSEDED]).first()
    if last is None:
        return False
    if last.kind == OperationKind.ROLLBACK:
        return last.actions.filter(key="latest-restore").exclude(state=ActionState.DONE).exists()
    return latest_is_open(last)


def _report(operation: Operation) -> dict[str, Any]:
    """Say how it went: {"automatic", "sentence", "at", "seconds", "pairs"}; seconds from the observation.

    They end when the alias was read back, or now when there was nothing to move.
    """
    evidence = operation.evidence
    verified = operation.actions.filter(key="verify", finished_at__isnull=False).first()
    ended = (verified.finished_at if verified else None) or timezone.now()
    began = parse_datetime(str(evidence.get("observed_at", ""))) or operation.created_at
    return {
        "automatic": bool(evidence),
        "sentence": evidence.get("sentence") or operation.reason,
        "at": ended.isoformat(),
        "seconds": round((ended - began).total_seconds(), 3),
        "pairs": list(evidence.get("observations", ())),
        "from_bp": operation.parameters.get("from_bp", 0),
        "operation": str(operation.pk),
    }
