"""The adapter on the sandbox's FC: handlers of AWS answer there as on AWS, errors and late work included."""

import base64
import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest
from alibabacloud_fc20230330 import models as fc

from adapters import build
from cutover.planning import adapter_settings
from sandbox.samples.catalog import read_samples
from tests.sandbox_fixtures import RunningAlibaba, RunningAws, running_alibaba, running_aws
from tests.unit.cutover.factories import function as facts

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]
NODE = """
const started = process.env.AWS_LAMBDA_FUNCTION_NAME;
exports.handler = (event, context, callback) => {
  const given = { name: event.name, number: event.number, started, version: context.functionVersion,
    memory: context.memoryLimitInMB, isArn: context.invokedFunctionArn.startsWith('arn:aws:lambda:') };
  if (event.fail) return callback(new RangeError(event.fail));
  if (event.silent) { setTimeout(() => { given.late = true; }, 30); return undefined; }
  if (event.text) return callback(null, 'a text');
  setTimeout(() => { given.late = true; }, 30);
  return callback(null, given);
};
"""
PYTHON = """
import os
class Refused(Exception):
    pass
def handler(event, context):
    if event.get("fail"):
        raise Refused(event["fail"])
    if event.get("text"):
        return "a text"
    return {"name": event["name"], "function": os.environ["AWS_LAMBDA_FUNCTION_NAME"],
            "version": context.function_version, "memory": context.memory_limit_in_mb,
            "left": context.get_remaining_time_in_millis() > 1000}
"""
EVENTS: list[dict[str, Any]] = [
    {"name": "Zoë 李", "number": 1.5},
    {"name": "Ada", "fail": "no"},
    {"name": "Ada", "text": True},
]
RUNTIMES = {"node": ("nodejs20.x", "nodejs20"), "python": ("python3.12", "python3.12")}
GREETING = next(sample for sample in read_samples() if sample.name == "greeting-buffer")


def zipped(files: dict[str, str]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name), text)
    return made.getvalue()


FUNCTIONS = {
    "adapted-node": ("node", zipped({"index.js": NODE})),
    "adapted-python": ("python", zipped({"index.py": PYTHON})),
    "greeting-buffer": ("node", GREETING.package()),
}


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningAws]:
    with running_aws(tmp_path_factory.mktemp("aws")) as running:
        role = running.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
        client = running.client("lambda")
        for name, (language, package) in FUNCTIONS.items():
            client.create_function(
                FunctionName=name,
                Runtime=RUNTIMES[language][0],
                Role=role,
                Handler="index.handler",
                Code={"ZipFile": package},
                Timeout=10,
                Publish=True,
            )
        yield running


@pytest.fixture(scope="module")
def alibaba(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningAlibaba]:
    with running_alibaba(tmp_path_factory.mktemp("alibaba")) as running:
        for name, (language, package) in FUNCTIONS.items():
            runtime, runtime_there = RUNTIMES[language]
            read = facts(name=name, runtime=runtime, handler="index.handler", memory_mb=128, timeout_s=10)
            told = adapter_settings(read, version="1", fc_region="cn-hangzhou", fc_account="1")
            adapted = build.adapted_package(package, language, told)
            given = fc.CreateFunctionInput(
                function_name=name,
                runtime=runtime_there,
                handler=build.FC_HANDLERS[language],
                memory_size=128,
                timeout=10,
                code=fc.InputCodeLocation(zip_file=base64.b64encode(adapted).decode()),
            )
            running.fc().create_function(fc.CreateFunctionRequest(body=given))
        yield running


def on_aws(aws: RunningAws, name: str, event: dict[str, Any]) -> tuple[bool, Any]:
    answer = aws.client("lambda").invoke(FunctionName=name, Qualifier="1", Payload=json.dumps(event).encode())
    return "FunctionError" in answer, json.loads(answer["Payload"].read())


def on_fc(alibaba: RunningAlibaba, name: str, event: dict[str, Any]) -> tuple[bool, Any]:
    answer = alibaba.invoke(name, json.dumps(event).encode())
    return "x-fc-error-type" in answer.headers, json.loads(answer.body.read())


@pytest.mark.parametrize("name", ["adapted-node", "adapted-python"])
def test_a_handler_of_aws_answers_alike_on_both(aws: RunningAws, alibaba: RunningAlibaba, name: str) -> None:
    for event in EVENTS:
        failed, there = on_aws(aws, name, event)
        failed_here, here = on_fc(alibaba, name, event)
        assert failed_here is failed is ("fail" in event)
        if failed:
            assert [here["errorType"], here["errorMessage"]] == [there["errorType"], there["errorMessage"]]
        else:
            assert here == there


def test_a_handler_that_says_nothing_answers_null_on_both(aws: RunningAws, alibaba: RunningAlibaba) -> None:
    event = {"name": "Ada", "silent": True}
    assert on_aws(aws, "adapted-node", event) == on_fc(alibaba, "adapted-node", event) == (False, None)


def test_the_greeting_that_reads_an_object_is_right_on_fc(aws: RunningAws, alibaba: RunningAlibaba) -> None:
    for event in GREETING.events():
        failed, answer = on_fc(alibaba, GREETING.name, event)
        assert not failed
        assert answer == on_aws(aws, GREETING.name, event)[1]
        assert answer["greeting"] == f"hello {event['name']}"
