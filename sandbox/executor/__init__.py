"""Runs functions in warm processes that speak the Lambda Runtime API; knows no cloud."""

from sandbox.executor.pool import Executor
from sandbox.executor.values import Execution, LogLine, Saturated, WorkerSpec

__all__ = ["Execution", "Executor", "LogLine", "Saturated", "WorkerSpec"]
