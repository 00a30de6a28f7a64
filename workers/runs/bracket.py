"""The calls of a pair between looks at their twins: all looks before at once, the calls, all looks after.

Theory of operation. What is found between two looks is laid to the call between them, so pairs go one after
the other, and a pair costs as long as its slowest look. Two kinds of waiting would cost a second each:

- A bucket tells the time of a writing in whole seconds. Which keys an event writes is learned from its pairs
  before, and which keys several events write from all of them. The look waits only while one of these was
  written in the very second; while nothing is known, for any key. What could go unseen is a key that one
  event wrote in that second and another, which never had, writes again with equal content: where one side
  shows it and the other does not, the pair says so, and from then on the run waits for any key.
- A queue is asked until it gives nothing for a second. Both sides are asked side by side, and no longer once
  both gave equally many messages. Should one come after that, the next look before finds it; the pair that
  finds it says so, and from then on the run waits to the end.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TypeVar

from cutover.effects import LATE, UNREAD, Effect, Mark, Names
from cutover.errors import CloudError, TransientCloudError
from cutover.observation import Observation, Outcome, Side
from cutover.ports import EffectProbe, LingeringProbe

_MAY_STILL_RUN = frozenset({Outcome.NO_ANSWER, Outcome.THROTTLED})
_Key = tuple[Side, int]
"""A side, and the place of a twin among those that are looked at."""
_T = TypeVar("_T")
_ENOUGH_EVENTS = 3
"""Different events from which on it is known whether events write the same keys."""
_OTHER = {Side.PRIMARY: Side.CANDIDATE, Side.CANDIDATE: Side.PRIMARY}
_Found = dict[_Key, Sequence[Effect]]
_Failed = dict[Side, CloudError]
_UNTOLD = (
    "Another event had written the same key within the second, so that nobody can tell whether this one "
    "wrote it again. From here on the run waits for that."
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Looks:
    """The probes of one side and the names of twins that are replaced in what they find."""

    probes: tuple[EffectProbe, ...]
    names: Names


@dataclass(slots=True)
class _Writing:
    """Which keys of a twin which events write. ``careful``: what is known of other events is not enough."""

    by_event: dict[bytes, set[str]] = field(default_factory=lambda: defaultdict(set))
    first: dict[str, bytes] = field(default_factory=dict)
    shared: set[str] = field(default_factory=set)
    careful: bool = False

    def touched(self, event: bytes, sides: Collection[Side]) -> Collection[str] | None:
        """Give the keys that an event may write; None: any.

        That no other event ever wrote a key tells nothing where there is no other side to check it with.
        """
        if own := self.by_event.get(event):
            return own | self.shared
        known = len(self.by_event) >= _ENOUGH_EVENTS and len(sides) > 1
        return self.shared if known and not self.careful else None

    def learn(self, event: bytes, keys: Collection[str]) -> None:
        """Take in what an event wrote. That it wrote nothing once says nothing: it may yet."""
        if keys:
            self.by_event[event] |= set(keys)
        self.shared |= {key for key in keys if self.first.setdefault(key, event) != event}


class Bracket:
    """Observes the calls of one run, one pair after the other. Not to be shared by threads.

    Args:
        looks: by side. Two sides are looked at together, so nothing that one of them writes may reach the
            other's twins; where it may, each side has a bracket of its own.
    """

    def __init__(self, looks: Mapping[Side, Looks]) -> None:
        self._looks = looks
        self._probes: dict[_Key, EffectProbe] = {
            (side, at): probe for side, own in looks.items() for at, probe in enumerate(own.probes)
        }
        # Its threads end with it: nothing else refers to the executor.
        self._pool = ThreadPoolExecutor(max(1, len(self._probes)), thread_name_prefix="look")
        self._writing = {at: _Writing() for _, at in self._probes}
        self._patient = len(looks) == 1
        self._begun = False

    def observe(
        self, sides: Sequence[Side], payload: bytes, call: Callable[[Side], Observation]
    ) -> dict[Side, Observation]:
        """Call these sides in their order, and give what each did with what changed meanwhile.

        A look that fails for the moment costs a side its effects; its answer is evidence still. Raises
        CloudError when a look before can never succeed; nothing was called then.
        """
        event = hashlib.sha256(payload).digest()
        marks, failed = self._before(event)
        late = self._late(marks)
        seen = {side: call(side) for side in sides}
        answered = [side for side in sides if side not in failed and seen[side].outcome not in _MAY_STILL_RUN]
        marks = {key: mark for key, mark in marks.items() if key[0] in answered}
        found, unread = self._after(marks)
        reasons = {side: str(error) for side, error in (failed | unread).items()}
        reasons |= dict.fromkeys(self._untold(marks, found), _UNTOLD)
        self._learn(event, seen, found)
        return {
            side: self._with(seen[side], found, reasons.get(side, ""), late.get(side, "")) for side in sides
        }

    # ------------------------------------------------------------------------------------------ before

    def _before(self, event: bytes) -> tuple[dict[_Key, Mark], _Failed]:
        asked = {
            key: self._pool.submit(probe.before, self._writing[key[1]].touched(event, self._looks))
            for key, probe in self._probes.items()
        }
        marks, failed = _answers(asked)
        for error in failed.values():
            if not isinstance(error, TransientCloudError):
                raise error
        return marks, failed

    def _late(self, marks: Mapping[_Key, Mark]) -> Mapping[Side, str]:
        """Say what came after earlier pairs had been compared, and be patient from then on.

        What waits before the first pair is nobody's: calls that warm up leave messages, too.
        """
        strays = {side: sum(mark.strays for key, mark in marks.items() if key[0] is side) for side in Side}
        before_any, self._begun = not self._begun, True
        if before_any or self._patient or not any(strays.values()):
            return {}
        self._patient = True
        return {
            side: f"{number} messages of pairs before came after those had been compared. From here on the "
            "run waits until nothing more comes."
            for side, number in strays.items()
            if number
        }

    # ------------------------------------------------------------------------------------------- after

    def _after(self, marks: Mapping[_Key, Mark]) -> tuple[_Found, _Failed]:
        lingering = {
            key: self._probes[key]
            for key in marks
            if not self._patient and isinstance(self._probes[key], LingeringProbe)
        }
        asked = {
            key: self._pool.submit(self._probes[key].after, mark)
            for key, mark in marks.items()
            if key not in lingering
        }
        came, failed_waiting = self._linger(lingering)
        found, failed = _answers(asked)
        return {**found, **came}, failed | failed_waiting

    def _linger(self, probes: Mapping[_Key, EffectProbe]) -> tuple[_Found, _Failed]:
        """Ask all, until both sides gave equally many of a twin, or nothing more comes from either."""
        came: dict[_Key, list[Effect]] = {key: [] for key in probes}
        failed: _Failed = {}
        waiting = set(probes)
        while waiting:
            asked = {
                key: self._pool.submit(probe.some)
                for key, probe in probes.items()
                if key in waiting and isinstance(probe, LingeringProbe)
            }
            some, errors = _answers(asked)
            failed |= errors
            for key, effects in some.items():
                came[key] += effects
            fresh = {at for (_, at), effects in some.items() if effects}
            waiting = {
                key
                for key in waiting
                if key[1] in fresh and key[0] not in failed and not _alike(came, key[1])
            }
        return {key: sorted(own, key=lambda one: (one.text, one.digest)) for key, own in came.items()}, failed

    def _untold(self, marks: Mapping[_Key, Mark], found: _Found) -> set[Side]:
        """Give the sides of which one shows a key that the other may have written unseen."""
        untold: set[Side] = set()
        for (side, at), mark in marks.items():
            others = found.get((_OTHER[side], at), ())
            own = {one.key for one in found.get((side, at), ())}
            if any(one.key in mark.fresh and one.key not in own for one in others):
                self._writing[at].careful = True
                untold.add(side)
        return untold

    def _learn(self, event: bytes, seen: Mapping[Side, Observation], found: _Found) -> None:
        for (side, at), effects in found.items():
            if seen[side].outcome is Outcome.OK:
                self._writing[at].learn(event, {one.key for one in effects if one.key})

    def _with(self, seen: Observation, found: _Found, unread: str, late: str) -> Observation:
        facts = [(LATE, late)] if late else []
        if seen.outcome in _MAY_STILL_RUN:
            why = "It gave no answer, so nobody knows when it was through."
            return replace(seen, facts=(*seen.facts, *facts, (UNREAD, why)))
        if unread:
            return replace(seen, facts=(*seen.facts, *facts, (UNREAD, unread[:300])))
        names = self._looks[seen.side].names
        own = (names.effect(one) for key, effects in found.items() if key[0] is seen.side for one in effects)
        return replace(seen, facts=(*seen.facts, *facts), effects=tuple(own))


def _alike(came: Mapping[_Key, Collection[Effect]], at: int) -> bool:
    """Tell whether both sides gave equally many messages of a twin, and some."""
    numbers = [len(own) for (_, place), own in came.items() if place == at]
    return len(numbers) == len(Side) and len(set(numbers)) == 1 and numbers[0] > 0


def _answers(asked: Mapping[_Key, Future[_T]]) -> tuple[dict[_Key, _T], _Failed]:
    """Wait for all; give what was seen, and why a side could not be looked at."""
    found: dict[_Key, _T] = {}
    failed: _Failed = {}
    for key, call in _waited(asked):
        try:
            found[key] = call.result()
        except CloudError as exc:
            failed[key[0]] = exc
    return found, failed


def _waited(asked: Mapping[_Key, Future[_T]]) -> Iterable[tuple[_Key, Future[_T]]]:
    for call in asked.values():
        call.exception()
    return asked.items()
