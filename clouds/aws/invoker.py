"""Calls a Lambda function once and says what it did.

A function's failure is HTTP 200 with a FunctionError field. A call whose answer did not come may have run:
it is an observation with ``NO_ANSWER``, never a retry. 429 is ``THROTTLED``. Only failing to ask is an
exception.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson
from botocore.exceptions import BotoCoreError, ClientError

from clouds.aws.errors import translate
from clouds.aws.session import Clients
from cutover.errors import NoAnswer, Throttled
from cutover.observation import LogLine, Observation, Outcome, Side
from cutover.platform_logs import parse_lambda

MARGIN_S = 5
READ_LIMITS_S = (10, 20, 35, 65, 125, 305, 605, 910)
"""Read limits that clients are made for; a call takes the first that is long enough."""


class LambdaInvoker:
    """``cutover.ports.Invoker`` on boto3; safe for threads, one connection pool per read limit."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def invoke(self, function: str, payload: bytes, *, qualifier: str, timeout_s: float) -> Observation:
        """Invoke and wait. ``timeout_s`` is the function's own limit; a margin for the way is added."""
        client = self._clients.get("lambda", read_s=read_limit(timeout_s))
        at, start = datetime.now(UTC), time.perf_counter()
        try:
            answer = client.invoke(
                FunctionName=function,
                Qualifier=qualifier,
                Payload=payload,
                InvocationType="RequestResponse",
                LogType="Tail",
            )
            body = answer["Payload"].read()
        except (ClientError, BotoCoreError) as exc:
            return _unanswered(exc, at=at, waited_ms=_since_ms(start))
        return _observation(answer, body, at=at, waited_ms=_since_ms(start))


def read_limit(timeout_s: float) -> int:
    """Give the read limit in seconds for a function whose own limit is ``timeout_s``."""
    return next((limit for limit in READ_LIMITS_S if limit >= timeout_s + MARGIN_S), READ_LIMITS_S[-1])


def _since_ms(start: float) -> float:
    return (time.perf_counter() - start) * 1000


def _unanswered(exc: ClientError | BotoCoreError, *, at: datetime, waited_ms: float) -> Observation:
    error = translate(exc, "lambda:Invoke")
    match error:
        case NoAnswer():
            outcome = Outcome.NO_ANSWER
        case Throttled():
            outcome = Outcome.THROTTLED
        case _:
            raise error from exc
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


def _observation(answer: Mapping[str, Any], body: bytes, *, at: datetime, waited_ms: float) -> Observation:
    request_id = str(answer.get("ResponseMetadata", {}).get("RequestId", ""))
    failed = bool(answer.get("FunctionError"))
    error_type, error_message = error_of(body) if failed else ("", "")
    logs, found = tail(str(answer.get("LogResult", "")), request_id)
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
        version=str(answer.get("ExecutedVersion") or found.get("version") or ""),
        error_type=error_type,
        error_message=error_message,
        logs=logs,
        facts=_facts(answer, found),
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


def _facts(answer: Mapping[str, Any], found: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    facts = []
    if answer.get("FunctionError"):
        facts.append(("function_error", str(answer["FunctionError"])))
    if found.get("init_ms") is not None:
        facts.append(("init_ms", f"{found['init_ms']:g}"))
    return tuple(facts)


def _whole(value: Any) -> int | None:
    return None if value is None else round(float(value))
