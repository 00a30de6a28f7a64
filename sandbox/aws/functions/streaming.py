"""The event-stream encoding of InvokeWithResponseStream, message by message.

Source: smithy.io/2.0/aws/amazon-eventstream.html, read 2026-11-22.
"""

import json
import struct
import zlib
from collections.abc import Mapping

CONTENT_TYPE = "application/vnd.amazon.eventstream"
_STRING = 7


def message(headers: Mapping[str, str], payload: bytes) -> bytes:
    """Frame one message: lengths, their checksum, headers, payload, checksum of all."""
    block = b"".join(
        bytes([len(name)]) + name.encode() + bytes([_STRING]) + struct.pack(">H", len(value)) + value.encode()
        for name, value in headers.items()
    )
    prelude = struct.pack(">II", 16 + len(block) + len(payload), len(block))
    framed = prelude + struct.pack(">I", zlib.crc32(prelude)) + block + payload
    return framed + struct.pack(">I", zlib.crc32(framed))


def chunk(content: bytes) -> bytes:
    """Give the event of a part of the answer."""
    return message(_event("PayloadChunk", "application/octet-stream"), content)


def complete(*, error: bytes | None, log_result: str | None) -> bytes:
    """Give the event that ends the stream. error: the error document of a call that failed."""
    done: dict[str, str] = {}
    if error is not None:
        done |= {"ErrorCode": _kind(error), "ErrorDetails": error.decode("utf-8", "replace")}
    if log_result is not None:
        done["LogResult"] = log_result
    return message(_event("InvokeComplete", "application/json"), json.dumps(done).encode())


def _kind(error: bytes) -> str:
    try:
        document = json.loads(error)
    except ValueError:
        document = None
    return str(document.get("errorType") or "Error") if isinstance(document, dict) else "Error"


def _event(kind: str, content_type: str) -> dict[str, str]:
    return {":message-type": "event", ":event-type": kind, ":content-type": content_type}
