"""Asynchronous invocations through unmodified boto3: retries, destinations, dead letters."""

import json
import time
from typing import Any

import pytest

from tests.contract.sandbox_aws.support import Make, eventually, settled
from tests.sandbox_fixtures import RunningAws

pytestmark = pytest.mark.enable_socket

FAILS = """
def handler(event, context):
    if event.get("fail", True):
        raise ValueError("no good")
    return {"fine": event["number"]}
"""


@pytest.fixture
def queue(aws: RunningAws) -> tuple[str, str]:
    """Make a queue; gives its URL and its ARN."""
    return _queue(aws)


def _queue(aws: RunningAws) -> tuple[str, str]:
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName=f"q-{time.monotonic_ns()}")["QueueUrl"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return url, found["Attributes"]["QueueArn"]


def _received(aws: RunningAws, url: str) -> dict[str, Any]:
    found = aws.client("sqs").receive_message(
        QueueUrl=url, WaitTimeSeconds=10, MessageAttributeNames=["All"], MaxNumberOfMessages=10
    )
    (message,) = found["Messages"]
    return dict(message)


def _send(lambda_: Any, name: str, document: Any) -> str:
    answer = lambda_.invoke(FunctionName=name, InvocationType="Event", Payload=json.dumps(document))
    assert answer["StatusCode"] == 202
    return str(answer["ResponseMetadata"]["RequestId"])


def test_what_fails_three_times_goes_to_the_failure_destination(
    aws: RunningAws, lambda_: Any, make: Make, queue: tuple[str, str]
) -> None:
    url, arn = queue
    name = make(FAILS)
    lambda_.put_function_event_invoke_config(
        FunctionName=name, DestinationConfig={"OnFailure": {"Destination": arn}}
    )
    request_id = _send(lambda_, name, {"number": 1})
    record = json.loads(_received(aws, url)["Body"])
    assert record["version"] == "1.0"
    assert record["requestContext"]["requestId"] == request_id
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["requestContext"]["approximateInvokeCount"] == 3
    assert record["requestContext"]["functionArn"].endswith(f":{name}:$LATEST")
    assert record["requestPayload"] == {"number": 1}
    assert record["responseContext"] == {
        "statusCode": 200,
        "executedVersion": "$LATEST",
        "functionError": "Unhandled",
    }
    assert record["responsePayload"]["errorType"] == "ValueError"


def test_an_alias_has_retries_and_a_destination_of_its_own(
    aws: RunningAws, lambda_: Any, make: Make, queue: tuple[str, str]
) -> None:
    url, arn = queue
    name = make(FAILS)
    lambda_.publish_version(FunctionName=name)
    lambda_.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    lambda_.put_function_event_invoke_config(
        FunctionName=name,
        Qualifier="live",
        MaximumRetryAttempts=0,
        DestinationConfig={"OnFailure": {"Destination": arn}},
    )
    _send(lambda_, f"{name}:live", {})
    record = json.loads(_received(aws, url)["Body"])
    assert record["requestContext"]["approximateInvokeCount"] == 1
    assert record["requestContext"]["functionArn"].endswith(f":{name}:live")
    assert record["responseContext"]["executedVersion"] == "1"


def test_a_success_reaches_another_function(
    aws: RunningAws, lambda_: Any, make: Make, queue: tuple[str, str]
) -> None:
    url, arn = queue
    second = make("def handler(event, context):\n    return event['responsePayload']")
    lambda_.put_function_event_invoke_config(
        FunctionName=second, DestinationConfig={"OnSuccess": {"Destination": arn}}
    )
    first = make(FAILS)
    second_arn = lambda_.get_function_configuration(FunctionName=second)["FunctionArn"]
    lambda_.put_function_event_invoke_config(
        FunctionName=first, DestinationConfig={"OnSuccess": {"Destination": second_arn}}
    )
    _send(lambda_, first, {"fail": False, "number": 7})
    record = json.loads(_received(aws, url)["Body"])
    assert record["responsePayload"] == {"fine": 7}
    assert record["requestPayload"]["requestContext"]["condition"] == "Success"


def test_a_dead_letter_is_the_payload_with_what_went_wrong(
    aws: RunningAws, lambda_: Any, make: Make, queue: tuple[str, str]
) -> None:
    url, arn = queue
    name = make(FAILS, DeadLetterConfig={"TargetArn": arn})
    lambda_.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=1)
    request_id = _send(lambda_, name, {"number": 3})
    message = _received(aws, url)
    assert json.loads(message["Body"]) == {"number": 3}
    attributes = {k: v["StringValue"] for k, v in message["MessageAttributes"].items()}
    assert attributes == {"RequestID": request_id, "ErrorCode": "200", "ErrorMessage": "no good"}


def test_with_a_reserved_concurrency_of_zero_an_event_goes_to_the_dead_letters_at_once(
    aws: RunningAws, lambda_: Any, make: Make, queue: tuple[str, str]
) -> None:
    url, arn = queue
    name = make(FAILS, DeadLetterConfig={"TargetArn": arn})
    lambda_.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    request_id = _send(lambda_, name, {"number": 4})
    assert _received(aws, url)["MessageAttributes"]["RequestID"]["StringValue"] == request_id


def test_throttled_events_run_when_there_is_room(
    aws: RunningAws, lambda_: Any, make: Make, queue: tuple[str, str]
) -> None:
    url, arn = queue
    name = make("import time\ndef handler(event, context):\n    time.sleep(0.05)\n    return event")
    lambda_.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)
    lambda_.put_function_event_invoke_config(
        FunctionName=name, DestinationConfig={"OnSuccess": {"Destination": arn}}
    )
    sent = {_send(lambda_, name, {"number": number}) for number in range(6)}
    sqs = aws.client("sqs")
    ran: set[str] = set()

    def all_ran() -> bool:
        found = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1, MaxNumberOfMessages=10)
        ran.update(json.loads(m["Body"])["requestContext"]["requestId"] for m in found.get("Messages", []))
        return ran == sent

    assert eventually(all_ran, 15)


def test_a_destination_on_the_event_bus_reaches_a_rule(
    aws: RunningAws, lambda_: Any, make: Make, queue: tuple[str, str]
) -> None:
    url, arn = queue
    events, name = aws.client("events"), make(FAILS)
    bus = events.describe_event_bus()["Arn"]
    events.put_rule(
        Name=name, EventPattern=json.dumps({"source": ["lambda"], "resources": [{"wildcard": f"*{name}*"}]})
    )
    events.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": arn}])
    lambda_.put_function_event_invoke_config(
        FunctionName=name, MaximumRetryAttempts=0, DestinationConfig={"OnFailure": {"Destination": bus}}
    )
    settled(lambda_, name)
    _send(lambda_, name, {"number": 9})
    event = json.loads(_received(aws, url)["Body"])
    assert event["detail-type"] == "Lambda Function Invocation Result - Failure"
    assert event["detail"]["requestPayload"] == {"number": 9}
