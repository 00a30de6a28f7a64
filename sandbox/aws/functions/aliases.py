"""Aliases and their weights, with what AWS refuses.

Sources: docs.aws.amazon.com/lambda/latest/dg/configuring-alias-routing.html; the messages are those seen in
serverless/serverless#7250 and serverless-heaven/serverless-aws-alias#64, read 2026-11-22.
"""

from typing import Any

from sandbox.aws.errors import conflict, invalid, not_found
from sandbox.aws.functions.model import LATEST, Account, Alias, Function, Version, new_revision
from sandbox.aws.functions.protocol import page


def create_alias(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    function = account.named(given)
    name = given["Name"]
    if name in function.aliases:
        raise conflict(f"Alias already exists: {function.arn}:{name}")
    weights = _weights(given.get("RoutingConfig"), {})
    _check(function, given["FunctionVersion"], weights)
    alias = Alias(
        name=name,
        version=given["FunctionVersion"],
        description=given.get("Description", ""),
        weights=weights,
    )
    function.aliases[name] = alias
    return _described(function, alias)


def get_alias(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    function = account.named(given)
    return _described(function, _found(function, given["Name"]))


def list_aliases(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    function = account.named(given)
    only = given.get("FunctionVersion")
    found = [
        _described(function, alias)
        for _, alias in sorted(function.aliases.items())
        if only is None or only in (alias.version, *alias.weights)
    ]
    return page(found, "Aliases", given)


def update_alias(account: Account, given: dict[str, Any]) -> dict[str, Any]:
    """What is left out keeps its value; empty AdditionalVersionWeights clear the weights."""
    function = account.named(given)
    alias = _found(function, given["Name"])
    account.check_revision(given.get("RevisionId"), alias.revision_id, "Alias")
    version = given.get("FunctionVersion", alias.version)
    weights = _weights(given.get("RoutingConfig"), alias.weights)
    _check(function, version, weights)
    alias.version, alias.weights = version, weights
    alias.description = given.get("Description", alias.description)
    alias.revision_id = new_revision()
    return _described(function, alias)


def delete_alias(account: Account, given: dict[str, Any]) -> None:
    function = account.named(given)
    function.aliases.pop(given["Name"], None)
    for kept in (function.policies, function.urls, function.event_invoke, function.provisioned):
        kept.pop(given["Name"], None)


def _found(function: Function, name: str) -> Alias:
    alias = function.aliases.get(name)
    if alias is None:
        raise not_found(f"Cannot find alias arn: {function.arn}:{name}")
    return alias


def _weights(routing: dict[str, Any] | None, kept: dict[str, float]) -> dict[str, float]:
    if routing is None:
        return dict(kept)
    return {version: float(weight) for version, weight in routing.get("AdditionalVersionWeights", {}).items()}


def _version(function: Function, number: str) -> Version:
    if number == LATEST:
        return function.latest
    if number not in function.versions:
        raise not_found(f"Function not found: {function.arn}:{number}")
    return function.versions[number]


def _check(function: Function, version: str, weights: dict[str, float]) -> None:
    main = _version(function, version)
    if len(weights) > 1:
        raise invalid("Number of items in AdditionalVersionWeights cannot be greater than 1")
    for number in weights:
        if version == LATEST:
            raise invalid("$LATEST is not supported for an alias pointing to more than 1 version")
        if number == version:
            raise invalid(
                f"Invalid function version {number}. Function version {number} is already included in "
                "routing configuration."
            )
        other = _version(function, number)
        if other.config["Role"] != main.config["Role"]:
            raise invalid("Specified versions must be associated with the same execution role")
        if other.config.get("DeadLetterConfig") != main.config.get("DeadLetterConfig"):
            raise invalid("Specified versions must have the same dead-letter queue configuration")


def _described(function: Function, alias: Alias) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "AliasArn": f"{function.arn}:{alias.name}",
        "Name": alias.name,
        "FunctionVersion": alias.version,
        "Description": alias.description,
        "RevisionId": alias.revision_id,
    }
    if alias.weights:
        answer["RoutingConfig"] = {"AdditionalVersionWeights": alias.weights}
    return answer
