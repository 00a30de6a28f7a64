"""Events that S3, SQS and SNS send.

Source: facts/aws.md and the Lambda developer guide's pages on these triggers.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote_plus

from cutover.suites.generators.values import Draw, iso, md5, ms

Titled = tuple[str, Any]


def s3(draw: Draw) -> Iterator[Titled]:
    bucket = draw.name_of("photos")
    yield "object put", _records(_object(draw, bucket, f"in/{draw.hex(6)}.json"))
    yield "key with spaces and plus", _records(_object(draw, bucket, f"in/summer 2026/a+b {draw.hex(4)}.png"))
    yield "key that is not ASCII", _records(_object(draw, bucket, f"图片/café {draw.hex(4)} & co.jpg"))
    yield "object copied", _records(_object(draw, bucket, f"copy/{draw.hex(6)}", name="ObjectCreated:Copy"))
    large = _object(
        draw,
        bucket,
        f"backup/{draw.hex(6)}.tar",
        name="ObjectCreated:CompleteMultipartUpload",
        size=5_368_709_121,
    )
    large["s3"]["object"]["eTag"] = f"{draw.hex(32)}-512"
    yield "large upload in parts", _records(large)
    yield "empty object", _records(_object(draw, bucket, "in/empty/", size=0))
    gone = _object(draw, bucket, f"in/{draw.hex(6)}.txt", name="ObjectRemoved:Delete")
    del gone["s3"]["object"]["size"], gone["s3"]["object"]["eTag"]
    yield "object deleted", _records(gone)
    kept = _object(draw, bucket, f"in/{draw.hex(6)}.csv")
    kept["s3"]["object"]["versionId"] = draw.hex(32)
    yield "object with a version", _records(kept)


def _object(
    draw: Draw, bucket: str, key: str, *, name: str = "ObjectCreated:Put", size: int | None = None
) -> dict[str, Any]:
    return {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": draw.region,
        "eventTime": iso(draw.instant()),
        "eventName": name,
        "userIdentity": {"principalId": f"AWS:AIDA{draw.hex(16).upper()}"},
        "requestParameters": {"sourceIPAddress": f"192.0.2.{draw.random.randint(1, 254)}"},
        "responseElements": {"x-amz-request-id": draw.hex(16).upper(), "x-amz-id-2": draw.hex(40)},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "cutover-generated",
            "bucket": {
                "name": bucket,
                "ownerIdentity": {"principalId": f"A{draw.hex(12).upper()}"},
                "arn": f"arn:aws:s3:::{bucket}",
            },
            "object": {
                "key": quote_plus(key, safe="/"),
                "size": draw.random.randint(1, 5_000_000) if size is None else size,
                "eTag": draw.hex(32),
                "sequencer": draw.hex(18).upper(),
            },
        },
    }


def _records(*records: Any) -> dict[str, Any]:
    return {"Records": list(records)}


def sqs(draw: Draw) -> Iterator[Titled]:
    yield "one message", _records(_message(draw, draw.body()))
    yield "text that is no JSON", _records(_message(draw, f"plain text {draw.hex(6)}, not JSON"))
    yield "batch of five", _records(*(_message(draw, draw.body()) for _ in range(5)))
    described = _message(draw, draw.body())
    described["messageAttributes"] = {
        "shop": _attribute("String", stringValue="north"),
        "attempt": _attribute("Number", stringValue="2"),
    }
    yield "message with attributes", _records(described)
    again = _message(draw, draw.body())
    again["attributes"]["ApproximateReceiveCount"] = "4"
    yield "message delivered again", _records(again)
    yield "body that is not ASCII", _records(_message(draw, '{"grüße": "你好", "emoji": "🚚"}'))
    yield "long body", _records(_message(draw, '{"filler": "' + draw.hex(8) * 4000 + '"}'))
    yield "JSON within JSON", _records(_message(draw, '{"Message": "{\\"inner\\": true}", "n": 1}'))


def _message(draw: Draw, body: str) -> dict[str, Any]:
    sent = ms(draw.instant())
    return {
        "messageId": draw.uuid(),
        "receiptHandle": f"AQEB{draw.hex(60)}",
        "body": body,
        "attributes": {
            "ApproximateReceiveCount": "1",
            "SentTimestamp": str(sent),
            "SenderId": f"AIDA{draw.hex(16).upper()}",
            "ApproximateFirstReceiveTimestamp": str(sent + draw.random.randint(1, 90)),
        },
        "messageAttributes": {},
        "md5OfBody": md5(body),
        "eventSource": "aws:sqs",
        "eventSourceARN": draw.arn("sqs", "orders"),
        "awsRegion": draw.region,
    }


def _attribute(kind: str, **values: str) -> dict[str, Any]:
    return {**values, "stringListValues": [], "binaryListValues": [], "dataType": kind}


def sns(draw: Draw) -> Iterator[Titled]:
    yield "notification", _records(_notification(draw, draw.body()))
    yield "notification with subject", _records(_notification(draw, draw.body(), Subject="Order placed"))
    yield "text that is no JSON", _records(_notification(draw, f"alarm {draw.hex(4)} is OK now"))
    attributes = {
        "shop": {"Type": "String", "Value": "north"},
        "ids": {"Type": "String.Array", "Value": '["a", "b"]'},
    }
    yield (
        "notification with attributes",
        _records(_notification(draw, draw.body(), MessageAttributes=attributes)),
    )
    yield "text that is not ASCII", _records(_notification(draw, "发货了 – grüße 🚚"))
    yield "JSON within JSON", _records(_notification(draw, '{"default": "{\\"inner\\": 1}"}'))


def _notification(draw: Draw, message: str, **more: Any) -> dict[str, Any]:
    topic = draw.arn("sns", "news")
    return {
        "EventSource": "aws:sns",
        "EventVersion": "1.0",
        "EventSubscriptionArn": f"{topic}:{draw.uuid()}",
        "Sns": {
            "Type": "Notification",
            "MessageId": draw.uuid(),
            "TopicArn": topic,
            "Subject": None,
            "Message": message,
            "Timestamp": iso(draw.instant()),
            "SignatureVersion": "1",
            "Signature": draw.hex(80),
            "SigningCertUrl": f"https://sns.{draw.region}.amazonaws.com/SimpleNotificationService.pem",
            "UnsubscribeUrl": f"https://sns.{draw.region}.amazonaws.com/?Action=Unsubscribe",
            "MessageAttributes": {},
            **more,
        },
    }
