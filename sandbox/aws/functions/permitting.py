"""Resource policies, one for each qualifier."""

import json
from typing import Any

from sandbox.aws.errors import AwsError, conflict, invalid, not_found
from sandbox.aws.functions.model import LATEST, Account, Policy, new_revision
from sandbox.aws.functions.places import place, qualified

_MAX_POLICY_BYTES = 20480
_MISSING = "The resource you requested does not exist."


def add_permission(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    function, qualifier = place(account, given)
    if qualifier == LATEST:
        raise invalid("We currently do not support adding policies for $LATEST.")
    policy = function.policies.get(qualifier) or Policy()
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
        "Principal": principal_of(principal),
        "Action": given["Action"],
        "Resource": qualified(function, qualifier),
    }
    conditions: dict[str, dict[str, str]] = {}
    if given.get("InvokedViaFunctionUrl") is not None:
        conditions["Bool"] = {"lambda:InvokedViaFunctionUrl": str(given["InvokedViaFunctionUrl"]).lower()}
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
    size = len(json.dumps([*policy.statements.values(), statement]))
    if size > _MAX_POLICY_BYTES:
        raise AwsError(
            400,
            "PolicyLengthExceededException",
            f"The final policy size ({size}) is bigger than the limit ({_MAX_POLICY_BYTES}).",
            {"Type": "User"},
        )
    policy.statements[given["StatementId"]] = statement
    policy.revision_id = new_revision()
    function.policies[qualifier] = policy
    return {"Statement": json.dumps(statement)}


def principal_of(principal: str) -> Any:
    """Write a principal as a policy does: an account's number, an ARN, a service's name or everybody."""
    if principal == "*":
        return "*"
    if principal.isdecimal():
        return {"AWS": f"arn:aws:iam::{principal}:root"}
    return {"AWS": principal} if principal.startswith("arn:") else {"Service": principal}


def get_policy(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    function, qualifier = place(account, given)
    policy = function.policies.get(qualifier)
    if policy is None or not policy.statements:
        raise not_found(_MISSING)
    document = {"Version": "2012-10-17", "Id": "default", "Statement": list(policy.statements.values())}
    return {"Policy": json.dumps(document), "RevisionId": policy.revision_id}


def remove_permission(account: Account, given: dict[str, Any]) -> None:
    function, qualifier = place(account, given)
    policy = function.policies.get(qualifier)
    if policy is None or given["StatementId"] not in policy.statements:
        raise not_found(f"Statement {given['StatementId']} is not found in resource policy.")
    account.check_revision(given.get("RevisionId"), policy.revision_id, "Policy")
    del policy.statements[given["StatementId"]]
    policy.revision_id = new_revision()
