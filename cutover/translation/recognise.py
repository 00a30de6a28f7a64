"""Which shape an event has, by what only that shape has. What is not known is refused, never guessed."""

from __future__ import annotations

import json
from typing import Any

from .model import Kind, Untranslatable
from .sqs_queue import TYPE as MNS_TYPE
from .topic import ENVELOPE

_RECORDS = {"aws:s3": Kind.S3, "aws:sqs": Kind.SQS, "aws:sns": Kind.SNS}
NO_COUNTERPART = {
    "aws:kinesis": "a Kinesis stream has no counterpart here",
    "aws:dynamodb": "a DynamoDB stream has no counterpart here",
    "aws:kafka": "records of Kafka are not translated",
    "aws:ses": "SES has no counterpart here",
    "aws:codecommit": "CodeCommit has no counterpart here",
    "alikafka:Topic:Message": "records of Kafka are not translated",
    "mq:Topic:SendMessage": "messages of RocketMQ are not translated",
    "amqp:Queue:SendMessage": "messages of RabbitMQ are not translated",
    "cdn": "CDN events have no counterpart on AWS",
}
"""Sources that are known, and why their events are not translated."""


def recognise(event: Any) -> Kind:
    """Give the kind of an event.

    Raises:
        Untranslatable: its shape is not known, or it is known and has no counterpart.
    """
    if isinstance(event, list):
        return _in_list(event)
    if not isinstance(event, dict):
        raise Untranslatable("the shape of this event is not known: it is no object")
    found = _by_records(event) or _by_request(event) or _by_fields(event)
    if found is None:
        raise Untranslatable("the shape of this event is not known")
    return found


def _in_list(event: list[Any]) -> Kind:
    kinds = set()
    for place, entry in enumerate(event):
        if isinstance(entry, str):
            try:
                entry = json.loads(entry)
            except ValueError:
                raise Untranslatable("a text that holds no JSON", f"/{place}") from None
        kinds.add(recognise(entry) if isinstance(entry, dict) else None)
    if kinds == {Kind.MNS_QUEUE_SINGLE}:
        return Kind.MNS_QUEUE
    raise Untranslatable("the shape of this event is not known: a list of something else than messages")


def _by_records(event: dict[str, Any]) -> Kind | None:
    for key in ("Records", "events"):
        entries = event.get(key)
        if not isinstance(entries, list) or not entries:
            continue
        if not all(isinstance(entry, dict) for entry in entries):
            raise Untranslatable("a record is no object", f"/{key}")
        named = [entry.get("eventSource", entry.get("EventSource")) for entry in entries]
        source = named[0]
        if any(other != source for other in named):
            raise Untranslatable("records of several sources", f"/{key}")
        if not isinstance(source, str):
            raise Untranslatable("a record does not name its source", f"/{key}/0/eventSource")
        if key == "events" and source == "acs:oss":
            return Kind.OSS
        if key == "Records" and source in _RECORDS:
            return _RECORDS[source]
        _refuse(source, f"/{key}/0/eventSource")
    if event.get("eventSource") == "aws:kafka":
        _refuse("aws:kafka", "/eventSource")
    return None


def _by_request(event: dict[str, Any]) -> Kind | None:
    context = event.get("requestContext")
    if not isinstance(context, dict):
        return None
    if "elb" in context:
        return Kind.ALB
    if event.get("version") == "v1" and "http" in context:
        return Kind.HTTP
    if event.get("version") == "2.0" and "http" in context:
        domain = str(context.get("domainName", ""))
        return Kind.URL if ".lambda-url." in domain else Kind.API_V2
    if "httpMethod" in event and "path" in event:
        return Kind.API_V1
    if "connectionId" in context:
        raise Untranslatable("WebSocket routes have no counterpart on FC", "/requestContext/connectionId")
    return None


def _by_fields(event: dict[str, Any]) -> Kind | None:
    if "detail-type" in event and "source" in event:
        if event["detail-type"] == "Scheduled Event":
            kinds = {"aws.events": Kind.SCHEDULE, "aws.scheduler": Kind.SCHEDULER}
            return kinds.get(str(event["source"]), Kind.EVENTS)
        return Kind.EVENTS
    if "specversion" in event and "type" in event:
        if event["type"] == MNS_TYPE:
            return Kind.MNS_QUEUE_SINGLE
        _refuse_known(event["type"], "/type")
        return Kind.EVENTBRIDGE
    if set(event) == {"awslogs"}:
        return Kind.LOGS
    if "triggerTime" in event and "triggerName" in event:
        return Kind.TIMER
    if "Message" in event and sum(name in event for name in ENVELOPE) >= 4:
        return Kind.MNS_TOPIC
    if set(event) == {"body", "attrs"} and isinstance(event["body"], str):
        return Kind.MNS_TOPIC_STREAM
    source = event.get("source")
    if isinstance(source, dict) and "logstoreName" in source and "beginCursor" in source:
        return Kind.SLS
    return None


def _refuse_known(source: Any, pointer: str) -> None:
    if isinstance(source, str) and source in NO_COUNTERPART:
        raise Untranslatable(NO_COUNTERPART[source], pointer)


def _refuse(source: Any, pointer: str) -> None:
    _refuse_known(source, pointer)
    raise Untranslatable(f"records of {source!r} are not known", pointer)
