"""Events in a function's own logs: the JSON that it wrote when it was called, where that is an event of AWS.

Functions write their event in many ways: alone on a line, after a word such as ``Received event:``, spread
over lines by an indent, inside a JSON log record, or as Python's own ``print`` shows it. What is found counts
only if it has a shape that ``cutover.translation.recognise`` knows.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from cutover.translation import AWS_KINDS, Untranslatable, recognise

LINE_LIMIT = 1_048_576
"""CloudWatch Logs' limit for an event, in bytes. Source: CloudWatch Logs quotas, read 2026-11-22."""
_STARTS = 3
"""Places in a line at which an object is looked for: a prefix may hold a brace of its own."""
_DEEP = 3


def events_in(messages: Iterable[str], *, at_most: int) -> list[Any]:
    """Give the events that the messages hold, in order, each once."""
    found: dict[bytes, Any] = {}
    for message in messages:
        for event in _events(message):
            found.setdefault(orjson.dumps(event, option=orjson.OPT_SORT_KEYS), event)
            if len(found) >= at_most:
                return list(found.values())
    return list(found.values())


def _events(message: str) -> Iterator[Any]:
    if len(message) > LINE_LIMIT or "{" not in message:
        return
    for document in _documents(message):
        if (event := _event_within(document, _DEEP)) is not None:
            yield event
            return


def _documents(message: str) -> Iterator[Any]:
    start = -1
    for _ in range(_STARTS):
        start = message.find("{", start + 1)
        if start < 0:
            return
        text = message[start : message.rfind("}") + 1]
        try:
            yield orjson.loads(text)
        except orjson.JSONDecodeError:
            document = _as_python(text)
            if document is not None:
                yield document


def _as_python(text: str) -> Any:
    """Read what ``print`` made of a dict; None when it is no such thing."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            found = ast.literal_eval(text)
        orjson.dumps(found)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError, orjson.JSONEncodeError):
        return None
    return found


def _event_within(document: Any, deep: int) -> Any:
    """Give the document if it is an event, or the first one that it holds as a value."""
    if not isinstance(document, dict):
        return None
    try:
        if recognise(document) in AWS_KINDS:
            return document
    except Untranslatable:
        pass
    if deep == 0:
        return None
    for value in document.values():
        within = value
        if isinstance(value, str):
            within = next(_documents(value), None) if "{" in value else None
        if (event := _event_within(within, deep - 1)) is not None:
            return event
    return None
