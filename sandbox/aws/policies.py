"""SimulatePrincipalPolicy for identity policies: inline and attached ones of users, groups and roles.

It knows Effect, Action, NotAction, Resource, NotResource with wildcards. A statement with a Condition is
refused loudly, since guessing would make the answer untrue.
Source: docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html, read 2026-11-22.
"""

import fnmatch
import json
import re
from typing import Any
from urllib.parse import unquote

from moto.iam.exceptions import NotFoundException

from sandbox.aws.errors import AwsError


def simulate(backend: Any, asked: dict[str, Any]) -> dict[str, Any]:
    """Answer SimulatePrincipalPolicy. backend: moto's IAM backend. asked: the call's parameters.

    Raises AwsError.
    """
    documents = _documents(backend, asked["PolicySourceArn"])
    documents += [json.loads(text) for text in asked.get("PolicyInputList", [])]
    statements = [s for document in documents for s in _listed(document["Statement"])]
    results = []
    for action in asked["ActionNames"]:
        for resource in asked.get("ResourceArns") or ["*"]:
            results.append(
                {
                    "EvalActionName": action,
                    "EvalResourceName": resource,
                    "EvalDecision": _decision(statements, action, resource),
                    "MatchedStatements": [],
                    "MissingContextValues": [],
                }
            )
    return {"EvaluationResults": results, "IsTruncated": False}


def allows(backend: Any, arn: str, action: str, resource: str) -> bool:
    """Tell whether a principal's identity policies allow one action; nobody's policies allow nothing.

    Raises AwsError 501 where the answer depends on a Condition.
    """
    try:
        documents = _documents(backend, arn)
        statements = [s for document in documents for s in _listed(document["Statement"])]
        return _decision(statements, action, resource) == "allowed"
    except NotFoundException:
        return False
    except AwsError as exc:
        raise AwsError(501, "NotImplementedException", exc.message) from exc


def _documents(backend: Any, arn: str) -> list[dict[str, Any]]:
    found = re.fullmatch(r"arn:aws:iam::\d+:(user|role|group)/(?:.*/)?([^/]+)", arn)
    if found is None:
        raise AwsError(400, "InvalidInput", f"Not the ARN of a user, group or role: {arn[:200]}")
    kind, name = found.groups()
    holders = {"user": backend.users, "role": backend.roles, "group": backend.groups}[kind]
    holder = next((h for h in holders.values() if h.name == name), None)
    if holder is None:
        raise NotFoundException(f"The {kind} with name {name} cannot be found.")
    owners = [holder]
    if kind == "user":
        owners += [g for g in backend.groups.values() if holder in g.users]
    documents: list[dict[str, Any]] = []
    for owner in owners:
        documents += [json.loads(unquote(text)) for text in owner.policies.values()]
        for policy in owner.managed_policies.values():
            documents.append(json.loads(_in_force(policy)))
    return documents


def _in_force(policy: Any) -> str:
    """Give the text of a managed policy's default version; AWS's own have one version here."""
    chosen = [v for v in policy.versions if v.version_id == policy.default_version_id]
    text: str = (chosen or policy.versions)[-1].document
    return text


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _decision(statements: list[dict[str, Any]], action: str, resource: str) -> str:
    decision = "implicitDeny"
    for statement in statements:
        if not (
            _covers(statement, "Action", action.lower(), lower=True)
            and _covers(statement, "Resource", resource)
        ):
            continue
        if "Condition" in statement:
            raise AwsError(501, "NotImplemented", "The sandbox does not simulate policies with conditions.")
        if statement["Effect"] == "Deny":
            return "explicitDeny"
        decision = "allowed"
    return decision


def _covers(statement: dict[str, Any], field: str, value: str, *, lower: bool = False) -> bool:
    negated = f"Not{field}"
    patterns = _listed(statement.get(field, statement.get(negated, [])))
    hit = any(_like(pattern.lower() if lower else pattern, value) for pattern in patterns)
    return not hit if negated in statement else hit


def _like(pattern: str, value: str) -> bool:
    # fnmatch also knows [..], which policies do not: such brackets are taken as themselves.
    return fnmatch.fnmatchcase(value, pattern.replace("[", "[[]"))
