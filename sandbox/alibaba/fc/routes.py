"""Calls of FC 3.0: finds the operation that a request means, and carries invocations out.

Source: alibabacloud-fc20230330 4.8.3, client.py, read 2026-11-22. Operations that the sandbox does not have
are answered with PathNotSupported and a sentence that names them; docs/sandbox/alibaba.md lists them.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from sandbox.alibaba.access import AccessKey, Scope
from sandbox.alibaba.fc.deferred import Deferred
from sandbox.alibaba.fc.invocations import (
    ASYNC_LIMIT_BYTES,
    SYNC_LIMIT_BYTES,
    Invocations,
    draw_request_id,
)
from sandbox.alibaba.fc.model import invalid
from sandbox.alibaba.fc.registry import Document
from sandbox.alibaba.fc.tasks import TASK_ID
from sandbox.alibaba.wire import Incoming, Refused, Reply, json_reply

PREFIX = "/2023-03-30"
EXPOSED = (
    "X-Fc-Request-Id,X-Fc-Error-Type,X-Fc-Log-Result,X-Fc-Instance-Id,X-Fc-Invocation-Duration,"
    "X-Fc-Max-Memory-Usage,X-Fc-Invocation-Service-Version,X-Fc-Code-Checksum"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """One API call: the names in its path, the query, the body as JSON (read when asked for)."""

    names: tuple[str, ...]
    query: dict[str, str]
    request: Incoming

    @property
    def document(self) -> Document:
        try:
            return self.request.json()
        except (ValueError, RecursionError) as exc:
            raise invalid("the body must be a JSON object") from exc

    @property
    def qualifier(self) -> str:
        return self.query.get("qualifier", "")


Answer = Callable[[Call], object]


@dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    """One operation: how it is called and what answers it. An answer of None is 204 without a body."""

    operation: str
    method: str
    pattern: re.Pattern[str]
    answer: Answer


class FunctionCompute:
    """FC 3.0 as a function of requests that are already known to be signed."""

    def __init__(self, *, routes: Sequence[Route], invocations: Invocations, deferred: Deferred) -> None:
        self._invocations = invocations
        self._deferred = deferred
        self._routes = (
            *routes,
            route("InvokeFunction", "POST", "/functions/{}/invocations", self._invoke),
        )

    def operation_of(self, request: Incoming) -> tuple[str, str | None]:
        """Give the operation's name and the function in the path, for faults and permissions."""
        try:
            chosen, call = self._find(request)
        except Refused:
            return "Unknown", None
        named = call.names[0] if chosen.pattern.pattern.startswith("/functions/") and call.names else None
        return chosen.operation, named

    def answer(self, request: Incoming, key: AccessKey) -> Reply:
        """Carry out one call.

        Raises:
            Refused: the call is wrong, or the key may not make it.
        """
        chosen, call = self._find(request)
        if key.scope is Scope.INVOKE_ONLY and chosen.operation != "InvokeFunction":
            raise Refused(
                403, "AccessDenied", f"the caller is not authorized to perform fc:{chosen.operation}"
            )
        result = chosen.answer(call)
        if isinstance(result, Reply):
            return result
        if result is None:
            return Reply(status=204)
        return json_reply(result)

    def _find(self, request: Incoming) -> tuple[Route, Call]:
        path = request.raw_path.removeprefix(PREFIX)
        known = False
        for each in self._routes:
            found = each.pattern.fullmatch(path)
            if found is None:
                continue
            known = True
            if each.method == request.method:
                names = tuple(unquote(name) for name in found.groups())
                return each, Call(names=names, query=request.query, request=request)
        what = "method" if known else "path"
        raise Refused(400, "PathNotSupported", f"{what} of {request.method} {request.path} is not supported")

    def _invoke(self, call: Call) -> Reply:
        name, payload = call.names[0], call.request.body
        kind = call.request.headers.get("x-fc-invocation-type", "Sync")
        log_type = call.request.headers.get("x-fc-log-type", "None")
        if kind not in ("Sync", "Async"):
            raise invalid("x-fc-invocation-type must be Sync or Async")
        if log_type not in ("None", "Tail"):
            raise invalid("x-fc-log-type must be None or Tail")
        limit = SYNC_LIMIT_BYTES if kind == "Sync" else ASYNC_LIMIT_BYTES
        if len(payload) > limit:
            raise Refused(400, "EntityTooLarge", f"the payload has {len(payload)} bytes, more than {limit}")
        request_id = draw_request_id()
        if kind == "Async":
            return self._accept(call, name, payload, request_id)
        outcome = self._invocations.run(name, call.qualifier, payload, request_id=request_id)
        headers = {
            "content-type": "application/octet-stream",
            "access-control-expose-headers": EXPOSED,
            "X-Fc-Request-Id": request_id,
            "X-Fc-Instance-Id": outcome.instance_id,
            "X-Fc-Invocation-Duration": str(round(outcome.execution.duration_ms)),
            "X-Fc-Max-Memory-Usage": f"{outcome.execution.max_memory_mb:.2f}",
            "X-Fc-Invocation-Service-Version": outcome.target.version_id,
            "X-Fc-Code-Checksum": outcome.target.checksum,
        }
        if outcome.error_type:
            headers["X-Fc-Error-Type"] = outcome.error_type
        if log_type == "Tail":
            headers["X-Fc-Log-Result"] = base64.b64encode(outcome.tail()).decode()
        return Reply(headers=headers, body=outcome.payload)

    def _accept(self, call: Call, name: str, payload: bytes, request_id: str) -> Reply:
        """Keep an asynchronous invocation, then say so."""
        task_id = call.request.headers.get("x-fc-async-task-id") or ""
        if task_id and not TASK_ID.fullmatch(task_id):
            raise invalid(
                "x-fc-async-task-id must start with a letter or '_' and have 1 to 128 of [A-Za-z0-9_-]"
            )
        self._invocations.resolve(name, call.qualifier)
        accepted = self._deferred.accept(
            name, call.qualifier, payload, request_id=request_id, task_id=task_id
        )
        return Reply(status=202, headers={"X-Fc-Request-Id": request_id, "X-Fc-Async-Task-Id": accepted})


def route(operation: str, method: str, template: str, answer: Answer) -> Route:
    """Make a route; each ``{}`` of the template is one part of the path."""
    pattern = re.compile(template.replace("{}", "([^/]+)"))
    return Route(operation=operation, method=method, pattern=pattern, answer=answer)


def error_reply(refusal: Refused, request_id: str) -> Reply:
    """Give FC's error body."""
    document = {"Code": refusal.code, "Message": refusal.message, "RequestId": request_id}
    return Reply(
        status=refusal.status,
        headers={"content-type": "application/json", "X-Fc-Request-Id": request_id},
        body=json.dumps(document).encode(),
    )
