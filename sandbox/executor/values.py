"""What goes into a run of a function and what comes out of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkerSpec:
    """How to start a worker for one version of one function.

    key: identity of what runs, (cloud, function, version, digest of code and configuration). Workers are
        reused among calls whose keys are equal, so everything that makes a difference belongs in the key.
    argv: the bootstrap's command line; it speaks the Lambda Runtime API.
    env: the whole environment of the child; nothing is inherited. The executor adds AWS_LAMBDA_RUNTIME_API,
        _LAMBDA_TELEMETRY_LOG_FD, TMPDIR and HOME, and puts the worker's id where a value says %WORKER%.
    code: the unpacked code, the child's working directory.
    memory_mb: resident size at which the child is killed. timeout_s: limit of one call.
    cold_delay_s: artificial start-up time, counted in the start-up and not in the call.
    """

    key: tuple[str, ...]
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(repr=False)
    code: Path
    memory_mb: int
    timeout_s: float
    cold_delay_s: float


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


class Saturated(Exception):
    """No worker came free in time: the sandbox runs as many functions as it may. Try again later."""
