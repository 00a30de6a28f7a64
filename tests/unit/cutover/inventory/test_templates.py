"""Templates of five tools: what they declare, what they leave open, and how they fail to be read."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cutover.assessment import assess
from cutover.inventory import DeclaredFunction, facts_of, read_templates

SAM = """
Transform: AWS::Serverless-2016-10-31
Parameters:
  Stage: {Type: String, Default: prod}
  Key: {Type: String, Default: hunter2, NoEcho: true}
Globals:
  Function:
    Timeout: 20
    Environment: {Variables: {COMMON: x}}
Resources:
  Worker:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: !Sub "worker-${Stage}"
      CodeUri: src/
      Handler: app.handler
      Runtime: python3.12
      MemorySize: !Ref Stage
      Role: !GetAtt Role.Arn
      Description: !Ref Key
      Environment: {Variables: {TABLE: !Ref Table, SECRET: never shown}}
      Layers: [!Ref Layer, "arn:aws:lambda:us-east-1:1:layer:x:1"]
      Events:
        Queue: {Type: SQS, Properties: {Queue: !GetAtt Jobs.Arn}}
        Tick: {Type: Schedule, Properties: {Schedule: rate(5 minutes), Enabled: false}}
        Get: {Type: Api, Properties: {Path: /x, Method: get}}
  Jobs: {Type: AWS::SQS::Queue}
"""

SERVERLESS = """
service: shop
provider: {name: aws, runtime: nodejs20.x, timeout: 9, environment: {A: 1}}
custom: {memory: 512, table: "orders-${opt:stage}"}
functions:
  api:
    handler: src/api.handler
    memorySize: ${self:custom.memory}
    name: shop-api
    environment: {TABLE: "${self:custom.table}"}
    description: ${self:custom.nowhere, 'plain'}
    events:
      - httpApi: {method: get, path: /orders}
      - sqs: {arn: "${ssm:/queue}"}
      - schedule: rate(1 hour)
  worker:
    handler: ${file(./handlers.yml):worker}
constructs:
  jobs: {type: queue, worker: {handler: jobs.consume}}
"""

TERRAFORM = """
variable "stage" { default = "prod" }
resource "aws_lambda_function" "resize" {
  function_name = "resize-${var.stage}"
  handler       = "index.handler"
  runtime       = "nodejs20.x"
  memory_size   = 256
  timeout       = var.timeout
  filename      = "build/resize.zip"
  role          = aws_iam_role.resize.arn
  environment { variables = { BUCKET = aws_s3_bucket.b.id } }
}
resource "aws_s3_bucket_notification" "n" {
  bucket = "uploads"
  lambda_function { lambda_function_arn = aws_lambda_function.resize.arn }
}
resource "aws_cloudwatch_event_rule" "tick" { schedule_expression = "rate(5 minutes)" }
resource "aws_cloudwatch_event_target" "tick" {
  rule = aws_cloudwatch_event_rule.tick.name
  arn  = aws_lambda_function.resize.arn
}
"""

PLAN: dict[str, object] = {
    "terraform_version": "1.9.0",
    "planned_values": {
        "root_module": {
            "child_modules": [
                {
                    "resources": [
                        {
                            "address": "module.a.aws_lambda_function.f",
                            "type": "aws_lambda_function",
                            "values": {
                                "function_name": "f",
                                "runtime": "python3.12",
                                "handler": "a.b",
                                "environment": [{"variables": {"PASSWORD": "never shown"}}],
                            },
                        },
                        {
                            "address": "aws_lambda_event_source_mapping.m",
                            "type": "aws_lambda_event_source_mapping",
                            "values": {"function_name": "f", "event_source_arn": "arn:aws:sqs:eu-west-1:1:q"},
                        },
                    ]
                }
            ]
        }
    },
    "resource_changes": [
        {"address": "module.a.aws_lambda_function.f", "change": {"after_unknown": {"role": True}}}
    ],
}

CLOUDFORMATION: dict[str, object] = {
    "Mappings": {"Sizes": {"big": {"memory": 2048}}},
    "Resources": {
        "Fn": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "Runtime": "nodejs20.x",
                "Handler": "index.handler",
                "MemorySize": {"Fn::FindInMap": ["Sizes", "big", "memory"]},
                "FunctionName": {"Fn::Join": ["-", ["a", "b"]]},
                "Code": {"S3Bucket": {"Ref": "B"}, "S3Key": "k"},
                "Timeout": {"Fn::If": ["Long", 60, 3]},
            },
        },
        "Rule": {
            "Type": "AWS::Events::Rule",
            "Properties": {
                "ScheduleExpression": "rate(1 day)",
                "Targets": [{"Arn": {"Fn::GetAtt": ["Fn", "Arn"]}}],
            },
        },
        "Other": {
            "Type": "AWS::Events::Rule",
            "Properties": {"ScheduleExpression": "rate(1 day)", "Targets": [{"Arn": {"Ref": "Fnx"}}]},
        },
    },
}


def read(name: str, text: str | dict[str, object]) -> tuple[DeclaredFunction, ...]:
    content = text if isinstance(text, str) else json.dumps(text)
    found = read_templates({name: content.encode()})
    assert found.troubles == ()
    return found.functions


def unresolved(function: DeclaredFunction) -> dict[str, str]:
    return {one.field: one.expression for one in function.unresolved}


def triggers(function: DeclaredFunction) -> list[tuple[str, str, bool]]:
    return [(one["kind"], one["source"], one["enabled"]) for one in function.triggers]


def test_it_reads_sam_with_globals_and_leaves_intrinsics_open() -> None:
    (found,) = read("template.yaml", SAM)
    assert (found.name, found.logical_id, found.origin, found.code) == ("Worker", "Worker", "sam", "src/")
    assert (found.timeout_s, found.memory_mb, found.handler) == (20, None, "app.handler")
    assert found.environment == ("COMMON", "SECRET", "TABLE")
    assert found.layers == ("arn:aws:lambda:us-east-1:1:layer:x:1",)
    assert unresolved(found) == {
        "FunctionName": "!Sub worker-${Stage}",
        "MemorySize": "!Ref Stage (default prod)",
        "Role": "!GetAtt Role.Arn",
        "Description": "!Ref Key",
        "Layers": "!Ref Layer",
        "Events.Queue.Queue": "!GetAtt Jobs.Arn",
    }
    assert triggers(found) == [
        ("sqs", "!GetAtt Jobs.Arn", True),
        ("schedule", "rate(5 minutes)", False),
        ("apigateway", "get /x", True),
    ]


def test_it_reads_serverless_and_follows_its_own_variables_only() -> None:
    api, worker, jobs = read("serverless.yml", SERVERLESS)
    assert (api.name, api.memory_mb, api.timeout_s, api.runtime) == ("shop-api", 512, 9, "nodejs20.x")
    assert api.environment == ("A", "TABLE")
    assert api.description == "plain"
    assert triggers(api) == [
        ("apigateway", "get /orders", True),
        ("sqs", "${ssm:/queue}", True),
        ("schedule", "rate(1 hour)", True),
    ]
    assert unresolved(api) == {"events[1].sqs.arn": "${ssm:/queue}"}
    assert worker.handler == ""
    assert "file(./handlers.yml)" in unresolved(worker)["handler"]
    assert (jobs.name, jobs.handler, triggers(jobs)[0][0]) == ("jobsWorker", "jobs.consume", "sqs")


def test_it_reads_terraform_across_files_and_tells_text_from_expressions() -> None:
    (found,) = read("main.tf", TERRAFORM)
    assert (found.name, found.handler, found.memory_mb, found.timeout_s) == (
        "resize",
        "index.handler",
        256,
        None,
    )
    assert found.environment == ("BUCKET",)
    assert unresolved(found) == {
        "function_name": "resize-${var.stage}",
        "timeout": "${var.timeout}",
        "role": "${aws_iam_role.resize.arn}",
    }
    assert triggers(found) == [("s3", "uploads", True), ("schedule", "rate(5 minutes)", True)]


def test_it_reads_a_plan_and_leaves_open_what_is_known_after_apply() -> None:
    (found,) = read("plan.json", PLAN)
    assert (found.name, found.origin, found.environment) == ("f", "terraform-plan", ("PASSWORD",))
    assert unresolved(found) == {"role": "known after apply"}
    assert triggers(found) == [("sqs", "arn:aws:sqs:eu-west-1:1:q", True)]


def test_it_reads_cloudformation_and_only_triggers_of_the_function() -> None:
    (found,) = read("stack.json", CLOUDFORMATION)
    assert (found.name, found.memory_mb, found.timeout_s) == ("a-b", 2048, None)
    assert unresolved(found) == {"Timeout": '!If ["Long",60,3]'}
    assert triggers(found) == [("schedule", "rate(1 day)", True)]


def test_it_reads_up_and_its_proxy() -> None:
    (found,) = read("up.json", {"name": "api", "proxy": {"command": "./main"}, "environment": {"KEY": "x"}})
    assert (found.name, found.handler, found.environment) == ("api", "_proxy.handle", ("KEY",))
    assert "lambda.runtime" in unresolved(found)


@pytest.mark.parametrize(
    ("name", "text"),
    [("template.yaml", SAM), ("serverless.yml", SERVERLESS), ("plan.json", json.dumps(PLAN))],
)
def test_no_value_of_the_environment_is_kept(name: str, text: str) -> None:
    shown = repr(read(name, text))
    assert "never shown" not in shown
    assert "hunter2" not in shown


def test_what_is_open_is_a_finding_and_no_rule_judges_it() -> None:
    (found,) = read("template.yaml", SAM)
    findings = assess(facts_of(found))
    rules = {one.rule for one in findings}
    assert sum(one.rule == "unresolved" for one in findings) == len(found.unresolved)
    assert "memory" not in rules
    assert "alias" not in rules
    assert "runtime" in rules
    assert "blocker" not in {one.severity for one in findings}


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("template.yaml", "Resources:\n  A: [1,\n", 3),
        ("template.yaml", "Resources:\n{%- if x %}\n", 2),
        ("stack.json", "{\n  nope", 2),
        ("main.tf", 'resource "x" {{{', 1),
        ("serverless.yml", "- a list", 0),
        ("other.yaml", "a: 1", 0),
    ],
)
def test_what_cannot_be_read_is_told_with_its_line(name: str, text: str, line: int) -> None:
    found = read_templates({name: text.encode()})
    assert found.functions == ()
    assert [(one.file, one.line) for one in found.troubles] == [(name, line)]


@pytest.mark.parametrize(
    "text",
    [
        "a: &a [x,x]\n" + "".join(f"b{n}: &b{n} [*a,*a]\n" for n in range(600)),
        "x: " + "[" * 500 + "]" * 500,
        "!!python/object/apply:os.system ['true']",
    ],
)
def test_hostile_yaml_is_refused(text: str) -> None:
    assert read_templates({"template.yaml": text.encode()}).troubles


def test_files_of_a_folder_that_are_no_templates_are_left_alone() -> None:
    found = read_templates({"template.yaml": SAM.encode(), "values.yaml": b"a: 1", "x.json": b"["})
    assert len(found.functions) == 1
    assert found.troubles == ()


@settings(deadline=None)  # the first HCL pays for its grammar
@given(
    st.sampled_from(["template.yaml", "serverless.yml", "up.json", "stack.json", "main.tf"]),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=9),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
        max_leaves=8,
    ),
)
def test_any_document_in_any_field_is_read_without_a_crash(name: str, value: object) -> None:
    fields = ("FunctionName", "MemorySize", "Environment", "Events", "Layers", "Tags", "Code", "VpcConfig")
    document = {
        "name": value,
        "lambda": value,
        "proxy": value,
        "provider": {"name": "aws", "environment": value, "layers": value},
        "functions": {"f": {"handler": value, "events": value, "environment": value, "vpc": value}},
        "constructs": value,
        "Globals": value,
        "Resources": {"F": {"Type": "AWS::Serverless::Function", "Properties": dict.fromkeys(fields, value)}},
    }
    for one in read_templates({name: json.dumps(document).encode()}).functions:
        assert assess(facts_of(one))
