"""Evidence, policies, checks and verdicts: frozen values and their plain JSON form for rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from cutover.comparison import PairOutcome
from cutover.errors import BadInput


class Result(StrEnum):
    """What a check or a verdict says."""

    PASS = "pass"  # noqa: S105 - a word, no secret
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    ERROR = "error"


@dataclass(frozen=True, kw_only=True, slots=True)
class PairEvidence:
    """What one pair contributes. Durations are the platforms' own, in milliseconds; ``cold``: either side.

    ``logs_differ`` and ``effects_differ`` are None while they are pending or were not compared.
    ``*_gb_s``: billed GB-seconds, None when a side did not report them.
    """

    outcome: PairOutcome
    primary_ms: float | None
    candidate_ms: float | None
    cold: bool
    logs_differ: bool | None = None
    effects_differ: bool | None = None
    primary_gb_s: float | None = None
    candidate_gb_s: float | None = None


SHARES: Mapping[str, float] = {
    "errors": 0.25,
    "answers": 0.10,
    "latency": 0.30,
    "live-errors": 0.25,
    "effects": 0.05,
    "logs": 0.05,
}
"""How the checks share the budget for false alarms: a share of alpha each, together 1.

Errors and latency have much, since a false FAIL there is bought with the power to see small faults; effects
and logs need little, since a rate test loses next to nothing by a smaller alpha.
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """What is tolerated. Tolerances and margins are shares (0.01 is 1 %); ``latency_margin`` is a ratio.

    Durations below ``latency_floor_ms`` count as that much. ``muted`` checks are left out, ``observe`` ones
    are shown but decide nothing, all others are critical. ``cost`` is never critical: it has no bound.

    Raises:
        BadInput: when a number cannot be: nothing is proven at a tolerance of 0, nor with alpha 0.
    """

    mismatch_tolerance: float = 0.01
    error_margin: float = 0.01
    latency_margin: float = 1.10
    latency_floor_ms: float = 20.0
    alpha: float = 0.05
    live_error_margin: float = 0.005
    muted: frozenset[str] = frozenset()
    observe: frozenset[str] = frozenset({"logs"})

    def __post_init__(self) -> None:
        shares = {
            "mismatch tolerance": self.mismatch_tolerance,
            "error margin": self.error_margin,
            "live error margin": self.live_error_margin,
            "alpha": self.alpha,
        }
        for name, share in shares.items():
            if not 0 < share < 1:
                raise BadInput(f"The {name} must lie between 0 and 1, not {share:g}.")
        if self.latency_margin < 1 or self.latency_floor_ms <= 0:
            raise BadInput("The latency margin must be at least 1, and its floor above 0 ms.")

    def alarm(self, check: str) -> float:
        """Give the e-value at which ``check`` fails: one over its share of alpha."""
        return 1 / (self.alpha * SHARES[check])


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckResult:
    """One check. ``name``: errors, answers, effects, latency, logs, cost or live-errors.

    ``primary``, ``candidate``, ``change``, ``bound`` are short display strings. ``needed``: how many more
    pairs (or events) until it can pass if all of them are good, 0 if none.
    """

    name: str
    result: Result
    critical: bool
    primary: str
    candidate: str
    change: str
    bound: str
    needed: int
    formula: str
    numbers: Mapping[str, float] = field(default_factory=dict)
    sentence: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """The checks taken together. ``explains``: indices of up to three pairs that explain it best."""

    result: Result
    checks: tuple[CheckResult, ...]
    sentence: str
    needed: int
    explains: tuple[int, ...] = ()


def check_document(check: CheckResult) -> dict[str, Any]:
    """Give a check as plain JSON."""
    return {**asdict(check), "result": check.result.value, "numbers": dict(check.numbers)}


def check_from_document(stored: Mapping[str, Any]) -> CheckResult:
    """Give the check that ``check_document`` wrote."""
    return CheckResult(**{**stored, "result": Result(stored["result"])})


def verdict_document(verdict: Verdict) -> dict[str, Any]:
    """Give a verdict as plain JSON, fit for a row."""
    return {
        "result": verdict.result.value,
        "sentence": verdict.sentence,
        "needed": verdict.needed,
        "explains": list(verdict.explains),
        "checks": [check_document(check) for check in verdict.checks],
    }


def verdict_from_document(stored: Mapping[str, Any]) -> Verdict:
    """Give the verdict that ``verdict_document`` wrote."""
    return Verdict(
        result=Result(stored["result"]),
        sentence=stored["sentence"],
        needed=stored["needed"],
        explains=tuple(stored["explains"]),
        checks=tuple(check_from_document(check) for check in stored["checks"]),
    )
