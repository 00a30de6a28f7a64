"""Each trigger with its counterpart, and whether it addresses the alias."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cutover.assessment.finding import Finding
from cutover.planning import ALIAS
from cutover.ports import FunctionFacts

SOURCE = "Alibaba Cloud, Function Compute 3.0, trigger overview, read 2026-11-22"

COUNTERPARTS = (
    ("s3", "OSS trigger on the twin bucket", ""),
    ("sqs", "SMQ (MNS) queue through EventBridge, event streaming", ""),
    ("sns", "SMQ (MNS) topic trigger", ""),
    (
        "kinesis",
        "",
        "streams of Kinesis are read on AWS only; a Kafka or Log Service stream is another source",
    ),
    ("dynamodb", "", "changes of a DynamoDB table are told on AWS only; Tablestore has a trigger of its own"),
    ("documentdb", "", "changes of DocumentDB are told on AWS only"),
    ("kafka", "Kafka instance through EventBridge", ""),
    ("msk", "Kafka instance through EventBridge", ""),
    ("mq", "RabbitMQ or RocketMQ through EventBridge", ""),
    ("schedule", "timer trigger (six fields, UTC, seconds first)", ""),
    ("eventbridge", "EventBridge rule, for events that are sent to Alibaba Cloud's bus", ""),
    ("events", "timer trigger or EventBridge rule", ""),
    (
        "websocket",
        "",
        "API Gateway keeps the connections and tells of them by events; on FC a server in a custom runtime "
        "keeps them",
    ),
    ("apigateway", "HTTP trigger", ""),
    ("api", "HTTP trigger", ""),
    ("alb", "HTTP trigger", ""),
    ("elasticloadbalancing", "HTTP trigger", ""),
    ("url", "HTTP trigger, with another host name", ""),
    ("http", "HTTP trigger", ""),
    ("logs", "Log Service (SLS) trigger", ""),
    ("cognito", "", "FC is not called by identity pools"),
    ("alexa", "", "Alexa calls Lambda or an HTTPS address; an HTTP trigger can be that address"),
    ("lex", "", "FC is not called by bots of Lex"),
    ("iot", "", "rules of AWS IoT call Lambda only; IoT Platform has rules of its own"),
    ("ses", "", "mail that is received is told on AWS only"),
    ("cloudfront", "", "Lambda@Edge runs in CloudFront; CDN of Alibaba Cloud has EdgeRoutine"),
    ("cloudformation", "", "macros and custom resources of CloudFormation call Lambda only"),
    ("bedrock", "", "agents of Bedrock call Lambda only"),
    ("codepipeline", "", "CodePipeline calls Lambda only"),
    ("pipes", "EventBridge, event streaming", ""),
    ("config", "", "rules of AWS Config call Lambda only"),
    ("secretsmanager", "", "rotation of secrets calls Lambda only"),
    ("rds", "", "RDS calls Lambda only"),
    ("stepfunctions", "a flow of CloudFlow that invokes the function", ""),
    ("appsync", "", "GraphQL of AppSync calls Lambda only; an HTTP trigger can be the server of a schema"),
    ("account", "an invocation by another account: FC's Invoke API, with RAM credentials", ""),
)
"""Part of the trigger's kind -> what FC has for it, and the reason where FC has nothing."""


def counterpart(kind: str) -> str | None:
    """Give FC's counterpart of a kind of trigger; empty if there is none, None if the kind is not known."""
    return next((there for part, there, _ in COUNTERPARTS if part in _plain(kind)), None)


def reason(kind: str) -> str:
    """Give why a kind of trigger has no counterpart; empty where it has one, or is not known."""
    return next((why for part, _, why in COUNTERPARTS if part in _plain(kind)), "")


def _plain(kind: str) -> str:
    return kind.lower().replace("-", "").replace("_", "")


def check(facts: FunctionFacts) -> Iterator[Finding]:
    """Give a finding for each trigger, one for those that miss the alias, one for what could not be read."""
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
    if unread := facts.configuration.get("unread"):
        yield Finding(
            rule="triggers-unread",
            severity="warn",
            title="Not everything that may call it could be read",
            place="; ".join(str(one) for one in unread),
            why="A trigger that is not seen would stay on AWS when traffic moves.",
            remedy="Grant the permission that the connection's check names, then sync.",
            source="AWS IAM, actions of the services that call Lambda",
        )


def _finding(trigger: Mapping[str, Any]) -> Finding:
    kind, there = _kind(trigger), counterpart(_kind(trigger))
    place = " ".join(str(one) for one in (kind, trigger.get("source", ""), trigger.get("detail", "")) if one)
    aims = f"It addresses {trigger.get('qualifier') or 'the bare function'}."
    if trigger.get("permission_only"):
        aims += " A permission names it, and nothing was found there that calls."
    if trigger.get("enabled") is False:
        aims += " It is switched off."
    if there:
        return Finding(
            rule="trigger",
            severity="ok",
            title=f"{kind}: {there}",
            place=place,
            why=f"{aims} While traffic shifts on the alias the trigger stays on AWS; it moves at "
            f"the end, if at "
            "all.",
            source=SOURCE,
        )
    because = f": {reason(kind)}" if reason(kind) else ""
    return Finding(
        rule="trigger",
        severity="warn",
        title=f"{kind}: FC has no counterpart{because}"
        if there == ""
        else f"{kind}: not a trigger that we know",
        place=place,
        why=f"{aims} The function can run on FC behind the relay, but AWS stays in the way of its events.",
        remedy="Keep the relay for this trigger, or move its source.",
        source=SOURCE,
    )


def _kind(trigger: Mapping[str, Any]) -> str:
    return str(trigger.get("kind", "")) or "unknown trigger"
