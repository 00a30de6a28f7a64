"""Reads all that a decision on traffic rests on."""

from __future__ import annotations

import datetime as dt

from cutover.analysis import Result
from cutover.observation import Side
from cutover.shifting import Snapshot
from migrations_app.models import FunctionMigration
from migrations_app.models.operations import OPEN_STATES
from migrations_app.services import evidence, slots
from migrations_app.services.policies import policy_for

UNHEALTHY_SHARE = 0.5
UNHEALTHY_EVENTS = 5
_RECENT = dt.timedelta(seconds=60)


def snapshot(function: FunctionMigration, now: dt.datetime) -> Snapshot:
    """Give the function's situation as the rules want it. Four queries."""
    policy = policy_for(function)
    return Snapshot(
        now=now,
        phase=function.stage,
        held=function.held and (function.held_until is None or function.held_until > now),
        desired_bp=function.desired_weight_bp,
        observed_bp=function.observed_weight_bp,
        ladder=tuple(function.ladder),
        step_started_at=function.step_started_at,
        live=Result(function.live_result or Result.INCONCLUSIVE),
        paired=Result(function.verdict_result or Result.INCONCLUSIVE),
        paired_stale=evidence.is_stale(function, now=now, max_age_s=policy.evidence_max_age_s),
        candidate_events=function.step_candidate_events,
        policy=policy.step,
        operation_running=function.operations.filter(state__in=OPEN_STATES).exists(),
        primary_unhealthy=primary_unhealthy(function, now),
    )


def primary_unhealthy(function: FunctionMigration, now: dt.datetime) -> bool:
    """Tell whether at least half of AWS's own recent answers were errors (of five or more)."""
    errors, events = slots.ratio(function.pk, now - _RECENT)[Side.PRIMARY]
    return events >= UNHEALTHY_EVENTS and errors >= UNHEALTHY_SHARE * events
