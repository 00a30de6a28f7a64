"""What the target is made of, before it is written in any language: triggers, what is asked, what is missing.

Configurations are FC's own (the JSON of ``triggerConfig``). A value that nobody told Cutover is ``Asked``: a
variable for a person to fill in, never a guess. A trigger that FC cannot have is a gap.

Source: alibabacloud-fc20230330 4.8.3, models of trigger configurations; devsapp/fc3, src/schema.json, read
2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cutover.assessment.triggers import counterpart, reason
from cutover.target_code import gaps
from cutover.target_code.model import Basis, Gap
from cutover.target_code.names import Counterpart, counterparts, identifier, resource_of
from cutover.target_code.schedules import NotTranslated, timer_cron

_EVENTS = {
    "s3:ObjectCreated:*": ("oss:ObjectCreated:*",),
    "s3:ObjectCreated:Put": ("oss:ObjectCreated:PutObject",),
    "s3:ObjectCreated:Post": ("oss:ObjectCreated:PostObject",),
    "s3:ObjectCreated:Copy": ("oss:ObjectCreated:CopyObject",),
    "s3:ObjectCreated:CompleteMultipartUpload": ("oss:ObjectCreated:CompleteMultipartUpload",),
    "s3:ObjectRemoved:*": ("oss:ObjectRemoved:DeleteObject", "oss:ObjectRemoved:DeleteObjects"),
    "s3:ObjectRemoved:Delete": ("oss:ObjectRemoved:DeleteObject", "oss:ObjectRemoved:DeleteObjects"),
}
_HTTP = ("api", "alb", "elasticloadbalancing", "url", "http")
METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
BATCH = 10
"""Messages that Lambda takes from SQS at once, unless the mapping says otherwise."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A value for a person to fill in: a variable. ``kind``: "string" or "list(string)"."""

    name: str
    kind: str
    description: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Trigger:
    """A trigger of FC. ``source``: what its source ARN names; ``service``: who invokes, by a role of its own.

    ``config`` holds ``Asked`` and ``Counterpart`` where a value or a name is not literal.
    """

    name: str
    type: str
    config: Mapping[str, Any]
    why: str
    source: Counterpart | None = None
    service: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Intent:
    """All that is wanted on Alibaba Cloud for one function, and what could not be had."""

    triggers: tuple[Trigger, ...]
    counterparts: tuple[Counterpart, ...]
    gaps: tuple[Gap, ...]


def intent_of(basis: Basis) -> Intent:
    """Give what the function needs beside itself, with every gap."""
    known = counterparts(basis)
    reading = _Reading(basis, known)
    triggers = tuple(reading.triggers())
    shared = (
        Gap(
            kind="shared",
            subject=f"{one.kind} {one.aws}",
            why="it is declared as shared, so the function on FC uses the one on AWS",
            remedy="Give the function AWS credentials for it alone; no RAM policy reaches it.",
        )
        for one in basis.twins
        if one.shared
    )
    found = (*reading.gaps, *gaps.of_facts(basis), *gaps.of_twins(basis, known), *shared)
    return Intent(triggers=triggers, counterparts=known, gaps=tuple(dict.fromkeys(found)))


class _Reading:
    """Turns the inventory's triggers into FC's, each under a name of its own."""

    def __init__(self, basis: Basis, known: tuple[Counterpart, ...]) -> None:
        self._basis = basis
        self._known = {(one.resource.kind, one.resource.name): one for one in known}
        self._taken: set[str] = set()
        self.gaps: list[Gap] = []

    def triggers(self) -> Iterator[Trigger]:
        http = False
        for one in self._basis.facts.triggers:
            kind = str(one.get("kind", "")).lower().replace("-", "").replace("_", "")
            if one.get("enabled") is False:
                self._gap("trigger-off", one, "it is switched off on AWS", "Add it when it is switched on.")
                continue
            if any(part in kind for part in _HTTP):
                if not http:
                    http = True
                    yield self._http()
                self._features(one)
                continue
            made = self._builder(kind, one)(one)
            if made is not None:
                yield made

    def _builder(
        self, kind: str, trigger: Mapping[str, Any]
    ) -> Callable[[Mapping[str, Any]], Trigger | None]:
        scheduled = str(trigger.get("detail", "")).startswith(("rate(", "cron("))
        if "schedule" in kind or scheduled:
            return self._timer
        return {"s3": self._bucket, "sqs": self._queue, "sns": self._topic}.get(kind, self._none)

    # --------------------------------------------------------------------------------- one kind each

    def _timer(self, trigger: Mapping[str, Any]) -> Trigger:
        """A payload is what FC puts into the event; AWS's own event for a rule has none."""
        name = self._name("timer", trigger)
        cron: str | Asked = Asked(
            name=f"cron_{identifier(name)}",
            kind="string",
            description=f"Schedule of {_subject(trigger)}: six fields, seconds first, UTC, or @every 5m",
        )
        try:
            cron = timer_cron(str(trigger.get("detail", "")))
        except NotTranslated as error:
            why = f"{error}" if trigger.get("detail") else "the inventory does not hold its expression"
            self._gap("schedule", trigger, why, f"Give the variable {identifier('cron ' + name)}.")
        return Trigger(
            name=name,
            type="timer",
            config={"cronExpression": cron, "enable": True, "payload": ""},
            why=f"Stands for {_subject(trigger)}",
        )

    def _bucket(self, trigger: Mapping[str, Any]) -> Trigger | None:
        source = self._source(trigger)
        if source is None:
            return None
        name = self._name("oss", trigger)
        asked = [one.strip() for one in str(trigger.get("detail", "")).split(",") if one.strip()]
        unknown = [one for one in asked if one not in _EVENTS]
        events: list[str] | Asked = sorted({there for one in asked for there in _EVENTS.get(one, ())})
        if unknown:
            why = f"OSS has no event for {', '.join(unknown)}"
            self._gap("events", trigger, why, "Leave them out, or watch for them in another way.")
        if not events:
            events = Asked(
                name=f"events_{identifier(name)}",
                kind="list(string)",
                description=f"Events of OSS that stand for those of {_subject(trigger)}",
            )
            if not asked:
                why = "the inventory does not hold which events it is for"
                self._gap("events", trigger, why, f"Give the variable {events.name}.")
        rules = trigger.get("filter") or {}
        key = {name: str(rules.get(name, "")) for name in ("prefix", "suffix")}
        return Trigger(
            name=name,
            type="oss",
            config={"events": events, "filter": {"key": key}},
            why=f"Stands for {_subject(trigger)}",
            source=source,
            service="oss.aliyuncs.com",
        )

    def _queue(self, trigger: Mapping[str, Any]) -> Trigger | None:
        """Batches through EventBridge in streaming mode: the array that the adapter gives as Records."""
        source = self._source(trigger)
        if source is None:
            return None
        place = {"RegionId": self._basis.region, "QueueName": source, "IsBase64Decode": True}
        return Trigger(
            name=self._name("mns", trigger),
            type="eventbridge",
            config={
                "triggerEnable": True,
                "asyncInvocationType": False,
                "eventRuleFilterPattern": "{}",
                "eventSourceConfig": {
                    "eventSourceType": "MNS",
                    "eventSourceParameters": {"sourceMNSParameters": place},
                },
                "eventSinkConfig": {"deliveryOption": {"eventSchema": "CloudEvents"}},
                "runOptions": {
                    "mode": "event-streaming",
                    "errorsTolerance": "ALL",
                    "retryStrategy": {"PushRetryStrategy": "BACKOFF_RETRY"},
                    "batchWindow": {"CountBasedWindow": BATCH, "TimeBasedWindow": 1},
                },
            },
            why=f"Stands for {_subject(trigger)}, in batches",
        )

    def _topic(self, trigger: Mapping[str, Any]) -> Trigger | None:
        """JSON, because the default STREAM drops the message's attributes."""
        source = self._source(trigger)
        if source is None:
            return None
        return Trigger(
            name=self._name("topic", trigger),
            type="mns_topic",
            config={"notifyContentFormat": "JSON", "notifyStrategy": "BACKOFF_RETRY"},
            why=f"Stands for {_subject(trigger)}",
            source=source,
            service="mns.aliyuncs.com",
        )

    def _http(self) -> Trigger:
        """One for all routes: FC has one per alias. Callers sign, until a person says otherwise."""
        auth = Asked(
            name="http_auth_type",
            kind="string",
            description="Who may call the HTTP trigger: function (signed requests), anonymous or jwt",
        )
        return Trigger(
            name="http",
            type="http",
            config={"authType": auth, "methods": list(METHODS), "disableURLInternet": False},
            why="Stands for every route and function URL on AWS",
        )

    def _none(self, trigger: Mapping[str, Any]) -> None:
        kind = str(trigger.get("kind", ""))
        there = counterpart(kind)
        pattern = f" Its pattern on AWS: {trigger['detail']}" if trigger.get("detail") else ""
        if there:
            why = f"its counterpart ({there}) has settings that the inventory does not hold.{pattern}"
            self._gap("trigger", trigger, why, "Add it by hand once its source is chosen.")
        elif there == "":
            why = reason(kind) or "FC has no counterpart"
            self._gap("trigger", trigger, why, "Keep it on AWS, or give the function another source.")
        else:
            self._gap("trigger", trigger, "it is not a kind of trigger that is known", "Add it by hand.")

    # ----------------------------------------------------------------------------------------- details

    def _features(self, trigger: Mapping[str, Any]) -> None:
        for feature in trigger.get("features") or ():
            self._gap(
                "http",
                trigger,
                f"{feature} of API Gateway are not in an HTTP trigger",
                "Put them into the function, or an API Gateway of Alibaba Cloud before it.",
            )

    def _source(self, trigger: Mapping[str, Any]) -> Counterpart | None:
        resource = resource_of(str(trigger.get("source", "")))
        found = self._known.get((resource.kind, resource.name)) if resource else None
        if found is None:
            why = "its source is not resolved, or is declared as shared, and AWS alone tells of it"
            self._gap("trigger", trigger, why, "Resolve the template, declare a twin, or keep it on AWS.")
        return found

    def _name(self, prefix: str, trigger: Mapping[str, Any]) -> str:
        last = re.split(r"[/:\s]", str(trigger.get("source", "")).rstrip("/:"))[-1]
        plain = re.sub(r"[^A-Za-z0-9_-]+", "-", last).strip("-") or "1"
        wanted = name = f"{prefix}-{plain}"[:100]
        number = 1
        while name in self._taken:
            number += 1
            name = f"{wanted}-{number}"
        self._taken.add(name)
        return name

    def _gap(self, kind: str, trigger: Mapping[str, Any], why: str, remedy: str) -> None:
        self.gaps.append(Gap(kind=kind, subject=_subject(trigger), why=why, remedy=remedy))


def _subject(trigger: Mapping[str, Any]) -> str:
    return " ".join(filter(None, (str(trigger.get("kind", "")), str(trigger.get("source", "")))))
