"""A warm process that speaks the Lambda Runtime API.

Theory of operation. The process talks to a loopback port of its own. A warm call is two system calls each way
and needs no hand-over between threads, since the thread that calls `run` serves that port. A call ends when
the process asks for the next event.
"""

import base64
import binascii
import selectors
import socket
import time
import uuid
from collections.abc import Mapping
from contextlib import suppress

from sandbox.executor.instance import Ending, Instance
from sandbox.executor.launcher import Launcher
from sandbox.executor.values import Execution, Listener, WorkerSpec
from sandbox.executor.wire import BrokenRequest, Connection, RuntimeRequest, Sink

INIT_LIMIT_S = (
    10.0  # Source: docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html, init phase
)
SETTLE_S = 1.0
FRAMES_FD = 3  # where the launcher puts the pipe for log frames
_NEXT = "/2018-06-01/runtime/invocation/next"
_INIT_ERROR = "/2018-06-01/runtime/init/error"
# Source: docs.aws.amazon.com/lambda/latest/dg/runtimes-custom.html#runtimes-custom-response-streaming,
# read 2026-11-22: the mode is a header, what went wrong after the beginning comes in trailers.
_MODE = "lambda-runtime-function-response-mode"
_ERROR_TYPE = "lambda-runtime-function-error-type"
_ERROR_BODY = "lambda-runtime-function-error-body"


class Worker(Instance):
    """One version of one function behind the Runtime API."""

    def __init__(self, spec: WorkerSpec, launcher: Launcher) -> None:
        self._request_id: str | None = None
        self._waiting: Connection | None = None
        self._answer: Ending | None = None
        self._hearing: Listener | None = None
        self._connections: set[Connection] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        try:
            super().__init__(
                spec,
                launcher,
                {
                    "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self._listener.getsockname()[1]}",
                    "_LAMBDA_TELEMETRY_LOG_FD": str(FRAMES_FD),
                },
            )
        except OSError:
            self._listener.close()
            raise
        self._selector.register(self._listener, selectors.EVENT_READ, self._accept)

    def run(self, payload: bytes, headers: Mapping[str, str], listener: Listener | None = None) -> Execution:
        """Run one call to its end. Afterwards `alive` tells whether the worker can be used again.

        listener: hears an answer that is streamed; without one it is gathered like any other.
        """
        self._answer = None
        self._hearing = listener
        self._request_id = headers.get("lambda-runtime-aws-request-id") or str(uuid.uuid4())
        cold = self._begin()
        ended = self._start_up() if cold else None
        init_ms = (time.monotonic() - self._born) * 1000 if cold else None
        began, began_at = time.monotonic(), time.time()
        if ended is None:
            ended = self._call(payload, {**headers, "lambda-runtime-aws-request-id": self._request_id})
        duration_ms = (time.monotonic() - began) * 1000
        self._finish(ended[0])
        return self._execution(ended, began=(began, began_at), duration_ms=duration_ms, init_ms=init_ms)

    def _start_up(self) -> Ending | None:
        """Wait until the bootstrap asks for its first event. Returns the outcome if it never will."""
        limit = self._born + INIT_LIMIT_S
        while self._waiting is None:
            if (ended := self._ended(limit)) is not None:
                return ended
            self._pump()
        self._delay()
        return None

    def _call(self, payload: bytes, headers: Mapping[str, str]) -> Ending:
        limit = time.monotonic() + self._limits.timeout_s
        connection, self._waiting = self._waiting, None
        if connection is not None:
            with suppress(OSError):
                connection.answer(200, dict(headers), payload)
        while (ended := self._ended(limit)) is None:
            self._pump()
        return ended

    def _ended(self, limit: float) -> Ending | None:
        if self._answer is not None:
            return self._answer
        ended = self._broken(limit)
        # Whatever the process managed to send before it ended still counts.
        return self._answer or ended if ended is not None and ended[0] == "exit" else ended

    def _finish(self, outcome: str) -> None:
        settled = time.monotonic() + SETTLE_S
        answered = outcome in ("ok", "error")
        while answered and self._waiting is None and time.monotonic() < settled:
            if self._child.poll() is not None:
                break
            self._pump()
        self._settle(answered and self._waiting is not None)

    def _accept(self) -> None:
        connection = Connection(self._listener.accept()[0], self._sink_for)
        self._connections.add(connection)
        self._selector.register(connection.sock, selectors.EVENT_READ, lambda: self._read(connection))

    def _read(self, connection: Connection) -> None:
        open_ = connection.receive()
        try:
            while (request := connection.next_request()) is not None:
                self._obey(connection, request)
        except (BrokenRequest, OSError):
            open_ = False
        if not open_:
            self._selector.unregister(connection.sock)
            self._connections.discard(connection)
            connection.close()
            if self._waiting is connection:
                self._waiting = None
            self._sampled = 0.0  # a closed connection is often a dead process: look at once

    def _obey(self, connection: Connection, request: RuntimeRequest) -> None:
        kind = request.headers.get(_ERROR_TYPE)
        if request.method == "GET" and request.path == _NEXT:
            self._waiting = connection
            return
        if request.path == _INIT_ERROR:
            self._answer = ("init-error", request.body, kind)
        elif request.path == self._own("response"):
            broken = kind is not None or _ERROR_BODY in request.headers
            self._answer = ("error", _document(request), kind) if broken else ("ok", request.body, None)
        elif request.path == self._own("error"):
            self._answer = ("error", request.body, kind)
        else:
            connection.answer(404, {}, b'{"errorType":"InvalidRequestID"}')
            return
        connection.answer(202, {}, b'{"status":"OK"}')

    def _own(self, what: str) -> str:
        return f"/2018-06-01/runtime/invocation/{self._request_id}/{what}"

    def _sink_for(self, path: str, headers: Mapping[str, str]) -> Sink | None:
        """Let the listener hear an answer that is being streamed."""
        if self._hearing is None or headers.get(_MODE) != "streaming" or path != self._own("response"):
            return None
        self._hearing.begin(200, (("content-type", headers.get("content-type", "application/octet-stream")),))
        return self._hearing.piece

    def _disconnect(self) -> None:
        self._listener.close()
        for connection in self._connections:
            connection.close()


def _document(request: RuntimeRequest) -> bytes:
    """Give the error document in the trailers of an answer that broke off."""
    try:
        return base64.b64decode(request.headers.get(_ERROR_BODY, ""), validate=True)
    except binascii.Error:
        return b""
