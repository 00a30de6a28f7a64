"""Fields of an AWS event that its counterpart on Alibaba Cloud does not carry."""

from __future__ import annotations

from collections.abc import Iterator

from cutover.assessment.code import View
from cutover.assessment.finding import Finding
from cutover.assessment.on_code.places import Words, once
from cutover.assessment.source import Source
from cutover.ports import FunctionFacts

LOST = {
    "messageAttributes": "messages of MNS queues have no attributes",
    "MessageAttributes": "messages of MNS queues have no attributes",
    "md5OfMessageAttributes": "messages of MNS queues have no attributes",
    "ApproximateReceiveCount": "EventBridge does not carry it for MNS",
    "MessageGroupId": "MNS queues have no groups",
    "stageVariables": "HTTP triggers have no stages",
    "authorizer": "HTTP triggers have no authorizers",
    "cognitoIdentityId": "there is no Cognito",
    "connectionId": "HTTP triggers keep no connections of WebSockets",
    "apiKeyId": "HTTP triggers have no API keys",
    "sequencer": "OSS events have no sequencer",
    "versionId": "OSS events do not carry the object's version",
}
_EVENTS = ("event", "record", "Records", "requestContext", "message", "identity", "attributes", "s3.object")
WORDS = Words(
    rule="event-fields",
    why="A translated event leaves out what the other cloud does not send; it is never invented. Code that "
    "requires the field fails there.",
    remedy="Accept its absence, or carry the value in the body.",
    source="Alibaba Cloud, Function Compute 3.0, formats of events, read 2026-04",
)


def check(facts: FunctionFacts, source: Source) -> Iterator[Finding]:
    """Give a finding for each field that is read and has no counterpart."""
    yield from once(_found(source), WORDS)


def _found(source: Source) -> Iterator[tuple[str, View, int]]:
    for view in source.views:
        for member in () if view.bundled else view.members:
            if member.name in LOST and any(part in member.owner for part in _EVENTS):
                yield f"{member.name} is read: {LOST[member.name]}", view, member.line
