"""AWS errors, written in the protocol that the caller speaks."""

import json
import struct
from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import escape


@dataclass
class AwsError(Exception):
    """An answer that is an error. code: AWS's name for it, for example ResourceNotFoundException."""

    status: int
    code: str
    message: str
    more: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


def not_found(message: str) -> AwsError:
    return AwsError(404, "ResourceNotFoundException", message, {"Type": "User"})


def invalid(message: str) -> AwsError:
    return AwsError(400, "InvalidParameterValueException", message, {"Type": "User"})


def conflict(message: str) -> AwsError:
    return AwsError(409, "ResourceConflictException", message, {"Type": "User"})


def _cbor_text(text: str) -> bytes:
    raw = text.encode()
    return b"\x7a" + struct.pack(">I", len(raw)) + raw


def render(
    error: AwsError, *, service: str, headers: dict[str, str], request_id: str
) -> tuple[int, dict[str, str], bytes]:
    """Write an error for one of the five protocols. headers: the request's, lower-case names."""
    given = {"x-amzn-requestid": request_id}
    if service == "s3":
        xml = (
            f"<Error><Code>{error.code}</Code><Message>{escape(error.message)}</Message>"
            f"<RequestId>{request_id}</RequestId></Error>"
        )
        return error.status, given | {"content-type": "application/xml"}, xml.encode()
    if headers.get("smithy-protocol") == "rpc-v2-cbor":
        body = b"\xa2" + b"".join(map(_cbor_text, ("__type", error.code, "message", error.message)))
        kind = {"content-type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}
        return error.status, given | kind, body
    if "x-amz-target" in headers:
        # JSON services answer 400 where the others answer 403.
        status = 400 if error.status == 403 else error.status
        body = json.dumps({"__type": error.code, "message": error.message}).encode()
        return status, given | {"content-type": "application/x-amz-json-1.1"}, body
    if headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        side = "Sender" if error.status < 500 else "Receiver"
        xml = (
            f"<ErrorResponse><Error><Type>{side}</Type><Code>{error.code}</Code>"
            f"<Message>{escape(error.message)}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>"
        )
        return error.status, given | {"content-type": "text/xml"}, xml.encode()
    body = json.dumps({**error.more, "Message": error.message, "message": error.message}).encode()
    kind = {"content-type": "application/json", "x-amzn-errortype": error.code}
    return error.status, given | kind, body
