"""How a version shows as FunctionConfiguration."""

import hashlib
import json
from typing import Any

from sandbox.aws.functions.model import LATEST, Account, Function, Target, Version

# Source: API_UpdateFunctionConfiguration.html: architectures and package type are not among its parameters.
CONFIGURABLE = (
    *("Role", "Handler", "Description", "Timeout", "MemorySize", "VpcConfig", "Environment", "Runtime"),
    *("Layers", "DeadLetterConfig", "KMSKeyArn", "TracingConfig", "FileSystemConfigs", "ImageConfig"),
    *("EphemeralStorage", "SnapStart", "LoggingConfig"),
)
_OTHERWISE = frozenset({"Environment", "ImageConfig", "Layers", "SnapStart", "VpcConfig", "DeadLetterConfig"})


def of_target(account: Account, target: Target) -> dict[str, Any]:
    """Describe what a name and a qualifier lead to; an alias shows in the ARN."""
    answer = described(account, target.version, target.function, qualified=bool(target.qualifier))
    if target.alias is not None:
        answer["FunctionArn"] = f"{target.function.arn}:{target.alias.name}"
    return answer


def described(
    account: Account, version: Version, function: Function, *, qualified: bool = False
) -> dict[str, Any]:
    """Give a version as FunctionConfiguration."""
    version.settle()
    config = version.config
    answer = {name: config[name] for name in CONFIGURABLE if name in config and name not in _OTHERWISE}
    answer |= {
        "FunctionName": function.name,
        "FunctionArn": f"{function.arn}:{version.number}" if qualified else function.arn,
        "CodeSha256": version.code_sha256,
        "CodeSize": version.code_size,
        "ConfigSha256": hashlib.sha256(json.dumps(config, sort_keys=True).encode()).hexdigest(),
        "LastModified": version.last_modified,
        "RevisionId": version.revision_id,
        "Version": version.number,
        "PackageType": config["PackageType"],
        "Architectures": config["Architectures"],
        "State": version.state,
        "LastUpdateStatus": version.update_status,
        "SnapStart": _snap_start(version),
    }
    return answer | _optional(account, config) | _under_way(version)


def _snap_start(version: Version) -> dict[str, str]:
    """SnapStart is stored: no snapshot is taken, so that optimisation never shows as on for `$LATEST`."""
    applied = version.config["SnapStart"]["ApplyOn"]
    on = applied == "PublishedVersions" and version.number != LATEST
    return {"ApplyOn": applied, "OptimizationStatus": "On" if on else "Off"}


def _optional(account: Account, config: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = {}
    if "Runtime" in config:
        arn = runtime_version_arn(account, config["Runtime"])
        answer["RuntimeVersionConfig"] = {"RuntimeVersionArn": arn}
    if config.get("Layers"):
        answer["Layers"] = [{"Arn": arn, "CodeSize": _layer_size(account, arn)} for arn in config["Layers"]]
    if config.get("Environment", {}).get("Variables"):
        answer["Environment"] = {"Variables": config["Environment"]["Variables"]}
    if config.get("ImageConfig"):
        answer["ImageConfigResponse"] = {"ImageConfig": config["ImageConfig"]}
    if config.get("DeadLetterConfig", {}).get("TargetArn"):
        answer["DeadLetterConfig"] = config["DeadLetterConfig"]
    if "VpcConfig" in config:
        answer["VpcConfig"] = {
            "SubnetIds": [],
            "SecurityGroupIds": [],
            "Ipv6AllowedForDualStack": False,
            **config["VpcConfig"],
            "VpcId": "vpc-sandbox" if config["VpcConfig"].get("SubnetIds") else "",
        }
    return answer


def _under_way(version: Version) -> dict[str, str]:
    answer: dict[str, str] = {}
    if version.state == "Pending":
        answer |= {"StateReason": "The function is being created.", "StateReasonCode": "Creating"}
    if version.update_status == "InProgress":
        answer |= {
            "LastUpdateStatusReason": "The function is being created.",
            "LastUpdateStatusReasonCode": "Creating",
        }
    return answer


def runtime_version_arn(account: Account, runtime: str) -> str:
    return f"arn:aws:lambda:{account.region}::runtime:{hashlib.sha256(runtime.encode()).hexdigest()}"


def _layer_size(account: Account, arn: str) -> int:
    layer, _, number = arn.rpartition(":")
    found = account.stored.layers.get(layer.rpartition(":")[2])
    version = found.versions.get(int(number)) if found else None
    return version.code_size if version else 0
