"""Pages of pairs, and what pairs differ in.

Theory of operation. A function may have millions of pairs, by days. Pages follow a key (time and id), so that
none of them counts rows before it. What no index holds (text, cold starts, a place in the answer) is looked
for among ``REACH`` pairs at a time: a page that ends early has a next page, and nothing is left out. Counts
come from the roll-up per minute; groups from the newest ``GROUPED`` pairs that differ.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings
from django.db import connection
from django.db.models import Q, QuerySet, Sum
from django.db.models.fields.json import KeyTransform
from django.utils import timezone

from cutover.comparison import COUNTS_AGAINST, template
from migrations_app.models import FunctionMigration, Pair, PairMinute, PairNote, Run
from migrations_app.models.evidence import utc_today

PAGE = 50
REACH = 20_000
GROUPED = 10_000
HEAVY = ("event", "primary", "candidate", "comparison")
"""Columns that lists do without; of the comparison they get the counts, see ``light``."""
_DAY = dt.timedelta(days=1)
OUTCOME_GROUPS: dict[str, tuple[str, ...]] = {
    "counts": tuple(sorted(outcome.value for outcome in COUNTS_AGAINST)),
    "loss": ("translation-loss",),
    "noise": ("noise",),
    "ignored": ("ignored",),
    "other": ("not-comparable", "primary-error"),
    "equal": ("match", "both-error-same"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Cursor:
    """Where a page of pairs ended."""

    at: dt.datetime
    key: uuid.UUID

    def __str__(self) -> str:
        return f"{self.at.isoformat()}~{self.key.hex}"

    @classmethod
    def read(cls, text: str) -> Cursor | None:
        """Give the cursor that stands in an address, or None."""
        at, _, key = text.partition("~")
        try:
            moment = dt.datetime.fromisoformat(at)
            return cls(at=moment, key=uuid.UUID(key or "0" * 32)) if moment.tzinfo else None
        except ValueError:
            return None


@dataclass(frozen=True, kw_only=True, slots=True)
class PairFilter:
    """What a page of pairs shows. Empty: everything.

    ``group``: a key of OUTCOME_GROUPS; ``outcome``: one outcome; ``pointer``: a field as ``template`` gives
    it, or a place; ``text``: in the event's title or the sentence; ``cold``: "cold" or "warm"; ``hours``: at
    most so old; ``run``: of one validation; ``after``: the page after that cursor.
    """

    group: str = ""
    outcome: str = ""
    blame: str = ""
    pointer: str = ""
    text: str = ""
    cold: str = ""
    hours: int = 0
    run: uuid.UUID | None = None
    after: Cursor | None = None

    @property
    def outcomes(self) -> tuple[str, ...]:
        """The outcomes that are asked for; empty: all."""
        return (self.outcome,) if self.outcome else OUTCOME_GROUPS.get(self.group, ())

    @property
    def searching(self) -> bool:
        """Tell whether it asks for what no index holds."""
        by_outcome = self.outcomes and not self.against and "match" not in self.outcomes
        return bool(self.blame or self.pointer or self.text or self.cold or by_outcome)

    @property
    def against(self) -> bool:
        """Tell whether it asks for nothing but what counts against FC, which is an index of its own."""
        return bool(self.outcomes) and set(self.outcomes) <= set(OUTCOME_GROUPS["counts"])


@dataclass(frozen=True, kw_only=True, slots=True)
class PairPage:
    """Up to fifty pairs, newest first. ``after``: where the next page begins; ``early``: by REACH."""

    rows: tuple[Pair, ...]
    after: Cursor | None
    early: bool
    noted: frozenset[uuid.UUID]


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """Pairs that differ first in the same field, with the newest as an example."""

    pointer: str
    outcome: str
    blame: str
    pairs: int
    example: uuid.UUID
    sentence: str = ""


# -------------------------------------------------------------------------------------- pages of pairs


def light(rows: QuerySet[Pair]) -> QuerySet[Pair]:
    """Give the rows as lists show them: without documents, with ``difference_counts`` {standing: number}."""
    return rows.defer(*HEAVY).annotate(difference_counts=KeyTransform("counts", "comparison"))


def page(function: FunctionMigration, asked: PairFilter) -> PairPage:
    """Give fifty pairs, newest first. Four queries at most, whatever is asked."""
    scope = _scope(function.pk, asked)
    edge = _edge(scope) if asked.searching else None
    rows = _narrowed(scope, asked)
    if edge:
        rows = rows.filter(at__gte=edge)
    found = _newest(rows, PAGE + 1, recent_days=_recent_days(asked))
    after = Cursor(at=found[PAGE - 1].at, key=found[PAGE - 1].pk) if len(found) > PAGE else None
    early = after is None and edge is not None
    if early and edge is not None:
        after = Cursor(at=edge, key=uuid.UUID(int=0))
    shown = tuple(found[:PAGE])
    noted = PairNote.objects.filter(pair_id__in=[row.pk for row in shown]).values_list("pair_id", flat=True)
    return PairPage(rows=shown, after=after, early=early, noted=frozenset(noted))


def newest(function_id: int, number: int, *, counting: bool = False) -> tuple[Pair, ...]:
    """Give a function's newest pairs as lists show them; ``counting``: those against FC."""
    asked = PairFilter(group="counts" if counting else "")
    return tuple(_newest(_scope(function_id, asked), number, recent_days=_recent_days(asked)))


def counts(function: FunctionMigration, asked: PairFilter) -> dict[str, int]:
    """Give outcome -> pairs, from the roll-up; of a run, what the run has counted. One query or none."""
    if asked.run:
        return dict(Run.objects.filter(pk=asked.run).values_list("outcomes", flat=True).first() or {})
    rows = PairMinute.objects.filter(function=function)
    since = _since(asked) or timezone.now() - dt.timedelta(days=settings.KEEP_PAIRS_DAYS)
    rows = rows.filter(at__gte=since.replace(second=0, microsecond=0))
    return {row["outcome"]: row["n"] for row in rows.order_by().values("outcome").annotate(n=Sum("pairs"))}


def _scope(function_id: int, asked: PairFilter) -> QuerySet[Pair]:
    """Give the rows that an index holds in order of time."""
    rows = Pair.objects.filter(function_id=function_id)
    if asked.run:
        rows = rows.filter(run_id=asked.run)
    if asked.against:
        rows = rows.filter(counts=True)
    elif asked.blame or asked.pointer or (asked.outcomes and "match" not in asked.outcomes):
        rows = rows.exclude(outcome="match")
    if since := _since(asked):
        rows = rows.filter(at__gte=since, day__gte=since.date() - _DAY)
    if asked.after:
        at, key = asked.after.at, asked.after.key
        rows = rows.filter(Q(at__lt=at) | Q(at=at, pk__lt=key), at__lte=at, day__lte=at.date() + _DAY)
    return rows


def _narrowed(rows: QuerySet[Pair], asked: PairFilter) -> QuerySet[Pair]:
    if asked.outcome or (asked.outcomes and not asked.against):
        rows = rows.filter(outcome__in=asked.outcomes)
    if asked.blame:
        rows = rows.filter(blame=asked.blame)
    if asked.pointer:
        rows = rows.filter(_in_field(asked.pointer))
    if asked.text:
        rows = rows.filter(Q(title__icontains=asked.text) | Q(sentence__icontains=asked.text))
    if asked.cold:
        cold = Q(primary__cold=True) | Q(candidate__cold=True)
        rows = rows.filter(cold) if asked.cold == "cold" else rows.exclude(cold)
    return rows


def _in_field(pointer: str) -> Q:
    """Give the condition for a place or, where it has ``*``, for all places of a field."""
    if "*" not in pointer:
        return Q(first_pointer=pointer)
    parts = (_escaped(part) for part in pointer.split("*"))
    return Q(first_pointer__regex=f"^{'[^/]*'.join(parts)}$")


def _escaped(text: str) -> str:
    """Quote everything that a regular expression of PostgreSQL could read as more than itself."""
    return "".join(one if one.isalnum() or one in "/_ " else f"\\{one}" for one in text)


def _edge(scope: QuerySet[Pair]) -> dt.datetime | None:
    """Give how far back a search looks at once; None: to the end."""
    return scope.order_by("-at").values_list("at", flat=True)[REACH : REACH + 1].first()


def _recent_days(asked: PairFilter) -> int:
    """Give how many days are asked first; 0: all at once.

    PostgreSQL plans and opens every partition that it is not spared, which costs more than reading a page.
    """
    if asked.run or asked.searching or asked.after:
        return 0
    if asked.outcomes:
        return 4 if asked.against else 0
    return 2


def _newest(rows: QuerySet[Pair], number: int, *, recent_days: int) -> list[Pair]:
    ordered = light(rows).order_by("-at", "-pk")
    if recent_days:
        found = list(ordered.filter(day__gte=utc_today() - (recent_days - 1) * _DAY)[:number])
        if len(found) == number:
            return found
    return list(ordered[:number])


def _since(asked: PairFilter) -> dt.datetime | None:
    return timezone.now() - dt.timedelta(hours=asked.hours) if asked.hours else None


# ------------------------------------------------------------------------------------------- by field

_NEWEST = (
    "SELECT first_pointer, outcome, blame, count(*), (array_agg(id ORDER BY at DESC))[1], max(at) FROM ("
    "SELECT id, at, first_pointer, outcome, blame FROM migrations_app_pair"
    " WHERE {where} AND outcome <> 'match' ORDER BY at DESC LIMIT %s"
    ") AS newest WHERE first_pointer <> '' GROUP BY 1, 2, 3"
)
_OF_RUN = _NEWEST.format(where="run_id = %s AND day = %s")
_OF_FUNCTION = _NEWEST.format(where="function_id = %s")


def fields(function_id: int, *, run: Run | None = None, most: int = 30) -> tuple[Field, ...]:
    """Give what pairs differ in first, by field (pointer template), the most frequent first. Two queries."""
    with connection.cursor() as cursor:
        if run:
            cursor.execute(_OF_RUN, [run.pk, run.day, GROUPED])
        else:
            cursor.execute(_OF_FUNCTION, [function_id, GROUPED])
        found = cursor.fetchall()
    merged = sorted(_by_template(found), key=lambda one: (-one.pairs, one.pointer))[:most]
    said = dict(Pair.objects.filter(pk__in=[one.example for one in merged]).values_list("pk", "sentence"))
    return tuple(
        Field(
            pointer=one.pointer,
            outcome=one.outcome,
            blame=one.blame,
            pairs=one.pairs,
            example=one.example,
            sentence=said.get(one.example, ""),
        )
        for one in merged
    )


def _by_template(rows: Iterable[tuple[str, str, str, int, uuid.UUID, dt.datetime]]) -> Iterable[Field]:
    """Add the places of one field together; the newest pair is the example."""
    merged: dict[tuple[str, str, str], Field] = {}
    for pointer, outcome, blame, number, example, _at in sorted(rows, key=lambda row: row[5]):
        key = (template(pointer), outcome, blame)
        before = merged[key].pairs if key in merged else 0
        merged[key] = Field(
            pointer=key[0], outcome=outcome, blame=blame, pairs=before + number, example=example
        )
    return merged.values()
