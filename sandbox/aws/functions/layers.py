"""Layers and their versions."""

from typing import Any

from sandbox.aws.errors import invalid, not_found
from sandbox.aws.functions.configuring import code_bytes
from sandbox.aws.functions.model import Account, Layer, LayerVersion, now_text
from sandbox.aws.functions.protocol import page


def publish_layer_version(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    name = given["LayerName"].rpartition(":")[2]
    key, sha, size = account.packages.put(code_bytes(account, given["Content"]))
    arn = f"arn:aws:lambda:{account.region}:{account.account_id}:layer:{name}"
    layer = account.stored.layers.setdefault(name, Layer(name=name, arn=arn))
    version = LayerVersion(
        number=layer.next_number,
        arn=f"{arn}:{layer.next_number}",
        code_key=key,
        code_sha256=sha,
        code_size=size,
        created=now_text(),
        description=given.get("Description", ""),
        runtimes=given.get("CompatibleRuntimes", []),
        architectures=given.get("CompatibleArchitectures", []),
        license_info=given.get("LicenseInfo", ""),
    )
    layer.versions[version.number] = version
    layer.next_number += 1
    return _with_content(account, layer, version)


def get_layer_version(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    return _with_content(account, *_found(account, given["LayerName"], given["VersionNumber"]))


def get_layer_version_by_arn(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    name, _, number = given["Arn"].rpartition(":")
    if not number.isdecimal():
        raise invalid(f"Not the ARN of a layer version: {given['Arn']}")
    return _with_content(account, *_found(account, name, int(number)))


def list_layers(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    found = [
        {
            "LayerName": layer.name,
            "LayerArn": layer.arn,
            "LatestMatchingVersion": _described(layer.versions[max(layer.versions)]),
        }
        for _, layer in sorted(account.stored.layers.items())
        if layer.versions
    ]
    return page(found, "Layers", given)


def list_layer_versions(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    layer = account.stored.layers.get(given["LayerName"].rpartition(":")[2])
    versions = sorted(layer.versions.values(), key=lambda v: -v.number) if layer else []
    return page([_described(version) for version in versions], "LayerVersions", given)


def delete_layer_version(account: Account, given: dict[str, Any]) -> None:
    """Hide a version. Functions that use it keep working, so its files stay."""
    layer = account.stored.layers.get(given["LayerName"].rpartition(":")[2])
    number = given["VersionNumber"]
    if layer is None or number not in layer.versions:
        return
    in_use = any(
        layer.versions[number].arn in version.config.get("Layers", ())
        for function in account.stored.functions.values()
        for version in (function.latest, *function.versions.values())
    )
    if in_use:
        raise invalid("The sandbox keeps layer versions that a function uses: delete the function first.")
    del layer.versions[number]


def _found(account: Account, name: str, number: int) -> tuple[Layer, LayerVersion]:
    layer = account.stored.layers.get(name.rpartition(":")[2])
    if layer is None or number not in layer.versions:
        raise not_found("The resource you requested does not exist.")
    return layer, layer.versions[number]


def _described(version: LayerVersion) -> dict[str, Any]:
    return {
        "LayerVersionArn": version.arn,
        "Version": version.number,
        "Description": version.description,
        "CreatedDate": version.created,
        "CompatibleRuntimes": version.runtimes,
        "CompatibleArchitectures": version.architectures,
        "LicenseInfo": version.license_info,
    }


def _with_content(account: Account, layer: Layer, version: LayerVersion) -> dict[str, Any]:
    return {
        "LayerArn": layer.arn,
        **_described(version),
        "Content": {
            "Location": account.packages.location(version.code_key, account.address),
            "CodeSha256": version.code_sha256,
            "CodeSize": version.code_size,
        },
    }
