"""Noise, learned from AWS against itself before a run calls its pairs."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from typing import TypeVar

import orjson

from cutover.comparison import PairOutcome, Rule
from cutover.observation import Observation, Side
from migrations_app.models import Pair, Run, SuiteEvent
from migrations_app.services import noise, reevaluation, validation
from migrations_app.services.validation import RunLease
from workers.runs.calling import Place, invoke

_RENEW_S = 5.0
_T = TypeVar("_T")


def learn(
    lease: RunLease, pool: ThreadPoolExecutor, run: Run, primary: Place, events: Sequence[SuiteEvent]
) -> Run:
    """Call AWS twice for each event that is still to be learned from, and count what differs.

    Each batch is written down before it is called: one that a worker was killed in is not called again.
    """
    while run.learned < run.learn and not validation.over_budget(run):
        first, number = run.learned, min(run.concurrency, run.learn - run.learned)
        validation.begin_learning(lease, number)
        payloads = [orjson.dumps(events[place % len(events)].event) for place in range(first, first + number)]
        seen = wait(lease, [pool.submit(_twice, primary, payload) for payload in payloads])
        for one, again in seen:
            noise.learn(run.function_id, one, again)
        run = validation.count_calls(lease, Side.PRIMARY, [each for both in seen for each in both])
    return run


def _twice(place: Place, payload: bytes) -> tuple[Observation, Observation]:
    return invoke(place, payload), invoke(place, payload)


def wait(lease: RunLease, calls: Sequence[Future[_T]]) -> list[_T]:
    """Wait for all, renewing the lease meanwhile; the first error stops the rest."""
    open_calls = set(calls)
    try:
        while open_calls:
            done, open_calls = wait_for(open_calls, timeout=_RENEW_S, return_when="FIRST_EXCEPTION")
            for call in done:
                call.result()
            validation.renew(lease)
    finally:
        for call in open_calls:
            call.cancel()
    return [call.result() for call in calls]


def settle(lease: RunLease, held: Sequence[Rule]) -> int:
    """Compare the run's pairs anew that were held for noise; give how many now count.

    The first pairs are compared before FC's own share in a field is known; at the end it is. A field that
    differs significantly more often on FC counts then, also in the first pairs.
    """
    known = noise.knowledge(lease.function_id)
    if not known.itself:
        return 0
    rows = Pair.objects.filter(run_id=lease.run_id, outcome=PairOutcome.NOISE.value)
    judged = [(row, reevaluation.anew(row, held, known)) for row in rows]
    changed = [(row, fresh) for row, fresh in judged if fresh is not None and fresh.outcome != row.outcome]
    validation.renew(lease)
    reevaluation.write(changed)
    return len(changed)
