"""A warm process that is an HTTP server, as Function Compute's custom runtimes are.

Theory of operation. The executor draws a free port and tells it by environment variable. A server that reads
neither variable listens on the port that its function is configured for and is found there; only a socket
that the process itself holds counts, since other programs may listen on the same number. Each call is one
connection of its own: a frozen server cannot notice that an idle one was closed.
Source: Alibaba Cloud, "Custom runtime: principles", "Event handlers", read 2026-11-22.
"""

import json
import selectors
import socket
import time
from contextlib import suppress
from dataclasses import dataclass

import h11

from sandbox.executor import listening
from sandbox.executor.instance import TICK_S, Ending, Instance
from sandbox.executor.launcher import Launcher
from sandbox.executor.values import HttpExecution, HttpRequest, HttpWorkerSpec, Listener, PortBusy
from sandbox.loopback import free_port

MAX_ANSWER_BYTES = 64 * 1024 * 1024
HEALTH_LIMIT_S = 1.0
INITIALIZE = "/initialize"
_STATUS = "x-fc-status"
_EVENT_PATHS = ("/invoke", INITIALIZE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What the server answered. Header names are lower case."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class HttpWorker(Instance):
    """One version of one function that is an HTTP server."""

    def __init__(self, spec: HttpWorkerSpec, launcher: Launcher) -> None:
        self.spec = spec
        self.port: int | None = None
        self._given = free_port()
        told = {"FC_CUSTOM_LISTEN_PORT": str(self._given), "FC_SERVER_PORT": str(self._given)}
        super().__init__(spec, launcher, told)

    @property
    def fixed_port(self) -> int | None:
        """The configured port, where the server listens there and not on the one it was told."""
        return self.port if self.port != self._given else None

    def holds(self, port: int) -> bool:
        """Tell whether this process listens on a port."""
        return listening.belongs_to(self.pid, listening.inodes(port))

    def run(self, request: HttpRequest, listener: Listener | None = None) -> HttpExecution:
        """Run one call to its end; see `Worker.run`. Raises PortBusy when the server cannot have its port."""
        cold = self._begin()
        ended = self._start_up() if cold else None
        init_ms = (time.monotonic() - self._born) * 1000 if cold else None
        began, began_at = time.monotonic(), time.time()
        answer = None
        if ended is None:
            found = self._exchange(request, began + self.spec.timeout_s, listener)
            answer, ended = (found, judged(found, request)) if isinstance(found, Answer) else (None, found)
        duration_ms = (time.monotonic() - began) * 1000
        self._settle(answer is not None and self.alive())
        return HttpExecution(
            execution=self._execution(
                ended, began=(began, began_at), duration_ms=duration_ms, init_ms=init_ms
            ),
            status=answer.status if answer else 0,
            headers=answer.headers if answer else (),
        )

    # ------------------------------------------------------------------------------------------- start-up

    def _start_up(self) -> Ending | None:
        ended = self._ready(self._born + self.spec.start_limit_s)
        if ended is None and self.spec.initialize is not None:
            ended = self._initialize(self.spec.initialize)
        if ended is None:
            self._delay()
        return ended

    def _ready(self, limit: float) -> Ending | None:
        while True:
            if (ended := self._broken(limit)) is not None:
                return self._not_started(ended)
            if self.port is None:
                self.port = next((port for port in (self._given, self.spec.port) if self.holds(port)), None)
            if self.port is not None and self._healthy():
                return None
            self._pump()

    def _not_started(self, ended: Ending) -> Ending:
        if ended[0] == "memory":
            return ended
        if self.port is None and listening.inodes(self.spec.port):
            self.kill()
            raise PortBusy(self.spec.port)
        if ended[0] == "exit":
            text = f"The process ended before it listened on its port: {ended[2]}"
            return _start_error("CAExited", text)
        ports = f"{self._given} (FC_SERVER_PORT) or {self.spec.port}"
        text = f"Nothing listened on port {ports} within {self.spec.start_limit_s:g} seconds"
        if self.port is not None:
            text = f"{self.spec.health_path} was not healthy within {self.spec.start_limit_s:g} seconds"
        return _start_error("FunctionNotStarted", text)

    def _healthy(self) -> bool:
        if self.spec.health_path is None:
            return True
        asked = HttpRequest(method="GET", path=self.spec.health_path)
        found = self._exchange(asked, time.monotonic() + HEALTH_LIMIT_S)
        return isinstance(found, Answer) and 200 <= found.status < 400

    def _initialize(self, headers: tuple[tuple[str, str], ...]) -> Ending | None:
        named = ("x-fc-control-path", INITIALIZE)
        others = tuple(pair for pair in headers if pair[0].lower() != named[0])
        request = HttpRequest(path=INITIALIZE, headers=(*others, named))
        found = self._exchange(request, time.monotonic() + self.spec.initialize_limit_s)
        if not isinstance(found, Answer):
            if found[0] in ("timeout", "error"):
                return _start_error("FunctionInitializeError", f"The initializer ended with {found[0]}")
            return found
        if judged(found, request)[0] == "ok":
            return None
        text = found.body.decode("utf-8", "replace")[:4096]
        return _start_error("FunctionInitializeError", f"The initializer answered {found.status}: {text}")

    # ------------------------------------------------------------------------------------------- one call

    def _exchange(
        self, request: HttpRequest, limit: float, listener: Listener | None = None
    ) -> Answer | Ending:
        call = Call(request, self.port or self._given, listener)
        try:
            self._selector.register(
                call.sock, selectors.EVENT_READ | selectors.EVENT_WRITE, lambda: self._advance(call)
            )
            while call.answer is None and call.failure is None:
                if (ended := self._broken(limit)) is not None:
                    return ended
                self._pump(min(TICK_S, max(0.0, limit - time.monotonic())))
        finally:
            self._forget(call)
            call.sock.close()
        if call.answer is None:
            # A connection that breaks off is often the end of the process: say that rather.
            ended = self._last_words(limit)
            return ended or ("error", json.dumps({"errorMessage": call.failure}).encode(), "InvalidResponse")
        return call.answer

    def _last_words(self, limit: float) -> Ending | None:
        settled = min(limit, time.monotonic() + 5 * TICK_S)
        while time.monotonic() < settled:
            self._sampled = 0.0
            if (ended := self._broken(limit)) is not None:
                return ended
            self._pump()
        return None

    def _advance(self, call: "Call") -> None:
        call.advance()
        if call.sent and not call.quiet:
            call.quiet = True
            self._selector.modify(call.sock, selectors.EVENT_READ, lambda: self._advance(call))
        if call.failure is not None:
            self._forget(call)

    def _forget(self, call: "Call") -> None:
        with suppress(KeyError, ValueError):
            self._selector.unregister(call.sock)


class Call:
    """One request on its way and its answer; never blocks."""

    def __init__(self, request: HttpRequest, port: int, listener: Listener | None = None) -> None:
        self.answer: Answer | None = None
        self.failure: str | None = None
        self.quiet = False
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=1 << 20)
        self._head: h11.Response | None = None
        self._body = bytearray()
        self._listener = listener
        self._heard = False  # the listener has the beginning, and gets what follows
        self._out = bytearray()
        self.sock = socket.socket()
        self.sock.setblocking(False)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock.connect_ex(("127.0.0.1", port))
        try:
            self._out += self._written(request, port)
        except h11.LocalProtocolError as exc:
            self.failure = f"the request cannot be sent: {exc}"

    def _written(self, request: HttpRequest, port: int) -> bytes:
        own = {"host", "content-length", "connection", "transfer-encoding"}
        given = [(name, value) for name, value in request.headers if name.lower() not in own]
        host = next((value for name, value in request.headers if name.lower() == "host"), f"127.0.0.1:{port}")
        length = (
            [("content-length", str(len(request.body)))] if request.body or request.method != "GET" else []
        )
        head = h11.Request(
            method=request.method,
            target=request.path,
            headers=[("host", host), *given, *length, ("connection", "close")],
        )
        pieces = [self._http.send(head)]
        if request.body:
            pieces.append(self._http.send(h11.Data(data=request.body)))
        pieces.append(self._http.send(h11.EndOfMessage()))
        return b"".join(piece for piece in pieces if piece)

    @property
    def sent(self) -> bool:
        return not self._out

    def advance(self) -> None:
        """Send and take in what is possible now."""
        try:
            self._send()
            self._receive()
        except (OSError, h11.RemoteProtocolError) as exc:
            self.failure = f"the server broke off its answer: {exc}"

    def _send(self) -> None:
        while self._out:
            try:
                count = self.sock.send(memoryview(self._out)[: 1 << 18])
            except BlockingIOError:
                return
            del self._out[:count]

    def _receive(self) -> None:
        try:
            piece = self.sock.recv(1 << 18)
        except BlockingIOError:
            return
        self._http.receive_data(piece)
        while self.answer is None:
            event = self._http.next_event()
            if isinstance(event, h11.Response):
                self._head = event
                if self._listener is not None and _is_streamed(event):
                    self._heard = True
                    self._listener.begin(event.status_code, _text_headers(event))
            elif isinstance(event, h11.Data) and self._heard and self._listener is not None:
                self._listener.piece(bytes(event.data))
            elif isinstance(event, h11.Data):
                self._body += event.data
                if len(self._body) > MAX_ANSWER_BYTES:
                    self.failure = f"the answer is larger than {MAX_ANSWER_BYTES} bytes"
                    return
            elif isinstance(event, h11.EndOfMessage):
                self.answer = self._answered()
            elif event is h11.NEED_DATA or event is h11.PAUSED:
                return
            elif isinstance(event, h11.ConnectionClosed):
                self.failure = "the server closed the connection without an answer"
                return

    def _answered(self) -> Answer:
        assert self._head is not None
        return Answer(
            status=self._head.status_code, headers=_text_headers(self._head), body=bytes(self._body)
        )


def _text_headers(head: h11.Response) -> tuple[tuple[str, str], ...]:
    return tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in head.headers)


def _is_streamed(head: h11.Response) -> bool:
    """Tell whether a body comes piece by piece: its length is not said, and there may be one."""
    names = {name for name, _ in head.headers}
    return b"content-length" not in names and head.status_code not in (204, 304)


def judged(answer: Answer, request: HttpRequest) -> Ending:
    """Tell whether the server said that the function failed."""
    said = dict(answer.headers).get(_STATUS)
    if said is not None:
        failed = said.strip() != "200"
    else:
        failed = request.control_path in _EVENT_PATHS and answer.status >= 400
    return ("error" if failed else "ok"), answer.body, "UnhandledInvocationError" if failed else None


def _start_error(kind: str, text: str) -> Ending:
    return "init-error", json.dumps({"errorMessage": text, "errorType": kind}).encode(), kind
