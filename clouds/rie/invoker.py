"""Calls a runtime interface emulator (RIE) and says what the function did.

Its one path takes any event and answers 200 for a function that failed as well, with the error document as
the body and no header that says so; a timeout is a plain sentence. It works on one event at a time and
refuses a second with 400, so calls are made one after the other. It gives neither request id nor logs.
Source: aws/aws-lambda-runtime-interface-emulator, internal/lambda/rie/handlers.go, read 2026-11-22.

What is called was given by a user: no proxy, no redirect, no credentials, the allow-list on the address that
is connected to, and limits on size and time of the whole answer.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from urllib.parse import quote

import orjson

from cutover.addresses import PORTS, Allowed, checked_url, may_connect
from cutover.errors import Denied, Invalid
from cutover.observation import LogLine, Observation, Outcome, Side

PATH = "/2015-03-31/functions/function/invocations"
ANSWER_LIMIT_BYTES = 6 * 1024 * 1024
"""Lambda's limit for an answer. Source: facts/aws.md 5."""
CONNECT_S = 5.0
MARGIN_S = 5.0
MOST_WAIT_S = 910.0
_OPERATION = "rie:Invoke"
_CLOUDS = {Side.PRIMARY: "aws", Side.CANDIDATE: "alibaba"}
_ERROR_FIELDS = frozenset({"errorMessage", "errorType", "stackTrace", "requestId", "trace", "cause"})
_TIMED_OUT = b"Task timed out after"
_CHUNK = 65_536


class EmulatorInvoker:
    """``cutover.ports.Invoker`` on an address; safe for threads, one call at a time.

    Raises BadInput when the address is not on the list.
    """

    def __init__(self, url: str, *, side: Side, allowed: Sequence[Allowed]) -> None:
        self._parts = checked_url(url, allowed)
        self._side, self._allowed = side, tuple(allowed)
        self._host = self._parts.hostname or ""
        self._port = self._parts.port or PORTS[self._parts.scheme]
        path = self._parts.path.rstrip("/")
        self._path = (
            quote(path, safe="/%") if path.endswith("/invocations") else quote(path, safe="/%") + PATH
        )
        self._one = threading.Lock()

    def invoke(self, function: str, payload: bytes, *, qualifier: str, timeout_s: float) -> Observation:
        """Call and wait. ``timeout_s``: the function's own limit; name and qualifier mean nothing here.

        Raises:
            Denied: the name leads to an address that may not be called, or the answer is a redirect.
            Invalid: what answers there is no emulator.
        """
        limit_s = min(timeout_s + MARGIN_S, MOST_WAIT_S)
        with self._one:
            at, start = datetime.now(UTC), time.perf_counter()
            try:
                status, error, body = self._post(payload, limit_s)
            except (OSError, http.client.HTTPException) as exc:
                return self._seen(Outcome.NO_ANSWER, b"", at, start, type(exc).__name__, "No answer came.")
        return self._answered(status, error, body, at, start)

    def _post(self, payload: bytes, limit_s: float) -> tuple[int, str, bytes]:
        """Give status, X-Amz-Function-Error and body; the whole of it may take ``limit_s``."""
        ending = time.monotonic() + limit_s
        line = self._connected(min(CONNECT_S, limit_s))
        # A limit on each read would let a server that sends a byte now and then hold the call for ever.
        clock = threading.Timer(max(0.0, ending - time.monotonic()), _shut, (line.sock,))
        clock.daemon = True
        clock.start()
        try:
            line.request("POST", self._path, payload, {"Content-Type": "application/json"})
            answer = line.getresponse()
            body = answer.read(ANSWER_LIMIT_BYTES + 1)
            if time.monotonic() >= ending:
                raise TimeoutError
            return answer.status, answer.getheader("X-Amz-Function-Error", ""), body
        finally:
            clock.cancel()
            line.close()

    def _connected(self, limit_s: float) -> http.client.HTTPConnection:
        """Connect to the first allowed address that the name leads to, and to no other."""
        found = socket.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)
        refused: OSError | None = None
        for family, kind, protocol, _, where in found:
            self._check(str(where[0]))
            plain = socket.socket(family, kind, protocol)
            try:
                plain.settimeout(limit_s)
                # Headers and body leave apart: without this the second waits for the first one's ACK.
                plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                plain.connect(where)
                self._check(str(plain.getpeername()[0]))
            except OSError as exc:
                plain.close()
                refused = exc
                continue
            except Denied:
                plain.close()
                raise
            plain.settimeout(MOST_WAIT_S)
            line = http.client.HTTPConnection(self._host, self._port)
            line.sock = self._secured(plain) if self._parts.scheme == "https" else plain
            return line
        raise refused or OSError("no address")

    def _secured(self, plain: socket.socket) -> ssl.SSLSocket:
        try:
            return ssl.create_default_context().wrap_socket(plain, server_hostname=self._host)
        except OSError:
            plain.close()
            raise

    def _check(self, address: str) -> None:
        if not may_connect(self._host, self._port, address, self._allowed):
            raise Denied(
                f"{self._host} leads to {address}, which may not be called. Nothing was sent there.",
                cloud=_CLOUDS[self._side],
                operation=_OPERATION,
            )

    def _answered(self, status: int, error: str, body: bytes, at: datetime, start: float) -> Observation:
        if 300 <= status < 400:
            raise Denied(
                f"{self._host} answered with a redirect ({status}), which is not followed.",
                cloud=_CLOUDS[self._side],
                operation=_OPERATION,
            )
        if len(body) > ANSWER_LIMIT_BYTES:
            words = (
                "Function.ResponseSizeTooLarge",
                f"The answer is larger than {ANSWER_LIMIT_BYTES} bytes.",
            )
            return self._seen(Outcome.ERROR, b"", at, start, *words)
        if status == 429:
            return self._seen(Outcome.THROTTLED, b"", at, start, "TooManyRequestsException")
        if status not in (200, 502):
            raise Invalid(
                f"{self._host}:{self._port} answered with {status}: no emulator, or one that is busy.",
                cloud=_CLOUDS[self._side],
                operation=_OPERATION,
            )
        if body.startswith(_TIMED_OUT):
            return self._seen(
                Outcome.TIMEOUT, body, at, start, "Sandbox.Timedout", body[:80].decode("ascii", "replace")
            )
        kind, message = error_in(body)
        failed = bool(error or kind or message) or status == 502
        outcome = Outcome.ERROR if failed else Outcome.OK
        return self._seen(outcome, body, at, start, kind or ("Unhandled" if failed else ""), message)

    def _seen(
        self,
        outcome: Outcome,
        body: bytes,
        at: datetime,
        start: float,
        error_type: str = "",
        error_message: str = "",
    ) -> Observation:
        waited_ms = (time.perf_counter() - start) * 1000
        return Observation(
            side=self._side,
            outcome=outcome,
            payload=body,
            request_id="",
            at=at,
            # The emulator says nothing of its own time; what was waited is what both sides can be held to.
            duration_ms=waited_ms if outcome in (Outcome.OK, Outcome.ERROR, Outcome.TIMEOUT) else None,
            round_trip_ms=waited_ms,
            cold=False,
            error_type=error_type,
            error_message=error_message,
            facts=(("emulator", f"{self._host}:{self._port}"),),
        )


class NoLogs:
    """``cutover.ports.Logs`` of an emulator: its lines go to the container's own output."""

    def lines(
        self, function: str, request_id: str, *, since: datetime, until: datetime
    ) -> tuple[LogLine, ...] | None:
        """Give None: there is nowhere to read them."""
        return None


def error_in(body: bytes) -> tuple[str, str]:
    """Give type and message of an error document; two empty ones when the body is an answer."""
    if not body.startswith(b"{"):
        return "", ""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return "", ""
    if (
        not document
        or not set(document) <= _ERROR_FIELDS
        or not {"errorType", "errorMessage"} & set(document)
    ):
        return "", ""
    return str(document.get("errorType") or ""), str(document.get("errorMessage") or "")


def _shut(line: socket.socket) -> None:
    with contextlib.suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)
