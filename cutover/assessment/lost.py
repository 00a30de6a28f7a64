"""What a function would miss if FC called it by its own trigger: the losses of translating an event.

They are no list of ours: for each kind of trigger one event with all that AWS documents for it is translated
(``cutover.translation``), and what the translation could not carry over is what the function would not see.
The adapter gives the function the AWS shape, so nothing else changes for its code.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from cutover.translation import Kind, Setting, to_fc

_RECORD = re.compile(r"^/Records/0")


@dataclass(frozen=True, kw_only=True, slots=True)
class Lost:
    """One field of the event, dotted as code writes it, and why it does not arrive as it was."""

    field: str
    reason: str


def event_kind(trigger: Mapping[str, Any]) -> Kind | None:
    """Give the shape of the events that a trigger sends; None where none is translated."""
    word = str(trigger.get("kind", "")).lower().replace("-", "").replace("_", "").replace(" ", "")
    if "apigateway" in word or word in ("api", "http"):
        return Kind.API_V2 if str(trigger.get("version", "")) == "2.0" else Kind.API_V1
    return next((kind for part, kind in _KINDS if part in word), None)


@cache
def lost(kind: Kind) -> tuple[Lost, ...]:
    """Give what does not arrive when FC's usual counterpart of this kind calls."""
    return tuple(
        Lost(field=_RECORD.sub("", one.pointer).strip("/").replace("/", "."), reason=one.reason)
        for one in to_fc(_EVENTS[kind], kind, _SETTING).losses
    )


_KINDS = (
    ("s3", Kind.S3),
    ("sqs", Kind.SQS),
    ("sns", Kind.SNS),
    ("scheduler", Kind.SCHEDULER),
    ("schedule", Kind.SCHEDULE),
    ("elasticloadbalancing", Kind.ALB),
    ("alb", Kind.ALB),
    ("url", Kind.URL),
    ("eventbridge", Kind.EVENTS),
    ("events", Kind.EVENTS),
)
"""Part of a trigger's kind -> shape of its events. Where FC's counterpart brings another source, none."""

_ACCOUNT, _REGION = "123456789012", "eu-central-1"
_SETTING = Setting(
    aws_region=_REGION,
    aws_account=_ACCOUNT,
    fc_region="eu-central-1",
    fc_account="1432000000000000",
    schedule_arn=f"arn:aws:events:{_REGION}:{_ACCOUNT}:rule/nightly",
)
_SCHEDULE: dict[str, Any] = {
    "version": "0",
    "id": "f4cb2b21-6b4c-1d0b-f854-03e9d0dd0328",
    "detail-type": "Scheduled Event",
    "source": "aws.events",
    "account": _ACCOUNT,
    "time": "2026-03-29T05:56:24Z",
    "region": _REGION,
    "resources": [f"arn:aws:events:{_REGION}:{_ACCOUNT}:rule/nightly"],
    "detail": {},
}
_API_V2: dict[str, Any] = {
    "version": "2.0",
    "routeKey": "GET /orders/{id}",
    "rawPath": "/orders/7",
    "rawQueryString": "a=1",
    "cookies": ["c=1"],
    "headers": {"accept": "*/*", "host": "id.example"},
    "queryStringParameters": {"a": "1"},
    "pathParameters": {"id": "7"},
    "stageVariables": {"mode": "live"},
    "requestContext": {
        "accountId": _ACCOUNT,
        "apiId": "id",
        "authorizer": {"jwt": {"claims": {"sub": "1"}, "scopes": []}},
        "domainName": "id.execute-api.eu-central-1.amazonaws.com",
        "domainPrefix": "id",
        "http": {
            "method": "GET",
            "path": "/orders/7",
            "protocol": "HTTP/1.1",
            "sourceIp": "192.0.2.7",
            "userAgent": "agent",
        },
        "requestId": "id",
        "routeKey": "GET /orders/{id}",
        "stage": "$default",
        "time": "12/Mar/2026:19:03:58 +0000",
        "timeEpoch": 1773342238390,
    },
    "isBase64Encoded": False,
}
_EVENTS: Mapping[Kind, dict[str, Any]] = {
    Kind.S3: {
        "Records": [
            {
                "eventVersion": "2.1",
                "eventSource": "aws:s3",
                "awsRegion": _REGION,
                "eventTime": "2026-03-29T08:07:41.393Z",
                "eventName": "ObjectCreated:Put",
                "userIdentity": {"principalId": "AWS:AIDA"},
                "requestParameters": {"sourceIPAddress": "192.0.2.7"},
                "responseElements": {"x-amz-request-id": "145F", "x-amz-id-2": "Fwazo="},
                "s3": {
                    "s3SchemaVersion": "1.0",
                    "configurationId": "rule-1",
                    "bucket": {
                        "name": "photos",
                        "ownerIdentity": {"principalId": "A20A"},
                        "arn": "arn:aws:s3:::photos",
                    },
                    "object": {
                        "key": "a.png",
                        "size": 15,
                        "eTag": "032447899e6c18dd3e30388764c0ff21",
                        "versionId": "L4kqtJlcpXroDTDmpUMLUo",
                        "sequencer": "005C9DD24D544E2553",
                    },
                },
            }
        ]
    },
    Kind.SQS: {
        "Records": [
            {
                "messageId": "23d47066-cd46-47a8-819d-f97bc9c2abce",
                "receiptHandle": "AQEB",
                "body": "go",
                "attributes": {
                    "ApproximateReceiveCount": "1",
                    "SentTimestamp": "1774088217716",
                    "SenderId": "AIDA",
                    "ApproximateFirstReceiveTimestamp": "1774088217721",
                },
                "messageAttributes": {
                    "shop": {
                        "stringValue": "north",
                        "stringListValues": [],
                        "binaryListValues": [],
                        "dataType": "String",
                    }
                },
                "md5OfMessageAttributes": "7c815262be77a62f56671125069ca888",
                "md5OfBody": "34d1f91fb2e514b8576fab1a75a89a6b",
                "eventSource": "aws:sqs",
                "eventSourceARN": f"arn:aws:sqs:{_REGION}:{_ACCOUNT}:orders",
                "awsRegion": _REGION,
            }
        ]
    },
    Kind.SNS: {
        "Records": [
            {
                "EventSource": "aws:sns",
                "EventVersion": "1.0",
                "EventSubscriptionArn": f"arn:aws:sns:{_REGION}:{_ACCOUNT}:news:21be56ed",
                "Sns": {
                    "Type": "Notification",
                    "MessageId": "95df01b4-ee98-5cb9-9903-4c221d41eb5e",
                    "TopicArn": f"arn:aws:sns:{_REGION}:{_ACCOUNT}:news",
                    "Subject": "News",
                    "Message": "Hello",
                    "Timestamp": "2026-01-02T12:45:07.000Z",
                    "SignatureVersion": "1",
                    "Signature": "tcc6",
                    "SigningCertUrl": "https://sns.example/cert.pem",
                    "UnsubscribeUrl": "https://sns.example/unsubscribe",
                    "MessageAttributes": {
                        "a-text": {"Type": "String", "Value": "red"},
                        "a-binary-one": {"Type": "Binary", "Value": "VGVzdA=="},
                    },
                },
            }
        ]
    },
    Kind.SCHEDULE: _SCHEDULE,
    Kind.SCHEDULER: {**_SCHEDULE, "source": "aws.scheduler"},
    Kind.API_V1: {
        "resource": "/orders/{id}",
        "path": "/orders/7",
        "httpMethod": "GET",
        "headers": {"Accept": "*/*", "X-Sent-Twice": "2"},
        "multiValueHeaders": {"Accept": ["*/*"], "X-Sent-Twice": ["1", "2"]},
        "queryStringParameters": {"sent-twice": "2"},
        "multiValueQueryStringParameters": {"sent-twice": ["1", "2"]},
        "pathParameters": {"id": "7"},
        "stageVariables": {"mode": "live"},
        "requestContext": {
            "accountId": _ACCOUNT,
            "apiId": "id",
            "authorizer": {"principalId": "1"},
            "requestTime": "12/Mar/2026:19:03:58 +0000",
            "requestTimeEpoch": 1773342238390,
            "identity": {"sourceIp": "192.0.2.7", "userAgent": "agent"},
            "httpMethod": "GET",
            "protocol": "HTTP/1.1",
            "requestId": "c6af9ac6",
            "resourcePath": "/orders/{id}",
            "stage": "prod",
        },
        "body": None,
        "isBase64Encoded": False,
    },
    Kind.API_V2: _API_V2,
    Kind.URL: {
        **{key: value for key, value in _API_V2.items() if key not in ("pathParameters", "stageVariables")},
        "routeKey": "$default",
        "requestContext": {
            **{key: value for key, value in _API_V2["requestContext"].items() if key != "authorizer"},
            "domainName": "id.lambda-url.eu-central-1.on.aws",
            "routeKey": "$default",
        },
    },
    Kind.ALB: {
        "requestContext": {
            "elb": {"targetGroupArn": f"arn:aws:elasticloadbalancing:{_REGION}:1:targetgroup/a/b"}
        },
        "httpMethod": "GET",
        "path": "/a",
        "queryStringParameters": {"q": "x"},
        "headers": {"accept": "*/*", "x-forwarded-for": "192.0.2.7"},
        "body": "",
        "isBase64Encoded": False,
    },
    Kind.EVENTS: {
        "version": "0",
        "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
        "detail-type": "Order placed",
        "source": "shop.orders",
        "account": _ACCOUNT,
        "time": "2026-12-22T18:43:48Z",
        "region": _REGION,
        "resources": ["orders/1"],
        "detail": {"n": 1},
    },
}
"""Shape -> an event with the fields that AWS documents.

Source: AWS Lambda, event examples, read 2026-11-22.
"""
