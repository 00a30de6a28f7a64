"""S3 notifications and OSS events.

Keys are URL-encoded by S3 and plain on OSS; ETags are lower-case on S3 and upper-case on OSS.
Source: Alibaba Cloud, "Formats of event for different triggers", read 2026-11-22; seed 1; AWS, "Event message
structure", read 2026-11-22.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, unquote_to_bytes

from .model import (
    ABSENT,
    Ledger,
    Reading,
    Setting,
    Translated,
    Untranslatable,
    primary,
    put,
    twin,
)

TO_OSS = {
    "ObjectCreated:Put": "ObjectCreated:PutObject",
    "ObjectCreated:Post": "ObjectCreated:PostObject",
    "ObjectCreated:Copy": "ObjectCreated:CopyObject",
    "ObjectCreated:CompleteMultipartUpload": "ObjectCreated:CompleteMultipartUpload",
    "ObjectRemoved:Delete": "ObjectRemoved:DeleteObject",
}
TO_S3 = {there: here for here, there in TO_OSS.items()}
NEAREST_S3 = {
    "ObjectCreated:AppendObject": "ObjectCreated:Put",
    "ObjectRemoved:DeleteObjects": "ObjectRemoved:Delete",
}
"""OSS events that S3 has under another, coarser name."""
SCHEMA_S3 = "2.1"
SCHEMA_OSS = "1.0"


def to_fc(event: Any, setting: Setting) -> Translated:
    """Give OSS's event for S3's.

    Raises:
        Untranslatable: a record is no S3 record, or its event does not exist on OSS.
    """
    ledger = Ledger()
    reading = Reading(event, "", ledger)
    records = [
        _to_oss(Reading(record, f"/Records/{place}", ledger), setting, f"/events/{place}")
        for place, record in enumerate(reading.items("Records"))
    ]
    reading.close()
    return ledger.result({"events": records})


def to_aws(event: Any, setting: Setting) -> Translated:
    """Give S3's event for OSS's.

    Raises:
        Untranslatable: an event is no OSS event, or does not exist on S3.
    """
    ledger = Ledger()
    reading = Reading(event, "", ledger)
    records = [
        _to_s3(Reading(record, f"/events/{place}", ledger), setting, f"/Records/{place}")
        for place, record in enumerate(reading.items("events"))
    ]
    reading.close()
    return ledger.result({"Records": records})


def encoded_key(key: str) -> str:
    """Give a key as S3 spells it in events: form encoding with slashes left alone."""
    return quote(key, safe="/*-._ ").replace("~", "%7E").replace(" ", "+")


def plain_key(key: str, pointer: str = "") -> str:
    """Give the key that an S3 event spells encoded.

    Raises:
        Untranslatable: the escapes are not UTF-8.
    """
    try:
        return unquote_to_bytes(key.replace("+", " ")).decode()
    except UnicodeError:
        raise Untranslatable("the key's escapes are not UTF-8", pointer) from None


def _to_oss(record: Reading, setting: Setting, there: str) -> dict[str, Any]:
    ledger = record.ledger
    if record.take("eventSource") != "aws:s3":
        raise Untranslatable("this is no record of S3", record.at("eventSource"))
    name = record.take("eventName")
    if not isinstance(name, str) or name not in TO_OSS:
        raise Untranslatable(f"OSS has no event for {name!r}", record.at("eventName"))
    result: dict[str, Any] = {"eventName": TO_OSS[name], "eventSource": "acs:oss"}
    put(result, "eventTime", record.take("eventTime"))
    record.constant("eventVersion", SCHEMA_S3)
    if "eventVersion" in record.document:
        result["eventVersion"] = SCHEMA_OSS
    entity = record.object("s3")
    if entity is None:
        raise Untranslatable("the record has no s3", record.pointer)
    result["oss"] = _oss_entity(entity, setting, f"{there}/oss")
    region = record.take("awsRegion")
    if region is not ABSENT:
        if setting.fc_region and region == setting.aws_region:
            result["region"] = setting.fc_region
            ledger.derive(f"{there}/region", "the region of the twin")
        else:
            ledger.lose(record.at("awsRegion"), "the region on Alibaba Cloud is not known")
    _common(record, result)
    answered = record.object("responseElements")
    if answered is not None:
        elements: dict[str, Any] = {}
        put(elements, "requestId", answered.take("x-amz-request-id"))
        answered.close("OSS gives one request id")
        if elements:
            result["responseElements"] = elements
    record.close("OSS does not say this")
    return result


def _oss_entity(entity: Reading, setting: Setting, there: str) -> dict[str, Any]:
    ledger = entity.ledger
    result: dict[str, Any] = {}
    bucket = entity.object("bucket")
    if bucket is not None:
        made: dict[str, Any] = {}
        name = bucket.text("name")
        if name is not ABSENT:
            made["name"] = twin(setting.buckets, name)
            if made["name"] != name:
                ledger.derive(f"{there}/bucket/name", "the twin of the bucket")
        arn = bucket.take("arn")
        if arn is not ABSENT:
            if name is ABSENT or arn != f"arn:aws:s3:::{name}":
                ledger.lose(bucket.at("arn"), "it is not the plain ARN of the bucket")
            if name is not ABSENT and setting.fc_region and setting.fc_account:
                made["arn"] = f"acs:oss:{setting.fc_region}:{setting.fc_account}:{made['name']}"
                ledger.derive(f"{there}/bucket/arn", "account and region of the twin")
            elif arn == f"arn:aws:s3:::{name}":
                ledger.lose(bucket.at("arn"), "account and region of the twin are not known")
        owner = bucket.object("ownerIdentity")
        if owner is not None:
            put(made, "ownerIdentity", owner.take("principalId"))
            owner.close()
        bucket.close()
        result["bucket"] = made
    stored = entity.object("object")
    if stored is not None:
        result["object"] = _oss_object(stored)
    entity.constant("s3SchemaVersion", "1.0")
    if "s3SchemaVersion" in entity.document:
        result["ossSchemaVersion"] = "1.0"
    put(result, "ruleId", entity.take("configurationId"))
    entity.close()
    return result


def _oss_object(stored: Reading) -> dict[str, Any]:
    result: dict[str, Any] = {}
    key = stored.text("key")
    if key is not ABSENT:
        result["key"] = plain_key(key, stored.at("key"))
        if encoded_key(result["key"]) != key:
            stored.lose("key", "the key is the same, its escapes are spelled in another way")
    put(result, "size", stored.take("size"))
    tag = stored.text("eTag")
    if tag is not ABSENT:
        result["eTag"] = tag.upper()
        if tag.upper().lower() != tag:
            stored.lose("eTag", "its case")
    stored.close("OSS does not say this")
    return result


def _to_s3(record: Reading, setting: Setting, there: str) -> dict[str, Any]:
    ledger = record.ledger
    if record.take("eventSource") != "acs:oss":
        raise Untranslatable("this is no event of OSS", record.at("eventSource"))
    name = record.take("eventName")
    nearest = TO_S3.get(name) or NEAREST_S3.get(name) if isinstance(name, str) else None
    if nearest is None:
        raise Untranslatable(f"S3 has no event for {name!r}", record.at("eventName"))
    if name in NEAREST_S3:
        record.lose("eventName", f"S3 says {nearest}")
    result: dict[str, Any] = {}
    record.constant("eventVersion", SCHEMA_OSS)
    if "eventVersion" in record.document:
        result["eventVersion"] = SCHEMA_S3
    result["eventSource"] = "aws:s3"
    region = record.take("region")
    if region is not ABSENT:
        if setting.aws_region and region == setting.fc_region:
            result["awsRegion"] = setting.aws_region
            ledger.derive(f"{there}/awsRegion", "the region of the AWS bucket")
        else:
            ledger.lose(record.at("region"), "the region on AWS is not known")
    put(result, "eventTime", record.take("eventTime"))
    result["eventName"] = nearest
    _common(record, result)
    answered = record.object("responseElements")
    if answered is not None:
        elements: dict[str, Any] = {}
        put(elements, "x-amz-request-id", answered.take("requestId"))
        answered.close()
        result["responseElements"] = elements
    entity = record.object("oss")
    if entity is None:
        raise Untranslatable("the event has no oss", record.pointer)
    result["s3"] = _s3_entity(entity, setting, f"{there}/s3")
    record.close()
    return result


def _s3_entity(entity: Reading, setting: Setting, there: str) -> dict[str, Any]:
    ledger = entity.ledger
    result: dict[str, Any] = {}
    entity.constant("ossSchemaVersion", "1.0")
    if "ossSchemaVersion" in entity.document:
        result["s3SchemaVersion"] = "1.0"
    put(result, "configurationId", entity.take("ruleId"))
    bucket = entity.object("bucket")
    if bucket is not None:
        made: dict[str, Any] = {}
        name = bucket.text("name")
        if name is not ABSENT:
            made["name"] = primary(setting.buckets, name)
            if made["name"] != name:
                ledger.derive(f"{there}/bucket/name", "the bucket whose twin this is")
        owner = bucket.take("ownerIdentity")
        if owner is not ABSENT:
            made["ownerIdentity"] = {"principalId": owner}
        if bucket.take("arn") is not ABSENT and name is not ABSENT:
            made["arn"] = f"arn:aws:s3:::{made['name']}"
            ledger.derive(f"{there}/bucket/arn", "the bucket's name")
        bucket.close()
        result["bucket"] = made
    stored = entity.object("object")
    if stored is not None:
        result["object"] = _s3_object(stored)
    entity.close()
    return result


def _s3_object(stored: Reading) -> dict[str, Any]:
    result: dict[str, Any] = {}
    key = stored.text("key")
    if key is not ABSENT:
        try:
            result["key"] = encoded_key(key)
        except UnicodeError:
            raise Untranslatable("the key is no Unicode text", stored.at("key")) from None
    put(result, "size", stored.take("size"))
    tag = stored.text("eTag")
    if tag is not ABSENT:
        result["eTag"] = tag.lower()
        if tag.lower().upper() != tag:
            stored.lose("eTag", "its case")
    stored.close("S3 does not say this")
    return result


def _common(record: Reading, result: dict[str, Any]) -> None:
    """Carry what both clouds spell alike: who did it, and from where."""
    for name, key in (("userIdentity", "principalId"), ("requestParameters", "sourceIPAddress")):
        part = record.object(name)
        if part is not None:
            made: dict[str, Any] = {}
            put(made, key, part.take(key))
            part.close()
            result[name] = made
