"""Functions and versions: create, read, update, publish, delete."""

import base64
import binascii
import copy
import json
import time
from typing import Any

from moto.s3.models import s3_backends

from sandbox.aws.errors import AwsError, conflict, invalid, not_found
from sandbox.aws.functions import configuration, governing
from sandbox.aws.functions.describing import CONFIGURABLE, described, of_target
from sandbox.aws.functions.model import (
    LATEST,
    Account,
    Function,
    Version,
    new_revision,
    now_text,
    published,
)
from sandbox.aws.functions.protocol import page

_NOT_LISTED = frozenset(
    {
        *("State", "StateReason", "StateReasonCode", "LastUpdateStatus", "LastUpdateStatusReason"),
        *("LastUpdateStatusReasonCode", "RuntimeVersionConfig"),
    }
)
_MAX_NAME_CHARS = 64


def create_function(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    name, _ = account.split(given["FunctionName"])
    if len(name) > _MAX_NAME_CHARS:
        raise AwsError(
            400,
            "ValidationException",
            f"1 validation error detected: Value '{name}' at 'functionName' failed to satisfy constraint: "
            f"Member must have length less than or equal to {_MAX_NAME_CHARS}",
        )
    if name in account.stored.functions:
        raise conflict(f"Function already exist: {name}")
    configuration.check_offered(given)
    image = given.get("PackageType", "Zip") == "Image"
    _check_kind(given, image)
    governing.check_tags(given.get("Tags", {}))
    key, sha, size = ("", "", 0) if image else account.packages.put(code_bytes(account, given["Code"]))
    config = copy.deepcopy(configuration.DEFAULTS)
    changes = {k: v for k, v in given.items() if k in (*CONFIGURABLE, "Architectures", "PackageType")}
    configuration.merge(account, config, changes, code_bytes=account.packages.unpacked_bytes(key))
    config["LoggingConfig"] = configuration.logging(given.get("LoggingConfig", {}), name)
    if image:
        config["ImageUri"] = given["Code"]["ImageUri"]
    latest = Version(
        number=LATEST, config=config, code_key=key, code_sha256=sha, code_size=size, last_modified=now_text()
    )
    _begin(account, latest, state="Pending")
    function = Function(name=name, arn=account.arn(name), latest=latest, tags=dict(given.get("Tags", {})))
    account.stored.functions[name] = function
    if given.get("Publish"):
        return described(account, _publish(function, None), function, qualified=True)
    return described(account, latest, function)


def _check_kind(given: dict[str, Any], image: bool) -> None:
    """Refuse what goes with the other kind of package. A container image can be kept, but not run."""
    if image:
        if "ImageUri" not in given["Code"]:
            raise invalid("Please provide ImageUri when creating functions with container images.")
        if any(given.get(name) for name in ("Runtime", "Handler", "Layers")):
            raise invalid(
                "Please don't provide Handler or Runtime or Layer when the intent is to create functions "
                "using container images."
            )
    elif "Runtime" not in given or "Handler" not in given:
        raise invalid(
            "Runtime and Handler are mandatory parameters for functions created with deployment packages."
        )


def get_function(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    target = account.find(given["FunctionName"], given.get("Qualifier"))
    answer: dict[str, Any] = {
        "Configuration": of_target(account, target),
        "Code": _code(account, target.version),
    }
    if target.function.tags:
        answer["Tags"] = target.function.tags
    if target.function.reserved is not None:
        answer["Concurrency"] = {"ReservedConcurrentExecutions": target.function.reserved}
    return answer


def _code(account: Account, version: Version) -> dict[str, str]:
    if uri := version.config.get("ImageUri"):
        return {"RepositoryType": "ECR", "ImageUri": uri, "ResolvedImageUri": uri}
    return {
        "RepositoryType": "S3",
        "Location": account.packages.location(version.code_key, account.address),
    }


def get_function_configuration(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    return of_target(account, account.find(given["FunctionName"], given.get("Qualifier")))


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
    changes = {k: v for k, v in given.items() if k in CONFIGURABLE}
    if config["PackageType"] == "Image" and any(changes.get(n) for n in ("Runtime", "Handler", "Layers")):
        raise invalid("Handler, Runtime and Layers do not go with a container image.")
    if "LoggingConfig" in changes:
        changes["LoggingConfig"] = configuration.logging(given["LoggingConfig"], function.name)
    configuration.check_offered(given)
    unpacked = account.packages.unpacked_bytes(function.latest.code_key)
    configuration.merge(account, config, changes, code_bytes=unpacked)
    previous = copy.deepcopy(function.latest)
    function.latest.config = config
    _begin_update(account, function, previous)
    return described(account, function.latest, function)


def update_function_code(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    function = account.named(given)
    account.check_revision(given.get("RevisionId"), function.latest.revision_id)
    account.check_settled(function)
    previous = copy.deepcopy(function.latest)
    fresh = copy.deepcopy(function.latest)
    key, sha, size = _updated_code(account, fresh, given)
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


def _updated_code(account: Account, version: Version, given: dict[str, Any]) -> tuple[str, str, int]:
    """Give (key, digest, size) of the new code; the kind of package cannot change."""
    image = version.config["PackageType"] == "Image"
    if image != ("ImageUri" in given):
        raise invalid("The package type of a function cannot be changed.")
    configuration.check_offered(given)
    if image:
        version.config["ImageUri"] = given["ImageUri"]
        return "", "", 0
    found = account.packages.put(code_bytes(account, given))
    layers = version.config.get("Layers", ())
    configuration.check_sizes(account, layers, account.packages.unpacked_bytes(found[0]))
    return found


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
    for kept in (function.policies, function.event_invoke, function.provisioned, function.runtime_management):
        kept.pop(qualifier, None)


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


def code_bytes(account: Account, source: dict[str, Any]) -> bytes:
    """Give the bytes of a package that came along or lies in S3. Raises AwsError."""
    if "ZipFile" in source:
        if any(name in source for name in ("S3Bucket", "S3Key")):
            raise invalid("Please do not provide other FunctionCode parameters when providing a ZipFile.")
        try:
            return base64.b64decode(source["ZipFile"], validate=True)
        except (binascii.Error, ValueError, TypeError) as exc:
            raise AwsError(400, "SerializationException", "ZipFile is not base64.") from exc
    if "S3Bucket" in source and "S3Key" in source:
        return _object(account, source["S3Bucket"], source["S3Key"], source.get("S3ObjectVersion"))
    raise invalid("Please provide a source for function code.")


def _object(account: Account, bucket: str, key: str, version: str | None) -> bytes:
    backend = s3_backends[account.account_id]["aws"]
    if bucket not in backend.buckets:
        raise _no_object("NoSuchBucket", "The specified bucket does not exist")
    found = backend.get_object(bucket, key, version_id=version)
    if found is None or not hasattr(found, "value"):
        if version is not None:
            raise _no_object("NoSuchVersion", "The specified version does not exist.")
        raise _no_object("NoSuchKey", "The specified key does not exist.")
    return bytes(found.value)


def _no_object(code: str, message: str) -> AwsError:
    return invalid(f"Error occurred while GetObject. S3 Error Code: {code}. S3 Error Message: {message}")
