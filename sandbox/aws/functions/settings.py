"""What belongs to a function beside code and configuration: policies, concurrency, URLs, tags and more."""

import json
import time
import uuid
from typing import Any

from sandbox.aws.errors import AwsError, conflict, invalid, not_found
from sandbox.aws.functions.configuring import runtime_version_arn
from sandbox.aws.functions.model import LATEST, Account, Function, Policy, new_revision, now_text
from sandbox.aws.functions.protocol import page

ACCOUNT_CONCURRENCY = 1000
_UNRESERVED_MINIMUM = 100
_MISSING = "The resource you requested does not exist."


def _place(account: Account, given: dict[str, Any]) -> tuple[Function, str]:
    """Give the function and the qualifier ("" for none) a setting belongs to; both must exist."""
    target = account.find(given["FunctionName"], given.get("Qualifier"))
    return target.function, target.qualifier


def _qualified(function: Function, qualifier: str) -> str:
    return f"{function.arn}:{qualifier}" if qualifier else function.arn


def add_permission(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    function, qualifier = _place(account, given)
    if qualifier == LATEST:
        raise invalid("We currently do not support adding policies for $LATEST.")
    policy = function.policies.setdefault(qualifier, Policy())
    account.check_revision(given.get("RevisionId"), policy.revision_id, "Policy")
    if given["StatementId"] in policy.statements:
        raise conflict(
            f"The statement id ({given['StatementId']}) provided already exists. Please provide a new "
            "statement id, or remove the existing statement."
        )
    principal = given["Principal"]
    statement: dict[str, Any] = {
        "Sid": given["StatementId"],
        "Effect": "Allow",
        "Principal": _principal(principal),
        "Action": given["Action"],
        "Resource": _qualified(function, qualifier),
    }
    conditions: dict[str, dict[str, str]] = {}
    if "SourceArn" in given:
        conditions["ArnLike"] = {"AWS:SourceArn": given["SourceArn"]}
    for name, key in (
        ("SourceAccount", "AWS:SourceAccount"),
        ("PrincipalOrgID", "aws:PrincipalOrgID"),
        ("FunctionUrlAuthType", "lambda:FunctionUrlAuthType"),
        ("EventSourceToken", "lambda:EventSourceToken"),
    ):
        if name in given:
            conditions.setdefault("StringEquals", {})[key] = given[name]
    if conditions:
        statement["Condition"] = conditions
    policy.statements[given["StatementId"]] = statement
    policy.revision_id = new_revision()
    return {"Statement": json.dumps(statement)}


def _principal(principal: str) -> Any:
    if principal == "*":
        return "*"
    if principal.isdecimal():
        return {"AWS": f"arn:aws:iam::{principal}:root"}
    return {"AWS": principal} if principal.startswith("arn:") else {"Service": principal}


def get_policy(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    function, qualifier = _place(account, given)
    policy = function.policies.get(qualifier)
    if policy is None or not policy.statements:
        raise not_found(_MISSING)
    document = {"Version": "2012-10-17", "Id": "default", "Statement": list(policy.statements.values())}
    return {"Policy": json.dumps(document), "RevisionId": policy.revision_id}


def remove_permission(account: Account, given: dict[str, Any]) -> None:
    function, qualifier = _place(account, given)
    policy = function.policies.get(qualifier)
    if policy is None or given["StatementId"] not in policy.statements:
        raise not_found(f"Statement {given['StatementId']} is not found in resource policy.")
    account.check_revision(given.get("RevisionId"), policy.revision_id, "Policy")
    del policy.statements[given["StatementId"]]
    policy.revision_id = new_revision()


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
    _place(account, given)
    raise AwsError(
        404,
        "ProvisionedConcurrencyConfigNotFoundException",
        "No Provisioned Concurrency Config found for this function",
        {"Type": "User"},
    )


def list_provisioned_concurrency_configs(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    account.named(given)
    return {"ProvisionedConcurrencyConfigs": []}


def get_runtime_management_config(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    function, qualifier = _place(account, given)
    kept = function.runtime_management.get(qualifier or LATEST, {"UpdateRuntimeOn": "Auto"})
    return {**kept, "FunctionArn": _qualified(function, qualifier or LATEST)}


def put_runtime_management_config(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    function, qualifier = _place(account, given)
    kept = {"UpdateRuntimeOn": given["UpdateRuntimeOn"]}
    if given["UpdateRuntimeOn"] == "Manual":
        kept["RuntimeVersionArn"] = given.get("RuntimeVersionArn") or runtime_version_arn(
            account, function.latest.config["Runtime"]
        )
    function.runtime_management[qualifier or LATEST] = kept
    return {**kept, "FunctionArn": _qualified(function, qualifier or LATEST)}


def get_function_recursion_config(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    return {"RecursiveLoop": account.named(given).recursion}


def put_function_recursion_config(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    function = account.named(given)
    function.recursion = given["RecursiveLoop"]
    return {"RecursiveLoop": function.recursion}


def get_function_code_signing_config(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    """No function here has one: the answer then carries the function's name alone."""
    return {"FunctionName": account.named(given).name, "CodeSigningConfigArn": ""}


def create_function_url_config(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    """Keep a URL's configuration. Nothing answers at its host: the sandbox serves no function URLs yet."""
    function, qualifier = _place(account, given)
    if qualifier in function.urls:
        raise conflict(f"Failed to create function url config for [functionArn = {function.arn}].")
    now = now_text()
    function.urls[qualifier] = {
        "FunctionUrl": f"https://{uuid.uuid4().hex}.lambda-url.{account.region}.on.aws/",
        "FunctionArn": _qualified(function, qualifier),
        "AuthType": given["AuthType"],
        "InvokeMode": given.get("InvokeMode", "BUFFERED"),
        **({"Cors": given["Cors"]} if "Cors" in given else {}),
        "CreationTime": now,
        "LastModifiedTime": now,
    }
    return function.urls[qualifier]


def get_function_url_config(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    function, qualifier = _place(account, given)
    if qualifier not in function.urls:
        raise not_found(_MISSING)
    return function.urls[qualifier]


def list_function_url_configs(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    return page(list(account.named(given).urls.values()), "FunctionUrlConfigs", given)


def delete_function_url_config(account: Account, given: dict[str, Any]) -> None:
    function, qualifier = _place(account, given)
    if function.urls.pop(qualifier, None) is None:
        raise not_found(_MISSING)


def put_function_event_invoke_config(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    function, qualifier = _place(account, given)
    function.event_invoke[qualifier or LATEST] = {
        "LastModified": time.time(),
        "FunctionArn": _qualified(function, qualifier or LATEST),
        "DestinationConfig": given.get("DestinationConfig", {"OnSuccess": {}, "OnFailure": {}}),
        **{k: given[k] for k in ("MaximumRetryAttempts", "MaximumEventAgeInSeconds") if k in given},
    }
    return function.event_invoke[qualifier or LATEST]


def update_function_event_invoke_config(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    kept = get_function_event_invoke_config(account, given)
    return put_function_event_invoke_config(account, {**kept, **given})


def get_function_event_invoke_config(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    function, qualifier = _place(account, given)
    kept = function.event_invoke.get(qualifier or LATEST)
    if kept is None:
        arn = _qualified(function, qualifier or LATEST)
        raise not_found(f"The function {arn} doesn't have an EventInvokeConfig")
    return kept


def list_function_event_invoke_configs(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    return page(list(account.named(given).event_invoke.values()), "FunctionEventInvokeConfigs", given)


def delete_function_event_invoke_config(account: Account, given: dict[str, Any]) -> None:
    get_function_event_invoke_config(account, given)
    function, qualifier = _place(account, given)
    del function.event_invoke[qualifier or LATEST]


def list_tags(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    return {"Tags": account.function(account.split(given["Resource"])[0]).tags}


def tag_resource(account: Account, given: dict[str, Any]) -> None:
    account.function(account.split(given["Resource"])[0]).tags.update(given["Tags"])


def untag_resource(account: Account, given: dict[str, Any]) -> None:
    function = account.function(account.split(given["Resource"])[0])
    keys = given["TagKeys"]
    for key in [keys] if isinstance(keys, str) else keys:
        function.tags.pop(key, None)


def list_event_source_mappings(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    found = list(account.stored.mappings.values())
    if "FunctionName" in given:
        name, qualifier = account.split(given["FunctionName"])
        arn = account.arn(name) + (f":{qualifier}" if qualifier else "")
        found = [m for m in found if m["FunctionArn"] == arn]
    if "EventSourceArn" in given:
        found = [m for m in found if m["EventSourceArn"] == given["EventSourceArn"]]
    return page(found, "EventSourceMappings", given, 100)


def get_event_source_mapping(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    if given["UUID"] not in account.stored.mappings:
        raise not_found(_MISSING)
    return account.stored.mappings[given["UUID"]]


def create_event_source_mapping(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    """Keep a mapping as state. Only a disabled one: nothing polls event sources here yet, so one that is
    enabled would look as if it worked."""
    if given.get("Enabled", True):
        raise AwsError(
            501,
            "NotImplementedException",
            "The sandbox polls no event sources yet: create it with Enabled=false.",
        )
    target = account.find(given["FunctionName"])
    mapping = {k: v for k, v in given.items() if k not in ("FunctionName", "Enabled", "Tags")}
    mapping |= {
        "UUID": str(uuid.uuid4()),
        "FunctionArn": _qualified(target.function, target.qualifier),
        "State": "Disabled",
        "StateTransitionReason": "USER_INITIATED",
        "LastModified": time.time(),
    }
    account.stored.mappings[mapping["UUID"]] = mapping
    return mapping


def delete_event_source_mapping(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    mapping = get_event_source_mapping(account, given)
    del account.stored.mappings[given["UUID"]]
    return {**mapping, "State": "Deleting"}
