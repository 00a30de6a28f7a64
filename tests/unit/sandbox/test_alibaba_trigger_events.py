"""The events that triggers hand over, and the configurations that say when."""

import json
from typing import Any

import pytest

from sandbox.alibaba.triggers.configs import EventBridgeConfig, Kind, OssConfig, parse, queue_of
from sandbox.alibaba.triggers.events import mns_topic_event, queue_event
from sandbox.alibaba.wire import Refused

MESSAGE = {
    "topic": "news",
    "messageId": "M1",
    "body": "hello topic",
    "md5": "ABC",
    "publishTimeMs": 17,
    "tag": "",
    "attributes": {},
}


def told(message: dict[str, Any], *, as_json: bool) -> bytes:
    return mns_topic_event(message, as_json=as_json, account_id="1", subscription="t")


def test_a_stream_is_the_bare_body() -> None:
    assert told(MESSAGE, as_json=False) == b"hello topic"


def test_a_stream_with_attributes_wraps_them_as_text() -> None:
    found = json.loads(told({**MESSAGE, "attributes": {"key": "value"}}, as_json=False))
    assert found["body"] == "hello topic"
    assert json.loads(found["attrs"]["Extend"]) == {"key": "value"}


def test_json_has_attributes_at_its_top_level_and_never_over_its_own_fields() -> None:
    found = json.loads(told({**MESSAGE, "attributes": {"key": "value", "TopicName": "forged"}}, as_json=True))
    assert found == {
        "key": "value",
        "TopicOwner": "1",
        "Message": "hello topic",
        "Subscriber": "1",
        "PublishTime": 17,
        "SubscriptionName": "t",
        "MessageMD5": "ABC",
        "TopicName": "news",
        "MessageId": "M1",
    }


@pytest.mark.parametrize(
    ("body", "decode", "text"),
    [
        (b"aGVsbG8=", True, "hello"),
        (b"aGVsbG8=", False, "aGVsbG8="),
        (b"not base64!", True, "not base64!"),
        (b"/w==", True, "/w=="),
    ],
)
def test_a_queue_s_message_is_decoded_where_it_can_be(body: bytes, decode: bool, text: str) -> None:
    event = queue_event(
        body=body, message_id="M", queue="q", trigger="t", decode=decode, account_id="1", region="r"
    )
    assert event["data"] == {"requestId": "M", "messageId": "M", "messageBody": text}


def test_a_wildcard_names_every_event_of_its_group() -> None:
    config = parse(Kind.OSS, json.dumps({"events": ["oss:ObjectRemoved:*", "oss:ObjectCreated:PutObject"]}))
    assert isinstance(config, OssConfig)
    assert config.events == {
        "oss:ObjectRemoved:DeleteObject",
        "oss:ObjectRemoved:DeleteObjects",
        "oss:ObjectRemoved:AbortMultipartUpload",
        "oss:ObjectCreated:PutObject",
    }


@pytest.mark.parametrize(
    ("kind", "config", "words"),
    [
        (Kind.OSS, {"events": ["oss:ObjectCreated:*", "oss:ObjectCreated:PutObject"]}, "repeats"),
        (Kind.OSS, {"events": ["PutObject"]}, "no event"),
        (Kind.MNS_TOPIC, {"notifyContentFormat": "XML"}, "notifyContentFormat"),
        (Kind.MNS_TOPIC, {"filterTag": "x" * 17}, "filterTag"),
        (
            Kind.LOG,
            {"sourceConfig": {"logstore": "l"}, "jobConfig": {"triggerInterval": 1}},
            "triggerInterval",
        ),
        (Kind.HTTP, {"methods": []}, "methods"),
    ],
)
def test_it_says_what_is_wrong_with_a_configuration(kind: Kind, config: dict[str, Any], words: str) -> None:
    with pytest.raises(Refused, match=words):
        parse(kind, json.dumps(config))


def test_a_queue_s_options_are_read() -> None:
    config = parse(
        Kind.EVENTBRIDGE,
        json.dumps(
            {
                "triggerEnable": True,
                "asyncInvocationType": False,
                "eventSourceConfig": {
                    "eventSourceType": "MNS",
                    "eventSourceParameters": {
                        "sourceMNSParameters": {"QueueName": "q", "IsBase64Decode": False}
                    },
                },
                "runOptions": {
                    "mode": "event-driven",
                    "errorsTolerance": "NONE",
                    "retryStrategy": {"PushRetryStrategy": "EXPONENTIAL_DECAY_RETRY"},
                    "deadLetterQueue": {"Arn": "acs:mns:r:1:/queues/dead"},
                    "batchWindow": {"CountBasedWindow": 10, "TimeBasedWindow": 3},
                },
            }
        ),
    )
    assert config == EventBridgeConfig(
        queue="q",
        base64=False,
        streaming=False,
        asynchronous=False,
        raw=False,
        batch=10,
        window_s=3,
        tolerant=False,
        many_retries=True,
        dead_letters="acs:mns:r:1:/queues/dead",
        enabled=True,
    )
    assert queue_of("acs:mns:r:1:/queues/dead") == "dead"
