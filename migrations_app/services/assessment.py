"""Assess a function on its stored facts. Pure rules on a row, so the web process does it at once."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from django.db import transaction
from django.utils import timezone

from cutover.assessment import Finding, target_for
from cutover.assessment import assess as judge
from cutover.phases import Trigger, legal_triggers
from cutover.planning import Target
from migrations_app.models import Connection, FunctionMigration
from migrations_app.services import audit, bell, phases
from migrations_app.services.inventory import facts_from_document

LOG_STORE = "functions"


def assess(function_id: int, *, actor: str) -> tuple[Finding, ...]:
    """Judge the function's facts and write findings and target down; a first assessment moves the phase.

    Blockers do not stop the phase; they stop the deploy. The target of a function that is deployed already
    stays as it is, so that what serves and what the rows say are the same.
    """
    with transaction.atomic():
        function = (
            FunctionMigration.objects.select_for_update(of=("self",))
            .select_related("connection__counterpart")
            .get(pk=function_id)
        )
        facts = facts_from_document(function.facts)
        findings = judge(facts)
        function.findings = [asdict(finding) for finding in findings]
        function.assessed_at = timezone.now()
        if not function.deployment:
            target = target_for(
                facts,
                bucket=package_bucket(function.connection),
                log_project=log_project(function.connection),
                log_store=LOG_STORE,
            )
            function.target = asdict(target)
        function.save(update_fields=["findings", "assessed_at", "target", "changed_at"])
        grave = sum(finding.severity == "blocker" for finding in findings)
        reason = f"{len(findings)} findings, {grave} of them block." if findings else "Nothing was found."
        if Trigger.ASSESS in legal_triggers(function.stage):
            phases.move(function, Trigger.ASSESS, actor=actor, reason=reason)
        else:
            audit.record(actor=actor, verb="assessed", function=function, reason=reason)
            bell.tell(f"fn-{function.pk}", "inbox")
    return findings


def target_of(function: FunctionMigration) -> Target:
    """Give the function's target as a value. Assess it first."""
    stored: Mapping[str, Any] = function.target
    return Target(**{**stored, "environment_names": tuple(stored.get("environment_names", ()))})


def package_bucket(connection: Connection) -> str:
    """Give the OSS bucket that packages wait in; unique per account and region, valid as a bucket's name."""
    return f"cutover-{_place(connection)}"


def log_project(connection: Connection) -> str:
    """Give the SLS project of the functions' logs."""
    return f"cutover-{_place(connection)}"


def _place(connection: Connection) -> str:
    there = connection.counterpart or connection
    account = hashlib.sha256(f"{there.account_id}/{there.region}".encode()).hexdigest()[:12]
    return f"{account}-{there.region}"
