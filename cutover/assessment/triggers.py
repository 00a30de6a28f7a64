"""Each trigger with its counterpart, and whether it addresses the alias."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cutover.assessment.finding import Finding
from cutover.planning import ALIAS
from cutover.ports import FunctionFacts

SOURCE = "Alibaba Cloud, Function Compute 3.0, trigger overview, read 2026-11-22"

COUNTERPARTS = (
    ("s3", "OSS trigger on the twin bucket"),
    ("sqs", "SMQ (MNS) queue through EventBridge, event streaming"),
    ("sns", "SMQ (MNS) topic trigger"),
    ("kinesis", ""),
    ("dynamodb", ""),
    ("kafka", "Kafka instance through EventBridge"),
    ("msk", "Kafka instance through EventBridge"),
    ("schedule", "timer trigger (six fields, UTC, seconds first)"),
    ("events", "timer trigger or EventBridge rule"),
    ("apigateway", "HTTP trigger"),
    ("api", "HTTP trigger"),
    ("alb", "HTTP trigger"),
    ("elasticloadbalancing", "HTTP trigger"),
    ("url", "HTTP trigger, with another host name"),
    ("http", "HTTP trigger"),
    ("logs", "Log Service (SLS) trigger"),
    ("cognito", ""),
    ("lex", ""),
    ("iot", ""),
)
"""Part of the trigger's kind -> what FC has for it; empty where FC has nothing."""


def counterpart(kind: str) -> str | None:
    """Give FC's counterpart of a kind of trigger; empty if there is none, None if the kind is not known."""
    plain = kind.lower().replace("-", "").replace("_", "")
    return next((there for part, there in COUNTERPARTS if part in plain), None)


def check(facts: FunctionFacts) -> Iterator[Finding]:
    """Give a finding for each trigger, and one for those that do not address the alias."""
    for trigger in facts.triggers:
        yield _finding(trigger)
    bare = [trigger for trigger in facts.triggers if trigger.get("qualifier") != ALIAS]
    if bare:
        yield Finding(
            rule="trigger-qualifier",
            severity="warn",
            title=f"{len(bare)} of {len(facts.triggers)} triggers do not address {ALIAS}",
            place="; ".join(f"{_kind(trigger)} {trigger.get('source', '')}".strip() for trigger in bare),
            why="Traffic is shifted on the alias, so these would stay on AWS, and a relay being published "
            "could be called by them.",
            remedy=f"Point them at the alias {ALIAS}; the shift stops while the bare function is called.",
            source="AWS Lambda, aliases, read 2026-11-22",
        )


def _finding(trigger: Mapping[str, Any]) -> Finding:
    kind, there = _kind(trigger), counterpart(_kind(trigger))
    place = f"{kind} {trigger.get('source', '')}".strip()
    if there:
        return Finding(
            rule="trigger",
            severity="ok",
            title=f"{kind}: {there}",
            place=place,
            why="While traffic shifts on the alias the trigger stays on AWS; it moves at the end, if at all.",
            source=SOURCE,
        )
    return Finding(
        rule="trigger",
        severity="warn",
        title=f"{kind}: FC has no counterpart" if there == "" else f"{kind}: not a trigger that we know",
        place=place,
        why="The function can run on FC behind the relay, but AWS stays in the way of its events.",
        remedy="Keep the relay for this trigger, or move its source.",
        source=SOURCE,
    )


def _kind(trigger: Mapping[str, Any]) -> str:
    return str(trigger.get("kind", "")) or "unknown trigger"
