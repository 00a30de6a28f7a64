"""Requests as API Gateway (REST and HTTP APIs), function URLs and ALB hand them over.

Source: facts/aws.md and the pages on payload formats of API Gateway and ALB.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, quote_plus, urlencode

from cutover.suites.generators.values import Draw, ms

Titled = tuple[str, Any]
Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A request, as a client means it. ``path`` is not encoded; ``binary`` bodies go as base64."""

    title: str
    method: str = "GET"
    path: str = "/"
    query: Pairs = ()
    headers: Pairs = ()
    cookies: Sequence[str] = ()
    body: bytes | None = None
    binary: bool = False


def requests(draw: Draw) -> Iterator[Asked]:
    """Give varied requests, the same for every kind of front."""
    number = draw.random.randint(1, 9999)
    json_type = ("content-type", "application/json")
    yield Asked(title="get a list", path="/orders", query=(("limit", "10"), ("after", draw.hex(6))))
    yield Asked(
        title="post JSON", method="POST", path="/orders", headers=(json_type,), body=draw.body().encode()
    )
    yield Asked(title="path that is encoded", path=f"/orders/{number} ä")
    yield Asked(
        title="parameter given twice", path="/search", query=(("tag", "red"), ("tag", "blue & green"))
    )
    yield Asked(title="cookies", path="/me", cookies=(f"sid={draw.hex(12)}", "lang=zh"))
    yield Asked(
        title="form",
        method="POST",
        path="/login-name",
        headers=(("content-type", "application/x-www-form-urlencoded"),),
        body=urlencode({"name": "Zoë", "city": "São Paulo"}).encode(),
    )
    yield Asked(
        title="binary body",
        method="PUT",
        path="/images/1.png",
        headers=(("content-type", "image/png"),),
        body=b"\x89PNG\r\n\x1a\n" + draw.random.randbytes(48),
        binary=True,
    )
    yield Asked(title="delete", method="DELETE", path=f"/orders/{number}")
    yield Asked(
        title="body that is no JSON",
        method="POST",
        path="/orders",
        headers=(json_type,),
        body=b'{"broken": ',
    )


def api_v1(draw: Draw) -> Iterator[Titled]:
    for asked in requests(draw):
        yield asked.title, _v1(draw, asked)


def api_v2(draw: Draw) -> Iterator[Titled]:
    domain = f"{draw.hex(10)}.execute-api.{draw.region}.amazonaws.com"
    for asked in requests(draw):
        yield asked.title, _v2(draw, asked, domain)


def url(draw: Draw) -> Iterator[Titled]:
    domain = f"{draw.hex(32)}.lambda-url.{draw.region}.on.aws"
    for asked in requests(draw):
        yield asked.title, _v2(draw, asked, domain)


def alb(draw: Draw) -> Iterator[Titled]:
    group = draw.arn("elasticloadbalancing", f"targetgroup/shop/{draw.hex(16)}")
    for asked in requests(draw):
        yield asked.title, _alb(draw, asked, group)


def _v1(draw: Draw, asked: Asked) -> dict[str, Any]:
    headers = [("Accept", "*/*"), ("Host", f"{draw.hex(10)}.execute-api.{draw.region}.amazonaws.com")]
    headers += [(name.title(), value) for name, value in asked.headers]
    if asked.cookies:
        headers.append(("Cookie", "; ".join(asked.cookies)))
    at = draw.instant()
    return {
        "resource": "/{proxy+}",
        "path": asked.path,
        "httpMethod": asked.method,
        "headers": dict(headers),
        "multiValueHeaders": {name: [value] for name, value in headers},
        "queryStringParameters": dict(asked.query) or None,
        "multiValueQueryStringParameters": _gathered(asked.query) or None,
        "pathParameters": {"proxy": asked.path.lstrip("/")},
        "stageVariables": None,
        "requestContext": {
            "accountId": draw.account,
            "apiId": draw.hex(10),
            "httpMethod": asked.method,
            "identity": {"sourceIp": "192.0.2.7", "userAgent": "cutover-suite/1", "user": None},
            "path": f"/prod{asked.path}",
            "protocol": "HTTP/1.1",
            "requestId": draw.uuid(),
            "requestTime": at.strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "requestTimeEpoch": ms(at),
            "resourcePath": "/{proxy+}",
            "stage": "prod",
        },
        "body": _body(asked),
        "isBase64Encoded": asked.binary,
    }


def _v2(draw: Draw, asked: Asked, domain: str) -> dict[str, Any]:
    at = draw.instant()
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": quote(asked.path),
        "rawQueryString": "&".join(f"{quote_plus(k)}={quote_plus(v)}" for k, v in asked.query),
        "headers": {"accept": "*/*", "host": domain, **dict(asked.headers)},
        "requestContext": {
            "accountId": draw.account,
            "apiId": domain.partition(".")[0],
            "domainName": domain,
            "domainPrefix": domain.partition(".")[0],
            "http": {
                "method": asked.method,
                "path": asked.path,
                "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.7",
                "userAgent": "cutover-suite/1",
            },
            "requestId": draw.uuid(),
            "routeKey": "$default",
            "stage": "$default",
            "time": at.strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "timeEpoch": ms(at),
        },
        "isBase64Encoded": asked.binary,
    }
    if asked.cookies:
        event["cookies"] = list(asked.cookies)
    if asked.query:
        event["queryStringParameters"] = {
            name: ",".join(values) for name, values in _gathered(asked.query).items()
        }
    if asked.body is not None:
        event["body"] = _body(asked)
    return event


def _alb(draw: Draw, asked: Asked, group: str) -> dict[str, Any]:
    headers = {"accept": "*/*", "host": "shop.example", "x-forwarded-for": "192.0.2.7", **dict(asked.headers)}
    if asked.cookies:
        headers["cookie"] = "; ".join(asked.cookies)
    return {
        "requestContext": {"elb": {"targetGroupArn": group}},
        "httpMethod": asked.method,
        "path": quote(asked.path),
        # ALB hands parameters over as they were sent; of one that came twice the last stays.
        "queryStringParameters": {name: quote(value) for name, value in asked.query},
        "headers": {**headers, "x-amzn-trace-id": f"Root=1-{draw.hex(8)}-{draw.hex(24)}"},
        "body": _body(asked) or "",
        "isBase64Encoded": asked.binary,
    }


def _body(asked: Asked) -> str | None:
    if asked.body is None:
        return None
    return base64.b64encode(asked.body).decode() if asked.binary else asked.body.decode()


def _gathered(query: Pairs) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in query:
        found.setdefault(name, []).append(value)
    return found
