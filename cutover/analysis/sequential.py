"""Tests that stay valid however often one looks.

Theory of operation: an e-process is a running product of bets against a hypothesis, 1 at the start, that on
average does not grow while the hypothesis holds. By Ville's inequality it ever exceeds 1/alpha with
probability at most alpha, at whatever moment one stops to look. Each test here averages such products over a
fixed grid of alternatives; an average of e-processes is one too. Everything is in logarithms.

Source: Ramdas, Gruenwald, Vovk, Shafer, "Game-theoretic statistics and safe anytime-valid inference" (2023);
Waudby-Smith, Arbour, Sinha, Kennedy, Ramdas, "Time-uniform central limit theory" (2021) for the interval.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

MAX_NEEDED = 100_000
"""Beyond this many missing pairs no number is promised."""

_BELOW = (0.5, 0.25, 0.1)
"""Alternatives to "rate >= tolerance" that allow a few failures, as shares of the tolerance."""
_ABOVE = ((0.35, 0.02), (0.3, 0.06), (0.15, 0.15), (0.1, 0.4), (0.1, 0.9))
"""(weight, how far from the bound towards 1): alternatives to "rate <= bound", small faults first."""
_SHARES = ((0.7, 0.99), (0.12, 0.9), (0.1, 0.75), (0.08, 0.6))
"""(weight, share): alternatives to "half of the discordant pairs".

Most weight lies on a primary that never fails alone, which is the rule; then seven failures on the candidate
alone reach an e-value of 80.
"""


def log_mean_exp(terms: Sequence[tuple[float, float]]) -> float:
    """Give log(sum(weight * exp(value))) of (weight, value) terms, without overflow."""
    top = max(value for _, value in terms)
    if top == -math.inf:
        return -math.inf
    return top + math.log(sum(weight * math.exp(value - top) for weight, value in terms))


def log_e_rate_below(failures: int, trials: int, tolerance: float, alpha: float) -> float:
    """Give the log e-value against "the rate is at least ``tolerance``".

    Nearly all weight bets on a rate of zero, so that without failures exactly the classical number of trials
    suffices (299 at 1 % and alpha 5 %); the slack of that whole number pays for bets that survive failures.
    """
    clean = math.ceil(math.log(alpha) / math.log1p(-tolerance))
    slack = 1.0 - (1.0 - tolerance) ** clean / alpha
    reserve = max(0.9 * slack, 1e-6)
    successes = trials - failures
    sure = -successes * math.log1p(-tolerance) if failures == 0 else -math.inf
    terms = [(1.0 - reserve, sure)]
    for share in _BELOW:
        rate = tolerance * share
        value = failures * math.log(share) + successes * (math.log1p(-rate) - math.log1p(-tolerance))
        terms.append((reserve / len(_BELOW), value))
    return log_mean_exp(terms)


def log_e_rate_above(failures: int, trials: int, bound: float) -> float:
    """Give the log e-value against "the rate is at most ``bound``"."""
    successes = trials - failures
    return log_mean_exp(
        [
            (weight, failures * math.log(rate_step(bound, reach)) + successes * math.log1p(-reach))
            for weight, reach in _ABOVE
        ]
    )


def rate_step(bound: float, reach: float) -> float:
    """Give how much one failure multiplies the bet on ``bound + (1 - bound) * reach``.

    A success multiplies it by ``1 - reach``.
    """
    return (bound + (1.0 - bound) * reach) / bound


def log_e_discordant(candidate_only: int, primary_only: int) -> float:
    """Give the log e-value against "a discordant pair is the candidate's fault at most half the time"."""
    return log_mean_exp(
        [
            (
                weight,
                candidate_only * math.log(2 * share) + primary_only * math.log(2 * (1 - share)),
            )
            for weight, share in _SHARES
        ]
    )


def upper_rate(failures: int, trials: int, alpha: float) -> float:
    """Give an upper bound on a rate that holds at all times together with probability 1 - alpha.

    Robbins' method of mixtures with a Beta(1/2, 1/2) mixture, inverted by bisection.
    """
    if trials == 0:
        return 1.0
    constant = _log_beta(failures + 0.5, trials - failures + 0.5) - _log_beta(0.5, 0.5) + math.log(alpha)
    low, high = failures / trials, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        likelihood = failures * math.log(middle or 1e-300) + (trials - failures) * math.log1p(
            -min(middle, 1 - 1e-15)
        )
        low, high = (middle, high) if constant < likelihood else (low, middle)
    return high


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def mean_radius(trials: int, alpha: float, *, tuned_to: int = 100) -> float:
    """Give the one-sided radius of the always-valid interval on a mean, in standard deviations.

    Asymptotic (normal mixture), sharpest near ``tuned_to`` trials.
    """
    spread = (-2 * math.log(alpha) + math.log(-2 * math.log(alpha) + 1)) / tuned_to
    grown = trials * spread + 1
    return math.sqrt(2 * grown / (trials**2 * spread) * math.log1p(math.sqrt(grown) / (2 * alpha)))


def first_that(holds: Callable[[int], bool], *, at_most: int = MAX_NEEDED) -> int:
    """Give the least n in 1..at_most for which ``holds``, else ``at_most``; once true it must stay true."""
    high = 1
    while high < at_most and not holds(high):
        high *= 2
    low, high = high // 2, min(high, at_most)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high
