"""Both calls of a pair between looks at their twins: nothing is mixed up, and nothing waits without need."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Sequence

import pytest

from clouds.probing import Listing, ObjectProbe, ShadowQueueProbe
from cutover.effects import LATE, UNREAD, Effect, Held, Mark, Names, Twin, TwinKind, said
from cutover.errors import Denied, NoAnswer, Unavailable
from cutover.observation import Observation, Outcome, Side
from cutover.ports import EffectProbe
from tests.unit.cutover.factories import observation
from workers.runs.bracket import Bracket, Looks

BOTH = tuple(Side)
QUEUE = Twin(name="jobs", kind=TwinKind.QUEUE, primary="a", candidate="b")
BUCKET = Twin(name="reports", kind=TwinKind.BUCKET, primary="a", candidate="b")


class Queue:
    """A shadow queue. ``waits``: how often it was asked in vain by one that lingers."""

    def __init__(self) -> None:
        self.messages: list[str] = []
        self.waits = 0

    def take(self, wait_s: int) -> Sequence[str]:
        found, self.messages = self.messages, []
        self.waits += bool(wait_s) and not found
        return found


class Storage:
    """A bucket whose clock, in whole seconds, moves only when the probe looks again."""

    def __init__(self) -> None:
        self.now_s, self.written = 100, dict[str, int]()
        self.looks = 0

    def look(self) -> Listing:
        self.looks += 1
        held = {key: Held(stamp=str(second), size=1) for key, second in self.written.items()}
        newest = max(self.written.values(), default=0)
        keys = frozenset(key for key, second in self.written.items() if second == newest)
        return Listing(held=held, newest_s=newest, now_s=self.now_s, newest=keys)

    def put(self, key: str) -> None:
        self.written[key] = self.now_s


def bracket(probes: dict[Side, EffectProbe]) -> Bracket:
    return Bracket({side: Looks(probes=(probe,), names=Names(())) for side, probe in probes.items()})


def of_queues() -> tuple[dict[Side, Queue], Bracket]:
    queues = {side: Queue() for side in Side}
    probes = {side: ShadowQueueProbe(QUEUE, queues[side].take, said, cloud="aws") for side in Side}
    return queues, bracket(dict(probes))


def of_buckets(monkeypatch: pytest.MonkeyPatch) -> tuple[dict[Side, Storage], Bracket]:
    stores = {side: Storage() for side in Side}

    def slept(_seconds: float) -> None:
        for store in stores.values():
            store.now_s += 1

    monkeypatch.setattr("clouds.probing.time.sleep", slept)
    probes = {side: ObjectProbe(BUCKET, stores[side].look, lambda _: b"x", cloud="aws") for side in Side}
    return stores, bracket(dict(probes))


def called(seen: Callable[[Side], None], outcome: Outcome = Outcome.OK) -> Callable[[Side], Observation]:
    def call(side: Side) -> Observation:
        seen(side)
        return observation("done", side=side, outcome=outcome)

    return call


def texts(seen: Observation) -> list[str]:
    return [one.text or one.key for one in seen.effects or ()]


# ---------------------------------------------------------------------------------------------- queues


def test_it_waits_no_longer_than_until_both_sides_gave_equally_many_messages() -> None:
    queues, watching = of_queues()
    for number in range(3):
        seen = watching.observe(BOTH, b"", called(lambda side: queues[side].messages.append(f"n{number}")))  # noqa: B023
        assert [texts(one) for one in seen.values()] == [[f"n{number}"]] * 2
    assert [queue.waits for queue in queues.values()] == [0, 0]


def test_a_side_that_gave_fewer_is_waited_for_to_the_end() -> None:
    queues, watching = of_queues()

    def act(side: Side) -> None:
        queues[side].messages += ["one"] if side is Side.PRIMARY else ["one", "two"]

    seen = watching.observe(BOTH, b"", called(act))
    assert [texts(seen[side]) for side in Side] == [["one"], ["one", "two"]]
    assert all(queue.waits for queue in queues.values())


def test_nothing_from_both_sides_is_waited_for_once() -> None:
    queues, watching = of_queues()
    seen = watching.observe(BOTH, b"", called(lambda _: None))
    assert [one.effects for one in seen.values()] == [(), ()]
    assert [queue.waits for queue in queues.values()] == [1, 1]


def test_a_message_that_comes_after_its_pair_is_nobodys_is_said_and_makes_the_run_patient() -> None:
    queues, watching = of_queues()
    queues[Side.PRIMARY].messages = ["of the warm-up"]
    act = called(lambda side: queues[side].messages.append("own"))
    first = watching.observe(BOTH, b"", act)
    assert not [fact for one in first.values() for fact in one.facts], "warming up leaves messages, too"
    queues[Side.CANDIDATE].messages.append("late")
    second = watching.observe(BOTH, b"", act)
    assert [texts(one) for one in second.values()] == [["own"], ["own"]]
    assert [name for name, _ in second[Side.CANDIDATE].facts] == [LATE]
    waits = queues[Side.CANDIDATE].waits
    watching.observe(BOTH, b"", act)
    assert queues[Side.CANDIDATE].waits == waits + 1


# --------------------------------------------------------------------------------------------- objects


def test_it_waits_for_a_second_to_pass_only_while_the_event_may_write_what_was_just_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stores, watching = of_buckets(monkeypatch)

    def pair(event: str) -> list[list[str]]:
        for store in stores.values():
            store.looks = 0
        seen = watching.observe(BOTH, event.encode(), called(lambda side: stores[side].put(event)))
        return [texts(one) for one in seen.values()]

    waits: dict[str, list[int]] = {}
    for event in ("a", "b", "c", "d", "e", "d", "d"):
        assert pair(event) == [["x"], ["x"]], "each pair's own object, written anew with equal content or not"
        waits.setdefault(event, []).append(stores[Side.PRIMARY].looks - 2)
    assert (waits["a"], waits["d"][0], waits["e"]) == ([0], 0, [0])
    assert waits["b"] == waits["c"] == [1], "nothing is known yet of what events write"
    assert waits["d"][2] == 1, "the event before wrote the same key"


def test_a_key_that_several_events_write_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    stores, watching = of_buckets(monkeypatch)

    def act(side: Side) -> None:
        stores[side].put("latest")

    for event in (b"a", b"b", b"c", b"d"):
        seen = watching.observe(BOTH, event, called(act))
        assert [len(one.effects or ()) for one in seen.values()] == [1, 1]


def test_what_cannot_be_told_is_said_and_not_taken_for_a_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    stores, watching = of_buckets(monkeypatch)
    for event in ("a", "b", "c"):
        watching.observe(BOTH, event.encode(), called(lambda side: stores[side].put(event)))  # noqa: B023
    stores[Side.PRIMARY].now_s += 5

    # Only on FC the key was written in this very second, by the pair before.
    seen = watching.observe(BOTH, b"d", called(lambda side: stores[side].put("c")))
    assert texts(seen[Side.PRIMARY]) == ["x"]
    assert seen[Side.CANDIDATE].effects is None
    assert [name for name, _ in seen[Side.CANDIDATE].facts] == [UNREAD]
    again = watching.observe(BOTH, b"e", called(lambda side: stores[side].put("c")))
    assert [texts(one) for one in again.values()] == [["x"], ["x"]], "it is careful from then on"


# --------------------------------------------------------------------------------------------- trouble


class Failing:
    """A probe that fails at a point."""

    def __init__(self, before: Exception | None = None, after: Exception | None = None) -> None:
        self._before, self._after = before, after

    def before(self, touched: Collection[str] | None = None) -> Mark:
        if self._before:
            raise self._before
        return Mark()

    def after(self, mark: Mark) -> tuple[Effect, ...]:
        if self._after:
            raise self._after
        return ()


def busy() -> Unavailable:
    return Unavailable(cloud="aws", operation="probe")


@pytest.mark.parametrize("failing", [Failing(before=busy()), Failing(after=busy())])
def test_a_look_that_fails_costs_that_side_its_effects_and_says_so(failing: Failing) -> None:
    seen = bracket({Side.PRIMARY: failing, Side.CANDIDATE: Failing()}).observe(
        BOTH, b"", called(lambda _: None)
    )
    assert (seen[Side.PRIMARY].effects, seen[Side.CANDIDATE].effects) == (None, ())
    assert [name for name, _ in seen[Side.PRIMARY].facts] == [UNREAD]


def test_a_look_that_can_never_succeed_stops_before_anything_is_called() -> None:
    calls: list[Side] = []
    watching = bracket(
        {Side.PRIMARY: Failing(), Side.CANDIDATE: Failing(before=Denied(cloud="alibaba", operation="probe"))}
    )
    with pytest.raises(Denied):
        watching.observe(BOTH, b"", called(calls.append))
    assert calls == []


def test_a_call_without_an_answer_has_no_effects_and_says_why() -> None:
    queues, watching = of_queues()
    seen = watching.observe(BOTH, b"", called(lambda _: None, Outcome.NO_ANSWER))
    assert [one.effects for one in seen.values()] == [None, None]
    assert {name for one in seen.values() for name, _ in one.facts} == {UNREAD}
    assert [queue.waits for queue in queues.values()] == [0, 0]


def test_a_call_that_cannot_be_made_is_no_observation() -> None:
    def refused(_side: Side) -> Observation:
        raise NoAnswer(cloud="aws", operation="invoke")

    with pytest.raises(NoAnswer):
        of_queues()[1].observe(BOTH, b"", refused)


def test_both_sides_are_looked_at_at_once_and_called_one_after_the_other() -> None:
    meeting, order = threading.Barrier(2, timeout=10), list[Side]()

    class Meeting(Failing):
        def before(self, touched: Collection[str] | None = None) -> Mark:
            meeting.wait()
            return Mark()

        def after(self, mark: Mark) -> tuple[Effect, ...]:
            meeting.wait()
            return ()

    watching = bracket({side: Meeting() for side in Side})
    watching.observe((Side.CANDIDATE, Side.PRIMARY), b"", called(order.append))
    assert order == [Side.CANDIDATE, Side.PRIMARY]
