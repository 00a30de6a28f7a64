"""The operations of FC 3.0, each with its path and what answers it.

Source: alibabacloud-fc20230330 4.8.3, client.py: 72 operations, read 2026-11-22. Those that the sandbox
does not have are here too, so that a call of one is refused by name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.alibaba.fc.attachments import AsyncConfigs, Concurrency
from sandbox.alibaba.fc.domains import Domains
from sandbox.alibaba.fc.functions import Functions
from sandbox.alibaba.fc.layers import Layers
from sandbox.alibaba.fc.model import invalid
from sandbox.alibaba.fc.routes import Answer, Call, Route, route
from sandbox.alibaba.fc.scaling import QualifierConfigs
from sandbox.alibaba.fc.tags import Tags
from sandbox.alibaba.fc.versions import Aliases, Versions
from sandbox.alibaba.triggers.store import Triggers
from sandbox.alibaba.wire import Refused

_ABSENT = (
    ("ChangeResourceGroup", "PUT", "/resource-groups"),
    ("CreateSession", "POST", "/functions/{}/sessions"),
    ("ListSessions", "GET", "/functions/{}/sessions"),
    ("GetSession", "GET", "/functions/{}/sessions/{}"),
    ("UpdateSession", "PUT", "/functions/{}/sessions/{}"),
    ("DeleteSession", "DELETE", "/functions/{}/sessions/{}"),
    ("PauseSession", "PUT", "/functions/{}/sessions/{}/pause"),
    ("ResumeSession", "PUT", "/functions/{}/sessions/{}/resume"),
    ("CreateSnapshot", "POST", "/functions/{}/snapshots"),
    ("GetSnapshot", "GET", "/functions/{}/snapshots/{}"),
    ("DeleteSnapshot", "DELETE", "/functions/{}/snapshots/{}"),
    ("ListSnapshots", "GET", "/snapshots"),
    ("CreateVpcBinding", "POST", "/functions/{}/vpc-bindings"),
    ("ListVpcBindings", "GET", "/functions/{}/vpc-bindings"),
    ("DeleteVpcBinding", "DELETE", "/functions/{}/vpc-bindings/{}"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Services:
    """What answers the calls."""

    functions: Functions
    versions: Versions
    aliases: Aliases
    triggers: Triggers
    concurrency: Concurrency
    async_configs: AsyncConfigs
    provision: QualifierConfigs
    scaling: QualifierConfigs
    layers: Layers
    domains: Domains
    tags: Tags
    tasks: Any
    instances: Callable[[str, dict[str, str]], object]
    region: str


def _absent(operation: str) -> Answer:
    def refuse(call: Call) -> object:
        raise Refused(400, "PathNotSupported", f"the sandbox does not have {operation}")

    return refuse


def routes_of(services: Services) -> tuple[Route, ...]:
    """Give every route except that of InvokeFunction."""
    return (
        *_function_routes(services.functions, services.tags),
        *_version_routes(services.versions, services.aliases),
        *_trigger_routes(services.triggers),
        *_concurrency_routes(services.concurrency),
        *_config_routes("ProvisionConfig", "provision-config", services.provision),
        *_config_routes("ScalingConfig", "scaling-config", services.scaling),
        *_config_routes("AsyncInvokeConfig", "async-invoke-config", services.async_configs),
        *_task_routes(services.tasks),
        *_layer_routes(services.layers),
        *_domain_routes(services.domains),
        route(
            "ListInstances",
            "GET",
            "/functions/{}/instances",
            lambda c: services.instances(c.names[0], c.query),
        ),
        route("DescribeRegions", "GET", "/regions", lambda c: _regions(services.region)),
        *(route(name, method, path, _absent(name)) for name, method, path in _ABSENT),
    )


def _regions(region: str) -> dict[str, Any]:
    row = {"RegionId": region, "LocalName": region, "RegionEndpoint": f"fcv3.{region}.aliyuncs.com"}
    return {"Regions": {"Region": [row]}}


def _function_routes(fc: Functions, tags: Tags) -> tuple[Route, ...]:
    def disable(call: Call) -> object:
        if call.document.get("abortOngoingRequest"):
            raise invalid("the sandbox does not abort running invocations, so abortOngoingRequest is refused")
        return fc.restrict(call.names[0], disable=True, reason=str(call.document.get("reason") or ""))

    one = "/functions/{}"
    return (
        route("CreateFunction", "POST", "/functions", lambda c: fc.create(c.document)),
        route("ListFunctions", "GET", "/functions", lambda c: fc.list(c.query)),
        route("GetFunction", "GET", one, lambda c: fc.get(c.names[0], c.qualifier)),
        route("UpdateFunction", "PUT", one, lambda c: fc.update(c.names[0], c.document)),
        route("DeleteFunction", "DELETE", one, lambda c: fc.delete(c.names[0])),
        route("GetFunctionCode", "GET", f"{one}/code", lambda c: fc.get_code(c.names[0], c.qualifier)),
        route("DisableFunctionInvocation", "POST", f"{one}/invoke/disable", disable),
        route(
            "EnableFunctionInvocation",
            "POST",
            f"{one}/invoke/enable",
            lambda c: fc.restrict(c.names[0], disable=False, reason=""),
        ),
        route("TagResources", "POST", "/tags-v2", lambda c: tags.tag(c.document)),
        route("UntagResources", "DELETE", "/tags-v2", lambda c: tags.untag(c.query)),
        route("ListTagResources", "GET", "/tags-v2", lambda c: tags.list(c.query)),
    )


def _version_routes(versions: Versions, aliases: Aliases) -> tuple[Route, ...]:
    some, one = "/functions/{}/versions", "/functions/{}/aliases/{}"
    return (
        route("PublishFunctionVersion", "POST", some, lambda c: versions.publish(c.names[0], c.document)),
        route("ListFunctionVersions", "GET", some, lambda c: versions.list(c.names[0], c.query)),
        route("DeleteFunctionVersion", "DELETE", f"{some}/{{}}", lambda c: versions.delete(*c.names)),
        route(
            "CreateAlias", "POST", "/functions/{}/aliases", lambda c: aliases.create(c.names[0], c.document)
        ),
        route("ListAliases", "GET", "/functions/{}/aliases", lambda c: aliases.list(c.names[0], c.query)),
        route("GetAlias", "GET", one, lambda c: aliases.get(*c.names)),
        route("UpdateAlias", "PUT", one, lambda c: aliases.update(c.names[0], c.names[1], c.document)),
        route("DeleteAlias", "DELETE", one, lambda c: aliases.delete(*c.names)),
    )


def _trigger_routes(triggers: Triggers) -> tuple[Route, ...]:
    some, one = "/functions/{}/triggers", "/functions/{}/triggers/{}"
    return (
        route("CreateTrigger", "POST", some, lambda c: triggers.create(c.names[0], c.document)),
        route("ListTriggers", "GET", some, lambda c: triggers.list(c.names[0], c.query)),
        route("GetTrigger", "GET", one, lambda c: triggers.get(*c.names)),
        route("UpdateTrigger", "PUT", one, lambda c: triggers.update(c.names[0], c.names[1], c.document)),
        route("DeleteTrigger", "DELETE", one, lambda c: triggers.delete(*c.names)),
    )


def _concurrency_routes(concurrency: Concurrency) -> tuple[Route, ...]:
    one = "/functions/{}/concurrency"
    return (
        route("PutConcurrencyConfig", "PUT", one, lambda c: concurrency.put(c.names[0], c.document)),
        route("GetConcurrencyConfig", "GET", one, lambda c: concurrency.get(c.names[0])),
        route("DeleteConcurrencyConfig", "DELETE", one, lambda c: concurrency.delete(c.names[0])),
        route("ListConcurrencyConfigs", "GET", "/concurrency-configs", lambda c: concurrency.list(c.query)),
    )


def _config_routes(what: str, path: str, configs: QualifierConfigs | AsyncConfigs) -> tuple[Route, ...]:
    """Give the four calls on a configuration that belongs to a qualifier."""
    one = f"/functions/{{}}/{path}"
    return (
        route(f"Put{what}", "PUT", one, lambda c: configs.put(c.names[0], c.qualifier, c.document)),
        route(f"Get{what}", "GET", one, lambda c: configs.get(c.names[0], c.qualifier)),
        route(f"Delete{what}", "DELETE", one, lambda c: configs.delete(c.names[0], c.qualifier)),
        route(f"List{what}s", "GET", f"/{path}s", lambda c: configs.list(c.query)),
    )


def _task_routes(tasks: Any) -> tuple[Route, ...]:
    one = "/functions/{}/async-tasks/{}"
    return (
        route(
            "ListAsyncTasks", "GET", "/functions/{}/async-tasks", lambda c: tasks.list(c.names[0], c.query)
        ),
        route("GetAsyncTask", "GET", one, lambda c: tasks.get(*c.names)),
        route("StopAsyncTask", "PUT", f"{one}/stop", lambda c: tasks.stop(*c.names)),
    )


def _layer_routes(layers: Layers) -> tuple[Route, ...]:
    some, one = "/layers/{}/versions", "/layers/{}/versions/{}"
    return (
        route("CreateLayerVersion", "POST", some, lambda c: layers.publish(c.names[0], c.document)),
        route("ListLayerVersions", "GET", some, lambda c: layers.list_versions(c.names[0], c.query)),
        route("GetLayerVersion", "GET", one, lambda c: layers.get(*c.names)),
        route("DeleteLayerVersion", "DELETE", one, lambda c: layers.delete(*c.names)),
        route("ListLayers", "GET", "/layers", lambda c: layers.list(c.query)),
        route("GetLayerVersionByArn", "GET", "/layerarn/{}", lambda c: layers.get_by_arn(c.names[0])),
        route("PutLayerACL", "PUT", "/layers/{}/acl", lambda c: layers.set_acl(c.names[0], c.query)),
    )


def _domain_routes(domains: Domains) -> tuple[Route, ...]:
    some, one = "/custom-domains", "/custom-domains/{}"
    return (
        route("CreateCustomDomain", "POST", some, lambda c: domains.create(c.document)),
        route("ListCustomDomains", "GET", some, lambda c: domains.list(c.query)),
        route("GetCustomDomain", "GET", one, lambda c: domains.get(c.names[0])),
        route("UpdateCustomDomain", "PUT", one, lambda c: domains.update(c.names[0], c.document)),
        route("DeleteCustomDomain", "DELETE", one, lambda c: domains.delete(c.names[0])),
    )
