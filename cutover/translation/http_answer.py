"""Answers to requests: what a proxy integration returns, and what FC's HTTP trigger takes.

Where API Gateway or ALB would answer 502 because the function's answer has the wrong form, so does FC here.
Source: AWS, "Working with AWS Lambda proxy integrations", "Lambda functions as targets"; Alibaba Cloud, "Use
HTTP triggers to invoke functions", read 2026-11-22.
"""

from __future__ import annotations

import json
from typing import Any

from .model import ABSENT, Kind, Ledger, Reading, Translated, Untranslatable

SENT_ON = ("statusCode", "headers", "multiValueHeaders", "cookies", "isBase64Encoded", "body")


def to_fc(answer: Any, *, kind: Kind) -> Translated:
    """Give FC's answer for what a handler behind ``kind`` returned. Never fails: a wrong form is a 502."""
    ledger = Ledger()
    modern = kind in (Kind.API_V2, Kind.URL)
    if modern and not (isinstance(answer, dict) and "statusCode" in answer):
        return ledger.result(_inferred(answer))
    if not isinstance(answer, dict):
        return ledger.result(_malformed(ledger, "", "the answer is no object", kind))
    reading = Reading(answer, "", ledger)
    status = _status(reading.take("statusCode"))
    if status is None:
        return ledger.result(_malformed(ledger, "/statusCode", "it is no HTTP status", kind))
    body = reading.take("body")
    if body not in (ABSENT, None) and not isinstance(body, str):
        if not modern:
            return ledger.result(_malformed(ledger, "/body", "it is no text", kind))
        body = _json(body)
    try:
        headers = _headers(reading, modern=modern)
    except Untranslatable as exc:
        return ledger.result(_malformed(ledger, exc.pointer, exc.reason, kind))
    result = {
        "statusCode": status,
        "headers": headers,
        "isBase64Encoded": reading.take("isBase64Encoded") is True,
        "body": body if isinstance(body, str) else "",
    }
    reading.close("FC's HTTP trigger does not take it")
    return ledger.result(result)


def to_aws(answer: Any) -> Translated:
    """Give the proxy integration's answer for what a native function on FC returned."""
    ledger = Ledger()
    if not (isinstance(answer, dict) and "statusCode" in answer):
        return ledger.result(_inferred(answer))
    reading = Reading(answer, "", ledger)
    result = {key: reading.take(key) for key in ("statusCode", "headers", "isBase64Encoded", "body")}
    reading.close("API Gateway does not take it")
    return ledger.result({key: value for key, value in result.items() if value is not ABSENT})


def _inferred(answer: Any) -> dict[str, Any]:
    """Give 200 with the answer as JSON, as format 2.0 does for an answer without a status."""
    return {
        "statusCode": 200,
        "headers": {"Content-Type": "application/json"},
        "isBase64Encoded": False,
        "body": answer if isinstance(answer, str) else _json(answer),
    }


def _malformed(ledger: Ledger, pointer: str, reason: str, kind: Kind) -> dict[str, Any]:
    ledger.lose(pointer, f"{reason}; {kind.value} answers 502 then")
    return {
        "statusCode": 502,
        "headers": {"Content-Type": "application/json"},
        "isBase64Encoded": False,
        "body": '{"message": "Internal server error"}',
    }


def _status(value: Any) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    good = isinstance(value, int) and not isinstance(value, bool) and 100 <= value <= 599
    return value if good else None


def _headers(reading: Reading, *, modern: bool) -> dict[str, str]:
    result: dict[str, str] = {}
    single, several = reading.take("headers"), reading.take("multiValueHeaders")
    for name, value in _pairs(single, "/headers").items():
        result[name] = _scalar(value, f"/headers/{name}")
    if modern and several is not ABSENT:
        reading.lose("multiValueHeaders", "format 2.0 ignores it")
        several = ABSENT
    for name, values in _pairs(several, "/multiValueHeaders").items():
        pointer = f"/multiValueHeaders/{name}"
        if not isinstance(values, list):
            raise Untranslatable("it is no list", pointer)
        texts = [_scalar(value, pointer) for value in values]
        same = next((known for known in result if known.lower() == name.lower()), name)
        if texts:
            result.pop(same, None)
            _set(reading, result, name, texts, pointer)
    cookies = reading.take("cookies")
    if modern and cookies not in (ABSENT, None):
        if not isinstance(cookies, list):
            raise Untranslatable("it is no list", "/cookies")
        if cookies:
            _set(reading, result, "Set-Cookie", [_scalar(value, "/cookies") for value in cookies], "/cookies")
    elif cookies is not ABSENT:
        reading.lose("cookies", "only format 2.0 takes it")
    return result


def _set(reading: Reading, result: dict[str, str], name: str, values: list[str], pointer: str) -> None:
    """Join by commas, except cookies, which would become one wrong cookie: the last is kept."""
    if name.lower() == "set-cookie" and len(values) > 1:
        reading.ledger.lose(pointer, "FC's answer holds one header of a name: the last cookie is kept")
        result[name] = values[-1]
    else:
        result[name] = ",".join(values)


def _pairs(value: Any, pointer: str) -> dict[str, Any]:
    if value in (ABSENT, None):
        return {}
    if not isinstance(value, dict):
        raise Untranslatable("it is no object", pointer)
    return value


def _scalar(value: Any, pointer: str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, int, float)):
        return str(value)
    raise Untranslatable("it is no text, number or boolean", pointer)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
