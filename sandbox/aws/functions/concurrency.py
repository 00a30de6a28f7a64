"""Reserved and provisioned concurrency, and what the account may use."""

from typing import Any

from sandbox.aws.errors import AwsError, invalid
from sandbox.aws.functions.model import Account
from sandbox.aws.functions.places import place

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


def get_provisioned_concurrency_config(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    place(account, given)
    raise AwsError(
        404,
        "ProvisionedConcurrencyConfigNotFoundException",
        "No Provisioned Concurrency Config found for this function",
        {"Type": "User"},
    )


def list_provisioned_concurrency_configs(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    account.named(given)
    return {"ProvisionedConcurrencyConfigs": []}
