"""Declare side effects, plan and start the dual deploy, and write down what it left."""

from __future__ import annotations

import uuid
from dataclasses import asdict, replace
from typing import Any

from django.db import transaction

from cutover.errors import BadInput, StaleState
from cutover.phases import Trigger
from cutover.planning import (
    BUNDLES,
    Adapter,
    OperationKind,
    Plan,
    adapter_for,
    adapter_settings,
    missing_bundles,
    plan_deploy,
)
from cutover.planning.bundled import RULE as BUNDLED_RULE
from migrations_app.models import ActionState, Effects, FunctionMigration, Operation
from migrations_app.services import audit, guards, operations, phases, twins
from migrations_app.services.assessment import target_of
from migrations_app.services.inventory import evidence_digest, facts_from_document

PLANNED = "deploy"
"""Stands for an operation's own marker while a plan is only looked at."""


def declare(
    function_id: int, *, effects: str, reason: str, actor: str, expected_version: int | None = None
) -> FunctionMigration:
    """Write the side-effect contract down, with who says so and why.

    Raises:
        BadInput: no such contract, or no reason.
        StaleState: the function changed since ``expected_version``.
    """
    if effects not in Effects.values:
        raise BadInput(f"Side effects are one of {', '.join(Effects.values)}, not '{effects}'.")
    if not reason.strip():
        raise BadInput("Say why: the reason stands in the audit trail.")
    with transaction.atomic():
        function = FunctionMigration.objects.select_for_update().get(pk=function_id)
        if expected_version is not None and function.version != expected_version:
            raise StaleState()
        function.effects, function.effects_reason, function.effects_by = effects, reason[:400], actor
        function.save(update_fields=["effects", "effects_reason", "effects_by", "changed_at"])
        audit.record(
            actor=actor, verb="declare", function=function, reason=reason, detail={"effects": effects}
        )
        phases.touch(function)
    return function


def plan(function: FunctionMigration, *, marker: str = PLANNED) -> Plan:
    """Give the exact actions of a deploy, and what forbids it now. Changes nothing."""
    reasons = guards.deploy_reasons(function)
    version = guards.original_version(function)
    if not function.target or not version:
        return Plan(
            kind=OperationKind.DEPLOY,
            function=function.name,
            actions=(),
            reasons=guards.sentences(reasons),
        )
    made = plan_deploy(
        function=function.name,
        code_sha256=f"{function.facts.get('code_sha256', '')}/{version}",
        original_version=version,
        target=target_of(function),
        smoke=function.invocable,
        marker=marker,
        adapter_settings=_adapter_settings(function, version),
        owner=owner_on_fc(function),
    )
    return Plan(
        kind=made.kind,
        function=made.function,
        actions=made.actions,
        reasons=guards.sentences(reasons),
        notes=(*made.notes, *_offered(function), *twins.environment_sentences(function)),
    )


def owner_on_fc(function: FunctionMigration) -> str:
    """Give the tool whose generated code made the function on FC, as the last check of the target saw it.

    Empty when there is none, or when it was made for another AWS function. The deployment looks again.
    """
    there = function.connection.counterpart
    listed = (there.check_report if there else {}).get("functions") or ()
    name, arn = function.target.get("name"), function.facts.get("arn")
    return next(
        (
            str(one["owner"])
            for one in listed
            if one["name"] == name and one["generation"] == "3" and arn and one.get("stands_for") == arn
        ),
        "",
    )


def platform_environment(function: FunctionMigration) -> dict[str, str]:
    """Give what Lambda sets for the function and has a meaning on FC; no value of its own environment."""
    version = guards.original_version(function) or "$LATEST"
    return dict(_adapter_settings(function, version)["environment"])


def _adapter_settings(function: FunctionMigration, version: str) -> dict[str, Any]:
    there = function.connection.counterpart or function.connection
    return adapter_settings(
        facts_from_document(function.facts),
        version=version,
        fc_region=there.region,
        fc_account=there.account_id,
        twins=twins.told(function),
    )


def _missing(function: FunctionMigration) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Give the bundles that the code lacks on FC, and the modules of Lambda that no bundle brings."""
    titles = [one["title"] for one in function.findings if one["rule"] == BUNDLED_RULE]
    return missing_bundles(titles, str(function.target.get("runtime", "")))


def _offered(function: FunctionMigration) -> list[str]:
    """Say what the code loads that Lambda alone brings, unless a person chose to add it already."""
    names, lacking = _missing(function)
    chosen = function.target.get("bundled") or ()
    sentences = [
        f"The code loads {BUNDLES[name].title.partition(' ')[0]}, which Lambda brings and FC does not. "
        f"`adapter {function.name} --bundle yes --reason R` adds it from the lock."
        for name in names
        if name not in chosen
    ]
    if lacking:
        sentences.append(
            f"No lock here brings {', '.join(lacking)} for {function.target.get('runtime')}: put what the "
            "code loads into the package."
        )
    return sentences


def choose_bundled(
    function_id: int, *, add: bool, reason: str, actor: str, expected_version: int | None = None
) -> FunctionMigration:
    """Say whether the next deploy adds the dependencies that Lambda bundled, as the findings name them.

    A new assessment keeps the choice. What was gathered with another package is stale after the deploy.

    Raises:
        BadInput: no reason, not assessed yet, or there is nothing that a lock could add.
        StaleState: the function changed since ``expected_version``.
    """
    if not reason.strip():
        raise BadInput("Say why: the reason stands in the audit trail.")
    with transaction.atomic():
        function = FunctionMigration.objects.select_for_update().get(pk=function_id)
        if expected_version is not None and function.version != expected_version:
            raise StaleState()
        if not function.target:
            raise BadInput("Assess the function first; its findings say which dependencies Lambda brought.")
        names, lacking = _missing(function) if add else ((), ())
        if add and not names:
            raise BadInput(
                f"No lock here brings {', '.join(lacking)} for {function.target['runtime']}."
                if lacking
                else "No finding says that the code loads something that Lambda alone brings."
            )
        function.target = asdict(replace(target_of(function), bundled=names))
        function.save(update_fields=["target", "changed_at"])
        detail = {"bundled": list(names)}
        audit.record(actor=actor, verb="adapter", function=function, reason=reason, detail=detail)
        phases.touch(function)
    return function


def choose_adapter(
    function_id: int, *, adapter: str, reason: str, actor: str, expected_version: int | None = None
) -> FunctionMigration:
    """Say whether the function runs on FC through its adapter (``auto``) or natively (``none``).

    It takes effect with the next deploy; a new assessment keeps the choice of ``none``.

    Raises:
        BadInput: no such choice, no reason, or the function is not assessed yet.
        StaleState: the function changed since ``expected_version``.
    """
    if adapter not in ("auto", Adapter.NONE.value):
        raise BadInput(f"The adapter is one of auto, none, not '{adapter}'.")
    if not reason.strip():
        raise BadInput("Say why: the reason stands in the audit trail.")
    with transaction.atomic():
        function = FunctionMigration.objects.select_for_update().get(pk=function_id)
        if expected_version is not None and function.version != expected_version:
            raise StaleState()
        if not function.target:
            raise BadInput("Assess the function first; then it has a target whose adapter can be chosen.")
        chosen = adapter_for(facts_from_document(function.facts)).value if adapter == "auto" else adapter
        function.target = asdict(replace(target_of(function), adapter=chosen))
        function.save(update_fields=["target", "changed_at"])
        audit.record(
            actor=actor, verb="adapter", function=function, reason=reason, detail={"adapter": chosen}
        )
        phases.touch(function)
    return function


def start(
    function_id: int,
    *,
    actor: str,
    reason: str,
    expected_version: int | None = None,
    idempotency_key: str = "",
) -> Operation:
    """Start the dual deploy.

    Raises:
        GuardNotMet, StaleState, OperationRunning: nothing is started.
    """
    with transaction.atomic():
        function = FunctionMigration.objects.select_for_update().get(pk=function_id)
        made = plan(function, marker=f"cutover-{uuid.uuid4().hex[:16]}")
        return operations.submit(
            function_id,
            made,
            actor=actor,
            reason=reason,
            parameters={"facts_digest": evidence_digest(function)},
            expected_version=expected_version,
            idempotency_key=idempotency_key,
        )


def settle(operation: Operation) -> None:
    """Write the deployment down and move the phase; in the transaction that ends the operation."""
    function = FunctionMigration.objects.select_for_update().get(pk=operation.function_id)
    rows = {row.key: row for row in operation.actions.all()}
    candidate, version = rows["candidate"], rows["candidate-version"]
    function.deployment = {
        "version": version.outcome["version"],
        "arn": candidate.outcome.get("arn", ""),
        "code_sha256": function.facts.get("code_sha256", ""),
        "facts_digest": operation.parameters.get("facts_digest", ""),
        "adapter": rows["package"].outcome.get("adapter", ""),
        "owner": candidate.outcome.get("owner", "cutover"),
    }
    if "smoke" in rows and rows["smoke"].state == ActionState.DONE:
        function.deployment["smoke"] = rows["smoke"].outcome
    # What an earlier version did under traffic says nothing of this one; else a FAIL would bar it for ever.
    function.live_state, function.live_result, function.live_sentence = {}, "", ""
    function.save(update_fields=["deployment", "live_state", "live_result", "live_sentence", "changed_at"])
    phases.move(
        function, Trigger.DEPLOY, actor=operation.asked_by, reason=operation.reason, operation=operation
    )
