"""The inventory: what AWS has, as rows; and what a change there does to the evidence."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any

import orjson
from django.db import transaction
from django.utils import timezone

from cutover.inventory import DeclaredFunction, facts_of
from cutover.phases import Phase, Trigger
from cutover.ports import FunctionFacts
from migrations_app.models import Connection, FunctionMigration
from migrations_app.models.operations import OPEN_STATES
from migrations_app.services import audit, bell, phases

_NAMES = frozenset(field.name for field in fields(FunctionFacts))
_TUPLES = frozenset({"architectures", "layers", "versions", "triggers", "limits"})


def facts_document(facts: FunctionFacts) -> dict[str, Any]:
    """Give facts as a JSON document for a row."""
    plain: dict[str, Any] = orjson.loads(orjson.dumps(asdict(facts)))
    return plain


def facts_from_document(stored: Mapping[str, Any]) -> FunctionFacts:
    """Give the facts that ``facts_document`` wrote."""
    values: dict[str, Any] = {
        name: tuple(value) if name in _TUPLES else value for name, value in stored.items() if name in _NAMES
    }
    return FunctionFacts(**values)


def evidence_digest(function: FunctionMigration) -> str:
    """Give the hex digest of what evidence is gathered on; another digest makes evidence stale.

    Rules belong to it (``services.basis`` keeps their digest on the function).
    """
    return _digest(function.evidence_basis)


def gathered_digest(function: FunctionMigration) -> str:
    """Give the hex digest of what pairs are gathered on: code, configuration, role, translator; not rules.

    Under other rules the same pairs can be compared anew; after a change of anything else they cannot.
    """
    return _digest({name: value for name, value in function.evidence_basis.items() if name != "rules"})


def _digest(basis: Mapping[str, Any]) -> str:
    return hashlib.sha256(orjson.dumps(basis, option=orjson.OPT_SORT_KEYS)).hexdigest()


def record_sync(
    connection: Connection,
    facts: Iterable[FunctionFacts],
    *,
    actor: str,
    complete: bool = True,
) -> dict[str, list[str]]:
    """Write what was read from AWS. Gives names by what happened: {"new", "changed", "gone"}.

    A function with an open operation keeps its facts: `$LATEST` may be a relay's for a moment. One that is
    removed by decommissioning is not "gone". Each function is a transaction of its own.

    Args:
        complete: whether ``facts`` are all functions of the connection; otherwise none is found gone.
    """
    report: dict[str, list[str]] = {"new": [], "changed": [], "gone": []}
    seen: list[str] = []
    for one in facts:
        seen.append(one.name)
        if happened := _record(connection, one, actor):
            report[happened].append(one.name)
    if complete:
        report["gone"] = _mark_gone(connection, seen)
    with transaction.atomic():
        now = timezone.now()
        Connection.objects.filter(pk=connection.pk).update(
            synced_at=now, sync_due_at=None, sync_report={**report, "total": len(seen)}
        )
        audit.record(
            actor=actor,
            verb="connection:synced",
            detail={"connection": connection.name, **{key: len(names) for key, names in report.items()}},
        )
        bell.tell("inbox")
    return report


def record_declared(
    connection: Connection, declared: Iterable[DeclaredFunction], *, actor: str
) -> dict[str, list[str]]:
    """Write what templates declare. Gives names by what happened: {"new", "changed", "kept"}.

    A function that was read from AWS keeps what was read there ("kept"): a template is the weaker word. A
    declared one becomes live by itself when a sync finds it on AWS.
    """
    report: dict[str, list[str]] = {"new": [], "changed": [], "kept": []}
    for one in declared:
        facts = facts_of(one)
        with transaction.atomic():
            found = (
                FunctionMigration.objects.select_for_update()
                .filter(connection=connection, name=facts.name[:140])
                .first()
            )
            if found is not None and not is_declared(found):
                report["kept"].append(one.name)
            elif happened := _record(connection, facts, actor):
                report[happened].append(one.name)
    with transaction.atomic():
        audit.record(
            actor=actor,
            verb="connection:declared",
            detail={"connection": connection.name, **{key: len(names) for key, names in report.items()}},
        )
        bell.tell("inbox")
    return report


def is_declared(function: FunctionMigration) -> bool:
    """Tell whether the function is known from a template only."""
    return "declared" in (function.facts.get("configuration") or {})


def _record(connection: Connection, facts: FunctionFacts, actor: str) -> str:
    document = facts_document(facts)
    now = timezone.now()
    with transaction.atomic():
        function = (
            FunctionMigration.objects.select_for_update()
            .filter(connection=connection, name=facts.name)
            .first()
        )
        if function is None:
            FunctionMigration.objects.create(
                connection=connection, name=facts.name, arn=facts.arn, facts=document, inventoried_at=now
            )
            return "new"
        if function.operations.filter(state__in=OPEN_STATES).exists():
            return ""
        before, before_digest = function.facts, evidence_digest(function)
        function.facts, function.arn, function.inventoried_at = document, facts.arn, now
        function.gone_at = None
        read = ["facts", "arn", "inventoried_at", "gone_at"]
        if _same(before, document):
            function.save(update_fields=read)
            return ""
        function.save(update_fields=[*read, "changed_at"])
        bell.tell(f"fn-{function.pk}")
        if function.stage is Phase.VALIDATED and evidence_digest(function) != before_digest:
            phases.move(
                function,
                Trigger.INVALIDATE,
                actor=actor,
                reason="Code, configuration or role changed on AWS; validate again.",
            )
        return "changed"


def _same(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Compare without what our own routing changes: versions, aliases and the time of the last change."""
    ours = {"versions", "aliases", "last_modified"}
    return {k: v for k, v in before.items() if k not in ours} == {
        k: v for k, v in after.items() if k not in ours
    }


def _mark_gone(connection: Connection, seen: Sequence[str]) -> list[str]:
    gone = FunctionMigration.objects.filter(connection=connection, gone_at=None).exclude(name__in=seen)
    gone = gone.exclude(facts__configuration__has_key="declared")
    gone = gone.exclude(phase__in=[Phase.DECOMMISSIONING, Phase.DECOMMISSIONED, Phase.RESTORING])
    names = list(gone.values_list("name", flat=True))
    gone.update(gone_at=timezone.now())
    return names
