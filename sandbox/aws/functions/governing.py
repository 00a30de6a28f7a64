"""Runtime management, recursion, code signing and tags."""

from typing import Any

from sandbox.aws.functions.configuring import runtime_version_arn
from sandbox.aws.functions.model import LATEST, Account
from sandbox.aws.functions.places import place, qualified


def get_runtime_management_config(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    function, qualifier = place(account, given)
    kept = function.runtime_management.get(qualifier or LATEST, {"UpdateRuntimeOn": "Auto"})
    return {**kept, "FunctionArn": qualified(function, qualifier or LATEST)}


def put_runtime_management_config(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    function, qualifier = place(account, given)
    kept = {"UpdateRuntimeOn": given["UpdateRuntimeOn"]}
    if given["UpdateRuntimeOn"] == "Manual":
        kept["RuntimeVersionArn"] = given.get("RuntimeVersionArn") or runtime_version_arn(
            account, function.latest.config["Runtime"]
        )
    function.runtime_management[qualifier or LATEST] = kept
    return {**kept, "FunctionArn": qualified(function, qualifier or LATEST)}


def get_function_recursion_config(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    return {"RecursiveLoop": account.named(given).recursion}


def put_function_recursion_config(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    function = account.named(given)
    function.recursion = given["RecursiveLoop"]
    return {"RecursiveLoop": function.recursion}


def get_function_code_signing_config(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    """No function here has one: the answer then carries the function's name alone."""
    return {"FunctionName": account.named(given).name, "CodeSigningConfigArn": ""}


def list_tags(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    return {"Tags": account.function(account.split(given["Resource"])[0]).tags}


def tag_resource(account: Account, given: dict[str, Any]) -> None:
    account.function(account.split(given["Resource"])[0]).tags.update(given["Tags"])


def untag_resource(account: Account, given: dict[str, Any]) -> None:
    function = account.function(account.split(given["Resource"])[0])
    keys = given["TagKeys"]
    for key in [keys] if isinstance(keys, str) else keys:
        function.tags.pop(key, None)
