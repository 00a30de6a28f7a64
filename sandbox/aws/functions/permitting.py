"""Resource policies, one for each qualifier."""

import json
from typing import Any

from sandbox.aws.errors import conflict, invalid, not_found
from sandbox.aws.functions.model import LATEST, Account, Policy, new_revision
from sandbox.aws.functions.places import place, qualified

_MISSING = "The resource you requested does not exist."


def add_permission(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    function, qualifier = place(account, given)
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
        "Resource": qualified(function, qualifier),
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
