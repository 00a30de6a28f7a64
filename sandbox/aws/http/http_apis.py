"""HTTP APIs (API Gateway v2): /_api/ID/[STAGE/]path, for AWS_PROXY integrations with Lambda.

Source: docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html and
http-api-develop-routes.html, read 2026-11-22. CORS: sandbox.aws.http.cors.
"""

from typing import Any

from moto.apigatewayv2.models import ApiGatewayV2Backend, apigatewayv2_backends

from sandbox.aws.errors import AwsError
from sandbox.aws.functions.invoking import Reply
from sandbox.aws.http import answers, events
from sandbox.aws.http.asking import WebRequest
from sandbox.aws.http.calling import Gateway
from sandbox.aws.http.control import deployments_of, snapshot_v2
from sandbox.aws.http.matching import match, wildcarded

LIMIT_S = 30.0
_DEFAULT = "$default"


class HttpApis:
    """Answers for the HTTP APIs that moto keeps."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def backend(self) -> ApiGatewayV2Backend:
        account = self._gateway.account
        return apigatewayv2_backends[account.account_id][account.region]

    def answer(self, api: Any, rest: str, request: WebRequest) -> Reply:
        """Answer a request. rest: the path after the API's id, with the stage's name but for $default."""
        if api.protocol_type != "HTTP":
            return answers.plain(501, "The sandbox serves HTTP APIs only.")
        name, _, tail = rest.removeprefix("/").partition("/")
        path = f"/{tail}"
        if name not in api.stages or name == _DEFAULT:
            name, path = _DEFAULT, rest or "/"
        stage = api.stages.get(name)
        snapshot = _served(api, stage) if stage is not None else None
        found = _route(snapshot["routes"], request.method, path) if snapshot is not None else None
        if snapshot is None or found is None:
            return answers.plain(404, "Not Found")
        route_json, parameters = found
        if (kind := route_json.get("authorizationType") or "NONE") != "NONE":
            return answers.plain(501, f"The sandbox asks no {kind} authorizers.")
        account = self._gateway.account
        key = route_json["routeKey"]
        route = events.Route(
            account_id=account.account_id,
            api_id=api.api_id,
            domain=f"{api.api_id}.execute-api.{account.region}.amazonaws.com",
            stage=name,
            path=path,
            key=key,
            resource=key.partition(" ")[2] or key,
            deployment_id=stage.config.get("deploymentId") or "",
            parameters=parameters,
            variables=stage.stage_variables or {},
        )
        integration = snapshot["integrations"].get((route_json.get("target") or "").partition("/")[2]) or {}
        return self._integrate(integration, route, request)

    def _integrate(self, integration: dict[str, Any], route: events.Route, request: WebRequest) -> Reply:
        if integration.get("integrationType") != "AWS_PROXY" or integration.get("integrationSubtype"):
            return answers.plain(501, "The sandbox serves AWS_PROXY integrations with Lambda only.")
        target = self._gateway.target(integration.get("integrationUri") or "", route.variables)
        role = integration.get("credentialsArn")
        if target is None or not self._gateway.permitted(target, self._sources(route, request.method), role):
            return _failed()
        if integration.get("payloadFormatVersion") == "2.0":
            event, read = events.version_2(request, route), answers.version_2
            event["requestContext"]["accountId"] = route.account_id
        else:
            event, read = events.version_1(request, route, http_api=True), answers.version_1
        limit_s = min(LIMIT_S, int(integration.get("timeoutInMillis") or LIMIT_S * 1000) / 1000)
        try:
            ran = self._gateway.call(target, event, request.request_id, limit_s=limit_s)
        except AwsError as error:
            return answers.plain(503, "Service Unavailable") if error.status == 429 else _failed()
        if ran is None:
            return answers.plain(503, "Service Unavailable")
        if ran.execution.outcome != "ok":
            return _failed()
        try:
            reply = read(ran.answer)
        except answers.Malformed:
            return _failed()
        reply.headers.setdefault("apigw-requestid", request.request_id)
        return reply

    def _sources(self, route: events.Route, method: str) -> list[str]:
        """Give the ARNs by which a policy may name this route."""
        account = self._gateway.account
        start = f"arn:aws:execute-api:{account.region}:{account.account_id}:{route.api_id}/{route.stage}"
        if route.key == _DEFAULT:
            return [f"{start}/{_DEFAULT}"]
        paths = {route.path, route.resource, wildcarded(route.resource)}
        return [f"{start}/{verb}{path}" for verb in (method, "*") for path in sorted(paths)]


def _served(api: Any, stage: Any) -> dict[str, Any] | None:
    """Give what a stage serves: with AutoDeploy the API as it is, else its deployment, or None."""
    if stage.auto_deploy:
        return snapshot_v2(api)
    kept = deployments_of(api).get(stage.config.get("deploymentId") or "")
    return kept["snapshot"] if kept is not None else None


def _route(
    routes: list[dict[str, Any]], method: str, path: str
) -> tuple[dict[str, Any], dict[str, str]] | None:
    """Give the most specific route, a named method before ANY, $default last, with the path's parameters."""
    ranked = []
    for route in routes:
        verb, _, pattern = route["routeKey"].partition(" ")
        if verb in (method, "ANY") and pattern and (hit := match(pattern, path)) is not None:
            ranked.append(((hit[0], verb == "ANY"), hit[1], route))
    if ranked:
        _, parameters, best = min(ranked, key=lambda item: item[0])
        return best, parameters
    fallback = next((route for route in routes if route["routeKey"] == _DEFAULT), None)
    return (fallback, {}) if fallback is not None else None


def _failed() -> Reply:
    return answers.plain(500, "Internal Server Error")
