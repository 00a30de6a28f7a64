"""The events that triggers hand to functions, as bytes.

Sources: Alibaba Cloud, "Formats of event" (2026-04); devsapp/fc3, its event templates; both read 2026-11-22.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sandbox.alibaba import clock


def _json(document: object) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def timer_event(*, at: float, trigger: str, payload: str) -> bytes:
    """Give ``{"triggerTime", "triggerName", "payload"}``."""
    return _json({"triggerTime": clock.iso_seconds(at), "triggerName": trigger, "payload": payload})


def oss_event(happening: Mapping[str, Any], *, account_id: str, region: str, rule_id: str) -> bytes:
    """Give ``{"events": [...]}`` with one event; keys are as they are, not URL-encoded."""
    bucket = str(happening["bucket"])
    return _json(
        {
            "events": [
                {
                    "eventName": happening["event"],
                    "eventSource": "acs:oss",
                    "eventTime": happening["time"],
                    "eventVersion": "1.0",
                    "oss": {
                        "bucket": {
                            "arn": f"acs:oss:{region}:{account_id}:{bucket}",
                            "name": bucket,
                            "ownerIdentity": account_id,
                            "virtualBucket": "",
                        },
                        "object": {
                            "deltaSize": happening["deltaSize"],
                            "eTag": happening["etag"],
                            "key": happening["key"],
                            "size": happening["size"],
                        },
                        "ossSchemaVersion": "1.0",
                        "ruleId": rule_id,
                    },
                    "region": region,
                    "requestParameters": {"sourceIPAddress": happening["sourceIp"]},
                    "responseElements": {"requestId": happening["requestId"]},
                    "userIdentity": {"principalId": happening["principalId"]},
                }
            ]
        }
    )


def mns_topic_event(
    message: Mapping[str, Any], *, as_json: bool, account_id: str, subscription: str
) -> bytes:
    """Give a published message: STREAM is the bare body, JSON an object with the attributes at its top level.

    With attributes STREAM becomes ``{"body", "attrs": {"Extend": "<JSON of them>"}}``.
    """
    attributes = {str(name): value for name, value in (message.get("attributes") or {}).items()}
    if not as_json:
        if not attributes:
            return str(message["body"]).encode()
        extend = json.dumps(attributes, ensure_ascii=False)
        return _json({"body": message["body"], "attrs": {"Extend": extend}})
    return _json(
        {
            **attributes,
            "TopicOwner": account_id,
            "Message": message["body"],
            "Subscriber": account_id,
            "PublishTime": message["publishTimeMs"],
            "SubscriptionName": subscription,
            "MessageMD5": message["md5"],
            "TopicName": message["topic"],
            "MessageId": message["messageId"],
        }
    )


def queue_event(
    *, body: bytes, message_id: str, queue: str, trigger: str, decode: bool, account_id: str, region: str
) -> dict[str, Any]:
    """Give the CloudEvent of a message of an MNS queue; ``decode`` undoes Base64 where the body is that."""
    text = _decoded(body) if decode else body.decode("utf-8", "replace")
    at = datetime.now(UTC)
    return {
        "id": message_id,
        "source": f"MNS-Function-{trigger}",
        "specversion": "1.0",
        "type": "mns:Queue:SendMessage",
        "datacontenttype": "application/json; charset=utf-8",
        "subject": f"acs:mns:{region}:{account_id}:queues/{queue}",
        "time": at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z",
        "aliyunaccountid": account_id,
        "aliyunpublishtime": at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z",
        "aliyunoriginalaccountid": account_id,
        "aliyuneventbusname": f"MNS-Function-{trigger}",
        "aliyunregionid": region,
        "aliyunpublishaddr": "127.0.0.1",
        "data": {"requestId": message_id, "messageId": message_id, "messageBody": text},
    }


def _decoded(body: bytes) -> str:
    try:
        return base64.b64decode(body, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return body.decode("utf-8", "replace")


def as_payload(document: object) -> bytes:
    """Give a document as the bytes that a function gets."""
    return _json(document)


def log_event(
    *,
    parameter: Mapping[str, Any],
    endpoint: str,
    project: str,
    logstore: str,
    cursors: tuple[str, str],
    job: str,
    task: str,
    at: float,
) -> bytes:
    """Give the cursors of a range of rows; the function pulls [begin, end) itself."""
    return _json(
        {
            "parameter": dict(parameter),
            "source": {
                "endpoint": endpoint,
                "projectName": project,
                "logstoreName": logstore,
                "shardId": 0,
                "beginCursor": cursors[0],
                "endCursor": cursors[1],
            },
            "jobName": job,
            "taskId": task,
            "cursorTime": int(at),
        }
    )
