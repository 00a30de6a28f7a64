"""What tap and relay share: their settings, and the one message that each invocation leaves on the queue.

Reporting must never change an answer nor hold it up for long: one second at most, one printed line when it
fails, and after three failures in a row it pauses for half a minute.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
import urllib.parse
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import cutover_wire

CAP_BYTES = 16 * 1024
REPORT_S = 1.0
PAUSE_S = 30.0
FAILURES = 3
MASK = "[redacted]"
SECRET_KEYS = (
    "accesskey",
    "accesskeysecret",
    "apikey",
    "authorization",
    "clientsecret",
    "cookie",
    "creditcard",
    "cvv",
    "idtoken",
    "passphrase",
    "passwd",
    "password",
    "privatekey",
    "pwd",
    "refreshtoken",
    "secret",
    "secretaccesskey",
    "secretkey",
    "sessiontoken",
    "setcookie",
    "token",
    "xapikey",
)
"""Names whose values are masked; compared in lower case without ``-`` and ``_``."""


# ------------------------------------------------------------------------------------------- settings


def load_settings() -> dict[str, Any]:
    """Give the settings that the settings layer holds. Raises RuntimeError when there are none."""
    for path in _places():
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            continue
        if isinstance(found, dict):
            return found
    raise RuntimeError("The settings layer of Cutover is missing: no cutover/settings.json.")


def _places() -> Iterator[Path]:
    """Layers are unpacked to /opt, their python directory is on the path; look beside each such directory."""
    name = Path("cutover", "settings.json")
    yield "/opt" / name
    entries: list[str] = [str(Path(__file__).parent), *sys.path]
    for entry in entries:
        yield Path(entry).absolute().parent / name


def probe_answer(event: object, what: str) -> dict[str, Any] | None:
    """Give the answer to a probe, None when the event is not one."""
    if isinstance(event, dict) and set(event) == {"cutover-probe"}:
        return {"cutover-probe": event["cutover-probe"], "is": what, "settings": True}
    return None


# ------------------------------------------------------------------------------------------ redaction


def redacted(value: Any, extra: list[str]) -> Any:
    """Give a copy with secret values masked; ``extra`` holds more names, or JSON pointers (``/a/*/b``)."""
    names = frozenset(SECRET_KEYS).union(_plain(name) for name in extra if not name.startswith("/"))
    copy = _masked(value, names)
    for pointer in extra:
        if pointer.startswith("/"):
            _mask_at(copy, [_unescaped(part) for part in pointer[1:].split("/")])
    return copy


def _masked(value: Any, names: frozenset[str]) -> Any:
    if isinstance(value, dict):
        return {
            key: MASK if _plain(str(key)) in names and item is not None else _masked(item, names)
            for key, item in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [_masked(item, names) for item in value]
    if isinstance(value, str) and value[:1] in ("{", "["):
        return _masked_text(value, names)
    return value


def _masked_text(text: str, names: frozenset[str]) -> str:
    """A body is often JSON inside a string; it is written anew only when something in it was masked."""
    try:
        inner = json.loads(text)
    except ValueError:
        return text
    masked = _masked(inner, names)
    return text if masked == inner else json.dumps(masked, ensure_ascii=False)


def _mask_at(value: Any, path: list[str]) -> None:
    head, rest = path[0], path[1:]
    if isinstance(value, dict):
        for key in list(value) if head == "*" else [head]:
            if key in value:
                if rest:
                    _mask_at(value[key], rest)
                else:
                    value[key] = MASK
    elif isinstance(value, list):
        for index, item in enumerate(value):
            if head in ("*", str(index)):
                if rest:
                    _mask_at(item, rest)
                else:
                    value[index] = MASK


def _plain(name: str) -> str:
    return name.lower().replace("-", "").replace("_", "")


def _unescaped(part: str) -> str:
    return part.replace("~1", "/").replace("~0", "~")


# ------------------------------------------------------------------------------------------ reporting


def instant(seconds: float) -> str:
    """Give a Unix time as ISO 8601 in UTC with milliseconds."""
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    return f"{whole}.{int(seconds * 1000) % 1000:03d}Z"


def capped(name: str, value: Any, extra: list[str]) -> dict[str, Any]:
    """Give ``name`` (redacted, None above 16 KB), ``name_sha256`` and ``name_bytes`` of its JSON."""
    masked = redacted(value, extra)
    text = json.dumps(masked, ensure_ascii=False, sort_keys=True, default=str).encode("utf-8", "replace")
    return {
        name: masked if len(text) <= CAP_BYTES else None,
        name + "_sha256": hashlib.sha256(text).hexdigest(),
        name + "_bytes": len(text),
    }


def message(
    side: str,
    settings: Mapping[str, Any],
    context: Any,
    *,
    at: float,
    outcome: str,
    error_type: str,
    duration_ms: float | None,
    event: Any,
    answer: Any,
    more: Mapping[str, Any],
) -> dict[str, Any]:
    """Give the observation message, version 1."""
    extra = list(settings.get("redact") or ())
    return {
        "v": 1,
        "side": side,
        "function": settings.get("function") or getattr(context, "function_name", ""),
        "version": getattr(context, "function_version", ""),
        "request_id": getattr(context, "aws_request_id", ""),
        "at": instant(at),
        "outcome": outcome,
        "error_type": error_type,
        "duration_ms": duration_ms,
        **more,
        **capped("event", event, extra),
        **capped("answer", answer, extra),
    }


class Reporter:
    """Sends messages to the queue."""

    def __init__(self, queue_url: str) -> None:
        parts = urllib.parse.urlsplit(queue_url)
        self._url = queue_url
        self._origin = cutover_wire.aws_origin("sqs", parts.scheme + "://" + parts.netloc)
        self._failures, self._paused_until = 0, 0.0

    def send(self, content: Mapping[str, Any]) -> None:
        """Send one message; a failure is one printed line."""
        if time.monotonic() < self._paused_until:
            return
        body = {"QueueUrl": self._url, "MessageBody": json.dumps(content, ensure_ascii=False, default=str)}
        try:
            answer = cutover_wire.aws_json(
                "sqs", "AmazonSQS.SendMessage", "1.0", body, origin=self._origin, limit_s=REPORT_S
            )
            if answer.status != 200:
                raise cutover_wire.WireError(str(answer.status), sent=True)
        except (cutover_wire.WireError, KeyError, ValueError) as error:
            self._failed(error)
        else:
            self._failures = 0

    def _failed(self, error: Exception) -> None:
        self._failures += 1
        if self._failures >= FAILURES:
            self._failures, self._paused_until = 0, time.monotonic() + PAUSE_S
        sys.stdout.write(f"cutover: an observation could not be sent ({error})\n")
