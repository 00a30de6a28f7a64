"""The outcome of a pair."""

from __future__ import annotations

from collections.abc import Sequence

from cutover.comparison.model import Comparison, PairOutcome, Rule
from cutover.observation import Observation, Outcome


def compare(primary: Observation, candidate: Observation, *, rules: Sequence[Rule] = ()) -> Comparison:
    """Set two observations of one event side by side."""
    equal = primary.payload == candidate.payload
    failed = (primary.outcome is not Outcome.OK, candidate.outcome is not Outcome.OK)
    outcome = {
        (False, False): PairOutcome.MATCH if equal else PairOutcome.MISMATCH,
        (False, True): PairOutcome.CANDIDATE_ERROR,
        (True, False): PairOutcome.PRIMARY_ERROR,
        (True, True): PairOutcome.BOTH_ERROR_SAME if equal else PairOutcome.BOTH_ERROR_DIFFERENT,
    }[failed]
    return Comparison(
        outcome=outcome,
        differences=(),
        log_rows=None,
        sentence="Both answered the same." if outcome is PairOutcome.MATCH else "The answers differ.",
        counts={"counts": 0, "noise": 0, "ignored": 0, "loss": 0, "equal": int(equal)},
    )
