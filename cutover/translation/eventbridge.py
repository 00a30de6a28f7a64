"""Custom events of EventBridge and CloudEvents of Alibaba Cloud's EventBridge.

Source: AWS, "Events structure"; Alibaba Cloud, EventBridge, "Event format", read 2026-11-22.
"""

from __future__ import annotations

from typing import Any

from .model import ABSENT, Ledger, Reading, Setting, Translated, Untranslatable, put


def to_fc(event: Any, setting: Setting) -> Translated:
    """Give the CloudEvent.

    Raises:
        Untranslatable: it is no event of EventBridge.
    """
    ledger = Ledger()
    reading = Reading(event, "", ledger)
    if reading.peek("detail-type") is ABSENT or reading.peek("source") is ABSENT:
        raise Untranslatable("this is no event of EventBridge", "/detail-type")
    result: dict[str, Any] = {}
    put(result, "id", reading.take("id"))
    put(result, "source", reading.take("source"))
    result["specversion"] = "1.0"
    put(result, "type", reading.take("detail-type"))
    result["datacontenttype"] = "application/json; charset=utf-8"
    resources = reading.take("resources")
    if resources is not ABSENT:
        one = isinstance(resources, list) and len(resources) == 1 and isinstance(resources[0], str)
        if one and resources[0]:
            result["subject"] = resources[0]
        elif resources != []:
            ledger.lose("/resources", "a CloudEvent has one subject")
    put(result, "time", reading.take("time"))
    for key, there, on_aws, on_fc in _places(setting):
        value = reading.take(key)
        if value is ABSENT:
            continue
        if on_fc and value == on_aws:
            result[there] = on_fc
            ledger.derive(f"/{there}", "the plan")
        else:
            ledger.lose(f"/{key}", "its counterpart is not known")
    reading.constant("version", "0")
    put(result, "data", reading.take("detail"))
    reading.close("a CloudEvent does not say this")
    return ledger.result(result)


def to_aws(event: Any, setting: Setting) -> Translated:
    """Give the event of EventBridge.

    Raises:
        Untranslatable: it is no CloudEvent.
    """
    ledger = Ledger()
    reading = Reading(event, "", ledger)
    if reading.peek("specversion") is ABSENT or reading.peek("type") is ABSENT:
        raise Untranslatable("this is no CloudEvent", "/specversion")
    result: dict[str, Any] = {"version": "0"}
    put(result, "id", reading.take("id"))
    put(result, "detail-type", reading.take("type"))
    put(result, "source", reading.take("source"))
    put(result, "time", reading.take("time"))
    for key, there, on_aws, on_fc in _places(setting):
        value = reading.take(there)
        if value is ABSENT:
            continue
        if on_aws and value == on_fc:
            result[key] = on_aws
            ledger.derive(f"/{key}", "the plan")
        else:
            ledger.lose(f"/{there}", "its counterpart is not known")
    subject = reading.take("subject")
    result["resources"] = [] if subject is ABSENT else [subject]
    put(result, "detail", reading.take("data"))
    reading.constant("specversion", "1.0")
    reading.take("datacontenttype")
    reading.close("AWS does not say this")
    return ledger.result(result)


def _places(setting: Setting) -> tuple[tuple[str, str, str, str], ...]:
    return (
        ("account", "aliyunaccountid", setting.aws_account, setting.fc_account),
        ("region", "aliyunregionid", setting.aws_region, setting.fc_region),
    )
