"""The policy that holds for one function: the row of defaults, overridden by the function's own words."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from cutover import analysis
from cutover.planning import FULL_BP
from cutover.shifting import StepPolicy
from migrations_app.models import FunctionMigration
from migrations_app.models import Policy as PolicyRow

LADDER = (100, 500, 2500, 5000, FULL_BP)
"""Steps in basis points when the policy names none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """What must hold before a function moves on. Windows in seconds, steps in basis points.

    ``observe``: checks that are shown and decide nothing; ``muted``: checks that are left out. Both are words
    of one function alone.
    """

    step_min_seconds: int = 60
    step_min_candidate_events: int = 30
    ladder: tuple[int, ...] = LADDER
    mismatch_tolerance: float = 0.01
    error_margin: float = 0.01
    live_error_margin: float = 0.005
    latency_margin: float = 1.10
    latency_floor_ms: float = 20.0
    alpha: float = 0.05
    validation_pairs: int = 320
    learn_events: int = 0
    callers_window_s: int = 86_400
    quiet_window_s: int = 86_400
    soak_window_s: int = 1_209_600
    evidence_max_age_s: int = 604_800
    observe: frozenset[str] = analysis.Policy().observe
    muted: frozenset[str] = analysis.Policy().muted

    @property
    def step(self) -> StepPolicy:
        """What one step of a shift must show."""
        return StepPolicy(
            min_seconds=self.step_min_seconds, min_candidate_events=self.step_min_candidate_events
        )

    @property
    def analysis(self) -> analysis.Policy:
        """What the verdicts tolerate."""
        return analysis.Policy(
            mismatch_tolerance=self.mismatch_tolerance,
            error_margin=self.error_margin,
            live_error_margin=self.live_error_margin,
            latency_margin=self.latency_margin,
            latency_floor_ms=self.latency_floor_ms,
            alpha=self.alpha,
            observe=self.observe,
            muted=self.muted,
        )


NAMES = tuple(field.name for field in fields(Policy))
_OF_FUNCTIONS = ("observe", "muted")
"""Words that only a function has; the row of defaults has no column for them."""


def default_policy() -> Policy:
    """Give the defaults: those of the row, or those of the code while there is no row."""
    row = PolicyRow.objects.order_by("pk").first()
    return (
        Policy()
        if row is None
        else _with(Policy(), {name: getattr(row, name) for name in NAMES if name not in _OF_FUNCTIONS})
    )


def policy_for(function: FunctionMigration) -> Policy:
    """Give the policy of one function. One query."""
    return _with(default_policy(), function.policy)


def _with(policy: Policy, words: dict[str, Any]) -> Policy:
    values = {name: getattr(policy, name) for name in NAMES}
    values |= {name: value for name, value in words.items() if name in NAMES and value is not None}
    values["ladder"] = tuple(values["ladder"]) or LADDER
    values |= {name: frozenset(values[name]) for name in _OF_FUNCTIONS}
    return Policy(**values)
