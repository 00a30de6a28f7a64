"""What moto's API Gateway lacks: deployments that are snapshots, and the calls that re-point an integration.

- v1: CreateDeployment keeps what it deploys and leaves its stage's other settings alone; UpdateIntegration.
- v2: CreateApi with a Target makes its route and its stage; CreateDeployment, GetDeployment(s),
  DeleteDeployment, UpdateStage; a stage without AutoDeploy serves its deployment. Canaries are refused.
moto is pinned, since these are its private names. Snapshots are plain values on moto's own objects, so that
they are kept with them.
"""

import json
import secrets
import string
from datetime import UTC, datetime
from inspect import signature
from typing import Any
from urllib.parse import unquote

from moto.apigateway.exceptions import BadRequestException
from moto.apigateway.models import Deployment, RestAPI, Stage
from moto.apigateway.responses import APIGatewayResponse
from moto.apigatewayv2 import models as v2_models
from moto.apigatewayv2.responses import ApiGatewayV2Response
from moto.apigatewayv2.urls import url_paths as v2_paths

from sandbox.aws.functions.model import Account

Answer = tuple[int, dict[str, Any], str]
_REPLACEABLE = {
    "/uri": "uri",
    "/httpMethod": "http_method",
    "/timeoutInMillis": "timeout_in_millis",
    "/credentials": "credentials",
    "/passthroughBehavior": "passthrough_behaviour",
    "/contentHandling": "content_handling",
    "/cacheNamespace": "cache_namespace",
    "/connectionType": "connection_type",
}


def install(account: Account) -> None:
    """Patch moto in this process; called once, before the first request."""
    api_json = v2_models.Api.to_json
    # No name of AWS leads to this machine: an API's endpoint is its path on loopback.
    v2_models.Api.to_json = lambda self: (
        api_json(self) | {"apiEndpoint": f"{account.address}/_api/{self.api_id}"}
    )
    ApiGatewayV2Response.create_api = _quick_create(ApiGatewayV2Response.create_api)
    RestAPI.create_deployment = _deploy_v1
    Stage.apply_operations = _refusing_canaries(Stage.apply_operations)
    APIGatewayResponse.update_integration = _update_integration
    for name, answer in (
        ("create_deployment", _create_deployment),
        ("get_deployments", _get_deployments),
        ("get_deployment", _get_deployment),
        ("delete_deployment", _delete_deployment),
        ("update_stage", _update_stage),
    ):
        setattr(ApiGatewayV2Response, name, answer)
    for path in ("deployments$", "deployments/(?P<deployment_id>[^/]+)$"):
        v2_paths["{0}/v2/apis/(?P<api_id>[^/]+)/" + path] = ApiGatewayV2Response.dispatch
    stage_json = v2_models.Stage.to_json
    v2_models.Stage.to_json = lambda self: stage_json(self) | _deployed(self)


# --- REST APIs


def snapshot_v1(api: Any) -> dict[str, Any]:
    """Give what a deployment of a REST API serves, as plain values."""
    return {
        "resources": [
            {
                "id": resource.id,
                "path": resource.get_path(),
                "methods": {name: method.to_json() for name, method in resource.resource_methods.items()},
            }
            for resource in api.resources.values()
        ],
        "binary": list(api.binaryMediaTypes),
    }


def _deploy_v1(self: Any, name: str, description: str, stage_variables: Any = None) -> Any:
    deployment = Deployment(_drawn(6), name, description or "")
    deployment.snapshot = snapshot_v1(self)
    self.deployments[deployment.id] = deployment
    if name:
        stage = self.stages.get(name)
        if stage is None:
            stage = self.stages[name] = Stage(name=name, deployment_id=deployment.id)
        stage.deployment_id = deployment.id
        stage.variables.update(stage_variables or {})
    return deployment


def _refusing_canaries(apply: Any) -> Any:
    def apply_operations(self: Any, patch_operations: list[dict[str, Any]]) -> Any:
        if any(operation["path"].startswith("/canarySettings") for operation in patch_operations):
            raise _Refused("The sandbox offers no canaries.")
        return apply(self, patch_operations)

    return apply_operations


class _Refused(BadRequestException):  # type: ignore[misc]
    code = 501

    def __init__(self, message: str) -> None:
        super().__init__("NotImplementedException", message)


def _update_integration(self: Any) -> Answer:
    parts = self.path.split("/")
    integration = self.backend.get_integration(parts[2], parts[4], parts[6])
    operations = self._get_param("patchOperations") or []
    for operation in operations:
        path = operation["path"]
        if operation["op"] not in ("replace", "add") or not (
            path in _REPLACEABLE or path.startswith("/requestParameters/")
        ):
            raise _Refused(f"The sandbox does not patch {operation['op']} {path[:100]} of an integration.")
    for operation in operations:
        if operation["path"] in _REPLACEABLE:
            setattr(integration, _REPLACEABLE[operation["path"]], operation["value"])
        else:
            name = operation["path"].removeprefix("/requestParameters/")
            integration.request_parameters = {
                **(integration.request_parameters or {}),
                name: operation["value"],
            }
    return 200, {"status": 200}, json.dumps(integration.to_json())


# --- HTTP APIs


def snapshot_v2(api: Any) -> dict[str, Any]:
    """Give what an HTTP API serves now, as plain values."""
    return {
        "routes": [route.to_json() for route in api.routes.values()],
        "integrations": {name: one.to_json() for name, one in api.integrations.items()},
    }


def deployments_of(api: Any) -> dict[str, dict[str, Any]]:
    """Give the deployments of an HTTP API by their id."""
    kept: dict[str, dict[str, Any]] = vars(api).setdefault("kept_deployments", {})
    return kept


def _deployed(stage: Any) -> dict[str, Any]:
    deployment = stage.config.get("deploymentId")
    return {"deploymentId": deployment} if deployment else {}


def _quick_create(create: Any) -> Any:
    def create_api(self: Any) -> Answer:
        asked = json.loads(self.body or "{}")
        target = asked.get("target")
        answer: Answer = create(self)
        if target is None:
            return answer
        api = self.apigatewayv2_backend.get_api(json.loads(answer[2])["apiId"])
        given = {"integration_type": "AWS_PROXY", "integration_uri": target, "payload_format_version": "2.0"}
        names = signature(api.create_integration).parameters
        integration = api.create_integration(**{name: given.get(name) for name in names})
        api.create_route(
            api_key_required=False,
            authorization_scopes=[],
            route_key=asked.get("routeKey") or "$default",
            target=f"integrations/{integration.id}",
        )
        api.create_stage({"stageName": "$default", "autoDeploy": True})
        return answer

    return create_api


def _api(self: Any) -> Any:
    return self.apigatewayv2_backend.get_api(self.path.split("/")[3])


def _create_deployment(self: Any) -> Answer:
    api, asked = _api(self), json.loads(self.body or "{}")
    name = asked.get("stageName")
    stage = api.get_stage(name) if name else None
    if stage is not None and stage.auto_deploy:
        return _bad("Deployment ID cannot be set on a stage that has AutoDeploy enabled.")
    deployment = {
        "deploymentId": _drawn(6),
        "createdDate": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "deploymentStatus": "DEPLOYED",
        "autoDeployed": False,
        "description": asked.get("description", ""),
    }
    deployments_of(api)[deployment["deploymentId"]] = {"shown": deployment, "snapshot": snapshot_v2(api)}
    if stage is not None:
        stage.config["deploymentId"] = deployment["deploymentId"]
    return 201, {}, json.dumps(deployment)


def _get_deployments(self: Any) -> Answer:
    return 200, {}, json.dumps({"items": [one["shown"] for one in deployments_of(_api(self)).values()]})


def _get_deployment(self: Any) -> Answer:
    found = deployments_of(_api(self)).get(self.path.split("/")[-1])
    return _missing() if found is None else (200, {}, json.dumps(found["shown"]))


def _delete_deployment(self: Any) -> Answer:
    api, deployment = _api(self), self.path.split("/")[-1]
    if deployment not in deployments_of(api):
        return _missing()
    if any(stage.config.get("deploymentId") == deployment for stage in api.stages.values()):
        return _bad("Active stages pointing to this deployment must be moved or deleted.")
    del deployments_of(api)[deployment]
    return 204, {}, ""


def _update_stage(self: Any) -> Answer:
    api, asked = _api(self), json.loads(self.body or "{}")
    stage = api.get_stage(unquote(self.path.split("/")[-1]))
    if "deploymentId" in asked:
        if asked.get("autoDeploy", stage.auto_deploy):
            return _bad("Deployment ID cannot be set on a stage that has AutoDeploy enabled.")
        if asked["deploymentId"] not in deployments_of(api):
            return _missing()
        stage.config["deploymentId"] = asked["deploymentId"]
    for name, field in (
        ("autoDeploy", "auto_deploy"),
        ("description", "description"),
        ("stageVariables", "stage_variables"),
        ("defaultRouteSettings", "default_route_settings"),
        ("routeSettings", "route_settings"),
        ("accessLogSettings", "access_log_settings"),
    ):
        if name in asked:
            setattr(stage, field, asked[name])
    stage.updated = datetime.now()  # noqa: DTZ005 - moto's own dates are naive
    return 200, {}, json.dumps(stage.to_json())


def _missing() -> Answer:
    return (
        404,
        {"x-amzn-errortype": "NotFoundException"},
        json.dumps({"message": "Invalid deployment identifier"}),
    )


def _bad(message: str) -> Answer:
    return 400, {"x-amzn-errortype": "BadRequestException"}, json.dumps({"message": message})


def _drawn(length: int) -> str:
    return "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(length))
