"""A request of FC's HTTP trigger as API Gateway, a function URL or ALB gives it."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote, urlencode

from .http_values import encoded, text_map
from .model import ABSENT, Reading, Setting, Untranslatable, put
from .times import clf_from_iso

LARGEST_SAFE = 2**53 - 1
_PATH_SAFE = "/!$&'()*+,;=:@-._~"


def to_v2(reading: Reading, setting: Setting, *, url: bool) -> dict[str, Any]:
    ledger = reading.ledger
    result: dict[str, Any] = {"version": "2.0", "routeKey": "$default"}
    put(result, "rawPath", reading.text("rawPath"))
    queries = reading.take("queryParameters")
    queries = {} if queries in (ABSENT, None) else text_map(queries, "/queryParameters")
    result["rawQueryString"] = urlencode(queries, errors="surrogatepass")
    ledger.derive("/rawQueryString", "the parsed parameters")
    headers = reading.take("headers")
    if headers is not ABSENT:
        lowered = {name.lower(): value for name, value in text_map(headers, "/headers").items()}
        if "cookie" in lowered:
            result["cookies"] = lowered.pop("cookie").split("; ")
        result["headers"] = lowered
    if queries:
        result["queryStringParameters"] = queries
    context = reading.object("requestContext")
    there = _to_context(context, setting, time_key="time", epoch_key="timeEpoch")
    http = context.object("http") if context is not None else None
    if http is not None:
        made: dict[str, Any] = {}
        for key in ("method", "path", "protocol", "sourceIp", "userAgent"):
            put(made, key, http.take(key))
        http.close()
        there["http"] = made
    there["routeKey"] = "$default"
    ledger.derive("/requestContext/routeKey", "a single route")
    stage = "$default" if url else setting.stage
    if stage:
        there["stage"] = stage
        ledger.derive("/requestContext/stage", "the plan")
    result["requestContext"] = there
    if context is not None:
        context.close("AWS does not say this")
    _matched(result, setting, http)
    _to_body(reading, result, empty=ABSENT)
    reading.close("AWS does not say this")
    return result


def to_v1(reading: Reading, setting: Setting) -> dict[str, Any]:
    ledger = reading.ledger
    context = reading.object("requestContext")
    http = context.object("http") if context is not None else None
    if http is None:
        raise Untranslatable("the request has no http", "/requestContext/http")
    result: dict[str, Any] = {}
    if setting.resource:
        result["resource"] = setting.resource
        ledger.derive("/resource", "the plan")
    raw = reading.text("rawPath")
    path = http.take("path")
    put(result, "path", path if path is not ABSENT or raw is ABSENT else unquote(raw))
    put(result, "httpMethod", http.take("method"))
    headers = reading.take("headers")
    if headers is not ABSENT:
        result["headers"] = text_map(headers, "/headers")
        result["multiValueHeaders"] = {name: [value] for name, value in result["headers"].items()}
        ledger.derive("/multiValueHeaders", "joined values, which are not split")
    queries = reading.take("queryParameters")
    found = {} if queries in (ABSENT, None) else text_map(queries, "/queryParameters")
    result["queryStringParameters"] = found or None
    result["multiValueQueryStringParameters"] = {k: [v] for k, v in found.items()} or None
    ledger.derive("/multiValueQueryStringParameters", "joined values, which are not split")
    result["pathParameters"] = None
    _matched(result, setting, http)
    there = _to_context(context, setting, time_key="requestTime", epoch_key="requestTimeEpoch")
    put(there, "httpMethod", result.get("httpMethod", ABSENT))
    put(there, "protocol", http.take("protocol"))
    identity: dict[str, Any] = {}
    put(identity, "sourceIp", http.take("sourceIp"))
    put(identity, "userAgent", http.take("userAgent"))
    if identity:
        there["identity"] = identity
    if setting.stage:
        there["stage"] = setting.stage
        ledger.derive("/requestContext/stage", "the plan")
    result["requestContext"] = there
    http.close()
    if context is not None:
        context.close("AWS does not say this")
    _to_body(reading, result, empty=None)
    reading.close("AWS does not say this")
    return result


def to_alb(reading: Reading, setting: Setting) -> dict[str, Any]:
    ledger = reading.ledger
    context = reading.object("requestContext")
    http = context.object("http") if context is not None else None
    if http is None:
        raise Untranslatable("the request has no http", "/requestContext/http")
    result: dict[str, Any] = {"requestContext": {"elb": {}}}
    if setting.load_balancer_arn:
        result["requestContext"]["elb"]["targetGroupArn"] = setting.load_balancer_arn
        ledger.derive("/requestContext/elb/targetGroupArn", "the plan")
    put(result, "httpMethod", http.take("method"))
    raw, path = reading.text("rawPath"), http.take("path")
    put(result, "path", raw if raw is not ABSENT else path)
    queries = reading.take("queryParameters")
    found = {} if queries in (ABSENT, None) else text_map(queries, "/queryParameters")
    result["queryStringParameters"] = encoded(found)
    headers = reading.take("headers")
    if headers is not ABSENT:
        result["headers"] = {name.lower(): value for name, value in text_map(headers, "/headers").items()}
    _to_body(reading, result, empty="")
    http.close("ALB does not say this")
    if context is not None:
        context.close("ALB does not say this")
    reading.close("ALB does not say this")
    return result


def _to_context(
    context: Reading | None, setting: Setting, *, time_key: str, epoch_key: str
) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if context is None:
        return made
    ledger = context.ledger
    for key in ("domainName", "domainPrefix", "requestId"):
        put(made, key, context.take(key))
    account = context.take("accountId")
    if account is not ABSENT:
        if setting.aws_account:
            made["accountId"] = setting.aws_account
            ledger.derive("/requestContext/accountId", "the plan")
        else:
            ledger.lose(context.at("accountId"), "the account on AWS is not known")
    at = context.take("time")
    clf = clf_from_iso(at) if isinstance(at, str) else None
    if clf is not None:
        made[time_key] = clf
    elif at is not ABSENT:
        ledger.lose(context.at("time"), "it is no time")
    epoch = context.take("timeEpoch")
    if isinstance(epoch, str) and re.fullmatch(r"-?[0-9]{1,18}", epoch):
        made[epoch_key] = int(epoch)
        if abs(made[epoch_key]) > LARGEST_SAFE:
            ledger.lose(context.at("timeEpoch"), "JavaScript cannot hold this integer exactly")
    elif epoch is not ABSENT:
        ledger.lose(context.at("timeEpoch"), "it is no text of an integer")
    return made


def _to_body(reading: Reading, result: dict[str, Any], *, empty: Any) -> None:
    body = reading.take("body")
    if body in ("", None):
        put(result, "body", empty)
    elif body is not ABSENT:
        if not isinstance(body, str):
            raise Untranslatable("a text is needed here", "/body")
        result["body"] = body
    coded = reading.take("isBase64Encoded")
    if coded is not ABSENT:
        result["isBase64Encoded"] = coded


def _matched(result: dict[str, Any], setting: Setting, http: Reading | None) -> None:
    """Set ``pathParameters`` from the plan's resource, when it has names and the path matches."""
    path = ABSENT if http is None else http.peek("path")
    if "{" not in setting.resource or not isinstance(path, str) or http is None:
        return
    pieces = re.split(r"(\{[^{}]+\})", setting.resource)
    names = [piece[1:-1] for piece in pieces if piece.startswith("{")]
    pattern = "".join(
        re.escape(piece) if not piece.startswith("{") else ("(.+)" if piece.endswith("+}") else "([^/]+)")
        for piece in pieces
    )
    found = re.fullmatch(pattern, path)
    if found is not None:
        result["pathParameters"] = {
            name.rstrip("+"): found.group(place) for place, name in enumerate(names, start=1)
        }
        http.ledger.derive("/pathParameters", "the plan's resource and the path")
