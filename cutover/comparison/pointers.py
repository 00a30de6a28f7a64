"""JSON pointers (RFC 6901), and the templates that make many of them one field.

``/items/17/at`` and ``/items/18/at`` are one field, ``/items/*/at``. So are the entries of an object that is
keyed by ids: it is a map, and its keys are no names of fields.
"""

from __future__ import annotations

import re
from functools import lru_cache

_GENERATED = re.compile(
    r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"  # uuid
    r"|1-[0-9a-f]{8}-[0-9a-f]{12,32}"  # request id of FC, trace id of X-Ray
    r"|[0-9a-fA-F]{32}|[0-9a-fA-F]{40}|[0-9a-fA-F]{64}"  # MD5, SHA-1, SHA-256
    r"|[0-9A-HJKMNP-TV-Z]{26}"  # ULID
    r"|(?:1[5-9]|2[01])\d{8}(?:\d{3})?"  # seconds or milliseconds since 1970
)
_ID_LIKE = re.compile(
    rf"(?:{_GENERATED.pattern}|\d+|(?=[0-9a-fA-F]*\d)[0-9a-fA-F]{{16,128}}"
    r"|\d{4}-\d\d-\d\d(?:T[0-9:.]+(?:Z|[+-]\d\d:?\d\d)?)?|(?:[a-z]+[_-])\d{3,})"
)
ANY = "*"
"""Stands for one segment, whatever it is."""


def below(pointer: str, key: str | int) -> str:
    """Give the pointer one segment further down (RFC 6901)."""
    if type(key) is str and ("~" in key or "/" in key):
        key = key.replace("~", "~0").replace("/", "~1")
    return f"{pointer}/{key}"


def is_generated(key: str) -> bool:
    """Tell whether a key is one that a program draws anew in every run: a uuid, a hash, a time in ms."""
    return _GENERATED.fullmatch(key) is not None


@lru_cache(maxsize=8192)
def template(pointer: str) -> str:
    """Give the field that a pointer belongs to: indices and ids (uuid, digits, hash, date) become ``*``.

    ``line 3`` of text and logs becomes ``line *``.
    """
    if pointer.startswith("line "):
        return "line *"
    return "/".join(ANY if _ID_LIKE.fullmatch(segment) else segment for segment in pointer.split("/"))
