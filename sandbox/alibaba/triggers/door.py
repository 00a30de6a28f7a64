"""HTTP: the URLs of http triggers under ``/_http/<id>/`` and custom domains under ``/_domain/<name>/``.

A function of a built-in runtime gets the request as an event of version v1 and answers with status, headers
and body; a custom runtime gets the request itself, and what it answers piece by piece goes on as it comes.
Source: Alibaba Cloud, "Invoke a function by an HTTP trigger" (2026-04); what an answer without statusCode and
a function error become is from memory and unverified.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote

from sandbox.alibaba import clock
from sandbox.alibaba.access import KeyRing
from sandbox.alibaba.fc.deferred import Deferred
from sandbox.alibaba.fc.domains import Domains
from sandbox.alibaba.fc.invocations import ASYNC_LIMIT_BYTES, SYNC_LIMIT_BYTES, Invocations
from sandbox.alibaba.fc.outcomes import UNHANDLED, Outcome
from sandbox.alibaba.signing import Nonces, check_http_trigger
from sandbox.alibaba.triggers.configs import HttpConfig
from sandbox.alibaba.triggers.store import Triggers
from sandbox.alibaba.wire import Incoming, Refused, Reply, StreamBroken
from sandbox.executor import HttpRequest
from sandbox.live import Head, Live, TooLarge

HTTP_PREFIX = "/_http/"
DOMAIN_PREFIX = "/_domain/"
MAX_STREAMED_BYTES = 512 * 1024 * 1024
_HOP = frozenset(
    {
        *("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer"),
        *("transfer-encoding", "upgrade", "content-length", "proxy-connection"),
    }
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Visit:
    """A request to a function by HTTP: where it goes, and the path (encoded) as the function sees it."""

    function: str
    qualifier: str
    raw_path: str
    domain: str
    trigger_id: str


def is_visit(request: Incoming) -> bool:
    """Tell whether a request is for a trigger's URL or a custom domain."""
    return request.raw_path.startswith((HTTP_PREFIX, DOMAIN_PREFIX))


class Door:
    """Answers requests to functions by HTTP."""

    def __init__(
        self,
        *,
        triggers: Triggers,
        domains: Domains,
        invocations: Invocations,
        deferred: Deferred,
        keys: KeyRing,
        nonces: Nonces,
        account_id: str,
        region: str,
    ) -> None:
        self._triggers = triggers
        self._domains = domains
        self._invocations = invocations
        self._deferred = deferred
        self._keys = keys
        self._nonces = nonces
        self._account_id = account_id
        self._region = region

    def function_of(self, request: Incoming) -> str | None:
        """Give the function that a request is for, for faults; None when there is none."""
        try:
            return self._find(request, check=False).function
        except Refused:
            return None

    def answer(self, request: Incoming, request_id: str) -> Reply:
        """Carry out a request.

        Raises:
            Refused: 403 when it is not signed as it must be, 404 without such a trigger or domain, 405 for a
                method that is not allowed, 413 for a body that is too large, 502 for an answer that is none.
        """
        visit = self._find(request, check=True)
        if len(request.body) > SYNC_LIMIT_BYTES:
            raise Refused(413, "EntityTooLarge", f"the body has more than {SYNC_LIMIT_BYTES} bytes")
        later = request.headers.get("x-fc-invocation-type", "Sync").lower() == "async"
        if self._invocations.is_server(visit.function, visit.qualifier):
            if later:
                raise Refused(
                    400,
                    "InvalidArgument",
                    "the sandbox does not keep requests to custom runtimes for later, only events",
                )
            return self._pass_on(request, visit, request_id)
        payload = json.dumps(self._event(request, visit, request_id), ensure_ascii=False).encode()
        if later:
            return self._accept(visit, payload, request_id)
        outcome = self._invocations.run(visit.function, visit.qualifier, payload, request_id=request_id)
        return _reply_of(outcome)

    def _accept(self, visit: Visit, payload: bytes, request_id: str) -> Reply:
        """Keep the event of a request that asks to be carried out later."""
        if len(payload) > ASYNC_LIMIT_BYTES:
            raise Refused(400, "EntityTooLarge", f"the event has more than {ASYNC_LIMIT_BYTES} bytes")
        task_id = self._deferred.accept(visit.function, visit.qualifier, payload, request_id=request_id)
        return Reply(status=202, headers={"X-Fc-Request-Id": request_id, "X-Fc-Async-Task-Id": task_id})

    def _find(self, request: Incoming, *, check: bool) -> Visit:
        prefix = HTTP_PREFIX if request.raw_path.startswith(HTTP_PREFIX) else DOMAIN_PREFIX
        name, slash, rest = request.raw_path.removeprefix(prefix).partition("/")
        path = f"/{rest}" if slash else "/"
        name = unquote(name)
        if prefix == DOMAIN_PREFIX:
            place = self._domains.route(name, request.method, unquote(path))
            return Visit(
                function=place.function, qualifier=place.qualifier, raw_path=path, domain=name, trigger_id=""
            )
        trigger = self._triggers.by_url(name)
        config = trigger.config if trigger else None
        if trigger is None or not isinstance(config, HttpConfig) or not config.enabled:
            raise Refused(404, "TriggerNotFound", "there is no http trigger with this URL")
        if check:
            self._require_allowed(request, config)
        return Visit(
            function=trigger.function,
            qualifier=trigger.qualifier,
            raw_path=path,
            domain=f"{name}.{self._region}.fcapp.run",
            trigger_id=trigger.id,
        )

    def _require_allowed(self, request: Incoming, config: HttpConfig) -> None:
        if request.method not in config.methods:
            raise Refused(405, "MethodNotAllowed", f"the http trigger does not allow {request.method}")
        if config.signed:
            check_http_trigger(request, self._keys, self._nonces)

    def _event(self, request: Incoming, visit: Visit, request_id: str) -> dict[str, Any]:
        """Give the event v1 of a request."""
        at = clock.now()
        try:
            body, encoded = request.body.decode(), False
        except UnicodeDecodeError:
            body, encoded = base64.b64encode(request.body).decode(), True
        queries: dict[str, list[str]] = {}
        for name, value in parse_qsl(request.raw_query, keep_blank_values=True):
            queries.setdefault(name, []).append(value)
        return {
            "version": "v1",
            "rawPath": visit.raw_path,
            "headers": {_canonical(name): value for name, value in request.headers.items()},
            "queryParameters": {name: ",".join(values) for name, values in queries.items()},
            "body": body,
            "isBase64Encoded": encoded,
            "requestContext": {
                "accountId": self._account_id,
                "domainName": visit.domain,
                "domainPrefix": visit.domain.partition(".")[0],
                "requestId": request_id,
                **({"triggerId": visit.trigger_id} if visit.trigger_id else {}),
                "time": clock.iso_seconds(at),
                "timeEpoch": str(round(at * 1000)),
                "http": {
                    "method": request.method,
                    "path": unquote(visit.raw_path),
                    "protocol": "HTTP/1.1",
                    "sourceIp": "127.0.0.1",
                    "userAgent": request.headers.get("user-agent", ""),
                },
            },
        }

    def _pass_on(self, request: Incoming, visit: Visit, request_id: str) -> Reply:
        """Hand the request itself to the server of a custom runtime."""
        own = tuple(
            (name, value)
            for name, value in request.headers.items()
            if name not in _HOP and not name.startswith("x-fc-")
        )
        query = f"?{request.raw_query}" if request.raw_query else ""
        asked = HttpRequest(
            method=request.method,
            path=visit.raw_path + query,
            headers=(*own, ("x-fc-control-path", "/http-invoke")),
            body=request.body,
        )
        live: Live[Outcome] = Live(
            lambda listener: self._invocations.run_http(
                visit.function, visit.qualifier, asked, request_id=request_id, listener=listener
            ),
            most_bytes=MAX_STREAMED_BYTES,
        )
        head = live.head()
        if head is not None:
            return _streamed(live, head, request_id)
        outcome = live.given
        if outcome.error_type is not None and not outcome.status:
            return _failed(outcome)
        headers = {**_shown(outcome.headers), **_figures(outcome)}
        return Reply(status=outcome.status, headers=headers, body=outcome.payload)


def _streamed(live: Live[Outcome], head: Head, request_id: str) -> Reply:
    """Give an answer that the server is still sending; the figures of the call are not known yet."""
    said = head.header("x-fc-status")
    failed = {"X-Fc-Error-Type": UNHANDLED} if said and said.strip() != "200" else {}
    headers = {**_shown(head.headers), "X-Fc-Request-Id": request_id, **failed}
    return Reply(status=head.status, headers=headers, stream=_rest(live))


def _rest(live: Live[Outcome]) -> Iterator[bytes]:
    """Give the body. Raises StreamBroken when the server does not bring it to its end."""
    try:
        yield from (piece for piece in live.pieces() if piece)
    except TooLarge as exc:
        raise StreamBroken("the answer is too large") from exc
    if not live.given.status:
        raise StreamBroken("the function ended before its answer")


def _shown(lines: tuple[tuple[str, str], ...]) -> dict[str, str]:
    """Give the headers of a server's answer that go on to the caller."""
    return {
        name: value
        for name, value in _joined(lines).items()
        if name not in _HOP and not name.startswith("x-fc-")
    }


def _canonical(name: str) -> str:
    return "-".join(part.capitalize() for part in name.split("-"))


def _joined(headers: tuple[tuple[str, str], ...]) -> dict[str, str]:
    """Put header lines of one name together, as a list of values."""
    found: dict[str, str] = {}
    for name, value in headers:
        lower = name.lower()
        found[lower] = f"{found[lower]}, {value}" if lower in found else value
    return found


def _figures(outcome: Outcome) -> dict[str, str]:
    return {
        "X-Fc-Request-Id": outcome.request_id,
        "X-Fc-Instance-Id": outcome.instance_id,
        "X-Fc-Invocation-Duration": str(round(outcome.execution.duration_ms)),
        **({"X-Fc-Error-Type": outcome.error_type} if outcome.error_type else {}),
    }


def _failed(outcome: Outcome) -> Reply:
    """Give the answer for a function that failed: 502 with its error document."""
    headers = {"content-type": "application/json", **_figures(outcome)}
    return Reply(status=502, headers=headers, body=outcome.payload)


def _reply_of(outcome: Outcome) -> Reply:
    """Make the answer of a built-in runtime's function into an HTTP response.

    Raises:
        Refused: 502 BadResponse when statusCode, headers or body are not what they must be.
    """
    if outcome.error_type is not None:
        return _failed(outcome)
    figures = _figures(outcome)
    try:
        document = json.loads(outcome.payload)
    except ValueError:
        document = None
    if not isinstance(document, dict) or "statusCode" not in document:
        return Reply(headers={"content-type": "application/json", **figures}, body=outcome.payload)
    status, headers = document["statusCode"], document.get("headers") or {}
    if isinstance(status, str) and status.isdigit():
        status = int(status)
    if isinstance(status, bool) or not isinstance(status, int) or not 200 <= status <= 599:
        raise Refused(502, "BadResponse", "statusCode must be a number between 200 and 599")
    if not isinstance(headers, dict):
        raise Refused(502, "BadResponse", "headers must be an object")
    return Reply(
        status=status,
        headers={"content-type": "application/json", **_header_lines(headers), **figures},
        body=_body_of(document),
    )


def _header_lines(headers: Mapping[str, Any]) -> dict[str, str]:
    lines: dict[str, str] = {}
    for name, value in headers.items():
        text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        lower = str(name).lower()
        if lower in _HOP or any(letter in name + text for letter in "\r\n\0"):
            continue
        lines[lower] = text
    return lines


def _body_of(document: Mapping[str, Any]) -> bytes:
    body = document.get("body")
    if body is None:
        return b""
    text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
    if document.get("isBase64Encoded") is not True:
        return text.encode()
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as exc:
        raise Refused(502, "BadResponse", "the body is not Base64, as isBase64Encoded says") from exc
