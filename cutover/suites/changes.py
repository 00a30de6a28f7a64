"""What changed from one version of a suite to another, event by event.

An event is the same when its content is the same; a title that stands for other content is changed. Events
that are listed several times are told apart by how often.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import orjson

from cutover.suites.entries import Entry

NAMED = 50
"""Titles that are named of each kind of change."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Changes:
    """How many events came, went, have other content under their title, or stayed; some titles."""

    added: int = 0
    removed: int = 0
    changed: int = 0
    kept: int = 0
    added_titles: tuple[str, ...] = ()
    removed_titles: tuple[str, ...] = ()
    changed_titles: tuple[str, ...] = ()

    @property
    def any(self) -> bool:
        """Whether an event came, went or changed."""
        return bool(self.added or self.removed or self.changed)


def changes(before: Iterable[Entry], after: Iterable[Entry]) -> Changes:
    """Compare two versions. Order and tags are no change: tags choose events and are no part of them."""
    gone, come, kept = _unmatched(list(before), list(after))
    changed = Counter(entry.title for entry in gone) & Counter(entry.title for entry in come)
    removed, added = _without(gone, changed), _without(come, changed)
    return Changes(
        added=len(added),
        removed=len(removed),
        changed=changed.total(),
        kept=kept,
        added_titles=_titles(added),
        removed_titles=_titles(removed),
        changed_titles=tuple(changed)[:NAMED],
    )


def _unmatched(before: Sequence[Entry], after: Sequence[Entry]) -> tuple[list[Entry], list[Entry], int]:
    """Give the events that have no like on the other side, and how many have one."""
    was, now = [_content(entry) for entry in before], [_content(entry) for entry in after]
    both = Counter(was) & Counter(now)
    return _left(before, was, both), _left(after, now, both), both.total()


def _left(entries: Sequence[Entry], contents: Sequence[bytes], both: Counter[bytes]) -> list[Entry]:
    open_ = Counter(both)
    found = []
    for entry, content in zip(entries, contents, strict=True):
        if open_[content]:
            open_[content] -= 1
        else:
            found.append(entry)
    return found


def _without(entries: Sequence[Entry], titles: Counter[str]) -> list[Entry]:
    open_ = Counter(titles)
    found = []
    for entry in entries:
        if open_[entry.title]:
            open_[entry.title] -= 1
        else:
            found.append(entry)
    return found


def _titles(entries: Sequence[Entry]) -> tuple[str, ...]:
    return tuple(entry.title for entry in entries[:NAMED])


def _content(entry: Entry) -> bytes:
    expected = None if entry.expected_effects is None else [dict(one) for one in entry.expected_effects]
    written = orjson.dumps([entry.event, expected], option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(written).digest()
