"""Function URLs: their configuration."""

import uuid
from typing import Any

from sandbox.aws.errors import conflict, not_found
from sandbox.aws.functions.model import Account, now_text
from sandbox.aws.functions.places import place, qualified
from sandbox.aws.functions.protocol import page

_MISSING = "The resource you requested does not exist."


def create_function_url_config(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    """Keep a URL's configuration. Nothing answers at its host: the sandbox serves no function URLs yet."""
    function, qualifier = place(account, given)
    if qualifier in function.urls:
        raise conflict(f"Failed to create function url config for [functionArn = {function.arn}].")
    now = now_text()
    function.urls[qualifier] = {
        "FunctionUrl": f"https://{uuid.uuid4().hex}.lambda-url.{account.region}.on.aws/",
        "FunctionArn": qualified(function, qualifier),
        "AuthType": given["AuthType"],
        "InvokeMode": given.get("InvokeMode", "BUFFERED"),
        **({"Cors": given["Cors"]} if "Cors" in given else {}),
        "CreationTime": now,
        "LastModifiedTime": now,
    }
    return function.urls[qualifier]


def get_function_url_config(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    function, qualifier = place(account, given)
    if qualifier not in function.urls:
        raise not_found(_MISSING)
    return function.urls[qualifier]


def list_function_url_configs(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    return page(list(account.named(given).urls.values()), "FunctionUrlConfigs", given)


def delete_function_url_config(account: Account, given: dict[str, Any]) -> None:
    function, qualifier = place(account, given)
    if function.urls.pop(qualifier, None) is None:
        raise not_found(_MISSING)
