"""Calls an FC function once and says what it did.

A function's failure is HTTP 200 with X-Fc-Error-Type. A call whose answer did not come may have run: it is an
observation with ``NO_ANSWER``, never a retry. 429 is ``THROTTLED``. Only failing to ask is an exception.

Runs call thousands of times, so the call goes over a line of its own, signed by the SDK's signer, without the
client above it, which costs three times as much CPU. Source: bench/run.py, 2026-11-22.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import orjson

from clouds.alibaba.session import Clients
from cutover.errors import CloudError, NoAnswer, Throttled
from cutover.observation import LogLine, Observation, Outcome, Side
from cutover.platform_logs import parse_fc

MARGIN_S = 5
_BANNERS = ("load code for handler:", " runtime inited.", "FC Initialize Start")


class FcInvoker:
    """``cutover.ports.Invoker`` on a line that keeps connections alive; safe for threads."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def invoke(self, function: str, payload: bytes, *, qualifier: str, timeout_s: float) -> Observation:
        """Invoke and wait. ``timeout_s`` is the function's own limit; a margin for the way is added."""
        path = f"/2023-03-30/functions/{quote(function, safe='')}/invocations"
        headers = {"x-fc-invocation-type": "Sync", "x-fc-log-type": "Tail"}
        at, start = datetime.now(UTC), time.perf_counter()
        try:
            answer = self._clients.fc_line.post(
                path,
                {"qualifier": qualifier},
                headers,
                payload,
                action="InvokeFunction",
                read_s=timeout_s + MARGIN_S,
            )
        except CloudError as exc:
            return _unanswered(exc, at=at, waited_ms=(time.perf_counter() - start) * 1000)
        waited_ms = (time.perf_counter() - start) * 1000
        return _observation(answer.headers, answer.body, at=at, waited_ms=waited_ms)


def _unanswered(error: CloudError, *, at: datetime, waited_ms: float) -> Observation:
    match error:
        case NoAnswer():
            outcome = Outcome.NO_ANSWER
        case Throttled():
            outcome = Outcome.THROTTLED
        case _:
            raise error
    return Observation(
        side=Side.CANDIDATE,
        outcome=outcome,
        payload=b"",
        request_id=error.request_id,
        at=at,
        round_trip_ms=waited_ms,
        error_type=error.code,
        error_message=str(error),
    )


def _observation(headers: Mapping[str, str], body: bytes, *, at: datetime, waited_ms: float) -> Observation:
    request_id = headers.get("x-fc-request-id", "")
    kind = headers.get("x-fc-error-type", "")
    error_type, error_message = error_of(body) if kind else ("", "")
    logs, found = tail(headers.get("x-fc-log-result", ""), request_id)
    duration_ms = _number(headers.get("x-fc-invocation-duration"))
    memory = _number(headers.get("x-fc-max-memory-usage"))
    return Observation(
        side=Side.CANDIDATE,
        outcome=_outcome(kind, error_type, error_message),
        payload=body,
        request_id=request_id,
        at=at,
        # The tail is finer than the header, which is whole milliseconds.
        duration_ms=found.get("duration_ms", duration_ms),
        billed_ms=found.get("billed_ms"),
        max_memory_mb=_whole(memory if memory is not None else found.get("max_memory_mb")),
        round_trip_ms=waited_ms,
        cold=found.get("cold"),
        version=headers.get("x-fc-invocation-service-version", ""),
        error_type=error_type or kind,
        error_message=error_message,
        logs=logs,
        facts=_facts(headers, found),
    )


def _outcome(kind: str, error_type: str, error_message: str) -> Outcome:
    if not kind:
        return Outcome.OK
    text = f"{error_type} {error_message}".lower()
    timed_out = "functiontimeout" in text or "time out after" in text or "timed out after" in text
    return Outcome.TIMEOUT if timed_out else Outcome.ERROR


def error_of(body: bytes) -> tuple[str, str]:
    """Give errorType and errorMessage of an error document; empty when it is not one."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return "", ""
    if not isinstance(document, dict):
        return "", ""
    return str(document.get("errorType") or ""), str(document.get("errorMessage") or "")


def tail(encoded: str, request_id: str) -> tuple[tuple[LogLine, ...] | None, Mapping[str, Any]]:
    """Give the lines and the facts of a tail log (base64, the last 4 KB); lines None when cut off.

    ``cold`` is among the facts when the tail is whole: a new instance's runtime announces itself in it.
    """
    if not encoded:
        return None, {}
    text = base64.b64decode(encoded).decode("utf-8", "replace")
    lines, found = parse_fc(text.splitlines(), request_id)
    if f"FC Invoke Start RequestId: {request_id}" not in text:
        return None, found
    cold = "init_ms" in found or any(banner in text for banner in _BANNERS)
    return lines, {**found, "cold": cold}


def _facts(headers: Mapping[str, str], found: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    given = (
        ("error_type", headers.get("x-fc-error-type", "")),
        ("instance", headers.get("x-fc-instance-id", "")),
    )
    return tuple((name, value) for name, value in given if value)


def _number(value: str | None) -> float | None:
    try:
        return None if value is None else float(value)
    except ValueError:
        return None


def _whole(value: float | None) -> int | None:
    return None if value is None else round(value)
