"""Payloads read strictly: what a body is, without losing what a fast parser would.

``orjson`` is fast but turns integers beyond 64 bits into floats, refuses NaN and keeps the last of duplicate
keys in silence. A payload that comes out of it byte by byte as it went in has lost nothing. Otherwise each
loss is noticed from the bytes (a run of 19 digits, a refusal, fewer colons than were read) and the payload is
read again by ``json``, which is exact. Canonical bytes differ whenever two values differ in type or value:
1, 1.0 and true are three things.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import orjson

_DIGITS = bytes(0x30 if 0x30 <= code <= 0x39 else code for code in range(256))
DEEPEST = 250
"""JSON nested deeper than this is compared as text: neither ``orjson`` nor Python's stack goes further."""
_LONG_NUMBER = b"0" * 19


class Body(NamedTuple):
    """A payload as read. ``value``: the JSON value, the text, or a description of binary content.

    ``exact``: ``orjson`` could not carry the value; otherwise ``text`` is the value as ``orjson`` writes it,
    in the order of its keys.
    ``duplicates``: keys that occur more than once in one object.
    """

    form: Literal["json", "text", "binary"]
    value: Any
    exact: bool = False
    text: bytes = b""
    duplicates: tuple[str, ...] = ()


def read(payload: bytes) -> Body:
    """Read a payload as JSON, else as UTF-8 text, else as binary (its length and SHA-256)."""
    try:
        value = orjson.loads(payload)
        text = orjson.dumps(value)
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return _read_slowly(payload)
    if text != payload and _has_lost(payload, text):
        return _read_slowly(payload)
    return Body(form="json", value=value, text=text)


def _has_lost(payload: bytes, text: bytes) -> bool:
    """Tell whether reading may have lost a duplicate key or digits of a number; too careful at worst."""
    return payload.count(b":") != text.count(b":") or _LONG_NUMBER in payload.translate(_DIGITS)


def _read_slowly(payload: bytes) -> Body:
    seen: Counter[str] = Counter()

    def take(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        taken = dict(pairs)
        if len(taken) < len(pairs):
            seen.update(key for key, number in Counter(key for key, _ in pairs).items() if number > 1)
        return taken

    try:
        value = json.loads(payload, object_pairs_hook=take)
    except (ValueError, RecursionError):
        return _read_text(payload)
    if _is_deep(value):
        return _read_text(payload)
    return Body(form="json", value=value, exact=True, duplicates=tuple(sorted(seen)))


def _is_deep(value: Any) -> bool:
    """Tell whether a value is nested deeper than ``DEEPEST``, level by level and without recursion."""
    level = [value]
    for _ in range(DEEPEST):
        level = [
            inner
            for item in level
            if isinstance(item, dict | list)
            for inner in (item.values() if isinstance(item, dict) else item)
        ]
        if not level:
            return False
    return True


def _read_text(payload: bytes) -> Body:
    try:
        return Body(form="text", value=payload.decode("utf-8"))
    except UnicodeDecodeError:
        return Body(form="binary", value=binary(payload))


def binary(content: bytes) -> dict[str, Any]:
    """Give what is compared of binary content."""
    return {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


Canonical = Callable[[Any], bytes]


def fast_canonical(value: Any) -> bytes:
    """Give type-strict bytes of a value that ``orjson`` carries."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def exact_canonical(value: Any) -> bytes:
    """Give type-strict bytes of any JSON value, also with long integers, NaN and lone surrogates."""
    return json.dumps(value, sort_keys=True).encode()
