"""Runtimes that are newer than FC's, durable functions, custom resources, and modules that a folder holds."""

from __future__ import annotations

import pytest

from cutover.assessment.triggers import counterpart, reason
from tests.unit.cutover.assessment.sources import node, of_rule, python


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("exports.handler = async (e) => Promise.withResolvers();", "Promise.withResolvers"),
        ("const { DatabaseSync } = require('node:sqlite'); exports.handler = async () => 1;", "node:sqlite"),
        ("exports.handler = async () => new WebSocket('wss://x');", "WebSocket"),
    ],
)
def test_what_fc_s_node_lacks_blocks_code_of_a_newer_one(text: str, title: str) -> None:
    (found,) = node(text, "runtime-downgrade", runtime="nodejs22.x")
    assert (found.severity, found.line) == ("blocker", 1)
    assert title in found.title


@pytest.mark.parametrize(
    ("text", "runtime"),
    [
        ("const WebSocket = require('ws'); exports.handler = async () => new WebSocket('x');", "nodejs22.x"),
        ("exports.handler = async () => Promise.all([]);", "nodejs24.x"),
        ("exports.handler = async () => Promise.withResolvers();", "nodejs20.x"),
    ],
)
def test_nothing_is_said_of_code_that_runs_there(text: str, runtime: str) -> None:
    assert node(text, "runtime-downgrade", runtime=runtime) == []


def test_what_fc_s_python_lacks_blocks_code_of_a_newer_one() -> None:
    text = "import copy\nfrom uuid import uuid7\n\ndef handler(event, c):\n    return copy.replace(event)\n"
    found = python(text, "runtime-downgrade", runtime="python3.14")
    assert [(one.severity, one.line) for one in found] == [("blocker", 5), ("blocker", 2)]


def test_a_manifest_that_asks_for_a_newer_node_warns() -> None:
    files = {
        "index.js": "exports.handler = async () => 1;",
        "package.json": '{"engines": {"node": ">=22.1"}}',
    }
    (found,) = of_rule("runtime-downgrade", files, runtime="nodejs22.x")
    assert (found.severity, found.place) == ("warn", "package.json")


def test_a_durable_function_blocks() -> None:
    text = (
        "from aws_durable_execution_sdk_python import durable_execution\n\ndef handler(e, c):\n    return 1\n"
    )
    (found,) = python(text, "durable")
    assert (found.severity, found.line) == ("blocker", 1)


def test_a_custom_resource_is_told_and_its_module_is_not_missing() -> None:
    text = "import cfnresponse\n\ndef handler(event, c):\n    cfnresponse.send(event, c, 'SUCCESS', {})\n"
    (found,) = python(text, "custom-resource")
    assert (found.severity, found.line) == ("warn", 1)
    assert python(text, "missing-module") == []
    (own,) = node("exports.handler = async (event) => put(event.ResponseURL);", "custom-resource")
    assert own.line == 1


def test_typescript_may_name_a_folder_by_its_base_url() -> None:
    files = {
        "index.ts": "import { a } from 'lib/a';\nexport const handler = async () => a;",
        "lib/a.ts": "export const a = 1;",
    }
    assert of_rule("missing-module", files) == []


@pytest.mark.parametrize(("kind", "word"), [("alexa", "Alexa"), ("lex", "Lex")])
def test_each_kind_of_trigger_has_its_own_reason(kind: str, word: str) -> None:
    assert word in reason(kind)
    assert counterpart(kind) == ""


def test_an_sdk_that_the_handler_loads_late_is_bundled_by_lambda_all_the_same() -> None:
    (found,) = node(
        "exports.handler = async () => { const s3 = require('aws-sdk/clients/s3'); };", "bundled-by-lambda"
    )
    assert found.line == 1
    assert node("exports.handler = async () => { require('canvas'); };", "missing-module") == []


def test_a_semicolon_after_a_block_is_no_work_after_the_answer() -> None:
    text = "exports.handler = (e, c) => {\n  if (e) {\n    response.send(e);\n  };\n};\n"
    assert node(text, "after-answer") == []


@pytest.mark.parametrize(
    ("text", "line", "host"),
    [
        ("exports.handler = async () => `https://sqs.${r}.amazonaws.com/q`;", 1, "sqs.{}.amazonaws.com"),
        ("const a = 1;\nexports.handler = async () => go(`https://${id}.execute-api.${r}.amazonaws.com`);", 2,
         "{}.execute-api.{}.amazonaws.com"),
    ],
)  # fmt: skip
def test_a_host_that_is_put_together_is_found(text: str, line: int, host: str) -> None:
    (found,) = node(text, "hard-coded-host")
    assert found.line == line
    assert host in found.title


def test_an_arn_in_an_f_string_is_found_and_a_put_together_secret_is_none() -> None:
    text = 'def handler(e, c):\n    password = f"{e}-{c}"\n    return f"arn:aws:sqs:{e}:{c}:jobs"\n'
    (found,) = python(text, "hard-coded-arn")
    assert found.line == 3
    assert python(text, "secret") == []


@pytest.mark.parametrize(
    ("operation", "access"),
    [("detect_labels", "sdk"), ("invoke_model", "sdk"), ("invoke", "sdk-write"), ("put_item", "sdk-write")],
)
def test_asking_a_model_is_reading(operation: str, access: str) -> None:
    text = f'import boto3\nx = boto3.client("any")\n\ndef handler(e, c):\n    return x.{operation}()\n'
    assert [one.line for one in python(text, access)] == [5]


def test_an_upload_by_the_library_writes() -> None:
    text = (
        "const { Upload } = require('@aws-sdk/lib-storage');\n"
        "exports.handler = async () => new Upload({}).done();\n"
    )
    (found,) = node(text, "sdk-write")
    assert ("upload" in found.title, found.line) == (True, 2)


def test_parts_of_the_sdk_are_no_services() -> None:
    text = (
        "const AWS = require('aws-sdk');\n"
        "exports.handler = async () => {\n"
        "  const request = new AWS.HttpRequest(new AWS.Endpoint('x'));\n"
        "  new AWS.Signers.V4(request, 'es').addAuthorization(new AWS.EnvironmentCredentials('AWS'));\n"
        "};\n"
    )
    assert node(text, "sdk-write") == []
    (found,) = node(text, "sdk")
    assert "not resolved" in found.title


@pytest.mark.parametrize("module", ["dynamoose", "@shop/tools-sns-client"])
def test_a_library_that_calls_aws_by_itself_is_told(module: str) -> None:
    text = f"const db = require('{module}');\nexports.handler = async () => db.put(1);\n"
    (found,) = node(text, "sdk-write")
    assert ("not resolved" in found.title, found.line) == (True, 1)


def test_a_docstring_is_no_code() -> None:
    text = 'def handler(e, c):\n    """See https://docs.amazonaws.com/x."""\n    return 1\n'
    assert python(text, "hard-coded-host") == []
