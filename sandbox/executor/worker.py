"""One warm process that runs one version of one function.

Theory of operation. The process speaks the Lambda Runtime API to a loopback port of its own. Nothing runs in
the background here: the thread that calls `run` drives the worker's sockets and pipes itself with a selector,
which makes a warm call two system calls each way and needs no hand-over between threads. A call ends when the
process asks for the next event; then the process group is stopped (SIGSTOP) until the next call, as both
clouds freeze an idle instance. The process is killed when its parent dies (parent-death signal; a stopped
process could not see the end of its standard input) and ends by itself at the end of its standard input.
"""

import os
import selectors
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from sandbox.executor.lines import Pipe
from sandbox.executor.values import Execution, LogLine, WorkerSpec
from sandbox.executor.wire import BrokenRequest, Connection, RuntimeRequest

INIT_LIMIT_S = (
    10.0  # Source: docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html, init phase
)
TICK_S = 0.02
SETTLE_S = 1.0
HOME_PREFIX = "sandbox-worker-"
_NEXT = "/2018-06-01/runtime/invocation/next"
_INIT_ERROR = "/2018-06-01/runtime/init/error"
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")

Spawn = Callable[[tuple[str, ...], Mapping[str, str], Path, int, int], "subprocess.Popen[bytes]"]


class Worker:
    """A started process. One thread at a time may call `run`; `kill` may be called from any thread."""

    def __init__(self, spec: WorkerSpec, spawn: Spawn) -> None:
        self.spec = spec
        self.id = uuid.uuid4().hex
        self.last_used = time.monotonic()
        self.retired = False
        self._born = time.monotonic()
        self._fresh = True
        self._frozen = False
        self._closed = False
        self._peak_kb = 0
        self._sampled = 0.0
        self._request_id: str | None = None
        self._waiting: Connection | None = None
        self._answer: tuple[str, bytes, str | None] | None = None
        self._lines: list[LogLine] = []
        self._home = Path(tempfile.mkdtemp(prefix=f"{HOME_PREFIX}{os.getpid()}-"))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._connections: set[Connection] = set()
        frames_read, frames_write = os.pipe()
        env = {
            **{name: value.replace("%WORKER%", self.id) for name, value in spec.env.items()},
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self._listener.getsockname()[1]}",
            "_LAMBDA_TELEMETRY_LOG_FD": str(frames_write),
            "TMPDIR": str(self._home),
            "HOME": str(self._home),
        }
        try:
            self._process = spawn(spec.argv, env, spec.code, frames_write, os.getpid())
        except OSError:
            os.close(frames_read)
            self._listener.close()
            shutil.rmtree(self._home, ignore_errors=True)
            raise
        finally:
            os.close(frames_write)
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._pipes = [
            Pipe(frames_read, "log"),
            Pipe(os.dup(self._process.stdout.fileno()), "stdout"),
            Pipe(os.dup(self._process.stderr.fileno()), "stderr"),
        ]
        self._process.stdout.close()
        self._process.stderr.close()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        for pipe in self._pipes:
            self._selector.register(pipe.fd, selectors.EVENT_READ, pipe)

    @property
    def pid(self) -> int:
        return self._process.pid

    def alive(self) -> bool:
        return not self._closed and self._process.poll() is None

    def run(self, payload: bytes, headers: Mapping[str, str]) -> Execution:
        """Run one call to its end. Afterwards `alive` tells whether the worker can be used again."""
        cold, self._fresh = self._fresh, False
        self._answer, self._lines = None, []
        self._request_id = headers.get("lambda-runtime-aws-request-id") or str(uuid.uuid4())
        self._thaw()
        ended = self._start_up() if cold else None
        init_ms = (time.monotonic() - self._born) * 1000 if cold else None
        began, began_at = time.monotonic(), time.time()
        if ended is None:
            ended = self._call(payload, {**headers, "lambda-runtime-aws-request-id": self._request_id})
        duration_ms = (time.monotonic() - began) * 1000
        self._finish(ended[0])
        self.last_used = time.monotonic()
        return Execution(
            outcome=ended[0],
            payload=ended[1],
            error_type=ended[2],
            lines=tuple(self._lines),
            duration_ms=duration_ms,
            init_ms=init_ms,
            max_memory_mb=max(1, self._peak_kb // 1024),
            cold=cold,
            worker_id=self.id,
            began_at=began_at,
        )

    def _start_up(self) -> tuple[str, bytes, str | None] | None:
        """Wait until the bootstrap asks for its first event. Returns the outcome if it never will."""
        limit = self._born + INIT_LIMIT_S
        while self._waiting is None:
            if (ended := self._ended(limit)) is not None:
                return ended
            self._pump()
        ready = self._born + self.spec.cold_delay_s
        while (left := ready - time.monotonic()) > 0:
            self._pump(min(left, TICK_S))
        return None

    def _call(self, payload: bytes, headers: Mapping[str, str]) -> tuple[str, bytes, str | None]:
        limit = time.monotonic() + self.spec.timeout_s
        connection, self._waiting = self._waiting, None
        if connection is not None:
            with suppress(OSError):
                connection.answer(200, dict(headers), payload)
        while (ended := self._ended(limit)) is None:
            self._pump()
        return ended

    def _ended(self, limit: float) -> tuple[str, bytes, str | None] | None:
        if self._answer is not None:
            return self._answer
        now = time.monotonic()
        if now - self._sampled >= TICK_S:
            self._sampled = now
            if self._resident_kb() > self.spec.memory_mb * 1024:
                self._kill_group()
                return "memory", b"", "signal: killed"
            if self._process.poll() is not None:
                # Whatever the process managed to send before it ended still counts.
                self._pump(0)
                return self._answer or ("exit", b"", _ending(self._process.returncode))
        if now >= limit:
            return "timeout", b"", None
        return None

    def _finish(self, outcome: str) -> None:
        settled = time.monotonic() + SETTLE_S
        while outcome in ("ok", "error") and self._waiting is None and time.monotonic() < settled:
            if self._process.poll() is not None:
                break
            self._pump()
        if self._waiting is None or outcome not in ("ok", "error"):
            self._kill_group()
        else:
            self._resident_kb()
        for pipe in self._pipes:
            pipe.read(self._lines)
            pipe.flush(self._lines)
        if self._process.poll() is None:
            self._freeze()

    def _pump(self, wait_s: float = TICK_S) -> None:
        """Take in whatever has arrived, waiting for at most `wait_s`."""
        for key, _ in self._selector.select(wait_s):
            if isinstance(key.data, Pipe):
                if not key.data.read(self._lines):
                    self._selector.unregister(key.data.fd)
            elif isinstance(key.data, Connection):
                self._read(key.data)
            else:
                connection = Connection(self._listener.accept()[0])
                self._connections.add(connection)
                self._selector.register(connection.sock, selectors.EVENT_READ, connection)

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
        kind = request.headers.get("lambda-runtime-function-error-type")
        if request.method == "GET" and request.path == _NEXT:
            self._waiting = connection
            return
        if request.path == _INIT_ERROR:
            self._answer = ("init-error", request.body, kind)
        elif request.path == f"/2018-06-01/runtime/invocation/{self._request_id}/response":
            self._answer = ("ok", request.body, None)
        elif request.path == f"/2018-06-01/runtime/invocation/{self._request_id}/error":
            self._answer = ("error", request.body, kind)
        else:
            connection.answer(404, {}, b'{"errorType":"InvalidRequestID"}')
            return
        connection.answer(202, {}, b'{"status":"OK"}')

    def _resident_kb(self) -> int:
        try:
            status = Path(f"/proc/{self.pid}/statm").read_bytes()
        except OSError:
            return 0
        resident = int(status.split()[1]) * _PAGE_BYTES // 1024
        self._peak_kb = max(self._peak_kb, resident)
        return resident

    def _freeze(self) -> None:
        self._frozen = True
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGSTOP)

    def _thaw(self) -> None:
        if self._frozen:
            self._frozen = False
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGCONT)

    def _kill_group(self) -> None:
        # The group is signalled even when its leader has ended: a handler may have forked.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()

    def kill(self) -> None:
        """End the process and everything in its group; idempotent."""
        self._kill_group()

    def dispose(self) -> None:
        """Kill, and give back descriptors and the temporary directory. Only the owner may call this."""
        if self._closed:
            return
        self._closed = True
        self._kill_group()
        self._selector.close()
        self._listener.close()
        for connection in self._connections:
            connection.close()
        for pipe in self._pipes:
            pipe.close()
        if self._process.stdin is not None:
            self._process.stdin.close()
        shutil.rmtree(self._home, ignore_errors=True)


def sweep_homes() -> None:
    """Remove temporary directories that an executor left behind when it was killed."""
    for home in Path(tempfile.gettempdir()).glob(f"{HOME_PREFIX}*"):
        owner = home.name.removeprefix(HOME_PREFIX).partition("-")[0]
        if owner.isdecimal() and not Path(f"/proc/{owner}").exists():
            shutil.rmtree(home, ignore_errors=True)


def _ending(code: int) -> str:
    if code < 0:
        return f"signal: {signal.Signals(-code).name.removeprefix('SIG').lower()}".replace("kill", "killed")
    return f"exit status {code}"
