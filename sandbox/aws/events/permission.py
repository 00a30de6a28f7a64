"""Whether a function's resource policy lets a service invoke it.

Source: docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html, read 2026-11-22.
"""

import fnmatch
from collections.abc import Mapping
from typing import Any

from sandbox.aws.errors import AwsError
from sandbox.aws.functions.model import Account


def may_invoke(account: Account, arn: str, *, service: str, source_arn: str) -> bool:
    """Tell whether the function or qualifier that an ARN names exists and lets a source invoke it.

    service: for example s3.amazonaws.com. A policy belongs to one qualifier: that of the bare function does
    not cover an alias.
    """
    try:
        with account.lock:
            target = account.find(arn)
            policy = target.function.policies.get(target.qualifier)
            statements = list(policy.statements.values()) if policy is not None else []
    except AwsError:
        return False
    return any(_allows(one, account.account_id, service, source_arn) for one in statements)


def _allows(statement: Mapping[str, Any], account_id: str, service: str, source_arn: str) -> bool:
    principal = statement["Principal"]
    if principal != "*" and (not isinstance(principal, dict) or principal.get("Service") != service):
        return False
    if statement["Action"] not in ("lambda:InvokeFunction", "lambda:*", "*"):
        return False
    conditions = statement.get("Condition", {})
    wanted = conditions.get("ArnLike", {}).get("AWS:SourceArn", "*")
    owner = conditions.get("StringEquals", {}).get("AWS:SourceAccount", account_id)
    return fnmatch.fnmatchcase(source_arn, wanted.replace("[", "[[]")) and owner == account_id
