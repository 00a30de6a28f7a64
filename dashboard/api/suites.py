"""Routes of suites: what is in them, import, export, samples, live events, tags, removal."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, replace
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from ninja import Router, Schema, Status
from pydantic import Field

from cutover.errors import BadInput
from cutover.suites import (
    Changes,
    Entry,
    Reading,
    changes,
    entry_document,
    export_lines,
    read_documents,
    read_entries,
    tags_of,
)
from dashboard.api.roles import needs
from dashboard.api.shapes import Problem, RunOut
from dashboard.views.common import find
from migrations_app.models import FunctionMigration, Suite, SuiteEvent
from migrations_app.selectors import suites as selectors
from migrations_app.services import suites, suites_drafts, suites_removal, suites_samples
from migrations_app.services.people import Role

router = Router()
PROBLEMS = {403: Problem, 404: Problem, 409: Problem, 422: Problem}
LINES = "application/x-ndjson"
_NAMED = 200


class SuiteOut(Schema):
    """A suite. ``tags`` and ``sources``: word -> events; ``run``: the last validation with it."""

    name: str
    version: int
    events: int
    tags: dict[str, int]
    sources: dict[str, int]
    created_at: dt.datetime
    run: RunOut | None


class EventOut(Schema):
    """An event, redacted. ``expected_effects`` null: nobody said; ``recorded``: what AWS answered live."""

    number: int
    title: str
    source: str
    tags: list[str]
    event: Any
    expected_effects: list[dict[str, str]] | None
    recorded: dict[str, Any] | None


class VersionOut(Schema):
    """A version: who made it of what, and what it changed. ``kept``: its events are still there."""

    version: int
    at: dt.datetime
    actor: str
    verb: str
    detail: dict[str, Any]
    runs: int
    kept: bool


class SuiteDetail(Schema):
    """One version of a suite with some of its events; ``next_after`` goes into ``after``, 0 at the end."""

    name: str
    version: int
    present_version: int
    total: int
    events: list[EventOut]
    next_after: int
    versions: list[VersionOut]


class Into(Schema):
    """How events join a suite. ``append``: after those that are there; ``tags``: for each of them.

    ``expected_version`` stops the call when somebody else changed the suite since; 0: there is none yet.
    """

    append: bool = False
    tags: list[str] = Field(default=[], max_length=20)
    expected_version: int | None = None


class ImportIn(Into):
    """Events as values, or as the text of a file (JSON or JSON Lines). ``dry_run``: only say what would be.

    ``skip_bad``: take the others when some are no events.
    """

    events: list[Any] | None = None
    text: str | None = None
    skip_bad: bool = False
    dry_run: bool = False


class GenerateIn(Into):
    """Samples; no kinds: those of the function's triggers, no count: one of each variety."""

    kinds: list[str] = []
    count: int | None = Field(default=None, ge=1, le=1000)
    seed: int = Field(default=1, ge=0)


class LiveIn(Into):
    """What the tap reported last."""

    limit: int = Field(default=100, ge=1, le=suites_drafts.MOST_FOUND)


class ImportedOut(Schema):
    """What an import did, or would do. ``bad``: {"place", "why"} of what is no event."""

    suite: str
    version: int
    events: int
    imported: bool
    added: int
    removed: int
    changed: int
    kept: int
    bad: list[dict[str, str]]
    left_out: dict[str, int]


class TagsIn(Schema):
    """Tags to add and to take away; ``events``: their numbers from 1, null: all."""

    add: list[str] = []
    remove: list[str] = []
    events: list[int] | None = None
    expected_version: int | None = None


class NumbersIn(Schema):
    """Events by their numbers from 1."""

    events: list[int] = Field(min_length=1)
    expected_version: int | None = None


@router.get("/functions/{address}/suites", response={200: list[SuiteOut], **PROBLEMS}, summary="Suites")
def list_suites(request: HttpRequest, address: str) -> list[dict[str, Any]]:
    """The suites of a function by name."""
    needs(request, Role.VIEWER)
    return [
        {
            "name": row.suite.name,
            "version": row.suite.version,
            "events": row.events,
            "tags": row.tags,
            "sources": row.sources,
            "created_at": row.suite.created_at,
            "run": row.run,
        }
        for row in selectors.listing(find(address))
    ]


@router.get(
    "/functions/{address}/suites/{name}", response={200: SuiteDetail, **PROBLEMS}, summary="One suite"
)
def one_suite(
    request: HttpRequest,
    address: str,
    name: str,
    version: int | None = None,
    tag: str = "",
    after: int = 0,
) -> dict[str, Any]:
    """Twenty-five events at a time; ``version``: an earlier one that a run used, ``tag``: only those."""
    needs(request, Role.VIEWER)
    suite = _suite(find(address), name)
    asked = selectors.EventFilter(tag=tag, after=max(0, after))
    shown = selectors.page(suite, asked, version=version)
    if version is not None and not shown.total:
        raise Http404(f"Version {version} of suite '{name}' is not kept; no run used it.")
    numbers = [row.number - 1 for row in shown.rows]
    rows = suite.events.filter(version=version or suite.version, position__in=numbers).order_by("position")
    return {
        "name": suite.name,
        "version": version or suite.version,
        "present_version": suite.version,
        "total": shown.total,
        "events": [_event(row) for row in rows],
        "next_after": shown.after,
        "versions": [
            {
                **{name: value for name, value in asdict(one).items() if name != "number"},
                "version": one.number,
            }
            for one in selectors.versions(suite)
        ],
    }


@router.get(
    "/functions/{address}/suites/{name}/export",
    response=PROBLEMS,
    summary="Export a suite",
    openapi_extra={
        "responses": {
            200: {
                "description": "JSON Lines that an import reads again",
                "content": {LINES: {"schema": {"type": "string"}}},
            }
        }
    },
)
def export(request: HttpRequest, address: str, name: str, version: int | None = None) -> HttpResponse:
    """The events of a version, each on a line."""
    needs(request, Role.VIEWER)
    lines = export_lines(suites.entries_of(_suite(find(address), name), version))
    return HttpResponse("".join(f"{line}\n" for line in lines), content_type=LINES)


@router.post(
    "/functions/{address}/suites/{name}/import",
    response={200: ImportedOut, **PROBLEMS},
    summary="Import events",
)
def import_events(request: HttpRequest, address: str, name: str, body: ImportIn) -> Any:
    """Make events the suite's next version; what is no event is named in ``reasons``, and nothing is done."""
    actor = needs(request, Role.OPERATOR)
    function = find(address)
    reading = _reading(body)
    if reading.bad and not body.skip_bad and not body.dry_run:
        reasons = [f"{one.place} {one.why}" for one in reading.bad[:_NAMED]]
        sentence = f"{len(reading.bad)} parts are no events. Nothing was changed."
        return Status(422, {"error": sentence, "reasons": reasons})
    if body.dry_run:
        return _would(function, name, reading, body)
    return _imported(function, name, reading, body, actor=actor, source=SuiteEvent.Source.FILE)


@router.post(
    "/functions/{address}/suites/{name}/generate",
    response={200: ImportedOut, **PROBLEMS},
    summary="Generate samples",
)
def generate(request: HttpRequest, address: str, name: str, body: GenerateIn) -> Any:
    """Make samples the suite's next version; the same seed gives the same events."""
    actor = needs(request, Role.OPERATOR)
    function = find(address)
    made = suites_samples.samples(function, kinds=body.kinds, count=body.count, seed=body.seed)
    source = SuiteEvent.Source.GENERATED
    return _imported(function, name, Reading(entries=made), body, actor=actor, source=source)


@router.post(
    "/functions/{address}/suites/{name}/live",
    response={200: ImportedOut, **PROBLEMS},
    summary="Take live events",
)
def take_live(request: HttpRequest, address: str, name: str, body: LiveIn) -> Any:
    """Make what the tap reported last the suite's next version, with what AWS answered."""
    actor = needs(request, Role.OPERATOR)
    function = find(address)
    found = suites.live_entries(function.pk, at_most=body.limit)
    if not found.entries:
        raise BadInput(f"The tap has reported no whole event of {function.name}. Nothing was changed.")
    answer = _imported(
        function, name, Reading(entries=found.entries), body, actor=actor, source=SuiteEvent.Source.LIVE
    )
    return answer | {"left_out": dict(found.left_out)}


@router.post(
    "/functions/{address}/suites/{name}/tags",
    response={200: dict[str, int], **PROBLEMS},
    summary="Tag events",
)
def tag_events(request: HttpRequest, address: str, name: str, body: TagsIn) -> dict[str, int]:
    """Change the tags of events; gives how many were tagged anew. The version stays."""
    actor = needs(request, Role.OPERATOR)
    function = find(address)
    _suite(function, name)
    changed = suites.tag(
        function.pk,
        name,
        actor=actor,
        add=body.add,
        remove=body.remove,
        positions=None if body.events is None else [number - 1 for number in body.events],
        expected_version=body.expected_version,
    )
    return {"events": changed}


@router.post(
    "/functions/{address}/suites/{name}/remove-events",
    response={200: ImportedOut, **PROBLEMS},
    summary="Remove events",
)
def remove_events(request: HttpRequest, address: str, name: str, body: NumbersIn) -> dict[str, Any]:
    """Make a new version without some events; runs keep the version that they used."""
    actor = needs(request, Role.OPERATOR)
    function = find(address)
    before = suites.entries_of(_suite(function, name))
    positions = [number - 1 for number in body.events]
    suite = suites_removal.remove_events(
        function.pk, name, positions, actor=actor, expected_version=body.expected_version
    )
    after = suites.entries_of(suite)
    return _done(suite, len(after), changes(before, after))


@router.delete(
    "/functions/{address}/suites/{name}", response={204: None, **PROBLEMS}, summary="Remove a suite"
)
def remove(
    request: HttpRequest, address: str, name: str, expected_version: int | None = None
) -> Status[None]:
    """Take a suite away; what runs used of it stays."""
    actor = needs(request, Role.OPERATOR)
    function = find(address)
    _suite(function, name)
    suites_removal.remove(function.pk, name, actor=actor, expected_version=expected_version)
    return Status(204, None)


def _suite(function: FunctionMigration, name: str) -> Suite:
    try:
        return suites.named(function, name)
    except BadInput as error:
        raise Http404(str(error)) from error


def _reading(body: ImportIn) -> Reading:
    if (body.events is None) is (body.text is None):
        raise BadInput("Send either events or text. Nothing was changed.")
    return (
        read_documents(body.events) if body.events is not None else read_entries((body.text or "").encode())
    )


def _tagged(reading: Reading, body: Into) -> list[Entry]:
    """Give the events with the tags that each of them shall have. Raises BadInput."""
    try:
        words = tags_of(body.tags)
        return [replace(entry, tags=tags_of([*entry.tags, *words])) for entry in reading.entries]
    except BadInput as error:
        raise BadInput(f"The import {error}. Nothing was changed.") from error


def _imported(
    function: FunctionMigration, name: str, reading: Reading, body: Into, *, actor: str, source: str
) -> dict[str, Any]:
    suite = Suite.objects.filter(function=function, name=name).first()
    before = suites.entries_of(suite) if suite else []
    made = suites.import_entries(
        function.pk,
        _tagged(reading, body),
        actor=actor,
        name=name,
        source=source,
        append=body.append,
        expected_version=body.expected_version,
    )
    after = suites.entries_of(made)
    return _done(made, len(after), changes(before, after), reading=reading)


def _would(function: FunctionMigration, name: str, reading: Reading, body: ImportIn) -> dict[str, Any]:
    suites.checked_name(name)
    suite = Suite.objects.filter(function=function, name=name).first() or Suite(name=name, version=0)
    before = suites.entries_of(suite) if suite.pk else []
    fresh = [suites.redacted(entry) for entry in _tagged(reading, body)]
    after = [*before, *fresh] if body.append else fresh
    return _done(suite, len(after), changes(before, after), reading=reading, imported=False)


def _done(
    suite: Suite, events: int, found: Changes, *, reading: Reading | None = None, imported: bool = True
) -> dict[str, Any]:
    bad = reading.bad[:_NAMED] if reading else ()
    return {
        "suite": suite.name,
        "version": suite.version,
        "events": events,
        "imported": imported,
        "added": found.added,
        "removed": found.removed,
        "changed": found.changed,
        "kept": found.kept,
        "bad": [{"place": one.place, "why": one.why} for one in bad],
        "left_out": {},
    }


def _event(row: SuiteEvent) -> dict[str, Any]:
    stored = suites.stored_entry(row)
    return {
        "number": row.position + 1,
        "source": row.source,
        "tags": list(stored.tags),
        "expected_effects": None,
        "recorded": stored.recorded,
        **entry_document(stored),
    }
