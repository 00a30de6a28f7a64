"""Logs that did not come with the answers: asked for again, first by the run, then by the tick.

CloudWatch Logs and SLS show a line seconds after it was written, sometimes minutes. Until then the pair's
logs are pending, which is not missing. When they are in, only what hangs on logs is compared anew.
"""

from __future__ import annotations

import datetime as dt
import time
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import replace

from django.utils import timezone

from cutover.comparison import Rule
from cutover.errors import BadInput, CloudError, UnsupportedFeature
from cutover.observation import Observation, Outcome, Side
from migrations_app.models import Pair
from migrations_app.services import evidence, rules, validation
from migrations_app.services.validation import RunLease
from workers.runs import calling
from workers.runs.calling import Place

PATIENCE_S = 4.0
_PAUSE_S = 0.4
_EARLIER, _LATER = dt.timedelta(seconds=5), dt.timedelta(minutes=20)
_AT_ONCE = 200
_NEVER = frozenset({Outcome.THROTTLED, Outcome.NO_ANSWER})


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
    until = time.monotonic() + PATIENCE_S
    while pending := list(_pending(lease.run_id)):
        _complete(pending, where, held)
        validation.renew(lease)
        if time.monotonic() >= until:
            break
        time.sleep(_PAUSE_S)
    return validation.count_pending(lease.run_id)


def catch_up() -> int:
    """Ask once for the late logs of finished runs that are due; judge those anew where some came."""
    came = 0
    for run in validation.runs_with_late_logs():
        try:
            where = calling.places(run)
            now_in = _complete(_pending(run.pk), where, rules.active(run.function_id))
        except (BadInput, CloudError, UnsupportedFeature):
            now_in = 0
        validation.note_late_logs(run, came=now_in)
        came += now_in
    return came


def _pending(run_id: uuid.UUID) -> Iterable[Pair]:
    return Pair.objects.filter(run_id=run_id, logs_pending=True).order_by("position")[:_AT_ONCE]


def _complete(pairs: Iterable[Pair], where: dict[Side, Place], held: Sequence[Rule]) -> int:
    came = 0
    for pair in pairs:
        seen = {
            side: fetch(where[side], evidence.observation_from_document(side, document))
            for side, document in ((Side.PRIMARY, pair.primary), (Side.CANDIDATE, pair.candidate))
        }
        if all(one.logs is not None for one in seen.values()):
            evidence.complete_logs(pair, seen[Side.PRIMARY], seen[Side.CANDIDATE], held)
            came += 1
    return came
