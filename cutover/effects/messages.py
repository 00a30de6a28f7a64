"""What a message says, out of the envelopes that queues and topics put around it."""

from __future__ import annotations

import base64
import binascii
import html
import json
import re

_XML_MESSAGE = re.compile(r"<Message>(.*?)</Message>", re.DOTALL)
_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
_SHORTEST = 8


def said(body: str, *, maybe_base64: bool = False) -> bytes:
    """Give the content of a message: a topic's envelope is taken off, as SNS and MNS put it on.

    Args:
        maybe_base64: MNS's Python SDK encodes bodies by default and its Node SDK does not, so that a body
            that is base64 of text is taken for encoded.
    """
    text = _decoded(body) if maybe_base64 else body
    inner = _of_topic(text)
    return (inner if inner is not None else text).encode("utf-8", "surrogatepass")


def _of_topic(text: str) -> str | None:
    if text.startswith("{"):
        try:
            document = json.loads(text)
        except ValueError:
            return None
        of_sns = document.get("Type") == "Notification" and "TopicArn" in document
        of_mns = "TopicName" in document and "MessageMD5" in document
        message = document.get("Message") if of_sns or of_mns else None
        return message if isinstance(message, str) else None
    if "<Notification" in text[:200]:
        found = _XML_MESSAGE.search(text)
        return html.unescape(found[1]) if found else None
    return None


def _decoded(body: str) -> str:
    if len(body) < _SHORTEST or not _BASE64.fullmatch(body):
        return body
    try:
        text = base64.b64decode(body, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return body
    return text if text.isprintable() or text.strip().startswith(("{", "[", "<")) else body
