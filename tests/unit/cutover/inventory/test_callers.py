"""Callers beside a function in a template, code that stands in it, and files that it names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cutover.inventory import DeclaredFunction, facts_of, read_templates
from workers import templates

FUNCTION: dict[str, Any] = {
    "Type": "AWS::Lambda::Function",
    "Properties": {
        "Runtime": "python3.12",
        "Handler": "index.handler",
        "Code": {"ZipFile": {"Fn::Sub": "def handler(event, context):\n    return '${AWS::Region}'\n"}},
    },
}


def declared(**resources: object) -> DeclaredFunction:
    document = {"Resources": {"Fn": FUNCTION, **resources}}
    (found,) = read_templates({"stack.json": json.dumps(document).encode()}).functions
    return found


def resource(kind: str, **properties: object) -> dict[str, object]:
    return {"Type": kind, "Properties": properties}


ARN = {"Fn::GetAtt": ["Fn", "Arn"]}


@pytest.mark.parametrize(
    ("caller", "kind"),
    [
        (resource("AWS::CloudFormation::Macro", Name="Expand", FunctionName=ARN), "cloudformation"),
        (resource("Custom::Thing", ServiceToken=ARN), "cloudformation"),
        (resource("AWS::StepFunctions::StateMachine", Definition={"Fn::Sub": "${Fn.Arn}"}), "stepfunctions"),
        (resource("AWS::SecretsManager::RotationSchedule", RotationLambdaARN=ARN), "secretsmanager"),
        (resource("AWS::ApiGateway::Authorizer", AuthorizerUri={"Fn::Sub": "x/${Fn.Arn}"}), "apigateway"),
    ],
)  # fmt: skip
def test_a_caller_beside_the_function_is_a_trigger(caller: dict[str, object], kind: str) -> None:
    assert [one["kind"] for one in declared(Caller=caller).triggers] == [kind]


@pytest.mark.parametrize(
    ("source", "kind"),
    [("AWS::SQS::Queue", "sqs"), ("AWS::Kinesis::Stream", "kinesis"), ("AWS::DynamoDB::Table", "dynamodb")],
)
def test_a_mapping_is_known_by_the_resource_that_it_names(source: str, kind: str) -> None:
    mapping = resource(
        "AWS::Lambda::EventSourceMapping",
        FunctionName={"Ref": "Fn"},
        EventSourceArn={"Fn::GetAtt": ["Src", "Arn"]},
    )
    assert [one["kind"] for one in declared(Src=resource(source), Map=mapping).triggers] == [kind]


def test_an_api_of_websockets_is_no_http() -> None:
    integration = resource("AWS::ApiGatewayV2::Integration", ApiId={"Ref": "Api"}, IntegrationUri=ARN)
    found = declared(Api=resource("AWS::ApiGatewayV2::Api", ProtocolType="WEBSOCKET"), Way=integration)
    assert [one["kind"] for one in found.triggers] == ["websocket"]


def test_an_alias_of_the_function_is_the_function() -> None:
    alias = resource("AWS::Lambda::Alias", FunctionName={"Ref": "Fn"}, Name="live")
    rule = resource("AWS::Events::Rule", ScheduleExpression="rate(1 day)", Targets=[{"Arn": {"Ref": "Live"}}])
    assert [one["kind"] for one in declared(Live=alias, Rule=rule).triggers] == ["schedule"]


def test_code_in_a_template_is_read_from_there_and_kept_nowhere_else(tmp_path: Path) -> None:
    file = tmp_path / "stack.json"
    file.write_text(json.dumps({"Resources": {"Fn": FUNCTION}}))
    (found,) = templates.declared(file).functions
    assert found.code == f"{file}#Fn"
    assert "return" not in str(facts_of(found))
    source = templates.source(found.code)
    assert source is not None
    assert b"${AWS::Region}" in source.code["index.py"]


def test_a_single_file_is_code(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("def handler(e, c):\n    return 1\n")
    source = templates.source(str(tmp_path / "app.py"))
    assert source is not None
    assert set(source.code) == {"app.py"}


def test_functions_in_a_file_beside_are_read_and_never_outside_the_folder(tmp_path: Path) -> None:
    inside = tmp_path / "app"
    inside.mkdir()
    (tmp_path / "outside.yml").write_text("secret: {handler: s.s}")
    (inside / "functions.yml").write_text("hello: {handler: a.b, runtime: nodejs20.x}")
    template = inside / "serverless.yml"
    template.write_text("provider: {name: aws}\nfunctions: ${file(./functions.yml)}\n")
    assert [one.handler for one in templates.declared(template).functions] == ["a.b"]

    template.write_text("provider: {name: aws}\nfunctions: ${file(../outside.yml)}\n")
    found = templates.declared(template)
    assert found.functions == ()
    assert "outside.yml" in found.troubles[0].sentence


def test_functions_of_one_name_are_told_apart_by_their_folders() -> None:
    text = b"service: s\nprovider: {name: aws, runtime: nodejs20.x}\nfunctions: {hello: {handler: a.b}}\n"
    found = read_templates({"one/serverless.yml": text, "two/serverless.yml": text})
    assert [one.name for one in found.functions] == ["one/hello", "two/hello"]


def test_a_template_for_another_cloud_is_named() -> None:
    found = read_templates({"serverless.yml": b"service: x\nprovider: {name: azure}\nfunctions: {}\n"})
    assert found.troubles[0].sentence == "It is a serverless.yml for azure, not for AWS."


def test_a_template_without_functions_is_no_trouble() -> None:
    found = read_templates({"template.yaml": b"Transform: AWS::Serverless-2016-10-31\nResources:\n"})
    assert (found.functions, found.troubles) == ((), ())


def test_what_a_template_says_that_forbids_tap_and_relay_is_told() -> None:
    durable = {**FUNCTION, "Properties": {**FUNCTION["Properties"], "DurableConfig": {"ExecutionTimeout": 9}}}
    document = {"Resources": {"Fn": durable}}
    (found,) = read_templates({"stack.json": json.dumps(document).encode()}).functions
    assert "durable" in found.limits[0]
    assert facts_of(found).limits == found.limits


def test_a_heredoc_may_end_in_blanks() -> None:
    text = 'resource "aws_lambda_function" "f" {\n  function_name = "f"\n  description = <<X\nhi\nX  \n}\n'
    (found,) = read_templates({"main.tf": text.encode()}).functions
    assert found.name == "f"
