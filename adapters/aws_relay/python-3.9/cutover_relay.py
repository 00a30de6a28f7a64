"""The relay: forwards an event to Function Compute and answers as the function there did.

A function's failure becomes an exception of the same name and text, so that Lambda's error document, retries
and dead letters work as before. Whatever else goes wrong (refusals, 429, 5xx, silence) is raised as well: an
empty success would delete messages from queues. Nothing is sent twice. One observation goes to the queue.
"""

from __future__ import annotations

import json
import time
import urllib.parse
from typing import Any

import cutover_observe
import cutover_wire

KEY_KEPT_S = 300.0
SPARE_S = 1.2
"""Seconds kept back of the function's own time, for the report and the answer."""
SECRET_S = 3.0
ORIGINAL = "cutover-original"


class RelayError(Exception):
    """The relay got no answer of the function."""


class NoAnswerError(RelayError):
    """No answer came in time; the function may have run."""


class ThrottledError(RelayError):
    """FC asked to slow down."""


class RefusedError(RelayError):
    """FC did not carry the call out."""


class FunctionError(Exception):
    """The function on FC failed; a subclass carries the name of its error."""


settings = cutover_observe.load_settings()
_reporter = cutover_observe.Reporter(settings["queue_url"])
_key: dict[str, str] = {}
_key_read_at = 0.0


def handler(event: Any, context: Any) -> Any:
    """Answer as FC does."""
    probe = cutover_observe.probe_answer(event, "relay")
    if probe is not None:
        return probe
    seen: dict[str, Any] = {"fc_request_id": ""}
    at, start = time.time(), time.perf_counter()
    try:
        answer = _forward(event, context, seen)
    except FunctionError as error:
        document = {"errorType": type(error).__name__, "errorMessage": str(error)}
        _report(context, seen, at, start, "error", type(error).__name__, event, document)
        raise
    except RelayError as error:
        _report(context, seen, at, start, _outcome(error), type(error).__name__, event, None)
        if settings.get("repeatable") and settings.get("fall_back"):
            return _original(event, context)
        raise
    _report(context, seen, at, start, "ok", "", event, answer)
    return answer


def _outcome(error: RelayError) -> str:
    if isinstance(error, NoAnswerError):
        return "no-answer"
    return "throttled" if isinstance(error, ThrottledError) else "error"


# ------------------------------------------------------------------------------------------------- FC


def _forward(event: Any, context: Any, seen: dict[str, Any]) -> Any:
    body = json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
    answer = _invoke(body, context, fresh=False)
    if answer.status in (401, 403):
        # The key may have been rotated. FC refused before running anything, so this is not a second run.
        answer = _invoke(body, context, fresh=True)
    seen["fc_request_id"] = answer.headers.get("x-fc-request-id", "")
    seen["duration_ms"] = _number(answer.headers.get("x-fc-invocation-duration"))
    seen["fc_version"] = answer.headers.get("x-fc-invocation-service-version", "")
    if answer.status == 429:
        raise ThrottledError("FC answered 429: too many requests.")
    if answer.status in (408, 499, 504):
        raise NoAnswerError(f"FC answered {answer.status}: the function may have run.")
    if answer.status != 200:
        raise RefusedError(f"FC answered {answer.status} {_code(answer.body)}.")
    if answer.headers.get("x-fc-error-type"):
        raise _function_error(answer.body, answer.headers["x-fc-error-type"])
    if not seen["fc_request_id"]:
        raise NoAnswerError("What answered is not FC: there is no request id.")
    return _parsed(answer.body)


def _invoke(body: bytes, context: Any, *, fresh: bool) -> cutover_wire.Answer:
    limit_s = context.get_remaining_time_in_millis() / 1000 - SPARE_S
    if limit_s <= 0:
        raise RefusedError("There is no time left to call FC.")
    line = cutover_wire.wire(settings["fc_url"].rstrip("/"))
    path = "/2023-03-30/functions/{}/invocations".format(urllib.parse.quote(settings["target"], safe=""))
    query = "qualifier=" + urllib.parse.quote(settings.get("alias") or "live", safe="")
    headers = {
        "accept": "application/json",
        "content-type": "application/octet-stream",
        "host": line.host,
        "x-acs-action": "InvokeFunction",
        "x-acs-version": "2023-03-30",
        "x-fc-invocation-type": "Sync",
        "x-fc-log-type": "None",
        "x-cutover-request-id": str(getattr(context, "aws_request_id", "")),
    }
    signed = cutover_wire.sign_acs3("POST", path, query, headers, body, _fc_key(fresh))
    try:
        return line.send("POST", path + "?" + query, signed, body, limit_s=limit_s)
    except cutover_wire.WireError as error:
        if error.sent:
            raise NoAnswerError(f"No answer came from FC ({error}).") from error
        raise RefusedError(f"FC cannot be reached ({error}).") from error


def _fc_key(fresh: bool) -> dict[str, str]:
    """Give the key that may invoke this one function, read once per five minutes."""
    global _key, _key_read_at
    if _key and not fresh and time.monotonic() - _key_read_at < KEY_KEPT_S:
        return _key
    try:
        answer = cutover_wire.aws_json(
            "secretsmanager",
            "secretsmanager.GetSecretValue",
            "1.1",
            {"SecretId": settings["secret_arn"]},
            origin=cutover_wire.aws_origin("secretsmanager"),
            limit_s=SECRET_S,
        )
        if answer.status != 200:
            raise RefusedError(f"The FC key cannot be read: {answer.status} {_code(answer.body)}.")
        found = json.loads(json.loads(answer.body)["SecretString"])
        _key = {name: str(found[name]) for name in ("access_key_id", "access_key_secret")}
        _key["security_token"] = str(found.get("security_token") or "")
    except cutover_wire.WireError as error:
        raise RefusedError(f"The FC key cannot be read ({error}).") from error
    except (KeyError, TypeError, ValueError):
        raise RefusedError("The secret does not hold an FC key.") from None
    _key_read_at = time.monotonic()
    return _key


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body) if body else None
    except ValueError:
        pass
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise RefusedError("FC's answer is neither JSON nor text.") from None


def _function_error(body: bytes, kind: str) -> FunctionError:
    """Give an exception whose class is named as FC's errorType and whose text is its errorMessage."""
    try:
        found = json.loads(body)
    except ValueError:
        found = {}
    if not isinstance(found, dict):
        found = {}
    name = str(found.get("errorType") or kind).replace("\0", "")
    error: FunctionError = type(name, (FunctionError,), {})(str(found.get("errorMessage") or ""))
    return error


def _code(body: bytes) -> str:
    try:
        found = json.loads(body)
    except ValueError:
        return ""
    code = found.get("Code") or found.get("__type") if isinstance(found, dict) else ""
    return str(code or "")


def _number(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None


# -------------------------------------------------------------------------------------- going back


def _original(event: Any, context: Any) -> Any:
    """Invoke the original version in FC's place; only for functions that are declared repeatable."""
    name = urllib.parse.quote(str(settings["function"]), safe="")
    qualifier = urllib.parse.quote(str(settings.get("original_version") or ORIGINAL), safe="")
    try:
        answer = cutover_wire.aws_call(
            "lambda",
            "POST",
            f"/2015-03-31/functions/{name}/invocations",
            "Qualifier=" + qualifier,
            {"content-type": "application/octet-stream"},
            json.dumps(event).encode(),
            origin=cutover_wire.aws_origin("lambda"),
            limit_s=max(0.5, context.get_remaining_time_in_millis() / 1000 - 0.2),
        )
    except cutover_wire.WireError as error:
        raise NoAnswerError(f"Neither FC nor the original version answered ({error}).") from error
    if answer.status != 200:
        raise RefusedError(f"The original version answered {answer.status}.")
    if answer.headers.get("x-amz-function-error"):
        raise _function_error(answer.body, "Error")
    return _parsed(answer.body)


# --------------------------------------------------------------------------------------- reporting


def _report(
    context: Any,
    seen: dict[str, Any],
    at: float,
    start: float,
    outcome: str,
    error_type: str,
    event: Any,
    answer: Any,
) -> None:
    hop_ms = round((time.perf_counter() - start) * 1000, 3)
    content = cutover_observe.message(
        "candidate",
        settings,
        context,
        at=at,
        outcome=outcome,
        error_type=error_type,
        duration_ms=seen.get("duration_ms"),
        event=event,
        answer=answer,
        more={
            "fc_request_id": seen["fc_request_id"],
            "fc_version": seen.get("fc_version", ""),
            "hop_ms": hop_ms,
        },
    )
    _reporter.send(content)
