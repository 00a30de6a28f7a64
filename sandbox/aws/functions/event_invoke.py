"""How asynchronous invocations are retried and where their results go, per qualifier."""

import time
from typing import Any

from sandbox.aws.errors import not_found
from sandbox.aws.functions.model import LATEST, Account
from sandbox.aws.functions.places import place, qualified
from sandbox.aws.functions.protocol import page


def put_function_event_invoke_config(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    function, qualifier = place(account, given)
    function.event_invoke[qualifier or LATEST] = {
        "LastModified": time.time(),
        "FunctionArn": qualified(function, qualifier or LATEST),
        "DestinationConfig": given.get("DestinationConfig", {"OnSuccess": {}, "OnFailure": {}}),
        **{k: given[k] for k in ("MaximumRetryAttempts", "MaximumEventAgeInSeconds") if k in given},
    }
    return function.event_invoke[qualifier or LATEST]


def update_function_event_invoke_config(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    kept = get_function_event_invoke_config(account, given)
    return put_function_event_invoke_config(account, {**kept, **given})


def get_function_event_invoke_config(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    function, qualifier = place(account, given)
    kept = function.event_invoke.get(qualifier or LATEST)
    if kept is None:
        arn = qualified(function, qualifier or LATEST)
        raise not_found(f"The function {arn} doesn't have an EventInvokeConfig")
    return kept


def list_function_event_invoke_configs(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    return page(list(account.named(given).event_invoke.values()), "FunctionEventInvokeConfigs", given)


def delete_function_event_invoke_config(account: Account, given: dict[str, Any]) -> None:
    get_function_event_invoke_config(account, given)
    function, qualifier = place(account, given)
    del function.event_invoke[qualifier or LATEST]
