"""Functions of FC 3.0: create, read, update, delete, code, and who may invoke them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.alibaba import clock
from sandbox.alibaba.fc import model, versions
from sandbox.alibaba.fc.code import CodeStore, ReadObject, read_package
from sandbox.alibaba.fc.registry import Document, Registry, listing, page_of
from sandbox.alibaba.wire import Refused

CheckLogStore = Callable[[str, str], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Functions:
    """The calls that deal with a function as a whole.

    Args of the value:
        check_log_store: raises Refused when a project or logstore does not exist.
        code_url: gives a loopback URL from which the package of a digest can be fetched for a while.
        retire: drops warm instances of a function.
    """

    account_id: str
    region: str
    registry: Registry
    codes: CodeStore
    read_object: ReadObject
    check_log_store: CheckLogStore
    code_url: Callable[[str], str]
    retire: Callable[[str], None]

    def arn(self, name: str) -> str:
        return f"acs:fc:{self.region}:{self.account_id}:functions/{name}"

    def describe(self, document: Document, holder: Document) -> dict[str, Any]:
        """Give the Function object of an answer; ``holder`` is the document itself or one of its versions."""
        code = holder["code"] or {"size": 0, "checksum": ""}
        config = dict(holder["config"])
        config["layers"] = [{"arn": arn, "size": 0} for arn in config["layers"]]
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
            "tags": [{"key": key, "value": value} for key, value in sorted(document["tags"].items())],
        }

    def create(self, given: Document) -> dict[str, Any]:
        """CreateFunction."""
        name = model.require_function_name(given.get("functionName"))
        config = self._checked(model.with_defaults(given))
        package = self._package_of(given, config)
        tags = {str(tag["key"]): str(tag.get("value", "")) for tag in given.get("tags") or []}
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
                "restriction": {"disable": False},
                "tags": tags,
            }
            self.registry.save(document)
            return self.describe(document, document)

    def _checked(self, config: Document) -> Document:
        model.require_valid(config)
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
            self.codes.remove_all_but(self.registry.digests())
        self.retire(name)

    def list(self, query: dict[str, str]) -> dict[str, Any]:
        """ListFunctions by name, with prefix, runtime and paging."""
        found = [
            document
            for document in self.registry.all()
            if document["name"].startswith(query.get("prefix", ""))
            and query.get("functionName", "") in document["name"]
            and query.get("runtime") in (None, "", document["config"]["runtime"])
        ]
        if query.get("fcVersion") == "v2":
            found = []
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

    def tag(self, given: Document) -> None:
        """TagResources: ``{ResourceType, ResourceId: [arn], Tag: [{Key, Value}]}``."""
        tags = {str(tag["Key"]): str(tag.get("Value", "")) for tag in given.get("Tag") or []}
        for name in self._names(given.get("ResourceId") or []):
            with self.registry.lock:
                document = self.registry.find(name)
                self.registry.save({**document, "tags": {**document["tags"], **tags}})

    def untag(self, query: dict[str, str]) -> None:
        """UntagResources: the named keys, or all; lists travel as JSON in one query value."""
        keys, everything = _json_list(query.get("TagKey")), query.get("All", "").lower() == "true"
        for name in self._names(_json_list(query.get("ResourceId"))):
            with self.registry.lock:
                document = self.registry.find(name)
                left = {} if everything else {k: v for k, v in document["tags"].items() if k not in keys}
                self.registry.save({**document, "tags": left})

    def list_tags(self, query: dict[str, str]) -> dict[str, Any]:
        """ListTagResources of the named functions, or of all."""
        names = self._names(_json_list(query.get("ResourceId")))
        rows = [
            {"ResourceId": self.arn(name), "ResourceType": "function", "TagKey": key, "TagValue": value}
            for name in names or [str(document["name"]) for document in self.registry.all()]
            for key, value in sorted(self.registry.find(name)["tags"].items())
        ]
        return {"TagResources": rows}

    @staticmethod
    def _names(resource_ids: Sequence[Any]) -> Sequence[str]:
        return [str(resource_id).rpartition("functions/")[2] for resource_id in resource_ids]


def _json_list(text: str | None) -> Sequence[Any]:
    try:
        parsed = json.loads(text or "[]")
    except json.JSONDecodeError as exc:
        raise model.invalid("a list in the query must be JSON") from exc
    return parsed if isinstance(parsed, list) else [parsed]
