"""Carrying out invocations: draw the version, run it, shape the answer, write the log.

A function that fails is still answered with status 200; the header X-Fc-Error-Type says that it failed.
Source: Alibaba Cloud, "Error handling", read 2026-11-22. The texts of timeout and memory errors are from
memory and unverified.
"""

from __future__ import annotations

import json
import random
import secrets
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sandbox.alibaba import clock
from sandbox.alibaba.fc import log_lines, versions
from sandbox.alibaba.fc.code import CodeStore
from sandbox.alibaba.fc.environment import Instances, Target
from sandbox.alibaba.fc.log_lines import Line
from sandbox.alibaba.fc.model import LATEST, invalid
from sandbox.alibaba.fc.registry import Document, Registry
from sandbox.alibaba.wire import Refused
from sandbox.executor import Execution, Executor, Saturated
from sandbox.faults import EXECUTOR_KINDS, Faults, distort

SYNC_LIMIT_BYTES = 32 * 1024 * 1024
ASYNC_LIMIT_BYTES = 128 * 1024
UNHANDLED = "UnhandledInvocationError"
HANDLED = "HandledInvocationError"
_METRIC_ERRORS = {"memory": "FunctionOOMError", "timeout": "FunctionTimeoutError"}
WriteRows = Callable[[str, str, list[dict[str, str]]], None]


def draw_request_id() -> str:
    """Draw an id of FC 3.0's form, ``1-<8 hex>-<24 hex>``; the first part is the time."""
    return f"1-{int(clock.now()):08x}-{secrets.token_hex(12)}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """One invocation carried out: what the caller gets and what the log gets."""

    request_id: str
    target: Target
    execution: Execution
    payload: bytes
    error_type: str | None
    lines: tuple[Line, ...]

    @property
    def instance_id(self) -> str:
        return f"c-{self.execution.worker_id[:8]}-{self.execution.worker_id[8:20]}"

    def tail(self) -> bytes:
        """Give the last 4 KB of the log, with the figures."""
        return log_lines.tail_of(list(self.lines), self.execution, self.target.config)


class Invocations:
    """Runs functions. Thread-safe: every call blocks its own thread only."""

    def __init__(
        self,
        *,
        registry: Registry,
        codes: CodeStore,
        instances: Instances,
        executor: Executor,
        faults: Faults,
        write_rows: WriteRows,
        account_id: str,
        region: str,
        chance: random.Random,
    ) -> None:
        self._registry = registry
        self._codes = codes
        self._instances = instances
        self._executor = executor
        self._faults = faults
        self._write_rows = write_rows
        self._account_id = account_id
        self._region = region
        self._chance = chance
        self._lock = threading.Lock()
        self._running: Counter[str] = Counter()

    def resolve(self, name: str, qualifier: str) -> tuple[Document, Target]:
        """Draw the version that this invocation goes to.

        Raises:
            Refused: 404 for what does not exist, 403 when the function was disabled.
        """
        with self._registry.lock:
            document = self._registry.find(name)
            if document["restriction"].get("disable"):
                raise Refused(
                    403, "FunctionInvocationDisabled", f"invocation of function '{name}' is disabled"
                )
            version_id = versions.drawn_version(document, qualifier, self._chance)
            holder = versions.holder_of(document, version_id)
        if holder["code"] is None:
            raise invalid(
                "the sandbox cannot run container images; the function is stored, but cannot be invoked here"
            )
        digest = holder["code"]["digest"]
        target = Target(
            function=name,
            qualifier=qualifier or LATEST,
            version_id=version_id,
            config=holder["config"],
            digest=digest,
            checksum=str(holder["code"]["checksum"]),
            directory=self._codes.directory(digest),
        )
        return document, target

    @contextmanager
    def _slot(self, document: Document) -> Iterator[None]:
        """Count the invocation against the reserved concurrency while it runs."""
        name, reserved = document["name"], document["reservedConcurrency"]
        with self._lock:
            if reserved is not None and self._running[name] >= reserved:
                raise Refused(
                    429, "ResourceExhausted", f"the reserved concurrency of '{name}' ({reserved}) is used up"
                )
            self._running[name] += 1
        try:
            yield
        finally:
            with self._lock:
                self._running[name] -= 1

    def _headers(self, target: Target, request_id: str, retry: int) -> dict[str, str]:
        config = target.config
        log_config = config.get("logConfig") or {}
        return {
            "lambda-runtime-aws-request-id": request_id,
            "x-fc-request-id": request_id,
            "x-fc-function-name": target.function,
            "x-fc-function-handler": str(config["handler"]),
            "x-fc-function-memory": str(config["memorySize"]),
            "x-fc-function-timeout": str(config["timeout"]),
            "x-fc-region": self._region,
            "x-fc-account-id": self._account_id,
            "x-fc-qualifier": target.qualifier,
            "x-fc-version-id": target.version_id,
            "x-fc-service-logproject": str(log_config.get("project") or ""),
            "x-fc-service-logstore": str(log_config.get("logstore") or ""),
            "x-fc-retry-count": str(retry),
            "x-fc-runtime": str(config["runtime"]),
        }

    def run(
        self,
        name: str,
        qualifier: str,
        payload: bytes,
        *,
        request_id: str,
        kind: str = "Sync",
        retry: int = 0,
    ) -> Outcome:
        """Run the function once and write its log; blocks until it has ended.

        Raises:
            Refused: 404, 403 or 400 as ``resolve`` says; 429 when concurrency is used up; nothing ran then.
        """
        document, target = self.resolve(name, qualifier)
        spec = self._instances.prepare(target)
        struck = self._faults.strike(
            EXECUTOR_KINDS, cloud="alibaba", operation="InvokeFunction", function=name
        )
        with self._slot(document):
            began = clock.now()
            try:
                raw = self._executor.invoke(spec, payload, headers=self._headers(target, request_id, retry))
            except Saturated as exc:
                raise Refused(429, "ResourceExhausted", "no instance came free in time") from exc
            execution = distort(struck, raw)
        outcome = self._shape(execution, target, request_id, began)
        self._log(outcome, kind, began)
        return outcome

    def _shape(self, execution: Execution, target: Target, request_id: str, began: float) -> Outcome:
        body, failure = _answer(execution, target)
        error_type = None
        if failure is not None:
            error_type = HANDLED if execution.error_type == HANDLED else UNHANDLED
        lines = log_lines.lines_of(
            execution, target=target, request_id=request_id, began=began, failure=failure
        )
        return Outcome(
            request_id=request_id,
            target=target,
            execution=execution,
            payload=body,
            error_type=error_type,
            lines=tuple(lines),
        )

    def _log(self, outcome: Outcome, kind: str, began: float) -> None:
        target = outcome.target
        log_config = target.config.get("logConfig") or {}
        if not log_config.get("logstore"):
            return
        common = {
            "__source__": "127.0.0.1",
            "functionName": target.function,
            "qualifier": target.qualifier,
            "versionId": target.version_id,
            "instanceID": outcome.instance_id,
        }
        rows = [
            {"__time__": str(int(at)), "__topic__": f"FCLogs:{target.function}", **common, "message": text}
            for at, text in outcome.lines
        ]
        if log_config.get("enableRequestMetrics", True):
            rows.append({**common, **_metrics(outcome, kind, began)})
        self._write_rows(str(log_config["project"]), str(log_config["logstore"]), rows)


def _answer(execution: Execution, target: Target) -> tuple[bytes, str | None]:
    """Give the body of the answer and the short text of the failure (None when the function did well)."""
    if execution.outcome == "ok":
        return execution.payload, None
    figures = f"(duration: {execution.duration_ms:.0f}ms, maxMemoryUsage: {execution.max_memory_mb}MB)"
    own = {
        "timeout": f"Function time out after {target.config['timeout']} seconds {figures}",
        "memory": f"Function failed because it used more than {target.config['memorySize']} MB {figures}",
        "exit": f"Process exited unexpectedly before completing request {figures}",
    }.get(execution.outcome)
    if execution.payload and own is None:
        document = _error_document(execution.payload, target)
        return json.dumps(document, ensure_ascii=False).encode(), "Unhandled function error"
    message = own or "The function's handler could not be loaded in time"
    document = {"errorMessage": message}
    if execution.outcome in _METRIC_ERRORS:
        document["errorType"] = _METRIC_ERRORS[execution.outcome]
    return json.dumps(document).encode(), message


def _error_document(payload: bytes, target: Target) -> dict[str, Any]:
    text = log_lines.cleaned(payload.decode("utf-8", "replace"), target)
    document = json.loads(text)
    return dict(document) if isinstance(document, dict) else {"errorMessage": text}


def _metrics(outcome: Outcome, kind: str, began: float) -> Mapping[str, str]:
    """Give the row of request metrics that FC writes per invocation; its topic is unverified.

    Source: Alibaba Cloud, "Function Compute 3.0 log field details", read 2026-11-22.
    """
    execution = outcome.execution
    error = _METRIC_ERRORS.get(execution.outcome, "FunctionUnhandledError") if outcome.error_type else ""
    return {
        "__time__": str(int(began)),
        "__topic__": f"FCRequestMetrics:/{outcome.target.function}",
        "requestId": outcome.request_id,
        "operation": "InvokeFunction",
        "invocationType": kind,
        "memoryMB": str(outcome.target.config["memorySize"]),
        "memoryUsageMB": f"{execution.max_memory_mb:.2f}",
        "durationMs": f"{execution.duration_ms:.2f}",
        "isColdStart": str(execution.cold).lower(),
        "hasFunctionError": str(outcome.error_type is not None).lower(),
        "errorType": error,
        "resourceMode": "OnDemand",
    }
