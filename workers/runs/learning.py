"""Noise, learned from AWS against itself before a run calls its pairs."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from typing import TypeVar

import orjson
from django.db.models import Q

from cutover.comparison import Comparison, PairOutcome, Rule
from cutover.noise import LEARNED
from cutover.observation import Observation, Side
from migrations_app.models import Pair, Run, SuiteEvent
from migrations_app.services import evidence, noise, recorded, reevaluation, validation
from migrations_app.services.validation import RunLease
from workers.runs import late_logs
from workers.runs.calling import Place, invoke

_RENEW_S = 5.0
_T = TypeVar("_T")


def learn(
    lease: RunLease, pool: ThreadPoolExecutor, run: Run, primary: Place, events: Sequence[SuiteEvent]
) -> Run:
    """Call AWS twice for each event that is still to be learned from, and count what differs.

    Each batch is written down before it is called: one that a worker was killed in is not called again.
    Logs that did not come with the answers are asked for at the end. A replay learns first from what AWS had
    answered more than once; its worker does so once, since nothing is called for it.
    """
    if run.kind == Run.Kind.REPLAY and run.fence == 1:
        for one, again in recorded.pairs(run):
            noise.learn_recorded(run.function_id, one, again)
        validation.renew(lease)
    late: list[tuple[Observation, Observation]] = []
    while run.learned < run.learn and not validation.over_budget(run):
        first, number = run.learned, min(run.concurrency, run.learn - run.learned)
        validation.begin_learning(lease, number)
        payloads = [orjson.dumps(events[place % len(events)].event) for place in range(first, first + number)]
        seen = wait(lease, [pool.submit(_twice, primary, payload) for payload in payloads])
        for one, again in seen:
            noise.learn(run.function_id, one, again)
        late += [both for both in seen if any(one.logs is None for one in both)]
        run = validation.count_calls(lease, Side.PRIMARY, [each for both in seen for each in both])
    late_logs.learn_within_run(lease, primary, late)
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
    """Compare the run's pairs anew that were held for noise; give how many now differ from what they were.

    The first pairs are compared before FC's own share in a field is known; at the end it is. A field that
    differs significantly more often on FC counts then, also in the first pairs, and so does a line of logs.
    """
    known = noise.knowledge(lease.function_id)
    if not known.itself:
        return 0
    held_for = Q(outcome=PairOutcome.NOISE.value)
    if known.logs.itself:
        held_for |= Q(comparison__differences__contains=[{"part": "logs", "reason": LEARNED}])
    rows = Pair.objects.filter(held_for, run_id=lease.run_id)
    judged = [(row, reevaluation.anew(row, held, known)) for row in rows]
    changed = [(row, fresh) for row, fresh in judged if fresh is not None and _moved(row, fresh)]
    validation.renew(lease)
    reevaluation.write(changed)
    return len(changed)


def _moved(row: Pair, fresh: Comparison) -> bool:
    """Tell whether a pair counts otherwise than it did, by its answer or by its logs."""
    logs = evidence.logs_differ(fresh)
    return fresh.outcome != row.outcome or (logs is not None and logs != row.comparison.get("logs_differ"))
