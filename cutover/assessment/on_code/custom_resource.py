"""Custom resources: CloudFormation calls the function and waits for its answer at an address of S3."""

from __future__ import annotations

from collections.abc import Iterator

from cutover.assessment.code import View
from cutover.assessment.finding import Finding
from cutover.assessment.on_code.places import Words, once
from cutover.assessment.source import Source
from cutover.ports import FunctionFacts

MODULES = frozenset({"cfnresponse", "cfn-response", "cfn-response-async", "crhelper", "cfn_resource"})
WORDS = Words(
    rule="custom-resource",
    why="A stack of CloudFormation calls it when the stack changes, by its ARN, and on AWS alone. There is "
    "no traffic to shift, and what it makes belongs to the AWS side.",
    remedy="Leave it on Lambda with its stack; on Alibaba Cloud let ROS or Terraform do what it does.",
    source="AWS CloudFormation, custom resources, read 2026-11-22",
)


def check(facts: FunctionFacts, source: Source) -> Iterator[Finding]:
    """Give one finding per file that answers CloudFormation."""
    yield from once(_found(source), WORDS)


def _found(source: Source) -> Iterator[tuple[str, View, int]]:
    for view in source.views:
        lines = [one.line for one in view.imports if one.module.partition("/")[0] in MODULES]
        lines += [one.line for one in view.members if one.name == "ResponseURL"]
        if lines:
            yield "It serves CloudFormation as a custom resource", view, min(lines)
