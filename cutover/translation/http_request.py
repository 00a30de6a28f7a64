"""Requests: API Gateway v1 and v2, function URLs and ALB on one side, FC's HTTP trigger (v1) on the other.

FC joins repeated headers and query parameters with commas, and a comma may as well be part of one value. So
they are never split on the way back; where AWS had several, the list is a loss. FC's ``timeEpoch`` is a text.
Header names: lower case on v2, function URLs and ALB, canonical on FC.
Source: Alibaba Cloud, "Use HTTP triggers to invoke functions", read 2026-11-22; AWS, "Working with AWS Lambda
proxy integrations for HTTP APIs", "Lambda functions as targets", read 2026-11-22.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote, unquote, urlencode

from .model import ABSENT, Kind, Ledger, Reading, Setting, Translated, Untranslatable, put
from .times import clf_from_iso, iso_from_clf

LARGEST_SAFE = 2**53 - 1
_PATH_SAFE = "/!$&'()*+,;=:@-._~"


def canonical(name: str) -> str:
    """Give a header's name as FC spells it: ``content-type`` becomes ``Content-Type``."""
    return "-".join(part[:1].upper() + part[1:].lower() for part in name.split("-"))


def to_fc(event: Any, setting: Setting, *, kind: Kind) -> Translated:
    """Give FC's request for one of the four AWS shapes.

    Raises:
        Untranslatable: the event is not of this shape.
    """
    ledger = Ledger()
    reading = Reading(event, "", ledger)
    if kind in (Kind.API_V2, Kind.URL):
        return ledger.result(_from_v2(reading, setting))
    return ledger.result(_from_v1(reading, setting, alb=kind is Kind.ALB))


def to_aws(event: Any, setting: Setting, *, kind: Kind) -> Translated:
    """Give the request in one of the four AWS shapes.

    Raises:
        Untranslatable: the event is no request of FC's HTTP trigger.
    """
    ledger = Ledger()
    reading = Reading(event, "", ledger)
    if reading.take("version") != "v1" or not isinstance(reading.peek("requestContext"), dict):
        raise Untranslatable("this is no request of FC's HTTP trigger", "/version")
    if kind in (Kind.API_V2, Kind.URL):
        return ledger.result(_to_v2(reading, setting, url=kind is Kind.URL))
    if kind is Kind.ALB:
        return ledger.result(_to_alb(reading, setting))
    return ledger.result(_to_v1(reading, setting))


# ------------------------------------------------------------------------------------------ to FC


def _from_v2(reading: Reading, setting: Setting) -> dict[str, Any]:
    ledger = reading.ledger
    if reading.take("version") != "2.0":
        raise Untranslatable("this is no request in format 2.0", "/version")
    result: dict[str, Any] = {"version": "v1"}
    put(result, "rawPath", reading.text("rawPath"))
    headers = _joined_headers(reading, "headers", lower=True)
    cookies = reading.take("cookies")
    if cookies is not ABSENT:
        if not _texts(cookies):
            raise Untranslatable("a list of texts is needed here", "/cookies")
        if cookies:
            if "Cookie" in headers and headers["Cookie"] != "; ".join(cookies):
                ledger.lose("/headers/cookie", "the cookies are given instead")
            elif "Cookie" in headers:
                ledger.lose("/headers/cookie", "AWS says it twice")
            headers["Cookie"] = "; ".join(cookies)
        if not cookies or headers["Cookie"].split("; ") != cookies:
            ledger.lose("/cookies", "how they were split")
    result["headers"] = headers
    if "headers" not in reading.document:
        del result["headers"]
    queries = reading.take("queryStringParameters")
    if queries is None:
        ledger.lose("/queryStringParameters", "null")
    elif queries is not ABSENT:
        result["queryParameters"] = _text_map(queries, "/queryStringParameters")
    raw = reading.take("rawQueryString")
    if raw is not ABSENT and raw != urlencode(result.get("queryParameters", {}), errors="surrogatepass"):
        ledger.lose("/rawQueryString", "its spelling")
    _body(reading, result)
    context = reading.object("requestContext")
    if context is not None:
        result["requestContext"] = _context_from_v2(context, result, setting)
    if reading.peek("routeKey") == "$default":
        reading.take("routeKey")
    reading.close("FC's HTTP trigger does not say this")
    return result


def _context_from_v2(context: Reading, result: dict[str, Any], setting: Setting) -> dict[str, Any]:
    made = _context(context, time_key="time", epoch_key="timeEpoch", setting=setting)
    http = context.object("http")
    if http is not None:
        there: dict[str, Any] = {}
        for key in ("method", "path", "protocol", "sourceIp", "userAgent"):
            put(there, key, http.take(key))
        http.close()
        made["http"] = there
    context.take("routeKey") if context.peek("routeKey") == "$default" else None
    context.close("FC's HTTP trigger does not say this")
    return made


def _from_v1(reading: Reading, setting: Setting, *, alb: bool) -> dict[str, Any]:
    ledger = reading.ledger
    method = reading.text("httpMethod")
    path = reading.text("path")
    if method is ABSENT or path is ABSENT:
        raise Untranslatable("this is no request of a proxy integration", "/httpMethod")
    result: dict[str, Any] = {"version": "v1"}
    plain = path
    if alb:
        result["rawPath"] = path
        plain = unquote(path)
    else:
        result["rawPath"] = quote(path, safe=_PATH_SAFE, errors="surrogatepass")
    headers = _joined_headers(reading, "headers", lower=alb, many="multiValueHeaders")
    if headers:
        result["headers"] = headers
    else:
        for key in ("headers", "multiValueHeaders"):
            if reading.document.get(key, ABSENT) is None:
                ledger.lose(f"/{key}", "null and none look alike")
    queries = _joined(reading, "queryStringParameters", "multiValueQueryStringParameters")
    if queries:
        result["queryParameters"] = {unquote(k): unquote(v) for k, v in queries.items()} if alb else queries
        if alb and _encoded(result["queryParameters"]) != queries:
            for key in ("queryStringParameters", "multiValueQueryStringParameters"):
                if key in reading.document:
                    ledger.lose(f"/{key}", "the spelling of its escapes")
    _body(reading, result, empty="" if alb else None)
    context = reading.object("requestContext")
    http: dict[str, Any] = {"method": method, "path": plain}
    made: dict[str, Any] = {}
    if context is not None and not alb:
        made = _context(context, time_key="requestTime", epoch_key="requestTimeEpoch", setting=setting)
        put(http, "protocol", context.take("protocol"))
        identity = context.object("identity")
        if identity is not None:
            put(http, "sourceIp", identity.take("sourceIp"))
            put(http, "userAgent", identity.take("userAgent"))
            identity.close()
        if context.peek("httpMethod") == method:
            context.take("httpMethod")
    if context is not None:
        context.close("FC's HTTP trigger does not say this")
    result["requestContext"] = {**made, "http": http}
    reading.close("FC's HTTP trigger does not say this")
    return result


def _context(context: Reading, *, time_key: str, epoch_key: str, setting: Setting) -> dict[str, Any]:
    """Read what all contexts have: names, the request's id and its time."""
    ledger = context.ledger
    made: dict[str, Any] = {}
    for key in ("domainName", "domainPrefix", "requestId"):
        put(made, key, context.take(key))
    account = context.take("accountId")
    if account is not ABSENT:
        if setting.fc_account and account == setting.aws_account:
            made["accountId"] = setting.fc_account
            ledger.derive("/requestContext/accountId", "the plan")
        else:
            ledger.lose(context.at("accountId"), "the account on Alibaba Cloud is not known")
    at = context.take(time_key)
    iso = iso_from_clf(at) if isinstance(at, str) else None
    if iso is not None and clf_from_iso(iso) == at:
        made["time"] = iso
    elif at is not ABSENT:
        ledger.lose(context.at(time_key), "it is no time in the log's format")
    epoch = context.take(epoch_key)
    if isinstance(epoch, int) and not isinstance(epoch, bool):
        made["timeEpoch"] = str(epoch)
    elif epoch is not ABSENT:
        ledger.lose(context.at(epoch_key), "it is no integer")
    return made


def _joined_headers(reading: Reading, key: str, *, lower: bool, many: str = "") -> dict[str, str]:
    """Give headers under FC's names; a name spelled in another way is lost."""
    found = _joined(reading, key, many)
    result: dict[str, str] = {}
    for name, value in found.items():
        there = canonical(name)
        back = there.lower() if lower else there
        if back != name or there in result:
            for part in (key, many):
                if isinstance(reading.document.get(part), dict) and name in reading.document[part]:
                    reading.ledger.lose(
                        f"/{part}/{name.replace('~', '~0').replace('/', '~1')}", "its spelling"
                    )
        if there in result:
            result[there] = f"{result[there]},{value}"
        else:
            result[there] = value
    return result


def _joined(reading: Reading, key: str, many: str) -> dict[str, str]:
    """Give name -> value, several values joined with commas as FC does."""
    ledger = reading.ledger
    single = reading.take(key)
    several = reading.take(many) if many else ABSENT
    result = {} if single in (ABSENT, None) else _text_map(single, f"/{key}")
    if several in (ABSENT, None):
        if several is None and result:
            ledger.lose(f"/{many}", "null, though the other form has something")
        if single == {}:
            ledger.lose(f"/{key}", "empty and none look alike")
        return result
    if not isinstance(several, dict):
        raise Untranslatable("an object is needed here", f"/{many}")
    alone = single in (ABSENT, None)
    for name, values in several.items():
        token = name.replace("~", "~0").replace("/", "~1")
        if not _texts(values):
            raise Untranslatable("a list of texts is needed here", f"/{many}/{token}")
        joined = ",".join(values)
        if len(values) != 1:
            ledger.lose(f"/{many}/{token}", "joined by commas")
            if not alone and name in result:
                ledger.lose(f"/{key}/{token}", "all values are given, joined by commas")
        elif name in result and result[name] != joined:
            ledger.lose(f"/{key}/{token}", "the other form says something else")
        if not alone and name not in result:
            ledger.lose(f"/{many}/{token}", "the other form does not have it")
        result[name] = joined
    if single is None and result:
        ledger.lose(f"/{key}", "null, though the other form has something")
    if not alone:
        for name in set(result) - set(several):
            ledger.lose(f"/{key}/{name.replace('~', '~0').replace('/', '~1')}", "the other form lacks it")
    if not several:
        ledger.lose(f"/{many}", "empty and none look alike")
    if single == {}:
        ledger.lose(f"/{key}", "empty and none look alike")
    return result


def _body(reading: Reading, result: dict[str, Any], *, empty: Any = ABSENT) -> None:
    body = reading.take("body")
    if body is None:
        result["body"] = ""
        if empty is not None:
            reading.ledger.lose("/body", "null")
    elif body is not ABSENT:
        if not isinstance(body, str):
            raise Untranslatable("a text is needed here", "/body")
        result["body"] = body
        if body == "" and empty != "":
            reading.ledger.lose("/body", "an empty body and none look alike")
    coded = reading.take("isBase64Encoded")
    if coded is not ABSENT:
        result["isBase64Encoded"] = coded


# ----------------------------------------------------------------------------------------- to AWS


def _to_v2(reading: Reading, setting: Setting, *, url: bool) -> dict[str, Any]:
    ledger = reading.ledger
    result: dict[str, Any] = {"version": "2.0", "routeKey": "$default"}
    put(result, "rawPath", reading.text("rawPath"))
    queries = reading.take("queryParameters")
    queries = {} if queries in (ABSENT, None) else _text_map(queries, "/queryParameters")
    result["rawQueryString"] = urlencode(queries, errors="surrogatepass")
    ledger.derive("/rawQueryString", "the parsed parameters")
    headers = reading.take("headers")
    if headers is not ABSENT:
        lowered = {name.lower(): value for name, value in _text_map(headers, "/headers").items()}
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


def _to_v1(reading: Reading, setting: Setting) -> dict[str, Any]:
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
        result["headers"] = _text_map(headers, "/headers")
        result["multiValueHeaders"] = {name: [value] for name, value in result["headers"].items()}
        ledger.derive("/multiValueHeaders", "joined values, which are not split")
    queries = reading.take("queryParameters")
    found = {} if queries in (ABSENT, None) else _text_map(queries, "/queryParameters")
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


def _to_alb(reading: Reading, setting: Setting) -> dict[str, Any]:
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
    found = {} if queries in (ABSENT, None) else _text_map(queries, "/queryParameters")
    result["queryStringParameters"] = _encoded(found)
    headers = reading.take("headers")
    if headers is not ABSENT:
        result["headers"] = {name.lower(): value for name, value in _text_map(headers, "/headers").items()}
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


def _encoded(queries: dict[str, str]) -> dict[str, str]:
    return {
        quote(name, safe="", errors="surrogatepass"): quote(value, safe="", errors="surrogatepass")
        for name, value in queries.items()
    }


def _texts(values: Any) -> bool:
    return isinstance(values, list) and all(isinstance(value, str) for value in values)


def _text_map(value: Any, pointer: str) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(one, str) for one in value.values()):
        raise Untranslatable("an object of texts is needed here", pointer)
    return dict(value)
