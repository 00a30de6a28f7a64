"""Live evidence as rows: what taps and relays reported, rolled up, folded and judged under a lock.

One transaction per function and batch: the row lock makes a message that the queue delivers twice count once,
and keeps fold and judgement in step with each other. Events outside the present step are kept and rolled up,
but decide nothing.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from cutover.analysis import (
    CheckResult,
    LiveState,
    Result,
    judge_live,
    live_document,
    live_from_document,
    observe_live,
)
from cutover.observation import Side
from cutover.shifting import SERVING
from migrations_app.models import FunctionMigration, LiveObservation, TrafficSlot
from migrations_app.services import audit, bell
from migrations_app.services.policies import policy_for
from migrations_app.services.redaction import redact

SLOT_S = 10
_EXPLAINING = 5
KEEP_EVENTS = dt.timedelta(days=1)
KEEP_ERRORS = dt.timedelta(days=30)
_PRUNED_AT_ONCE = 5_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """One event as a tap or a relay reported it. ``at``: when it began; ``error``: it was not answered well.

    ``duration_ms``: the platform's own duration where known; ``hop_ms``: the relay's whole way to FC.
    """

    function: str
    side: Side
    request_id: str
    at: dt.datetime
    outcome: str
    error: bool
    error_type: str = ""
    candidate_request_id: str = ""
    duration_ms: float | None = None
    hop_ms: float | None = None
    event: Any = None
    answer: Any = None
    body_hashes: Mapping[str, Any] | None = None

    @property
    def ended_at(self) -> dt.datetime:
        """When its answer was there: ``at`` is when it began."""
        return self.at + dt.timedelta(milliseconds=max(self.duration_ms or 0.0, self.hop_ms or 0.0))


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """What a batch did to one function. ``fresh``: events that were not there before.

    ``tipped_at``: when the newest failing event on FC of this batch was answered, None without one.
    ``observations``: keys of the events that prove a FAIL, newest first.
    """

    function_id: int
    fresh: int
    serving: bool
    result: Result
    sentence: str
    tipped_at: dt.datetime | None
    observations: tuple[int, ...] = ()


def record(
    connection_id: int, reports: Sequence[Report], *, received_at: dt.datetime
) -> tuple[tuple[Judged, ...], frozenset[str]]:
    """Store, roll up, fold and judge a batch. Safe to repeat with the same reports.

    Returns:
        one ``Judged`` per function in the batch, and the names of functions that are not in the inventory.
    """
    by_name: dict[str, list[Report]] = {}
    for report in reports:
        by_name.setdefault(report.function, []).append(report)
    judged, unknown = [], set()
    for name, own in sorted(by_name.items()):
        with transaction.atomic():
            function = (
                FunctionMigration.objects.select_for_update()
                .filter(connection_id=connection_id, name=name)
                .first()
            )
            if function is None:
                unknown.add(name)
                continue
            judged.append(_record(function, own, received_at))
    return tuple(judged), frozenset(unknown)


def _record(function: FunctionMigration, reports: Sequence[Report], received_at: dt.datetime) -> Judged:
    fresh = _fresh(function, reports)
    weight_bp = max(function.desired_weight_bp, function.observed_weight_bp or 0)
    rows = [_row(function, report, weight_bp, received_at) for report in fresh]
    LiveObservation.objects.bulk_create(rows)
    _roll_up(function, rows)
    of_step = [report for report in fresh if _in_step(function, report)]
    if of_step:
        _fold(function, of_step, weight_bp)
    serving = function.stage in SERVING
    failed = serving and function.live_result == Result.FAIL
    errors = [r.ended_at for r in of_step if r.error and r.side is Side.CANDIDATE]
    return Judged(
        function_id=function.pk,
        fresh=len(fresh),
        serving=serving,
        result=Result(function.live_result or Result.INCONCLUSIVE),
        sentence=function.live_sentence,
        tipped_at=max(errors, default=None),
        observations=failing_observations(function) if failed else (),
    )


def _fresh(function: FunctionMigration, reports: Sequence[Report]) -> list[Report]:
    """Give the reports that are not stored yet, each once. The caller holds the function's lock."""
    known = set(
        LiveObservation.objects.filter(
            function=function, request_id__in=[report.request_id for report in reports]
        ).values_list("request_id", "side")
    )
    fresh: list[Report] = []
    for report in sorted(reports, key=lambda one: one.at):
        key = (report.request_id[:64], report.side.value)
        if key not in known:
            known.add(key)
            fresh.append(report)
    return fresh


def _row(
    function: FunctionMigration, report: Report, weight_bp: int, received_at: dt.datetime
) -> LiveObservation:
    return LiveObservation(
        function=function,
        side=report.side.value,
        request_id=report.request_id[:64],
        candidate_request_id=report.candidate_request_id[:64],
        outcome=report.outcome[:12],
        error=report.error,
        error_type=report.error_type[:120],
        duration_ms=report.duration_ms,
        hop_ms=report.hop_ms,
        weight_bp=weight_bp,
        at=report.at,
        received_at=received_at,
        event=redact(report.event),
        answer=redact(report.answer),
        body_hashes=dict(report.body_hashes or {}),
    )


def _in_step(function: FunctionMigration, report: Report) -> bool:
    if function.stage not in SERVING or function.step_started_at is None:
        return False
    return report.at >= function.step_started_at


def _fold(function: FunctionMigration, reports: Iterable[Report], weight_bp: int) -> None:
    policy = policy_for(function).analysis
    state = live_from_document(function.live_state) if function.live_state else LiveState.start(policy)
    for report in reports:
        state = observe_live(
            state,
            side=report.side,
            error=report.error,
            weight_bp=weight_bp,
            duration_ms=report.duration_ms,
        )
        if report.side is Side.CANDIDATE:
            function.step_candidate_events += 1
        else:
            function.step_primary_events += 1
    check = judge_live(state, weight_bp=weight_bp, policy=policy)
    function.live_state = live_document(state)
    _put(function, check)


def _put(function: FunctionMigration, check: CheckResult) -> None:
    # A FAIL stands until the next step begins: later good events do not unsay it.
    if function.live_result != Result.FAIL:
        function.live_result, function.live_sentence = check.result.value, check.sentence[:400]
    function.save(
        update_fields=[
            "live_state",
            "live_result",
            "live_sentence",
            "step_candidate_events",
            "step_primary_events",
            "changed_at",
        ]
    )


def failing_observations(function: FunctionMigration) -> tuple[int, ...]:
    """Give the keys of the newest failing events on FC in the present step."""
    rows = LiveObservation.objects.filter(function=function, side=Side.CANDIDATE.value, error=True)
    if function.step_started_at:
        rows = rows.filter(at__gte=function.step_started_at)
    return tuple(rows.order_by("-id").values_list("pk", flat=True)[:_EXPLAINING])


# ------------------------------------------------------------------------------------------ roll-ups


def _roll_up(function: FunctionMigration, rows: Sequence[LiveObservation]) -> None:
    groups: dict[tuple[str, dt.datetime], list[LiveObservation]] = {}
    for row in rows:
        groups.setdefault((row.side, slot_start(row.at)), []).append(row)
    for (side, at), own in groups.items():
        slot, _ = TrafficSlot.objects.get_or_create(function=function, side=side, at=at)
        for row in own:
            _count(slot, row)
        slot.save()


def slot_start(at: dt.datetime) -> dt.datetime:
    """Give the start of the ten seconds that ``at`` falls into."""
    seconds = int(at.timestamp())
    return dt.datetime.fromtimestamp(seconds - seconds % SLOT_S, dt.UTC)


def bucket(duration_ms: float) -> str:
    """Give the histogram's key: the upper bound in ms, a power of the square root of 2."""
    power = math.ceil(2 * math.log2(max(duration_ms, 1.0)) - 1e-9)
    return f"{2 ** (power / 2):.4g}"


def _count(slot: TrafficSlot, row: LiveObservation) -> None:
    slot.events += 1
    slot.errors += row.error
    slot.weight_bp = max(slot.weight_bp, row.weight_bp)
    if row.duration_ms is not None:
        slot.duration_sum_ms += row.duration_ms
        slot.duration_max_ms = max(slot.duration_max_ms, row.duration_ms)
        key = bucket(row.duration_ms)
        slot.histogram[key] = slot.histogram.get(key, 0) + 1


# ------------------------------------------------------------------------------- what watch writes


def advise(function: FunctionMigration, sentence: str) -> bool:
    """Store what is missing or comes next, if it is new. Gives whether it was."""
    sentence = sentence[:400]
    return bool(
        FunctionMigration.objects.filter(pk=function.pk, version=function.version)
        .exclude(advice=sentence)
        .update(advice=sentence, changed_at=timezone.now())
    )


def escalate(function: FunctionMigration, sentence: str, *, actor: str) -> bool:
    """Ask a person, once per sentence: advice, audit trail and inbox. Gives whether it was new."""
    with transaction.atomic():
        if not advise(function, sentence):
            return False
        audit.record(actor=actor, verb="escalate", function=function, reason=sentence)
        bell.tell(f"fn-{function.pk}", "inbox")
    return True


def confirm_weight(function: FunctionMigration, observed_bp: int | None, *, read_at: dt.datetime) -> bool:
    """Store the weight that was read back, unless a newer reading came between.

    ``function`` as it was before the reading. Gives whether it was stored.
    """
    rows = FunctionMigration.objects.filter(pk=function.pk, weight_read_at=function.weight_read_at)
    return bool(rows.update(observed_weight_bp=observed_bp, weight_read_at=read_at))


def prune(now: dt.datetime) -> int:
    """Drop single events that nobody will look at any more; roll-ups stay. Gives how many, 5,000 at most."""
    old = LiveObservation.objects.filter(
        Q(error=False, at__lt=now - KEEP_EVENTS) | Q(at__lt=now - KEEP_ERRORS)
    )
    keys = list(old.values_list("pk", flat=True)[:_PRUNED_AT_ONCE])
    return LiveObservation.objects.filter(pk__in=keys).delete()[0]


def store_trouble(function: FunctionMigration, sentence: str) -> None:
    """Say that the function's live evidence could not be judged: its result is ERROR, FAIL stays FAIL."""
    FunctionMigration.objects.filter(pk=function.pk).exclude(live_result=Result.FAIL.value).update(
        live_result=Result.ERROR.value, live_sentence=sentence[:400], changed_at=timezone.now()
    )
