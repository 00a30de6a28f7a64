"""The protocol buffers of SLS: reads a LogGroup that is put, writes a LogGroupList that is pulled.

Rows are flat dictionaries as queries give them: ``__time__``, ``__topic__``, ``__source__``,
``__tag__:NAME`` and the contents.
Source: Alibaba Cloud, SLS, "Data encoding" (sls.proto: LogGroup, Log, Content, LogTag); read 2026-11-22.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

Row = dict[str, str]
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_TAG = "__tag__:"


class NotProtobuf(ValueError):
    """The bytes are no message of this kind."""


def _varint(buffer: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(buffer) and shift < 70:
        byte = buffer[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
    raise NotProtobuf("a number is cut short")


def _fields(buffer: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Give the fields of a message: number and value."""
    at = 0
    while at < len(buffer):
        key, at = _varint(buffer, at)
        number, kind = key >> 3, key & 7
        if kind == _VARINT:
            value, at = _varint(buffer, at)
            yield number, value
            continue
        if kind == _BYTES:
            size, at = _varint(buffer, at)
        elif kind in (_FIXED32, _FIXED64):
            size = 4 if kind == _FIXED32 else 8
        else:
            raise NotProtobuf(f"wire type {kind}")
        if at + size > len(buffer):
            raise NotProtobuf("a field is cut short")
        yield number, buffer[at : at + size]
        at += size


def _text(value: int | bytes) -> str:
    if isinstance(value, int):
        raise NotProtobuf("a text is a number")
    return value.decode("utf-8", "replace")


def _pair(value: int | bytes) -> tuple[str, str]:
    """Read a Content or a LogTag."""
    if isinstance(value, int):
        raise NotProtobuf("a content is a number")
    found = dict(_fields(value))
    if 1 not in found or 2 not in found:
        raise NotProtobuf("a content needs a key and a value")
    return _text(found[1]), _text(found[2])


def _log(value: int | bytes, common: Mapping[str, str]) -> Row:
    if isinstance(value, int):
        raise NotProtobuf("a log is a number")
    row: Row = {}
    at: int | None = None
    for number, inner in _fields(value):
        if number == 1:
            if not isinstance(inner, int):
                raise NotProtobuf("the time is not a number")
            at = inner
        elif number == 2:
            key, text = _pair(inner)
            row[key] = text
    if at is None:
        raise NotProtobuf("a log has no time")
    return {"__time__": str(at), **common, **row}


def read_log_group(buffer: bytes) -> list[Row]:
    """Read a LogGroup.

    Raises:
        NotProtobuf: the bytes are none.
    """
    logs: list[int | bytes] = []
    common = {"__topic__": "", "__source__": ""}
    for number, value in _fields(buffer):
        if number == 1:
            logs.append(value)
        elif number == 3:
            common["__topic__"] = _text(value)
        elif number == 4:
            common["__source__"] = _text(value)
        elif number == 6:
            name, text = _pair(value)
            common[_TAG + name] = text
    return [_log(log, common) for log in logs]


def _number(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*out, value))


def _field(number: int, content: bytes) -> bytes:
    return _number(number << 3 | _BYTES) + _number(len(content)) + content


def _written_pair(name: str, text: str) -> bytes:
    return _field(1, name.encode()) + _field(2, text.encode())


def _group(row: Mapping[str, str]) -> bytes:
    log = _number(1 << 3 | _VARINT) + _number(int(row["__time__"]))
    tags = b""
    for name, text in row.items():
        if name.startswith(_TAG):
            tags += _field(6, _written_pair(name.removeprefix(_TAG), text))
        elif name not in ("__time__", "__topic__", "__source__"):
            log += _field(2, _written_pair(name, text))
    topic, source = row.get("__topic__", ""), row.get("__source__", "")
    return _field(1, log) + _field(3, topic.encode()) + _field(4, source.encode()) + tags


def write_log_groups(rows: Sequence[Mapping[str, str]]) -> bytes:
    """Write a LogGroupList with a group for each row."""
    return b"".join(_field(1, _group(row)) for row in rows)
