"""Probes that both clouds share: objects by listing, messages by taking them from shadow queues.

A listing tells when an object was written in whole seconds only. One that is written again with equal content
within the second of the look before would go unseen, so that look waits until the second has passed. It need
not wait for an object that the invocation does not write.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from cutover.effects import CONTENT_LIMIT_BYTES, Effect, EffectKind, Held, Mark, Twin, changes, content_of
from cutover.errors import Invalid

MOST_OBJECTS = 10_000
MOST_CHANGES = 500
"""An invocation that changes more than this is not compared by its effects, and says so."""
LINGER_S = 1
"""How long a shadow queue is asked for one more message: with less, SQS asks only some of its servers."""

_OBJECTS = (EffectKind.OBJECT_WRITTEN, EffectKind.OBJECT_WRITTEN, EffectKind.OBJECT_DELETED)
_LOOKS, _BETWEEN_LOOKS_S = 10, 0.15


@dataclass(frozen=True, kw_only=True, slots=True)
class Listing:
    """What a bucket holds, and the storage's own clock when it said so, in whole seconds since 1970.

    ``newest``: the keys that were written in the second ``newest_s``.
    """

    held: Mapping[str, Held]
    newest_s: int
    now_s: int
    newest: frozenset[str] = frozenset()


class Newest:
    """The keys that were written last, as a listing comes page by page."""

    def __init__(self) -> None:
        self.second = 0
        self.keys: set[str] = set()

    def add(self, key: str, second: int) -> None:
        """Take one more key into account."""
        if second > self.second:
            self.second, self.keys = second, set()
        if second == self.second:
            self.keys.add(key)


class ObjectProbe:
    """``cutover.ports.EffectProbe`` for a bucket.

    Args:
        look: lists the bucket; raises Invalid when it holds too much.
        read: gives an object's content.
    """

    def __init__(
        self, twin: Twin, look: Callable[[], Listing], read: Callable[[str], bytes], *, cloud: str
    ) -> None:
        self._twin, self._look, self._read, self._cloud = twin, look, read, cloud

    def before(self, touched: Collection[str] | None = None) -> Mark:
        """List, in a second in which nothing was written that may be written again."""
        listing = self._look()
        for _ in range(_LOOKS):
            if listing.newest_s < listing.now_s:
                break
            if touched is not None and listing.newest.isdisjoint(touched):
                break
            time.sleep(_BETWEEN_LOOKS_S)
            listing = self._look()
        fresh = listing.newest if listing.newest_s >= listing.now_s else frozenset()
        return Mark(held=listing.held, fresh=fresh)

    def after(self, mark: Mark) -> tuple[Effect, ...]:
        """List again, and read what was written."""
        held = self._look().held
        touched = [key for key, one in held.items() if mark.held.get(key) != one]
        require_few(len(touched), self._twin, self._cloud)
        return changes(
            self._twin.name, mark.held, held, _OBJECTS, read=lambda key: self._content(held[key], key)
        )

    def _content(self, held: Held, key: str) -> bytes | None:
        return None if (held.size or 0) > CONTENT_LIMIT_BYTES else self._read(key)


class ShadowQueueProbe:
    """``cutover.ports.LingeringProbe`` for a queue that nobody else reads.

    Args:
        take: receives some messages, waiting so many seconds for the first, and removes them.
        said: gives a message's content from its body.
    """

    def __init__(
        self,
        twin: Twin,
        take: Callable[[int], Sequence[str]],
        said: Callable[[str], bytes],
        *,
        cloud: str,
    ) -> None:
        self._twin, self._take, self._said, self._cloud = twin, take, said, cloud
        self._came = 0

    def before(self, touched: Collection[str] | None = None) -> Mark:
        """Empty the queue, unless so much is in it that somebody else must be using it."""
        taken = 0
        while some := self._take(0):
            taken += len(some)
            if taken > MOST_CHANGES:
                raise Invalid(
                    f"More than {MOST_CHANGES} messages wait in the queue of the twin {self._twin.name}: "
                    "that is no shadow queue. Nothing more was taken; declare another.",
                    cloud=self._cloud,
                    operation="probe",
                )
        self._came = 0
        return Mark(strays=taken)

    def some(self) -> tuple[Effect, ...]:
        """Take some of what came, waiting for the first."""
        bodies = self._take(LINGER_S)
        self._came += len(bodies)
        require_few(self._came, self._twin, self._cloud)
        return tuple(
            content_of(EffectKind.MESSAGE_SENT, self._twin.name, "", self._said(body)) for body in bodies
        )

    def after(self, mark: Mark) -> tuple[Effect, ...]:
        """Take what came, until nothing more does."""
        found: list[Effect] = []
        while some := self.some():
            found += some
        return tuple(sorted(found, key=lambda effect: (effect.text, effect.digest)))


def require_few(number: int, twin: Twin, cloud: str) -> None:
    """Raise Invalid when an invocation changed too much to be compared by it."""
    if number > MOST_CHANGES:
        raise Invalid(
            f"More than {MOST_CHANGES} things changed in the twin {twin.name} during one invocation.",
            cloud=cloud,
            operation="probe",
        )


def too_much(twin: Twin, cloud: str, operation: str) -> Invalid:
    """Give the error for a bucket that holds more than is listed around each invocation."""
    return Invalid(
        f"The twin {twin.name} holds over {MOST_OBJECTS} objects. Give it a prefix or a bucket of its own.",
        cloud=cloud,
        operation=operation,
    )
