"""Who else manages the function."""

from __future__ import annotations

from collections.abc import Iterator

from cutover.assessment.finding import Finding
from cutover.ports import FunctionFacts


def check(facts: FunctionFacts) -> Iterator[Finding]:
    """Give findings when another tool owns the function, or moves its aliases."""
    yield from _code_deploy(facts)
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


def _code_deploy(facts: FunctionFacts) -> Iterator[Finding]:
    """Give a finding per deployment group of CodeDeploy that moves an alias of the function."""
    read = facts.configuration.get("code_deploy") or {}
    for one in read.get("groups") or ():
        yield Finding(
            rule="ownership",
            severity="warn",
            title=f"CodeDeploy moves alias {one['alias']}",
            place=f"Deployment group {one['group']} of {one['application']}",
            why="A deployment sets the alias's weights and may roll them back by itself, against a shift.",
            remedy="Stop its deployments before the shift, and let none begin until the function is back.",
            source="AWS CodeDeploy, deployments on an AWS Lambda compute platform, read 2026-11-22",
        )
    if read.get("unread"):
        yield Finding(
            rule="ownership",
            severity="ok",
            title="Whether CodeDeploy moves an alias is not known",
            place=str(read["unread"]),
            why="To know, grant codedeploy:ListApplications, ListDeploymentGroups, BatchGetDeploymentGroups.",
            source="AWS CodeDeploy, actions and resources, read 2026-11-22",
        )
