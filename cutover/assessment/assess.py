"""All rules on one function, the gravest findings first."""

from __future__ import annotations

from cutover.assessment.finding import Finding
from cutover.assessment.target import target_runtime
from cutover.ports import FunctionFacts


def assess(facts: FunctionFacts) -> tuple[Finding, ...]:
    """Give the findings on a function, blockers first."""
    known = target_runtime(facts.runtime)
    return (
        Finding(
            rule="runtime",
            severity="ok" if known else "blocker",
            title=f"Runtime {facts.runtime}",
            place=f"Runtime: {facts.runtime}",
            why=f"FC runs it as {known}." if known else "FC has no built-in runtime for it.",
        ),
    )
