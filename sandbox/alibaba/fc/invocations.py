"""Carrying out invocations: draw the version, run it, shape the answer, write the log."""

from __future__ import annotations

import random
import secrets
import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sandbox import faults
from sandbox.alibaba import clock
from sandbox.alibaba.fc import outcomes, versions
from sandbox.alibaba.fc.code import CodeStore
from sandbox.alibaba.fc.environment import Instances, Target
from sandbox.alibaba.fc.model import LATEST, Language, invalid
from sandbox.alibaba.fc.outcomes import Outcome
from sandbox.alibaba.fc.registry import Document, Registry
from sandbox.alibaba.wire import Refused
from sandbox.executor import (
    Execution,
    Executor,
    HttpExecution,
    HttpRequest,
    HttpWorkerSpec,
    Listener,
    PortBusy,
    Saturated,
    WorkerSpec,
)
from sandbox.faults import EXECUTOR_KINDS, Faults

SYNC_LIMIT_BYTES = 32 * 1024 * 1024
ASYNC_LIMIT_BYTES = 128 * 1024
INSTANCES_REMEMBERED = 2000
# Source: Alibaba Cloud, "Error codes": what a custom runtime that does not come up is answered with.
_START_ERRORS = frozenset({"CAExited", "FunctionNotStarted", "CAFileNotFound", "CAFilePermission"})
_EVENT_HEADERS = (
    ("content-type", "application/octet-stream"),
    ("x-fc-control-path", "/invoke"),
)
WriteRows = Callable[[str, str, list[dict[str, str]]], None]


def draw_request_id() -> str:
    """Draw an id of FC 3.0's form, ``1-<8 hex>-<24 hex>``; the first part is the time."""
    return f"1-{int(clock.now()):08x}-{secrets.token_hex(12)}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """An instance that answered: when it was first and last heard of, in unix seconds."""

    function: str
    qualifier: str
    version_id: str
    first: float
    last: float


class Invocations:
    """Runs functions. Thread-safe: every call blocks its own thread only."""

    def __init__(
        self,
        *,
        registry: Registry,
        codes: CodeStore,
        merged_layers: Callable[[Sequence[str]], Path | None],
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
        self._merged_layers = merged_layers
        self._instances = instances
        self._executor = executor
        self._faults = faults
        self._write_rows = write_rows
        self._account_id = account_id
        self._region = region
        self._chance = chance
        self._lock = threading.Lock()
        self._running: Counter[str] = Counter()
        self._seen: OrderedDict[str, Seen] = OrderedDict()

    def resolve(self, name: str, qualifier: str) -> tuple[Document, Target]:
        """Draw the version that this invocation goes to.

        Raises:
            Refused: 404 for what does not exist, 403 when the function was disabled, 400 for an image.
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
            opt=self._merged_layers(holder["config"]["layers"]),
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
                if not self._running[name]:
                    del self._running[name]

    def _headers(self, target: Target, request_id: str, retry: int) -> dict[str, str]:
        config = target.config
        log_config = config.get("logConfig") or {}
        return {
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
        """Run the function once with an event and write its log; blocks until it has ended.

        Raises:
            Refused: 404, 403 or 400 as ``resolve`` says; 429 when concurrency is used up; 412 when a custom
                runtime does not come up.
        """
        request = HttpRequest(headers=_EVENT_HEADERS, body=payload)
        return self._run(name, qualifier, payload, request, request_id=request_id, kind=kind, retry=retry)

    def run_http(
        self,
        name: str,
        qualifier: str,
        request: HttpRequest,
        *,
        request_id: str,
        listener: Listener | None = None,
    ) -> Outcome:
        """Hand a request to the HTTP server of a custom runtime. Raises Refused as ``run`` does.

        listener: hears an answer that the server sends piece by piece; it is not in the outcome then.
        """
        return self._run(
            name,
            qualifier,
            request.body,
            request,
            request_id=request_id,
            kind="Sync",
            retry=0,
            listener=listener,
        )

    def _run(
        self,
        name: str,
        qualifier: str,
        payload: bytes,
        request: HttpRequest,
        *,
        request_id: str,
        kind: str,
        retry: int,
        listener: Listener | None = None,
    ) -> Outcome:
        document, target = self.resolve(name, qualifier)
        spec = self._instances.prepare(target)
        struck = self._faults.strike(
            EXECUTOR_KINDS,
            cloud="alibaba",
            operation="InvokeFunction",
            function=name,
            versions=(target.version_id, target.qualifier),
        )
        spec = faults.prepared(struck, spec)
        headers = self._headers(target, request_id, retry)
        with self._slot(document):
            began = clock.now()
            try:
                # What a fault changes must not have been sent already.
                answer = self._execute(spec, payload, request, headers, None if struck else listener)
            except Saturated as exc:
                raise Refused(429, "ResourceExhausted", "no instance came free in time") from exc
            except PortBusy as exc:
                raise Refused(
                    412,
                    "FunctionNotStarted",
                    f"the server listens on port {exc.args[0]} only, which is taken on this machine; "
                    "let it listen on FC_SERVER_PORT",
                ) from exc
            except FileNotFoundError as exc:
                raise Refused(412, "CAFileNotFound", "the start command cannot be found") from exc
            except PermissionError as exc:
                raise Refused(412, "CAFilePermission", "the start command may not be executed") from exc
        outcome = outcomes.shape(
            faults.distort(struck, answer.execution, timeout_s=float(target.config["timeout"])),
            target,
            request_id,
            began,
            status=answer.status,
            headers=answer.headers,
        )
        self._remember(outcome)
        faults.write_late(struck, lambda: self._log(outcome, kind, began))
        _require_started(outcome)
        return outcome

    def _execute(
        self,
        spec: Any,
        payload: bytes,
        request: HttpRequest,
        headers: dict[str, str],
        listener: Listener | None,
    ) -> HttpExecution:
        if isinstance(spec, HttpWorkerSpec):
            secret = {
                "x-fc-access-key-id": spec.env.get("ALIBABA_CLOUD_ACCESS_KEY_ID", ""),
                "x-fc-access-key-secret": spec.env.get("ALIBABA_CLOUD_ACCESS_KEY_SECRET", ""),
                "x-fc-security-token": spec.env.get("ALIBABA_CLOUD_SECURITY_TOKEN", ""),
            }
            own = tuple((k, v) for k, v in (headers | secret).items() if v and k != "x-fc-runtime")
            if spec.initialize is not None:
                spec = replace(spec, initialize=(*own, *spec.initialize))
            asked = replace(request, headers=(*own, *request.headers))
            return self._executor.invoke_http(spec, asked, listener, call_id=headers["x-fc-request-id"])
        assert isinstance(spec, WorkerSpec)
        lambda_id = {"lambda-runtime-aws-request-id": headers["x-fc-request-id"]}
        execution: Execution = self._executor.invoke(
            spec, payload, headers=lambda_id | headers, call_id=headers["x-fc-request-id"]
        )
        return HttpExecution(execution=execution, status=200, headers=())

    def stop(self, request_id: str) -> None:
        """End the instance that carries out an invocation, unless it carries out others as well."""
        self._executor.stop(request_id)

    def is_server(self, name: str, qualifier: str) -> bool:
        """Tell whether the function is an HTTP server of its own. Raises Refused as ``resolve`` does."""
        return self.resolve(name, qualifier)[1].language is Language.HTTP

    def _remember(self, outcome: Outcome) -> None:
        at, target = clock.now(), outcome.target
        with self._lock:
            known = self._seen.pop(outcome.instance_id, None)
            self._seen[outcome.instance_id] = Seen(
                function=target.function,
                qualifier=target.qualifier,
                version_id=target.version_id,
                first=known.first if known else outcome.execution.began_at or at,
                last=at,
            )
            if len(self._seen) > INSTANCES_REMEMBERED:
                self._seen.popitem(last=False)

    def seen(self, function: str) -> dict[str, Seen]:
        """Give the instances of a function that answered in this run of the sandbox, by id."""
        with self._lock:
            return {name: seen for name, seen in self._seen.items() if seen.function == function}

    def _log(self, outcome: Outcome, kind: str, began: float) -> None:
        log_config = outcome.target.config.get("logConfig") or {}
        if log_config.get("logstore"):
            self._write_rows(
                str(log_config["project"]),
                str(log_config["logstore"]),
                outcomes.rows_of(outcome, kind, began),
            )


def _require_started(outcome: Outcome) -> None:
    """Refuse with FC's code when a custom runtime did not come up: its log is written by then."""
    execution = outcome.execution
    if execution.outcome == "init-error" and execution.error_type in _START_ERRORS:
        message = "the custom runtime did not start"
        words = outcomes.error_message(outcome.payload)
        raise Refused(412, str(execution.error_type), f"{message}: {words}" if words else message)
