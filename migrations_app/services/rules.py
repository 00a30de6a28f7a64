"""Rules: differences that a person accepted, each with a name and a reason."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, get_args

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from cutover import comparison as comparing
from cutover.comparison.model import RuleKind
from cutover.errors import BadInput, StaleState
from cutover.observation import Side
from migrations_app.models import FunctionMigration, Pair, Rule
from migrations_app.services import audit, basis, bell, evidence, history

KINDS: tuple[str, ...] = get_args(RuleKind)
_PREVIEWED = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class Preview:
    """What a rule would do to the pairs that are stored: outcome -> count, without and with it.

    ``hidden``: the fields that count now and would be ignored, the most frequent first; ``examples``: the
    newest pair of each. ``kept``: pairs that cannot be compared anew, since a body was cut or redacted.
    """

    pairs: int
    changed: int
    before: dict[str, int]
    after: dict[str, int]
    hidden: tuple[comparing.Hidden, ...] = ()
    examples: tuple[uuid.UUID | None, ...] = ()
    kept: int = 0

    @property
    def rows(self) -> tuple[tuple[comparing.Hidden, uuid.UUID | None], ...]:
        """Give each field that would be hidden with its example."""
        return tuple(zip(self.hidden, self.examples, strict=True))


def rows_for(function_id: int) -> tuple[Rule, ...]:
    """Give the rules that hold for a function, those for everywhere first."""
    rows = Rule.objects.filter(Q(function_id=function_id) | Q(function=None), retired_at=None)
    return tuple(rows.order_by(F("function_id").asc(nulls_first=True), "pk"))


def active(function_id: int) -> tuple[comparing.Rule, ...]:
    """Give the rules that hold for a function as the comparison takes them."""
    return tuple(_value(row.name, row.kind, row.pointer, row.value) for row in rows_for(function_id))


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
    _checked(name=name, kind=kind, pointer=pointer, value=value, reason=reason)
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
    """Stop accepting a difference; stored pairs are compared anew. Raises StaleState if it was retired."""
    with transaction.atomic():
        row = Rule.objects.select_for_update().filter(pk=rule_id).first()
        if row is None:
            raise BadInput(f"There is no rule {rule_id}.")
        if row.retired_at is not None:
            raise StaleState(f"The rule '{row.name}' was retired at {row.retired_at:%Y-%m-%d %H:%M} UTC.")
        row.retired_at = timezone.now()
        row.save(update_fields=["retired_at"])
        audit.record(
            actor=actor,
            verb="rule:retired",
            function=row.function,
            reason=reason,
            detail={"rule": row.pk, "name": row.name},
        )
        basis.refresh_rules(row.function_id)
        history.ask(row.function_id, actor=actor, why=f"rule '{row.name}' was retired")
        if row.function_id is not None:
            bell.tell(f"fn-{row.function_id}")
    return row


def preview(function: FunctionMigration, *, name: str, kind: str, pointer: str, value: str = "") -> Preview:
    """Give what the rule would change among the latest stored pairs, without writing anything.

    Raises BadInput as ``add`` does.
    """
    _checked(name=name, kind=kind, pointer=pointer, value=value, reason="preview")
    rows = list(Pair.objects.filter(function=function).defer("event").order_by("-at")[:_PREVIEWED])
    whole = [row for row in rows if not evidence.why_kept(row)]
    trial = comparing.try_rule(
        _value(name, kind, pointer, value),
        (
            (
                evidence.observation_from_document(Side.PRIMARY, row.primary),
                evidence.observation_from_document(Side.CANDIDATE, row.candidate),
            )
            for row in whole
        ),
        held=active(function.pk),
    )
    return Preview(
        pairs=trial.pairs,
        changed=trial.changed,
        before=dict(trial.before),
        after=dict(trial.after),
        hidden=trial.hidden,
        examples=tuple(_example(whole, one) for one in trial.hidden),
        kept=len(rows) - len(whole),
    )


def _example(rows: Sequence[Pair], hidden: comparing.Hidden) -> uuid.UUID | None:
    """Give the newest pair that has such a difference."""
    for row in rows:
        for one in row.comparison.get("differences", ()):
            if one["kind"] == hidden.kind and comparing.template(one["pointer"]) == hidden.template:
                return row.pk
    return None


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


def preview_document(tried: Preview) -> dict[str, Any]:
    """Give a preview as plain JSON."""
    return {
        "pairs": tried.pairs,
        "changed": tried.changed,
        "kept": tried.kept,
        "before": tried.before,
        "after": tried.after,
        "hidden": [
            {
                "field": hidden.template,
                "kind": hidden.kind,
                "times": hidden.times,
                "pairs": hidden.pairs,
                "primary": hidden.primary,
                "candidate": hidden.candidate,
                "example": str(example) if example else None,
            }
            for hidden, example in tried.rows
        ],
    }


def _value(name: str, kind: str, pointer: str, value: str) -> comparing.Rule:
    if kind not in KINDS:
        raise BadInput(f"A rule is one of {', '.join(KINDS)}, not '{kind}'.")
    return comparing.Rule(name=name, kind=kind, pointer=pointer, value=value)  # type: ignore[arg-type]


def _checked(*, name: str, kind: str, pointer: str, value: str, reason: str) -> None:
    if not name.strip() or len(name) > 80:
        raise BadInput("A rule needs a name of at most 80 characters.")
    if not reason.strip():
        raise BadInput("A rule needs a reason: it says why the difference is accepted.")
    if kind not in KINDS:
        raise BadInput(f"A rule is one of {', '.join(KINDS)}, not '{kind}'.")
    if len(pointer) > 200 or len(value) > 200:
        raise BadInput("Pointer and value of a rule have at most 200 characters.")
    if pointer not in {"", "logs"} and not pointer.startswith(("/", "effects/")):
        raise BadInput(
            f"'{pointer}' is no place. It is a JSON pointer such as /body/id or /items/*/at, "
            "the word logs, or effects/TWIN/KEY."
        )
    if pointer == "" and kind == "ignore":
        raise BadInput("A rule that ignores the whole answer would compare nothing. Name a place in it.")
    if pointer == "logs" and kind not in ("mask", "pattern"):
        raise BadInput("For logs there are only rules of kind mask and pattern.")
    if kind == "mask" and not value:
        raise BadInput("A mask needs a pattern; what it matches is blanked on both sides.")
    comparing.checked(_value(name, kind, pointer, value))
