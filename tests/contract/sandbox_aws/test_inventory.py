"""What an inventory reads from the AWS half."""

import json
from typing import Any

import pytest

from tests.contract.sandbox_aws.support import (
    Make,
    refused,
)
from tests.sandbox_fixtures import RunningAws

pytestmark = pytest.mark.enable_socket


def test_it_answers_the_reads_that_moto_lacks(lambda_: Any, make: Make) -> None:
    name = make()
    assert lambda_.get_runtime_management_config(FunctionName=name)["UpdateRuntimeOn"] == "Auto"
    assert not lambda_.get_function_code_signing_config(FunctionName=name)["CodeSigningConfigArn"]
    assert lambda_.get_function_recursion_config(FunctionName=name)["RecursiveLoop"] == "Terminate"
    assert lambda_.list_function_url_configs(FunctionName=name)["FunctionUrlConfigs"] == []
    assert (
        lambda_.list_provisioned_concurrency_configs(FunctionName=name)["ProvisionedConcurrencyConfigs"] == []
    )
    assert lambda_.list_function_event_invoke_configs(FunctionName=name)["FunctionEventInvokeConfigs"] == []
    assert lambda_.list_event_source_mappings(FunctionName=name)["EventSourceMappings"] == []
    assert lambda_.get_account_settings()["AccountLimit"]["ConcurrentExecutions"] == 1000
    lambda_.publish_version(FunctionName=name)
    absent = lambda: lambda_.get_provisioned_concurrency_config(FunctionName=name, Qualifier="1")  # noqa: E731
    assert refused(absent)[:2] == ("ProvisionedConcurrencyConfigNotFoundException", 404)


def test_it_gives_function_lists_in_pages(lambda_: Any, make: Make) -> None:
    names = {make() for _ in range(3)}
    pages = list(lambda_.get_paginator("list_functions").paginate(PaginationConfig={"PageSize": 2}))
    assert all(len(page["Functions"]) <= 2 for page in pages)
    assert names <= {f["FunctionName"] for page in pages for f in page["Functions"]}


def test_it_keeps_a_policy_for_each_qualifier(lambda_: Any, make: Make) -> None:
    name = make()
    lambda_.publish_version(FunctionName=name)
    lambda_.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    grant = {"StatementId": "s", "Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com"}
    lambda_.add_permission(FunctionName=name, Qualifier="live", SourceAccount="123456789012", **grant)
    assert refused(lambda: lambda_.get_policy(FunctionName=name))[1] == 404
    (statement,) = json.loads(lambda_.get_policy(FunctionName=name, Qualifier="live")["Policy"])["Statement"]
    assert statement["Resource"].endswith(f":{name}:live")
    assert statement["Condition"] == {"StringEquals": {"AWS:SourceAccount": "123456789012"}}
    again = lambda: lambda_.add_permission(FunctionName=name, Qualifier="live", **grant)  # noqa: E731
    assert refused(again)[:2] == ("ResourceConflictException", 409)
    lambda_.remove_permission(FunctionName=name, Qualifier="live", StatementId="s")
    assert refused(lambda: lambda_.get_policy(FunctionName=name, Qualifier="live"))[1] == 404


def test_it_refuses_an_operation_that_it_does_not_offer(lambda_: Any) -> None:
    call = lambda: lambda_.list_code_signing_configs()  # noqa: E731
    assert refused(call)[:2] == ("NotImplementedException", 501)


def test_it_takes_functions_of_other_runtimes_but_says_that_it_cannot_run_them(
    lambda_: Any, make: Make
) -> None:
    name = make(runtime="java21")
    assert refused(lambda: lambda_.invoke(FunctionName=name))[:2] == ("InvalidRuntimeException", 502)


def test_it_says_what_a_policy_allows(aws: RunningAws) -> None:
    iam = aws.client("iam")
    iam.create_user(UserName="narrow")
    document = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": ["lambda:Get*", "lambda:UpdateAlias"], "Resource": "*"},
            {"Effect": "Deny", "Action": "lambda:GetPolicy", "Resource": "*"},
        ],
    }
    iam.put_user_policy(UserName="narrow", PolicyName="p", PolicyDocument=json.dumps(document))
    found = iam.simulate_principal_policy(
        PolicySourceArn="arn:aws:iam::123456789012:user/narrow",
        ActionNames=["lambda:GetAlias", "lambda:updatealias", "lambda:GetPolicy", "lambda:DeleteFunction"],
    )["EvaluationResults"]
    assert [f["EvalDecision"] for f in found] == ["allowed", "allowed", "explicitDeny", "implicitDeny"]
    me = aws.client("sts").get_caller_identity()["Arn"]
    mine = iam.simulate_principal_policy(PolicySourceArn=me, ActionNames=["sqs:SendMessage"])
    assert mine["EvaluationResults"][0]["EvalDecision"] == "allowed"


def test_it_knows_the_managed_policies_of_aws(aws: RunningAws) -> None:
    iam = aws.client("iam")
    arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    role = iam.create_role(RoleName="managed", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    iam.attach_role_policy(RoleName="managed", PolicyArn=arn)
    attached = iam.list_attached_role_policies(RoleName="managed")["AttachedPolicies"]
    assert attached == [{"PolicyName": "AWSLambdaBasicExecutionRole", "PolicyArn": arn}]
    found = iam.simulate_principal_policy(
        PolicySourceArn=role, ActionNames=["logs:PutLogEvents", "s3:GetObject"]
    )["EvaluationResults"]
    assert [f["EvalDecision"] for f in found] == ["allowed", "implicitDeny"]
    unknown = "arn:aws:iam::aws:policy/NoSuchPolicy"
    code = refused(lambda: iam.attach_role_policy(RoleName="managed", PolicyArn=unknown))[0]
    assert code == "NoSuchEntity"


def test_it_refuses_loudly_what_no_service_here_does(aws: RunningAws) -> None:
    query = {"logGroupName": "g", "startTime": 0, "endTime": 1, "queryString": "fields @message"}
    for call in (
        aws.client("cloudtrail").lookup_events,
        lambda: aws.client("logs").start_query(**query),
        lambda: aws.client("apigateway").get_sdk_types(),
    ):
        code, status, message = refused(call)
        assert (code, status) == ("NotImplementedException", 501)
        assert "does not offer" in message


def test_it_turns_what_moto_stumbles_over_into_a_refusal(aws: RunningAws) -> None:
    dynamodb, trail, ssm = (aws.client(name) for name in ("dynamodb", "cloudtrail", "ssm"))
    for call in (
        dynamodb.list_exports,
        trail.get_insight_selectors,
        lambda: ssm.get_patch_baseline_for_patch_group(PatchGroup="x"),
        lambda: aws.client("events").describe_event_source(Name="x"),
    ):
        code, status, message = refused(call)
        assert (code, status) == ("NotImplementedException", 501)
        assert "could not carry out" in message
    arn = "arn:aws:lambda:us-east-1:123456789012:function:x"
    simulate = aws.client("iam").simulate_principal_policy
    found = refused(lambda: simulate(PolicySourceArn=arn, ActionNames=["s3:GetObject"]))
    assert found[:2] == ("InvalidInput", 400)
