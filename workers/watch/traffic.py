"""What traffic does next: decided for each function that serves, carried out or written down as advice."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from cutover.analysis import Result
from cutover.errors import GuardNotMet, OperationRunning, StaleState
from cutover.phases import Phase, Trigger
from cutover.planning import FULL_BP
from cutover.shifting import SERVING, Escalate, Finish, RollBack, Shift, Snapshot, Wait, decide_traffic
from migrations_app.models import FunctionMigration, OperationState
from migrations_app.services import live, phases, shifting
from workers.watch import way_back
from workers.watch.snapshots import snapshot

logger = logging.getLogger(__name__)
ACTOR = "watch"
AGAIN_AFTER = timedelta(seconds=60)
"""A move that failed is tried again by itself only after this."""


def consider_all() -> tuple[int, ...]:
    """Decide for every function that may serve from FC. Gives the keys of those where something changed."""
    changed = []
    for function in FunctionMigration.objects.filter(phase__in=list(SERVING)).select_related("connection"):
        try:
            if consider(function):
                changed.append(function.pk)
        except Exception:  # one function's trouble is recorded on it and must not stop the others
            logger.exception("No decision could be made for %s.", function.name)
            live.store_trouble(function, "The decision on this function's traffic failed; the log says more.")
    return tuple(changed)


def consider(function: FunctionMigration) -> bool:
    """Decide for one function and act on it. Gives whether anything changed."""
    now = timezone.now()
    seen = snapshot(function, now)
    match decide_traffic(seen):
        case RollBack():
            return _go_back(function, now)
        case Escalate(sentence=sentence):
            return live.escalate(function, sentence, actor=ACTOR)
        case Shift(to_bp=to_bp):
            return _climb(function, to_bp, now)
        case Finish():
            return _finish(function)
        case Wait(sentence=sentence):
            return function.stage is Phase.SHIFTING and live.advise(function, _advice(seen, sentence))


def _advice(seen: Snapshot, sentence: str) -> str:
    if seen.ladder or seen.held or seen.operation_running or seen.desired_bp >= FULL_BP:
        return sentence
    return f"Set by hand: {seen.desired_bp / 100:g}% stays until somebody changes it. {sentence}"


def _go_back(function: FunctionMigration, now: datetime) -> bool:
    """Take back what failed earlier: a kill between judgement and rollback ends up here, as do bad pairs."""
    of_live = function.live_result == Result.FAIL
    sentence = function.live_sentence if of_live else str(function.verdict.get("sentence", ""))
    judged_at = now if of_live or function.verdict_at is None else function.verdict_at
    return way_back.roll_back(
        function,
        sentence=sentence,
        observed_at=judged_at,
        received_at=now,
        observations=live.failing_observations(function) if of_live else (),
    )


def _climb(function: FunctionMigration, to_bp: int, now: datetime) -> bool:
    last = function.operations.order_by("-created_at").first()
    if last and last.state in {OperationState.UNDONE, OperationState.FAILED} and last.finished_at:
        again_at = last.finished_at + AGAIN_AFTER
        if last.kind == "shift" and now < again_at:
            return live.advise(
                function,
                f"The last move was taken back: {last.error} It is tried again at {again_at:%H:%M:%S} UTC.",
            )
    try:
        shifting.start(
            function.pk,
            to_bp=to_bp,
            actor=ACTOR,
            reason=f"The step at {function.desired_weight_bp / 100:g}% holds.",
            expected_version=function.version,
            automatic=True,
        )
    except GuardNotMet as exc:
        return live.advise(function, str(exc))
    except (OperationRunning, StaleState):
        # Somebody was quicker; the next round decides on what they left.
        return False
    return True


def _finish(function: FunctionMigration) -> bool:
    try:
        with transaction.atomic():
            phases.move(function, Trigger.CUT_OVER, actor=ACTOR, reason="The step at 100% holds.")
            live.advise(function, "All traffic is on FC.")
    except StaleState:
        return False
    return True
