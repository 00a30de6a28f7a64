"""Move the weight: plan, start, hold and resume; and what a finished move leaves in the rows.

``desired_weight_bp`` is what was asked for last and is written when the move is submitted;
``observed_weight_bp`` is what AWS's alias said when it was read last. An operation that is undone puts the
desired weight back.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import asdict, replace
from itertools import pairwise
from typing import Any

import orjson
from django.db import transaction
from django.utils import timezone

from cutover.errors import BadInput
from cutover.phases import Phase, Trigger
from cutover.planning import (
    FULL_BP,
    ORIGINAL_ALIAS,
    OperationKind,
    Plan,
    Routing,
    ShiftSettings,
    plan_shift,
)
from migrations_app.models import Connection, Effects, FunctionMigration, Operation
from migrations_app.services import audit, guards, operations, phases
from migrations_app.services.policies import policy_for

PLANNED = "shift"
"""Stands for an operation's own marker while a plan is only looked at."""


def plan(function: FunctionMigration, to_bp: int, *, marker: str = PLANNED) -> Plan:
    """Give the exact actions that move the weight to ``to_bp``, and what forbids it now. Changes nothing."""
    reasons = guards.sentences(guards.shift_reasons(function, to_bp))
    settings, routing = settings_of(function), routing_of(function)
    if not routing.original_version or not function.target or settings is None:
        return Plan(kind=OperationKind.SHIFT, function=function.name, actions=(), reasons=reasons)
    aliases = function.facts.get("aliases") or {}
    kept = str((aliases.get(ORIGINAL_ALIAS) or {}).get("version", ""))
    made = plan_shift(
        function=function.name,
        target=function.target["name"],
        routing=routing,
        settings=settings,
        from_bp=function.desired_weight_bp,
        to_bp=to_bp,
        original_alias_exists=kept == routing.original_version,
        marker=marker,
    )
    return replace(made, reasons=reasons)


def start(
    function_id: int,
    *,
    to_bp: int | None = None,
    ladder: Sequence[int] | None = None,
    actor: str,
    reason: str,
    expected_version: int | None = None,
    idempotency_key: str = "",
    automatic: bool = False,
) -> Operation:
    """Start one move: to ``to_bp`` by hand, or to the first step of a ladder that `watch` then climbs.

    Args:
        ladder: steps in basis points; None with ``to_bp`` None: the policy's. ``automatic`` keeps the ladder
            that the function is on.

    Raises:
        BadInput, UnsafePlan: the weight or the steps make no sense.
        GuardNotMet, StaleState, OperationRunning: nothing is started.
    """
    with transaction.atomic():
        function = _locked(function_id)
        if idempotency_key and (
            known := function.operations.filter(idempotency_key=idempotency_key[:64]).first()
        ):
            return known
        first, rest = _steps(function, to_bp, ladder, automatic=automatic)
        made = plan(function, first, marker=f"cutover-{uuid.uuid4().hex[:16]}")
        parameters = {
            "from_bp": function.desired_weight_bp,
            "to_bp": first,
            "ladder": rest,
            "automatic": automatic,
            "routing_before": function.routing,
            "settings_digest": settings_digest(function),
        }
        operation = operations.submit(
            function_id,
            made,
            actor=actor,
            reason=reason,
            parameters=parameters,
            expected_version=expected_version,
            idempotency_key=idempotency_key,
        )
        _begin(function, first)
    return operation


def hold(function_id: int, *, actor: str, reason: str, until: dt.datetime | None = None) -> FunctionMigration:
    """Stop the function from going forward. Going back stays open at every moment."""
    if not reason.strip():
        raise BadInput("Say why it is held: whoever wants to resume it must know.")
    with transaction.atomic():
        function = _locked(function_id)
        function.held_at, function.held_by = timezone.now(), actor
        function.held_reason, function.held_until = reason[:400], until
        _save(function, "held_at", "held_by", "held_reason", "held_until")
        audit.record(actor=actor, verb="hold", function=function, reason=reason)
        phases.touch(function)
    return function


def resume(function_id: int, *, actor: str, reason: str) -> FunctionMigration:
    """Let the function go forward again. One that is not held stays as it is."""
    with transaction.atomic():
        function = _locked(function_id)
        if not function.held:
            return function
        function.held_at, function.held_by, function.held_reason = None, "", ""
        function.held_until = None
        _save(function, "held_at", "held_by", "held_reason", "held_until")
        audit.record(actor=actor, verb="resume", function=function, reason=reason)
        phases.touch(function)
    return function


def record_weight(function_id: int, observed_bp: int) -> None:
    """Write down the weight that AWS's alias was just read at."""
    now = timezone.now()
    FunctionMigration.objects.filter(pk=function_id).update(
        observed_weight_bp=observed_bp, weight_read_at=now, changed_at=now
    )


def record_queue(connection_id: int, url: str) -> None:
    """Write down the observation queue of a connection, from when on `watch` polls it."""
    Connection.objects.filter(pk=connection_id).update(queue_url=url)


def settle(operation: Operation) -> None:
    """Start the step that the move led to; the first move turns VALIDATED into SHIFTING."""
    function = _locked(operation.function_id)
    outcomes = {row.key: row.outcome for row in operation.actions.all()}
    if "relay-version" in outcomes:
        function.routing = {
            "original_version": function.routing["original_version"],
            "tap_version": outcomes["tap-version"]["version"],
            "relay_version": outcomes["relay-version"]["version"],
            "settings_digest": operation.parameters["settings_digest"],
        }
    function.ladder = operation.parameters["ladder"]
    function.step_started_at = timezone.now()
    function.step_candidate_events = function.step_primary_events = 0
    function.advice = ""
    _save(
        function,
        "routing",
        "ladder",
        "step_started_at",
        "step_candidate_events",
        "step_primary_events",
        "advice",
    )
    if function.stage is not Phase.SHIFTING:
        phases.move(
            function,
            Trigger.SHIFT,
            actor=operation.asked_by,
            reason=operation.reason,
            operation=operation,
        )


def settle_undone(operation: Operation) -> None:
    """Put the desired weight back. The ladder is as it was; whoever climbs it decides when to try again."""
    function = _locked(operation.function_id)
    function.desired_weight_bp = operation.parameters["from_bp"]
    function.routing = operation.parameters["routing_before"]
    function.advice = f"The last move was undone: {operation.error}"[:400]
    _save(function, "desired_weight_bp", "routing", "advice")
    phases.touch(function)


# ------------------------------------------------------------------------------------------ details


def routing_of(function: FunctionMigration) -> Routing:
    """Give the versions that a move builds on; tap and relay are empty when they must be published."""
    stored, settings = function.routing, settings_of(function)
    if function.stage is Phase.SHIFTING:
        return _routing(stored)
    original = guards.original_version(function)
    usable = (
        settings is not None
        and stored.get("original_version") == original
        and stored.get("settings_digest") == settings.digest
    )
    return _routing(stored) if usable else Routing(original_version=original)


def settings_of(function: FunctionMigration) -> ShiftSettings | None:
    """Give what relay and tap need to know; None while there is no counterpart to relay to."""
    there, facts = function.connection.counterpart, function.facts
    if there is None or not facts:
        return None
    settings = ShiftSettings(
        queue_name=f"cutover-observations-{function.connection.name}"[:80],
        secret_name=f"cutover/{function.name}/relay",
        fc_url=fc_url(there),
        fc_region=there.region,
        fc_account_id=there.account_id,
        role_arn=facts["role"],
        runtime=facts["runtime"],
        handler=facts["handler"],
        layers=tuple(facts["layers"]),
        timeout_s=facts["timeout_s"],
        repeatable=function.effects == Effects.REPEATABLE,
        callers_window_s=policy_for(function).callers_window_s,
    )
    stands_for: dict[str, Any] = {**asdict(settings), "target": function.target.get("name", "")}
    del stands_for["callers_window_s"], stands_for["digest"]
    digest = hashlib.sha256(orjson.dumps(stands_for, option=orjson.OPT_SORT_KEYS)).hexdigest()
    return replace(settings, digest=digest)


def settings_digest(function: FunctionMigration) -> str:
    """Give the digest of what relay and tap are published with; "" when they cannot be."""
    settings = settings_of(function)
    return settings.digest if settings else ""


def fc_url(connection: Connection) -> str:
    """Give the address that a relay calls. Source: FC 3.0's SDK, regional endpoints."""
    host = connection.endpoints.get("fc") or f"fcv3.{connection.region}.aliyuncs.com"
    return f"{connection.endpoints.get('scheme') or 'https'}://{host}"


def _routing(stored: dict[str, Any]) -> Routing:
    return Routing(
        original_version=stored.get("original_version", ""),
        tap_version=stored.get("tap_version", ""),
        relay_version=stored.get("relay_version", ""),
    )


def _steps(
    function: FunctionMigration, to_bp: int | None, ladder: Sequence[int] | None, *, automatic: bool
) -> tuple[int, list[int]]:
    """Give the weight to move to now, and the steps that remain to be climbed after it."""
    if ladder is None and to_bp is None:
        ladder = policy_for(function).ladder
    if ladder is not None:
        if any(high <= low for low, high in pairwise((0, *ladder))) or max(ladder, default=0) > FULL_BP:
            raise BadInput("Steps must grow, above 0% and up to 100%.")
    elif automatic:
        ladder = function.ladder
    steps = [step for step in ladder or () if step > function.desired_weight_bp]
    if to_bp is None:
        if not steps:
            raise BadInput(f"No step lies above the present {function.desired_weight_bp / 100:g}%.")
        to_bp = steps[0]
    if not 0 <= to_bp <= FULL_BP:
        raise BadInput(f"A weight lies between 0% and 100%, not {to_bp / 100:g}%.")
    return to_bp, [step for step in steps if step > to_bp]


def _begin(function: FunctionMigration, to_bp: int) -> None:
    """Write what holds from the moment the move is submitted."""
    routing = routing_of(function)
    names = ["desired_weight_bp"]
    if not routing.relay_version:
        # A rollback that comes while tap and relay are being published must know where to go back to.
        function.routing = {"original_version": routing.original_version}
        names.append("routing")
    if function.stage is not Phase.SHIFTING:
        function.live_state, function.live_result, function.live_sentence = {}, "", ""
        function.rollback_report = {}
        names += ["live_state", "live_result", "live_sentence", "rollback_report"]
    function.desired_weight_bp = to_bp
    _save(function, *names)
    phases.touch(function)


def _locked(function_id: int) -> FunctionMigration:
    return (
        FunctionMigration.objects.select_for_update(of=("self",))
        .select_related("connection__counterpart")
        .get(pk=function_id)
    )


def _save(function: FunctionMigration, *names: str) -> None:
    function.save(update_fields=[*names, "changed_at"])
