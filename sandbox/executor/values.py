"""What goes into a run of a function and what comes out of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, kw_only=True, slots=True)
class InstanceSpec:
    """How to start a process for one version of one function; the parts that both kinds share.

    key: identity of what runs, (cloud, function, version, digest of code and configuration). Processes are
        reused among calls whose keys are equal, so everything that makes a difference belongs in the key.
    env: the whole environment of the child; nothing is inherited. The executor adds HOME and, where /tmp is
        not private, TMPDIR; and puts the worker's id where a value says %WORKER%.
    code: the unpacked code, the child's working directory.
    mounts: directories of this machine that the child sees, read-only, at another path, as (path, directory):
        ("/var/task", code), ("/opt", layers). Wherever argv and env name such a directory they get the path
        instead, so the caller always writes the directory. Left as they are where `private_places` of the
        executor is not None, since the kernel refuses then.
    memory_mb: resident size at which the child is killed. timeout_s: limit of one call. tmp_mb: size of /tmp.
    open_files: how many descriptors it may have open.
    cold_delay_s: artificial start-up time, counted in the start-up and not in the call.
    """

    key: tuple[str, ...]
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(repr=False)
    code: Path
    memory_mb: int
    timeout_s: float
    cold_delay_s: float
    tmp_mb: int = 512
    open_files: int = 1024
    mounts: tuple[tuple[str, Path], ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkerSpec(InstanceSpec):
    """A function whose bootstrap speaks the Lambda Runtime API, on Lambda as on Function Compute.

    The executor adds AWS_LAMBDA_RUNTIME_API and _LAMBDA_TELEMETRY_LOG_FD to the environment.
    """


@dataclass(frozen=True, kw_only=True, slots=True)
class HttpWorkerSpec(InstanceSpec):
    """A function that is an HTTP server: Function Compute's custom runtimes.

    argv: the start command, "/code/bootstrap" or what customRuntimeConfig says.
    port: the port that the function is configured for. The executor draws a free one and tells it by
        FC_CUSTOM_LISTEN_PORT and FC_SERVER_PORT; a server that ignores both and listens on `port` is found
        there, but of those only one can run at a time.
    health_path: what is asked with GET until it answers 2xx or 3xx; None: a listening port is ready.
    start_limit_s: how long that may take. Source: Alibaba Cloud, "Custom runtime: principles", 120 s.
    initialize: headers of POST /initialize, asked once before the first call; None: there is no initializer.
    concurrency: how many calls one process answers at once.
    """

    port: int = 9000
    health_path: str | None = None
    start_limit_s: float = 120
    initialize: tuple[tuple[str, str], ...] | None = None
    initialize_limit_s: float = 300
    concurrency: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class HttpRequest:
    """One call of an HTTP server. path: with its query. headers: x-fc-* and the caller's own, in order.

    An event is POST /invoke with ("x-fc-control-path", "/invoke"), an HTTP trigger's call any method and path
    with ("x-fc-control-path", "/http-invoke").
    """

    path: str = "/invoke"
    method: str = "POST"
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    @property
    def control_path(self) -> str | None:
        return next((value for name, value in self.headers if name.lower() == "x-fc-control-path"), None)


@dataclass(frozen=True, kw_only=True, slots=True)
class LogLine:
    """One entry of a function's log: at in unix seconds, stream "stdout", "stderr" or "log" (framed)."""

    at: float
    stream: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Execution:
    """What one call did.

    outcome: "ok", "error" (the handler failed and said so), "timeout", "memory", "exit" (the process ended
        without an answer) or "init-error" (the bootstrap could not load the handler).
    payload: the answer, or the bootstrap's JSON error document; empty when the process could not say more.
    error_type: the bootstrap's word for the error; for "exit" and "memory" how the process ended, for example
        "exit status 1" or "signal: killed".
    began_at: when the worker got the event, unix seconds.
    init_ms: start-up time where this call started the worker, else None.
    """

    outcome: str
    payload: bytes
    error_type: str | None
    lines: tuple[LogLine, ...]
    duration_ms: float
    init_ms: float | None
    max_memory_mb: int
    cold: bool
    worker_id: str
    began_at: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class HttpExecution:
    """What one call of an HTTP server did.

    execution: as for any function; its payload is the body. Outcome "error": the server said so by
        `x-fc-status: 404`, or answered an event with a status of 400 or more. For "init-error" error_type is
        "FunctionNotStarted" (not ready in time), "CAExited" (the process ended) or "FunctionInitializeError",
        and payload a JSON document with errorMessage and errorType.
    status, headers: of the server's answer; 0 and empty where there was none. Header names are lower case.
    """

    execution: Execution
    status: int
    headers: tuple[tuple[str, str], ...]


class Listener(Protocol):
    """Hears an answer while the function gives it, in the thread of the call; it must not block or fail.

    Nothing is heard of an answer that comes in one piece: that is the execution's payload. What was heard is
    not in the payload again.
    """

    def begin(self, status: int, headers: tuple[tuple[str, str], ...]) -> None:
        """The answer has begun. Of a function that is no HTTP server: 200 and its content-type."""

    def piece(self, content: bytes) -> None:
        """A part of the body has come."""


class Saturated(Exception):
    """No worker came free in time: the sandbox runs as many functions as it may. Try again later."""


class PortBusy(Exception):
    """The server listens on a fixed port only, and somebody else holds it: free it, or read FC_SERVER_PORT.

    The port is the first argument.
    """
