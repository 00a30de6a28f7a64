"""What the adapter is told of a function's twins: names on both sides, and the form of a topic's messages."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping

from cutover.effects import Twin, TwinKind, TwinState
from cutover.translation import Kind

_WORDS = {TwinKind.BUCKET: "buckets", TwinKind.QUEUE: "queues", TwinKind.TOPIC: "topics"}
_UNUSED = {"json": Kind.MNS_TOPIC_STREAM, "stream": Kind.MNS_TOPIC}
"""Form of a topic's messages -> the shape that it never has."""
_CLAIMS = {TwinKind.TOPIC: Kind.SNS, TwinKind.QUEUE: Kind.SQS}


def twin_names(twins: Iterable[Twin]) -> dict[str, dict[str, str]]:
    """Give the parts ``buckets``, ``queues``, ``topics`` of a setting: name on AWS -> name on FC.

    A resource that FC shares with AWS has one name. A name on FC that stands for several says nothing of
    where an event came from, and is left out.
    """
    pairs: dict[str, dict[str, str]] = {}
    for twin in twins:
        if twin.kind in _WORDS and twin.state is not TwinState.SHARED:
            here, there = _name(twin.primary), _name(twin.candidate)
            if here and there:
                pairs.setdefault(_WORDS[twin.kind], {})[here] = there
    found = {}
    for word, names in pairs.items():
        count = Counter(names.values())
        if clear := {here: there for here, there in names.items() if count[there] == 1}:
            found[word] = clear
    return found


def shapes_never_seen(twins: Iterable[Twin]) -> Mapping[Kind, Kind]:
    """Give the shapes on FC that cannot stand for a shape on AWS, since all its twins have the other form.

    Queues count when they became topics, which their form tells; one twin without a form leaves it open.
    """
    found = {}
    known = list(twins)
    for kind, here in _CLAIMS.items():
        forms = {twin.settings.get("format", "") for twin in known if twin.kind is kind}
        if len(forms) == 1 and (unused := _UNUSED.get(forms.pop())) is not None:
            found[here] = unused
    return found


def _name(address: str) -> str:
    """Give the resource's own name of a bare name, a queue's URL or an ARN."""
    return re.split(r"[/:]", address.rstrip("/"))[-1]
