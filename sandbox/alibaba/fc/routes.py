"""The paths of FC 3.0 and what answers them.

Source: alibabacloud-fc20230330 4.8.3, client.py, read 2026-11-22. Calls of the API that the sandbox does not
have are answered with PathNotSupported; README.md beside this package lists what there is.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote

from sandbox.alibaba.access import AccessKey, Scope
from sandbox.alibaba.fc.attachments import AsyncConfigs, Concurrency, Triggers
from sandbox.alibaba.fc.deferred import Deferred
from sandbox.alibaba.fc.functions import Functions
from sandbox.alibaba.fc.invocations import (
    ASYNC_LIMIT_BYTES,
    SYNC_LIMIT_BYTES,
    Invocations,
    draw_request_id,
)
from sandbox.alibaba.fc.model import invalid
from sandbox.alibaba.fc.registry import Document
from sandbox.alibaba.fc.versions import Aliases, Versions
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
        except ValueError as exc:
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

    def __init__(
        self,
        *,
        functions: Functions,
        versions: Versions,
        aliases: Aliases,
        triggers: Triggers,
        concurrency: Concurrency,
        async_configs: AsyncConfigs,
        invocations: Invocations,
        deferred: Deferred,
    ) -> None:
        self._invocations = invocations
        self._deferred = deferred
        self._routes = (
            *_function_routes(functions),
            *_version_routes(versions, aliases),
            *_attachment_routes(triggers, concurrency, async_configs),
            _route("InvokeFunction", "POST", "/functions/{}/invocations", self._invoke),
        )

    def operation_of(self, request: Incoming) -> tuple[str, str | None]:
        """Give the operation's name and the function in the path, for faults and permissions."""
        try:
            route, call = self._find(request)
        except Refused:
            return "Unknown", None
        named = call.names[0] if route.pattern.pattern.startswith("/functions/") and call.names else None
        return route.operation, named

    def answer(self, request: Incoming, key: AccessKey) -> Reply:
        """Carry out one call.

        Raises:
            Refused: the call is wrong, or the key may not make it.
        """
        route, call = self._find(request)
        if key.scope is Scope.INVOKE_ONLY and route.operation != "InvokeFunction":
            raise Refused(
                403, "AccessDenied", f"the caller is not authorized to perform fc:{route.operation}"
            )
        result = route.answer(call)
        if isinstance(result, Reply):
            return result
        if result is None:
            return Reply(status=204)
        return json_reply(result)

    def _find(self, request: Incoming) -> tuple[Route, Call]:
        path = request.raw_path.removeprefix(PREFIX)
        known = False
        for route in self._routes:
            found = route.pattern.fullmatch(path)
            if found is None:
                continue
            known = True
            if route.method == request.method:
                names = tuple(unquote(name) for name in found.groups())
                return route, Call(names=names, query=request.query, request=request)
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
            self._invocations.resolve(name, call.qualifier)
            self._deferred.accept(name, call.qualifier, payload, request_id=request_id)
            task_id = call.request.headers.get("x-fc-async-task-id") or request_id
            return Reply(status=202, headers={"X-Fc-Request-Id": request_id, "X-Fc-Async-Task-Id": task_id})
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


def _route(operation: str, method: str, template: str, answer: Answer) -> Route:
    pattern = re.compile(template.replace("{}", "([^/]+)"))
    return Route(operation=operation, method=method, pattern=pattern, answer=answer)


def _function_routes(fc: Functions) -> tuple[Route, ...]:
    def disable(call: Call) -> object:
        return fc.restrict(call.names[0], disable=True, reason=str(call.document.get("reason") or ""))

    return (
        _route("CreateFunction", "POST", "/functions", lambda c: fc.create(c.document)),
        _route("ListFunctions", "GET", "/functions", lambda c: fc.list(c.query)),
        _route("GetFunction", "GET", "/functions/{}", lambda c: fc.get(c.names[0], c.qualifier)),
        _route("UpdateFunction", "PUT", "/functions/{}", lambda c: fc.update(c.names[0], c.document)),
        _route("DeleteFunction", "DELETE", "/functions/{}", lambda c: fc.delete(c.names[0])),
        _route(
            "GetFunctionCode", "GET", "/functions/{}/code", lambda c: fc.get_code(c.names[0], c.qualifier)
        ),
        _route("DisableFunctionInvocation", "POST", "/functions/{}/invoke/disable", disable),
        _route(
            "EnableFunctionInvocation",
            "POST",
            "/functions/{}/invoke/enable",
            lambda c: fc.restrict(c.names[0], disable=False, reason=""),
        ),
        _route("TagResources", "POST", "/tags-v2", lambda c: fc.tag(c.document)),
        _route("UntagResources", "DELETE", "/tags-v2", lambda c: fc.untag(c.query)),
        _route("ListTagResources", "GET", "/tags-v2", lambda c: fc.list_tags(c.query)),
    )


def _version_routes(versions: Versions, aliases: Aliases) -> tuple[Route, ...]:
    some, one = "/functions/{}/versions", "/functions/{}/aliases/{}"
    return (
        _route("PublishFunctionVersion", "POST", some, lambda c: versions.publish(c.names[0], c.document)),
        _route("ListFunctionVersions", "GET", some, lambda c: versions.list(c.names[0], c.query)),
        _route("DeleteFunctionVersion", "DELETE", f"{some}/{{}}", lambda c: versions.delete(*c.names)),
        _route(
            "CreateAlias", "POST", "/functions/{}/aliases", lambda c: aliases.create(c.names[0], c.document)
        ),
        _route("ListAliases", "GET", "/functions/{}/aliases", lambda c: aliases.list(c.names[0], c.query)),
        _route("GetAlias", "GET", one, lambda c: aliases.get(*c.names)),
        _route("UpdateAlias", "PUT", one, lambda c: aliases.update(c.names[0], c.names[1], c.document)),
        _route("DeleteAlias", "DELETE", one, lambda c: aliases.delete(*c.names)),
    )


def _attachment_routes(
    triggers: Triggers, concurrency: Concurrency, async_configs: AsyncConfigs
) -> tuple[Route, ...]:
    some, one = "/functions/{}/triggers", "/functions/{}/triggers/{}"
    limit, later = "/functions/{}/concurrency", "/functions/{}/async-invoke-config"
    return (
        _route("CreateTrigger", "POST", some, lambda c: triggers.create(c.names[0], c.document)),
        _route("ListTriggers", "GET", some, lambda c: triggers.list(c.names[0], c.query)),
        _route("GetTrigger", "GET", one, lambda c: triggers.get(*c.names)),
        _route("UpdateTrigger", "PUT", one, lambda c: triggers.update(c.names[0], c.names[1], c.document)),
        _route("DeleteTrigger", "DELETE", one, lambda c: triggers.delete(*c.names)),
        _route("PutConcurrencyConfig", "PUT", limit, lambda c: concurrency.put(c.names[0], c.document)),
        _route("GetConcurrencyConfig", "GET", limit, lambda c: concurrency.get(c.names[0])),
        _route("DeleteConcurrencyConfig", "DELETE", limit, lambda c: concurrency.delete(c.names[0])),
        _route("ListConcurrencyConfigs", "GET", "/concurrency-configs", lambda c: concurrency.list(c.query)),
        _route(
            "PutAsyncInvokeConfig",
            "PUT",
            later,
            lambda c: async_configs.put(c.names[0], c.qualifier, c.document),
        ),
        _route("GetAsyncInvokeConfig", "GET", later, lambda c: async_configs.get(c.names[0], c.qualifier)),
        _route(
            "DeleteAsyncInvokeConfig",
            "DELETE",
            later,
            lambda c: async_configs.delete(c.names[0], c.qualifier),
        ),
        _route(
            "ListAsyncInvokeConfigs", "GET", "/async-invoke-configs", lambda c: async_configs.list(c.query)
        ),
    )


def error_reply(refusal: Refused, request_id: str) -> Reply:
    """Give FC's error body."""
    document = {"Code": refusal.code, "Message": refusal.message, "RequestId": request_id}
    return Reply(
        status=refusal.status,
        headers={"content-type": "application/json", "X-Fc-Request-Id": request_id},
        body=json.dumps(document).encode(),
    )
