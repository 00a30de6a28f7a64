"""Function URLs: their configuration. What answers at them is in sandbox.aws.http.

A URL is `http://127.0.0.1:PORT/_url/ID/`, since no name of AWS leads to this machine. The id stays with its
function and qualifier for as long as the URL exists; the port is the one that the sandbox listens on now.
"""

import uuid
from typing import Any

from sandbox.aws.errors import conflict, invalid, not_found
from sandbox.aws.functions.model import LATEST, Account, Function, now_text
from sandbox.aws.functions.places import place, qualified
from sandbox.aws.functions.protocol import page

_MISSING = "The resource you requested does not exist."


def create_function_url_config(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    function, qualifier = _place(account, given)
    if qualifier in function.urls:
        arn = qualified(function, qualifier)
        raise conflict(
            f"Failed to create function url config for [functionArn = {arn}]. Error message: exists"
        )
    now = now_text()
    function.urls[qualifier] = {
        "id": uuid.uuid4().hex,
        "AuthType": given["AuthType"],
        "InvokeMode": given.get("InvokeMode", "BUFFERED"),
        **({"Cors": given["Cors"]} if given.get("Cors") else {}),
        "CreationTime": now,
        "LastModifiedTime": now,
    }
    return _described(account, function, qualifier)


def get_function_url_config(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    return _described(account, *_found(account, given))


def update_function_url_config(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    """What is left out keeps its value; an empty Cors clears it."""
    function, qualifier = _found(account, given)
    kept = function.urls[qualifier]
    kept |= {name: given[name] for name in ("AuthType", "InvokeMode", "Cors") if name in given}
    if not kept.get("Cors"):
        kept.pop("Cors", None)
    kept["LastModifiedTime"] = now_text()
    return _described(account, function, qualifier)


def list_function_url_configs(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    function = account.named(given)
    found = [_described(account, function, qualifier) for qualifier in sorted(function.urls)]
    return page(found, "FunctionUrlConfigs", given)


def delete_function_url_config(account: Account, given: dict[str, Any]) -> None:
    function, qualifier = _found(account, given)
    del function.urls[qualifier]


def address(account: Account, url_id: str) -> str:
    """Give the address at which a function URL answers."""
    return f"{account.address}/_url/{url_id}/"


def _place(account: Account, given: dict[str, Any]) -> tuple[Function, str]:
    function, qualifier = place(account, given)
    if qualifier == LATEST or qualifier.isdecimal():
        raise invalid("A function URL belongs to an alias or to the unqualified function.")
    return function, qualifier


def _found(account: Account, given: dict[str, Any]) -> tuple[Function, str]:
    function, qualifier = _place(account, given)
    if qualifier not in function.urls:
        raise not_found(_MISSING)
    return function, qualifier


def _described(account: Account, function: Function, qualifier: str) -> dict[str, Any]:
    kept = function.urls[qualifier]
    # An earlier release kept the address itself; its host begins with the id.
    url_id = kept.get("id") or kept["FunctionUrl"].removeprefix("https://").partition(".")[0]
    shown = {name: value for name, value in kept.items() if name not in ("id", "FunctionUrl")}
    return {
        **shown,
        "FunctionUrl": address(account, url_id),
        "FunctionArn": qualified(function, qualifier),
    }
