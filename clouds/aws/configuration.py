"""A function's configuration as values: in the shape that an update takes, and as a fingerprint.

``fields`` gives every field that UpdateFunctionConfiguration can bring back, normalised to the form it is
written in, so that "restore" is "send what differs". Environment, role and description are left out: we never
write them. ``fingerprint`` covers all that must be equal after a restore, the environment by keyed hash and
the code by its hash; description is left out because a published version carries one of its own.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

from cutover.ports import LambdaConfiguration

NEVER_WRITTEN = frozenset({"Environment", "Role", "FunctionName", "RevisionId"})


def fields(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Give the updatable fields of a FunctionConfiguration as UpdateFunctionConfiguration takes them."""
    vpc = raw.get("VpcConfig") or {}
    found: dict[str, Any] = {
        "Runtime": raw.get("Runtime", ""),
        "Handler": raw.get("Handler", ""),
        "Layers": [layer["Arn"] for layer in raw.get("Layers") or ()],
        "Timeout": int(raw.get("Timeout", 3)),
        "MemorySize": int(raw.get("MemorySize", 128)),
        "VpcConfig": {
            "SubnetIds": sorted(vpc.get("SubnetIds") or ()),
            "SecurityGroupIds": sorted(vpc.get("SecurityGroupIds") or ()),
        },
        "SnapStart": {"ApplyOn": (raw.get("SnapStart") or {}).get("ApplyOn", "None")},
        "TracingConfig": {"Mode": (raw.get("TracingConfig") or {}).get("Mode", "PassThrough")},
        "EphemeralStorage": {"Size": int((raw.get("EphemeralStorage") or {}).get("Size", 512))},
        "DeadLetterConfig": {"TargetArn": (raw.get("DeadLetterConfig") or {}).get("TargetArn") or ""},
        "KMSKeyArn": raw.get("KMSKeyArn") or "",
        "FileSystemConfigs": list(raw.get("FileSystemConfigs") or ()),
    }
    for name in ("LoggingConfig", "ImageConfig"):
        if raw.get(name):
            found[name] = raw[name]
    return found


def fingerprint(raw: Mapping[str, Any], *, key: bytes) -> str:
    """Give a hex digest that is equal if and only if two configurations run the same code the same way."""
    environment = (raw.get("Environment") or {}).get("Variables") or {}
    covered = {
        **fields(raw),
        "Role": raw.get("Role", ""),
        "Architectures": sorted(raw.get("Architectures") or ["x86_64"]),
        "PackageType": raw.get("PackageType", "Zip"),
        "CodeSha256": raw.get("CodeSha256", ""),
        "Environment": environment_hashes(environment, key=key),
    }
    return hmac.new(key, _canonical(covered), hashlib.sha256).hexdigest()


def environment_hashes(values: Mapping[str, str], *, key: bytes) -> dict[str, str]:
    """Give name -> HMAC-SHA256 hex of name and value."""
    return {
        name: hmac.new(key, f"{name}\0{value}".encode(), hashlib.sha256).hexdigest()
        for name, value in sorted(values.items())
    }


def configuration(function: str, raw: Mapping[str, Any], *, key: bytes) -> LambdaConfiguration:
    """Give the port's value for one reading."""
    return LambdaConfiguration(
        function=function,
        version=str(raw.get("Version", "$LATEST")),
        code_sha256=str(raw.get("CodeSha256", "")),
        revision_id=str(raw.get("RevisionId", "")),
        fields=fields(raw),
        fingerprint=fingerprint(raw, key=key),
    )


def differing(wanted: Mapping[str, Any], present: Mapping[str, Any]) -> dict[str, Any]:
    """Give the wanted fields that are not so at present."""
    return {
        name: value
        for name, value in wanted.items()
        if _canonical(_normal(name, value)) != _canonical(present.get(name))
    }


def _normal(name: str, value: Any) -> Any:
    if name == "VpcConfig" and isinstance(value, Mapping):
        return {
            "SubnetIds": sorted(value.get("SubnetIds") or ()),
            "SecurityGroupIds": sorted(value.get("SecurityGroupIds") or ()),
        }
    return value


def _canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=str).encode()
