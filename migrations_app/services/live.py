"""Live evidence as rows: what taps and relays reported, rolled up, folded and judged under a lock.

One transaction per function and batch: the row lock makes a message that the queue delivers twice count once,
and keeps fold and judgement in step with each other. Events outside the present step are kept and rolled up,
but decide nothing.

Single events lie in a table by days (``services.days``), on the day of their own clock, so that the second
copy of a message finds the first without looking further. Days are made ahead by who keeps house, and here
should that have slept. Good events are kept for ``CUTOVER_KEEP_LIVE_DAYS``, failing ones and the roll-ups per
ten seconds for as long as pairs.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction
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
from migrations_app.models import FunctionMigration, LiveObservation
from migrations_app.services import audit, bell, bulk, days, slots
from migrations_app.services.policies import policy_for
from migrations_app.services.redaction import redact

_EXPLAINING = 5
LIVE = days.DayTable(name=LiveObservation._meta.db_table, by_error=True)
AHEAD_DAYS = 2
_DAY = dt.timedelta(days=1)


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
    days.ensure(LIVE, {_day(report, received_at) for report in reports})
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
    fresh = _fresh(function, reports, received_at)
    weight_bp = max(function.desired_weight_bp, function.observed_weight_bp or 0)
    rows = [_row(function, report, weight_bp, received_at) for report in fresh]
    bulk.copy_in(LiveObservation, rows, leave_out=("id",))
    slots.add(function, rows)
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


def _day(report: Report, received_at: dt.datetime) -> dt.date:
    """Give the day that a report belongs to: of its own clock, in UTC, as far as that can be right.

    The queue keeps a message for a day. What claims to be older than yesterday, or of after tomorrow, goes to
    the day on which it came.
    """
    day, came = days.utc_day(report.at), days.utc_day(received_at)
    return day if abs(day - came) <= _DAY else came


def _fresh(function: FunctionMigration, reports: Sequence[Report], received_at: dt.datetime) -> list[Report]:
    """Give the reports that are not stored yet, each once. The caller holds the function's lock."""
    came = days.utc_day(received_at)
    stored = LiveObservation.objects.filter(
        function=function,
        request_id__in=[_cut(report.request_id, 64) for report in reports],
        # One whose clock is wrong lies on the day that its first copy came, which may be yesterday.
        day__in={came, came - _DAY} | {days.utc_day(report.at) for report in reports},
    )
    known = set(stored.order_by().values_list("request_id", "side"))
    fresh: list[Report] = []
    for report in sorted(reports, key=lambda one: one.at):
        key = (_cut(report.request_id, 64), report.side.value)
        if key not in known:
            known.add(key)
            fresh.append(report)
    return fresh


def _row(
    function: FunctionMigration, report: Report, weight_bp: int, received_at: dt.datetime
) -> LiveObservation:
    return LiveObservation(
        day=_day(report, received_at),
        function=function,
        side=report.side.value,
        request_id=_cut(report.request_id, 64),
        candidate_request_id=_cut(report.candidate_request_id, 64),
        outcome=_cut(report.outcome, 12),
        error=report.error,
        error_type=_cut(report.error_type, 120),
        duration_ms=report.duration_ms,
        hop_ms=report.hop_ms,
        weight_bp=weight_bp,
        at=report.at,
        received_at=received_at,
        event=_storable(redact(report.event)),
        answer=_storable(redact(report.answer)),
        body_hashes=_storable(dict(report.body_hashes or {})),
    )


def _cut(text: str, most: int) -> str:
    """Give a text as a column takes it: PostgreSQL holds no NUL."""
    return text.replace("\x00", "\ufffd")[:most]


def _storable(document: Any) -> Any:
    """Give a document as PostgreSQL's jsonb takes it: without NUL, in keys and in values."""
    if isinstance(document, str):
        return document.replace("\x00", "\ufffd")
    if isinstance(document, dict):
        return {_storable(key): _storable(value) for key, value in document.items()}
    if isinstance(document, list):
        return [_storable(item) for item in document]
    return document


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
        since = function.step_started_at
        # An event never lies on a day before its own, so that older days need not be opened.
        rows = rows.filter(at__gte=since, day__gte=days.utc_day(since) - _DAY)
    return tuple(rows.order_by("-at", "-id").values_list("pk", flat=True)[:_EXPLAINING])


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


def store_trouble(function: FunctionMigration, sentence: str) -> None:
    """Say that the function's live evidence could not be judged: its result is ERROR, FAIL stays FAIL."""
    FunctionMigration.objects.filter(pk=function.pk).exclude(live_result=Result.FAIL.value).update(
        live_result=Result.ERROR.value, live_sentence=sentence[:400], changed_at=timezone.now()
    )


# ---------------------------------------------------------------------------------------------- days


def ensure_days(first: dt.date, *, ahead: int = AHEAD_DAYS) -> tuple[dt.date, ...]:
    """Make the partitions of ``first`` and the days after it that are missing; give those made."""
    return days.ensure(LIVE, [first + number * _DAY for number in range(ahead + 1)])


def drop_days(today: dt.date) -> tuple[dt.date, ...]:
    """Drop single events that are older than is kept, days as a whole; give the days that lost any.

    Good ones go after ``CUTOVER_KEEP_LIVE_DAYS``, failing ones after ``CUTOVER_KEEP_PAIRS_DAYS``.
    """
    of_pairs = today - settings.KEEP_PAIRS_DAYS * _DAY
    whole = days.drop(LIVE, of_pairs)
    good = days.drop(LIVE, max(of_pairs, today - settings.KEEP_LIVE_DAYS * _DAY), part=days.GOOD)
    return tuple(sorted({*whole, *good}))
