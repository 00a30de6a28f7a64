"""InvokeWithResponseStream: the answer in the event-stream encoding.

Simplified: handlers answer at once here, so that a call gives its whole answer as one chunk.
Source: smithy.io/2.0/aws/amazon-eventstream.html, read 2026-11-22.
"""

import json
import struct
import zlib
from collections.abc import Mapping

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


def streamed(answer: bytes, *, error: str | None, log_result: str | None) -> bytes:
    """Give the events of a call that ended. error: the answer is then the error document."""
    done: dict[str, str] = {}
    if error is not None:
        document = json.loads(answer)
        done |= {"ErrorCode": document.get("errorType", "Error"), "ErrorDetails": answer.decode()}
    if log_result is not None:
        done["LogResult"] = log_result
    chunks = b"" if error is not None else message(_event("PayloadChunk", "application/octet-stream"), answer)
    return chunks + message(_event("InvokeComplete", "application/json"), json.dumps(done).encode())


def _event(kind: str, content_type: str) -> dict[str, str]:
    return {":message-type": "event", ":event-type": kind, ":content-type": content_type}
