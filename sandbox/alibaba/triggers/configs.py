"""The triggerConfig of each kind of trigger: a JSON text on the wire, a value here.

Sources: alibabacloud-fc20230330 4.8.3, the models of trigger configurations; devsapp/fc3, its JSON schema of
triggers; both read 2026-11-22.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Any

from sandbox.alibaba.fc.model import invalid
from sandbox.alibaba.triggers.schedules import Schedule, parse_schedule

PAYLOAD_LIMIT_BYTES = 64 * 1024
FILTER_TAG_LIMIT = 16
AFFIX_LIMIT = 256


class Kind(StrEnum):
    """The kinds of triggers that fire here."""

    TIMER = "timer"
    OSS = "oss"
    MNS_TOPIC = "mns_topic"
    EVENTBRIDGE = "eventbridge"
    HTTP = "http"
    LOG = "log"


# Kinds that FC has and the sandbox has no source for: refused, since they would never fire.
ABSENT = frozenset({"cdn_events", "tablestore"})
OSS_EVENTS: Mapping[str, frozenset[str]] = {
    "oss:ObjectCreated": frozenset(
        {
            *("PutObject", "PostObject", "CopyObject", "AppendObject", "CompleteMultipartUpload"),
            *("InitiateMultipartUpload", "UploadPart", "UploadPartCopy", "PutSymlink"),
        }
    ),
    "oss:ObjectRemoved": frozenset({"DeleteObject", "DeleteObjects", "AbortMultipartUpload"}),
    "oss:ObjectModified": frozenset({"UpdateObjectMeta"}),
    "oss:ObjectReplication": frozenset(
        {"ObjectCreated", "ObjectModified", "ObjectRemovedDeleteMarkerCreated"}
    ),
}
HTTP_METHODS = frozenset({"GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS"})


@dataclass(frozen=True, kw_only=True, slots=True)
class TimerConfig:
    """When a timer fires and what it says."""

    schedule: Schedule
    enabled: bool
    payload: str


@dataclass(frozen=True, kw_only=True, slots=True)
class OssConfig:
    """Which events of a bucket fire, for which keys; ``events`` are full names, wildcards resolved."""

    events: frozenset[str]
    prefix: str
    suffix: str
    enabled: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class MnsTopicConfig:
    """How messages of a topic are handed over."""

    json: bool
    tag: str
    many_retries: bool
    enabled: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class HttpConfig:
    """Who may call, and how."""

    signed: bool
    methods: frozenset[str]
    internet: bool
    enabled: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class LogConfig:
    """Which logstore is looked at, how often, and what goes along. ``start`` is a unix time or None."""

    logstore: str
    start: int | None
    interval_s: int
    retries: int
    parameter: Mapping[str, Any] = field(hash=False)
    enabled: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class EventBridgeConfig:
    """An MNS queue as a source: how its messages are gathered, handed over and retried."""

    queue: str
    base64: bool
    streaming: bool
    asynchronous: bool
    raw: bool
    batch: int
    window_s: float
    tolerant: bool
    many_retries: bool
    dead_letters: str
    enabled: bool


Config = TimerConfig | OssConfig | MnsTopicConfig | HttpConfig | LogConfig | EventBridgeConfig


@lru_cache(maxsize=4096)
def parse(kind: Kind, text: str) -> Config:
    """Read a triggerConfig.

    Raises:
        Refused: 400 InvalidArgument naming what is wrong.
    """
    try:
        given = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as exc:
        raise invalid("triggerConfig must be a string that holds a JSON object") from exc
    if not isinstance(given, dict):
        raise invalid("triggerConfig must be a string that holds a JSON object")
    return _READERS[kind](given)


def _section(given: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = given.get(name) or {}
    if not isinstance(found, dict):
        raise invalid(f"triggerConfig.{name} must be an object")
    return found


def _word(given: Mapping[str, Any], name: str, allowed: tuple[str, ...]) -> str:
    """Give one of the allowed words; the first when it is absent."""
    value = given.get(name) or allowed[0]
    if value not in allowed:
        raise invalid(f"triggerConfig.{name} must be one of {', '.join(allowed)}")
    return str(value)


def _flag(given: Mapping[str, Any], name: str, default: bool) -> bool:
    value = given.get(name, default)
    value = default if value is None else value
    if not isinstance(value, bool):
        raise invalid(f"triggerConfig.{name} must be true or false")
    return value


def _number(given: Mapping[str, Any], name: str, low: int, high: int, default: int) -> int:
    value = given.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise invalid(f"triggerConfig.{name} must be a number between {low} and {high}")
    return value


def _text(given: Mapping[str, Any], name: str, limit: int) -> str:
    value = given.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value.encode()) > limit:
        raise invalid(f"triggerConfig.{name} must be a text of at most {limit} bytes")
    return value


def _timer(given: Mapping[str, Any]) -> TimerConfig:
    return TimerConfig(
        schedule=parse_schedule(given.get("cronExpression")),
        enabled=_flag(given, "enable", False),
        payload=_text(given, "payload", PAYLOAD_LIMIT_BYTES),
    )


def _oss(given: Mapping[str, Any]) -> OssConfig:
    events = given.get("events")
    if not isinstance(events, list) or not events:
        raise invalid("invalid OSS trigger config: events is required")
    names: set[str] = set()
    for event in events:
        group, _, last = str(event).rpartition(":")
        known = OSS_EVENTS.get(group, frozenset())
        if not known or (last != "*" and last not in known):
            raise invalid(f"invalid OSS trigger config: '{event}' is no event")
        chosen = {f"{group}:{name}" for name in (known if last == "*" else {last})}
        if chosen & names:
            raise invalid(f"invalid OSS trigger config: '{event}' repeats an event")
        names |= chosen
    filters = _section(given, "filter")
    key = _section(filters, "key") or _section(filters, "Key")
    lower = {str(name).lower(): value for name, value in key.items()}
    return OssConfig(
        events=frozenset(names),
        prefix=_text(lower, "prefix", AFFIX_LIMIT),
        suffix=_text(lower, "suffix", AFFIX_LIMIT),
        enabled=_flag(given, "enable", True),
    )


def _mns_topic(given: Mapping[str, Any]) -> MnsTopicConfig:
    strategy = _word(given, "notifyStrategy", ("BACKOFF_RETRY", "EXPONENTIAL_DECAY_RETRY"))
    return MnsTopicConfig(
        json=_word(given, "notifyContentFormat", ("STREAM", "JSON")) == "JSON",
        tag=_text(given, "filterTag", FILTER_TAG_LIMIT),
        many_retries=strategy == "EXPONENTIAL_DECAY_RETRY",
        enabled=_flag(given, "enable", True),
    )


def _http(given: Mapping[str, Any]) -> HttpConfig:
    kind = _word(given, "authType", ("function", "anonymous", "jwt"))
    if kind == "jwt":
        raise invalid("the sandbox does not check JSON web tokens, so it refuses authType jwt")
    if given.get("corsConfig"):
        raise invalid("the sandbox does not carry out corsConfig, so it refuses it")
    methods = given.get("methods")
    if not isinstance(methods, list) or not methods or not set(map(str, methods)) <= HTTP_METHODS:
        raise invalid(f"triggerConfig.methods must be a list of {', '.join(sorted(HTTP_METHODS))}")
    return HttpConfig(
        signed=kind == "function",
        methods=frozenset(map(str, methods)),
        internet=not _flag(given, "disableURLInternet", False),
        enabled=_flag(given, "enable", True),
    )


def _log(given: Mapping[str, Any]) -> LogConfig:
    source, job = _section(given, "sourceConfig"), _section(given, "jobConfig")
    logstore = _text(source, "logstore", 128)
    if not logstore:
        raise invalid("triggerConfig.sourceConfig.logstore is required")
    start = source.get("startTime")
    if start is not None and (isinstance(start, bool) or not isinstance(start, int) or start < 0):
        raise invalid("triggerConfig.sourceConfig.startTime must be a unix time")
    return LogConfig(
        logstore=logstore,
        start=start,
        interval_s=_number(job, "triggerInterval", 3, 600, 60),
        retries=_number(job, "maxRetryTime", 0, 100, 3),
        parameter=_section(given, "functionParameter"),
        enabled=_flag(given, "enable", True),
    )


_QUEUE_ARN = re.compile(r"acs:mns:[^:]*:[^:]*:/?queues/(?P<queue>[^/]+)(/messages)?")


def _eventbridge(given: Mapping[str, Any]) -> EventBridgeConfig:
    source = _section(given, "eventSourceConfig")
    kind = _word(
        source, "eventSourceType", ("Default", "MNS", "RocketMQ", "RabbitMQ", "Kafka", "MQTT", "DTS")
    )
    if kind != "MNS":
        raise invalid(f"the sandbox has no event source of type {kind}, only MNS")
    queue = _section(_section(source, "eventSourceParameters"), "sourceMNSParameters")
    name = _text(queue, "QueueName", 120)
    if not name:
        raise invalid("triggerConfig: sourceMNSParameters.QueueName is required")
    pattern = given.get("eventRuleFilterPattern") or "{}"
    if str(pattern).strip() not in ("", "{}"):
        raise invalid("the sandbox does not filter events, so eventRuleFilterPattern must be {}")
    options = _section(given, "runOptions")
    windows = _section(options, "batchWindow")
    strategy = _section(options, "retryStrategy")
    dead = _text(_section(options, "deadLetterQueue"), "Arn", 512)
    if dead and _QUEUE_ARN.fullmatch(dead) is None:
        raise invalid("triggerConfig: deadLetterQueue.Arn must be the ARN of an MNS queue")
    sink = _section(_section(given, "eventSinkConfig"), "deliveryOption")
    return EventBridgeConfig(
        queue=name,
        base64=_flag(queue, "IsBase64Decode", True),
        streaming=_word(options, "mode", ("event-streaming", "event-driven")) == "event-streaming",
        asynchronous=_flag(given, "asyncInvocationType", False),
        raw=_word(sink, "eventSchema", ("CloudEvents", "RawData")) == "RawData",
        batch=_number(windows, "CountBasedWindow", 1, 10_000, 1),
        window_s=_number(windows, "TimeBasedWindow", 0, 30, 0),
        tolerant=_word(options, "errorsTolerance", ("ALL", "NONE")) == "ALL",
        many_retries=_word(strategy, "PushRetryStrategy", ("BACKOFF_RETRY", "EXPONENTIAL_DECAY_RETRY"))
        == "EXPONENTIAL_DECAY_RETRY",
        dead_letters=dead,
        enabled=_flag(given, "triggerEnable", True),
    )


def queue_of(arn: str) -> str:
    """Give the queue that an ARN names; it was checked when the trigger was made."""
    found = _QUEUE_ARN.fullmatch(arn)
    return found["queue"] if found else ""


_READERS: Mapping[Kind, Callable[[Mapping[str, Any]], Config]] = {
    Kind.TIMER: _timer,
    Kind.OSS: _oss,
    Kind.MNS_TOPIC: _mns_topic,
    Kind.HTTP: _http,
    Kind.LOG: _log,
    Kind.EVENTBRIDGE: _eventbridge,
}
