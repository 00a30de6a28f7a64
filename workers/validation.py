"""Carries validation runs out: both sides get each event, the answers become pairs and a verdict.

Theory of operation. A run has ``wanted_pairs`` positions; position p takes event p modulo the suite's size.
Its worker keeps a window of positions in flight, in threads and outside any transaction. Positions are
written down as in flight before they are called, and every quarter of a second what has answered is stored
and more is begun, in one transaction under the lease. A worker that is killed leaves positions in flight of
which nobody knows whether they were answered: they are stored as not comparable, never called a second time,
and as many positions are added in their place. Which side goes first is drawn per position, by the run.
"""

from __future__ import annotations

import hashlib
import time
import uuid
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue

import orjson

from cutover import comparison as comparing
from cutover import noise as rules_of_noise
from cutover.analysis import judge
from cutover.errors import BadInput, CloudError, UnsupportedFeature
from cutover.observation import Outcome, Side
from cutover.suites import lacking
from migrations_app.models import Pair, Run, SuiteEvent
from migrations_app.services import evidence, noise, rules, suites, validation
from migrations_app.services.policies import policy_for
from migrations_app.services.validation import RunLease, RunLeaseLost, WorkersLost
from workers.runs import effects, late_logs, learning, replays, secondary
from workers.runs.calling import Asked, Both, Place, invoke, observe, places

THREADS = 6
"""Calls in flight when a run does not say otherwise: as many as a small reserved concurrency bears."""

SILENT = 24
"""So many calls in a row without an answer end a run."""

_FLUSH_S = 0.25
_FLUSH_PAIRS = 64
_UNANSWERED = frozenset({Outcome.NO_ANSWER, Outcome.THROTTLED})
_CLOUDS = ((Side.PRIMARY, "aws"), (Side.CANDIDATE, "alibaba"))


class Silence(CloudError):
    """No call was answered for a while, so the run was stopped. Check the connection, then run again."""


def run_due(owner: str) -> Run | None:
    """Carry one due run out, if there is one."""
    lease = validation.claim_run(owner=owner)
    return _carry_out(lease) if lease else None


def carry_out_run(run_id: uuid.UUID | str, *, owner: str) -> Run | None:
    """Carry the run out if it is due; None when another worker has it or it has ended."""
    lease = validation.claim_run(owner=owner, run_id=uuid.UUID(str(run_id)))
    return _carry_out(lease) if lease else None


def _carry_out(lease: RunLease) -> Run | None:
    """Carry a claimed run out.

    1. read the run, its events and the rules that hold; settle what a killed worker left in flight;
    2. warm both sides up, and learn from AWS called twice where that is asked, unless pairs are in already;
    3. keep the window full and store what has answered, until silence, the budget or the lost lease stops it;
    4. compare anew what was held for noise, now that more is known of it;
    5. wait a moment for late logs;
    6. judge all pairs of the run and finish.
    """
    try:
        return _all_pairs(lease)
    except RunLeaseLost:
        return None
    except (BadInput, CloudError, UnsupportedFeature, WorkersLost) as exc:
        return validation.fail_run(lease, str(exc))


def _all_pairs(lease: RunLease) -> Run:
    run = Run.objects.select_related("function__connection__counterpart", "suite").get(pk=lease.run_id)
    if run.kind == Run.Kind.LEARN:
        return secondary.carry_out(lease, run)
    where = places(run)
    held = rules.active(run.function_id)
    events = suites.events_of_run(run)
    run = validation.settle_interrupted(lease, [_interrupted(run, events, one) for one in run.in_flight])
    stored = validation.stored_positions(run.pk)
    warm_up = 0
    if any(place.bracket for place in where.values()):
        run = effects.one_at_a_time(run)
    with ThreadPoolExecutor(run.concurrency, thread_name_prefix="validate") as pool:
        if not stored:
            warm_up = _warm_up(lease, pool, run, where, events)
            run = learning.learn(lease, pool, run, where[Side.PRIMARY], events)
        missing = deque(position for position in range(run.wanted_pairs) if position not in stored)
        known = noise.knowledge(run.function_id)
        _Flow(
            lease=lease,
            run=run,
            where=where,
            held=held,
            known=known,
            events=events,
            pool=pool,
            missing=missing,
        ).go()
    learning.settle(lease, held)
    pending = late_logs.wait_within_run(lease, where, held)
    return _finish(lease, run, warm_up, pending, where[Side.PRIMARY].not_compared)


def _finish(lease: RunLease, run: Run, warm_up: int, pending: int, not_compared: str) -> Run:
    found, pairs = evidence.paired_evidence(run)
    verdict = judge(found, policy_for(run.function).analysis)
    explaining = [str(pairs[index].pk) for index in verdict.explains]
    other = evidence.beside(run)
    return validation.finish_run(
        lease,
        verdict,
        detail={
            "explains_pairs": explaining,
            "warm_up_calls": warm_up,
            "pairs": len(found),
            "beside": str(other.pk) if other else "",
            **({"effects_not_compared": not_compared} if not_compared else {}),
        },
        pending=pending,
    )


# ------------------------------------------------------------------------------------------- the window

_Call = Future[tuple[Both, Pair]]


@dataclass(kw_only=True, slots=True)
class _Flow:
    """A window of positions in flight. ``missing``: positions that were not begun yet."""

    lease: RunLease
    run: Run
    where: dict[Side, Place]
    held: Sequence[comparing.Rule]
    known: rules_of_noise.Knowledge
    events: Sequence[SuiteEvent]
    pool: ThreadPoolExecutor
    missing: deque[int]
    _open: set[_Call] = field(default_factory=set)
    _done: SimpleQueue[_Call] = field(default_factory=SimpleQueue)
    _ready: list[Pair] = field(default_factory=list)
    _silent: dict[Side, int] = field(default_factory=lambda: dict.fromkeys(Side, 0))
    _answered: dict[Side, int] = field(default_factory=lambda: dict.fromkeys(Side, 0))

    def go(self) -> None:
        """Call every missing position and store its pair."""
        try:
            while self.missing or self._open or self._ready:
                self._store_and_begin()
                self._gather()
        finally:
            for call in self._open:
                call.cancel()

    def _store_and_begin(self) -> None:
        self._stop_when_silent()
        room = 2 * self.run.concurrency - len(self._open)
        begun = [self.missing.popleft() for _ in range(min(room, len(self.missing)))]
        if self._ready or begun:
            self.run = validation.store_pairs(self.lease, self._ready, begun=begun, known=self.run)
        else:
            validation.renew(self.lease)
        self._ready = []
        if validation.over_budget(self.run):
            self.missing.clear()
        for position in begun:
            asked = asked_of(self.run, self.events, position)
            call = self.pool.submit(self._compared, self.run, asked)
            self._open.add(call)
            call.add_done_callback(self._done.put)

    def _compared(self, run: Run, asked: Asked) -> tuple[Both, Pair]:
        """Call both sides and compare, in a thread of the pool: this one then has time to store."""
        both = observe(self.where, asked)
        return both, row_of(run, asked, both, self.held, self.known)

    def _gather(self) -> None:
        """Wait until enough has answered, or a while: half of the window keeps the threads busy meanwhile."""
        until = time.monotonic() + _FLUSH_S
        enough = min(_FLUSH_PAIRS, self.run.concurrency)
        while self._open and (left := until - time.monotonic()) > 0:
            try:
                call = self._done.get(timeout=left)
            except Empty:
                return
            self._open.remove(call)
            both, pair = call.result()
            self._heed(both)
            self._ready.append(pair)
            if len(self._ready) >= enough and (self.missing or not self._open):
                return

    def _heed(self, both: Both) -> None:
        for side, seen in both.items():
            unanswered = seen.outcome in _UNANSWERED
            self._silent[side] = self._silent[side] + 1 if unanswered else 0
            self._answered[side] += not unanswered

    def _stop_when_silent(self) -> None:
        """Raise Silence after many calls without an answer, or when a whole small run got none."""
        for side, cloud in _CLOUDS:
            silent = self._silent[side]
            over = not self.missing and not self._open and not self._answered[side]
            if silent >= SILENT or (silent and over):
                raise Silence(
                    f"The last {silent} calls were not answered. "
                    "Nothing was judged; check the connection, then validate again.",
                    cloud=cloud,
                    operation="invoke",
                )


def asked_of(run: Run, events: Sequence[SuiteEvent], position: int) -> Asked:
    """Give what a position of a run asks of both sides."""
    row = events[position % len(events)]
    # Drawn from the run's id, so that nothing but the run decides.
    drawn = hashlib.blake2b(f"{run.pk}:{position}".encode(), digest_size=1).digest()[0]
    recorded = replays.recorded(row.recorded) if run.kind == Run.Kind.REPLAY and row.recorded else None
    return Asked(
        position=position,
        title=row.title,
        event=row.event,
        first=Side.PRIMARY if drawn % 2 else Side.CANDIDATE,
        recorded=recorded,
        expected=None if row.expected_effects is None else tuple(row.expected_effects),
    )


def _warm_up(
    lease: RunLease,
    pool: ThreadPoolExecutor,
    run: Run,
    where: dict[Side, Place],
    events: Sequence[SuiteEvent],
) -> int:
    """Call each side once per thread, so that measured calls find warm functions. Gives the calls made."""
    payloads = [orjson.dumps(events[number % len(events)].event) for number in range(run.concurrency)]
    called = [where[side] for side in Side if run.kind == Run.Kind.SUITE or side is Side.CANDIDATE]
    calls = [pool.submit(invoke, place, payload) for place in called for payload in payloads]
    return len(learning.wait(lease, calls))


# -------------------------------------------------------------------------------------------- pairs


def row_of(
    run: Run,
    asked: Asked,
    both: Both,
    held: Sequence[comparing.Rule],
    known: rules_of_noise.Knowledge,
) -> Pair:
    """Give the pair of a position, compared and not yet stored."""
    primary, candidate = both[Side.PRIMARY], both[Side.CANDIDATE]
    compared = comparing.compare(primary, candidate, rules=held)
    row = evidence.pair(
        run,
        position=asked.position,
        title=asked.title,
        event=asked.event,
        first_side=asked.first,
        primary=primary,
        candidate=candidate,
        compared=noise.classified(compared, known),
    )
    if asked.expected is not None:
        row.comparison["expected_effects"] = {
            side.value: None if seen.effects is None else list(lacking(asked.expected, seen.effects))
            for side, seen in both.items()
        }
    return row


def _interrupted(run: Run, events: Sequence[SuiteEvent], position: int) -> Pair:
    """Give the pair of a position whose worker ended: what its calls did is not known."""
    asked = asked_of(run, events, position)
    both = {side: evidence.unknown_observation(side) for side in Side}
    return row_of(run, asked, both, (), rules_of_noise.Knowledge())
