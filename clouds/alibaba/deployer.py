"""FC 3.0's control calls.

FC knows no revisions. A name is unique, a version carries our marker in its description, an alias is written
whole; so after ``NoAnswer`` the caller reads back by name, marker or alias and repairs. Updates are PUT with
the fields that are set. Source: alibabacloud-fc20230330 4.8.3, client.py, read 2026-11.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from alibabacloud_fc20230330 import models

from clouds.alibaba.errors import calling
from clouds.alibaba.log_store import LogStores
from clouds.alibaba.session import Clients, options
from cutover.errors import Invalid, NotFound, Unavailable
from cutover.planning.marks import CUTOVER, read_mark
from cutover.ports import CandidateSpecification, Document, Receipt

SETTLE_S = 180.0
FIRST_POLL_S, LONGEST_POLL_S = 0.1, 2.0


class FcDeployer:
    """``cutover.ports.CandidateDeployer`` on the official SDK."""

    def __init__(self, clients: Clients) -> None:
        self._clients, self._log_stores = clients, LogStores(clients)

    def ensure_logs(self, project: str, store: str) -> Receipt:
        """Create project, store and index if absent; safe to repeat."""
        return self._log_stores.ensure(project, store)

    # ----------------------------------------------------------------------------------- functions

    def find(self, function: str) -> Document | None:
        """Give FC's function object; of the environment only the names, as ``environmentNames``."""
        try:
            return self._get(function)
        except NotFound:
            return None

    def functions(self) -> Sequence[Document]:
        """List the functions of the account in this region, those of FC 2.0 too, so that no name collides.

        Source: alibabacloud-fc20230330 4.8.3, ListFunctionsRequest: fcVersion filters by v2 and v3.
        """
        return [one for generation in ("2", "3") for one in self._functions(generation)]

    def create(self, specification: CandidateSpecification) -> Receipt:
        """Create and wait until it can be invoked. Raises AlreadyExists."""
        request = models.CreateFunctionRequest(
            body=models.CreateFunctionInput(function_name=specification.name, **_fields(specification))
        )
        with calling("fc:CreateFunction", secret=True):
            answer = self._fc.create_function_with_options(request, {}, options())
        return self._settled(specification.name, _request_id(answer))

    def update(self, specification: CandidateSpecification) -> Receipt:
        """Bring code and configuration to the specification and wait until it holds."""
        request = models.UpdateFunctionRequest(body=models.UpdateFunctionInput(**_fields(specification)))
        with calling("fc:UpdateFunction", secret=True):
            answer = self._fc.update_function_with_options(specification.name, request, {}, options())
        return self._settled(specification.name, _request_id(answer))

    def adopt(self, specification: CandidateSpecification) -> Receipt:
        """Put package, handler and environment in and wait until they hold; fields not sent stay."""
        fields = _fields(specification)
        own = {name: fields[name] for name in ("handler", "code", "environment_variables")}
        request = models.UpdateFunctionRequest(body=models.UpdateFunctionInput(**own))
        with calling("fc:UpdateFunction", secret=True):
            answer = self._fc.update_function_with_options(specification.name, request, {}, options())
        return self._settled(specification.name, _request_id(answer))

    def delete(self, function: str) -> Receipt:
        """Delete aliases, versions and the function; absent is fine, so it can be repeated."""
        request_id = ""
        try:
            for alias in self._alias_names(function):
                self.delete_alias(function, alias)
            for one in self._versions(function):
                self.delete_version(function, str(one["versionId"]))
            with calling("fc:DeleteFunction"):
                request_id = _request_id(self._fc.delete_function_with_options(function, {}, options()))
        except NotFound as error:
            return Receipt(request_id=error.request_id, outcome={"absent": True})
        return Receipt(request_id=request_id, outcome={"absent": False})

    # ------------------------------------------------------------------------------------ versions

    def publish_version(self, function: str, *, marker: str) -> Receipt:
        """Publish the function as it is now."""
        request = models.PublishFunctionVersionRequest(body=models.PublishVersionInput(description=marker))
        with calling("fc:PublishFunctionVersion"):
            answer = self._fc.publish_function_version_with_options(function, request, {}, options())
        return Receipt(request_id=_request_id(answer), outcome={"version": str(answer.body.version_id)})

    def find_version(self, function: str, *, marker: str) -> str | None:
        """Give the newest version whose description is the marker."""
        found = [
            str(one["versionId"]) for one in self._versions(function) if one.get("description") == marker
        ]
        return max(found, key=int, default=None)

    def delete_version(self, function: str, version: str) -> Receipt:
        """Delete one version; absent is fine."""
        return self._removed(
            "fc:DeleteFunctionVersion",
            lambda: self._fc.delete_function_version_with_options(function, version, {}, options()),
        )

    # ------------------------------------------------------------------------------------- aliases

    def point_alias(self, function: str, alias: str, *, version: str) -> Receipt:
        """Point the alias at one version with no weight on any other; safe to repeat."""
        previous = self.alias(function, alias)
        if previous is None:
            with calling("fc:CreateAlias"):
                answer = self._fc.create_alias_with_options(
                    function,
                    models.CreateAliasRequest(
                        body=models.CreateAliasInput(alias_name=alias, version_id=version)
                    ),
                    {},
                    options(),
                )
        else:
            with calling("fc:UpdateAlias"):
                answer = self._fc.update_alias_with_options(
                    function,
                    alias,
                    models.UpdateAliasRequest(
                        body=models.UpdateAliasInput(version_id=version, additional_version_weight={})
                    ),
                    {},
                    options(),
                )
        return Receipt(request_id=_request_id(answer), outcome={"previous": previous})

    def alias(self, function: str, alias: str) -> str | None:
        """Give the version that the alias points at, None when there is no alias or no function."""
        try:
            with calling("fc:GetAlias"):
                answer = self._fc.get_alias_with_options(function, alias, {}, options())
        except NotFound:
            return None
        return str(answer.body.version_id)

    def delete_alias(self, function: str, alias: str) -> Receipt:
        """Delete the alias; absent is fine."""
        return self._removed(
            "fc:DeleteAlias",
            lambda: self._fc.delete_alias_with_options(function, alias, {}, options()),
        )

    # ------------------------------------------------------------------------------------- details

    @property
    def _fc(self) -> Any:
        return self._clients.fc

    def _get(self, function: str) -> dict[str, Any]:
        with calling("fc:GetFunction", secret=True):
            answer = self._fc.get_function_with_options(function, models.GetFunctionRequest(), {}, options())
        found: dict[str, Any] = answer.body.to_map()
        found["environmentNames"] = sorted(found.pop("environmentVariables", None) or {})
        return found

    def _settled(self, function: str, request_id: str) -> Receipt:
        deadline, pause = time.monotonic() + SETTLE_S, FIRST_POLL_S
        while True:
            found = self._get(function)
            if "Failed" in (found.get("state"), found.get("lastUpdateStatus")):
                code = str(found.get("lastUpdateStatusReasonCode") or found.get("stateReasonCode") or "")
                raise Invalid(
                    "FC says that the last change of this function failed.",
                    cloud="alibaba",
                    operation="fc:GetFunction",
                    code=code,
                )
            if found.get("state") != "Pending" and found.get("lastUpdateStatus") != "InProgress":
                return Receipt(request_id=request_id, outcome=_placed(found))
            if time.monotonic() > deadline:
                raise Unavailable(
                    f"{function} has not settled within {SETTLE_S:g} s.",
                    cloud="alibaba",
                    operation="fc:GetFunction",
                )
            time.sleep(pause)
            pause = min(LONGEST_POLL_S, pause * 1.6)

    def _versions(self, function: str) -> Iterator[Mapping[str, Any]]:
        token: str | None = None
        while True:
            request = models.ListFunctionVersionsRequest(limit=100, next_token=token)
            with calling("fc:ListFunctionVersions"):
                answer = self._fc.list_function_versions_with_options(function, request, {}, options())
            yield from (one.to_map() for one in answer.body.versions or ())
            token = answer.body.next_token or None
            if token is None:
                return

    def _functions(self, generation: str) -> Iterator[Document]:
        token: str | None = None
        while True:
            request = models.ListFunctionsRequest(fc_version=f"v{generation}", limit=100, next_token=token)
            with calling("fc:ListFunctions", secret=True):
                answer = self._fc.list_functions_with_options(request, {}, options())
            for one in answer.body.functions or ():
                found = read_mark(str(one.description or ""))
                yield {
                    "name": str(one.function_name),
                    "generation": generation,
                    "role": str(one.role or ""),
                    "ours": found.owner == CUTOVER,
                    "owner": found.owner if found.identity else "",
                    "stands_for": found.identity,
                }
            token = answer.body.next_token or None
            if token is None:
                return

    def _alias_names(self, function: str) -> list[str]:
        names: list[str] = []
        token: str | None = None
        while True:
            request = models.ListAliasesRequest(limit=100, next_token=token)
            with calling("fc:ListAliases"):
                answer = self._fc.list_aliases_with_options(function, request, {}, options())
            names += [str(one.alias_name) for one in answer.body.aliases or ()]
            token = answer.body.next_token or None
            if token is None:
                return names

    def _removed(self, operation: str, call: Any) -> Receipt:
        try:
            with calling(operation):
                answer = call()
        except NotFound as error:
            return Receipt(request_id=error.request_id, outcome={"absent": True})
        return Receipt(request_id=_request_id(answer), outcome={"absent": False})


def _fields(wanted: CandidateSpecification) -> dict[str, Any]:
    return {
        "runtime": wanted.runtime,
        "handler": wanted.handler,
        "memory_size": wanted.memory_mb,
        "cpu": wanted.cpu,
        "disk_size": wanted.disk_mb,
        "timeout": wanted.timeout_s,
        "description": wanted.description,
        "environment_variables": dict(wanted.environment),
        "internet_access": True,
        "code": models.InputCodeLocation(oss_bucket_name=wanted.bucket, oss_object_name=wanted.object_name),
        "log_config": models.LogConfig(
            project=wanted.log_project,
            logstore=wanted.log_store,
            enable_request_metrics=True,
            enable_instance_metrics=False,
        ),
    }


def _placed(found: Mapping[str, Any]) -> dict[str, Any]:
    return {"arn": str(found.get("functionArn", "")), "code_checksum": str(found.get("codeChecksum", ""))}


def _request_id(answer: Any) -> str:
    headers = answer.headers or {}
    return str(headers.get("x-fc-request-id") or headers.get("x-acs-request-id") or "")
