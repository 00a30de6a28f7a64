"""Who else manages the function."""

from __future__ import annotations

from collections.abc import Iterator

from cutover.assessment.finding import Finding
from cutover.ports import FunctionFacts


def check(facts: FunctionFacts) -> Iterator[Finding]:
    """Give a finding when another tool owns the function."""
    if not facts.managed_by:
        return
    yield Finding(
        rule="ownership",
        severity="warn",
        title=f"{facts.managed_by} manages this function",
        place="Tags",
        why="Its next deployment moves the alias or undoes the change; what it owns is not changed behind "
        "its back.",
        remedy="Pause its deployments during the shift, and carry the final state into its templates.",
        source="AWS Lambda, deployments with CodeDeploy and CloudFormation, read 2026-11-22",
    )
