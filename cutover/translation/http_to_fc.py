"""A request of API Gateway, a function URL or ALB as FC's HTTP trigger gives it."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, unquote, urlencode

from .http_values import are_texts, encoded, text_map
from .model import ABSENT, Reading, Setting, Untranslatable, put
from .times import clf_from_iso, iso_from_clf

LARGEST_SAFE = 2**53 - 1
_PATH_SAFE = "/!$&'()*+,;=:@-._~"


def canonical(name: str) -> str:
    """Give a header's name as FC spells it: ``content-type`` becomes ``Content-Type``."""
    return "-".join(part[:1].upper() + part[1:].lower() for part in name.split("-"))


def from_v2(reading: Reading, setting: Setting) -> dict[str, Any]:
    ledger = reading.ledger
    if reading.take("version") != "2.0":
        raise Untranslatable("this is no request in format 2.0", "/version")
    result: dict[str, Any] = {"version": "v1"}
    put(result, "rawPath", reading.text("rawPath"))
    headers = _joined_headers(reading, "headers", lower=True)
    cookies = reading.take("cookies")
    if cookies is not ABSENT:
        if not are_texts(cookies):
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
        result["queryParameters"] = text_map(queries, "/queryStringParameters")
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


def from_v1(reading: Reading, setting: Setting, *, alb: bool) -> dict[str, Any]:
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
        if alb and encoded(result["queryParameters"]) != queries:
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
    result = {} if single in (ABSENT, None) else text_map(single, f"/{key}")
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
        if not are_texts(values):
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
