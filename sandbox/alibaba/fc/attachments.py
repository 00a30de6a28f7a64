"""What hangs on a function without being in its snapshot: triggers, concurrency, asynchronous settings."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

from sandbox.alibaba import clock
from sandbox.alibaba.fc.model import LATEST, invalid, require_trigger_name
from sandbox.alibaba.fc.registry import Document, Registry, listing, page_of
from sandbox.alibaba.fc.versions import holder_of
from sandbox.alibaba.wire import Refused

TRIGGER_TYPES = frozenset(
    {"timer", "oss", "log", "http", "mns_topic", "cdn_events", "tablestore", "eventbridge"}
)
TRIGGERS_PER_FUNCTION = 50


class Triggers:
    """Triggers as stored state: they are kept and shown, nothing fires them here."""

    def __init__(self, registry: Registry, arn: Callable[[str], str]) -> None:
        self._registry = registry
        self._arn = arn

    @staticmethod
    def _find(document: Document, trigger_name: str) -> Document:
        try:
            return dict(document["triggers"][trigger_name])
        except KeyError as exc:
            raise Refused(404, "TriggerNotFound", f"trigger '{trigger_name}' does not exist") from exc

    @staticmethod
    def _require_config(text: object) -> None:
        try:
            parsed = json.loads(text) if isinstance(text, str) else None
        except json.JSONDecodeError:
            parsed = None
        if not isinstance(parsed, dict):
            raise invalid("triggerConfig must be a string that holds a JSON object")

    def create(self, name: str, given: Document) -> dict[str, Any]:
        """CreateTrigger."""
        trigger_name = require_trigger_name(given.get("triggerName"))
        kind = given.get("triggerType")
        if kind not in TRIGGER_TYPES:
            raise invalid(f"triggerType must be one of {', '.join(sorted(TRIGGER_TYPES))}")
        self._require_config(given.get("triggerConfig"))
        at = clock.iso_seconds()
        trigger: Document = {
            "triggerName": trigger_name,
            "triggerType": kind,
            "triggerConfig": given["triggerConfig"],
            "triggerId": str(uuid.uuid4()),
            "qualifier": given.get("qualifier") or LATEST,
            "sourceArn": given.get("sourceArn") or "",
            "invocationRole": given.get("invocationRole") or "",
            "description": given.get("description") or "",
            "targetArn": self._arn(name),
            "status": "",
            "createdTime": at,
            "lastModifiedTime": at,
        }
        with self._registry.lock:
            document = self._registry.find(name)
            if trigger_name in document["triggers"]:
                raise Refused(409, "TriggerAlreadyExists", f"trigger '{trigger_name}' already exists")
            if len(document["triggers"]) >= TRIGGERS_PER_FUNCTION:
                raise Refused(
                    400, "LimitExceeded", f"a function has at most {TRIGGERS_PER_FUNCTION} triggers"
                )
            holder_of(document, trigger["qualifier"])
            self._registry.save({**document, "triggers": {**document["triggers"], trigger_name: trigger}})
        return trigger

    def get(self, name: str, trigger_name: str) -> dict[str, Any]:
        """GetTrigger."""
        with self._registry.lock:
            return self._find(self._registry.find(name), trigger_name)

    def update(self, name: str, trigger_name: str, given: Document) -> dict[str, Any]:
        """UpdateTrigger: configuration, qualifier, role and description; type and source stay."""
        if given.get("triggerConfig") is not None:
            self._require_config(given["triggerConfig"])
        sent = {
            key: given[key]
            for key in ("triggerConfig", "qualifier", "invocationRole", "description")
            if given.get(key) is not None
        }
        with self._registry.lock:
            document = self._registry.find(name)
            trigger = {**self._find(document, trigger_name), **sent, "lastModifiedTime": clock.iso_seconds()}
            holder_of(document, trigger["qualifier"])
            self._registry.save({**document, "triggers": {**document["triggers"], trigger_name: trigger}})
        return trigger

    def delete(self, name: str, trigger_name: str) -> None:
        """DeleteTrigger."""
        with self._registry.lock:
            document = self._registry.find(name)
            self._find(document, trigger_name)
            kept = {key: trigger for key, trigger in document["triggers"].items() if key != trigger_name}
            self._registry.save({**document, "triggers": kept})

    def list(self, name: str, query: dict[str, str]) -> dict[str, Any]:
        """ListTriggers by name."""
        with self._registry.lock:
            triggers = self._registry.find(name)["triggers"]
        found = [triggers[key] for key in sorted(triggers) if key.startswith(query.get("prefix", ""))]
        page, token = page_of(found, query, lambda trigger: str(trigger["triggerName"]))
        return listing("triggers", page, token)


class Concurrency:
    """Reserved concurrency: how many invocations may run at once; 0 lets none through."""

    def __init__(self, registry: Registry, arn: Callable[[str], str]) -> None:
        self._registry = registry
        self._arn = arn

    def _answer(self, document: Document) -> dict[str, Any]:
        return {
            "functionArn": self._arn(document["name"]),
            "reservedConcurrency": document["reservedConcurrency"],
        }

    def put(self, name: str, given: Document) -> dict[str, Any]:
        """PutConcurrencyConfig."""
        value = given.get("reservedConcurrency")
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 10000:
            raise invalid("reservedConcurrency must be a number between 0 and 10000")
        with self._registry.lock:
            document = {**self._registry.find(name), "reservedConcurrency": value}
            self._registry.save(document)
            return self._answer(document)

    def get(self, name: str) -> dict[str, Any]:
        """GetConcurrencyConfig."""
        with self._registry.lock:
            document = self._registry.find(name)
            if document["reservedConcurrency"] is None:
                raise Refused(404, "ConcurrencyConfigNotFound", f"'{name}' has no reserved concurrency")
            return self._answer(document)

    def delete(self, name: str) -> None:
        """DeleteConcurrencyConfig."""
        with self._registry.lock:
            self._registry.save({**self._registry.find(name), "reservedConcurrency": None})

    def list(self, query: dict[str, str]) -> dict[str, Any]:
        """ListConcurrencyConfigs of the account."""
        found = [
            self._answer(document)
            for document in self._registry.all()
            if document["reservedConcurrency"] is not None
            and query.get("functionName") in (None, "", document["name"])
        ]
        page, token = page_of(found, query, lambda row: str(row["functionArn"]))
        return listing("configs", page, token)


class AsyncConfigs:
    """Settings of asynchronous invocation, per qualifier."""

    def __init__(self, registry: Registry, arn: Callable[[str], str]) -> None:
        self._registry = registry
        self._arn = arn

    @staticmethod
    def _number(given: Document, name: str, low: int, high: int, default: int) -> int:
        value = given.get(name)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise invalid(f"{name} must be a number between {low} and {high}")
        return value

    def put(self, name: str, qualifier: str, given: Document) -> dict[str, Any]:
        """PutAsyncInvokeConfig."""
        at = clock.iso_seconds()
        config: Document = {
            "functionArn": self._arn(name),
            "qualifier": qualifier or LATEST,
            "maxAsyncRetryAttempts": self._number(given, "maxAsyncRetryAttempts", 0, 8, 3),
            "maxAsyncEventAgeInSeconds": self._number(given, "maxAsyncEventAgeInSeconds", 1, 604800, 86400),
            "asyncTask": bool(given.get("asyncTask")),
            "destinationConfig": given.get("destinationConfig") or {},
            "createdTime": at,
            "lastModifiedTime": at,
        }
        with self._registry.lock:
            document = self._registry.find(name)
            holder_of(document, qualifier)
            kept = {**document["asyncConfigs"], config["qualifier"]: config}
            self._registry.save({**document, "asyncConfigs": kept})
        return config

    def get(self, name: str, qualifier: str) -> dict[str, Any]:
        """GetAsyncInvokeConfig."""
        with self._registry.lock:
            config = self._registry.find(name)["asyncConfigs"].get(qualifier or LATEST)
        if config is None:
            raise Refused(404, "AsyncConfigNotExists", f"'{name}' has no asynchronous settings")
        return dict(config)

    def delete(self, name: str, qualifier: str) -> None:
        """DeleteAsyncInvokeConfig."""
        with self._registry.lock:
            document = self._registry.find(name)
            kept = {k: v for k, v in document["asyncConfigs"].items() if k != (qualifier or LATEST)}
            self._registry.save({**document, "asyncConfigs": kept})

    def list(self, query: dict[str, str]) -> dict[str, Any]:
        """ListAsyncInvokeConfigs of one function or of all."""
        found = [
            config
            for document in self._registry.all()
            if query.get("functionName") in (None, "", document["name"])
            for _, config in sorted(document["asyncConfigs"].items())
        ]
        page, token = page_of(found, query, lambda row: f"{row['functionArn']}/{row['qualifier']}")
        return listing("configs", page, token)
