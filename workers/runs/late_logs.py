"""Logs that did not come with the answers: asked for again, first by the run, then by the tick.

CloudWatch Logs and SLS show a line seconds after it was written, sometimes minutes. Until then the pair's
logs are pending, which is not missing. When they are in, only what hangs on logs is compared anew. A replay's
AWS side was called by somebody else: its logs are found by the request id that the tap reported. When
patience ends without them, the pair says that its logs were not compared.
"""

from __future__ import annotations

import datetime as dt
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from dataclasses import replace
from typing import TypeVar

from django.utils import timezone

from cutover.comparison import Rule
from cutover.errors import BadInput, CloudError, UnsupportedFeature
from cutover.observation import Observation, Outcome, Side
from migrations_app.models import Pair
from migrations_app.services import evidence, late_logs, noise, rules, validation
from migrations_app.services.validation import RunLease
from workers.runs import calling
from workers.runs.calling import Place

PATIENCE_S = 4.0
LEARNING_PATIENCE_S = 10.0
"""How long a run waits for the logs of calls that it learns from; they are asked for then or never."""
CATCH_UP_S = 20.0
"""How long one run's late logs are asked for in one go, while some come."""
_PAUSE_S = 0.4
_RENEW_S = 5.0
_EARLIER, _LATER = dt.timedelta(seconds=5), dt.timedelta(minutes=20)
_AT_ONCE = 200
_THREADS = 8
_NEVER = frozenset({Outcome.THROTTLED, Outcome.NO_ANSWER})
_Twice = tuple[Observation, Observation]
_T = TypeVar("_T")
_K = TypeVar("_K")


def fetch(place: Place, seen: Observation) -> Observation:
    """Give the observation with its logs, or as it was while they are pending."""
    if seen.logs is not None or not seen.request_id or seen.outcome in _NEVER:
        return seen
    try:
        lines = place.logs.lines(
            place.function,
            seen.request_id,
            since=seen.at - _EARLIER,
            until=min(timezone.now() + _EARLIER, seen.at + _LATER),
        )
    except CloudError:
        # Logs are shown and decide nothing by default: an answer without them still is evidence.
        return seen
    return seen if lines is None else replace(seen, logs=lines)


def wait_within_run(lease: RunLease, where: dict[Side, Place], held: Sequence[Rule]) -> int:
    """Ask for the logs of the run's pending pairs until all are in or patience ends; give how many lack."""
    if not validation.count_pending(lease.run_id):
        return 0
    _ask_while(
        lambda: _complete(lease.run_id, lease.function_id, where, held, lambda: validation.renew(lease)),
        lambda _came: bool(validation.count_pending(lease.run_id)),
        seconds=PATIENCE_S,
        pause_s=_PAUSE_S,
    )
    return validation.count_pending(lease.run_id)


def learn_within_run(lease: RunLease, place: Place, pairs: Sequence[_Twice]) -> None:
    """Ask for the logs of calls that were made to learn from, and learn from those that come in time."""
    left = [both for both in pairs if any(one.logs is None and one.request_id for one in both)]

    def asked() -> int:
        with ThreadPoolExecutor(_THREADS, thread_name_prefix="logs") as pool:
            calls = {pool.submit(_both_of, place, both): at for at, both in enumerate(left)}
            found = dict(_as_done(calls, lambda: validation.renew(lease)))
        done = {at for at, both in found.items() if all(one.logs is not None for one in both)}
        for at in sorted(done):
            noise.learn_logs(lease.function_id, *found[at])
        left[:] = [both for at, both in sorted(found.items()) if at not in done]
        return len(done)

    if left:
        _ask_while(asked, lambda _came: bool(left), seconds=LEARNING_PATIENCE_S, pause_s=_PAUSE_S)


def _both_of(place: Place, both: _Twice) -> _Twice:
    return fetch(place, both[0]), fetch(place, both[1])


def catch_up() -> int:
    """Ask once for the late logs of finished runs that are due; judge those anew where some came.

    Of a run whose patience has ended, pairs without logs say so from then on.
    """
    came = 0
    for run in validation.runs_with_late_logs():
        try:
            where, held = calling.places(run, looking=False), rules.active(run.function_id)
            now_in = _ask_while(
                lambda run=run, where=where, held=held: _complete(  # type: ignore[misc]
                    run.pk, run.function_id, where, held, lambda: None
                ),
                bool,
                seconds=CATCH_UP_S,
            )
        except (BadInput, CloudError, UnsupportedFeature):
            now_in = 0
        validation.note_late_logs(run, came=now_in)
        if run.logs_due_at is None:
            late_logs.give_up(run.pk)
        came += now_in
    return came


def _ask_while(
    ask: Callable[[], int], again: Callable[[int], bool], *, seconds: float, pause_s: float = 0.0
) -> int:
    """Ask once, and again while ``again`` says so of what came last and time is left; give all that came."""
    until, came = time.monotonic() + seconds, 0
    while True:
        now_in = ask()
        came += now_in
        if not again(now_in) or time.monotonic() >= until:
            return came
        time.sleep(pause_s)


def _complete(
    run_id: uuid.UUID,
    function_id: int,
    where: dict[Side, Place],
    held: Sequence[Rule],
    renew: Callable[[], None],
) -> int:
    """Ask for the logs of some pending pairs, several at a time, and store what came; give whole pairs."""
    known, came = noise.knowledge(function_id), 0
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="logs") as pool:
        calls = {pool.submit(_both_sides, where, pair): pair for pair in _pending(run_id)}
        for pair, (primary, candidate) in _as_done(calls, renew):
            if primary.logs is not None and candidate.logs is not None:
                came += late_logs.complete(pair, primary, candidate, held, known)
            else:
                late_logs.arrived_in_part(pair, primary, candidate)
    return came


def _pending(run_id: uuid.UUID) -> Sequence[Pair]:
    """Give some pairs that wait, drawn anew each time: those that wait for ever must not stop the others."""
    rows = Pair.objects.filter(run_id=run_id, logs_pending=True)
    chosen = list(rows.order_by("?").values_list("pk", flat=True)[:_AT_ONCE])
    return list(rows.filter(pk__in=chosen))


def _both_sides(where: dict[Side, Place], pair: Pair) -> _Twice:
    primary, candidate = (
        fetch(where[side], evidence.observation_from_document(side, document))
        for side, document in ((Side.PRIMARY, pair.primary), (Side.CANDIDATE, pair.candidate))
    )
    return primary, candidate


def _as_done(calls: dict[Future[_T], _K], renew: Callable[[], None]) -> Iterator[tuple[_K, _T]]:
    """Give what was asked for as it comes, and renew the lease meanwhile."""
    left, renewed = set(calls), time.monotonic()
    try:
        while left:
            done, left = wait_for(left, timeout=_RENEW_S, return_when=FIRST_COMPLETED)
            if time.monotonic() - renewed >= _RENEW_S:
                renew()
                renewed = time.monotonic()
            for call in done:
                yield calls[call], call.result()
    finally:
        for call in left:
            call.cancel()
