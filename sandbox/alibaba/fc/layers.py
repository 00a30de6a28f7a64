"""Layers: versions published from a zip, and their merge into one /opt for an instance.

Source: alibabacloud-fc20230330 4.8.3, Layer and CreateLayerVersionInput; the ARN and the codes LayerNotFound
and LayerVersionNotFound as clients in public repositories match them, read 2026-11-22. That a later layer
wins over an earlier one with the same file is from memory and unverified.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import shutil
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sandbox.alibaba import clock, files
from sandbox.alibaba.fc.code import Code, CodeStore, ReadObject, read_package
from sandbox.alibaba.fc.model import RUNTIMES, invalid, query_number
from sandbox.alibaba.fc.registry import Document, listing, page_of
from sandbox.alibaba.wire import Refused

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")
_ARN = re.compile(
    r"acs:fc:(?P<region>[^:]+):(?P<account>[^:]+):layers/(?P<name>[^/:]+)/versions/(?P<version>\d+)"
)
LIST_LIMIT = 100


class Layers:
    """The layers of the account; a JSON document per layer, its versions in order."""

    def __init__(
        self,
        *,
        folder: Path,
        codes: CodeStore,
        read_object: ReadObject,
        account_id: str,
        region: str,
        code_url: Any,
    ) -> None:
        self._folder = folder
        self._codes = codes
        self._read_object = read_object
        self._account_id = account_id
        self._region = region
        self._code_url = code_url
        self._lock = threading.RLock()
        self._layers: dict[str, Document] = {
            document["name"]: document for _, document in files.documents(folder / "layers")
        }

    def _save(self, layer: Document) -> None:
        files.write_json(self._folder / "layers" / f"{layer['name']}.json", layer)
        self._layers[layer["name"]] = layer

    def _arn(self, name: str, version: int) -> str:
        return f"acs:fc:{self._region}:{self._account_id}:layers/{name}/versions/{version}"

    def _public(self, layer: Document, version: Document) -> dict[str, Any]:
        code = version["code"]
        return {
            "layerName": layer["name"],
            "version": version["version"],
            "layerVersionArn": self._arn(layer["name"], version["version"]),
            "acl": layer["acl"],
            "description": version["description"],
            "license": version["license"],
            "compatibleRuntime": version["compatibleRuntime"],
            "createTime": version["createTime"],
            "codeSize": code["size"],
            "codeChecksum": code["checksum"],
            "code": {"repositoryType": "OSS", "location": self._code_url(code["digest"])},
        }

    def _find(self, name: str) -> Document:
        layer = self._layers.get(name)
        if layer is None:
            raise Refused(404, "LayerNotFound", f"layer '{name}' does not exist")
        return layer

    def _version(self, name: str, version: str) -> tuple[Document, Document]:
        layer = self._find(name)
        for row in layer["versions"]:
            if str(row["version"]) == version and not row["deleted"]:
                return layer, row
        raise Refused(404, "LayerVersionNotFound", f"version '{version}' of layer '{name}' does not exist")

    def publish(self, name: str, given: Document) -> dict[str, Any]:
        """CreateLayerVersion."""
        if not _NAME.fullmatch(name):
            raise invalid("layerName must be 1 to 64 letters, digits, '_' or '-', not starting with a digit")
        runtimes = given.get("compatibleRuntime") or []
        if not isinstance(runtimes, list) or not set(map(str, runtimes)) <= RUNTIMES:
            raise invalid(f"compatibleRuntime must be a list of {', '.join(sorted(RUNTIMES))}")
        if not isinstance(given.get("code"), dict):
            raise invalid("code is required")
        package = read_package(given["code"], self._read_object)
        with self._lock:
            code = self._codes.put(package)
            layer = self._layers.get(name) or {"name": name, "acl": 0, "last": 0, "versions": []}
            number = layer["last"] + 1
            row: Document = {
                "version": number,
                "description": str(given.get("description") or ""),
                "license": str(given.get("license") or ""),
                "compatibleRuntime": runtimes,
                "createTime": clock.iso_seconds(),
                "code": code.document(),
                "deleted": False,
            }
            layer = {**layer, "last": number, "versions": [*layer["versions"], row]}
            self._save(layer)
            return self._public(layer, row)

    def get(self, name: str, version: str) -> dict[str, Any]:
        """GetLayerVersion."""
        with self._lock:
            return self._public(*self._version(name, version))

    def get_by_arn(self, arn: str) -> dict[str, Any]:
        """GetLayerVersionByArn."""
        found = _ARN.fullmatch(arn)
        if found is None:
            raise invalid(f"'{arn}' is not the ARN of a layer version")
        if found["account"] != self._account_id:
            raise Refused(
                404, "LayerVersionNotFound", f"the sandbox has no layers of other accounts, so not '{arn}'"
            )
        return self.get(found["name"], found["version"])

    def delete(self, name: str, version: str) -> None:
        """DeleteLayerVersion: functions that have it keep it."""
        with self._lock:
            layer, gone = self._version(name, version)
            rows = [{**row, "deleted": row["deleted"] or row is gone} for row in layer["versions"]]
            self._save({**layer, "versions": rows})

    def list_versions(self, name: str, query: dict[str, str]) -> dict[str, Any]:
        """ListLayerVersions from ``startVersion`` upwards."""
        limit = query_number(query, "limit", 1, LIST_LIMIT, 20)
        start = query_number(query, "startVersion", 0, 1 << 31, 0)
        with self._lock:
            layer = self._find(name)
            rows = [r for r in layer["versions"] if not r["deleted"] and r["version"] >= start]
            page, rest = rows[:limit], rows[limit:]
            answer: dict[str, Any] = {"layers": [self._public(layer, row) for row in page]}
        if rest:
            answer["nextVersion"] = rest[0]["version"]
        return answer

    def list(self, query: dict[str, str]) -> dict[str, Any]:
        """ListLayers: the newest version of each."""
        if query.get("official", "").lower() == "true":
            return {"layers": []}
        only_public = query.get("public", "").lower() == "true"
        with self._lock:
            found = [
                self._public(layer, alive[-1])
                for name, layer in sorted(self._layers.items())
                if name.startswith(query.get("prefix", "")) and (layer["acl"] == 1 or not only_public)
                if (alive := [row for row in layer["versions"] if not row["deleted"]])
            ]
        page, token = page_of(found, query, lambda row: str(row["layerName"]))
        return listing("layers", page, token)

    def set_acl(self, name: str, query: dict[str, str]) -> None:
        """PutLayerACL: ``acl`` 1 or ``public`` true makes the layer public."""
        acl, public = query.get("acl", ""), query.get("public", "").lower()
        if acl not in ("", "0", "1") or public not in ("", "true", "false"):
            raise invalid("acl must be 0 or 1, public true or false")
        with self._lock:
            self._save({**self._find(name), "acl": int(acl == "1" or public == "true")})

    def require(self, arns: Sequence[str]) -> None:
        """Check the layers that a function asks for. Raises Refused: 400 or 404."""
        if len(set(arns)) != len(arns):
            raise invalid("layers must not name a layer twice")
        for arn in arns:
            self.get_by_arn(str(arn))

    def size_of(self, arn: str) -> int:
        """Give the size of a layer version in bytes, 0 when it is not known."""
        code = self._code_of(arn)
        return code.size if code else 0

    def _code_of(self, arn: str) -> Code | None:
        found = _ARN.fullmatch(arn)
        if found is None:
            return None
        for row in self._layers.get(found["name"], {"versions": []})["versions"]:
            if str(row["version"]) == found["version"]:
                return Code.from_document(row["code"])
        return None

    def digests(self) -> set[str]:
        """Give the digests of all packages, of deleted versions too: functions may use them."""
        with self._lock:
            return {row["code"]["digest"] for layer in self._layers.values() for row in layer["versions"]}

    def merged(self, arns: Sequence[str]) -> Path | None:
        """Give the folder that stands for /opt, one layer over the other, made once; None without layers."""
        with self._lock:
            codes = [code for arn in arns if (code := self._code_of(arn)) is not None]
            if not codes:
                return None
            name = hashlib.sha256("\n".join(code.digest for code in codes).encode()).hexdigest()
            target = self._folder / "opt" / name
            if target.is_dir():
                return target
            part = self._folder / "opt" / f".part-{secrets.token_hex(6)}"
            for code in codes:
                shutil.copytree(self._codes.directory(code.digest), part, symlinks=True, dirs_exist_ok=True)
            part.replace(target)
            return target
