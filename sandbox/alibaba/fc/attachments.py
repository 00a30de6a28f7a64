"""What hangs on a function without being in its snapshot: concurrency and asynchronous settings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sandbox.alibaba import clock
from sandbox.alibaba.fc.destinations import require_destination
from sandbox.alibaba.fc.model import LATEST, invalid, section
from sandbox.alibaba.fc.registry import Document, Registry, listing, page_of
from sandbox.alibaba.fc.scaling import whole_number
from sandbox.alibaba.fc.versions import holder_of
from sandbox.alibaba.wire import Refused


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

    def __init__(self, registry: Registry, arn: Callable[[str], str], account_id: str) -> None:
        self._registry = registry
        self._arn = arn
        self._account_id = account_id

    def _destinations(self, given: Document) -> dict[str, Any]:
        """Check destinationConfig: what the sandbox cannot serve is refused."""
        config = section(given, "destinationConfig")
        if not set(config) <= {"onSuccess", "onFailure"}:
            raise invalid("destinationConfig may have onSuccess and onFailure")
        for name in config:
            if arn := section(config, name).get("destination"):
                require_destination(str(arn), self._account_id)
        return config

    def put(self, name: str, qualifier: str, given: Document) -> dict[str, Any]:
        """PutAsyncInvokeConfig."""
        at = clock.iso_seconds()
        config: Document = {
            "functionArn": self._arn(name),
            "qualifier": qualifier or LATEST,
            "maxAsyncRetryAttempts": whole_number(given, "maxAsyncRetryAttempts", 0, 8, 3),
            "maxAsyncEventAgeInSeconds": whole_number(given, "maxAsyncEventAgeInSeconds", 1, 604800, 86400),
            "asyncTask": bool(given.get("asyncTask")),
            "destinationConfig": self._destinations(given),
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
