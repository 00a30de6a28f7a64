"""Raw platform log text made into structure: the function's own lines, and the platform's facts.

Platform lines (START, REPORT, "FC Invoke Start", banners) are structure and leave no ``LogLine``; prefixes
(time, request id, level) become fields. Lines without a prefix (``print``) belong to the request that is open
around them. A tail cut off at its beginning (both clouds give the last 4 KB) is taken as open from the start.

Source: facts on AWS Lambda's text and JSON log formats, and on FC's lines in SLS, read 2026-11-22.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from cutover.observation import LogLine

Facts = dict[str, float | int | str]

_TIME = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?Z?"
_NUMBER = r"([0-9.]+)"

# ---------------------------------------------------------------------------------------------- Lambda

_LAMBDA_START = re.compile(r"^START RequestId: (\S+)(?: Version: (\S+))?")
_LAMBDA_END = re.compile(r"^END RequestId: (\S+)")
_LAMBDA_REPORT = re.compile(r"^REPORT RequestId: (\S+)")
_LAMBDA_PLATFORM = re.compile(
    r"^(?:INIT_START |INIT_REPORT |EXTENSION\t|TELEMETRY\t|LOGS\t|XRAY TraceId: "
    r"|RESTORE_START |RESTORE_REPORT )"
)
_LAMBDA_TIMEOUT = re.compile(rf"^{_TIME} (\S+) Task timed out after {_NUMBER} seconds")
_LAMBDA_DIED = re.compile(r"^RequestId: (\S+) (?:Error: |Process exited )")
_LAMBDA_NODE = re.compile(rf"^({_TIME})\t([0-9a-zA-Z-]+)\t([A-Z]+)\t(.*)$", re.DOTALL)
_LAMBDA_PYTHON = re.compile(rf"^\[([A-Z]+)\]\t({_TIME})\t([0-9a-zA-Z-]*)\t(.*)$", re.DOTALL)
_LAMBDA_FACTS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("duration_ms", re.compile(rf"\tDuration: {_NUMBER} ms")),
    ("billed_ms", re.compile(rf"Billed Duration: {_NUMBER} ms")),
    ("memory_mb", re.compile(rf"Memory Size: {_NUMBER} MB")),
    ("max_memory_mb", re.compile(rf"Max Memory Used: {_NUMBER} MB")),
    ("init_ms", re.compile(rf"Init Duration: {_NUMBER} ms")),
    ("status", re.compile(r"\tStatus: (\w+)")),
)

# -------------------------------------------------------------------------------------------------- FC

_FC_START = re.compile(r"^FC Invoke Start RequestId: ?(\S+)")
_FC_END = re.compile(r"^FC Invoke End RequestId: ?([^\s,]+)(?:,? ?(?:Error: ?)?(.*))?$")
_FC_PLATFORM = re.compile(
    r"^(?:FC (?:Initialize|PreStop|PreFreeze) (?:Start|End)|load code for handler:"
    r"|FunctionCompute \S+ runtime inited|RequestId: \S+$|[Rr]equest[ -]?[Ii]d: \S+$)"
)
_FC_LOADING = re.compile(rf"^{_TIME}[ \t]{{2,}}\[\w+\]")
"""A line without a request id: written while the code was loaded; Lambda counts it to no request either."""
_FC_REPORT = re.compile(rf"^(?:RequestId: \S+\s+)?Duration: {_NUMBER} ms, Billed Duration: {_NUMBER} ms")
_FC_LINE = re.compile(rf"^({_TIME})[ \t]+([0-9a-zA-Z-]+)[ \t]+\[(\w+)\][ \t]?(.*)$", re.DOTALL)
_FC_FACTS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("duration_ms", re.compile(rf"(?:^|\s)Duration: {_NUMBER} ms")),
    ("billed_ms", re.compile(rf"Billed Duration: {_NUMBER} ms")),
    ("memory_mb", re.compile(rf"Memory Size: {_NUMBER} MB")),
    ("max_memory_mb", re.compile(rf"Max Memory Used: {_NUMBER} MB")),
    ("init_ms", re.compile(rf"Init(?:ialize)? Duration: {_NUMBER} ms")),
)

_LEVELS = {
    "VERBOSE": "INFO",
    "LOG": "INFO",
    "SILLY": "DEBUG",
    "WARNING": "WARN",
    "CRITICAL": "ERROR",
    "FATAL": "ERROR",
}
"""FC's console.log is [verbose] where Lambda's is INFO; Python's WARNING is Node's WARN."""


def parse_lambda(lines: Sequence[str], request_id: str) -> tuple[tuple[LogLine, ...], Facts]:
    """Give the function's own lines of one request, and the platform's facts about it.

    Facts, each only when reported: duration_ms, billed_ms, memory_mb, max_memory_mb, init_ms (a cold start),
    version, status, timed_out_s, died. Other requests' lines in the same stream are left out.
    """
    facts: Facts = {}
    return tuple(_lambda_lines(_split(lines), request_id, facts)), facts


def parse_fc(lines: Sequence[str], request_id: str) -> tuple[tuple[LogLine, ...], Facts]:
    """Give the function's own lines of one request, and the platform's facts about it.

    Facts, each only when reported: duration_ms, billed_ms, memory_mb, max_memory_mb, init_ms, error; and from
    the row of request metrics, where those are switched on, version and cold (1 or 0).
    """
    facts: Facts = {}
    return tuple(_fc_lines(_split(lines), request_id, facts)), facts


def _split(lines: Sequence[str]) -> list[str]:
    return [line for chunk in lines for line in re.split(r"\r\n|\n|\r", chunk.rstrip("\r\n"))]


def _lambda_lines(lines: Sequence[str], request_id: str, facts: Facts) -> Iterator[LogLine]:
    running = not any((start := _LAMBDA_START.match(line)) and start[1] == request_id for line in lines)
    for line in lines:
        if line.startswith("{") and (row := _json_row(line)) is not None:
            yield from _lambda_json(row, request_id, facts)
        elif start := _LAMBDA_START.match(line):
            running = start[1] == request_id
            if running and start[2]:
                facts["version"] = start[2]
        elif end := _LAMBDA_END.match(line):
            running = running and end[1] != request_id
        elif report := _LAMBDA_REPORT.match(line):
            if report[1] == request_id:
                _read(facts, _LAMBDA_FACTS, line)
        elif timeout := _LAMBDA_TIMEOUT.match(line):
            if timeout[1] == request_id:
                facts["timed_out_s"] = float(timeout[2])
        elif died := _LAMBDA_DIED.match(line):
            if died[1] == request_id:
                facts["died"] = line.partition(died[1])[2].strip()
        elif _LAMBDA_PLATFORM.match(line):
            continue
        elif node := _LAMBDA_NODE.match(line):
            if node[2] == request_id or (running and node[2] == "undefined"):
                yield LogLine(text=node[4], level=_level(node[3]), at=_instant(node[1]))
        elif python := _LAMBDA_PYTHON.match(line):
            if python[3] == request_id or (running and not python[3]):
                yield LogLine(text=python[4], level=_level(python[1]), at=_instant(python[2]))
        elif running and line:
            yield LogLine(text=line)


def _lambda_json(row: dict[str, Any], request_id: str, facts: Facts) -> Iterator[LogLine]:
    """Read one line of Lambda's JSON log format (platform events and application lines)."""
    record = row.get("record")
    if str(row.get("type", "")).startswith("platform.") and isinstance(record, dict):
        if record.get("requestId") == request_id:
            _read_json(facts, record)
        return
    if row.get("requestId", row.get("AWSRequestId")) == request_id:
        message = row["message"] if "message" in row else _raised(row)
        text = message if isinstance(message, str) else json.dumps(message, ensure_ascii=False)
        at = _instant(str(row.get("timestamp", "")))
        for line in text.splitlines() or [""]:
            yield LogLine(text=line, level=_level(str(row.get("level", ""))), at=at)


def _raised(row: Mapping[str, Any]) -> str:
    """Give an error that the runtime logged as fields of its own: type, message and where it came from."""
    trace = row.get("stackTrace")
    places = [str(place) for place in trace] if isinstance(trace, list) else []
    said = ": ".join(str(row[name]) for name in ("errorType", "errorMessage") if row.get(name))
    return "\n".join([said, *places])


def _read_json(facts: Facts, record: dict[str, Any]) -> None:
    if isinstance(version := record.get("version"), str):
        facts["version"] = version
    if isinstance(status := record.get("status"), str) and status != "success":
        facts["status"] = status
    metrics = record.get("metrics")
    names = {
        "durationMs": "duration_ms",
        "billedDurationMs": "billed_ms",
        "memorySizeMB": "memory_mb",
        "maxMemoryUsedMB": "max_memory_mb",
        "initDurationMs": "init_ms",
    }
    for vendor, name in names.items():
        if isinstance(metrics, dict) and isinstance(value := metrics.get(vendor), int | float):
            facts[name] = int(value) if name.endswith("_mb") else float(value)


_MESSAGES = frozenset({"message", "errorMessage"})
_REQUEST_IDS = frozenset({"requestId", "AWSRequestId"})


def _json_row(line: str) -> dict[str, Any] | None:
    """Give the line as an object of Lambda's JSON format, or None when it is the function's own JSON."""
    try:
        row = json.loads(line)
    except ValueError:
        return None
    known = isinstance(row, dict) and (
        ("type" in row and "record" in row)
        or (not row.keys().isdisjoint(_MESSAGES) and not row.keys().isdisjoint(_REQUEST_IDS))
    )
    return row if known else None


def _fc_lines(lines: Sequence[str], request_id: str, facts: Facts) -> Iterator[LogLine]:
    running = not any((start := _FC_START.match(line)) and start[1] == request_id for line in lines)
    for line in lines:
        if start := _FC_START.match(line):
            running = start[1] == request_id
        elif end := _FC_END.match(line):
            if end[1] == request_id:
                running = False
                if end[2]:
                    facts["error"] = end[2]
        elif line.startswith("{") and (metrics := _fc_metrics(line)) is not None:
            if metrics["requestId"] == request_id:
                _read_metrics(facts, metrics)
        elif _FC_REPORT.match(line):
            _read(facts, _FC_FACTS, line)
        elif _FC_PLATFORM.match(line) or _FC_LOADING.match(line):
            continue
        elif prefixed := _FC_LINE.match(line):
            if prefixed[2] == request_id:
                yield LogLine(text=prefixed[4], level=_level(prefixed[3]), at=_instant(prefixed[1]))
        elif running and line:
            yield LogLine(text=line)


def _fc_metrics(line: str) -> dict[str, Any] | None:
    """Give a row of request metrics, or None when the line is the function's own JSON.

    Source: Function Compute 3.0, log field details (facts on Function Compute, section on logs).
    """
    try:
        row = json.loads(line)
    except ValueError:
        return None
    known = isinstance(row, dict) and {"requestId", "operation", "durationMs"} <= row.keys()
    return row if known else None


def _read_metrics(facts: Facts, row: Mapping[str, Any]) -> None:
    names = {"durationMs": "duration_ms", "memoryMB": "memory_mb", "memoryUsageMB": "max_memory_mb"}
    for vendor, name in names.items():
        try:
            facts[name] = _value(name, str(row[vendor]))
        except (KeyError, ValueError):
            continue
    if row.get("versionId"):
        facts["version"] = str(row["versionId"])
    if "isColdStart" in row:
        facts["cold"] = int(str(row["isColdStart"]).lower() in ("true", "1"))
    if row.get("errorType"):
        facts["error"] = str(row["errorType"])


def _read(facts: Facts, patterns: tuple[tuple[str, re.Pattern[str]], ...], line: str) -> None:
    for name, pattern in patterns:
        if found := pattern.search(line):
            facts[name] = _value(name, found[1])


def _value(name: str, text: str) -> float | int | str:
    if name == "status":
        return text
    return round(float(text)) if name.endswith("_mb") else float(text)


def _level(word: str) -> str:
    upper = word.upper()
    return _LEVELS.get(upper, upper)


def _instant(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text.replace(",", "."))
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
