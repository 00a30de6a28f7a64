"""What there is on Lambda: functions with all that the inventory and the assessment judge by.

Environment values are hashed as they arrive and dropped. Triggers come from event source mappings, from the
services that call (``clouds.aws.callers``), from the resource policies (bare and per alias) where those tell
nothing, and from function URLs; each names the qualifier that it addresses.
"""

from __future__ import annotations

import base64
import hashlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, TypeVar

import urllib3

from clouds.aws import facts
from clouds.aws.callers import Callers
from clouds.aws.configuration import environment_hashes
from clouds.aws.deployer import LATEST, versions
from clouds.aws.deployments import Deployments
from clouds.aws.errors import calling
from clouds.aws.roles import Roles
from clouds.aws.session import CONNECT_S, READ_S, Clients
from cutover.errors import CloudError, Denied, Invalid, NoAnswer, NotFound, Unavailable, UnsupportedFeature
from cutover.ports import Document, FunctionFacts

LARGEST_PACKAGE = 300 * 1024 * 1024
MAPPINGS_KEPT_S = 10.0

T = TypeVar("T")


class LambdaCatalog:
    """``cutover.ports.LambdaCatalog`` on boto3."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._lock = threading.Lock()
        self._mappings: tuple[float, list[dict[str, Any]]] = (float("-inf"), [])
        self._callers = Callers(clients)
        self._roles = Roles(clients)
        self._deployments = Deployments(clients)

    def names(self) -> Iterator[str]:
        """Give every function's name in this account and region; what calls them is then read anew."""
        self._callers.forget()
        self._roles.forget()
        self._deployments.forget()
        with calling("lambda:ListFunctions", secret=True):
            for page in self._lambda.get_paginator("list_functions").paginate():
                yield from (one["FunctionName"] for one in page["Functions"])

    def describe(self, function: str, *, hash_key: bytes) -> FunctionFacts:
        """Give the facts of a function. Raises NotFound."""
        with calling("lambda:GetFunction", secret=True):
            answer = self._lambda.get_function(FunctionName=function)
        raw, tags = answer["Configuration"], answer.get("Tags") or {}
        aliases = self._aliases(function)
        unread: list[str] = []
        read = _OptionalReader(unread)
        nothing: list[str] = []
        callers_unread: list[str] = []
        no_urls: list[dict[str, Any]] = []
        urls = read("lambda:ListFunctionUrlConfigs", lambda: self._urls(function), no_urls)
        triggers = (
            *facts.mapping_triggers(self._mappings_of(raw["FunctionArn"], function)),
            *self._callers.triggers(
                raw["FunctionArn"], function, self._policy_triggers(function, aliases, read), callers_unread
            ),
            *facts.url_triggers(urls),
        )
        role_policies = self._roles.statements(raw.get("Role", ""))
        limits = (
            *facts.limits_of_configuration(raw),
            *facts.limits_of_urls(urls),
            *read("lambda:GetFunctionCodeSigningConfig", lambda: self._signing_limits(function), nothing),
            *read("lambda:GetRuntimeManagementConfig", lambda: self._management_limits(function), nothing),
            *unread,
        )
        return FunctionFacts(
            name=raw["FunctionName"],
            arn=raw["FunctionArn"],
            runtime=raw.get("Runtime", ""),
            handler=raw.get("Handler", ""),
            role=raw.get("Role", ""),
            memory_mb=int(raw.get("MemorySize", 128)),
            timeout_s=int(raw.get("Timeout", 3)),
            code_sha256=raw.get("CodeSha256", ""),
            code_size=int(raw.get("CodeSize", 0)),
            package_type=raw.get("PackageType", "Zip"),
            architectures=tuple(raw.get("Architectures") or ("x86_64",)),
            layers=tuple(layer["Arn"] for layer in raw.get("Layers") or ()),
            environment=environment_hashes(
                (raw.get("Environment") or {}).get("Variables") or {}, key=hash_key
            ),
            description=raw.get("Description", ""),
            tags=dict(tags),
            vpc=bool((raw.get("VpcConfig") or {}).get("SubnetIds")),
            dead_letter=(raw.get("DeadLetterConfig") or {}).get("TargetArn") or "",
            reserved_concurrency=(answer.get("Concurrency") or {}).get("ReservedConcurrentExecutions"),
            ephemeral_mb=int((raw.get("EphemeralStorage") or {}).get("Size", 512)),
            last_modified=str(raw.get("LastModified", "")),
            versions=tuple(
                str(one["Version"]) for one in versions(self._clients, function) if one["Version"] != LATEST
            ),
            aliases=aliases,
            triggers=triggers,
            managed_by=facts.managed_by(tags),
            limits=limits,
            configuration={
                **self._configuration(function, raw, callers_unread),
                **({"code_deploy": owners} if (owners := self._deployments.of(function)) else {}),
                **facts.image(answer.get("Code") or {}),
                **({} if role_policies is None else {"role_policies": role_policies}),
            },
        )

    def package(self, function: str, *, version: str) -> bytes:
        """Download the deployment package and check it against AWS's own hash."""
        with calling("lambda:GetFunction", secret=True):
            answer = self._lambda.get_function(FunctionName=function, **_qualifier(version))
        raw = answer["Configuration"]
        if raw.get("PackageType", "Zip") != "Zip":
            raise UnsupportedFeature("aws", "the package of an image function cannot be downloaded")
        archive = self._download(answer["Code"]["Location"])
        if base64.b64encode(hashlib.sha256(archive).digest()).decode() != raw["CodeSha256"]:
            raise Invalid(
                f"The package of {function}:{version} does not have the hash that AWS names.",
                cloud="aws",
                operation="lambda:GetFunction",
            )
        return archive

    def environment(self, function: str, *, version: str) -> Mapping[str, str]:
        """Give environment values; secret. Raises Denied when KMS refuses them."""
        with calling("lambda:GetFunctionConfiguration", secret=True):
            raw = self._lambda.get_function_configuration(FunctionName=function, **_qualifier(version))
        found = raw.get("Environment") or {}
        if found.get("Error"):
            raise Denied(
                f"The environment of {function} is encrypted with a key that these credentials may not use.",
                cloud="aws",
                operation="lambda:GetFunctionConfiguration",
                code=str(found["Error"].get("ErrorCode", "")),
            )
        return dict(found.get("Variables") or {})

    def _configuration(self, function: str, raw: Mapping[str, Any], unread: list[str]) -> Document:
        """Give what only the assessment reads; what is not set is left out."""

        def event_invoke() -> list[dict[str, Any]]:
            pages = self._lambda.get_paginator("list_function_event_invoke_configs")
            answers = pages.paginate(FunctionName=function)
            return [one for page in answers for one in page["FunctionEventInvokeConfigs"]]

        def provisioned() -> list[Any]:
            answer = self._lambda.list_provisioned_concurrency_configs(FunctionName=function)
            return list(answer.get("ProvisionedConcurrencyConfigs") or ())

        found = facts.configuration(raw)
        for operation, name, call, shape in (
            ("lambda:ListFunctionEventInvokeConfigs", "event_invoke", event_invoke, facts.event_invoke),
            ("lambda:ListProvisionedConcurrencyConfigs", "provisioned", provisioned, bool),
        ):
            try:
                with calling(operation):
                    given = shape(call())
            except NotFound:
                continue
            except CloudError as error:
                unread.append(f"{operation} could not be read ({type(error).__name__}).")
                continue
            if given:
                found[name] = given
        return {**found, **({"unread": unread} if unread else {})}

    @property
    def _lambda(self) -> Any:
        return self._clients.get("lambda")

    def _aliases(self, function: str) -> dict[str, Document]:
        with calling("lambda:ListAliases"):
            pages = self._lambda.get_paginator("list_aliases").paginate(FunctionName=function)
            return {
                one["Name"]: {"version": one["FunctionVersion"], "weights": facts.weights_bp(one)}
                for page in pages
                for one in page["Aliases"]
            }

    def _mappings_of(self, arn: str, function: str) -> list[dict[str, Any]]:
        """Filter the account's mappings: whether a filter by name includes an alias's is not documented.

        The list is kept for ten seconds, so that a whole inventory does not read it once per function.
        """
        with self._lock:
            read_at, found = self._mappings
            if time.monotonic() - read_at > MAPPINGS_KEPT_S:
                with calling("lambda:ListEventSourceMappings"):
                    pages = self._lambda.get_paginator("list_event_source_mappings").paginate()
                    found = [one for page in pages for one in page["EventSourceMappings"]]
                self._mappings = (time.monotonic(), found)
        return [one for one in found if facts.addresses(one.get("FunctionArn", ""), arn, function)]

    def _policy_triggers(
        self, function: str, aliases: Mapping[str, Document], read: _OptionalReader
    ) -> tuple[Document, ...]:
        found: list[Document] = []
        for qualifier in ("", *aliases):
            document = read("lambda:GetPolicy", partial(self._policy, function, qualifier), "")
            found += facts.policy_triggers(document, qualifier)
        return tuple(found)

    def _policy(self, function: str, qualifier: str) -> str:
        answer = self._lambda.get_policy(FunctionName=function, **_qualifier(qualifier))
        return str(answer["Policy"])

    def _urls(self, function: str) -> list[dict[str, Any]]:
        answer = self._lambda.list_function_url_configs(FunctionName=function)
        return list(answer.get("FunctionUrlConfigs") or ())

    def _signing_limits(self, function: str) -> list[str]:
        arn = self._lambda.get_function_code_signing_config(FunctionName=function).get("CodeSigningConfigArn")
        if not arn:
            return []
        found = self._lambda.get_code_signing_config(CodeSigningConfigArn=arn)
        policy = found["CodeSigningConfig"].get("CodeSigningPolicies") or {}
        if policy.get("UntrustedArtifactOnDeployment") != "Enforce":
            return []
        return ["Code signing is enforced, and the layers of tap and relay are not signed."]

    def _management_limits(self, function: str) -> list[str]:
        found = self._lambda.get_runtime_management_config(FunctionName=function)
        if found.get("UpdateRuntimeOn") != "Manual":
            return []
        return ["Runtime management is Manual, so the runtime of $LATEST cannot be changed."]

    def _download(self, location: str) -> bytes:
        """Get a presigned URL, which is secret: no error may repeat it."""
        pool: urllib3.PoolManager = (
            urllib3.ProxyManager(self._clients.proxy) if self._clients.proxy else urllib3.PoolManager()
        )
        timeout = urllib3.Timeout(connect=CONNECT_S, read=READ_S)
        try:
            answer = pool.request(
                "GET", location, timeout=timeout, retries=False, redirect=False, preload_content=False
            )
            body = answer.read(LARGEST_PACKAGE + 1)
            answer.release_conn()
        except urllib3.exceptions.HTTPError as error:
            kind = type(error).__name__
            raise NoAnswer(cloud="aws", operation="lambda:DownloadPackage", code=kind) from None
        finally:
            pool.clear()
        if answer.status != 200:
            raise Unavailable(cloud="aws", operation="lambda:DownloadPackage", code=str(answer.status))
        if len(body) > LARGEST_PACKAGE:
            raise UnsupportedFeature("aws", "the package is above 300 MB")
        return body


class _OptionalReader:
    """Reads what may be absent (NotFound is the default) or forbidden (said among the limits)."""

    def __init__(self, unread: list[str]) -> None:
        self._unread = unread

    def __call__(self, operation: str, call: Callable[[], T], absent: T) -> T:
        try:
            with calling(operation):
                return call()
        except NotFound:
            return absent
        except Denied:
            sentence = f"{operation} is denied, so what it would say about tap and relay is not known."
            if sentence not in self._unread:
                self._unread.append(sentence)
            return absent


def _qualifier(version: str) -> dict[str, str]:
    return {} if version in ("", LATEST) else {"Qualifier": version}
