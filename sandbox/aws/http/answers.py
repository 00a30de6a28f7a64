"""How a function's answer becomes an HTTP answer.

Sources: docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html (defaults when no statusCode is given),
docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html, read 2026-11-22.
"""

import base64
import binascii
import json
from typing import Any

from sandbox.aws.functions.invoking import Reply


class Malformed(Exception):
    """The function's answer cannot be read as an HTTP answer."""


def plain(status: int, message: str, *, key: str = "message", kind: str = "") -> Reply:
    """Give an answer of the gateway's own. kind: AWS's name of the error, for its header."""
    headers = {"content-type": "application/json"}
    if kind:
        headers["x-amzn-errortype"] = kind
    return Reply(status=status, headers=headers, body=json.dumps({key: message}).encode())


def version_2(answer: bytes) -> Reply:
    """Read an answer to format 2.0: an object with statusCode, or anything at all. Raises Malformed."""
    document = _parsed(answer)
    if not isinstance(document, dict) or "statusCode" not in document:
        body = document.encode() if isinstance(document, str) else answer
        return Reply(status=200, headers={"content-type": "application/json"}, body=body)
    cookies = document.get("cookies") or []
    if not isinstance(cookies, list):
        raise Malformed("cookies is no list")
    return _reply(document, [("set-cookie", str(cookie)) for cookie in cookies], default="application/json")


def version_1(answer: bytes) -> Reply:
    """Read an answer to format 1.0: an object with statusCode, its body a string. Raises Malformed."""
    document = _parsed(answer)
    if not isinstance(document, dict) or "statusCode" not in document:
        raise Malformed("no statusCode")
    many = document.get("multiValueHeaders") or {}
    if not isinstance(many, dict) or not all(isinstance(values, list) for values in many.values()):
        raise Malformed("multiValueHeaders holds no lists")
    more = [(name.lower(), _text(value)) for name, values in many.items() for value in values]
    return _reply(document, more, default="application/json")


def _parsed(answer: bytes) -> Any:
    try:
        return json.loads(answer)
    except (ValueError, RecursionError) as exc:
        raise Malformed("no JSON") from exc


def _reply(document: dict[str, Any], more: list[tuple[str, str]], *, default: str) -> Reply:
    try:
        status = int(document["statusCode"])
    except (TypeError, ValueError) as exc:
        raise Malformed("statusCode is no number") from exc
    headers = document.get("headers") or {}
    if not isinstance(headers, dict) or not 100 <= status <= 599:
        raise Malformed("headers is no object, or the status is none")
    single = {name.lower(): _text(value) for name, value in headers.items()}
    for name, _ in more:
        if name != "set-cookie":
            single.pop(name, None)
    if "content-type" not in single and not any(name == "content-type" for name, _ in more):
        single["content-type"] = default
    if any("\r" in text or "\n" in text for pair in [*single.items(), *more] for text in pair):
        raise Malformed("a header holds a line break")
    return Reply(status=status, headers=single, body=_body(document), more=tuple(more))


def _text(value: Any) -> str:
    return json.dumps(value) if isinstance(value, bool) else str(value)


def _body(document: dict[str, Any]) -> bytes:
    body = document.get("body")
    if body is None:
        return b""
    if not isinstance(body, str):
        raise Malformed("body is no string")
    if not document.get("isBase64Encoded"):
        return body.encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode(body, validate=True)
    except binascii.Error as exc:
        raise Malformed("body is no base64") from exc
