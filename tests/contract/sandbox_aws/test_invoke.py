"""Invoke on the AWS half, through unmodified boto3."""

import base64
import json
from collections import Counter
from typing import Any

import pytest

from tests.contract.sandbox_aws.support import (
    Make,
    eventually,
    published_pair,
    refused,
    summed,
)
from tests.sandbox_fixtures import RunningAws

pytestmark = pytest.mark.enable_socket


def test_it_runs_code_and_names_the_version(lambda_: Any, make: Make) -> None:
    name = make()
    done = lambda_.invoke(FunctionName=name, Payload=b'{"a": 1}', LogType="Tail")
    assert json.loads(done["Payload"].read()) == {"version": "$LATEST", "event": {"a": 1}}
    assert (done["StatusCode"], done["ExecutedVersion"]) == (200, "$LATEST")
    assert "FunctionError" not in done
    tail = base64.b64decode(done["LogResult"]).decode()
    request_id = done["ResponseMetadata"]["RequestId"]
    assert f"START RequestId: {request_id} Version: $LATEST" in tail
    assert f"REPORT RequestId: {request_id}\tDuration: " in tail
    assert "Init Duration" in tail
    again = lambda_.invoke(FunctionName=name, Payload=b"{}", LogType="Tail")
    assert "Init Duration" not in base64.b64decode(again["LogResult"]).decode()


def test_it_splits_an_alias_by_weight(lambda_: Any, make: Make) -> None:
    name = make()
    first, second = published_pair(lambda_, name)
    lambda_.create_alias(
        FunctionName=name,
        Name="live",
        FunctionVersion=first,
        RoutingConfig={"AdditionalVersionWeights": {second: 0.25}},
    )
    drawn: Counter[str] = Counter()
    for _ in range(400):
        done = lambda_.invoke(FunctionName=name, Qualifier="live")
        answer = json.loads(done["Payload"].read())
        assert answer["version"] == done["ExecutedVersion"]
        drawn[done["ExecutedVersion"]] += 1
    # Four standard deviations of a fair draw: 100 +- 35.
    assert 65 <= drawn[second] <= 135
    assert drawn[first] + drawn[second] == 400


def test_it_answers_404_for_what_does_not_exist(lambda_: Any, make: Make) -> None:
    name = make()
    for call in (
        lambda: lambda_.invoke(FunctionName="no-such-function"),
        lambda: lambda_.invoke(FunctionName=name, Qualifier="no-such-alias"),
        lambda: lambda_.invoke(FunctionName=name, Qualifier="9"),
        lambda: lambda_.get_alias(FunctionName=name, Name="live"),
    ):
        assert refused(call)[:2] == ("ResourceNotFoundException", 404)


def test_it_tells_function_errors_apart_from_its_own(lambda_: Any, make: Make) -> None:
    raising = lambda_.invoke(FunctionName=make("def handler(e, c): raise ValueError('no')"))
    assert (raising["StatusCode"], raising["FunctionError"]) == (200, "Unhandled")
    document = json.loads(raising["Payload"].read())
    assert (document["errorType"], document["errorMessage"]) == ("ValueError", "no")
    assert '"/var/task/app.py"' in document["stackTrace"][0]
    ended = lambda_.invoke(FunctionName=make("import os\ndef handler(e, c): os._exit(3)"))
    assert json.loads(ended["Payload"].read())["errorType"] == "Runtime.ExitError"
    slow = lambda_.invoke(FunctionName=make("import time\ndef handler(e, c): time.sleep(9)", Timeout=1))
    document = json.loads(slow["Payload"].read())
    assert document["errorType"] == "Sandbox.Timedout"
    assert document["errorMessage"].endswith("Task timed out after 1.00 seconds")


def test_it_throttles_at_reserved_concurrency_zero(aws: RunningAws, lambda_: Any, make: Make) -> None:
    name = make()
    lambda_.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    assert refused(lambda: lambda_.invoke(FunctionName=name))[:2] == ("TooManyRequestsException", 429)
    assert lambda_.get_function_concurrency(FunctionName=name)["ReservedConcurrentExecutions"] == 0
    assert summed(aws.client("cloudwatch"), "Throttles", FunctionName=name) == 1
    assert summed(aws.client("cloudwatch"), "Invocations", FunctionName=name) == 0
    lambda_.delete_function_concurrency(FunctionName=name)
    assert lambda_.invoke(FunctionName=name)["StatusCode"] == 200
    assert "ReservedConcurrentExecutions" not in lambda_.get_function_concurrency(FunctionName=name)


def test_it_runs_events_later_and_retries_twice(aws: RunningAws, lambda_: Any, make: Make) -> None:
    name = make("def handler(e, c):\n    print('attempt')\n    raise RuntimeError")
    done = lambda_.invoke(FunctionName=name, InvocationType="Event", Payload=b"{}")
    assert (done["StatusCode"], done["Payload"].read()) == (202, b"")
    logs = aws.client("logs")

    def attempts() -> int:
        try:
            found = logs.filter_log_events(logGroupName=f"/aws/lambda/{name}", filterPattern="attempt")
        except logs.exceptions.ResourceNotFoundException:
            return 0
        return len(found["events"])

    assert eventually(lambda: attempts() == 3)
    assert lambda_.invoke(FunctionName=name, InvocationType="DryRun")["StatusCode"] == 204


def test_it_gives_functions_credentials_and_nothing_of_its_own(lambda_: Any, make: Make) -> None:
    name = make(
        "import os, boto3\n"
        "def handler(e, c):\n"
        "    return {'me': boto3.client('sts').get_caller_identity()['Arn'], 'names': sorted(os.environ)}"
    )
    answer = json.loads(lambda_.invoke(FunctionName=name)["Payload"].read())
    assert answer["me"] == f"arn:aws:sts::123456789012:assumed-role/runs/{name}"
    assert not [n for n in answer["names"] if n.startswith(("SANDBOX", "CUTOVER", "DATABASE"))]


def test_it_shows_python_functions_only_what_lambda_brings(lambda_: Any, make: Make) -> None:
    answer = lambda_.invoke(FunctionName=make("import django\ndef handler(e, c): pass"))
    assert json.loads(answer["Payload"].read())["errorType"] == "Runtime.ImportModuleError"


def test_it_refuses_a_body_that_is_no_json(lambda_: Any, make: Make) -> None:
    name = make()
    for body in (b"not json", b"NaN", b"\xff", b"[" * 200_000):
        call = lambda: lambda_.invoke(FunctionName=name, Payload=body)  # noqa: B023, E731
        assert refused(call)[:2] == ("InvalidRequestContentException", 400)
