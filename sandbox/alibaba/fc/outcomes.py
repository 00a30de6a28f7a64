"""What one invocation gave: the answer's body, the kind of failure, log lines, the row of request metrics.

A function that fails is still answered with status 200; the header X-Fc-Error-Type says that it failed.
Source: Alibaba Cloud, "Error handling", read 2026-11-22. The texts of timeout and memory errors are from
memory and unverified.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.alibaba.fc import log_lines
from sandbox.alibaba.fc.environment import Target
from sandbox.alibaba.fc.log_lines import Line
from sandbox.alibaba.fc.model import Language
from sandbox.executor import Execution

UNHANDLED = "UnhandledInvocationError"
HANDLED = "HandledInvocationError"
_METRIC_ERRORS = {"memory": "FunctionOOMError", "timeout": "FunctionTimeoutError"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """One invocation carried out: what the caller gets and what the log gets.

    status, headers: of a custom runtime's own answer to an HTTP request, else 200 and none.
    """

    request_id: str
    target: Target
    execution: Execution
    payload: bytes
    error_type: str | None
    lines: tuple[Line, ...]
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def instance_id(self) -> str:
        return instance_id_of(self.execution.worker_id)

    def tail(self) -> bytes:
        """Give the last 4 KB of the log, with the figures."""
        return log_lines.tail_of(list(self.lines), self.execution, self.target.config)


def instance_id_of(worker_id: str) -> str:
    """Give the id of an instance in FC's form."""
    return f"c-{worker_id[:8]}-{worker_id[8:20]}"


def shape(
    execution: Execution,
    target: Target,
    request_id: str,
    began: float,
    *,
    status: int = 200,
    headers: tuple[tuple[str, str], ...] = (),
) -> Outcome:
    """Make the outcome of an execution."""
    body, failure = _answer(execution, target)
    error_type = None
    if failure is not None:
        error_type = HANDLED if execution.error_type == HANDLED else UNHANDLED
    lines = log_lines.lines_of(execution, target=target, request_id=request_id, began=began, failure=failure)
    return Outcome(
        request_id=request_id,
        target=target,
        execution=execution,
        payload=body,
        error_type=error_type,
        lines=tuple(lines),
        status=status,
        headers=headers,
    )


def _answer(execution: Execution, target: Target) -> tuple[bytes, str | None]:
    """Give the body of the answer and the short text of the failure (None when the function did well)."""
    if execution.outcome == "ok":
        return execution.payload, None
    figures = f"(duration: {execution.duration_ms:.0f}ms, maxMemoryUsage: {execution.max_memory_mb}MB)"
    own = {
        "timeout": f"Function time out after {target.config['timeout']} seconds {figures}",
        "memory": f"Function failed because it used more than {target.config['memorySize']} MB {figures}",
        "exit": f"Process exited unexpectedly before completing request {figures}",
    }.get(execution.outcome)
    if execution.payload and own is None:
        if target.language is Language.HTTP and execution.outcome == "error":
            return execution.payload, "Unhandled function error"
        document = _error_document(execution.payload, target)
        return json.dumps(document, ensure_ascii=False).encode(), "Unhandled function error"
    message = own or "The function's handler could not be loaded in time"
    document = {"errorMessage": message}
    if execution.outcome in _METRIC_ERRORS:
        document["errorType"] = _METRIC_ERRORS[execution.outcome]
    return json.dumps(document).encode(), message


def _error_document(payload: bytes, target: Target) -> dict[str, Any]:
    text = log_lines.cleaned(payload.decode("utf-8", "replace"), target)
    try:
        document = json.loads(text)
    except json.JSONDecodeError:
        return {"errorMessage": text}
    return dict(document) if isinstance(document, dict) else {"errorMessage": text}


def rows_of(outcome: Outcome, kind: str, began: float) -> list[dict[str, str]]:
    """Give the rows that FC writes to the function's logstore: its lines, and the metrics if they are on."""
    target = outcome.target
    common = {
        "__source__": "127.0.0.1",
        "functionName": target.function,
        "qualifier": target.qualifier,
        "versionId": target.version_id,
        "instanceID": outcome.instance_id,
    }
    rows = [
        {"__time__": str(int(at)), "__topic__": f"FCLogs:{target.function}", **common, "message": text}
        for at, text in outcome.lines
    ]
    if (target.config.get("logConfig") or {}).get("enableRequestMetrics", True):
        rows.append({**common, **_metrics(outcome, kind, began)})
    return rows


def _metrics(outcome: Outcome, kind: str, began: float) -> Mapping[str, str]:
    """Give the row of request metrics that FC writes per invocation; its topic is unverified.

    Source: Alibaba Cloud, "Function Compute 3.0 log field details", read 2026-11-22.
    """
    execution = outcome.execution
    error = _METRIC_ERRORS.get(execution.outcome, "FunctionUnhandledError") if outcome.error_type else ""
    return {
        "__time__": str(int(began)),
        "__topic__": f"FCRequestMetrics:/{outcome.target.function}",
        "requestId": outcome.request_id,
        "operation": "InvokeFunction",
        "invocationType": kind,
        "memoryMB": str(outcome.target.config["memorySize"]),
        "memoryUsageMB": f"{execution.max_memory_mb:.2f}",
        "durationMs": f"{execution.duration_ms:.2f}",
        "isColdStart": str(execution.cold).lower(),
        "hasFunctionError": str(outcome.error_type is not None).lower(),
        "errorType": error,
        "resourceMode": "OnDemand",
    }


def error_message(payload: bytes) -> str:
    """Give the errorMessage of an error document, empty when there is none."""
    try:
        document = json.loads(payload)
    except ValueError:
        return ""
    return str(document.get("errorMessage") or "") if isinstance(document, dict) else ""
