"""What never reaches a row: values that look like secrets, by the name they stand under.

Values under a name such as ``password``, ``authorization`` or ``apiKey`` are replaced, at any depth, and so
are ``name=value`` forms inside log lines. The form of the document stays, so that comparisons make sense.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import orjson
import re2

REDACTED = "[redacted]"
_WORDS = (
    r"pass(word|wd|phrase)?|secret|credentials?|authorization|cookie|private[_-]?key|access[_-]?key([_-]?(id|secret))?"
    r"|api[_-]?key|(access|refresh|id|session|security|auth|bearer|csrf|client|x[_-]amz[_-]security)?[_-]?token"
    r"|client[_-]?secret|set[_-]?cookie|session[_-]?id|card[_-]?number|cvv|cvc"
)
_NAME = re2.compile(rf"(?i)^(.*[_.-])?(aws|alibaba|db|user|my|x)?[_.-]?({_WORDS})$")
_INLINE = re2.compile(rf"(?i)\b([a-z_.-]*?({_WORDS}))(\"?\s*[=:]\s*\"?)((Bearer|Basic)\s+)?[^\s\"',;&}}]+")


_NAME_LIMIT = 200
"""A longer name is no name; cut, it is judged by its beginning and fits the cache."""

_HINTS = (
    "pass",
    "secret",
    "credential",
    "authorization",
    "cookie",
    "key",
    "token",
    "session",
    "card",
    "cvv",
    "cvc",
)
"""Every match of _INLINE holds one of these; looking for them first spares most lines the pattern."""


@lru_cache(maxsize=8192)
def looks_secret(name: str) -> bool:
    """Tell whether a value under ``name`` is taken for a secret."""
    return _NAME.match(name) is not None


def redact(document: Any) -> Any:
    """Give a JSON document with every secret-looking value replaced; the given one stays as it is."""
    if isinstance(document, str):
        return _inside(document) if document[:1] in ("{", "[") else document
    if isinstance(document, dict):
        return {
            key: REDACTED
            if value not in (None, "") and looks_secret(str(key)[:_NAME_LIMIT])
            else redact(value)
            for key, value in document.items()
        }
    if isinstance(document, list | tuple):
        return [redact(item) for item in document]
    return document


def _inside(text: str) -> str:
    """A body is often JSON inside a string; it is written anew only when something in it was replaced."""
    try:
        inner = orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
    clean = redact(inner)
    return text if clean == inner else orjson.dumps(clean).decode()


def redact_line(text: str) -> str:
    """Give a line of text with the value of each ``secret-looking-name=value`` replaced."""
    lowered = text.lower()
    if not any(hint in lowered for hint in _HINTS):
        return text
    return str(_INLINE.sub(rf"\1\3{REDACTED}", text))
