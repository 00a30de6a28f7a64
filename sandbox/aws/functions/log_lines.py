"""What Lambda writes around a function's own lines, as text or as JSON.

Sources: docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-view.html (START, END, REPORT),
monitoring-cloudwatchlogs-advanced.html and telemetry-schema-reference.html (platform.* records and the levels
at which they are written), read 2026-11-22.
"""

import json
import math
from datetime import UTC, datetime
from typing import Any

from sandbox.aws.functions.model import Version
from sandbox.executor import Execution

MAX_LINE_BYTES = 256 * 1024
Entry = tuple[float, str]
_FAILED = ("timeout", "exit", "memory", "init-error")


def log_of(execution: Execution, *, request_id: str, version: Version, runtime_arn: str) -> list[Entry]:
    """Give the entries of one call, (unix seconds, text with its newline), platform lines around its own."""
    write = _json_log if version.config["LoggingConfig"].get("LogFormat") == "JSON" else _text_log
    return [(at, cut(text)) for at, text in write(execution, request_id, version, runtime_arn)]


def cut(text: str) -> str:
    """Cut an entry at 256 KiB, without breaking a character."""
    raw = text.encode("utf-8", "surrogateescape")
    if len(raw) <= MAX_LINE_BYTES:
        return text
    return raw[: MAX_LINE_BYTES - 1].decode("utf-8", "ignore") + "\n"


def billed_ms(execution: Execution) -> int:
    """Source: aws.amazon.com/lambda/pricing, duration is rounded up to the nearest millisecond; since August
    2025 the start-up is billed too."""
    return max(1, math.ceil(execution.duration_ms + (execution.init_ms or 0)))


def _own_lines(execution: Execution) -> tuple[list[Entry], list[Entry]]:
    """Give the lines before the call began and those since."""
    began = execution.began_at
    lines = [(line.at, line.text + "\n") for line in execution.lines]
    return [e for e in lines if e[0] < began], [e for e in lines if e[0] >= began]


def _started_at(execution: Execution, before: list[Entry]) -> float:
    return min([execution.began_at - (execution.init_ms or 0) / 1000, *(at for at, _ in before)])


def _text_log(execution: Execution, request_id: str, version: Version, runtime_arn: str) -> list[Entry]:
    config = version.config
    began, ended_at = execution.began_at, execution.began_at + execution.duration_ms / 1000
    before, during = _own_lines(execution)
    entries = []
    if execution.cold:
        text = f"INIT_START Runtime Version: {config['Runtime']}\tRuntime Version ARN: {runtime_arn}\n"
        entries += [(_started_at(execution, before), text), *before]
    entries.append((began, f"START RequestId: {request_id} Version: {version.number}\n"))
    entries += during if execution.cold else before + during
    if execution.outcome == "timeout":
        text = f"{_stamp(ended_at)} {request_id} Task timed out after {config['Timeout']:.2f} seconds\n\n"
        entries.append((ended_at, text))
    elif execution.outcome in ("exit", "memory"):
        text = f"RequestId: {request_id} Error: Runtime exited with error: {execution.error_type}\n"
        entries.append((ended_at, text + "Runtime.ExitError\n"))
    entries.append((ended_at, f"END RequestId: {request_id}\n"))
    report = [
        f"REPORT RequestId: {request_id}",
        f"Duration: {execution.duration_ms:.2f} ms",
        f"Billed Duration: {billed_ms(execution)} ms",
        f"Memory Size: {config['MemorySize']} MB",
        f"Max Memory Used: {min(execution.max_memory_mb, config['MemorySize'])} MB",
    ]
    if execution.init_ms is not None:
        report.append(f"Init Duration: {execution.init_ms:.2f} ms")
    if execution.outcome in _FAILED:
        report += [f"Status: {'timeout' if execution.outcome == 'timeout' else 'error'}"]
    entries.append((ended_at, "\t".join(report) + "\t\n"))
    return entries


def _json_log(execution: Execution, request_id: str, version: Version, runtime_arn: str) -> list[Entry]:
    level = version.config["LoggingConfig"].get("SystemLogLevel", "INFO")
    began, ended_at = execution.began_at, execution.began_at + execution.duration_ms / 1000
    before, during = _own_lines(execution)
    entries = []
    if execution.cold:
        started = _started_at(execution, before)
        if level != "WARN":
            entries.append(_platform(started, "initStart", _init_start(version, runtime_arn)))
        entries += before
    if level != "WARN":
        record = {"requestId": request_id, "version": version.number}
        entries.append(_platform(began, "start", record))
    entries += during if execution.cold else before + during
    failed = execution.outcome in _FAILED
    if level == "DEBUG" or failed:
        entries.append(_platform(ended_at, "runtimeDone", _outcome(execution, request_id)))
    if level != "WARN" or failed:
        report = {**_outcome(execution, request_id), "metrics": _metrics(execution, version)}
        entries.append(_platform(ended_at, "report", report))
    return entries


def _init_start(version: Version, runtime_arn: str) -> dict[str, Any]:
    return {
        "initializationType": "on-demand",
        "phase": "init",
        "runtimeVersion": version.config["Runtime"],
        "runtimeVersionArn": runtime_arn,
    }


def _outcome(execution: Execution, request_id: str) -> dict[str, Any]:
    if execution.outcome == "timeout":
        return {"requestId": request_id, "status": "timeout"}
    if execution.outcome == "ok":
        return {"requestId": request_id, "status": "success"}
    ended = execution.outcome in ("exit", "memory")
    kind = "Runtime.ExitError" if ended else execution.error_type or "Error"
    return {"requestId": request_id, "status": "error", "errorType": kind}


def _metrics(execution: Execution, version: Version) -> dict[str, Any]:
    memory_mb = version.config["MemorySize"]
    found = {
        "durationMs": round(execution.duration_ms, 3),
        "billedDurationMs": billed_ms(execution),
        "memorySizeMB": memory_mb,
        "maxMemoryUsedMB": min(execution.max_memory_mb, memory_mb),
    }
    if execution.init_ms is not None:
        found["initDurationMs"] = round(execution.init_ms, 3)
    return found


def _platform(at: float, kind: str, record: dict[str, Any]) -> Entry:
    document = {"time": _stamp(at), "type": f"platform.{kind}", "record": record}
    return at, json.dumps(document, separators=(",", ":")) + "\n"


def _stamp(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
