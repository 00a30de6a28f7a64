"""Runs an AWS Lambda handler on Function Compute: environment, event, context and answer as on Lambda.

The answer goes back as JSON text, what Lambda would answer. Errors pass through as they are: FC makes
{errorMessage, errorType, stackTrace} of them. Loading errors surface while FC loads this module.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

from .context import LambdaContext

ROOT = Path(__file__).resolve().parent.parent
SETTINGS = Path(__file__).resolve().with_name("settings.json")


def named(name: str, message: str) -> Exception:
    """Give an error whose class has the name that Lambda would report."""
    error: Exception = type(name, (Exception,), {})(message)
    return error


def set_environment(values: dict[str, str]) -> None:
    """Set what Lambda sets and FC does not; what is there already stays."""
    for name, value in {"LAMBDA_TASK_ROOT": str(ROOT), **values}.items():
        os.environ.setdefault(name, value)


def original(name: str) -> Callable[[Any, Any], Any]:
    """Import the function's own handler, named as on Lambda."""
    module_name, dot, method = name.rpartition(".")
    if not dot:
        raise named("Runtime.MalformedHandlerName", f"Bad handler '{name}': not enough values to unpack")
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
    module = importlib.import_module(module_name.replace("/", "."))
    found = getattr(module, method, None)
    if not callable(found):
        raise named("Runtime.HandlerNotFound", f"Handler '{method}' missing on module '{module_name}'")
    return found  # type: ignore[no-any-return]


def load() -> Callable[[Any, Any], str]:
    """Give the handler for FC, with the function's own loaded behind it."""
    settings = json.loads(SETTINGS.read_text(encoding="utf-8"))
    set_environment(settings["environment"])
    inner = original(settings["handler"])
    shape = None
    if settings["triggers"]:
        from .shapes import Shapes

        shape = Shapes(settings["triggers"], settings["setting"])

    def handler(body: Any, fc_context: Any) -> str:
        context = LambdaContext(fc_context, settings)
        given = parsed(body, takes_text=shape is not None and shape.takes_text)
        if shape is None:
            return as_json(inner(given, context))
        event, here = shape.to_aws(given)
        answer = inner(event, context)
        return as_json(answer if here is None else shape.answer(answer, here))

    return handler


def parsed(body: Any, *, takes_text: bool) -> Any:
    """Give the event that a body holds."""
    if not isinstance(body, (bytes, bytearray, str)):
        return body
    try:
        return json.loads(body)
    except ValueError as exc:
        if takes_text:
            return body if isinstance(body, str) else bytes(body).decode("utf-8", "replace")
        raise named("Runtime.UnmarshalError", f"Unable to unmarshal input: {exc}") from None


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def as_json(answer: Any) -> str:
    """Give the answer as JSON text."""
    try:
        return json.dumps(answer, default=_plain)
    except (TypeError, ValueError) as exc:
        raise named("Runtime.MarshalError", f"Unable to marshal response: {exc}") from None
