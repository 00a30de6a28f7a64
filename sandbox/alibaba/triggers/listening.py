"""Triggers that fire when something happened: an object was written, a message was published to a topic.

Both invoke asynchronously; the events are kept before the happening is forgotten.
Source: Alibaba Cloud, "OSS trigger" and "MNS topic trigger", read 2026-11-22.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from sandbox.alibaba.fc.deferred import Deferred
from sandbox.alibaba.triggers.configs import Kind, MnsTopicConfig, OssConfig
from sandbox.alibaba.triggers.events import mns_topic_event, oss_event
from sandbox.alibaba.triggers.store import Bound, Triggers
from sandbox.alibaba.wire import Refused

# Source: Alibaba Cloud, MNS, NotifyStrategy: 3 retries, or 176 within a day.
BACKOFF_RETRIES = 3
DECAY_RETRIES = 176
_log = logging.getLogger(__name__)


class Listening:
    """What to do with each happening. ``on_object`` takes kind oss, ``on_message`` kind mns-published."""

    def __init__(self, *, triggers: Triggers, deferred: Deferred, account_id: str, region: str) -> None:
        self._triggers = triggers
        self._deferred = deferred
        self._account_id = account_id
        self._region = region

    def on_object(self, happening: Mapping[str, Any]) -> None:
        """Invoke the functions whose oss triggers name the bucket, the event and the key."""
        for trigger in self._triggers.bound(Kind.OSS):
            config = trigger.config
            if not isinstance(config, OssConfig) or not config.enabled:
                continue
            if trigger.source != happening["bucket"] or f"oss:{happening['event']}" not in config.events:
                continue
            key = str(happening["key"])
            if not key.startswith(config.prefix) or not key.endswith(config.suffix):
                continue
            event = oss_event(happening, account_id=self._account_id, region=self._region, rule_id=trigger.id)
            self._invoke(trigger, event, None)

    def on_message(self, message: Mapping[str, Any]) -> None:
        """Invoke the functions whose mns_topic triggers name the topic, if the tag fits."""
        for trigger in self._triggers.bound(Kind.MNS_TOPIC):
            config = trigger.config
            if not isinstance(config, MnsTopicConfig) or not config.enabled:
                continue
            if trigger.source != message["topic"] or config.tag not in ("", message.get("tag") or ""):
                continue
            event = mns_topic_event(
                message, as_json=config.json, account_id=self._account_id, subscription=trigger.name
            )
            self._invoke(trigger, event, DECAY_RETRIES if config.many_retries else BACKOFF_RETRIES)

    def _invoke(self, trigger: Bound, event: bytes, retries: int | None) -> None:
        try:
            self._deferred.accept(trigger.function, trigger.qualifier, event, retries=retries)
        except Refused as refusal:
            _log.warning("trigger %s of %s: %s", trigger.name, trigger.function, refusal.message)
