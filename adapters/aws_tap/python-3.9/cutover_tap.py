"""The tap: stands in front of a Python handler, answers exactly as it does, and reports event and answer.

The original handler's name stands in the settings layer. It is imported when the instance starts, as Lambda
would, so that what fails there fails in the same place.
"""

from __future__ import annotations

import importlib
import os
import sys
import time
from collections.abc import Callable
from typing import Any

import cutover_observe

settings = cutover_observe.load_settings()
_reporter = cutover_observe.Reporter(settings["queue_url"])


def _load(name: str) -> Callable[[Any, Any], Any]:
    """Import a handler string such as ``app.handler`` or ``src/app.handler`` from the task root."""
    root = os.environ.get("LAMBDA_TASK_ROOT", "/var/task")
    if root not in sys.path:
        sys.path.insert(0, root)
    module, _, attribute = name.rpartition(".")
    found: Callable[[Any, Any], Any] = getattr(importlib.import_module(module.replace("/", ".")), attribute)
    return found


_original = _load(settings["handler"])


def handler(event: Any, context: Any) -> Any:
    """Answer as the original handler, after reporting."""
    probe = cutover_observe.probe_answer(event, "tap")
    if probe is not None:
        return probe
    # The handler may change its event; what is reported is what came.
    reported = cutover_observe.capped("event", event, list(settings.get("redact") or ()))
    at, start = time.time(), time.perf_counter()
    try:
        answer = _original(event, context)
    except Exception as error:
        document = {"errorType": type(error).__name__, "errorMessage": str(error)}
        _report(context, reported, at, start, "error", type(error).__name__, document)
        raise
    _report(context, reported, at, start, "ok", "", answer)
    return answer


def _report(
    context: Any, event: dict[str, Any], at: float, start: float, outcome: str, error_type: str, answer: Any
) -> None:
    elapsed_ms = round((time.perf_counter() - start) * 1000, 3)
    content = cutover_observe.message(
        "primary",
        settings,
        context,
        at=at,
        outcome=outcome,
        error_type=error_type,
        duration_ms=elapsed_ms,
        event=None,
        answer=answer,
        more={"hop_ms": 0.0},
    )
    _reporter.send({**content, **event})
