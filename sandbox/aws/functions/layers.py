"""Layers and their versions."""

import json
from typing import Any

from sandbox.aws.errors import conflict, invalid, not_found
from sandbox.aws.functions.configuring import code_bytes
from sandbox.aws.functions.model import Account, Layer, LayerVersion, new_revision, now_text
from sandbox.aws.functions.permitting import principal_of
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
    found = []
    for _, layer in sorted(account.stored.layers.items()):
        if matching := _matching(layer, given):
            newest = _described(matching[0])
            found.append({"LayerName": layer.name, "LayerArn": layer.arn, "LatestMatchingVersion": newest})
    return page(found, "Layers", given)


def list_layer_versions(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    layer = account.stored.layers.get(given["LayerName"].rpartition(":")[2])
    versions = _matching(layer, given) if layer else []
    return page([_described(version) for version in versions], "LayerVersions", given)


def delete_layer_version(account: Account, given: dict[str, Any]) -> None:
    """Hide a version. Functions that use it keep working, so it stays on the disk."""
    layer = account.stored.layers.get(given["LayerName"].rpartition(":")[2])
    if layer is not None and given["VersionNumber"] in layer.versions:
        layer.versions[given["VersionNumber"]].deleted = True


def add_layer_version_permission(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    """Keep a statement. One account lives here, so that nobody else asks for the layer."""
    _, version = _found(account, given["LayerName"], given["VersionNumber"])
    account.check_revision(given.get("RevisionId"), version.policy.revision_id, "LayerVersionPolicy")
    if given["StatementId"] in version.policy.statements:
        raise conflict(
            f"The statement id ({given['StatementId']}) provided already exists. Please provide a new "
            "statement id, or remove the existing statement."
        )
    statement: dict[str, Any] = {
        "Sid": given["StatementId"],
        "Effect": "Allow",
        "Principal": principal_of(given["Principal"]),
        "Action": given["Action"],
        "Resource": version.arn,
    }
    if "OrganizationId" in given:
        statement["Condition"] = {"StringEquals": {"aws:PrincipalOrgID": given["OrganizationId"]}}
    version.policy.statements[given["StatementId"]] = statement
    version.policy.revision_id = new_revision()
    return {"Statement": json.dumps(statement), "RevisionId": version.policy.revision_id}


def get_layer_version_policy(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    _, version = _found(account, given["LayerName"], given["VersionNumber"])
    if not version.policy.statements:
        raise not_found("No policy is associated with the given resource.")
    document = {
        "Version": "2012-10-17",
        "Id": "default",
        "Statement": list(version.policy.statements.values()),
    }
    return {"Policy": json.dumps(document), "RevisionId": version.policy.revision_id}


def remove_layer_version_permission(account: Account, given: dict[str, Any]) -> None:
    _, version = _found(account, given["LayerName"], given["VersionNumber"])
    account.check_revision(given.get("RevisionId"), version.policy.revision_id, "LayerVersionPolicy")
    if version.policy.statements.pop(given["StatementId"], None) is None:
        raise not_found(f"Statement {given['StatementId']} is not found in resource policy.")
    version.policy.revision_id = new_revision()


def _matching(layer: Layer, given: dict[str, Any]) -> list[LayerVersion]:
    """Give the versions that a listing asks for, newest first."""
    runtime, architecture = given.get("CompatibleRuntime"), given.get("CompatibleArchitecture")
    return [
        version
        for version in sorted(layer.versions.values(), key=lambda version: -version.number)
        if not version.deleted
        and (runtime is None or runtime in version.runtimes)
        and (architecture is None or architecture in version.architectures)
    ]


def _found(account: Account, name: str, number: int) -> tuple[Layer, LayerVersion]:
    layer = account.stored.layers.get(name.rpartition(":")[2])
    if layer is None or number not in layer.versions or layer.versions[number].deleted:
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
