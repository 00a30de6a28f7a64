"""Drafts: events from a file, a generator, logs or live traffic, looked at before they join a suite.

A draft holds what an import would store, redacted already, and names what it left out. Importing it writes
the suite's next version and deletes the draft. Events in a function's logs are on AWS, where the web process
cannot look: such a draft is a row that falls due, and a worker fills it (``workers.drafts``).
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson
from django.db import transaction
from django.utils import timezone

from cutover.errors import BadInput, StaleState
from cutover.suites import MOST_EVENTS, Entry, Reading, entry_document, tags_of
from migrations_app.models import FunctionMigration, Suite, SuiteDraft, SuiteEvent
from migrations_app.services import audit, bell, suites, suites_samples

LEASE = dt.timedelta(minutes=5)
"""How long a search in logs may take before another worker takes it for lost."""
KEPT = dt.timedelta(days=1)
MOST_BYTES = 20_000_000
"""Of the events of a draft together."""
MOST_HOURS = 24 * 30
MOST_FOUND = 1_000
"""Events taken from logs or live traffic at once."""
NAMED_BAD = 200
"""Parts of a file that are named one by one; the others are counted."""
_PENDING, _READY, _FAILED = SuiteDraft.State.PENDING, SuiteDraft.State.READY, SuiteDraft.State.FAILED


# ------------------------------------------------------------------------------------------ gathering


def from_reading(
    function: FunctionMigration,
    reading: Reading,
    *,
    actor: str,
    name: str,
    append: bool = False,
    tags: Sequence[str] = (),
    source: str = SuiteEvent.Source.FILE,
) -> SuiteDraft:
    """Keep what a file holds, good and bad, for a person to look at. Raises BadInput if that is nothing."""
    if not reading.entries and not reading.bad:
        raise BadInput("There is nothing in it. Paste AWS-shaped events as JSON, or choose a file.")
    if len(reading.entries) > MOST_EVENTS:
        raise BadInput(f"A suite holds at most {MOST_EVENTS} events; these are {len(reading.entries)}.")
    draft = _draft(function, actor=actor, name=name, append=append, tags=tags, source=source)
    draft.bad = [{"place": one.place, "why": one.why} for one in reading.bad[:NAMED_BAD]]
    unnamed = len(reading.bad) - NAMED_BAD
    _fill(draft, reading.entries, {"no event either": unnamed} if unnamed > 0 else {})
    draft.save(force_insert=True)
    return draft


def from_samples(
    function: FunctionMigration,
    *,
    actor: str,
    name: str,
    append: bool = False,
    tags: Sequence[str] = (),
    kinds: Sequence[str] = (),
    count: int | None = None,
    seed: int = 1,
) -> SuiteDraft:
    """Generate events for a person to look at. Raises BadInput."""
    made = suites_samples.samples(function, kinds=kinds, count=count, seed=seed)
    draft = _draft(
        function, actor=actor, name=name, append=append, tags=tags, source=SuiteEvent.Source.GENERATED
    )
    _fill(draft, made)
    draft.save(force_insert=True)
    return draft


def from_live(
    function: FunctionMigration,
    *,
    actor: str,
    name: str,
    append: bool = False,
    tags: Sequence[str] = (),
    limit: int = 100,
) -> SuiteDraft:
    """Take what the tap reported last, from PostgreSQL. Raises BadInput when nothing of it can be used."""
    _bounded(limit)
    found = suites.live_entries(function.pk, at_most=limit)
    if not found.entries:
        why = ", ".join(f"{number} {reason}" for reason, number in found.left_out.items())
        raise BadInput(
            f"The tap has reported no whole event of {function.name}{f' ({why})' if why else ''}. It reports "
            "from the first step of a shift on; what it redacts or cuts cannot be used."
        )
    draft = _draft(function, actor=actor, name=name, append=append, tags=tags, source=SuiteEvent.Source.LIVE)
    _fill(draft, found.entries, found.left_out)
    draft.save(force_insert=True)
    return draft


def ask_logs(
    function: FunctionMigration,
    *,
    actor: str,
    name: str,
    append: bool = False,
    tags: Sequence[str] = (),
    hours: float = 24.0,
    limit: int = 100,
) -> SuiteDraft:
    """Ask a worker for the events that the function wrote to its own logs. Raises BadInput."""
    _bounded(limit)
    if not 0 < hours <= MOST_HOURS:
        raise BadInput(f"Logs are searched above 0 and at most {MOST_HOURS} hours back.")
    draft = _draft(function, actor=actor, name=name, append=append, tags=tags, source=SuiteEvent.Source.LOGS)
    draft.state, draft.due_at = _PENDING, timezone.now()
    draft.wanted = {"hours": hours, "limit": limit}
    with transaction.atomic():
        if function.suite_drafts.select_for_update().filter(state=_PENDING).exists():
            raise BadInput(f"The logs of {function.name} are being searched already. Wait for that draft.")
        draft.save(force_insert=True)
        audit.record(
            actor=actor, verb="suite:logs-asked", function=function, detail={"suite": name, **draft.wanted}
        )
        bell.ring("workers.search_logs", queue="work")
        bell.tell(f"fn-{function.pk}")
    return draft


def _bounded(limit: int) -> None:
    if not 1 <= limit <= MOST_FOUND:
        raise BadInput(f"The number of events lies between 1 and {MOST_FOUND}.")


def _draft(
    function: FunctionMigration, *, actor: str, name: str, append: bool, tags: Sequence[str], source: str
) -> SuiteDraft:
    """Give a draft that is not saved yet; drafts that nobody came back to are deleted."""
    suites.checked_name(name)
    try:
        words = tags_of(list(tags))
    except BadInput as exc:
        raise BadInput(f"The draft {exc}.") from exc
    SuiteDraft.objects.filter(created_at__lt=timezone.now() - KEPT).delete()
    return SuiteDraft(
        function=function, suite_name=name, append=append, source=source, tags=list(words), asked_by=actor
    )


def _fill(draft: SuiteDraft, entries: Sequence[Entry], left_out: Mapping[str, int] | None = None) -> None:
    """Put events into a draft, redacted and tagged, as many as it holds."""
    kept: list[dict[str, Any]] = []
    room = MOST_BYTES
    for entry in entries:
        tagged = replace(entry, tags=tags_of([*entry.tags, *draft.tags]))
        document = entry_document(suites.redacted(tagged)) | {"recorded": entry.recorded}
        room -= len(orjson.dumps(document))
        if room < 0:
            break
        kept.append(document)
    draft.entries, draft.state, draft.due_at = kept, _READY, None
    draft.left_out = dict(left_out or {})
    if cut := len(entries) - len(kept):
        draft.left_out["more than a draft holds"] = cut


# -------------------------------------------------------------------------------- what a worker does


def take_due() -> SuiteDraft | None:
    """Take one draft whose logs shall be searched, by moving its time on; None when there is none."""
    now = timezone.now()
    with transaction.atomic():
        draft = (
            SuiteDraft.objects.select_for_update(skip_locked=True, of=("self",))
            .select_related("function__connection__counterpart")
            .filter(state=_PENDING, due_at__lte=now, created_at__gt=now - KEPT)
            .order_by("due_at")
            .first()
        )
        if draft is not None:
            draft.due_at = now + LEASE
            draft.save(update_fields=["due_at"])
    return draft


def found(draft: SuiteDraft, entries: Sequence[Entry]) -> None:
    """Write down what a search found. A draft that was discarded meanwhile stays so."""
    _fill(draft, entries)
    _ended(draft)


def failed(draft: SuiteDraft, why: str) -> None:
    """Write down why there is nothing to look at."""
    draft.state, draft.due_at, draft.error = _FAILED, None, why[:400]
    _ended(draft)


def _ended(draft: SuiteDraft) -> None:
    fields = ("state", "due_at", "entries", "left_out", "error")
    with transaction.atomic():
        SuiteDraft.objects.filter(pk=draft.pk, state=_PENDING).update(
            **{field: getattr(draft, field) for field in fields}
        )
        bell.tell(f"fn-{draft.function_id}")


# --------------------------------------------------------------------------------------------- using


def entries_of(draft: SuiteDraft) -> tuple[Entry, ...]:
    """Give the events of a draft."""
    return tuple(
        Entry(
            title=one["title"],
            event=one["event"],
            tags=tuple(one.get("tags", ())),
            expected_effects=tuple(one["expected_effects"]) if "expected_effects" in one else None,
            recorded=one["recorded"],
        )
        for one in draft.entries
    )


def accept(
    draft_id: uuid.UUID, *, actor: str, skip_bad: bool = False, expected_version: int | None = None
) -> Suite:
    """Import a draft as the suite's next version; the draft is gone then.

    Raises:
        BadInput: parts of it are no events and ``skip_bad`` does not say to go on without them, or no event
            is left.
        StaleState: the draft is gone, or the suite is at another version than ``expected_version``.
    """
    with transaction.atomic():
        draft = SuiteDraft.objects.select_for_update().filter(pk=draft_id).first()
        if draft is None:
            raise StaleState("This draft was imported or discarded already. Nothing was changed.")
        if draft.state == _PENDING:
            raise StaleState("The logs are still being searched. Nothing was changed.")
        if draft.bad and not skip_bad:
            named = "; ".join(f"{one['place']} {one['why']}" for one in draft.bad[:5])
            raise BadInput(f"{named}. Nothing was changed. Say that the other events shall be imported.")
        suite = suites.import_entries(
            draft.function_id,
            entries_of(draft),
            actor=actor,
            name=draft.suite_name,
            source=draft.source,
            append=draft.append,
            expected_version=expected_version,
        )
        draft.delete()
    return suite


def discard(draft_id: uuid.UUID) -> None:
    """Throw a draft away; nothing of a suite changes."""
    with transaction.atomic():
        draft = SuiteDraft.objects.select_for_update(of=("self",)).filter(pk=draft_id).first()
        if draft is not None:
            draft.delete()
            bell.tell(f"fn-{draft.function_id}")
