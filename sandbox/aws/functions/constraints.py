"""What Lambda's model demands of a request: types, required members, lengths, ranges, patterns, words.

The model that botocore ships states them, and the official SDKs leave nearly all of them to the service. The
messages are those of AWS's own framework, for example "1 validation error detected: Value '64' at
'memorySize' failed to satisfy constraint: Member must have value greater than or equal to 128".
Where the model is wider than what an ordinary function may have (it also covers managed instances), the
narrower value stands here.
Source: docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html, read 2026-11-22.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from sandbox.aws.errors import AwsError

_NARROWER: dict[str, dict[str, int]] = {
    "MemorySize": {"max": 10240},
    "Timeout": {"max": 900},
    "EphemeralStorageSize": {"max": 10240},
}
_SHOWN_CHARS = 200
# A wrong runtime is told in other words, see configuring.
_ELSEWHERE = frozenset({"Runtime"})


def check(shape: Shape, given: Any) -> None:
    """Refuse what breaks the model. Raises AwsError SerializationException or ValidationException."""
    broken = list(_members(shape, given, ""))
    if broken:
        plural = "s" if len(broken) > 1 else ""
        text = f"{len(broken)} validation error{plural} detected: {'; '.join(broken)}"
        raise AwsError(400, "ValidationException", text)


def _members(shape: Shape, value: Any, where: str) -> Iterator[str]:
    if isinstance(shape, StructureShape):
        _demand(isinstance(value, dict), value, "structure")
        for name in shape.required_members:
            if value.get(name) is None:
                at = _join(where, name)
                yield f"Value null at '{at}' failed to satisfy constraint: Member must not be null"
        for name, member in shape.members.items():
            if value.get(name) is not None:
                yield from _members(member, value[name], _join(where, name))
    elif isinstance(shape, ListShape):
        _demand(isinstance(value, list), value, "list")
        yield from _size(shape, len(value), value, where)
        for number, item in enumerate(value, 1):
            yield from _members(shape.member, item, f"{where}.{number}.member")
    elif isinstance(shape, MapShape):
        _demand(isinstance(value, dict), value, "map")
        yield from _size(shape, len(value), value, where)
        for key, item in value.items():
            for side, inner, one in (("keys", shape.key, key), ("value", shape.value, item)):
                if reasons := list(_reasons(inner, one)):
                    yield _said(value, where, f"Map {side} must satisfy constraint: [{', '.join(reasons)}]")
    else:
        for reason in _reasons(shape, value):
            yield _said(value, where, reason)


def _join(where: str, name: str) -> str:
    low = name[0].lower() + name[1:]
    return f"{where}.{low}" if where else low


def _said(value: Any, where: str, reason: str) -> str:
    if isinstance(value, dict):
        shown = "{" + ", ".join(f"{k}={v}" for k, v in value.items()) + "}"
    elif isinstance(value, list):
        shown = "[" + ", ".join(map(str, value)) + "]"
    else:
        shown = str(value)
    return f"Value '{shown[:_SHOWN_CHARS]}' at '{where}' failed to satisfy constraint: {reason}"


def _size(shape: Shape, size: int, value: Any, where: str) -> Iterator[str]:
    if size < shape.metadata.get("min", 0):
        reason = f"Member must have length greater than or equal to {shape.metadata['min']}"
        yield _said(value, where, reason)
    if size > shape.metadata.get("max", size):
        reason = f"Member must have length less than or equal to {shape.metadata['max']}"
        yield _said(value, where, reason)


def _reasons(shape: Shape, value: Any) -> Iterator[str]:
    """Give what is wrong with a plain value. Raises AwsError for one of another type."""
    kind = shape.type_name
    if kind in ("integer", "long", "double", "float"):
        whole = kind in ("integer", "long")
        right = isinstance(value, int) or (isinstance(value, float) and not whole)
        _demand(right and not isinstance(value, bool), value, "number")
        limits = shape.metadata | _NARROWER.get(shape.name, {})
        if "min" in limits and value < limits["min"]:
            yield f"Member must have value greater than or equal to {limits['min']}"
        if "max" in limits and value > limits["max"]:
            yield f"Member must have value less than or equal to {limits['max']}"
    elif kind == "boolean":
        _demand(isinstance(value, bool), value, "boolean")
    elif kind == "string":
        _demand(isinstance(value, str), value, "string")
        yield from _text_reasons(shape, value)


def _text_reasons(shape: Shape, value: str) -> Iterator[str]:
    limits = shape.metadata
    if shape.name in _ELSEWHERE:
        return
    if "enum" in limits and value not in limits["enum"]:
        yield f"Member must satisfy enum value set: [{', '.join(limits['enum'])}]"
    if len(value) < limits.get("min", 0):
        yield f"Member must have length greater than or equal to {limits['min']}"
    if len(value) > limits.get("max", len(value)):
        yield f"Member must have length less than or equal to {limits['max']}"
    elif "pattern" in limits and not _pattern(limits["pattern"]).fullmatch(value):
        yield f"Member must satisfy regular expression pattern: {limits['pattern']}"


@cache
def _pattern(text: str) -> re.Pattern[str]:
    # Java's classes of letters, spaces and numbers are not Python's.
    for java, python in ((r"\p{L}", r"\w"), (r"\p{Z}", r"\s"), (r"\p{N}", r"\d")):
        text = text.replace(java, python)
    return re.compile(text)


def _demand(right: bool, value: Any, kind: str) -> None:
    if not right:
        raise AwsError(400, "SerializationException", f"{type(value).__name__} cannot be read as a {kind}.")
