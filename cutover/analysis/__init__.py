"""Verdicts from evidence, valid however often one looks."""

from cutover.analysis.cost import gb_seconds
from cutover.analysis.judge import judge
from cutover.analysis.live import LiveState, judge_live, live_document, live_from_document, observe_live
from cutover.analysis.model import (
    CheckResult,
    PairEvidence,
    Policy,
    Result,
    Verdict,
    check_document,
    check_from_document,
    verdict_document,
    verdict_from_document,
)

__all__ = [
    "CheckResult",
    "LiveState",
    "PairEvidence",
    "Policy",
    "Result",
    "Verdict",
    "check_document",
    "check_from_document",
    "gb_seconds",
    "judge",
    "judge_live",
    "live_document",
    "live_from_document",
    "observe_live",
    "verdict_document",
    "verdict_from_document",
]
