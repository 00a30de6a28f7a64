"""The events that functions get: payload formats 2.0 and 1.0.

Sources: docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html,
set-up-lambda-proxy-integrations.html, docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html,
read 2026-11-22.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.aws.http.asking import WebRequest, body_of, gathered, joined


@dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    """Where a request came out.

    path: what follows the stage. resource: the pattern that matched, as /items/{id}. key: the route's key.
    domain: the host name that the real service would have.
    """

    account_id: str
    api_id: str
    domain: str
    stage: str
    path: str
    key: str = "$default"
    resource: str = ""
    resource_id: str = ""
    deployment_id: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)


def version_2(
    request: WebRequest, route: Route, *, authorizer: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Give an event in format 2.0; the path carries the stage's name, unless it is $default."""
    path = route.path if route.stage == "$default" else f"/{route.stage}{route.path}"
    context: dict[str, Any] = {
        "accountId": "anonymous" if route.key == "$default" and authorizer is None else route.account_id,
        "apiId": route.api_id,
        "domainName": route.domain,
        "domainPrefix": route.domain.partition(".")[0],
        "http": {
            "method": request.method,
            "path": path,
            "protocol": "HTTP/1.1",
            "sourceIp": request.source_ip,
            "userAgent": request.header("user-agent"),
        },
        "requestId": request.request_id,
        "routeKey": route.key,
        "stage": route.stage,
        "time": request.time(),
        "timeEpoch": request.epoch_ms(),
    }
    if authorizer is not None:
        context["authorizer"] = authorizer
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": route.key,
        "rawPath": path,
        "rawQueryString": request.signed.query,
        "headers": request.headers(),
        "requestContext": context,
        **body_of(request),
    }
    if cookies := request.cookies():
        event["cookies"] = cookies
    if pairs := request.query_pairs():
        event["queryStringParameters"] = joined(pairs)
    if route.parameters:
        event["pathParameters"] = dict(route.parameters)
    if route.variables:
        event["stageVariables"] = dict(route.variables)
    return event


def version_1(request: WebRequest, route: Route, *, http_api: bool, text: bool = False) -> dict[str, Any]:
    """Give an event in format 1.0: that of REST APIs, and of HTTP APIs that ask for it.

    text: the body is handed over as text whatever its type, as a REST API without binary media types does.
    """
    headers = gathered(request.pairs)
    queries = gathered(request.query_pairs())
    body = body_of(request)
    if text:
        raw = request.signed.body
        body = {"body": raw.decode("utf-8", "replace") if raw else None, "isBase64Encoded": False}
    event: dict[str, Any] = {
        "resource": route.resource,
        "path": route.path,
        "httpMethod": request.method,
        "headers": {name: values[-1] for name, values in headers.items()} or None,
        "multiValueHeaders": headers or None,
        "queryStringParameters": {name: values[-1] for name, values in queries.items()} or None,
        "multiValueQueryStringParameters": queries or None,
        "pathParameters": dict(route.parameters) or None,
        "stageVariables": dict(route.variables) or None,
        "requestContext": _context_1(request, route),
        "body": None,
        **body,
    }
    return {"version": "1.0", **event} if http_api else event


def _context_1(request: WebRequest, route: Route) -> dict[str, Any]:
    return {
        "resourceId": route.resource_id or route.key,
        "resourcePath": route.resource,
        "httpMethod": request.method,
        "extendedRequestId": uuid.uuid4().hex[:16],
        "requestTime": request.time(),
        "requestTimeEpoch": request.epoch_ms(),
        "path": route.path if route.stage == "$default" else f"/{route.stage}{route.path}",
        "accountId": route.account_id,
        "protocol": "HTTP/1.1",
        "stage": route.stage,
        "domainName": route.domain,
        "domainPrefix": route.domain.partition(".")[0],
        "requestId": request.request_id,
        "deploymentId": route.deployment_id,
        "apiId": route.api_id,
        "identity": {
            "cognitoIdentityPoolId": None,
            "accountId": None,
            "cognitoIdentityId": None,
            "caller": None,
            "sourceIp": request.source_ip,
            "principalOrgId": None,
            "accessKey": None,
            "cognitoAuthenticationType": None,
            "cognitoAuthenticationProvider": None,
            "userArn": None,
            "userAgent": request.header("user-agent") or None,
            "user": None,
        },
    }
