"""Runtime management, recursion, code signing and tags."""

from typing import Any

from sandbox.aws.errors import invalid
from sandbox.aws.functions.model import LATEST, Account, Function
from sandbox.aws.functions.places import place, qualified

MAX_TAGS = 50


def get_runtime_management_config(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    function, qualifier = place(account, given)
    kept = function.runtime_management.get(qualifier or LATEST, {"UpdateRuntimeOn": "Auto"})
    return {**kept, "FunctionArn": qualified(function, qualifier or LATEST)}


def put_runtime_management_config(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    function, qualifier = place(account, given)
    kept = {"UpdateRuntimeOn": given["UpdateRuntimeOn"]}
    if given["UpdateRuntimeOn"] == "Manual":
        if "RuntimeVersionArn" not in given:
            raise invalid("RuntimeVersionArn is required when UpdateRuntimeOn is Manual.")
        kept["RuntimeVersionArn"] = given["RuntimeVersionArn"]
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
    return {"Tags": _tagged(account, given).tags}


def tag_resource(account: Account, given: dict[str, Any]) -> None:
    function = _tagged(account, given)
    check_tags({**function.tags, **given["Tags"]})
    function.tags.update(given["Tags"])


def untag_resource(account: Account, given: dict[str, Any]) -> None:
    function = _tagged(account, given)
    for key in given["TagKeys"]:
        function.tags.pop(key, None)


def _tagged(account: Account, given: dict[str, Any]) -> Function:
    """Give the function that tags belong to. Raises AwsError: tags of mappings and others are not kept."""
    name, qualifier = account.split(given["Resource"])
    if qualifier:
        raise invalid("Tags on function aliases and versions are not supported.")
    return account.function(name)


def check_tags(tags: dict[str, str]) -> None:
    """Refuse too many tags, and those that AWS keeps to itself."""
    if len(tags) > MAX_TAGS:
        raise invalid(f"Number of tags exceeds resource tag limit of {MAX_TAGS}.")
    if any(key.lower().startswith("aws:") for key in tags):
        raise invalid("System tags cannot be added/updated by requester")
