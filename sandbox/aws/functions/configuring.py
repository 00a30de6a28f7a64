"""Functions and versions: create, read, update, publish, delete."""

import base64
import copy
import hashlib
import json
import time
from typing import Any

from moto.iam.models import iam_backends
from moto.s3.models import s3_backends

from sandbox.aws.errors import AwsError, conflict, invalid, not_found
from sandbox.aws.functions.model import (
    LATEST,
    Account,
    Function,
    Target,
    Version,
    new_revision,
    now_text,
    published,
)
from sandbox.aws.functions.protocol import page

_DEFAULTS: dict[str, Any] = {
    "Description": "",
    "Timeout": 3,
    "MemorySize": 128,
    "PackageType": "Zip",
    "TracingConfig": {"Mode": "PassThrough"},
    "Architectures": ["x86_64"],
    "EphemeralStorage": {"Size": 512},
    "SnapStart": {"ApplyOn": "None"},
}
# Source: API_UpdateFunctionConfiguration.html: architectures and package type are not among its parameters.
_CONFIGURABLE = (
    *(
        "Role",
        "Handler",
        "Description",
        "Timeout",
        "MemorySize",
        "VpcConfig",
        "Environment",
        "Runtime",
        "Layers",
    ),
    *(
        "DeadLetterConfig",
        "KMSKeyArn",
        "TracingConfig",
        "FileSystemConfigs",
        "ImageConfig",
        "EphemeralStorage",
    ),
    *("SnapStart", "LoggingConfig"),
)
_NOT_LISTED = frozenset(
    {
        *("State", "StateReason", "StateReasonCode", "LastUpdateStatus", "LastUpdateStatusReason"),
        *("LastUpdateStatusReasonCode", "RuntimeVersionConfig"),
    }
)
_MAX_ENVIRONMENT_BYTES = 4096


def create_function(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    name, _ = account.split(given["FunctionName"])
    if name in account.stored.functions:
        raise conflict(f"Function already exist: {name}")
    if given.get("PackageType", "Zip") != "Zip":
        raise AwsError(501, "NotImplementedException", "The sandbox runs no container images.")
    for required in ("Runtime", "Handler"):
        if required not in given:
            raise invalid(f"{required} is mandatory for functions created with deployment packages.")
    config = copy.deepcopy(_DEFAULTS)
    _merge(account, config, {k: v for k, v in given.items() if k in (*_CONFIGURABLE, "Architectures")})
    config.setdefault("LoggingConfig", {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{name}"})
    key, sha, size = account.packages.put(code_bytes(account, given["Code"]))
    latest = Version(
        number=LATEST, config=config, code_key=key, code_sha256=sha, code_size=size, last_modified=now_text()
    )
    _begin(account, latest, state="Pending")
    function = Function(name=name, arn=account.arn(name), latest=latest, tags=dict(given.get("Tags", {})))
    account.stored.functions[name] = function
    if given.get("Publish"):
        return described(account, _publish(function, None), function, qualified=True)
    return described(account, latest, function)


def get_function(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    target = account.find(given["FunctionName"], given.get("Qualifier"))
    location = account.packages.location(target.version.code_key, account.address)
    answer: dict[str, Any] = {
        "Configuration": _of_target(account, target),
        "Code": {"RepositoryType": "S3", "Location": location},
    }
    if target.function.tags:
        answer["Tags"] = target.function.tags
    if target.function.reserved is not None:
        answer["Concurrency"] = {"ReservedConcurrentExecutions": target.function.reserved}
    return answer


def get_function_configuration(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    return _of_target(account, account.find(given["FunctionName"], given.get("Qualifier")))


def list_functions(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    """Source: API_ListFunctions.html: it "returns a subset of the FunctionConfiguration fields"."""
    found = []
    for name in sorted(account.stored.functions):
        function = account.function(name)
        if given.get("FunctionVersion") == "ALL":
            found += _all_versions(account, function)
        else:
            found.append(described(account, function.latest, function))
    shown = [{k: v for k, v in one.items() if k not in _NOT_LISTED} for one in found]
    return page(shown, "Functions", given)


def list_versions_by_function(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    return page(_all_versions(account, account.named(given)), "Versions", given)


def _all_versions(account: Account, function: Function) -> list[dict[str, Any]]:
    numbered = sorted(function.versions.values(), key=lambda version: int(version.number))
    return [described(account, version, function, qualified=True) for version in (function.latest, *numbered)]


def update_function_configuration(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    function = account.named(given)
    account.check_revision(given.get("RevisionId"), function.latest.revision_id)
    account.check_settled(function)
    config = copy.deepcopy(function.latest.config)
    _merge(account, config, {k: v for k, v in given.items() if k in _CONFIGURABLE})
    previous = copy.deepcopy(function.latest)
    function.latest.config = config
    _begin_update(account, function, previous)
    return described(account, function.latest, function)


def update_function_code(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    function = account.named(given)
    account.check_revision(given.get("RevisionId"), function.latest.revision_id)
    account.check_settled(function)
    key, sha, size = account.packages.put(code_bytes(account, given))
    previous = copy.deepcopy(function.latest)
    fresh = copy.deepcopy(function.latest)
    fresh.code_key, fresh.code_sha256, fresh.code_size = key, sha, size
    if "Architectures" in given:
        fresh.config["Architectures"] = given["Architectures"]
    if given.get("DryRun"):
        return described(account, fresh, function)
    function.latest = fresh
    _begin_update(account, function, previous)
    if given.get("Publish"):
        return described(account, _publish(function, None), function, qualified=True)
    return described(account, function.latest, function)


def publish_version(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    function = account.named(given)
    latest = function.latest
    account.check_revision(given.get("RevisionId"), latest.revision_id)
    if given.get("CodeSha256", latest.code_sha256) != latest.code_sha256:
        raise invalid(
            f"CodeSHA256 ({given['CodeSha256']}) is different from current CodeSHA256 in $LATEST "
            f"({latest.code_sha256}). Please try again with the CodeSHA256 in $LATEST."
        )
    account.check_settled(function)
    return described(account, _publish(function, given.get("Description")), function, qualified=True)


def delete_function(account: Account, given: dict[str, Any]) -> None:
    name, qualifier = account.split(given["FunctionName"], given.get("Qualifier"))
    function = account.function(name)
    if not qualifier:
        del account.stored.functions[name]
        return
    if qualifier == LATEST:
        raise invalid("$LATEST version cannot be deleted without deleting the function.")
    if qualifier not in function.versions:
        raise not_found(f"Function not found: {function.arn}:{qualifier}")
    users = [a.name for a in function.aliases.values() if qualifier in (a.version, *a.weights)]
    if users:
        raise conflict(f"Following aliases reference version {qualifier}: {', '.join(sorted(users))}")
    del function.versions[qualifier]


def _publish(function: Function, description: str | None) -> Version:
    """Publish, or give the newest version when nothing has changed since.

    Source: API_PublishVersion.html, "Lambda doesn't publish a version if the function's configuration and
    code hasn't changed since the last version."
    """
    newest = function.versions.get(str(function.next_number - 1))
    if newest is not None and _comparable(newest) == _comparable(function.latest):
        return newest
    version = published(function.latest, str(function.next_number), description)
    if version.ready_at is not None:
        version.state, version.update_status = "Pending", "Successful"
    function.versions[version.number] = version
    function.next_number += 1
    return version


def _comparable(version: Version) -> str:
    """Give what makes a version different; the description given at publishing does not count."""
    config = {k: v for k, v in version.config.items() if k != "Description"}
    return json.dumps([config, version.code_sha256], sort_keys=True)


def _begin(account: Account, version: Version, *, state: str | None = None) -> None:
    version.revision_id, version.settled_revision = new_revision(), new_revision()
    version.last_modified = now_text()
    version.ready_at = time.time() + account.update_s
    if state:
        version.state = state
    else:
        version.update_status = "InProgress"
    version.settle()


def _begin_update(account: Account, function: Function, previous: Version) -> None:
    function.previous = previous
    _begin(account, function.latest)
    function.settle()


def _merge(account: Account, config: dict[str, Any], changes: dict[str, Any]) -> None:
    """Lay changes over a configuration; what is not named keeps its value. Raises AwsError."""
    for name, most in (("Timeout", 900), ("MemorySize", 10240)):
        if changes.get(name, 0) > most:
            raise AwsError(
                400,
                "ValidationException",
                f"1 validation error detected: Value '{changes[name]}' at '{name[0].lower()}{name[1:]}' "
                f"failed to satisfy constraint: Member must have value less than or equal to {most}",
            )
    if "Role" in changes:
        _check_role(account, changes["Role"])
    for arn in changes.get("Layers", ()):
        layer, _, number = arn.rpartition(":")
        found = account.stored.layers.get(layer.rpartition(":")[2])
        if found is None or not number.isdecimal() or int(number) not in found.versions:
            raise invalid(f"Layer version {arn} does not exist.")
    if len(changes.get("Layers", ())) > 5:
        raise invalid("Cannot reference more than 5 layers.")
    variables = changes.get("Environment", {}).get("Variables", {})
    if len(json.dumps(variables, separators=(",", ":")).encode()) > _MAX_ENVIRONMENT_BYTES:
        raise invalid(
            "Lambda was unable to configure your environment variables because the environment variables you "
            "have provided exceeded the 4KB limit."
        )
    for name, value in changes.items():
        config[name] = copy.deepcopy(value)


def _check_role(account: Account, role: str) -> None:
    known = iam_backends[account.account_id]["aws"].roles.values()
    if not any(found.arn == role for found in known):
        raise invalid("The role defined for the function cannot be assumed by Lambda.")


def code_bytes(account: Account, source: dict[str, Any]) -> bytes:
    if "ZipFile" in source:
        raw = source["ZipFile"]
        return raw if isinstance(raw, bytes) else base64.b64decode(raw)
    if "S3Bucket" in source and "S3Key" in source:
        bucket = s3_backends[account.account_id]["aws"].buckets.get(source["S3Bucket"])
        if bucket is None:
            raise _no_object("NoSuchBucket", "The specified bucket does not exist")
        key = bucket.keys.get(source["S3Key"])
        if key is None:
            raise _no_object("NoSuchKey", "The specified key does not exist.")
        return bytes(key.value)
    raise invalid("Please provide a source for function code.")


def _no_object(code: str, message: str) -> AwsError:
    return invalid(f"Error occurred while GetObject. S3 Error Code: {code}. S3 Error Message: {message}")


def _of_target(account: Account, target: Target) -> dict[str, Any]:
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
    answer = {name: config[name] for name in _CONFIGURABLE if name in config and name != "Environment"}
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
        "SnapStart": {**config["SnapStart"], "OptimizationStatus": "Off"},
        "RuntimeVersionConfig": {"RuntimeVersionArn": runtime_version_arn(account, config["Runtime"])},
    }
    if "Layers" in config:
        answer["Layers"] = [{"Arn": arn, "CodeSize": _layer_size(account, arn)} for arn in config["Layers"]]
    if config.get("Environment", {}).get("Variables"):
        answer["Environment"] = {"Variables": config["Environment"]["Variables"]}
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
