"""REST APIs (API Gateway v1): /_api/ID/STAGE/path, for AWS_PROXY integrations with Lambda.

Sources: docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html,
supported-gateway-response-types.html, api-gateway-api-key-source.html, read 2026-11-22.
"""

import fnmatch
from collections.abc import Callable
from typing import Any

from moto.apigateway.models import APIGatewayBackend, apigateway_backends
from moto.iam.models import iam_backends

from sandbox.aws.errors import AwsError
from sandbox.aws.functions.invoking import Reply
from sandbox.aws.http import answers, events
from sandbox.aws.http.asking import WebRequest
from sandbox.aws.http.calling import Gateway
from sandbox.aws.http.matching import match, wildcarded
from sandbox.aws.permissions import holder, is_owner
from sandbox.aws.policies import allows
from sandbox.aws.signature import Caller, SignedRequest

LIMIT_S = 29.0


class RestApis:
    """Answers for the REST APIs that moto keeps. verify: checks a signature, raises AwsError."""

    def __init__(self, gateway: Gateway, verify: Callable[[SignedRequest], Caller]) -> None:
        self._gateway = gateway
        self._verify = verify

    def backend(self) -> APIGatewayBackend:
        account = self._gateway.account
        return apigateway_backends[account.account_id][account.region]

    def answer(self, api: Any, rest: str, request: WebRequest) -> Reply:
        """Answer a request. rest: the path after the API's id, which begins with the stage."""
        name, _, tail = rest.removeprefix("/").partition("/")
        path = f"/{tail}"
        stage = api.stages.get(name)
        deployment = api.deployments.get(stage.deployment_id) if stage is not None else None
        if stage is None or deployment is None:
            return _refused("Forbidden", "ForbiddenException")
        found = _method(getattr(deployment, "snapshot", {"resources": []})["resources"], request.method, path)
        if found is None:
            return _refused("Missing Authentication Token", "MissingAuthenticationTokenException")
        resource, method, parameters = found
        account = self._gateway.account
        route = events.Route(
            account_id=account.account_id,
            api_id=api.id,
            domain=f"{api.id}.execute-api.{account.region}.amazonaws.com",
            stage=name,
            path=path,
            resource=resource["path"],
            resource_id=resource["id"],
            deployment_id=deployment.id,
            parameters=parameters,
            variables=stage.variables,
        )
        if (refusal := self._refusal(api, method, route, request)) is not None:
            return refusal
        binary = deployment.snapshot["binary"]
        return self._integrate(method.get("methodIntegration") or {}, route, request, binary)

    def _refusal(
        self, api: Any, method: dict[str, Any], route: events.Route, request: WebRequest
    ) -> Reply | None:
        """Say why a caller may not, None when it may. What is not built is told, rather than left out."""
        if api.policy:
            return answers.plain(501, "The sandbox evaluates no resource policies of APIs.")
        if method.get("requestValidatorId"):
            return answers.plain(501, "The sandbox validates no requests for methods.")
        kind = method.get("authorizationType") or "NONE"
        if kind == "AWS_IAM":
            if not self._signed(route, request):
                return _refused("Missing Authentication Token", "MissingAuthenticationTokenException")
        elif kind != "NONE":
            return answers.plain(501, f"The sandbox asks no {kind} authorizers.")
        required = str(method.get("apiKeyRequired")).lower() == "true"
        if required and not self._has_key(api.id, route.stage, request.header("x-api-key")):
            return _refused("Forbidden", "ForbiddenException")
        return None

    def _signed(self, route: events.Route, request: WebRequest) -> bool:
        account = self._gateway.account
        try:
            caller = self._verify(request.signed)
        except AwsError:
            return False
        principal = caller.credential.principal
        if caller.service != "execute-api" or is_owner(account.account_id, principal):
            return caller.service == "execute-api"
        arn = self._arn(route, request.method, route.path)
        backend = iam_backends[account.account_id]["aws"]
        return allows(backend, holder(account.account_id, principal), "execute-api:Invoke", arn)

    def _has_key(self, api_id: str, stage: str, value: str) -> bool:
        """Tell whether a usage plan of this stage has an enabled key of this value."""
        backend = self.backend()
        plans = [
            plan.id
            for plan in backend.usage_plans.values()
            if any(one.get("apiId") == api_id and one.get("stage") == stage for one in plan.api_stages)
        ]
        known = {key.id for key in backend.keys.values() if key.value == value and key.enabled}
        return any(known & set(backend.usage_plan_keys.get(plan, {})) for plan in plans)

    def _arn(self, route: events.Route, method: str, path: str) -> str:
        account = self._gateway.account
        place = f"{route.api_id}/{route.stage}/{method}{path}"
        return f"arn:aws:execute-api:{account.region}:{account.account_id}:{place}"

    def _integrate(
        self, integration: dict[str, Any], route: events.Route, request: WebRequest, binary: list[str]
    ) -> Reply:
        if integration.get("type") != "AWS_PROXY":
            kind = integration.get("type") or "no"
            return answers.plain(501, f"The sandbox serves AWS_PROXY integrations only, not {kind}.")
        target = self._gateway.target(integration.get("uri") or "", route.variables)
        sources = [
            self._arn(route, request.method, path) for path in (route.path, wildcarded(route.resource))
        ]
        if target is None or not self._gateway.permitted(target, sources, integration.get("credentials")):
            return _failed(500)
        kind = request.header("content-type").partition(";")[0].strip()
        is_binary = any(fnmatch.fnmatchcase(kind, one.replace("~1", "/")) for one in binary)
        event = events.version_1(request, route, http_api=False, text=not is_binary)
        limit_s = min(LIMIT_S, int(integration.get("timeoutInMillis") or LIMIT_S * 1000) / 1000)
        try:
            ran = self._gateway.call(target, event, request.request_id, limit_s=limit_s)
        except AwsError:
            return _failed(500)
        if ran is None:
            return answers.plain(504, "Endpoint request timed out", kind="InternalServerErrorException")
        if ran.execution.outcome != "ok":
            return _failed(502)
        try:
            reply = answers.version_1(ran.answer)
        except answers.Malformed:
            return _failed(502)
        reply.headers.setdefault("x-amz-apigw-id", request.request_id)
        return reply


def _method(
    resources: list[dict[str, Any]], method: str, path: str
) -> tuple[dict[str, Any], dict[str, Any], dict[str, str]] | None:
    """Give the most specific resource on which the path falls, its method and the path's parameters."""
    fitting = [(match(one["path"], path), one) for one in resources]
    ranked = sorted(((hit[0], hit[1], one) for hit, one in fitting if hit), key=lambda item: item[0])
    for _, parameters, resource in ranked:
        found = resource["methods"].get(method) or resource["methods"].get("ANY")
        if found is not None:
            return resource, found, parameters
    return None


def _refused(message: str, kind: str) -> Reply:
    return answers.plain(403, message, kind=kind)


def _failed(status: int) -> Reply:
    return answers.plain(status, "Internal server error", kind="InternalServerErrorException")
