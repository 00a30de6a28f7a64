"""What is known of noise, as rows: plain counters that any worker adds to in one statement.

Learned only from AWS against itself (``learn``); the pairs with FC are counted beside that (``count``), so
that a field which differs more often there still counts against it. See ``cutover.noise``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from cutover import comparison as comparing
from cutover import noise
from cutover.errors import BadInput
from cutover.noise.knowledge import MAX_FIELDS
from cutover.observation import Observation
from migrations_app.models import Effects, FunctionMigration, NoiseField, Pair
from migrations_app.services import audit, bell, history

ALLOWED = (Effects.READ_ONLY, Effects.REPEATABLE)
"""Declared effects under which the primary may be called twice for one event."""
_NAME_LIMIT = 240
_TABLE = NoiseField._meta.db_table


@dataclass(frozen=True, kw_only=True, slots=True)
class Learned:
    """What is known of a function's fields. ``fields``: those that ever differed, the worrying ones first."""

    knowledge: noise.Knowledge
    fields: tuple[noise.Evidence, ...]
    allowed: bool


def knowledge(function_id: int) -> noise.Knowledge:
    """Give all counters of a function; no row is no knowledge. One query."""
    itself = candidate = 0
    fields: dict[str, noise.Field] = {}
    for row in NoiseField.objects.filter(function_id=function_id):
        if row.name:
            fields[row.name] = noise.Field(itself=row.itself, candidate=row.candidate)
        else:
            itself, candidate = row.itself, row.candidate
    return noise.merged((noise.Knowledge(itself=itself, candidate=candidate, fields=fields),))


def learn(function_id: int, primary: Observation, secondary: Observation) -> None:
    """Count one answer of AWS against another answer of AWS to the same event.

    Does nothing for a function whose declared effects do not allow to call it twice.
    """
    effects = FunctionMigration.objects.filter(pk=function_id).values_list("effects", flat=True).first()
    if effects not in ALLOWED:
        return
    compared = comparing.compare(primary, secondary)
    _add(function_id, noise.learned(noise.Knowledge(), compared, noise.Source.SECONDARY))


def count(function_id: int, rows: Sequence[Pair]) -> None:
    """Count pairs with FC beside what AWS does by itself. Nothing is learned from them.

    Until AWS has been set beside itself there is nothing to hold them against, and they are not counted.
    """
    if not NoiseField.objects.filter(function_id=function_id, name="").exists():
        return
    compared = (comparing.from_document(row.comparison) for row in rows)
    _add(function_id, noise.merged(_each(compared)))


def evidence(function: FunctionMigration) -> Learned:
    """Give what a page shows: every field that ever differed, with counts, p-value and decision."""
    known = knowledge(function.pk)
    return Learned(
        knowledge=known, fields=noise.evidence_of(known), allowed=Effects(function.effects) in ALLOWED
    )


def forget(function_id: int, *, actor: str, name: str = "", reason: str = "") -> int:
    """Forget one field, or all that was learned; give how many fields.

    A field that is forgotten counts against FC again until it is learned anew.

    Raises BadInput when nothing of that name is known.
    """
    with transaction.atomic():
        function = FunctionMigration.objects.select_for_update().get(pk=function_id)
        rows = NoiseField.objects.filter(function=function)
        if name:
            rows = rows.filter(name=name)
        known = rows.exclude(name="").count()
        if not rows.exists():
            raise BadInput(f"Nothing is known of '{name}'." if name else "Nothing has been learned yet.")
        rows.delete()
        audit.record(
            actor=actor,
            verb="noise:forgotten",
            function=function,
            reason=reason,
            detail={"field": name, "fields": known},
        )
        history.ask(function_id, actor=actor, why=f"{name or 'All noise'} was forgotten")
        bell.tell(f"fn-{function_id}")
    return known


def document(found: Learned) -> dict[str, Any]:
    """Give what is known as plain JSON."""
    return {
        "pairs_of_aws_with_itself": found.knowledge.itself,
        "pairs_with_fc": found.knowledge.candidate,
        "allowed": found.allowed,
        "fields": [
            {
                "field": one.field,
                "decision": one.reading.value,
                "itself": one.itself,
                "candidate": one.candidate,
                "p": one.p,
                "level": one.level,
                "sentence": one.sentence,
            }
            for one in found.fields
        ],
    }


def _each(compared: Iterable[comparing.Comparison]) -> list[noise.Knowledge]:
    return [noise.learned(noise.Knowledge(), one, noise.Source.CANDIDATE) for one in compared]


def _add(function_id: int, found: noise.Knowledge) -> None:
    """Add counters to the rows, in one order for every writer, so that two cannot wait for each other."""
    if not found.itself and not found.candidate:
        return
    fields = {name: one for name, one in found.fields.items() if len(name) <= _NAME_LIMIT}
    fields = {name.replace("\x00", "\ufffd"): one for name, one in fields.items()}
    known = set(NoiseField.objects.filter(function_id=function_id).values_list("name", flat=True))
    room = max(0, MAX_FIELDS - len(known))
    fresh = [name for name in sorted(fields) if name not in known][:room]
    named = sorted([*(name for name in fields if name in known), *fresh])
    now = timezone.now()
    values = [
        (function_id, "", found.itself, found.candidate, now, now),
        *((function_id, name, fields[name].itself, fields[name].candidate, now, now) for name in named),
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            f'INSERT INTO "{_TABLE}" (function_id, name, itself, candidate, first_at, last_at) VALUES '  # noqa: S608
            + ", ".join(["%s"] * len(values))
            + " ON CONFLICT (function_id, name) DO UPDATE SET"
            f' itself = "{_TABLE}".itself + EXCLUDED.itself,'
            f' candidate = "{_TABLE}".candidate + EXCLUDED.candidate, last_at = EXCLUDED.last_at',
            values,
        )
