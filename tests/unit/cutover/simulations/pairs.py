"""Runs of pairs: when does each check fail first, if ever?"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cutover.analysis import PairEvidence, Policy
from cutover.analysis.judge import MATERIAL, MIN_LATENCY_PAIRS
from cutover.analysis.sequential import log_e_discordant, log_e_rate_above, mean_radius
from cutover.comparison import PairOutcome

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Firsts = NDArray[np.int64]
NEVER = 1_000_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Runs:
    """Drawn evidence, one row per run: who failed alone, whose answers differ, log ratios of durations."""

    candidate_only: Bools
    primary_only: Bools
    different: Bools
    ratios: Floats

    def evidence(self, run: int) -> list[PairEvidence]:
        """Give one run as the product takes it. A pair in which a side failed has no durations to compare."""
        return [
            PairEvidence(
                outcome=self._outcome(run, pair),
                primary_ms=100.0,
                candidate_ms=100.0 * math.exp(self.ratios[run, pair]),
                cold=False,
            )
            for pair in range(self.ratios.shape[1])
        ]

    def _outcome(self, run: int, pair: int) -> PairOutcome:
        if self.candidate_only[run, pair]:
            return PairOutcome.CANDIDATE_ERROR
        if self.primary_only[run, pair]:
            return PairOutcome.PRIMARY_ERROR
        return PairOutcome.MISMATCH if self.different[run, pair] else PairOutcome.MATCH


def drawn(
    rng: np.random.Generator,
    runs: int,
    pairs: int,
    *,
    candidate_errors: float = 0.0,
    primary_errors: float = 0.0,
    mismatches: float = 0.0,
    slower: float = 1.0,
    noise: float = 0.25,
) -> Runs:
    """Draw runs. Errors of the two sides exclude each other; ``slower`` is the median ratio of durations."""
    dice = rng.random((runs, pairs))
    candidate_only = dice < candidate_errors
    primary_only = (dice >= candidate_errors) & (dice < candidate_errors + primary_errors)
    different = (rng.random((runs, pairs)) < mismatches) & ~candidate_only & ~primary_only
    return Runs(
        candidate_only=candidate_only,
        primary_only=primary_only,
        different=different,
        ratios=rng.normal(math.log(slower), noise, (runs, pairs)),
    )


def first(crossed: Bools) -> Firsts:
    """Give for each run the number of pairs at which it crossed first, ``NEVER`` if it did not."""
    found: Firsts = np.where(crossed.any(axis=1), crossed.argmax(axis=1) + 1, NEVER)
    return found


def last_trials(log_e: Callable[[int, int], float], threshold: float, most: int, trials: int) -> Firsts:
    """Give for 0..``most`` failures the largest number of trials at which the e-value still suffices."""
    found = [0]
    for failures in range(1, most + 1):
        low, high = failures - 1, trials + 1
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if log_e(failures, middle) >= threshold else (low, middle)
        found.append(low)
    return np.array(found)


def errors_fail(runs: Runs, policy: Policy) -> Firsts:
    """Give when the check on errors fails first."""
    candidate, primary = np.cumsum(runs.candidate_only, axis=1), np.cumsum(runs.primary_only, axis=1)
    most, pairs = int(candidate.max()), candidate.shape[1]
    above = last_trials(
        lambda k, n: log_e_rate_above(k, n, policy.error_margin), math.log(MATERIAL), most, pairs
    )
    alarm = math.log(policy.alarm("errors"))
    enough = np.array(
        [
            next((c for c in range(most + 1) if log_e_discordant(c, p) >= alarm), NEVER)
            for p in range(int(primary.max()) + 1)
        ]
    )
    trials = np.arange(1, pairs + 1)
    return first((candidate >= enough[primary]) & (trials <= above[candidate]) & (candidate > 0))


def answers_fail(runs: Runs, policy: Policy) -> Firsts:
    """Give when the check on answers fails first. Pairs with an error on one side are no trials of it."""
    different = np.cumsum(runs.different, axis=1)
    trials = np.cumsum(~(runs.candidate_only | runs.primary_only), axis=1)
    above = last_trials(
        lambda k, n: log_e_rate_above(k, n, policy.mismatch_tolerance),
        math.log(policy.alarm("answers")),
        int(different.max()),
        trials.shape[1],
    )
    return first((different > 0) & (trials <= above[different]))


def latency_fails(runs: Runs, policy: Policy) -> Firsts:
    """Give when the check on latency fails first."""
    timed = ~(runs.candidate_only | runs.primary_only)
    ratios = np.where(timed, runs.ratios, 0.0)
    trials = np.cumsum(timed, axis=1)
    at_least = np.maximum(trials, 1)
    mean = np.cumsum(ratios, axis=1) / at_least
    squares = np.cumsum(ratios**2, axis=1) - at_least * mean**2 + 5 * 0.1**2
    deviation = np.sqrt(np.maximum(squares, 0.0) / (trials + 5))
    radius = np.array(
        [math.inf] + [mean_radius(n, 1 / policy.alarm("latency")) for n in range(1, trials.shape[1] + 1)]
    )
    lower = mean - radius[trials] * deviation
    return first((trials >= MIN_LATENCY_PAIRS) & (lower > math.log(policy.latency_margin)))
