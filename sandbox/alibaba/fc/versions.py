"""Versions and aliases: immutable snapshots, and names that point at them with weights.

Publishing again with nothing changed makes a new version: the documentation of FC 3.0 does not say that it is
refused or that the last one is given back, as on AWS.
Source: help.aliyun.com, functioncompute/fc/user-guide/manage-versions, read 2026-11-22: ids increase and are
never reused; code and configuration are in the snapshot, triggers are not.
"""

from __future__ import annotations

import random
from typing import Any

from sandbox.alibaba import clock
from sandbox.alibaba.fc.model import LATEST, invalid, require_alias_name
from sandbox.alibaba.fc.registry import Document, Registry, listing, page_of
from sandbox.alibaba.wire import Refused


def version_of(document: Document, version_id: str) -> Document:
    """Give a published version.

    Raises:
        Refused: 404 VersionNotFound.
    """
    for version in document["versions"]:
        if version["versionId"] == version_id:
            return dict(version)
    raise Refused(
        404, "VersionNotFound", f"version '{version_id}' of function '{document['name']}' does not exist"
    )


def alias_of(document: Document, name: str) -> Document:
    """Give an alias.

    Raises:
        Refused: 404 AliasNotFound.
    """
    try:
        return dict(document["aliases"][name])
    except KeyError as exc:
        raise Refused(404, "AliasNotFound", f"alias '{name}' of '{document['name']}' does not exist") from exc


def holder_of(document: Document, qualifier: str) -> Document:
    """Give what holds configuration and code for a qualifier: the document (LATEST) or a version."""
    if qualifier in ("", LATEST):
        return document
    if not qualifier.isdigit():
        version_id = str(alias_of(document, qualifier)["versionId"])
        return document if version_id == LATEST else version_of(document, version_id)
    return version_of(document, qualifier)


def drawn_version(document: Document, qualifier: str, chance: random.Random) -> str:
    """Give the id of the version that one invocation goes to; an alias with a weight draws.

    Raises:
        Refused: 404 for a version or alias that does not exist.
    """
    if qualifier in ("", LATEST):
        return LATEST
    if qualifier.isdigit():
        return str(version_of(document, qualifier)["versionId"])
    alias = alias_of(document, qualifier)
    for version_id, weight in (alias.get("additionalVersionWeight") or {}).items():
        if chance.random() < weight:
            return str(version_id)
    return str(alias["versionId"])


class Versions:
    """The calls on versions."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    @staticmethod
    def _public(version: Document) -> dict[str, Any]:
        return {key: version[key] for key in ("versionId", "description", "createdTime", "lastModifiedTime")}

    def publish(self, name: str, given: Document) -> dict[str, Any]:
        """PublishFunctionVersion: freeze code and configuration as they are now."""
        with self._registry.lock:
            document = self._registry.find(name)
            at = clock.iso_seconds()
            number = document["lastVersion"] + 1
            version = {
                "versionId": str(number),
                "description": str(given.get("description") or ""),
                "createdTime": at,
                "lastModifiedTime": at,
                "config": document["config"],
                "code": document["code"],
            }
            self._registry.save(
                {**document, "versions": [*document["versions"], version], "lastVersion": number}
            )
        return self._public(version)

    def list(self, name: str, query: dict[str, str]) -> dict[str, Any]:
        """ListFunctionVersions, newest first unless ``direction`` is FORWARD."""
        direction = query.get("direction") or "BACKWARD"
        if direction not in ("BACKWARD", "FORWARD"):
            raise invalid("direction must be BACKWARD or FORWARD")
        with self._registry.lock:
            found = [self._public(version) for version in self._registry.find(name)["versions"]]
        if direction == "BACKWARD":
            found.reverse()
        page, token = page_of(found, query, lambda version: str(version["versionId"]))
        return {**listing("versions", page, token), "direction": direction}

    def delete(self, name: str, version_id: str) -> None:
        """DeleteFunctionVersion; refused while an alias uses it (the code of that refusal is unverified)."""
        with self._registry.lock:
            document = self._registry.find(name)
            version_of(document, version_id)
            for alias in document["aliases"].values():
                if version_id in (alias["versionId"], *(alias.get("additionalVersionWeight") or {})):
                    raise invalid(f"version '{version_id}' is used by alias '{alias['aliasName']}'")
            kept = [version for version in document["versions"] if version["versionId"] != version_id]
            self._registry.save({**document, "versions": kept})


class Aliases:
    """The calls on aliases."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def _require_target(self, document: Document, alias: Document) -> None:
        version_id, weights = alias["versionId"], alias["additionalVersionWeight"]
        if version_id != LATEST:
            version_of(document, version_id)
        if not isinstance(weights, dict) or len(weights) > 1:
            raise invalid("additionalVersionWeight must have at most one version")
        for other, weight in weights.items():
            if other == version_id:
                raise Refused(
                    400,
                    "AdditionalVersionContainsMajorVersion",
                    f"additionalVersionWeight contains the major version '{version_id}'",
                )
            if isinstance(weight, bool) or not isinstance(weight, (int, float)) or not 0 <= weight <= 1:
                raise invalid("the weight of an additional version must be between 0 and 1")
            version_of(document, other)

    def create(self, name: str, given: Document) -> dict[str, Any]:
        """CreateAlias."""
        alias_name = require_alias_name(given.get("aliasName"))
        at = clock.iso_seconds()
        alias: Document = {
            "aliasName": alias_name,
            "versionId": str(given.get("versionId") or ""),
            "description": str(given.get("description") or ""),
            "additionalVersionWeight": given.get("additionalVersionWeight") or {},
            "createdTime": at,
            "lastModifiedTime": at,
        }
        with self._registry.lock:
            document = self._registry.find(name)
            if alias_name in document["aliases"]:
                raise Refused(409, "AliasAlreadyExists", f"alias '{alias_name}' already exists")
            self._require_target(document, alias)
            self._registry.save({**document, "aliases": {**document["aliases"], alias_name: alias}})
        return alias

    def get(self, name: str, alias_name: str) -> dict[str, Any]:
        """GetAlias."""
        with self._registry.lock:
            return alias_of(self._registry.find(name), alias_name)

    def update(self, name: str, alias_name: str, given: Document) -> dict[str, Any]:
        """UpdateAlias: fields that were sent change; an empty additionalVersionWeight clears the canary."""
        with self._registry.lock:
            document = self._registry.find(name)
            sent = {
                key: given[key]
                for key in ("versionId", "description", "additionalVersionWeight")
                if given.get(key) is not None
            }
            alias = {**alias_of(document, alias_name), **sent, "lastModifiedTime": clock.iso_seconds()}
            self._require_target(document, alias)
            self._registry.save({**document, "aliases": {**document["aliases"], alias_name: alias}})
        return alias

    def delete(self, name: str, alias_name: str) -> None:
        """DeleteAlias."""
        with self._registry.lock:
            document = self._registry.find(name)
            alias_of(document, alias_name)
            kept = {key: alias for key, alias in document["aliases"].items() if key != alias_name}
            self._registry.save({**document, "aliases": kept})

    def list(self, name: str, query: dict[str, str]) -> dict[str, Any]:
        """ListAliases by name."""
        with self._registry.lock:
            aliases = self._registry.find(name)["aliases"]
        found = [aliases[key] for key in sorted(aliases) if key.startswith(query.get("prefix", ""))]
        page, token = page_of(found, query, lambda alias: str(alias["aliasName"]))
        return listing("aliases", page, token)
