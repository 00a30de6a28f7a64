"""Functions of FC 3.0: create, read, update, delete, code, and who may invoke them."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.alibaba import clock
from sandbox.alibaba.fc import model, versions
from sandbox.alibaba.fc.code import CodeStore, ReadObject, read_package
from sandbox.alibaba.fc.layers import Layers
from sandbox.alibaba.fc.registry import Document, Registry, listing, page_of
from sandbox.alibaba.fc.tags import checked_tags, tag_filter
from sandbox.alibaba.wire import Refused

CheckLogStore = Callable[[str, str], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Functions:
    """The calls that deal with a function as a whole.

    Args of the value:
        check_log_store: raises Refused when a project or logstore does not exist.
        code_url: gives a loopback URL from which the package of a digest can be fetched for a while.
        retire: drops warm instances of a function.
        forget: drops what else is kept of a function, its asynchronous tasks.
    """

    account_id: str
    region: str
    registry: Registry
    codes: CodeStore
    layers: Layers
    read_object: ReadObject
    check_log_store: CheckLogStore
    code_url: Callable[[str], str]
    retire: Callable[[str], None]
    forget: Callable[[str], None]

    def arn(self, name: str) -> str:
        return f"acs:fc:{self.region}:{self.account_id}:functions/{name}"

    def describe(self, document: Document, holder: Document) -> dict[str, Any]:
        """Give the Function object of an answer; ``holder`` is the document itself or one of its versions."""
        code = holder["code"] or {"size": 0, "checksum": ""}
        config = dict(holder["config"])
        config["layers"] = [{"arn": arn, "size": self.layers.size_of(arn)} for arn in config["layers"]]
        return {
            "functionName": document["name"],
            "functionArn": self.arn(document["name"]),
            "functionId": document["functionId"],
            **config,
            "codeSize": code["size"],
            "codeChecksum": code["checksum"],
            "createdTime": document["createdTime"],
            "lastModifiedTime": holder["lastModifiedTime"],
            "state": "Active",
            "stateReason": "",
            "stateReasonCode": "",
            "lastUpdateStatus": "Successful",
            "lastUpdateStatusReason": "",
            "lastUpdateStatusReasonCode": "",
            "invocationRestriction": document["restriction"],
            "resourceGroupId": document.get("resourceGroupId", ""),
            "tags": [{"Key": key, "Value": value} for key, value in sorted(document["tags"].items())],
        }

    def create(self, given: Document) -> dict[str, Any]:
        """CreateFunction."""
        name = model.require_function_name(given.get("functionName"))
        config = self._checked(model.with_defaults(given))
        package = self._package_of(given, config)
        tags = checked_tags(given.get("tags"))
        with self.registry.lock:
            if name in self.registry:
                raise Refused(409, "FunctionAlreadyExists", f"function '{name}' already exists")
            code = self.codes.put(package) if package is not None else None
            at = clock.iso_seconds()
            document: Document = {
                "name": name,
                "functionId": str(uuid.uuid4()),
                "createdTime": at,
                "lastModifiedTime": at,
                "config": config,
                "code": code.document() if code else None,
                "versions": [],
                "lastVersion": 0,
                "aliases": {},
                "triggers": {},
                "reservedConcurrency": None,
                "asyncConfigs": {},
                "provisionConfigs": {},
                "scalingConfigs": {},
                "resourceGroupId": str(given.get("resourceGroupId") or ""),
                "restriction": {"disable": False},
                "tags": tags,
            }
            self.registry.save(document)
            return self.describe(document, document)

    def _checked(self, config: Document) -> Document:
        model.require_valid(config)
        self.layers.require(config["layers"])
        log_config = config.get("logConfig") or {}
        project, logstore = log_config.get("project") or "", log_config.get("logstore") or ""
        if bool(project) != bool(logstore):
            raise model.invalid("logConfig needs both project and logstore")
        if project:
            self.check_log_store(project, logstore)
        return config

    def _package_of(self, given: Document, config: Document) -> bytes | None:
        if config["runtime"] == "custom-container":
            if not (config.get("customContainerConfig") or {}).get("image"):
                raise model.invalid("customContainerConfig.image is required")
            return None
        if not isinstance(given.get("code"), dict):
            raise model.invalid("code is required")
        return read_package(given["code"], self.read_object)

    def get(self, name: str, qualifier: str) -> dict[str, Any]:
        """GetFunction, of LATEST, a version or what an alias mainly points at."""
        with self.registry.lock:
            document = self.registry.find(name)
            return self.describe(document, versions.holder_of(document, qualifier))

    def update(self, name: str, given: Document) -> dict[str, Any]:
        """UpdateFunction: only the fields that were sent change; published versions stay as they are."""
        package = read_package(given["code"], self.read_object) if given.get("code") else None
        with self.registry.lock:
            document = self.registry.find(name)
            changed = {
                key: value for key, value in given.items() if key in model.SETTABLE and value is not None
            }
            config = self._checked({**document["config"], **changed})
            code = self.codes.put(package) if package is not None else None
            updated = {
                **document,
                "config": config,
                "code": code.document() if code else document["code"],
                "lastModifiedTime": clock.iso_seconds(),
            }
            self.registry.save(updated)
            return self.describe(updated, updated)

    def delete(self, name: str) -> None:
        """DeleteFunction: refused while triggers are left; versions and aliases go with it.

        409 for FunctionNotEmpty is unverified. Source: facts of the 2016 API's list of error codes.
        """
        with self.registry.lock:
            document = self.registry.find(name)
            if document["triggers"]:
                raise Refused(409, "FunctionNotEmpty", f"function '{name}' has triggers; delete them first")
            self.registry.remove(name)
            # Under the lock, as packages are stored, so that none goes between being stored and being named.
            if self.registry.rehearsing:
                return
            self.codes.remove_all_but(self.registry.digests() | self.layers.digests())
        self.retire(name)
        self.forget(name)

    def list(self, query: dict[str, str]) -> dict[str, Any]:
        """ListFunctions by name, with all filters of the API and paging."""
        version = query.get("fcVersion") or "v3"
        if version not in ("v2", "v3"):
            raise model.invalid("fcVersion must be v2 or v3")
        tags = tag_filter(query.get("tags"))
        found = [
            document
            for document in self.registry.all()
            if version == "v3" and _passes(document, query) and _has_tags(document, tags)
        ]
        page, token = page_of(found, query, lambda document: str(document["name"]))
        return listing("functions", [self.describe(document, document) for document in page], token)

    def get_code(self, name: str, qualifier: str) -> dict[str, Any]:
        """GetFunctionCode: where the package can be fetched, and its CRC-64."""
        with self.registry.lock:
            code = versions.holder_of(self.registry.find(name), qualifier)["code"]
        if code is None:
            raise model.invalid(f"function '{name}' runs an image and has no code package")
        return {"url": self.code_url(code["digest"]), "checksum": code["checksum"]}

    def restrict(self, name: str, *, disable: bool, reason: str) -> dict[str, Any]:
        """DisableFunctionInvocation and EnableFunctionInvocation."""
        restriction: Document = {"disable": disable, "lastModifiedTime": clock.iso_seconds()}
        if disable:
            restriction["reason"] = reason
        with self.registry.lock:
            self.registry.save({**self.registry.find(name), "restriction": restriction})
        return {"success": True}


def _passes(document: Document, query: dict[str, str]) -> bool:
    config = document["config"]
    exact = (
        ("runtime", config["runtime"]),
        ("gpuType", (config.get("gpuConfig") or {}).get("gpuType", "")),
        ("resourceGroupId", document.get("resourceGroupId", "")),
    )
    return (
        document["name"].startswith(query.get("prefix", ""))
        and query.get("functionName", "") in document["name"]
        and query.get("description", "") in config["description"]
        and all(query.get(name) in (None, "", value) for name, value in exact)
    )


def _has_tags(document: Document, tags: dict[str, str | None]) -> bool:
    return all(
        key in document["tags"] and value in (None, "", document["tags"][key]) for key, value in tags.items()
    )
