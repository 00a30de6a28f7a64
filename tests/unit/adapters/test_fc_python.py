"""The Python adapter in real processes."""

import json
from pathlib import Path

from tests.unit.adapters.fc_run import run
from tests.unit.cutover.translation import events as sample

SOURCE = """
import os, decimal
REGION = os.environ["AWS_REGION"]
class NotThere(Exception):
    pass
def handler(event, context):
    if event.get("run") == "raise":
        raise NotThere("gone")
    if event.get("run") == "set":
        return {1, 2}
    if event.get("run") == "decimal":
        return {"n": decimal.Decimal("1.5")}
    if event.get("run") == "nothing":
        return None
    if event.get("run") == "context":
        return [REGION, os.environ["KEPT"], context.aws_request_id, context.function_name,
                context.function_version,
                context.invoked_function_arn, context.memory_limit_in_mb, context.log_group_name,
                2000 < context.get_remaining_time_in_millis() <= 3000, context.client_context,
                context.identity.cognito_identity_id]
    return event
"""


def test_it_answers_as_lambda_does(tmp_path: Path) -> None:
    names = ("raise", "set", "decimal", "nothing", "context")
    calls = [json.dumps({"run": name}) for name in names]
    found = run(
        tmp_path, {"app/main.py": SOURCE}, [*calls, "{"], adapter="python", handler="app/main.handler"
    )
    assert found[:4] == [
        {"name": "NotThere", "message": "gone"},
        {
            "name": "Runtime.MarshalError",
            "message": "Unable to marshal response: Object of type set is not JSON serializable",
        },
        {"answer": '{"n": 1.5}'},
        {"answer": "null"},
    ]
    assert json.loads(found[4]["answer"]) == [
        "eu-central-1",
        "yes",
        "r-1",
        "greet",
        "3",
        "arn:aws:lambda:eu-central-1:123456789012:function:greet",
        "128",
        "/aws/lambda/greet",
        True,
        None,
        None,
    ]
    assert found[5]["name"] == "Runtime.UnmarshalError"


def test_it_translates_what_the_plan_names_and_nothing_else(tmp_path: Path) -> None:
    triggers = [
        {"here": "sqs", "there": ["mns-queue", "mns-topic-stream"]},
        {"here": "api-v1", "there": ["http"]},
    ]
    source = """
def handler(event, context):
    if isinstance(event, dict) and "httpMethod" in event:
        return {"statusCode": 201, "body": event["path"]}
    return event
"""
    calls = [json.dumps(event) for event in ([sample.MNS_MESSAGE], sample.HTTP, sample.OSS)] + ["raw"]
    found = run(tmp_path, {"index.py": source}, calls, adapter="python", triggers=triggers)
    batch, request, other, raw = (json.loads(one["answer"]) for one in found)
    assert batch["Records"][0]["body"] == "go"
    assert request == {"statusCode": 201, "headers": {}, "isBase64Encoded": False, "body": "/users/7 a"}
    assert other == sample.OSS
    assert raw["Records"][0]["body"] == "raw"


def test_it_fails_while_loading_and_not_later(tmp_path: Path) -> None:
    [found] = run(tmp_path, {"index.py": "raise KeyError('x')"}, ["{}"], adapter="python")
    assert found["init"] == "KeyError"
    place = tmp_path / "second"
    place.mkdir()
    [found] = run(place, {"index.py": "other = 1"}, ["{}"], adapter="python")
    assert found["init"] == "Runtime.HandlerNotFound"
