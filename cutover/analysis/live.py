"""The live check: each event reaches one side, so the evidence is two-sample.

Theory of operation: below 100 % two bets run side by side and FAIL needs both. *Share*: among the errors the
candidate's share is its weight when nothing is wrong; each error bets on odds of the candidate that are
r times as high. *Rate*: each candidate event bets that its error rate is above the primary's plus the
margin, so that a trifle does not take traffic back. At 100 % the primary no longer answers, and *full* bets
alone, against an always-valid upper bound on the rate that the primary showed before, plus the margin.

A function may turn bad after hours of good service, and a bet that has lost for hours could not win again.
So each bet is spread over its starting times, with weight 1/(n(n+1)) on the n-th: the sum is an e-process
still, and a late fault is found after a number of errors that grows with the logarithm of n only.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from cutover.analysis.model import SHARES, CheckResult, Policy, Result
from cutover.analysis.sequential import log_mean_exp, rate_step, upper_rate
from cutover.observation import Side
from cutover.planning import FULL_BP

ODDS = (3.0, 10.0, 30.0, 100.0, 1000.0)
"""Alternatives of the share bet: the candidate's odds of an error over the primary's."""
REACHES = (0.02, 0.06, 0.15, 0.4, 0.9)
"""Alternatives of the rate bets: how far above the bound, as a share of the way to 1."""
ASSUMED_BASELINE = 0.05
BASELINE_EVENTS = 30
"""With fewer primary events than this the primary's error rate is assumed to be up to 5 %, and it is said."""
BASELINE_ALPHA = 0.01
MIN_EVENTS = 30
"""Below this many candidate events the check does not speak of a pass."""
RECENT = 60
"""How many candidate events are remembered one by one, for the sentence."""

_NEVER = -math.inf


@dataclass(frozen=True, kw_only=True, slots=True)
class Bet:
    """An e-process spread over its starting times. ``logs``: one per alternative; ``steps`` taken so far."""

    logs: tuple[float, ...]
    steps: int = 0

    def after(self, factors: tuple[float, ...]) -> Bet:
        """Give the bet after one observation that multiplies the alternatives by ``factors`` (log)."""
        step = self.steps + 1
        fresh = -math.log(step) - math.log(step + 1)
        logs = tuple(_log_add(old, fresh) + factor for old, factor in zip(self.logs, factors, strict=True))
        return Bet(logs=logs, steps=step)

    @property
    def log_e(self) -> float:
        """The log e-value: started bets plus what waits for later starts."""
        waiting = -math.log(self.steps + 1)
        return log_mean_exp([*((1 / len(self.logs), value) for value in self.logs), (1.0, waiting)])


def _log_add(a: float, b: float) -> float:
    high, low = (a, b) if a >= b else (b, a)
    return high + math.log1p(math.exp(low - high)) if low > _NEVER else high


@dataclass(frozen=True, kw_only=True, slots=True)
class LiveState:
    """All that the live check remembers; it grows with nothing and fits a row.

    ``recent``: the newest candidate events, oldest first, ``x`` for an error and ``.`` for none.
    ``*_log_ms``: sum of the logs of durations in ms, with how many. ``baseline``: upper bound of the
    primary's error rate, kept when the primary falls silent.
    """

    margin: float
    primary_events: int
    primary_errors: int
    candidate_events: int
    candidate_errors: int
    baseline: float
    share: Bet
    rate: Bet
    full: Bet
    recent: str
    primary_log_ms: float
    primary_timed: int
    candidate_log_ms: float
    candidate_timed: int

    @classmethod
    def start(cls, policy: Policy | None = None) -> LiveState:
        """Give the state before any event."""
        none = (_NEVER,)
        return cls(
            margin=(policy or Policy()).live_error_margin,
            primary_events=0,
            primary_errors=0,
            candidate_events=0,
            candidate_errors=0,
            baseline=ASSUMED_BASELINE,
            share=Bet(logs=none * len(ODDS)),
            rate=Bet(logs=none * len(REACHES)),
            full=Bet(logs=none * len(REACHES)),
            recent="",
            primary_log_ms=0.0,
            primary_timed=0,
            candidate_log_ms=0.0,
            candidate_timed=0,
        )


def observe_live(
    state: LiveState, *, side: Side, error: bool, weight_bp: int, duration_ms: float | None
) -> LiveState:
    """Give the state after one event.

    Args:
        weight_bp: the candidate's weight when the event was routed; where two are possible, the larger one.
        duration_ms: the platform's own duration of the function, None when unknown.
    """
    state = _timed(state, side, duration_ms)
    if error and 0 < weight_bp < FULL_BP:
        state = replace(state, share=state.share.after(_share_factors(side, weight_bp)))
    if side is Side.PRIMARY:
        return _with_baseline(
            replace(
                state, primary_events=state.primary_events + 1, primary_errors=state.primary_errors + error
            )
        )
    if weight_bp >= FULL_BP:
        state = replace(state, full=state.full.after(_rate_factors(error, state.baseline + state.margin)))
    else:
        seen = (state.primary_errors + 0.0) / max(state.primary_events, 1)
        bound = min(seen + state.margin, 0.99)
        state = replace(state, rate=state.rate.after(_rate_factors(error, bound)))
    return replace(
        state,
        candidate_events=state.candidate_events + 1,
        candidate_errors=state.candidate_errors + error,
        recent=(state.recent + ("x" if error else "."))[-RECENT:],
    )


def _timed(state: LiveState, side: Side, duration_ms: float | None) -> LiveState:
    if duration_ms is None or duration_ms <= 0:
        return state
    value = math.log(duration_ms)
    if side is Side.PRIMARY:
        return replace(
            state, primary_log_ms=state.primary_log_ms + value, primary_timed=state.primary_timed + 1
        )
    return replace(
        state, candidate_log_ms=state.candidate_log_ms + value, candidate_timed=state.candidate_timed + 1
    )


def _with_baseline(state: LiveState) -> LiveState:
    events, errors = state.primary_events, state.primary_errors
    if events < BASELINE_EVENTS:
        return replace(state, baseline=min(max(ASSUMED_BASELINE, errors / events), 0.9))
    return replace(state, baseline=min(upper_rate(errors, events, BASELINE_ALPHA), 0.9))


def _share_factors(side: Side, weight_bp: int) -> tuple[float, ...]:
    weight = weight_bp / FULL_BP
    grown = (odds * weight / (odds * weight + 1 - weight) for odds in ODDS)
    if side is Side.CANDIDATE:
        return tuple(math.log(share / weight) for share in grown)
    return tuple(math.log((1 - share) / (1 - weight)) for share in grown)


def _rate_factors(error: bool, bound: float) -> tuple[float, ...]:
    if error:
        return tuple(math.log(rate_step(bound, reach)) for reach in REACHES)
    return tuple(math.log1p(-reach) for reach in REACHES)


# --------------------------------------------------------------------------------------------- verdict


def judge_live(state: LiveState, *, weight_bp: int, policy: Policy) -> CheckResult:
    """Judge the live events so far: FAIL, PASS so far, or INCONCLUSIVE below 30 candidate events."""
    alarm = math.log(policy.alarm("live-errors"))
    beside = min(state.share.log_e, state.rate.log_e)
    alone = state.full.log_e
    missing = max(0, MIN_EVENTS - state.candidate_events)
    so_far = Result.INCONCLUSIVE if missing else Result.PASS
    result = Result.FAIL if max(beside, alone) >= alarm else so_far
    primary_rate = _rate(state.primary_errors, state.primary_events)
    candidate_rate = _rate(state.candidate_errors, state.candidate_events)
    return CheckResult(
        name="live-errors",
        result=result,
        critical="live-errors" not in policy.observe | policy.muted,
        primary=f"{state.primary_errors} of {state.primary_events:,} ({primary_rate:.2%})",
        candidate=f"{state.candidate_errors} of {state.candidate_events:,} ({candidate_rate:.2%})",
        change=f"{(candidate_rate - primary_rate) * 100:+.2f} points",
        bound=_bound(state, weight_bp),
        needed=0 if result is Result.FAIL else missing,
        formula=_formula(state, weight_bp, policy),
        numbers={
            "primary_events": state.primary_events,
            "primary_errors": state.primary_errors,
            "candidate_events": state.candidate_events,
            "candidate_errors": state.candidate_errors,
            "baseline": state.baseline,
            "e_share": math.exp(min(state.share.log_e, 700.0)),
            "e_rate": math.exp(min(state.rate.log_e, 700.0)),
            "e_full": math.exp(min(alone, 700.0)),
            "primary_ms": _typical(state.primary_log_ms, state.primary_timed),
            "candidate_ms": _typical(state.candidate_log_ms, state.candidate_timed),
        },
        sentence=_sentence(state, result, missing),
    )


def _sentence(state: LiveState, result: Result, missing: int) -> str:
    primary = (
        f"{state.primary_errors or 'none'} of {state.primary_events:,} on AWS did"
        if state.primary_events
        else "AWS answered none"
    )
    if result is Result.FAIL:
        window = state.recent[max(state.recent.find("x"), 0) :]
        return f"{window.count('x')} of the last {len(window)} events on FC failed; {primary}."
    events = "1 event" if state.candidate_events == 1 else f"{state.candidate_events:,} events"
    seen = f"{state.candidate_errors or 'None'} of {events} on FC failed; {primary}"
    more = "event on FC is" if missing == 1 else "events on FC are"
    return f"{seen}; {missing} more {more} needed." if missing else f"{seen}."


def _bound(state: LiveState, weight_bp: int) -> str:
    if weight_bp >= FULL_BP:
        return f"at most {state.baseline + state.margin:.2%} of events"
    return f"at most {weight_bp / FULL_BP:.2%} of errors"


def _formula(state: LiveState, weight_bp: int, policy: Policy) -> str:
    limit = f"reaches 1/({SHARES['live-errors']:g} alpha) = {policy.alarm('live-errors'):g}"
    if weight_bp >= FULL_BP:
        source = (
            "an assumed rate, for lack of events on AWS,"
            if state.primary_events < BASELINE_EVENTS
            else f"the upper bound of AWS's own rate over {state.primary_events} events"
        )
        return (
            f"FAIL: e-value against an error rate of at most {state.baseline:.4f} ({source}) plus the margin "
            f"{state.margin:g} {limit}."
        )
    return (
        f"FAIL: e-value against FC's share of errors being at most its weight {weight_bp / FULL_BP:g} "
        f"{limit}, and so does the one against an error rate of at most AWS's plus {state.margin:g}."
    )


def _rate(errors: int, events: int) -> float:
    return errors / events if events else 0.0


def _typical(log_sum: float, timed: int) -> float:
    return math.exp(log_sum / timed) if timed else 0.0


# ------------------------------------------------------------------------------------------------ rows


def live_document(state: LiveState) -> dict[str, Any]:
    """Give the state as plain JSON. Bets not begun are null, since JSON knows no infinity."""
    stored = asdict(state)
    for name in ("share", "rate", "full"):
        bet: Bet = getattr(state, name)
        stored[name] = {
            "logs": [None if value == _NEVER else value for value in bet.logs],
            "steps": bet.steps,
        }
    return stored


def live_from_document(stored: Mapping[str, Any]) -> LiveState:
    """Give the state that ``live_document`` wrote."""
    bets = {name: _bet(stored[name]) for name in ("share", "rate", "full")}
    return LiveState(**{**stored, **bets})


def _bet(stored: Mapping[str, Any]) -> Bet:
    return Bet(
        logs=tuple(_NEVER if value is None else float(value) for value in stored["logs"]),
        steps=int(stored["steps"]),
    )
