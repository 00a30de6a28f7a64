"""Messages of an MNS topic, the twin of an SNS topic or of an SQS queue.

JSON form: attributes of the message stand at top level beside the fields of its envelope, so a name that the
envelope uses is lost. STREAM form: {"body", "attrs": {"Extend": "<JSON text>"}}, or the bare body.
Source: Alibaba Cloud, "MNS topic triggers", and the event templates of Serverless Devs, read 2026-11-22.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

from .arns import aws_arn, name_in_arn
from .model import ABSENT, Ledger, Loss, Reading, Setting, Translated, Untranslatable, primary, put, twin
from .times import MS_TEXT, iso_from_ms, ms_from_iso

ENVELOPE = (
    "TopicOwner",
    "Message",
    "Subscriber",
    "PublishTime",
    "SubscriptionName",
    "MessageMD5",
    "TopicName",
    "MessageId",
)
LARGEST_MS = 253_402_300_799_999


def from_sns(event: Any, setting: Setting) -> Translated:
    """Give the JSON form for an SNS notification.

    Raises:
        Untranslatable: it is no single notification.
    """
    ledger = Ledger()
    notice, record = _single_notice(event, ledger)
    result: dict[str, Any] = {}
    message = _sns_message(notice, record, result, setting)
    at = notice.take("Timestamp")
    ms = ms_from_iso(at) if isinstance(at, str) else None
    if ms is not None:
        result["PublishTime"] = ms
    if at is not ABSENT and (ms is None or iso_from_ms(ms) != at):
        ledger.lose(notice.at("Timestamp"), "its spelling")
    put(result, "MessageId", notice.take("MessageId"))
    if message is not ABSENT:
        result["MessageMD5"] = _md5(message)
        ledger.derive("/MessageMD5", "the message")
    attributes = notice.object("MessageAttributes")
    if attributes is not None:
        _merge(attributes, result, typed="Type", valued="Value", canonical=_sns_attribute)
    notice.close("an MNS topic does not say this")
    record.close("an MNS topic does not say this")
    return ledger.result(result)


def from_sns_stream(event: Any, setting: Setting) -> Translated:
    """Give the STREAM form for an SNS notification.

    Raises:
        Untranslatable: it is no single notification.
    """
    ledger = Ledger()
    notice, record = _single_notice(event, ledger)
    result: dict[str, Any] = {}
    put(result, "body", notice.text("Message"))
    kept: dict[str, Any] = {}
    attributes = notice.object("MessageAttributes")
    if attributes is not None:
        _merge(attributes, kept, typed="Type", valued="Value", canonical=_sns_attribute)
    if kept:
        result["attrs"] = {"Extend": json.dumps(kept, ensure_ascii=False, separators=(",", ":"))}
    record.constant("EventSource", "aws:sns")
    record.constant("EventVersion", "1.0")
    notice.constant("Type", "Notification")
    notice.close("the STREAM form carries body and attributes alone")
    record.close("the STREAM form carries body and attributes alone")
    return ledger.result(result)


def from_sqs(event: Any, setting: Setting) -> Translated:
    """Give the JSON form for an SQS batch of one.

    Raises:
        Untranslatable: it is no batch of exactly one record.
    """
    ledger = Ledger()
    record = _single(event, ledger)
    if record.take("eventSource") != "aws:sqs":
        raise Untranslatable("this is no record of SQS", record.at("eventSource"))
    result: dict[str, Any] = {}
    arn = record.take("eventSourceARN")
    if arn is not ABSENT:
        name = name_in_arn(arn, "sqs") if isinstance(arn, str) else None
        if name is not None:
            result["TopicName"] = twin(setting.queues, name)
            ledger.derive("/TopicName", "the twin of the queue")
        _place(record, "eventSourceARN", arn, "sqs", name, setting)
    body = record.text("body")
    put(result, "Message", body)
    put(result, "MessageId", record.take("messageId"))
    digest = record.take("md5OfBody")
    if body is not ABSENT:
        result["MessageMD5"] = _md5(body)
        ledger.derive("/MessageMD5", "the message")
    if digest is not ABSENT and (body is ABSENT or digest != _md5(body).lower()):
        ledger.lose(record.at("md5OfBody"), "it is not the digest of the body")
    region = record.take("awsRegion")
    if region is not ABSENT and region != setting.aws_region:
        ledger.lose(record.at("awsRegion"), "it is not the region of the plan")
    attributes = record.object("attributes")
    if attributes is not None:
        sent = attributes.take("SentTimestamp")
        if isinstance(sent, str) and MS_TEXT.fullmatch(sent) and str(int(sent)) == sent:
            result["PublishTime"] = int(sent)
        elif sent is not ABSENT:
            attributes.lose("SentTimestamp", "it is no text of milliseconds")
        attributes.close("MNS does not hand this over")
        if "PublishTime" not in result:
            ledger.lose(attributes.pointer, "nothing of it is left")
    named = record.object("messageAttributes")
    if named is not None:
        _merge(named, result, typed="dataType", valued="stringValue", canonical=_sqs_attribute)
    record.close("an MNS topic does not say this")
    return ledger.result(result)


def to_sns(event: Any, setting: Setting) -> Translated:
    """Give the SNS notification for the JSON form.

    Raises:
        Untranslatable: it is no message of a topic.
    """
    ledger = Ledger()
    reading, message = _message(event, ledger)
    notice: dict[str, Any] = {"Type": "Notification"}
    put(notice, "MessageId", reading.take("MessageId"))
    topic = reading.text("TopicName")
    record: dict[str, Any] = {"EventSource": "aws:sns", "EventVersion": "1.0"}
    if topic is not ABSENT:
        arn = aws_arn("sns", primary(setting.topics, topic), setting)
        if arn is None:
            ledger.lose(reading.at("TopicName"), "account and region on AWS are not known")
        else:
            notice["TopicArn"] = arn
            ledger.derive("/Records/0/Sns/TopicArn", "the topic whose twin this is")
    notice["Message"] = message
    ms = _published(reading)
    if ms is not None:
        notice["Timestamp"] = iso_from_ms(ms)
    named = {name: {"Type": "String", "Value": value} for name, value in _attributes(reading, "Sns").items()}
    if named:
        notice["MessageAttributes"] = named
    _close_message(reading)
    record["Sns"] = notice
    return ledger.result({"Records": [record]})


def to_sqs(event: Any, setting: Setting) -> Translated:
    """Give the SQS batch of one for the JSON form.

    Raises:
        Untranslatable: it is no message of a topic.
    """
    ledger = Ledger()
    reading, message = _message(event, ledger)
    record: dict[str, Any] = {}
    put(record, "messageId", reading.take("MessageId"))
    record["body"] = message
    ms = _published(reading)
    if ms is not None:
        record["attributes"] = {"SentTimestamp": str(ms)}
    named = {name: _sqs_attribute(value) for name, value in _attributes(reading, "SQS").items()}
    if named:
        record["messageAttributes"] = named
    record["md5OfBody"] = _md5(message).lower()
    ledger.derive("/Records/0/md5OfBody", "the body")
    record["eventSource"] = "aws:sqs"
    topic = reading.text("TopicName")
    if topic is not ABSENT:
        arn = aws_arn("sqs", primary(setting.queues, topic), setting)
        if arn is None:
            ledger.lose(reading.at("TopicName"), "account and region on AWS are not known")
        else:
            record["eventSourceARN"] = arn
            ledger.derive("/Records/0/eventSourceARN", "the queue whose twin this is")
    if setting.aws_region:
        record["awsRegion"] = setting.aws_region
        ledger.derive("/Records/0/awsRegion", "the plan")
    _close_message(reading)
    return ledger.result({"Records": [record]})


def from_stream(event: Any, translated: Callable[[Any], Translated]) -> Translated:
    """Translate a STREAM message, or a bare body, through the JSON form.

    Raises:
        Untranslatable: its attributes are no JSON object.
    """
    if not _is_stream(event):
        text = event if isinstance(event, str) else json.dumps(event, ensure_ascii=False)
        return translated({"Message": text})
    named = _extended(event.get("attrs", {}))
    clashing = [name for name in named if name in ENVELOPE]
    free = {name: value for name, value in named.items() if name not in ENVELOPE}
    found = translated({**free, "Message": event["body"]})
    losses = (
        *(Loss(f"/attrs/Extend{loss.pointer}", loss.reason) for loss in found.losses),
        *(Loss(f"/attrs/Extend/{name}", "the envelope has a field of this name") for name in clashing),
    )
    return Translated(found.event, losses, found.derived)


def _is_stream(event: Any) -> bool:
    return isinstance(event, dict) and isinstance(event.get("body"), str) and set(event) <= {"body", "attrs"}


def _extended(attrs: Any) -> dict[str, Any]:
    extend = attrs.get("Extend", "{}") if isinstance(attrs, dict) else attrs
    try:
        named = json.loads(extend)
    except (TypeError, ValueError):
        raise Untranslatable("the attributes are no JSON text", "/attrs/Extend") from None
    if not isinstance(named, dict):
        raise Untranslatable("the attributes are no JSON object", "/attrs/Extend")
    return named


def _single(event: Any, ledger: Ledger) -> Reading:
    reading = Reading(event, "", ledger)
    records = reading.items("Records")
    if len(records) != 1:
        raise Untranslatable(
            f"a topic hands over one message, this event holds {len(records)}: split it", "/Records"
        )
    reading.close()
    return Reading(records[0], "/Records/0", ledger)


def _single_notice(event: Any, ledger: Ledger) -> tuple[Reading, Reading]:
    record = _single(event, ledger)
    notice = record.object("Sns")
    if record.peek("EventSource") != "aws:sns" or notice is None:
        raise Untranslatable("this is no notification of SNS", record.pointer)
    return notice, record


def _sns_message(notice: Reading, record: Reading, result: dict[str, Any], setting: Setting) -> Any:
    ledger = notice.ledger
    record.constant("EventSource", "aws:sns")
    record.constant("EventVersion", "1.0")
    notice.constant("Type", "Notification")
    arn = notice.take("TopicArn")
    if arn is not ABSENT:
        name = name_in_arn(arn, "sns") if isinstance(arn, str) else None
        if name is not None:
            result["TopicName"] = twin(setting.topics, name)
            ledger.derive("/TopicName", "the twin of the topic")
        _place(notice, "TopicArn", arn, "sns", name, setting)
    for key, value in (
        ("TopicOwner", setting.fc_account),
        ("Subscriber", setting.fc_account),
        ("SubscriptionName", setting.subscription),
    ):
        if value:
            result[key] = value
            ledger.derive(f"/{key}", "the plan")
    message = notice.text("Message")
    put(result, "Message", message)
    return message


def _place(reading: Reading, key: str, arn: Any, service: str, name: str | None, setting: Setting) -> None:
    if name is None or aws_arn(service, name, setting) != arn:
        reading.ledger.lose(reading.at(key), "its account and region are not those of the plan")


def _merge(
    attributes: Reading,
    result: dict[str, Any],
    *,
    typed: str,
    valued: str,
    canonical: Any,
) -> None:
    """Put attributes of type String into the result at top level; the rest is lost."""
    for name in attributes.document:
        one = attributes.object(name)
        if one is None:
            continue
        value = one.take(valued)
        if one.take(typed) not in ("String", "Number") or not isinstance(value, str):
            attributes.lose(name, "MNS carries attributes that are texts")
        elif name in ENVELOPE:
            attributes.lose(name, "the envelope has a field of this name")
        else:
            result[name] = value
            if one.document != canonical(value):
                attributes.lose(name, "all but its value")
    if not attributes.document:
        attributes.ledger.lose(attributes.pointer, "no attributes and none given look alike")
    elif not any(name in result for name in attributes.document if name not in ENVELOPE):
        attributes.ledger.lose(attributes.pointer, "nothing of it is left")


def _sns_attribute(value: str) -> dict[str, Any]:
    return {"Type": "String", "Value": value}


def _sqs_attribute(value: str) -> dict[str, Any]:
    return {"stringValue": value, "stringListValues": [], "binaryListValues": [], "dataType": "String"}


def _message(event: Any, ledger: Ledger) -> tuple[Reading, str]:
    reading = Reading(event, "", ledger)
    message = reading.text("Message")
    if message is ABSENT:
        raise Untranslatable("this is no message of a topic", "/Message")
    return reading, str(message)


def _published(reading: Reading) -> int | None:
    value = reading.take("PublishTime")
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LARGEST_MS:
        return value
    if value is not ABSENT:
        reading.ledger.lose(reading.at("PublishTime"), "it is no time in milliseconds")
    return None


def _attributes(reading: Reading, there: str) -> dict[str, str]:
    """Take what stands at top level beside the envelope."""
    found: dict[str, str] = {}
    for name, value in reading.document.items():
        if name in ENVELOPE:
            continue
        if isinstance(value, str):
            found[name] = reading.text(name)
        else:
            reading.lose(name, f"an attribute of {there} is a text here")
    return found


def _close_message(reading: Reading) -> None:
    reading.take("MessageMD5")
    reading.close("AWS does not say this")


def _md5(text: str) -> str:
    """Give the digest that MNS gives of a message; it is no security measure."""
    return hashlib.md5(text.encode("utf-8", "surrogatepass")).hexdigest().upper()  # noqa: S324
