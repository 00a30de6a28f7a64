"""Suites of a function for pages and API: the list, one suite with its events, its versions, a draft.

Events are read with their content as text that PostgreSQL cuts, so that a page of events of 6 MB each stays
a page.
"""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, F, QuerySet, TextField
from django.db.models.functions import Cast, Left, Length

from cutover.suites import Changes, Entry, changes
from migrations_app.models import AuditEntry, FunctionMigration, Run, Suite, SuiteDraft, SuiteEvent
from migrations_app.services import suites, suites_drafts
from migrations_app.services.redaction import REDACTED

PAGE = 25
SHOWN = 4_000
"""Characters of an event that a list shows; the whole is one link away."""
PREVIEWED = 25
"""Events of a draft that its page shows."""
_VERSIONS = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class SuiteRow:
    """A suite in the list. ``tags``: tag -> events; ``sources``: source -> events; ``run``: the last one."""

    suite: Suite
    events: int
    tags: Mapping[str, int]
    sources: Mapping[str, int]
    run: Run | None


@dataclass(frozen=True, kw_only=True, slots=True)
class EventFilter:
    """What is looked for among the events of a suite. ``after``: number of the last event seen."""

    tag: str = ""
    source: str = ""
    text: str = ""
    after: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class EventView:
    """An event as a page shows it. ``number`` counts from 1; ``text`` is cut when ``cut``.

    ``expected_effects`` is None where nobody said; ``answer`` is what AWS answered when it was live, as text.
    """

    number: int
    title: str
    text: str
    bytes: int
    cut: bool
    source: str
    tags: Sequence[str]
    expected_effects: Sequence[Mapping[str, str]] | None
    answer: str
    answered_at: str
    redacted: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class EventPage:
    """Some events of a version. ``after``: for the next page, 0 at the end; ``total``: of the version."""

    rows: tuple[EventView, ...]
    after: int
    found: int
    total: int
    tags: Mapping[str, int]
    sources: Mapping[str, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Version:
    """A version of a suite. ``detail``: of the audit entry that made it, ``runs``: that used it.

    ``kept``: its events are still there; others went with a later import, since no run had used them.
    """

    number: int
    at: dt.datetime
    actor: str
    verb: str
    detail: Mapping[str, Any]
    runs: int
    kept: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class DraftView:
    """A draft before it is imported. ``version``: of the suite now, 0 where it is new."""

    draft: SuiteDraft
    rows: tuple[EventView, ...]
    events: int
    version: int
    would: int
    changes: Changes = field(default_factory=Changes)


# --------------------------------------------------------------------------------------------- the list


def listing(function: FunctionMigration) -> tuple[SuiteRow, ...]:
    """Give the suites of a function by name. Three queries."""
    rows = list(suites.living(function).order_by("name"))
    tallies = _tallies(SuiteEvent.objects.filter(suite__in=rows, version=F("suite__version")))
    latest = Run.objects.filter(suite__in=rows).order_by("suite_id", "-created_at").distinct("suite_id")
    runs = {run.suite_id: run for run in latest}
    found = []
    for suite in rows:
        events, tags, sources = tallies[suite.pk]
        run = runs.get(suite.pk)
        found.append(SuiteRow(suite=suite, events=events, tags=tags, sources=sources, run=run))
    return tuple(found)


def drafts(function: FunctionMigration) -> tuple[SuiteDraft, ...]:
    """Give the drafts that wait, newest first, without their events."""
    return tuple(function.suite_drafts.defer("entries", "bad")[:20])


def _tallies(events: QuerySet[SuiteEvent]) -> dict[int, tuple[int, dict[str, int], dict[str, int]]]:
    """Give suite -> (events, tag -> events, source -> events). One query."""
    totals: Counter[int] = Counter()
    tags: defaultdict[int, Counter[str]] = defaultdict(Counter)
    sources: defaultdict[int, Counter[str]] = defaultdict(Counter)
    for row in events.order_by().values("suite_id", "tags", "source").annotate(n=Count("id")):
        totals[row["suite_id"]] += row["n"]
        tags[row["suite_id"]].update(dict.fromkeys(row["tags"], row["n"]))
        sources[row["suite_id"]][row["source"]] += row["n"]
    return {key: (n, dict(sorted(tags[key].items())), dict(sources[key])) for key, n in totals.items()}


# --------------------------------------------------------------------------------------------- one suite


def page(suite: Suite, asked: EventFilter, *, version: int | None = None, size: int = PAGE) -> EventPage:
    """Give events of a version that fit a filter. Three queries at most."""
    events = suite.events.filter(version=version or suite.version)
    total, tags, sources = _tallies(events).get(suite.pk, (0, {}, {}))
    fitting = _fitting(events, asked)
    found = fitting.count() if (asked.tag or asked.source or asked.text) else total
    rows = list(
        fitting.filter(position__gte=asked.after)
        .annotate(
            written=Left(Cast("event", TextField()), SHOWN + 1),
            length=Length(Cast("event", TextField())),
            answered=Left(Cast("recorded__answer", TextField()), SHOWN + 1),
        )
        .defer("event", "recorded")
        .annotate(answered_at=F("recorded__at"))
        .order_by("position")[: size + 1]
    )
    return EventPage(
        rows=tuple(_event(row) for row in rows[:size]),
        after=rows[size - 1].position + 1 if len(rows) > size else 0,
        found=found,
        total=total,
        tags=tags,
        sources=sources,
    )


def _fitting(events: QuerySet[SuiteEvent], asked: EventFilter) -> QuerySet[SuiteEvent]:
    if asked.tag:
        events = events.filter(tags__contains=[asked.tag])
    if asked.source:
        events = events.filter(source=asked.source)
    if asked.text:
        events = events.filter(title__icontains=asked.text)
    return events


def _event(row: Any) -> EventView:
    text, cut = _pretty(row.written)
    answer = "" if row.answered is None else _pretty(row.answered)[0]
    return EventView(
        number=row.position + 1,
        title=row.title,
        text=text,
        bytes=row.length,
        cut=cut,
        source=row.source,
        tags=row.tags,
        expected_effects=row.expected_effects,
        answer=answer,
        answered_at=row.answered_at or "",
        redacted=REDACTED in row.written,
    )


def _pretty(written: str) -> tuple[str, bool]:
    """Give JSON over lines, and whether it is cut: then it stays as it is written."""
    if len(written) > SHOWN:
        return written[:SHOWN], True
    return json.dumps(json.loads(written), indent=2, ensure_ascii=False), False


def versions(suite: Suite) -> tuple[Version, ...]:
    """Give the newest versions of a suite, from the audit trail, newest first. Three queries."""
    made = AuditEntry.objects.filter(
        function_id=suite.function_id,
        verb__in=("suite:imported", "suite:events-removed", "suite:removed"),
        detail__suite=suite.name,
        at__gte=suite.created_at,
    ).order_by("-id")[:_VERSIONS]
    kept = set(suite.events.order_by().values_list("version", flat=True).distinct())
    used = dict(
        Run.objects.filter(suite=suite)
        .order_by()
        .values_list("suite_version")
        .annotate(n=Count("id"))
        .values_list("suite_version", "n")
    )
    return tuple(
        Version(
            number=entry.detail.get("version", 0),
            at=entry.at,
            actor=entry.actor,
            verb=entry.verb,
            detail=entry.detail,
            runs=used.get(entry.detail.get("version", 0), 0),
            kept=entry.verb != "suite:removed" and entry.detail.get("version") in kept,
        )
        for entry in made
    )


def since(suite: Suite, version: int) -> Changes:
    """Say what changed from a version to the present one. Raises BadInput for a version that is not kept."""
    return changes(suites.entries_of(suite, version), suites.entries_of(suite))


# ---------------------------------------------------------------------------------------------- a draft


def draft(function: FunctionMigration, key: uuid.UUID) -> DraftView | None:
    """Give a draft and what it would make of its suite. Three queries."""
    row = function.suite_drafts.filter(pk=key).first()
    if row is None:
        return None
    suite = Suite.objects.filter(function=function, name=row.suite_name).first()
    present = suites.entries_of(suite) if suite else []
    fresh = suites_drafts.entries_of(row)
    after = [*present, *fresh] if row.append else list(fresh)
    return DraftView(
        draft=row,
        rows=tuple(_previewed(row, number, entry) for number, entry in enumerate(fresh[:PREVIEWED], 1)),
        events=len(fresh),
        version=suite.version if suite else 0,
        would=len(after),
        changes=changes(present, after),
    )


def _previewed(row: SuiteDraft, number: int, entry: Entry) -> EventView:
    written = json.dumps(entry.event, indent=2, ensure_ascii=False)
    answer = json.dumps(entry.recorded["answer"], indent=2, ensure_ascii=False) if entry.recorded else ""
    return EventView(
        number=number,
        title=entry.title,
        text=written[:SHOWN],
        bytes=len(written),
        cut=len(written) > SHOWN,
        source=row.source,
        tags=entry.tags,
        expected_effects=entry.expected_effects,
        answer=answer[:SHOWN],
        answered_at=str(entry.recorded["at"]) if entry.recorded else "",
        redacted=REDACTED in written,
    )
