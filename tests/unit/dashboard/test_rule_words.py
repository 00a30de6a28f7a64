"""The rules' sentences in Chinese: none lacks a translation, and what a rule puts in comes along."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from django.utils import translation

from cutover.assessment import assess, read_files, readiness
from cutover.ports import FunctionFacts
from dashboard.rule_messages import MESSAGES
from dashboard.rule_words import said
from tests.unit.cutover.assessment.messages import messages
from tests.unit.cutover.factories import function

ENGLISH = re.compile(r"\b(?:the|and|is|are|has|have|for|with|what|not|does|it)\b", re.IGNORECASE)
NODE = """
const AWS = require('aws-sdk');
const express = require('express');
const pg = require('pg');
const s3 = new AWS.S3();
let count = 0;
exports.handler = async (event, context, callback) => {
  count += 1;
  setTimeout(() => 1, 10);
  const host = `https://sqs.${process.env.AWS_REGION}.amazonaws.com`;
  await s3.putObject({ Bucket: 'arn:aws:s3:::x' }).promise();
  await s3.getObject({}).promise();
  await new AWS.Lambda().invoke({}).promise();
  callback(null, context.awsRequestId + context.invokedFunctionArn + event.messageAttributes);
};
"""
PYTHON = """
import boto3, imp, requests, threading

def handler(event, context):
    threading.Thread(target=print).start()
    boto3.client("dynamodb", region_name="us-east-1").put_item()
    return context.log_stream_name
"""


@pytest.fixture
def _chinese() -> Iterator[None]:
    with translation.override("zh-hans"):
        yield


def shapes() -> list[tuple[FunctionFacts, dict[str, bytes]]]:
    plain = function()
    triggers = tuple(
        {"kind": kind, "source": "x", "qualifier": "", "enabled": kind != "s3"}
        for kind in ("s3", "sqs", "schedule", "apigateway", "kinesis", "alexa", "wonder", "websocket")
    )
    package = {"index.js": NODE.encode(), "package.json": b'{"dependencies": {"pg": "7.1.0", "sharp": "1"}}'}
    return [
        (plain, {}),
        (replace(plain, package_type="Image", limits=("Code signing is enforced.",)), {}),
        (replace(plain, runtime="java21", architectures=("arm64",), layers=("a", "b", "c", "d")), {}),
        (
            replace(plain, runtime="nodejs22.x", vpc=True, triggers=triggers, reserved_concurrency=0),
            {**package, "node_modules/x/y.node": b""},
        ),
        (
            replace(plain, runtime="python3.11", handler="app.handler", dead_letter="q", timeout_s=900),
            {"app.py": PYTHON.encode()},
        ),
        (
            replace(plain, runtime="nodejs8.10", handler="nothing", environment={"FC_X": "", "AWS_Y": ""}),
            {"index.js": b"exports.h = (e) => {"},
        ),
    ]


def test_the_ids_are_those_of_the_rules() -> None:
    assert set(MESSAGES) == messages()


@pytest.mark.usefixtures("_chinese")
def test_no_sentence_of_a_rule_lacks_a_translation() -> None:
    plain = {"SQL Server", "Powertools for AWS Lambda"}
    missing = [one for one in MESSAGES if translation.gettext(one) == one and one not in plain]
    assert missing == []


@pytest.mark.usefixtures("_chinese")
@pytest.mark.parametrize("number", range(len(shapes())))
def test_findings_are_said_in_chinese_whole(number: int) -> None:
    facts, files = shapes()[number]
    found = assess(facts, read_files(files) if files else None)
    assert found
    rest = readiness(found)
    texts = [text for one in found for text in (one.title, one.why, one.remedy)]
    texts += [rest.reason, *(task.sentence for task in rest.checklist)]
    allowed = set(facts.limits)
    english = [
        text for text in texts if ENGLISH.search(said(text)) and not any(a[:-1] in text for a in allowed)
    ]
    assert english == []


@pytest.mark.usefixtures("_chinese")
def test_what_a_rule_puts_in_comes_along() -> None:
    assert said("s3: writes (putObject), on 2 lines") == "s3：写入（putObject），共 2 行"
    assert said("cookie jar") == "cookie jar"
    assert said("") == ""


def test_english_stays_as_it_is() -> None:
    with translation.override("en"):
        assert said("FC has no arm64") == "FC has no arm64"
