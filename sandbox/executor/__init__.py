"""Runs functions in warm processes: Lambda Runtime API or HTTP servers; knows no cloud."""

from sandbox.executor.pool import Executor
from sandbox.executor.values import (
    Execution,
    HttpExecution,
    HttpRequest,
    HttpWorkerSpec,
    InstanceSpec,
    Listener,
    LogLine,
    PortBusy,
    Saturated,
    WorkerSpec,
)

__all__ = [
    "Execution",
    "Executor",
    "HttpExecution",
    "HttpRequest",
    "HttpWorkerSpec",
    "InstanceSpec",
    "Listener",
    "LogLine",
    "PortBusy",
    "Saturated",
    "WorkerSpec",
]
