"""Suites as rows: versions of events, imported from files, generators, logs and what the tap reported.

An import never changes what a run is about: it writes a new version beside the old one, under the function's
lock, and a run keeps the version that it began with. Versions that no run names go with the next import.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from cutover.errors import BadInput, StaleState
from cutover.observation import Outcome, Side
from cutover.suites import MOST_EVENTS, Entry, changes, digest_of, entry_of, shape_of, tags_of
from migrations_app.models import FunctionMigration, LiveObservation, Run, Suite, SuiteEvent
from migrations_app.services import audit, bell
from migrations_app.services.redaction import REDACTED, redact, redact_line

LIVE = "live"
REPLAY = "replay"
"""The suite that holds what the tap reported last, for a replay."""
_NAME = re.compile(r"(?!\.)[^/\x00-\x1f\x7f]{1,80}")
"""It stands in the addresses of pages and of the API."""
_LOOKED_AT = 10
"""Live events looked at for each one that is wanted: some were redacted, or too long to be kept."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LiveEntries:
    """Events that the tap reported, newest first, and why others cannot be used: reason -> how many."""

    entries: tuple[Entry, ...]
    left_out: Mapping[str, int]


# ------------------------------------------------------------------------------------------- writing


def import_events(
    function_id: int,
    events: Sequence[object],
    *,
    actor: str,
    name: str = "default",
    source: str = SuiteEvent.Source.FILE,
) -> Suite:
    """Make these JSON documents the suite's events. See ``import_entries`` and ``cutover.suites.entry_of``.

    Raises BadInput with the number of the event that cannot be used.
    """
    entries = []
    for number, event in enumerate(events, 1):
        try:
            entries.append(entry_of(event, number))
        except BadInput as exc:
            raise BadInput(f"Event {number} {exc}. Nothing was changed.") from exc
    return import_entries(function_id, entries, actor=actor, name=name, source=source)


def import_entries(
    function_id: int,
    entries: Sequence[Entry],
    *,
    actor: str,
    name: str = "default",
    source: str = SuiteEvent.Source.FILE,
    append: bool = False,
    expected_version: int | None = None,
) -> Suite:
    """Make these the suite's events, as a new version; ``append``: after those that are there.

    Secret-looking values are redacted before anything is stored. The same events again change nothing.

    Raises:
        BadInput: no event, or too many, or a name that cannot stand in an address.
        StaleState: the suite is at another version than ``expected_version`` (0: there was none).
    """
    checked_name(name)
    if not entries:
        raise BadInput("There is no event in it. A suite needs at least one AWS-shaped event.")
    fresh = [(redacted(entry), source) for entry in entries]
    with transaction.atomic():
        function = FunctionMigration.objects.select_for_update().get(pk=function_id)
        suite, created = Suite.objects.get_or_create(function=function, name=name)
        seen_by(suite, expected_version, created=created)
        present = present_of(suite)
        return write_version(
            function,
            suite,
            (present if append else []) + fresh,
            before=present,
            actor=actor,
            verb="suite:imported",
            source=source,
            created=created,
        )


def checked_name(name: str) -> None:
    """Raise BadInput unless a suite can be called so."""
    if not name.strip() or not _NAME.fullmatch(name):
        raise BadInput(
            "A suite needs a name of at most 80 characters, without a slash, that begins with no dot."
        )


def seen_by(suite: Suite, expected_version: int | None, *, created: bool = False) -> None:
    """Raise StaleState unless the suite is at the version that somebody saw; None: they did not say."""
    if expected_version is not None and expected_version != (0 if created else suite.version):
        raise StaleState(
            f"The suite '{suite.name}' is at version {suite.version} by now. Nothing was changed; look again."
        )


def present_of(suite: Suite) -> list[tuple[Entry, str]]:
    """Give the events of the present version, each with its source."""
    return [(stored_entry(row), row.source) for row in events_of(suite)]


def write_version(
    function: FunctionMigration,
    suite: Suite,
    every: Sequence[tuple[Entry, str]],
    *,
    before: Sequence[tuple[Entry, str]],
    actor: str,
    verb: str,
    source: str = "",
    created: bool = False,
) -> Suite:
    """Write a new version of a suite and who made it; the same events again change nothing.

    The caller holds the function's lock. ``before``: the version that it follows. Raises BadInput.
    """
    if len(every) > MOST_EVENTS:
        raise BadInput(f"A suite holds at most {MOST_EVENTS} events; these are {len(every)}.")
    digest = digest_of(one for one, _ in every) if every else ""
    if digest == suite.digest:
        return suite
    suite.version += not created
    suite.digest = digest
    suite.save(update_fields=["version", "digest"])
    _write(suite, every)
    found = changes((one for one, _ in before), (one for one, _ in every))
    audit.record(
        actor=actor,
        verb=verb,
        function=function,
        detail={
            "suite": suite.name,
            "version": suite.version,
            "events": len(every),
            "source": source,
            "added": found.added,
            "removed": found.removed,
            "changed": found.changed,
        },
    )
    bell.tell(f"fn-{function.pk}")
    return suite


def _write(suite: Suite, entries: Sequence[tuple[Entry, str]]) -> None:
    named = Run.objects.filter(suite=suite).values("suite_version")
    suite.events.exclude(version__in=named).delete()
    # A row written by hand may lack a digest: its version is overwritten.
    suite.events.filter(version=suite.version).delete()
    SuiteEvent.objects.bulk_create(
        (
            SuiteEvent(
                suite=suite,
                version=suite.version,
                position=position,
                title=entry.title,
                event=entry.event,
                tags=list(entry.tags),
                expected_effects=None
                if entry.expected_effects is None
                else [dict(one) for one in entry.expected_effects],
                source=source,
                recorded=entry.recorded,
            )
            for position, (entry, source) in enumerate(entries)
        ),
        batch_size=500,
    )


def tag(
    function_id: int,
    name: str,
    *,
    actor: str,
    add: Iterable[str] = (),
    remove: Iterable[str] = (),
    positions: Sequence[int] | None = None,
    expected_version: int | None = None,
) -> int:
    """Add tags to events and take others away, of those at ``positions`` (from 0) or of all. Gives how many.

    Tags choose events and are no part of them, so that the version stays. Raises BadInput, and StaleState
    when the suite is at another version than ``expected_version``: positions mean other events then.
    """
    added, removed = set(_tags(add)), set(_tags(remove))
    if not added and not removed:
        raise BadInput("Say which tags to add or to remove.")
    with transaction.atomic():
        function = FunctionMigration.objects.select_for_update().get(pk=function_id)
        suite = named(function, name)
        seen_by(suite, expected_version)
        every = events_of(suite)
        chosen = set(range(len(every))) if positions is None else set(positions)
        if missing := chosen - {row.position for row in every}:
            raise BadInput(f"The suite has no event {min(missing) + 1}; it has {len(every)}.")
        alike: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
        for row in every:
            if row.position in chosen:
                row.tags = list(_tags({*row.tags, *added} - removed))
                alike[tuple(row.tags)].append(row.pk)
        for words, keys in alike.items():
            SuiteEvent.objects.filter(pk__in=keys).update(tags=list(words))
        suite.digest = digest_of(stored_entry(row) for row in every)
        suite.save(update_fields=["digest"])
        audit.record(
            actor=actor,
            verb="suite:tagged",
            function=function,
            detail={"suite": name, "events": len(chosen), "added": sorted(added), "removed": sorted(removed)},
        )
        bell.tell(f"fn-{function_id}")
    return len(chosen)


def _tags(words: Iterable[str]) -> tuple[str, ...]:
    try:
        return tags_of(list(words))
    except BadInput as exc:
        raise BadInput(f"The event {exc}.") from exc


def redacted(entry: Entry) -> Entry:
    """Give an event as it is stored."""
    return replace(
        entry, title=redact_line(entry.title.replace("\x00", "\ufffd"))[:120], event=redact(entry.event)
    )


# ------------------------------------------------------------------------------------------- reading


def named(function: FunctionMigration, name: str) -> Suite:
    """Give a suite by its name; one whose events were removed is not there. Raises BadInput."""
    suite = living(function).filter(name=name).first()
    if suite is None:
        known = ", ".join(living(function).order_by("name").values_list("name", flat=True)) or "none yet"
        raise BadInput(f"{function.name} has no suite '{name}'. Its suites: {known}.")
    return suite


def living(function: FunctionMigration) -> QuerySet[Suite]:
    """Give the suites of a function that have events. One that was removed stays a row while runs name it."""
    events = SuiteEvent.objects.filter(suite=OuterRef("pk"), version=OuterRef("version"))
    return Suite.objects.filter(Exists(events), function=function)


def events_of(suite: Suite, version: int | None = None) -> list[SuiteEvent]:
    """Give the events of a version in order; None: the present one.

    Raises BadInput for a version that is not kept.
    """
    rows = list(suite.events.filter(version=version or suite.version).order_by("position"))
    if version is not None and not rows:
        raise BadInput(f"Version {version} of suite '{suite.name}' is not kept; no run used it.")
    return rows


def events_of_run(run: Run) -> list[SuiteEvent]:
    """Give the events that a run calls, in order: of its version, and with one of its tags."""
    rows = run.suite.events.filter(version=run.suite_version).order_by("position")
    wanted = set(run.tags)
    return [row for row in rows if not wanted or wanted & set(row.tags)]


def entries_of(suite: Suite, version: int | None = None) -> list[Entry]:
    """Give the events of a version for an export."""
    return [stored_entry(row) for row in events_of(suite, version)]


def stored_entry(row: SuiteEvent) -> Entry:
    """Give a stored event as a value."""
    return Entry(
        title=row.title,
        event=row.event,
        tags=tuple(row.tags),
        expected_effects=None if row.expected_effects is None else tuple(row.expected_effects),
        recorded=row.recorded,
    )


# ---------------------------------------------------------------------------------------------- live


def live_entries(function_id: int, *, at_most: int, answered: bool = False) -> LiveEntries:
    """Give the newest events that the tap reported whole, each form once.

    ``answered``: only those whose answer came whole as well, for a replay. What was redacted or too long to
    be kept cannot be sent again: those are counted and left out.
    """
    rows = LiveObservation.objects.filter(function_id=function_id, side=Side.PRIMARY.value).order_by("-at")
    found: dict[str, Entry] = {}
    left_out: Counter[str] = Counter()
    for row in rows[: at_most * _LOOKED_AT]:
        if reason := _why_not(row, answered=answered):
            left_out[reason] += 1
            continue
        form = json.dumps(row.event, sort_keys=True)
        found.setdefault(form, _live_entry(row))
        if len(found) == at_most:
            break
    return LiveEntries(entries=tuple(found.values()), left_out=dict(left_out))


def _why_not(row: LiveObservation, *, answered: bool) -> str:
    hashes = row.body_hashes
    if row.event is None:
        return "too long to be kept"
    if REDACTED in json.dumps(row.event):
        return "redacted"
    if not answered:
        return ""
    if row.outcome != Outcome.OK.value:
        return "not answered well on AWS"
    if row.answer is None and hashes.get("answer_bytes", 4) > len("null"):
        return "answer too long to be kept"
    if REDACTED in json.dumps(row.answer):
        return "answer redacted"
    return ""


def _live_entry(row: LiveObservation) -> Entry:
    recorded: dict[str, Any] = {
        "request_id": row.request_id,
        "at": row.at.isoformat(),
        "duration_ms": row.duration_ms,
        "answer": row.answer,
    }
    return Entry(
        title=f"live {shape_of(row.event)} {row.at:%m-%d %H:%M:%S}",
        event=row.event,
        tags=(LIVE,),
        recorded=recorded if row.outcome == Outcome.OK.value else None,
    )
