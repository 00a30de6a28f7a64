"""Triggers as stored state: create, read, update, delete, and the checks that each kind needs.

The codes and sentences of refusals are from memory where no source is named, and unverified.
"""

from __future__ import annotations

import re
import secrets
import string
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sandbox.alibaba import clock
from sandbox.alibaba.fc.model import LATEST, invalid, require_trigger_name
from sandbox.alibaba.fc.registry import Document, Registry, listing, page_of
from sandbox.alibaba.fc.versions import holder_of
from sandbox.alibaba.triggers.configs import (
    ABSENT,
    Config,
    EventBridgeConfig,
    Kind,
    LogConfig,
    OssConfig,
    parse,
)
from sandbox.alibaba.wire import Refused

TRIGGERS_PER_FUNCTION = 50
_SOURCES = {
    Kind.OSS: re.compile(r"acs:oss:[^:]*:(?P<account>[^:]*):(?P<name>[a-z0-9][a-z0-9-]+)"),
    Kind.MNS_TOPIC: re.compile(r"acs:mns:[^:]*:(?P<account>[^:]*):/?topics/(?P<name>[A-Za-z0-9-]+)"),
    Kind.LOG: re.compile(r"acs:log:[^:]*:(?P<account>[^:]*):project/(?P<name>[a-z0-9-]+)"),
}
_NEEDS_ROLE = frozenset({Kind.OSS, Kind.MNS_TOPIC, Kind.LOG})
_ROLE = re.compile(r"acs:ram::\d*:role/.+", re.IGNORECASE)
_URL_LETTERS = string.ascii_lowercase


@dataclass(frozen=True, kw_only=True, slots=True)
class Bound:
    """A trigger with its function, ready to fire. ``source`` is the bucket, topic or project it listens to.

    ``since`` is when its configuration was last set, in unix seconds; ``version`` tells two settings apart.
    """

    function: str
    name: str
    id: str
    qualifier: str
    source: str
    config: Config
    since: float
    version: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Sources:
    """What a new trigger is checked against; each raises Refused when the thing is not there."""

    require_bucket: Callable[[str], object]
    require_topic: Callable[[str], object]
    require_queue: Callable[[str], object]
    require_log_store: Callable[[str, str], object]


def source_name(kind: Kind, arn: str) -> str:
    """Give the bucket, topic or project that a sourceArn names; empty for kinds without one."""
    pattern = _SOURCES.get(kind)
    found = pattern.fullmatch(arn) if pattern else None
    return found["name"] if found else ""


class Triggers:
    """The calls on triggers.

    arn: gives the ARN of a function. changed: called after every change, so that what fires looks anew.
    """

    def __init__(
        self,
        registry: Registry,
        *,
        arn: Callable[[str], str],
        account_id: str,
        base_url: str,
        sources: Sources,
        changed: Callable[[], None],
    ) -> None:
        self._registry = registry
        self._arn = arn
        self._account_id = account_id
        self._base_url = base_url
        self._sources = sources
        self._changed = changed

    def _public(self, trigger: Document) -> dict[str, Any]:
        shown = {key: value for key, value in trigger.items() if key not in ("urlId", "since")}
        if url_id := trigger.get("urlId"):
            url = f"{self._base_url}/_http/{url_id}"
            closed = '"disableURLInternet"' in trigger["triggerConfig"] and not getattr(
                parse(Kind.HTTP, trigger["triggerConfig"]), "internet", True
            )
            shown["httpTrigger"] = {"urlInternet": "" if closed else url, "urlIntranet": url}
        return shown

    @staticmethod
    def _find(document: Document, trigger_name: str) -> Document:
        try:
            return dict(document["triggers"][trigger_name])
        except KeyError as exc:
            raise Refused(404, "TriggerNotFound", f"trigger '{trigger_name}' does not exist") from exc

    def create(self, name: str, given: Document) -> dict[str, Any]:
        """CreateTrigger."""
        trigger_name = require_trigger_name(given.get("triggerName"))
        kind = _kind(given.get("triggerType"))
        at = clock.iso_seconds()
        trigger: Document = {
            "triggerName": trigger_name,
            "triggerType": str(kind),
            "triggerConfig": given.get("triggerConfig"),
            "triggerId": str(uuid.uuid4()),
            "qualifier": str(given.get("qualifier") or LATEST),
            "sourceArn": str(given.get("sourceArn") or ""),
            "invocationRole": str(given.get("invocationRole") or ""),
            "description": str(given.get("description") or ""),
            "targetArn": self._arn(name),
            "status": "",
            "createdTime": at,
            "lastModifiedTime": at,
            "since": clock.now(),
        }
        if kind is Kind.HTTP:
            drawn = "".join(secrets.choice(_URL_LETTERS) for _ in range(10))
            trigger["urlId"] = f"{name.lower().replace('_', '-')}-{drawn}"
        with self._registry.lock:
            document = self._registry.find(name)
            if trigger_name in document["triggers"]:
                raise Refused(409, "TriggerAlreadyExists", f"trigger '{trigger_name}' already exists")
            if len(document["triggers"]) >= TRIGGERS_PER_FUNCTION:
                raise Refused(
                    400, "LimitExceeded", f"a function has at most {TRIGGERS_PER_FUNCTION} triggers"
                )
            self._require(document, trigger)
            self._registry.save({**document, "triggers": {**document["triggers"], trigger_name: trigger}})
        self._changed()
        return self._public(trigger)

    def get(self, name: str, trigger_name: str) -> dict[str, Any]:
        """GetTrigger."""
        with self._registry.lock:
            return self._public(self._find(self._registry.find(name), trigger_name))

    def update(self, name: str, trigger_name: str, given: Document) -> dict[str, Any]:
        """UpdateTrigger: configuration, qualifier, role and description; type and source stay."""
        sent = {
            key: given[key] if key == "triggerConfig" else str(given[key])
            for key in ("triggerConfig", "qualifier", "invocationRole", "description")
            if given.get(key) is not None
        }
        with self._registry.lock:
            document = self._registry.find(name)
            trigger = {
                **self._find(document, trigger_name),
                **sent,
                "lastModifiedTime": clock.iso_seconds(),
                "since": clock.now(),
            }
            self._require(document, trigger)
            self._registry.save({**document, "triggers": {**document["triggers"], trigger_name: trigger}})
        self._changed()
        return self._public(trigger)

    def delete(self, name: str, trigger_name: str) -> None:
        """DeleteTrigger."""
        with self._registry.lock:
            document = self._registry.find(name)
            self._find(document, trigger_name)
            kept = {key: trigger for key, trigger in document["triggers"].items() if key != trigger_name}
            self._registry.save({**document, "triggers": kept})
        self._changed()

    def list(self, name: str, query: dict[str, str]) -> dict[str, Any]:
        """ListTriggers by name."""
        with self._registry.lock:
            triggers = self._registry.find(name)["triggers"]
            found = [
                self._public(triggers[key])
                for key in sorted(triggers)
                if key.startswith(query.get("prefix", ""))
            ]
        page, token = page_of(found, query, lambda trigger: str(trigger["triggerName"]))
        return listing("triggers", page, token)

    # -- checks

    def _require(self, document: Document, trigger: Document) -> None:
        """Check a trigger as a whole against its function and its source. Raises Refused."""
        kind = Kind(trigger["triggerType"])
        if not isinstance(trigger["triggerConfig"], str):
            raise invalid("triggerConfig must be a string that holds a JSON object")
        config = parse(kind, trigger["triggerConfig"])
        holder_of(document, trigger["qualifier"])
        role = str(trigger["invocationRole"])
        if (role or kind in _NEEDS_ROLE) and not _ROLE.fullmatch(role):
            raise invalid(
                f"invocationRole is required for triggers of type {kind} and must be the ARN of a role"
            )
        self._require_source(kind, trigger, config)
        if isinstance(config, OssConfig):
            self._require_no_overlap(document["name"], trigger, config)
        if kind is Kind.HTTP:
            _require_alone(document, trigger)

    def _require_source(self, kind: Kind, trigger: Document, config: Config) -> None:
        pattern = _SOURCES.get(kind)
        arn = str(trigger["sourceArn"])
        if pattern is not None:
            found = pattern.fullmatch(arn)
            if found is None:
                raise invalid(f"sourceArn '{arn}' is not one that a trigger of type {kind} can have")
            if found["account"] not in ("", self._account_id):
                raise invalid(f"sourceArn '{arn}' belongs to another account")
        name = source_name(kind, arn)
        try:
            if kind is Kind.OSS:
                self._sources.require_bucket(name)
            elif kind is Kind.MNS_TOPIC:
                self._sources.require_topic(name)
            elif isinstance(config, EventBridgeConfig):
                self._sources.require_queue(config.queue)
        except Refused as refusal:
            raise invalid(f"event source '{kind}' returned error: {refusal.message}") from refusal
        if isinstance(config, LogConfig):
            self._sources.require_log_store(name, config.logstore)

    def _require_no_overlap(self, function: str, trigger: Document, config: OssConfig) -> None:
        """Refuse two triggers of one bucket that would both fire for one event of one key.

        Source of the sentence: midwayjs/midway, issue 744, read 2026-11-22.
        """
        bucket = source_name(Kind.OSS, trigger["sourceArn"])
        for other in self.bound(Kind.OSS):
            if other.source != bucket or (other.function, other.name) == (function, trigger["triggerName"]):
                continue
            theirs = other.config
            if isinstance(theirs, OssConfig) and config.events & theirs.events and _overlap(config, theirs):
                raise invalid(
                    "event source 'oss' returned error: "
                    "Cannot specify overlapping prefix and suffix with same event type."
                )

    # -- for those that fire

    def bound(self, kind: Kind) -> Iterator[Bound]:
        """Give all triggers of a kind, disabled ones too.

        One that an earlier release kept and this one would refuse is passed over: it never fired.
        """
        for document in self._registry.all():
            for trigger in document["triggers"].values():
                if trigger["triggerType"] == kind:
                    with suppress(Refused):
                        yield _bound(document["name"], trigger)

    def by_url(self, url_id: str) -> Bound | None:
        """Give the HTTP trigger whose URL has this id."""
        for document in self._registry.all():
            for trigger in document["triggers"].values():
                if trigger.get("urlId") == url_id:
                    return _bound(document["name"], trigger)
        return None


def _bound(function: str, trigger: Document) -> Bound:
    kind = Kind(trigger["triggerType"])
    return Bound(
        function=function,
        name=trigger["triggerName"],
        id=trigger["triggerId"],
        qualifier=trigger["qualifier"],
        source=source_name(kind, str(trigger["sourceArn"])),
        config=parse(kind, trigger["triggerConfig"]),
        since=float(trigger.get("since") or 0),
        version=f"{trigger['triggerConfig']} {trigger['qualifier']}",
    )


def _kind(given: object) -> Kind:
    if isinstance(given, str) and given in ABSENT:
        raise invalid(f"the sandbox has no source of {given} events, so it refuses such triggers")
    try:
        return Kind(str(given))
    except ValueError as exc:
        known = ", ".join(sorted([*Kind, *ABSENT]))
        raise invalid(f"triggerType must be one of {known}") from exc


def _overlap(one: OssConfig, other: OssConfig) -> bool:
    """Tell whether there can be a key that both filters take."""
    prefixes = one.prefix.startswith(other.prefix) or other.prefix.startswith(one.prefix)
    suffixes = one.suffix.endswith(other.suffix) or other.suffix.endswith(one.suffix)
    return prefixes and suffixes


def _require_alone(document: Document, trigger: Document) -> None:
    for other in document["triggers"].values():
        if other["triggerName"] == trigger["triggerName"] or other["triggerType"] != Kind.HTTP:
            continue
        if other["qualifier"] == trigger["qualifier"]:
            raise Refused(
                409, "TriggerAlreadyExists", f"'{trigger['qualifier']}' has an http trigger already"
            )
