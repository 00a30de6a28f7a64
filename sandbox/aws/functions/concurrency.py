"""Reserved and provisioned concurrency, and what the account may use."""

import time
from typing import Any

from sandbox.aws.errors import AwsError, invalid
from sandbox.aws.functions.model import LATEST, Account, Function, now_text
from sandbox.aws.functions.places import place
from sandbox.aws.functions.protocol import page

ACCOUNT_CONCURRENCY = 1000
_UNRESERVED_MINIMUM = 100


def put_function_concurrency(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    function = account.named(given)
    wanted = given["ReservedConcurrentExecutions"]
    others = sum(f.reserved or 0 for f in account.stored.functions.values() if f is not function)
    if wanted and ACCOUNT_CONCURRENCY - others - wanted < _UNRESERVED_MINIMUM:
        raise invalid(
            "Specified ReservedConcurrentExecutions for function decreases account's "
            f"UnreservedConcurrentExecution below its minimum value of [{_UNRESERVED_MINIMUM}]."
        )
    function.reserved = wanted
    return {"ReservedConcurrentExecutions": wanted}


def get_function_concurrency(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    function = account.named(given)
    return {} if function.reserved is None else {"ReservedConcurrentExecutions": function.reserved}


def delete_function_concurrency(account: Account, given: dict[str, Any]) -> None:
    account.named(given).reserved = None


def get_account_settings(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    functions = account.stored.functions.values()
    sizes = [v.code_size for f in functions for v in (f.latest, *f.versions.values())]
    reserved = sum(function.reserved or 0 for function in functions)
    return {
        "AccountLimit": {
            "TotalCodeSize": 80_530_636_800,
            "CodeSizeUnzipped": 262_144_000,
            "CodeSizeZipped": 52_428_800,
            "ConcurrentExecutions": ACCOUNT_CONCURRENCY,
            "UnreservedConcurrentExecutions": ACCOUNT_CONCURRENCY - reserved,
        },
        "AccountUsage": {"TotalCodeSize": sum(sizes), "FunctionCount": len(account.stored.functions)},
    }


def put_provisioned_concurrency_config(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    """Keep a request for provisioned concurrency: it is told as ready, and no worker is started for it.

    Source: facts of docs.aws.amazon.com/lambda/latest/dg/provisioned-concurrency.html: published versions and
    aliases only, none on an alias with weights, one for each version whatever leads to it.
    """
    function, qualifier = place(account, given)
    if qualifier in ("", LATEST):
        raise invalid("Provisioned Concurrency Configs cannot be applied to unpublished function versions.")
    _check_weights(function, qualifier)
    number = _number(function, qualifier)
    for other in function.provisioned:
        if other == qualifier or _number(function, other) != number:
            continue
        if other in function.aliases and qualifier not in function.aliases:
            raise invalid("Version is pointed by a Provisioned Concurrency alias")
        raise invalid(
            "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version"
        )
    wanted = given["ProvisionedConcurrentExecutions"]
    others = sum(kept["wanted"] for name, kept in function.provisioned.items() if name != qualifier)
    if function.reserved is not None and others + wanted > function.reserved:
        raise invalid(
            "Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution "
            "for function"
        )
    if function.reserved is None and _unreserved(account) - others - wanted < _UNRESERVED_MINIMUM:
        raise invalid(
            "Specified ConcurrentExecutions for function decreases account's UnreservedConcurrentExecution "
            f"below its minimum value of [{_UNRESERVED_MINIMUM}]."
        )
    function.provisioned[qualifier] = {
        "wanted": wanted,
        "modified": now_text(),
        "ready_at": time.time() + account.update_s,
    }
    return _provisioned(function.provisioned[qualifier])


def get_provisioned_concurrency_config(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    function, qualifier = place(account, given)
    if qualifier not in function.provisioned:
        raise AwsError(
            404,
            "ProvisionedConcurrencyConfigNotFoundException",
            "No Provisioned Concurrency Config found for this function",
            {"Type": "User"},
        )
    return _provisioned(function.provisioned[qualifier])


def delete_provisioned_concurrency_config(account: Account, given: dict[str, Any]) -> None:
    function, qualifier = place(account, given)
    _check_weights(function, qualifier)
    function.provisioned.pop(qualifier, None)


def list_provisioned_concurrency_configs(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    function = account.named(given)
    found = [
        {"FunctionArn": f"{function.arn}:{qualifier}", **_provisioned(kept)}
        for qualifier, kept in sorted(function.provisioned.items())
    ]
    return page(found, "ProvisionedConcurrencyConfigs", given)


def _check_weights(function: Function, qualifier: str) -> None:
    if qualifier in function.aliases and function.aliases[qualifier].weights:
        raise invalid("Alias with weights can not be used with Provisioned Concurrency")


def _number(function: Function, qualifier: str) -> str:
    alias = function.aliases.get(qualifier)
    return alias.version if alias is not None else qualifier


def _unreserved(account: Account) -> int:
    return ACCOUNT_CONCURRENCY - sum(f.reserved or 0 for f in account.stored.functions.values())


def _provisioned(kept: dict[str, Any]) -> dict[str, Any]:
    ready = time.time() >= kept["ready_at"]
    return {
        "RequestedProvisionedConcurrentExecutions": kept["wanted"],
        "AvailableProvisionedConcurrentExecutions": kept["wanted"] if ready else 0,
        "AllocatedProvisionedConcurrentExecutions": kept["wanted"] if ready else 0,
        "Status": "READY" if ready else "IN_PROGRESS",
        "LastModified": kept["modified"],
    }
