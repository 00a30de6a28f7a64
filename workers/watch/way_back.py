"""The automatic way back: ask for the rollback and carry it out here and now, without Celery."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Sequence

from django.utils import timezone

from cutover.shifting import Escalate, RollBack, decide_traffic
from migrations_app.models import FunctionMigration
from migrations_app.services import live, rollback
from workers import engine
from workers.watch.snapshots import snapshot

ACTOR = "watch"
AGAIN_AFTER_S = 5.0
"""A rollback that failed is asked for again, but not more often than this."""

_asked: dict[int, float] = {}


def forget() -> None:
    """Forget when rollbacks were asked for, as a new process does."""
    _asked.clear()


def judge_and_act(
    function_id: int,
    *,
    sentence: str,
    tipped_at: dt.datetime | None,
    received_at: dt.datetime,
    observations: Sequence[int],
) -> bool:
    """Take the traffic back if that is what the decision says. Gives whether a rollback was carried out."""
    function = FunctionMigration.objects.select_related("connection").get(pk=function_id)
    match decide_traffic(snapshot(function, timezone.now())):
        case RollBack():
            return roll_back(
                function,
                sentence=sentence,
                observed_at=tipped_at or received_at,
                received_at=received_at,
                observations=observations,
            )
        case Escalate(sentence=question):
            live.escalate(function, question, actor=ACTOR)
    return False


def roll_back(
    function: FunctionMigration,
    *,
    sentence: str,
    observed_at: dt.datetime,
    received_at: dt.datetime,
    observations: Sequence[int],
) -> bool:
    """Send everything back to AWS now; ``sentence`` says why. False: it was asked for a moment ago."""
    now = time.monotonic()
    if now - _asked.get(function.pk, -AGAIN_AFTER_S) < AGAIN_AFTER_S:
        return False
    _asked[function.pk] = now
    operation = rollback.request(
        function.pk,
        actor=ACTOR,
        reason=sentence,
        evidence={
            "observed_at": observed_at.isoformat(),
            "received_at": received_at.isoformat(),
            "decided_at": timezone.now().isoformat(),
            "sentence": sentence,
            "observations": list(observations),
        },
    )
    engine.run_operation(operation.pk, owner=ACTOR)
    return True
