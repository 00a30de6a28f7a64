"""Scheduled events (EventBridge rules and EventBridge Scheduler) and FC's timer.

Source: seed 1; Alibaba Cloud, "Time triggers", read 2026-11-22.
"""

from __future__ import annotations

import json
from typing import Any

from .model import ABSENT, Kind, Ledger, Reading, Setting, Translated, Untranslatable, put

SOURCES = {Kind.SCHEDULE: "aws.events", Kind.SCHEDULER: "aws.scheduler"}


def to_fc(event: Any, setting: Setting, *, kind: Kind = Kind.SCHEDULE) -> Translated:
    """Give the timer's event; with ``schedule_input`` the whole event becomes the payload.

    Raises:
        Untranslatable: it is no scheduled event.
    """
    ledger = Ledger()
    result: dict[str, Any] = {}
    if setting.trigger_name:
        result["triggerName"] = setting.trigger_name
        ledger.derive("/triggerName", "the plan")
    if setting.schedule_input:
        result["payload"] = json.dumps(event, ensure_ascii=False, separators=(",", ":"))
        return ledger.result(result)
    reading = Reading(event, "", ledger)
    if reading.take("source") != SOURCES[kind] or reading.take("detail-type") != "Scheduled Event":
        raise Untranslatable(f"this is no scheduled event of {SOURCES[kind]}", "/source")
    put(result, "triggerTime", reading.take("time"))
    reading.constant("version", "0")
    reading.constant("detail", {})
    for key, known in _known(setting):
        if known and reading.peek(key) == known:
            reading.take(key)
    reading.close("a timer does not say this")
    return ledger.result(result)


def to_aws(event: Any, setting: Setting, *, kind: Kind = Kind.SCHEDULE) -> Translated:
    """Give the scheduled event, or the constant input that the timer's payload holds.

    Raises:
        Untranslatable: it is no timer's event, or its payload is not the JSON that the plan promises.
    """
    ledger = Ledger()
    reading = Reading(event, "", ledger)
    if reading.peek("triggerTime") is ABSENT and reading.peek("payload") is ABSENT:
        raise Untranslatable("this is no event of a timer", "/triggerTime")
    if setting.schedule_input:
        reading.take("triggerTime")
        reading.take("triggerName")
        payload = reading.text("payload")
        try:
            return ledger.result(json.loads(payload if payload is not ABSENT else ""))
        except ValueError:
            raise Untranslatable("the payload is not the JSON of the rule's input", "/payload") from None
    result: dict[str, Any] = {"version": "0", "detail-type": "Scheduled Event", "source": SOURCES[kind]}
    put(result, "time", reading.take("triggerTime"))
    for key, known in _known(setting):
        if known:
            result[key] = known
            ledger.derive(f"/{key}", "the plan")
    result["detail"] = {}
    if reading.take("payload") not in (ABSENT, "", None):
        ledger.lose("/payload", "a scheduled event has no payload")
    reading.take("triggerName")
    reading.close("AWS does not say this")
    return ledger.result(result)


def _known(setting: Setting) -> tuple[tuple[str, Any], ...]:
    return (
        ("account", setting.aws_account),
        ("region", setting.aws_region),
        ("resources", [setting.schedule_arn] if setting.schedule_arn else None),
    )
