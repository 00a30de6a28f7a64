"""Limits on traffic: a client may ask for an upload or a download to be slow.

Source: Alibaba Cloud, OSS, "Single-connection bandwidth throttling", read 2026-11-22: 245,760 to 838,860,800
bits a second. Simplified: an upload comes in at once, and its answer waits as long as it would have taken.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

from sandbox.alibaba.wire import Incoming, Refused, Reply

_NAME = "x-oss-traffic-limit"
_BITS = range(245_760, 838_860_801)
_PIECE_BYTES = 64 * 1024


def limit_of(request: Incoming) -> int | None:
    """Give the bytes a second that a request asks for. Raises Refused: 400 InvalidArgument."""
    text = request.headers.get(_NAME) or request.query.get(_NAME)
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) in _BITS):
        raise Refused(400, "InvalidArgument", f"{_NAME} must be between {_BITS.start} and {_BITS.stop - 1}.")
    return int(text) // 8


def paced(reply: Reply, request: Incoming, limit: int | None) -> Reply:
    """Hold a reply to the limit; blocks for the time that the upload would have taken."""
    if limit is None:
        return reply
    size = request.file.stat().st_size if request.file is not None else len(request.body)
    time.sleep(size / limit)
    return reply if reply.stream is None else replace(reply, stream=_slow(reply.stream, limit))


def _slow(pieces: Iterator[bytes], limit: int) -> Iterator[bytes]:
    began, sent = time.monotonic(), 0
    for piece in pieces:
        for start in range(0, len(piece), _PIECE_BYTES):
            part = piece[start : start + _PIECE_BYTES]
            sent += len(part)
            time.sleep(max(0.0, began + sent / limit - time.monotonic()))
            yield part
