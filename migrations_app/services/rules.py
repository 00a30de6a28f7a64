"""Rules: differences that a person accepted, each with a name and a reason."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from cutover import comparison as comparing
from cutover.errors import BadInput, StaleState
from migrations_app.models import Rule
from migrations_app.services import audit, basis, bell, history, rules_input


def rows_for(function_id: int) -> tuple[Rule, ...]:
    """Give the rules that hold for a function, those for everywhere first."""
    rows = Rule.objects.filter(Q(function_id=function_id) | Q(function=None), retired_at=None)
    return tuple(rows.order_by(F("function_id").asc(nulls_first=True), "pk"))


def active(function_id: int) -> tuple[comparing.Rule, ...]:
    """Give the rules that hold for a function as the comparison takes them."""
    return tuple(value_of(row) for row in rows_for(function_id))


def add(
    function_id: int | None,
    *,
    name: str,
    kind: str,
    pointer: str,
    reason: str,
    actor: str,
    value: str = "",
) -> Rule:
    """Accept a difference. ``function_id`` None: everywhere. Stored pairs are compared anew.

    Raises BadInput when the rule cannot be used, or a rule of that name is there already.
    """
    rules_input.checked(name=name, kind=kind, pointer=pointer, text=value, reason=reason)
    with transaction.atomic():
        if Rule.objects.filter(function_id=function_id, name=name, retired_at=None).exists():
            raise BadInput(f"There is a rule named '{name}' already. Retire it first, or take another name.")
        row = Rule.objects.create(
            function_id=function_id,
            name=name,
            kind=kind,
            pointer=pointer,
            value=value,
            reason=reason[:400],
            author=actor,
        )
        audit.record(
            actor=actor,
            verb="rule:added",
            function=row.function,
            reason=reason,
            detail={"rule": row.pk, "name": name, "kind": kind, "pointer": pointer, "value": value},
        )
        basis.refresh_rules(function_id)
        history.ask(function_id, actor=actor, why=f"rule '{name}' was added")
        if function_id is not None:
            bell.tell(f"fn-{function_id}")
    return row


def retire(rule_id: int, *, actor: str, reason: str = "") -> Rule:
    """Switch a rule off: the difference counts again, and stored pairs are compared anew.

    Raises:
        BadInput: there is no such rule.
        StaleState: it was retired before.
    """
    with transaction.atomic():
        row = _locked(rule_id)
        if row.retired_at is not None:
            raise StaleState(f"The rule '{row.name}' was retired at {row.retired_at:%Y-%m-%d %H:%M} UTC.")
        row.retired_at = timezone.now()
        row.save(update_fields=["retired_at"])
        _changed(row, "retired", actor=actor, reason=reason)
    return row


def restore(rule_id: int, *, actor: str, reason: str) -> Rule:
    """Switch a rule that was retired on again; stored pairs are compared anew.

    Raises:
        BadInput: there is no such rule, no reason, or another one has its name now.
        StaleState: it holds already.
    """
    if not reason.strip():
        raise BadInput("A rule needs a reason: it says why the difference is accepted.")
    with transaction.atomic():
        row = _locked(rule_id)
        if row.retired_at is None:
            raise StaleState(f"The rule '{row.name}' holds already.")
        if Rule.objects.filter(function_id=row.function_id, name=row.name, retired_at=None).exists():
            raise BadInput(f"Another rule is named '{row.name}' now. Retire that one first.")
        row.retired_at = None
        row.save(update_fields=["retired_at"])
        _changed(row, "restored", actor=actor, reason=reason)
    return row


def remove(rule_id: int, *, actor: str, reason: str = "") -> Rule:
    """Take a rule out of all lists; the trail keeps what it was. Stored pairs are compared anew if it held.

    Raises BadInput: there is no such rule.
    """
    with transaction.atomic():
        row = _locked(rule_id)
        held, was = row.retired_at is None, document(row)
        Rule.objects.filter(pk=row.pk).delete()
        if held:
            _changed(row, "removed", actor=actor, reason=reason, detail=was)
        else:
            audit.record(actor=actor, verb="rule:removed", function=row.function, reason=reason, detail=was)
    return row


def _locked(rule_id: int) -> Rule:
    row = Rule.objects.select_for_update(of=("self",)).select_related("function").filter(pk=rule_id).first()
    if row is None:
        raise BadInput(f"There is no rule {rule_id}.")
    return row


def _changed(
    row: Rule, what: str, *, actor: str, reason: str, detail: Mapping[str, Any] | None = None
) -> None:
    """Write down who changed a rule, and have what hangs on it compared anew."""
    audit.record(
        actor=actor,
        verb=f"rule:{what}",
        function=row.function,
        reason=reason,
        detail=detail or {"rule": row.pk, "name": row.name},
    )
    basis.refresh_rules(row.function_id)
    history.ask(row.function_id, actor=actor, why=f"rule '{row.name}' was {what}")
    if row.function_id is not None:
        bell.tell(f"fn-{row.function_id}")


def document(row: Rule) -> dict[str, Any]:
    """Give a rule as plain JSON."""
    return {
        "id": row.pk,
        "name": row.name,
        "kind": row.kind,
        "pointer": row.pointer,
        "value": row.value,
        "everywhere": row.function_id is None,
        "reason": row.reason,
        "author": row.author,
        "created_at": row.created_at.isoformat(),
        "retired_at": row.retired_at.isoformat() if row.retired_at else None,
    }


def value_of(row: Rule) -> comparing.Rule:
    """Give a rule as the comparison takes it."""
    return rules_input.value(row.name, row.kind, row.pointer, row.value)
