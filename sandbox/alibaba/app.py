"""The HTTP front: reads a request to its end, lets faults strike, carries the call out in a thread, answers.

Faults before or around a call act here, because a connection is reset here: the outermost layer keeps hold of
the transport that uvicorn made for the request.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, Any

from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from sandbox.alibaba import clock
from sandbox.alibaba.service import Alibaba, Errand
from sandbox.alibaba.triggers.door import is_visit
from sandbox.alibaba.wire import Incoming, Refused, Reply, StreamBroken, json_reply, split_target
from sandbox.faults import FRONT_KINDS, HANG_MS, Rule

BODY_LIMIT_BYTES = 520 * 1024 * 1024
OBJECT_LIMIT_BYTES = 5 * 1024 * 1024 * 1024
THREADS = 64
WAITING_THREADS = 256
_ABORT = "sandbox.abort"
_log = logging.getLogger(__name__)


class Protocol(HttpToolsProtocol):  # type: ignore[misc]
    """HTTP/1.1 as SDKs speak it: ali-oss sends streams in chunks and says their length, too. Chunks count."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True, lenient_chunked_length=True)


class KeepTransport:
    """Puts the means to break off a connection into the scope, under ``sandbox.abort``."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        transport = getattr(getattr(send, "__self__", None), "transport", None)
        if transport is not None:
            scope[_ABORT] = transport.abort
        await self._app(scope, receive, send)


def _head(scope: Scope) -> Incoming:
    """Give the request without its body."""
    path, _ = split_target(scope["raw_path"].decode("latin-1"))
    return Incoming(
        method=scope["method"],
        raw_path=path,
        raw_query=scope["query_string"].decode("latin-1"),
        headers=_headers(scope["headers"]),
        body=b"",
    )


def _headers(lines: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Give the headers by lower-case name; lines of one name become a list of values (RFC 9110, 5.3)."""
    found: dict[str, str] = {}
    for raw, value in lines:
        name, text = raw.decode("latin-1").lower(), value.decode("latin-1")
        separator = "; " if name == "cookie" else ", "
        found[name] = f"{found[name]}{separator}{text}" if name in found else text
    return found


async def _read(receive: Receive, content: IO[bytes], limit: int) -> bool:
    """Read the body into ``content``; False when the client left or sent more than the limit."""
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return False
        piece = message.get("body", b"")
        size += len(piece)
        if size > limit:
            return False
        content.write(piece)
        more = message.get("more_body", False)
    return True


async def _write(send: Send, reply: Reply, *, head: bool, pool: ThreadPoolExecutor | None = None) -> None:
    """Send a reply; its stream is read in this pool. Raises StreamBroken."""
    headers = {name.lower(): value for name, value in reply.headers.items()}
    if reply.status not in (204, 304) and reply.stream is None:
        headers.setdefault("content-length", str(len(reply.body)))
    # The date is said here, since clients take it for the moment of the change: a server's own may lag.
    headers.setdefault("date", clock.http_date())
    raw = [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": reply.status, "headers": raw})
    if reply.stream is not None and not head:
        loop = asyncio.get_running_loop()
        while piece := await loop.run_in_executor(pool, next, reply.stream, b""):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b"" if head else reply.body})


async def _break_off(scope: Scope, receive: Receive) -> None:
    """Reset the connection and wait until it is gone."""
    scope[_ABORT]()
    while (await receive())["type"] != "http.disconnect":
        pass


class Front:
    """The one endpoint of the app."""

    def __init__(self, alibaba: Alibaba) -> None:
        self._alibaba = alibaba
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="call")
        # Long polls have threads of their own, so that they cannot keep all others waiting.
        self._waiting = ThreadPoolExecutor(WAITING_THREADS, thread_name_prefix="poll")

    def close(self) -> None:
        for pool in (self._pool, self._waiting):
            pool.shutdown(wait=False, cancel_futures=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        head = _head(scope)
        large = self._alibaba.takes_files(head)
        if head.method in ("GET", "HEAD") and not is_visit(head):
            # No call by these has a body; SDKs may announce one that never comes.
            await self._reply(head, scope, receive, send)
            return
        with NamedTemporaryFile(dir=self._alibaba.spool) if large else BytesIO() as content:
            try:
                whole = await _read(receive, content, OBJECT_LIMIT_BYTES if large else BODY_LIMIT_BYTES)
                content.flush()
            except OSError as exc:
                refusal = Refused(500, "InternalError", f"The body could not be kept: {exc.strerror}.")
                await _write(send, self._alibaba.understand(head).refuse(refusal), head=False)
                return
            if not whole:
                await _break_off(scope, receive)
                return
            if isinstance(content, BytesIO):
                request = replace(head, body=content.getvalue())
            else:
                request = replace(head, file=Path(content.name))
            await self._reply(request, scope, receive, send)

    async def _reply(self, request: Incoming, scope: Scope, receive: Receive, send: Send) -> None:
        reply = self._alibaba.guarded(request) or await self._carry_out(request)
        if reply is None:
            await _break_off(scope, receive)
        else:
            try:
                await _write(send, reply, head=request.method == "HEAD", pool=self._waiting)
            except StreamBroken as exc:
                _log.warning("an answer broke off: %s", exc)
                await _break_off(scope, receive)

    async def _carry_out(self, request: Incoming) -> Reply | None:
        """Give the reply, or None when a fault says that the connection is to be broken off."""
        errand = self._alibaba.understand(request)
        struck: tuple[Rule, ...] = ()
        if errand.operation != "Sandbox":
            struck = self._alibaba.faults.strike(
                FRONT_KINDS,
                cloud="alibaba",
                operation=errand.operation,
                function=errand.function,
                versions=(request.query.get("qualifier") or "LATEST",),
            )
        for rule in struck:
            if rule.kind == "latency":
                await asyncio.sleep(rule.ms / 1000)
            elif rule.kind == "hang":
                await asyncio.sleep((rule.ms or HANG_MS) / 1000)
                return None
            elif rule.kind == "reset":
                return None
            elif rule.kind == "status":
                return errand.injected(rule.status)
        pool = self._waiting if errand.waits else self._pool
        applied = not any(rule.kind == "not-applied" for rule in struck)
        reply = await asyncio.get_running_loop().run_in_executor(pool, _answer, errand, applied)
        return None if any(rule.kind == "drop-answer" for rule in struck) else reply


def _answer(errand: Errand, applied: bool) -> Reply:
    try:
        return errand.answer(applied=applied)
    except Exception:  # noqa: BLE001 - the outermost frame: a fault of the sandbox is logged and told as a 500
        _log.exception("%s failed inside the sandbox", errand.operation)
        return json_reply(
            {"Code": "InternalServerError", "Message": "The sandbox failed; its log says why."}, status=500
        )


def build_app(alibaba: Alibaba) -> ASGIApp:
    """Give the ASGI application; its life span starts and closes the half."""
    front = Front(alibaba)

    @asynccontextmanager
    async def life(app: Starlette) -> AsyncIterator[dict[str, Any]]:
        alibaba.start()
        yield {}
        alibaba.close()
        front.close()

    starlette = Starlette(lifespan=life)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        # No router: keys may hold line breaks, which its patterns do not match.
        await (front if scope["type"] == "http" else starlette)(scope, receive, send)

    return KeepTransport(app)
