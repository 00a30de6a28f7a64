"""Calls a Lambda function once and says what it did.

A function's failure is HTTP 200 with a FunctionError field. A call whose answer did not come may have run:
it is an observation with ``NO_ANSWER``, never a retry. 429 is ``THROTTLED``. Only failing to ask is an
exception.

Runs call thousands of times, so the call goes over a line of its own, without boto3's client, which costs far
more CPU. Source: bench/run.py, 2026-11-22.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import orjson

from clouds.aws.session import Clients
from cutover.errors import CloudError, NoAnswer, Throttled
from cutover.observation import LogLine, Observation, Outcome, Side
from cutover.platform_logs import parse_lambda

MARGIN_S = 5
READ_LIMITS_S = (10, 20, 35, 65, 125, 305, 605, 910)
"""Read limits that clients are made for; a call takes the first that is long enough."""


class LambdaInvoker:
    """``cutover.ports.Invoker`` on botocore; safe for threads, one connection pool per read limit."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def invoke(self, function: str, payload: bytes, *, qualifier: str, timeout_s: float) -> Observation:
        """Invoke and wait. ``timeout_s`` is the function's own limit; a margin for the way is added."""
        line = self._clients.line("lambda", read_s=read_limit(timeout_s))
        path = f"/2015-03-31/functions/{quote(function, safe='')}/invocations"
        headers = {"X-Amz-Invocation-Type": "RequestResponse", "X-Amz-Log-Type": "Tail"}
        at, start = datetime.now(UTC), time.perf_counter()
        try:
            answer = line.post(path, {"Qualifier": qualifier}, headers, payload, operation="Invoke")
        except CloudError as exc:
            return _unanswered(exc, at=at, waited_ms=_since_ms(start))
        return _observation(answer.headers, answer.body, at=at, waited_ms=_since_ms(start))


def read_limit(timeout_s: float) -> int:
    """Give the read limit in seconds for a function whose own limit is ``timeout_s``."""
    return next((limit for limit in READ_LIMITS_S if limit >= timeout_s + MARGIN_S), READ_LIMITS_S[-1])


def _since_ms(start: float) -> float:
    return (time.perf_counter() - start) * 1000


def _unanswered(error: CloudError, *, at: datetime, waited_ms: float) -> Observation:
    match error:
        case NoAnswer():
            outcome = Outcome.NO_ANSWER
        case Throttled():
            outcome = Outcome.THROTTLED
        case _:
            raise error
    return Observation(
        side=Side.PRIMARY,
        outcome=outcome,
        payload=b"",
        request_id=error.request_id,
        at=at,
        round_trip_ms=waited_ms,
        error_type=error.code,
        error_message=str(error),
    )


def _observation(headers: Mapping[str, str], body: bytes, *, at: datetime, waited_ms: float) -> Observation:
    request_id = headers.get("x-amzn-requestid", "")
    failed = bool(headers.get("x-amz-function-error"))
    error_type, error_message = error_of(body) if failed else ("", "")
    logs, found = tail(headers.get("x-amz-log-result", ""), request_id)
    return Observation(
        side=Side.PRIMARY,
        outcome=_outcome(failed, error_type, error_message),
        payload=body,
        request_id=request_id,
        at=at,
        duration_ms=found.get("duration_ms"),
        billed_ms=found.get("billed_ms"),
        max_memory_mb=_whole(found.get("max_memory_mb")),
        round_trip_ms=waited_ms,
        cold=(found.get("init_ms") is not None) if found else None,
        version=str(headers.get("x-amz-executed-version") or found.get("version") or ""),
        error_type=error_type,
        error_message=error_message,
        logs=logs,
        facts=_facts(headers, found),
    )


def _outcome(failed: bool, error_type: str, error_message: str) -> Outcome:
    if not failed:
        return Outcome.OK
    if error_type == "Sandbox.Timedout" or "Task timed out after" in error_message:
        return Outcome.TIMEOUT
    return Outcome.ERROR


def error_of(body: bytes) -> tuple[str, str]:
    """Give errorType and errorMessage of a runtime's error document; empty when it is not one."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return "", ""
    if not isinstance(document, dict):
        return "", ""
    return str(document.get("errorType") or ""), str(document.get("errorMessage") or "")


def tail(encoded: str, request_id: str) -> tuple[tuple[LogLine, ...] | None, Mapping[str, Any]]:
    """Give the lines and the facts of a tail log (base64, the last 4 KB).

    The lines are None when the beginning is cut off: they come from the log store later.
    """
    if not encoded:
        return None, {}
    text = base64.b64decode(encoded).decode("utf-8", "replace")
    lines, found = parse_lambda(text.splitlines(), request_id)
    whole = f"START RequestId: {request_id}" in text or '"platform.start"' in text
    return (lines if whole else None), found


def _facts(headers: Mapping[str, str], found: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    facts = []
    if failure := headers.get("x-amz-function-error"):
        facts.append(("function_error", failure))
    if found.get("init_ms") is not None:
        facts.append(("init_ms", f"{found['init_ms']:g}"))
    return tuple(facts)


def _whole(value: Any) -> int | None:
    return None if value is None else round(float(value))
