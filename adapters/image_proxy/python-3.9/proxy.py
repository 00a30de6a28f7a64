"""Lets Function Compute call a Lambda image: POST /invoke on one side, the Runtime API on the other.

Theory of operation: the proxy starts the image's own entry point as a child with AWS_LAMBDA_RUNTIME_API
naming a port of the loopback. The child asks there for the next event and waits; FC's request hands it over
and waits for the answer. One event at a time, as both platforms promise. When the child ends, so does the
proxy, and FC starts a new instance. Standard library only, Python 3.9.

Source: AWS, "Using the Lambda runtime API"; Alibaba Cloud, "Custom runtime: event handlers", read 2026-11-22.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

API = "/2018-06-01/runtime"
READY_LIMIT_S = 110.0
"""FC waits 120 s for a container to be ready."""


class Invocation:
    """One event on its way. ``status`` 200 for an answer, 404 for a function's error, as FC wants it."""

    def __init__(self, request_id: str, event: bytes, deadline_ms: int) -> None:
        self.request_id = request_id
        self.event = event
        self.deadline_ms = deadline_ms
        self.done = threading.Event()
        self.told = threading.Event()  # FC has its answer
        self.status = 200
        self.answer = b""

    def end(self, status: int, answer: bytes) -> None:
        self.status, self.answer = status, answer
        self.done.set()


class Exchange:
    """What both servers share: events that wait, the one that runs, and how the runtime came up."""

    def __init__(self) -> None:
        self.waiting: queue.Queue[Invocation] = queue.Queue()
        self.one_at_a_time = threading.Lock()
        self.running: Invocation | None = None
        self.up = threading.Event()
        self.init_error = b""
        self.gone = threading.Event()

    def invoke(self, request_id: str, event: bytes, timeout_s: float) -> Invocation:
        """Hand an event to the runtime and wait for what becomes of it."""
        with self.one_at_a_time:
            if self.init_error:
                ended = Invocation(request_id, event, 0)
                ended.end(404, self.init_error)
                return ended
            made = Invocation(request_id, event, int((time.time() + timeout_s) * 1000))
            self.waiting.put(made)
            while not made.done.wait(0.2):
                if self.gone.is_set():
                    made.end(404, error_of("Runtime.ExitError", "Runtime exited before it answered"))
            return made


def error_of(kind: str, message: str) -> bytes:
    """Give FC's document of an error."""
    return json.dumps({"errorMessage": message, "errorType": kind, "stackTrace": []}).encode()


def for_fc(document: bytes) -> bytes:
    """Give an error document of Lambda in FC's names; what is no such document stays as it is."""
    try:
        found = json.loads(document)
    except ValueError:
        return document
    if not isinstance(found, dict):
        return document
    trace = found.get("stackTrace", found.get("trace", []))
    kept = {key: found[key] for key in ("errorMessage", "errorType") if key in found}
    return json.dumps({**kept, "stackTrace": trace}).encode()


class Quiet(BaseHTTPRequestHandler):
    """What both sides do alike: keep connections, read whole bodies, write no access log."""

    protocol_version = "HTTP/1.1"
    exchange: Exchange

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
        """Write nothing: the log is the function's."""

    def body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("content-length") or 0))

    def reply(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {**(headers or {}), "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


class RuntimeSide(Quiet):
    """Lambda's Runtime API, for the child alone."""

    def do_GET(self) -> None:
        if self.path != f"{API}/invocation/next":
            self.reply(404)
            return
        self.exchange.up.set()
        made = self.exchange.waiting.get()
        self.exchange.running = made
        headers = {
            "Lambda-Runtime-Aws-Request-Id": made.request_id,
            "Lambda-Runtime-Deadline-Ms": str(made.deadline_ms),
            "Lambda-Runtime-Invoked-Function-Arn": os.environ.get("CUTOVER_FUNCTION_ARN", ""),
            "Content-Type": "application/json",
        }
        self.reply(200, made.event, headers)

    def do_POST(self) -> None:
        body = self.body()
        if self.path == f"{API}/init/error":
            self.exchange.init_error = for_fc(body)
            self.exchange.up.set()
            self.reply(202, b'{"status":"OK"}')
            return
        made = self.exchange.running
        known = made is not None and self.path.startswith(f"{API}/invocation/{made.request_id}/")
        outcome = self.path.rpartition("/")[2]
        if made is None or not known or outcome not in ("response", "error"):
            self.reply(400, error_of("InvalidRequestID", "Invalid request ID"))
            return
        self.exchange.running = None
        self.reply(202, b'{"status":"OK"}')
        if outcome == "response":
            made.end(200, body)
        else:
            made.end(404, for_fc(body))


class FcSide(Quiet):
    """What FC calls."""

    def do_POST(self) -> None:
        body = self.body()
        path = self.headers.get("x-fc-control-path") or self.path
        if path == "/initialize":
            self.initialize()
        elif path == "/invoke":
            self.invoke(body)
        else:
            self.reply(404, error_of("NotFound", "Only events are taken here"), {"x-fc-status": "404"})

    def do_GET(self) -> None:
        """Answer FC's health check and pre-stop."""
        self.reply(200 if self.exchange.up.is_set() else 503)

    def initialize(self) -> None:
        self.exchange.up.wait(READY_LIMIT_S)
        if self.exchange.init_error or not self.exchange.up.is_set():
            failed = self.exchange.init_error or error_of("Runtime.Timeout", "The runtime did not come up")
            self.reply(404, failed, {"x-fc-status": "404"})
            return
        self.reply(200)

    def invoke(self, event: bytes) -> None:
        request_id = self.headers.get("x-fc-request-id") or "unknown"
        timeout_s = float(self.headers.get("x-fc-function-timeout") or 60)
        say(f"FC Invoke Start RequestId: {request_id}")
        made = self.exchange.invoke(request_id, event, timeout_s)
        say(f"FC Invoke End RequestId: {request_id}")
        headers = {"Content-Type": "application/json", "x-fc-status": str(made.status)}
        self.reply(made.status, made.answer, headers)
        made.told.set()


def say(line: str) -> None:
    """Write one line of the platform's into the log."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def serve(exchange: Exchange, side: type[Quiet], address: tuple[str, int]) -> ThreadingHTTPServer:
    """Start one of the two servers on a thread of its own."""
    bound = type(side.__name__, (side,), {"exchange": exchange})
    server = ThreadingHTTPServer(address, bound)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def main() -> int:
    """Run until the child ends; give its exit code."""
    settings = json.loads(Path(__file__).with_name("settings.json").read_text(encoding="utf-8"))
    host = os.environ.get("CUTOVER_LISTEN_HOST", "0.0.0.0")  # noqa: S104 - FC reaches a container from outside
    port = int(os.environ.get("FC_CUSTOM_LISTEN_PORT") or 9000)
    exchange = Exchange()
    runtime = serve(exchange, RuntimeSide, ("127.0.0.1", 0))
    environment = {
        **settings["environment"],
        **os.environ,
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{runtime.server_port}",
    }
    child = subprocess.Popen(settings["command"], env=environment)
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: child.terminate())
    front = serve(exchange, FcSide, (host, port))
    say(f"cutover-proxy listens on port {front.server_port}")
    try:
        code = child.wait()
    finally:
        exchange.gone.set()
        child.kill()
    if exchange.running is not None:
        exchange.running.told.wait(1)
    return code if code >= 0 else 1


if __name__ == "__main__":
    raise SystemExit(main())
