"""What is known of noise, as rows: plain counters that any worker adds to in one statement.

Learned only from AWS against itself (``learn``): called twice with one event, or from two answers that it
had given to one event before. The pairs with FC are counted beside that (``count``), so that a field which
differs more often there still counts against it. See ``cutover.noise``. Lines of logs are fields as well,
named ``log:TEMPLATE``; the row ``log:`` alone counts the pairs whose logs were set side by side.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from cutover import comparison as comparing
from cutover import noise
from cutover.comparison import Comparison
from cutover.errors import BadInput
from cutover.noise import LOG, MAX_FIELDS, MAX_LOG_FIELDS, Source
from cutover.noise.knowledge import name_of
from cutover.noise.log_lines import names_of
from cutover.noise.significance import ALPHA, LEAST, LEAST_PAIRS
from cutover.observation import Observation
from migrations_app.models import Effects, FunctionMigration, NoiseField, Pair
from migrations_app.services import audit, bell, guards, history
from migrations_app.services.evidence import comparison_document
from migrations_app.services.redaction import redact_line

ALLOWED = guards.REPEATABLE
FORMULA = (
    "p = sum over k from c to min(c + a, m) of C(m, k) C(n, c + a - k) / C(n + m, c + a); "
    "noise when a >= {least}, n >= {least_pairs} and p >= {alpha} / fields"
)
"""a of n pairs of AWS with itself differ, and c of m with FC: Fisher's exact test, one-sided."""
_NAME_LIMIT = 240
_PAIRS = ("", LOG)
"""Names of rows that count pairs, those with logs apart; every other row is a field."""
_TABLE = NoiseField._meta.db_table


@dataclass(frozen=True, kw_only=True, slots=True)
class Origin:
    """Where the knowledge of a field comes from.

    ``recorded``: how many of its differences of AWS with itself are between answers that it had given before.
    ``first``, ``second``: the newest two answers of AWS to one event there, short and redacted.
    """

    recorded: int = 0
    first_at: dt.datetime | None = None
    last_at: dt.datetime | None = None
    first: str = ""
    second: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Learned:
    """What is known of a function's fields. ``fields``: those that ever differed, the worrying ones first.

    ``origins``: field -> where it comes from; ``recorded_pairs``: how many pairs of AWS with itself were made
    of answers that it had given before.
    """

    knowledge: noise.Knowledge
    fields: tuple[noise.Evidence, ...]
    allowed: bool
    origins: Mapping[str, Origin] = field(default_factory=dict)
    recorded_pairs: int = 0

    @property
    def rows(self) -> tuple[tuple[noise.Evidence, Origin], ...]:
        """Give each field's evidence with where it comes from."""
        return tuple((one, self.origins.get(one.field, Origin())) for one in self.fields)

    @property
    def formula(self) -> str:
        """Give the formula of the decision."""
        return FORMULA.format(least=LEAST, least_pairs=LEAST_PAIRS, alpha=ALPHA)


def knowledge(function_id: int) -> noise.Knowledge:
    """Give all counters of a function; no row is no knowledge. One query."""
    return _knowledge(NoiseField.objects.filter(function_id=function_id))


def _knowledge(rows: Iterable[NoiseField]) -> noise.Knowledge:
    fields = {row.name: noise.Field(itself=row.itself, candidate=row.candidate) for row in rows}
    pairs, logs = (fields.pop(name, noise.Field()) for name in _PAIRS)
    return noise.merged(
        (noise.Knowledge(itself=pairs.itself, candidate=pairs.candidate, fields=fields, logs=logs),)
    )


def classified(compared: Comparison, known: noise.Knowledge) -> Comparison:
    """Give the comparison with what is known to vary on AWS itself as noise, named and counted as such."""
    return noise.classify(compared, known, cleaned=redact_line).comparison


# ----------------------------------------------------------------------------------- AWS with itself


def learn(function_id: int, primary: Observation, secondary: Observation) -> None:
    """Count one answer of AWS against another answer of AWS to the same event, and their logs where in.

    Does nothing for a function whose declared effects do not allow to call it twice.
    """
    if _may_be_called_twice(function_id):
        _learn(function_id, comparing.compare(primary, secondary), Source.SECONDARY)


def learn_recorded(function_id: int, first: Observation, second: Observation) -> None:
    """Count two answers that AWS had given to one event before. Nothing was called for it."""
    _learn(function_id, comparing.compare(first, second), Source.RECORDED)


def learn_logs(function_id: int, primary: Observation, secondary: Observation) -> None:
    """Count the logs of two answers of AWS that were pending when ``learn`` counted the answers."""
    if not _may_be_called_twice(function_id):
        return
    compared = comparing.compare(primary, secondary)
    found = noise.learned_logs(noise.Knowledge(), compared, Source.SECONDARY, cleaned=redact_line)
    _add(function_id, found, examples=_examples(compared))


def _learn(function_id: int, compared: Comparison, source: Source) -> None:
    found = noise.learned(noise.Knowledge(), compared, source, cleaned=redact_line)
    _add(function_id, found, examples=_examples(compared), recorded=source is Source.RECORDED)


def _may_be_called_twice(function_id: int) -> bool:
    effects = FunctionMigration.objects.filter(pk=function_id).values_list("effects", flat=True).first()
    return effects in ALLOWED


def _examples(compared: Comparison) -> Mapping[str, str]:
    """Give two answers of AWS for each field that differs, as JSON, short and redacted."""
    found: dict[str, str] = {}
    for one, stored in zip(compared.differences, comparison_document(compared)["differences"], strict=True):
        names = names_of(one, redact_line) if one.part == "logs" else (name_of(one.part, one.pointer),)
        example = {side: redact_line(stored[which]) for side, which in _SIDES}
        for name in names:
            found.setdefault(_kept(name), json.dumps(example).replace("\\u0000", "\\ufffd"))
    return found


def _kept(name: str) -> str:
    """Give a name as PostgreSQL keeps it: without NUL."""
    return name.replace("\x00", "\ufffd")


_SIDES = (("first", "primary"), ("second", "candidate"))


# ------------------------------------------------------------------------------------------- with FC


def count(function_id: int, rows: Sequence[Pair]) -> None:
    """Count pairs with FC beside what AWS does by itself. Nothing is learned from them.

    Until AWS has been set beside itself there is nothing to hold them against, and they are not counted.
    """
    if not NoiseField.objects.filter(function_id=function_id, name="").exists():
        return
    compared = (comparing.from_document(row.comparison) for row in rows)
    _add(function_id, noise.merged(_each(compared)))


def count_logs(function_id: int, compared: Comparison) -> None:
    """Count the logs of a pair with FC that were pending when ``count`` counted the pair."""
    if NoiseField.objects.filter(function_id=function_id, name=LOG).exists():
        found = noise.learned_logs(noise.Knowledge(), compared, Source.CANDIDATE, cleaned=redact_line)
        _add(function_id, found)


# ------------------------------------------------------------------------------------------ by people


def evidence(function: FunctionMigration) -> Learned:
    """Give what a page shows: fields that ever differed, with counts, p-value and decision. One query."""
    rows = list(NoiseField.objects.filter(function_id=function.pk))
    known = _knowledge(rows)
    return Learned(
        knowledge=known,
        fields=noise.evidence_of(known),
        allowed=Effects(function.effects) in ALLOWED,
        origins={row.name: _origin(row) for row in rows if row.name not in _PAIRS},
        recorded_pairs=sum(row.recorded for row in rows if not row.name),
    )


def _origin(row: NoiseField) -> Origin:
    example = row.example or {}
    return Origin(
        recorded=row.recorded,
        first_at=row.first_at,
        last_at=row.last_at,
        first=example.get("first", ""),
        second=example.get("second", ""),
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
        known = rows.exclude(name__in=_PAIRS).count()
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
        "recorded_pairs": found.recorded_pairs,
        "pairs_with_fc": found.knowledge.candidate,
        "allowed": found.allowed,
        "formula": found.formula,
        "fields": [
            {
                "field": one.field,
                "decision": one.reading.value,
                "itself": one.itself,
                "candidate": one.candidate,
                "p": one.p,
                "level": one.level,
                "sentence": one.sentence,
                "recorded": origin.recorded,
                "example": [origin.first, origin.second] if origin.first or origin.second else None,
                "last_at": origin.last_at.isoformat() if origin.last_at else None,
            }
            for one, origin in found.rows
        ],
    }


def _each(compared: Iterable[Comparison]) -> list[noise.Knowledge]:
    return [noise.learned(noise.Knowledge(), one, Source.CANDIDATE, cleaned=redact_line) for one in compared]


_NONE = noise.Field()
_NO_EXAMPLES: Mapping[str, str] = {}


def _add(
    function_id: int,
    found: noise.Knowledge,
    *,
    examples: Mapping[str, str] = _NO_EXAMPLES,
    recorded: bool = False,
) -> None:
    """Add counters to the rows, in one order for every writer, so that two cannot wait for each other."""
    counted = noise.Field(itself=found.itself, candidate=found.candidate)
    pairs = [(name, one) for name, one in zip(_PAIRS, (counted, found.logs), strict=True) if one != _NONE]
    if not pairs:
        return
    fields = {_kept(name): one for name, one in found.fields.items() if len(name) <= _NAME_LIMIT}
    known = set(NoiseField.objects.filter(function_id=function_id).values_list("name", flat=True))
    named = [*(name for name in fields if name in known), *_with_room(fields.keys() - known, known)]
    counters = dict(pairs) | {name: fields[name] for name in named}
    now = timezone.now()
    values = [
        (
            function_id,
            name,
            counters[name].itself,
            counters[name].itself if recorded else 0,
            counters[name].candidate,
            examples.get(name),
            now,
            now,
        )
        for name in sorted(counters)
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            f'INSERT INTO "{_TABLE}"'  # noqa: S608
            " (function_id, name, itself, recorded, candidate, example, first_at, last_at) VALUES "
            + ", ".join(["(%s, %s, %s, %s, %s, %s::jsonb, %s, %s)"] * len(values))
            + " ON CONFLICT (function_id, name) DO UPDATE SET"
            f' itself = "{_TABLE}".itself + EXCLUDED.itself,'
            f' recorded = "{_TABLE}".recorded + EXCLUDED.recorded,'
            f' candidate = "{_TABLE}".candidate + EXCLUDED.candidate,'
            f' example = COALESCE(EXCLUDED.example, "{_TABLE}".example), last_at = EXCLUDED.last_at',
            [value for row in values for value in row],
        )


def _with_room(names: Collection[str], known: Collection[str]) -> list[str]:
    """Give as many of the names as there is room for beside those known; log lines have their own room."""
    found: list[str] = []
    for of_logs, room in ((True, MAX_LOG_FIELDS), (False, MAX_FIELDS)):
        taken = sum(name.startswith(LOG) is of_logs for name in known)
        fresh = sorted(name for name in names if name.startswith(LOG) is of_logs)
        found += fresh[: max(0, room - taken)]
    return found
