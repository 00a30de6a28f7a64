"""Events of a suite: what one is, how a file of them is read, and how they are written again.

A file holds a JSON array, one JSON value, or JSON Lines. Each event is any JSON value shaped as AWS sends it,
or an object around it: ``{"title", "event", "tags"?, "expected_effects"?}``. What is exported has that form.
"""

from __future__ import annotations

import codecs
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from cutover.errors import BadInput
from cutover.suites.expectations import checked

MOST_EVENTS = 10_000
EVENT_LIMIT_BYTES = 6 * 1024 * 1024
"""Lambda's limit for the payload of a synchronous invocation. Source: facts/aws.md 5."""

MOST_TAGS = 20
_TAG_LIMIT = 40
_TITLE_LIMIT = 120
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
"""As JSON writes it; PostgreSQL's jsonb holds none."""
_AROUND = frozenset({"title", "event", "tags", "expected_effects"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One event of a suite. ``recorded``: what AWS answered when it was live, as ``SuiteEvent`` holds it."""

    title: str
    event: Any
    tags: tuple[str, ...] = ()
    expected_effects: tuple[Mapping[str, str], ...] | None = None
    recorded: Mapping[str, Any] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class BadEntry:
    """A part of a file that is no event. ``place`` is ``line 3`` or ``event 3``; nothing of it is quoted."""

    place: str
    why: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """What a file holds: its events, and what in it is none."""

    entries: tuple[Entry, ...]
    bad: tuple[BadEntry, ...] = ()


def read_entries(content: bytes) -> Reading:
    """Read a JSON array, one JSON value, or JSON Lines; what is no event is named and left out."""
    content = content.removeprefix(codecs.BOM_UTF8)
    try:
        found = orjson.loads(content)
    except orjson.JSONDecodeError:
        return _read_lines(content)
    return read_documents(found if isinstance(found, list) else [found])


def read_documents(documents: Iterable[Any]) -> Reading:
    """Read JSON values that were parsed already; what is no event is named by its number and left out."""
    return _collected((f"event {number}", number, one) for number, one in enumerate(documents, 1))


def _read_lines(content: bytes) -> Reading:
    def lines() -> Iterator[tuple[str, int, Any]]:
        count = 0
        for number, line in enumerate(content.split(b"\n"), 1):
            if line.strip():
                count += 1
                yield f"line {number}", count, line

    return _collected(lines(), parse=True)


def _collected(parts: Iterable[tuple[str, int, Any]], *, parse: bool = False) -> Reading:
    entries, bad = [], []
    for place, number, part in parts:
        try:
            document = orjson.loads(part) if parse else part
            entries.append(entry_of(document, number))
        except orjson.JSONDecodeError as exc:
            bad.append(BadEntry(place=place, why=f"is not JSON: {exc.msg}"))
        except BadInput as exc:
            bad.append(BadEntry(place=place, why=str(exc)))
    return Reading(entries=tuple(entries), bad=tuple(bad))


def entry_of(document: Any, number: int = 1) -> Entry:
    """Give the event that a document is or holds. ``number`` counts from 1 and ends a title that is made up.

    Raises:
        BadInput: it is larger than Lambda takes, or what stands around it cannot be read.
    """
    around = document if _is_around(document) else {"event": document}
    event = around["event"]
    try:
        written = orjson.dumps(event)
    except (TypeError, orjson.JSONEncodeError) as exc:
        raise BadInput("is not JSON that can be sent") from exc
    if len(written) > EVENT_LIMIT_BYTES:
        raise BadInput(f"has {len(written)} bytes; Lambda takes at most {EVENT_LIMIT_BYTES}")
    if _NUL.search(written):
        raise BadInput("holds a NUL character, which a suite cannot keep")
    effects = around.get("expected_effects")
    return Entry(
        title=str(around.get("title") or "")[:_TITLE_LIMIT] or f"{shape_of(event)} {number}",
        event=event,
        tags=tags_of(around.get("tags") or ()),
        expected_effects=None if effects is None else checked(effects),
    )


def _is_around(document: Any) -> bool:
    if not isinstance(document, Mapping) or not {"title", "event"} <= set(document) <= _AROUND:
        return False
    return isinstance(document["title"], str)


def tags_of(words: Any) -> tuple[str, ...]:
    """Give tags, sorted and each once. Raises BadInput."""
    if isinstance(words, str) or not isinstance(words, Sequence):
        raise BadInput("has tags that are no list of words")
    for word in words:
        if not isinstance(word, str) or not word.strip() or len(word) > _TAG_LIMIT or "\x00" in word:
            raise BadInput(f"has a tag that is no word of at most {_TAG_LIMIT} characters")
    found = tuple(sorted({word.strip() for word in words}))
    if len(found) > MOST_TAGS:
        raise BadInput(f"has {len(found)} tags; {MOST_TAGS} are the most")
    return found


def shape_of(event: Any) -> str:
    """Name the kind of an event as a person would: s3, sqs, http, schedule, or just event."""
    if not isinstance(event, Mapping):
        return "event"
    records = event.get("Records")
    if isinstance(records, list) and records and isinstance(records[0], Mapping):
        source = records[0].get("eventSource") or records[0].get("EventSource") or ""
        return str(source).removeprefix("aws:")[:40] or "records"
    if "httpMethod" in event or "requestContext" in event:
        return "http"
    if event.get("detail-type") == "Scheduled Event":
        return "schedule"
    return "event"


def entry_document(entry: Entry) -> dict[str, Any]:
    """Give an event as a line of an export holds it; reading it gives the event again."""
    found: dict[str, Any] = {"title": entry.title, "event": entry.event}
    if entry.tags:
        found["tags"] = list(entry.tags)
    if entry.expected_effects is not None:
        found["expected_effects"] = [dict(one) for one in entry.expected_effects]
    return found


def export_lines(entries: Iterable[Entry]) -> Iterator[str]:
    """Give the events as JSON Lines."""
    for entry in entries:
        yield orjson.dumps(entry_document(entry)).decode()


def digest_of(entries: Iterable[Entry]) -> str:
    """Give the hex digest of events in their order."""
    found = hashlib.sha256()
    for entry in entries:
        document = entry_document(entry) | {"recorded": entry.recorded}
        found.update(orjson.dumps(document, option=orjson.OPT_SORT_KEYS) + b"\n")
    return found.hexdigest()
