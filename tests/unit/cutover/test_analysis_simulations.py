"""What the verdict promises about chance, by simulation with every event looked at."""

from __future__ import annotations

import math

import numpy as np
import pytest

from cutover.analysis import LiveState, Policy, Result, judge, judge_live, observe_live
from cutover.observation import Side
from tests.unit.cutover.simulations.events import live_fails
from tests.unit.cutover.simulations.pairs import (
    NEVER,
    answers_fail,
    drawn,
    errors_fail,
    first,
    latency_fails,
)

POLICY = Policy()
STRICT = Policy(latency_margin=1.0)
RUNS, PAIRS = 400, 2_000
CHECKS = {"errors": errors_fail, "answers": answers_fail, "latency": latency_fails}


def rng(seed: int = 20261122) -> np.random.Generator:
    return np.random.default_rng(seed)


def at_most(share: float, runs: int) -> float:
    """The share plus two standard errors of the simulation itself."""
    return share + 2 * math.sqrt(share * (1 - share) / runs)


@pytest.mark.parametrize(("errors", "policy"), [(0.0, POLICY), (0.05, POLICY), (0.05, STRICT)])
def test_without_a_real_difference_at_most_a_twentieth_ever_fails(errors: float, policy: Policy) -> None:
    runs = drawn(rng(), RUNS, PAIRS, candidate_errors=errors, primary_errors=errors)
    firsts = [fails(runs, policy) for fails in CHECKS.values()]
    for found in firsts:
        assert (found < NEVER).mean() <= at_most(0.05, RUNS)
    assert (np.min(firsts, axis=0) < NEVER).mean() <= at_most(0.05, RUNS)


def test_a_rate_of_differences_just_at_the_tolerance_is_no_fail() -> None:
    runs = drawn(rng(), RUNS, PAIRS, mismatches=POLICY.mismatch_tolerance)
    assert (answers_fail(runs, POLICY) < NEVER).mean() <= at_most(0.05, RUNS)


def test_errors_that_are_real_but_tolerated_seldom_fail() -> None:
    runs = drawn(rng(), RUNS, PAIRS, candidate_errors=POLICY.error_margin)
    assert (errors_fail(runs, POLICY) < NEVER).mean() <= at_most(0.2, RUNS)


def test_a_new_error_rate_of_a_twentieth_is_caught_within_250_pairs() -> None:
    runs = drawn(rng(), 4_000, 250, candidate_errors=0.05)
    errors = errors_fail(runs, POLICY)
    assert (errors <= 250).mean() >= 0.95
    assert (np.minimum(errors, latency_fails(runs, POLICY)) <= 250).mean() >= 0.90


@pytest.mark.parametrize(("margin", "pairs"), [(1.00, 60), (1.10, 150)])
def test_a_candidate_that_is_a_fifth_slower_is_caught(margin: float, pairs: int) -> None:
    runs = drawn(rng(), 4_000, pairs, slower=1.2)
    assert (latency_fails(runs, Policy(latency_margin=margin)) <= pairs).mean() >= 0.90


@pytest.mark.parametrize("name", list(CHECKS))
def test_the_simulation_fails_at_the_pair_at_which_the_product_does(name: str) -> None:
    runs = drawn(rng(5), 6, 250, candidate_errors=0.06, primary_errors=0.004, mismatches=0.06, slower=1.35)
    found = CHECKS[name](runs, POLICY)
    assert (found < NEVER).any()
    for run, at in enumerate(found.tolist()):
        pairs = runs.evidence(run)
        results = {
            looked: next(check.result for check in judge(pairs[:looked], POLICY).checks if check.name == name)
            for looked in (at - 1, at)
            if looked <= len(pairs)
        }
        assert all((result is Result.FAIL) is (looked == at) for looked, result in results.items())


# ------------------------------------------------------------------------------------------------ live


def live_runs(
    seed: int, runs: int, events: int, weight_bp: int, primary: float, candidate: float
) -> tuple[np.ndarray, np.ndarray]:
    dice = rng(seed)
    reached = dice.random((runs, events)) < weight_bp / 10_000
    return reached, dice.random((runs, events)) < np.where(reached, candidate, primary)


def test_live_a_fifth_failing_at_a_weight_of_a_twentieth_is_caught_after_few_wrong_answers() -> None:
    reached, errors = live_runs(1, 1_000, 1_500, 500, 0.0, 0.2)
    found = live_fails(reached, errors, 500, POLICY)
    wrong = np.cumsum(reached & errors, axis=1)[np.arange(len(found)), np.minimum(found, 1_500) - 1]
    assert np.median(found) <= 250
    assert np.median(wrong) <= 5


@pytest.mark.parametrize(("weight_bp", "rate"), [(500, 0.02), (2_500, 0.05)])
def test_live_equal_sides_seldom_fail(weight_bp: int, rate: float) -> None:
    reached, errors = live_runs(2, 400, 1_000, weight_bp, rate, rate)
    assert (live_fails(reached, errors, weight_bp, POLICY) < NEVER).mean() <= at_most(0.05, 400)


def test_the_live_simulation_fails_at_the_event_at_which_the_product_does() -> None:
    reached, errors = live_runs(3, 8, 600, 1_000, 0.01, 0.2)
    found = live_fails(reached, errors, 1_000, POLICY)
    assert (found < NEVER).any()
    for run, at in enumerate(found.tolist()):
        state, failed = LiveState.start(POLICY), np.zeros((1, 600), bool)
        for event in range(600):
            state = observe_live(
                state,
                side=Side.CANDIDATE if reached[run, event] else Side.PRIMARY,
                error=bool(errors[run, event]),
                weight_bp=1_000,
                duration_ms=None,
            )
            check = judge_live(state, weight_bp=1_000, policy=POLICY)
            failed[0, event] = check.result is Result.FAIL
        assert first(failed)[0] == at
