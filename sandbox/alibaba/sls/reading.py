"""Reads what SLS requests carry: names, numbers, compressed bodies, cursors."""

from __future__ import annotations

import base64
import re
import zlib
from typing import Any

import lz4.block  # type: ignore[import-untyped]
import zstd  # type: ignore[import-untyped]

from sandbox.alibaba.wire import Incoming, Refused

RAW_LIMIT_BYTES = 30 * 1024 * 1024
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{1,62}[a-z0-9]")


def wrong(message: str) -> Refused:
    """Give the refusal of a parameter."""
    return Refused(400, "ParameterInvalid", message)


def name_of(value: object) -> str:
    """Read the name of a project or logstore. Raises Refused: 400 ParameterInvalid."""
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise wrong("a name must have 3 to 64 lower-case letters, digits, '-' or '_'")
    return value


def number(asked: dict[str, Any], name: str, default: int) -> int:
    """Read a whole number. Raises Refused: 400 ParameterInvalid."""
    value = asked.get(name)
    try:
        return default if value is None or value == "" else int(value)
    except (TypeError, ValueError) as exc:
        raise wrong(f"{name} must be a number") from exc


def json_body(request: Incoming) -> dict[str, Any]:
    """Parse the body as a JSON object. Raises Refused: 400 PostBodyInvalid."""
    try:
        return request.json()
    except (ValueError, RecursionError) as exc:
        raise Refused(400, "PostBodyInvalid", "the body must be a JSON object") from exc


def raw_body(request: Incoming) -> bytes:
    """Give the body as it was before it was compressed.

    Raises:
        Refused: 400 PostBodyTooLarge, PostBodyUncompressError or InvalidCompressType.
    """
    kind = request.headers.get("x-log-compresstype", "")
    text = request.headers.get("x-log-bodyrawsize", "")
    size = int(text) if text.isascii() and text.isdigit() and len(text) < 12 else len(request.body)
    if max(size, 0 if kind else len(request.body)) > RAW_LIMIT_BYTES:
        raise Refused(400, "PostBodyTooLarge", f"Body size {size} must little than {RAW_LIMIT_BYTES}")
    if not kind:
        return request.body
    try:
        body = _expanded(kind, request.body, size)
    except (lz4.block.LZ4BlockError, zlib.error, zstd.Error, NotZstd) as exc:
        raise Refused(400, "PostBodyUncompressError", "Failed to uncompress the body.") from exc
    if len(body) != size:
        raise Refused(400, "PostBodyUncompressError", "x-log-bodyrawsize is not the size of the body.")
    return body


def _expanded(kind: str, body: bytes, size: int) -> bytes:
    """Expand a body to at most one byte more than it should have."""
    if kind == "lz4":
        return bytes(lz4.block.decompress(body, uncompressed_size=size))
    if kind == "deflate":
        return zlib.decompressobj().decompress(body, size + 1)
    if kind == "zstd":
        return _from_zstd(body, size)
    raise Refused(400, "InvalidCompressType", f"the compress type {kind[:20]} is not supported")


class NotZstd(ValueError):
    """The body is no zstd frame of the size that the header says."""


def _from_zstd(body: bytes, size: int) -> bytes:
    """Expand a zstd frame; one that promises another size, or none, is not expanded at all."""
    if _promised(body) != size:
        raise NotZstd
    return bytes(zstd.decompress(body))


def _promised(body: bytes) -> int:
    """Give the size in the header of a zstd frame. Source: RFC 8878, section 3.1.1."""
    if len(body) < 6 or body[:4] != b"\x28\xb5\x2f\xfd":
        raise NotZstd
    descriptor = body[4]
    single, flag = descriptor >> 5 & 1, descriptor >> 6
    at = 5 + (0 if single else 1) + (0, 1, 2, 4)[descriptor & 3]
    length = (1 if single else 0, 2, 4, 8)[flag]
    if not length:
        raise NotZstd
    return int.from_bytes(body[at : at + length], "little") + (256 if length == 2 else 0)


def cursor_text(cursor: int) -> str:
    """Write a cursor as SLS does: Base64 of the number."""
    return base64.b64encode(str(cursor).encode()).decode()


def cursor_of(text: str) -> int:
    """Read a cursor. Raises Refused: 400 ParameterInvalid."""
    try:
        cursor = int(base64.b64decode(text, validate=True))
    except ValueError as exc:
        raise wrong("the cursor is not valid") from exc
    if cursor < 0:
        raise wrong("the cursor is not valid")
    return cursor
