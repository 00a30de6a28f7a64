"""The envelopes of HTTP answers, opened: API Gateway v1 and v2, function URLs, FC's HTTP triggers.

Both clouds let a function answer with ``statusCode``, ``headers``, ``body`` and ``isBase64Encoded``. What
means the same to an HTTP client is made the same here: header names in any case, ``headers`` beside
``multiValueHeaders``, ``cookies`` beside ``set-cookie``, a body in base64 beside the same text.

Source: API Gateway, Lambda proxy integration response formats 1.0 and 2.0; FC, HTTP triggers, response
parameters (facts on AWS, section on events, and facts on Function Compute, section 4).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from cutover.comparison.body import binary, read

_MARKS = frozenset({"body", "headers", "multiValueHeaders", "isBase64Encoded", "cookies"})
_NO_JSON: Any = object()


def unwrapped(primary: Any, candidate: Any) -> tuple[Any, Any]:
    """Give two values with their envelopes opened, if both are envelopes.

    A body that is JSON on both sides becomes that JSON, and a binary body becomes its length and hash.
    """
    if not (_is_envelope(primary) and _is_envelope(candidate)):
        return primary, candidate
    left, right = dict(primary), dict(candidate)
    for envelope in (left, right):
        _fold_headers(envelope)
    _decode_bodies(left, right)
    bodies = _json_body(left), _json_body(right)
    if bodies[0] is not _NO_JSON and bodies[1] is not _NO_JSON:
        left["body"], right["body"] = bodies
    return left, right


def _is_envelope(value: Any) -> bool:
    return isinstance(value, dict) and "statusCode" in value and not _MARKS.isdisjoint(value)


def _fold_headers(envelope: dict[str, Any]) -> None:
    """Put all headers under ``headers``: lower case, one value as it is, several values as a list."""
    many = envelope.get("multiValueHeaders")
    single = envelope.get("headers")
    if not isinstance(many, dict | None) or not isinstance(single, dict | None):
        return
    folded: dict[str, list[Any]] = {}
    for name, values in (many or {}).items():
        folded.setdefault(name.lower(), []).extend(values if isinstance(values, list) else [values])
    stated = frozenset(folded)
    for name, value in (single or {}).items():
        if name.lower() not in stated:
            folded.setdefault(name.lower(), []).append(value)
    cookies = envelope.get("cookies")
    if isinstance(cookies, list) and cookies:
        folded.setdefault("set-cookie", []).extend(cookies)
        del envelope["cookies"]
    if folded or single is not None or many is not None:
        envelope.pop("multiValueHeaders", None)
        envelope["headers"] = {
            name: values[0] if len(values) == 1 else values for name, values in folded.items()
        }


def _decode_bodies(left: dict[str, Any], right: dict[str, Any]) -> None:
    """Decode base64. When only one side uses it, its text takes the place, as a client would see it."""
    decoded = [_decoded(left), _decoded(right)]
    if decoded[0] is not None and decoded[1] is not None:
        left["body"], right["body"] = binary(decoded[0]), binary(decoded[1])
        return
    for envelope, content in zip((left, right), decoded, strict=True):
        if content is None:
            continue
        try:
            envelope["body"] = content.decode("utf-8")
        except UnicodeDecodeError:
            envelope["body"] = binary(content)
        else:
            left.pop("isBase64Encoded", None)
            right.pop("isBase64Encoded", None)
    for envelope in (left, right):
        if envelope.get("isBase64Encoded") is False:
            del envelope["isBase64Encoded"]


def _decoded(envelope: Mapping[str, Any]) -> bytes | None:
    body = envelope.get("body")
    if envelope.get("isBase64Encoded") is not True or not isinstance(body, str):
        return None
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        return None


def _json_body(envelope: Mapping[str, Any]) -> Any:
    text = envelope.get("body")
    if not isinstance(text, str) or not text.lstrip().startswith(("{", "[")):
        return _NO_JSON
    body = read(text.encode("utf-8", "surrogatepass"))
    return body.value if body.form == "json" and not body.exact else _NO_JSON
