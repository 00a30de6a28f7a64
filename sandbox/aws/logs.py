"""The log groups of functions: bounded, and indexed by request id.

moto keeps every event for ever and scans them all for each filter; twenty invocations a second would make
that slow within minutes. Groups that functions write to are kept here; all others stay with moto.
"""

import re
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

MAX_EVENTS = 40_000
Note = Callable[..., None]
_TERM = re.compile(r'(?P<sign>[?-]?)(?:"(?P<phrase>(?:[^"\\]|\\.)*)"|(?P<word>[^\s"]+))')


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """One log event. at_ms: unix milliseconds."""

    id: str
    at_ms: int
    stream: str
    message: str
    ingested_ms: int

    def shown(self) -> dict[str, Any]:
        return {
            "eventId": self.id,
            "ingestionTime": self.ingested_ms,
            "logStreamName": self.stream,
            "message": self.message,
            "timestamp": self.at_ms,
        }


@dataclass(kw_only=True)
class _Group:
    events: deque[Event] = field(default_factory=deque)
    by_request: OrderedDict[str, list[Event]] = field(default_factory=OrderedDict)
    streams: dict[str, dict[str, Any]] = field(default_factory=dict)
    written: int = 0


class UnsupportedPattern(Exception):
    """The filter pattern is of a kind that is not understood here."""


def matcher(pattern: str) -> "tuple[list[str], list[str], list[str]]":
    """Read a filter pattern: (all of these, any of these, none of these), case-sensitive substrings.

    Source: docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html, unstructured terms.
    Raises UnsupportedPattern for JSON, space-delimited and regular-expression patterns.
    """
    stripped = pattern.strip()
    if stripped[:1] in ("{", "[", "%"):
        raise UnsupportedPattern(pattern[:100])
    needed: list[str] = []
    some: list[str] = []
    without: list[str] = []
    for found in _TERM.finditer(stripped):
        phrase = found["phrase"]
        text = re.sub(r"\\(.)", r"\1", phrase) if phrase is not None else found["word"]
        {"": needed, "?": some, "-": without}[found["sign"]].append(text)
    return needed, some, without


class LogStore:
    """Log groups by name. Thread-safe. note: hears what `append` and `drop` were called with."""

    def __init__(self, note: Note | None = None) -> None:
        self.note = note
        self._lock = threading.Lock()
        self._groups: dict[str, _Group] = {}

    def append(
        self,
        group: str,
        stream: str,
        request_id: str,
        entries: Sequence[tuple[float, str]],
        ingested: int | None = None,
    ) -> None:
        """Write the entries of one call, (unix seconds, text); the oldest events fall out above the bound.

        ingested: when, in unix milliseconds; now unless given.
        """
        ingested = int(time.time() * 1000) if ingested is None else ingested
        with self._lock:
            if self.note is not None:
                self.note("lines", group, stream, request_id, entries, ingested)
            kept = self._groups.setdefault(group, _Group())
            events = []
            for at, text in entries:
                kept.written += 1
                at_ms = int(at * 1000)
                event = Event(
                    id=f"{at_ms:020d}{kept.written:036d}",
                    at_ms=at_ms,
                    stream=stream,
                    message=text,
                    ingested_ms=ingested,
                )
                events.append(event)
            kept.events.extend(events)
            kept.by_request.setdefault(request_id, []).extend(events)
            if events:
                about = kept.streams.setdefault(
                    stream, {"creationTime": ingested, "firstEventTimestamp": events[0].at_ms}
                )
                about |= {"lastEventTimestamp": events[-1].at_ms, "lastIngestionTime": ingested}
            self._bound(kept)

    def _bound(self, kept: _Group) -> None:
        while len(kept.events) > MAX_EVENTS:
            _, gone = kept.by_request.popitem(last=False)
            for _ in gone:
                kept.events.popleft()
        if len(kept.streams) > 2000:
            for name in list(kept.streams)[:1000]:
                del kept.streams[name]

    def has(self, group: str) -> bool:
        with self._lock:
            return group in self._groups

    def names(self) -> list[str]:
        with self._lock:
            return sorted(self._groups)

    def drop(self, group: str) -> None:
        with self._lock:
            if self.note is not None:
                self.note("dropped", group)
            self._groups.pop(group, None)

    def find(
        self,
        group: str,
        *,
        start_ms: int | None = None,
        end_ms: int | None = None,
        streams: Iterable[str] = (),
        pattern: str = "",
    ) -> list[dict[str, Any]]:
        """Give the events in time order that match. end_ms is inclusive, as in FilterLogEvents."""
        needed, some, without = matcher(pattern)
        wanted = set(streams)
        with self._lock:
            kept = self._groups[group]
            known = next((text for text in needed if text in kept.by_request), None)
            candidates = list(kept.by_request[known] if known is not None else kept.events)
        found = [
            event
            for event in candidates
            if (start_ms is None or event.at_ms >= start_ms)
            and (end_ms is None or event.at_ms <= end_ms)
            and (not wanted or event.stream in wanted)
            and all(text in event.message for text in needed)
            and (not some or any(text in event.message for text in some))
            and not any(text in event.message for text in without)
        ]
        return [event.shown() for event in sorted(found, key=lambda event: (event.at_ms, event.id))]

    def streams(self, group: str) -> dict[str, dict[str, Any]]:
        with self._lock:
            return {name: dict(about) for name, about in self._groups[group].streams.items()}

    def state(self) -> dict[str, Any]:
        """Give everything, to be stored."""
        with self._lock:
            return dict(self._groups)

    def restore(self, state: dict[str, Any]) -> None:
        with self._lock:
            self._groups = dict(state)
