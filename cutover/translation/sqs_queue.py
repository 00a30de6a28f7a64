"""SQS batches and messages of an MNS queue, which reach FC through EventBridge as CloudEvents.

Event streaming gives an array of CloudEvents, or of texts that hold one each; event-driven one alone.
Source: Alibaba Cloud, "MNS queue triggers", read 2026-11-22.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from .arns import queue_arn, queue_subject
from .model import ABSENT, Ledger, Reading, Setting, Translated, Untranslatable, put
from .times import MS_TEXT, iso_from_ms, ms_from_iso

TYPE = "mns:Queue:SendMessage"


def to_fc(event: Any, setting: Setting) -> Translated:
    """Give the array that event streaming hands over.

    Raises:
        Untranslatable: a record is none of SQS.
    """
    ledger = Ledger()
    reading = Reading(event, "", ledger)
    made = [
        _cloud_event(Reading(record, f"/Records/{place}", ledger), setting, f"/{place}")
        for place, record in enumerate(reading.items("Records"))
    ]
    reading.close()
    return ledger.result(made)


def to_fc_single(event: Any, setting: Setting) -> Translated:
    """Give the one CloudEvent that event-driven mode hands over.

    Raises:
        Untranslatable: the batch does not hold exactly one record; split it first.
    """
    ledger = Ledger()
    reading = Reading(event, "", ledger)
    records = reading.items("Records")
    if len(records) != 1:
        raise Untranslatable(
            f"event-driven mode hands over one message, this batch holds {len(records)}: split it", "/Records"
        )
    made = _cloud_event(Reading(records[0], "/Records/0", ledger), setting, "")
    reading.close()
    return ledger.result(made)


def to_aws(event: Any, setting: Setting) -> Translated:
    """Give SQS's batch for an array of CloudEvents, of texts that hold one, or for a single CloudEvent.

    Raises:
        Untranslatable: an entry is no message of an MNS queue.
    """
    ledger = Ledger()
    entries = event if isinstance(event, list) else [event]
    records = []
    for place, entry in enumerate(entries):
        pointer = f"/{place}" if isinstance(event, list) else ""
        records.append(_record(_entry(entry, pointer, ledger), setting, f"/Records/{place}"))
    return ledger.result({"Records": records})


def _entry(entry: Any, pointer: str, ledger: Ledger) -> Reading:
    if isinstance(entry, str):
        try:
            entry = json.loads(entry)
        except ValueError:
            raise Untranslatable("a text that holds no JSON", pointer) from None
    return Reading(entry, pointer, ledger)


def _cloud_event(record: Reading, setting: Setting, there: str) -> dict[str, Any]:
    ledger = record.ledger
    if record.take("eventSource") != "aws:sqs":
        raise Untranslatable("this is no record of SQS", record.at("eventSource"))
    result: dict[str, Any] = {}
    message = record.text("messageId")
    put(result, "id", message)
    if setting.trigger_name:
        result["source"] = f"MNS-Function-{setting.trigger_name}"
        ledger.derive(f"{there}/source", "the trigger's name")
    result["specversion"] = "1.0"
    result["type"] = TYPE
    result["datacontenttype"] = "application/json; charset=utf-8"
    _place(record, result, setting, there)
    attributes = record.object("attributes")
    if attributes is not None:
        sent = attributes.take("SentTimestamp")
        iso = iso_from_ms(int(sent)) if isinstance(sent, str) and MS_TEXT.fullmatch(sent) else None
        if iso is not None and str(ms_from_iso(iso)) == sent:
            result["time"] = iso
        elif sent is not ABSENT:
            attributes.lose("SentTimestamp", "it is no text of milliseconds")
        attributes.close("MNS does not hand this over")
        if iso is None:
            ledger.lose(attributes.pointer, "nothing of it is left")
    data: dict[str, Any] = {}
    put(data, "messageId", message)
    body = record.text("body")
    put(data, "messageBody", body)
    digest = record.take("md5OfBody")
    if digest is not ABSENT and (body is ABSENT or digest != _md5(body)):
        ledger.lose(record.at("md5OfBody"), "it is not the digest of the body")
    result["data"] = data
    record.close("a message of an MNS queue does not carry it")
    return result


def _place(record: Reading, result: dict[str, Any], setting: Setting, there: str) -> None:
    ledger = record.ledger
    arn = record.take("eventSourceARN")
    if arn is not ABSENT:
        subject = queue_subject(arn, setting) if isinstance(arn, str) else None
        if subject is not None:
            result["subject"] = subject
            ledger.derive(f"{there}/subject", "account, region and name of the queue's twin")
        if subject is None or queue_arn(subject, setting) != arn:
            ledger.lose(record.at("eventSourceARN"), "the queue's twin, or its place, is not known")
    region = record.take("awsRegion")
    if region is not ABSENT:
        if setting.fc_region and region == setting.aws_region:
            result["aliyunregionid"] = setting.fc_region
            ledger.derive(f"{there}/aliyunregionid", "the region of the twin")
        else:
            ledger.lose(record.at("awsRegion"), "the region on Alibaba Cloud is not known")


def _record(entry: Reading, setting: Setting, there: str) -> dict[str, Any]:
    ledger = entry.ledger
    if entry.take("type") != TYPE:
        raise Untranslatable("this is no message of an MNS queue", entry.at("type"))
    data = entry.object("data")
    if data is None:
        raise Untranslatable("the event has no data", entry.pointer)
    result: dict[str, Any] = {}
    message = data.take("messageId")
    outer = entry.take("id")
    put(result, "messageId", message if message is not ABSENT else outer)
    if message is not ABSENT and outer is not ABSENT and outer != message:
        ledger.lose(entry.at("id"), "the message's own id is given")
    body = data.take("messageBody")
    if body is not ABSENT:
        if not isinstance(body, str):
            body = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
            ledger.lose(data.at("messageBody"), "EventBridge parsed the body: the spelling of its JSON")
        result["body"] = body
    at = entry.take("time")
    ms = ms_from_iso(at) if isinstance(at, str) else None
    if ms is not None:
        result["attributes"] = {"SentTimestamp": str(ms)}
    elif at is not ABSENT:
        ledger.lose(entry.at("time"), "it is no time")
    if body is not ABSENT:
        result["md5OfBody"] = _md5(body)
        ledger.derive(f"{there}/md5OfBody", "the body")
    result["eventSource"] = "aws:sqs"
    subject = entry.take("subject")
    arn = queue_arn(subject, setting) if isinstance(subject, str) else None
    if arn is not None:
        result["eventSourceARN"] = arn
        ledger.derive(f"{there}/eventSourceARN", "the queue whose twin this is")
    elif subject is not ABSENT:
        ledger.lose(entry.at("subject"), "account and region on AWS are not known")
    region = entry.take("aliyunregionid")
    if region is not ABSENT:
        if setting.aws_region and region == setting.fc_region:
            result["awsRegion"] = setting.aws_region
            ledger.derive(f"{there}/awsRegion", "the region of the AWS queue")
        else:
            ledger.lose(entry.at("aliyunregionid"), "the region on AWS is not known")
    entry.constant("specversion", "1.0")
    entry.take("datacontenttype")
    data.close("SQS does not say this")
    entry.close("SQS does not say this")
    return result


def _md5(text: str) -> str:
    """Give the digest that SQS gives of a body; it is no security measure."""
    return hashlib.md5(text.encode("utf-8", "surrogatepass")).hexdigest()  # noqa: S324
