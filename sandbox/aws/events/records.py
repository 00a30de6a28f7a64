"""The events of SQS as a function gets them, and what its answer says about them.

Sources: docs.aws.amazon.com/lambda/latest/dg/with-sqs.html and services-sqs-errorhandling.html, read
2026-11-22.
"""

import base64
import json
from typing import Any

SYSTEM_ATTRIBUTES = (
    ("SequenceNumber", "sequence_number"),
    ("MessageGroupId", "group_id"),
    ("MessageDeduplicationId", "deduplication_id"),
)


def record_of(message: Any, queue_arn: str) -> dict[str, Any]:
    """Give one record out of moto's message."""
    attributes = {
        "ApproximateReceiveCount": str(message.approximate_receive_count),
        "SentTimestamp": str(message.sent_timestamp),
        "SenderId": message.sender_id,
        "ApproximateFirstReceiveTimestamp": str(message.approximate_first_receive_timestamp),
    }
    for name, field in SYSTEM_ATTRIBUTES:
        if (value := getattr(message, field)) is not None:
            attributes[name] = value
    if trace := message.system_attributes.get("AWSTraceHeader"):
        attributes["AWSTraceHeader"] = trace.get("StringValue", trace) if isinstance(trace, dict) else trace
    record = {
        "messageId": message.id,
        "receiptHandle": message.receipt_handle,
        "body": message.body,
        "attributes": attributes,
        "messageAttributes": {name: _shown(value) for name, value in message.message_attributes.items()},
        "md5OfBody": message.body_md5,
        "eventSource": "aws:sqs",
        "eventSourceARN": queue_arn,
        "awsRegion": queue_arn.split(":")[3],
    }
    if message.message_attributes:
        record["md5OfMessageAttributes"] = message.attribute_md5
    return record


def _shown(attribute: dict[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "stringListValues": [],
        "binaryListValues": [],
        "dataType": attribute["DataType"],
    }
    if (text := attribute.get("StringValue")) is not None:
        shown["stringValue"] = text
    if (raw := attribute.get("BinaryValue")) is not None:
        shown["binaryValue"] = base64.b64encode(raw).decode() if isinstance(raw, bytes) else raw
    return shown


def filterable(record: dict[str, Any]) -> dict[str, Any]:
    """Give a record as filters see it: a body of JSON is looked into."""
    try:
        return {**record, "body": json.loads(record["body"])}
    except ValueError:
        return record


def failed_of(answer: bytes, ids: list[str], *, reports: bool) -> set[str]:
    """Give the ids of the messages that a call which ended without an error did not deal with.

    reports: whether the mapping has ReportBatchItemFailures; without it the answer says nothing. An empty
    answer or list is a full success. What cannot be understood, or names no message of the batch, is a full
    failure.
    """
    if not reports:
        return set()
    try:
        document = json.loads(answer) if answer else None
    except ValueError:
        return set(ids)
    if not document:
        return set()
    if not isinstance(document, dict):
        return set(ids)
    listed = document.get("batchItemFailures")
    if not listed:
        return set()
    if not isinstance(listed, list):
        return set(ids)
    named = {str(one.get("itemIdentifier")) if isinstance(one, dict) else "" for one in listed}
    return named if named <= set(ids) else set(ids)
