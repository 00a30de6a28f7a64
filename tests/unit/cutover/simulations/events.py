"""Runs of live events: the two bets of the live check for whole arrays."""

from __future__ import annotations

import math

import numpy as np

from cutover.analysis import Policy
from cutover.analysis.live import ODDS, REACHES
from cutover.planning import FULL_BP
from tests.unit.cutover.simulations.pairs import NEVER, Bools, Firsts, Floats


class _Bets:
    """``cutover.analysis.live.Bet`` for many runs: log e-values spread over their starting times."""

    def __init__(self, runs: int, alternatives: int) -> None:
        self.logs: Floats = np.full((runs, alternatives), -np.inf)
        self.steps = np.zeros(runs)

    def after(self, where: Bools, factors: Floats) -> None:
        """Multiply the bets of the runs ``where`` by ``factors`` (log)."""
        steps = self.steps[where] + 1
        fresh = -np.log(steps) - np.log(steps + 1)
        self.logs[where] = np.logaddexp(self.logs[where], fresh[:, None]) + factors
        self.steps[where] = steps

    def log_e(self) -> Floats:
        """Give the log e-value of every run."""
        started = np.logaddexp.reduce(self.logs, axis=1) - math.log(self.logs.shape[1])
        value: Floats = np.logaddexp(started, -np.log(self.steps + 1))
        return value


def live_fails(candidate: Bools, errors: Bools, weight_bp: int, policy: Policy) -> Firsts:
    """Give after how many events the live check fails first, in runs (rows) at one weight below 100 %.

    Args:
        candidate: which events reached the candidate.
        errors: which events failed, on either side.
    """
    runs, events = errors.shape
    weight, alarm = weight_bp / FULL_BP, math.log(policy.alarm("live-errors"))
    odds, reaches = np.array(ODDS), np.array(REACHES)
    grown = odds * weight / (odds * weight + 1 - weight)
    share, rate = _Bets(runs, len(ODDS)), _Bets(runs, len(REACHES))
    primary_events, primary_errors = np.zeros(runs), np.zeros(runs)
    found = np.full(runs, NEVER)
    for event in range(events):
        here, failed = candidate[:, event], errors[:, event]
        share.after(failed & here, np.log(grown / weight))
        share.after(failed & ~here, np.log((1 - grown) / (1 - weight)))
        primary_events += ~here
        primary_errors += failed & ~here
        bound = np.minimum(primary_errors / np.maximum(primary_events, 1) + policy.live_error_margin, 0.99)
        wrong = failed & here
        limit = bound[wrong, None]
        rate.after(wrong, np.log((limit + (1 - limit) * reaches) / limit))
        rate.after(here & ~failed, np.log1p(-reaches))
        if failed.any():
            fails = np.minimum(share.log_e(), rate.log_e()) >= alarm
            found = np.where(fails & (found == NEVER), event + 1, found)
    return found
