"""The promises about chance in full: 2,000 runs of 2,000 events, every event looked at."""

from __future__ import annotations

import numpy as np
import pytest

from cutover.analysis import Policy
from tests.unit.cutover.simulations.events import live_fails
from tests.unit.cutover.simulations.pairs import NEVER, answers_fail, drawn, errors_fail, latency_fails

pytestmark = pytest.mark.soak

RUNS, EVENTS = 2_000, 2_000


@pytest.mark.parametrize("errors", [0.0, 0.01, 0.05, 0.2])
@pytest.mark.parametrize("margin", [1.00, 1.10])
@pytest.mark.parametrize("weight_bp", [100, 500, 5_000])
def test_without_a_real_difference_at_most_a_twentieth_of_runs_ever_fails(
    errors: float, margin: float, weight_bp: int
) -> None:
    policy = Policy(latency_margin=margin)
    rng = np.random.default_rng(int(errors * 1000) + weight_bp)
    runs = drawn(rng, RUNS, EVENTS, candidate_errors=errors, primary_errors=errors)
    reached = rng.random((RUNS, EVENTS)) < weight_bp / 10_000
    failed = rng.random((RUNS, EVENTS)) < errors
    firsts = [
        errors_fail(runs, policy),
        answers_fail(runs, policy),
        latency_fails(runs, policy),
        live_fails(reached, failed, weight_bp, policy),
    ]
    for found in firsts:
        assert (found < NEVER).mean() <= 0.05
    assert (np.min(firsts, axis=0) < NEVER).mean() <= 0.05


@pytest.mark.parametrize("seed", range(5))
def test_real_faults_are_caught_in_time(seed: int) -> None:
    rng, policy = np.random.default_rng(seed), Policy()
    new_errors = errors_fail(drawn(rng, 4_000, 250, candidate_errors=0.05), policy)
    assert (new_errors <= 250).mean() >= 0.95
    slower = drawn(rng, 4_000, 150, slower=1.2)
    assert (latency_fails(slower, Policy(latency_margin=1.0)) <= 60).mean() >= 0.90
    assert (latency_fails(slower, policy) <= 150).mean() >= 0.90
    reached = rng.random((2_000, 1_500)) < 0.05
    failed = reached & (rng.random((2_000, 1_500)) < 0.2)
    found = live_fails(reached, failed, 500, policy)
    wrong = np.cumsum(failed, axis=1)[np.arange(len(found)), np.minimum(found, 1_500) - 1]
    assert np.median(found) <= 250
    assert np.median(wrong) <= 5
