"""What comes in: which events the function reads, told by its triggers and its code."""

from __future__ import annotations

from collections.abc import Iterable

from cutover.assessment.code import View
from cutover.ports import FunctionFacts


def kinds(facts: FunctionFacts, views: Iterable[View]) -> frozenset[str]:
    """Give "s3", "sqs" or both; empty when neither triggers nor code tell."""
    known = {str(trigger.get("kind", "")) for trigger in facts.triggers} & {"s3", "sqs"}
    if known:
        return frozenset(known)
    read = {member.name for view in views for member in view.members}
    if "Records" not in read:
        return frozenset()
    if "s3" in read:
        return frozenset({"s3"})
    return frozenset({"sqs"}) if "body" in read or "messageId" in read else frozenset()
