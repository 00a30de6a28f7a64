"""Aliases and weights on the AWS half."""

from typing import Any

import pytest

from tests.contract.sandbox_aws.support import (
    Make,
    published_pair,
    refused,
    settled,
)

pytestmark = pytest.mark.enable_socket


def test_it_refuses_weights_that_aws_refuses(lambda_: Any, make: Make, roles: dict[str, str]) -> None:
    name = make()
    first, second = published_pair(lambda_, name)
    lambda_.update_function_configuration(FunctionName=name, Role=roles["runs-other"])
    settled(lambda_, name)
    third = lambda_.publish_version(FunctionName=name)["Version"]
    lambda_.create_alias(FunctionName=name, Name="live", FunctionVersion=first)

    def update(version: str, weights: dict[str, float]) -> tuple[str, int, str]:
        return refused(
            lambda: lambda_.update_alias(
                FunctionName=name,
                Name="live",
                FunctionVersion=version,
                RoutingConfig={"AdditionalVersionWeights": weights},
            )
        )

    assert "$LATEST" in update("$LATEST", {second: 0.1})[2]
    assert "cannot be greater than 1" in update(first, {second: 0.1, third: 0.1})[2]
    assert (
        f"Function version {first} is already included in routing configuration"
        in update(first, {first: 0.1})[2]
    )
    assert "same execution role" in update(first, {third: 0.1})[2]
    assert update(first, {"99": 0.1})[:2] == ("ResourceNotFoundException", 404)
    assert update(first, {second: 1.5})[0] == "ValidationException"


def test_it_keeps_weights_that_an_update_leaves_out_and_clears_empty_ones(lambda_: Any, make: Make) -> None:
    name = make()
    first, second = published_pair(lambda_, name)
    lambda_.create_alias(
        FunctionName=name,
        Name="live",
        FunctionVersion=first,
        RoutingConfig={"AdditionalVersionWeights": {second: 0.1}},
    )
    kept = lambda_.update_alias(FunctionName=name, Name="live", Description="d")
    assert kept["RoutingConfig"]["AdditionalVersionWeights"] == {second: 0.1}
    assert kept["FunctionVersion"] == first
    flip = lambda: lambda_.update_alias(FunctionName=name, Name="live", FunctionVersion=second)  # noqa: E731
    assert "already included" in refused(flip)[2]
    cleared = lambda_.update_alias(
        FunctionName=name,
        Name="live",
        FunctionVersion=second,
        RoutingConfig={"AdditionalVersionWeights": {}},
        RevisionId=kept["RevisionId"],
    )
    assert "RoutingConfig" not in cleared
    assert cleared["RevisionId"] != kept["RevisionId"]


def test_it_refuses_to_delete_a_version_that_an_alias_uses(lambda_: Any, make: Make) -> None:
    name = make()
    first, second = published_pair(lambda_, name)
    lambda_.create_alias(FunctionName=name, Name="original", FunctionVersion=first)
    used = lambda: lambda_.delete_function(FunctionName=name, Qualifier=first)  # noqa: E731
    assert refused(used)[:2] == ("ResourceConflictException", 409)
    lambda_.delete_function(FunctionName=name, Qualifier=second)
    assert [v["Version"] for v in lambda_.list_versions_by_function(FunctionName=name)["Versions"]] == [
        "$LATEST",
        first,
    ]
    lambda_.delete_function(FunctionName=name)
    assert refused(lambda: lambda_.get_function(FunctionName=name))[1] == 404
