"""Event source mappings of SQS through unmodified boto3: batches, partial failures, redrive, states."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.contract.sandbox_aws.support import Make, eventually, refused
from tests.sandbox_fixtures import RunningAws

pytestmark = pytest.mark.enable_socket

# Logs what it got; fails as the message's body says.
TELLS = """
import json
def handler(event, context):
    print("GOT", json.dumps(event))
    bodies = [json.loads(r["body"]) for r in event["Records"]]
    if any(b.get("raise") for b in bodies):
        raise ValueError("as asked")
    failed = [r["messageId"] for r, b in zip(event["Records"], bodies) if b.get("fail")]
    return {"batchItemFailures": [{"itemIdentifier": i} for i in failed]}
"""


class Plumbing:
    """A queue, a function that logs what it got, and the mapping between."""

    def __init__(self, aws: RunningAws, make: Make, **attributes: str) -> None:
        self.sqs, self.lambda_ = aws.client("sqs"), aws.client("lambda")
        tail = ".fifo" if attributes.get("FifoQueue") else ""
        stem = f"q-{time.monotonic_ns()}"
        self._logs = aws.client("logs")
        self.dead_url = self.sqs.create_queue(
            QueueName=f"{stem}-dead{tail}", Attributes={"FifoQueue": "true"} if tail else {}
        )["QueueUrl"]
        redrive = {"deadLetterTargetArn": self.arn(self.dead_url), "maxReceiveCount": 2}
        given = {"VisibilityTimeout": "1", "RedrivePolicy": json.dumps(redrive)}
        self.url = self.sqs.create_queue(QueueName=stem + tail, Attributes=given | attributes)["QueueUrl"]
        self.function = make(TELLS, Timeout=1)

    def arn(self, url: str) -> str:
        found = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        return str(found["Attributes"]["QueueArn"])

    def map(self, **more: Any) -> str:
        given = {"EventSourceArn": self.arn(self.url), "FunctionName": self.function} | more
        return str(self.lambda_.create_event_source_mapping(**given)["UUID"])

    def send(self, *bodies: Any) -> list[str]:
        entries = [{"Id": str(n), "MessageBody": json.dumps(body)} for n, body in enumerate(bodies)]
        found = self.sqs.send_message_batch(QueueUrl=self.url, Entries=entries)
        return [one["MessageId"] for one in found["Successful"]]

    def told(self, records: int = 1) -> list[Any]:
        """Wait until the function got at least so many records; gives its events."""
        events: list[Any] = []

        def enough() -> bool:
            group = f"/aws/lambda/{self.function}"
            try:
                found = self._logs.filter_log_events(logGroupName=group, filterPattern="GOT")["events"]
            except self._logs.exceptions.ResourceNotFoundException:
                found = []
            events[:] = [json.loads(one["message"].removeprefix("GOT ")) for one in found]
            return sum(len(event["Records"]) for event in events) >= records

        eventually(enough, 15)
        return events

    def dead(self) -> list[Any]:
        """Wait for dead letters; gives their bodies."""
        found = self.sqs.receive_message(
            QueueUrl=self.dead_url, WaitTimeSeconds=15, MaxNumberOfMessages=10, VisibilityTimeout=600
        )
        return [json.loads(message["Body"]) for message in found.get("Messages", [])]

    def left(self) -> int:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=names)
        return sum(int(value) for value in found["Attributes"].values())

    def state(self, uuid: str) -> str:
        return str(self.lambda_.get_event_source_mapping(UUID=uuid)["State"])


Plumb = Callable[..., Plumbing]


@pytest.fixture
def plumb(aws: RunningAws, make: Make) -> Plumb:
    return lambda **attributes: Plumbing(aws, make, **attributes)


def test_enabling_a_mapping_drains_the_backlog_in_whole_batches(plumb: Plumb) -> None:
    pipe = plumb()
    uuid = pipe.map(Enabled=False, BatchSize=5)
    ids = pipe.send(*({"number": number} for number in range(10)))
    assert eventually(lambda: pipe.state(uuid) == "Disabled")
    answer = pipe.lambda_.update_event_source_mapping(UUID=uuid, Enabled=True)
    assert answer["State"] == "Enabling"
    events = pipe.told(records=10)
    assert [len(event["Records"]) for event in events] == [5, 5]
    assert {r["messageId"] for event in events for r in event["Records"]} == set(ids)
    assert eventually(lambda: pipe.left() == 0)
    assert pipe.state(uuid) == "Enabled"


def test_a_record_says_everything_that_sqs_says(plumb: Plumb) -> None:
    pipe = plumb()
    pipe.map()
    sent = pipe.sqs.send_message(
        QueueUrl=pipe.url,
        MessageBody='{"a": 1}',
        MessageAttributes={"kind": {"DataType": "String", "StringValue": "x"}},
    )
    ((record,),) = [event["Records"] for event in pipe.told()]
    assert record["messageId"] == sent["MessageId"]
    assert record["md5OfBody"] == sent["MD5OfMessageBody"]
    assert record["body"] == '{"a": 1}'
    assert record["eventSource"] == "aws:sqs"
    assert record["eventSourceARN"] == pipe.arn(pipe.url)
    assert record["awsRegion"] == pipe.arn(pipe.url).split(":")[3]
    assert record["receiptHandle"]
    assert record["attributes"]["ApproximateReceiveCount"] == "1"
    assert abs(int(record["attributes"]["SentTimestamp"]) / 1000 - time.time()) < 60
    assert record["messageAttributes"]["kind"] == {
        "stringValue": "x",
        "stringListValues": [],
        "binaryListValues": [],
        "dataType": "String",
    }


def test_only_the_messages_that_a_function_names_come_back_and_end_in_the_dead_letters(plumb: Plumb) -> None:
    pipe = plumb()
    pipe.map(FunctionResponseTypes=["ReportBatchItemFailures"])
    pipe.send({"n": 1}, {"n": 2, "fail": True})
    assert pipe.dead() == [{"n": 2, "fail": True}]
    assert pipe.left() == 0
    counts = [
        (json.loads(r["body"])["n"], r["attributes"]["ApproximateReceiveCount"])
        for event in pipe.told()
        for r in event["Records"]
    ]
    assert sorted(counts) == [(1, "1"), (2, "1"), (2, "2")]


def test_a_failed_call_brings_the_whole_batch_back(plumb: Plumb) -> None:
    pipe = plumb()
    pipe.map()
    pipe.send({"n": 1}, {"n": 2, "raise": True})
    dead: list[Any] = []
    while len(dead) < 2:
        dead += pipe.dead()
    assert sorted(body["n"] for body in dead) == [1, 2]


def test_an_answer_means_nothing_without_the_response_type(plumb: Plumb) -> None:
    pipe = plumb()
    pipe.map()
    pipe.send({"n": 1, "fail": True})
    assert pipe.told()
    assert eventually(lambda: pipe.left() == 0)


def test_a_filter_drops_what_it_leaves_out(plumb: Plumb) -> None:
    pipe = plumb()
    pattern = json.dumps({"body": {"kind": ["wanted"], "size": [{"numeric": [">", 3]}]}})
    pipe.map(FilterCriteria={"Filters": [{"Pattern": pattern}]})
    pipe.send({"kind": "wanted", "size": 2}, {"kind": "wanted", "size": 5}, {"kind": "other", "size": 5})
    (event,) = pipe.told()
    assert [json.loads(r["body"])["size"] for r in event["Records"]] == [5]
    assert eventually(lambda: pipe.left() == 0)


def test_a_fifo_group_waits_for_the_message_before(plumb: Plumb) -> None:
    pipe = plumb(FifoQueue="true", ContentBasedDeduplication="true")
    pipe.map(BatchSize=1)
    for number, group in ((1, "a"), (2, "a"), (3, "b")):
        body = json.dumps({"n": number, "raise": number == 1})
        pipe.sqs.send_message(QueueUrl=pipe.url, MessageBody=body, MessageGroupId=group)
    events = pipe.told(records=4)
    order = [json.loads(event["Records"][0]["body"])["n"] for event in events]
    assert [n for n in order if n != 3] == [1, 1, 2]
    assert {event["Records"][0]["attributes"]["MessageGroupId"] for event in events} == {"a", "b"}


def test_a_batching_window_gathers_messages(plumb: Plumb) -> None:
    pipe = plumb(VisibilityTimeout="5")
    pipe.map(MaximumBatchingWindowInSeconds=1)
    pipe.send({"n": 1})
    time.sleep(0.1)
    pipe.send({"n": 2})
    (event,) = pipe.told()
    assert [json.loads(r["body"])["n"] for r in event["Records"]] == [1, 2]


def test_a_mapping_can_be_pointed_at_an_alias(plumb: Plumb) -> None:
    pipe = plumb()
    uuid = pipe.map()
    pipe.lambda_.publish_version(FunctionName=pipe.function)
    alias = pipe.lambda_.create_alias(FunctionName=pipe.function, Name="live", FunctionVersion="1")[
        "AliasArn"
    ]
    assert eventually(lambda: pipe.state(uuid) == "Enabled")
    changed = pipe.lambda_.update_event_source_mapping(UUID=uuid, FunctionName=alias)
    assert changed["State"] == "Updating"
    assert refused(lambda: pipe.lambda_.delete_event_source_mapping(UUID=uuid))[:2] == (
        "ResourceInUseException",
        400,
    )
    assert eventually(lambda: pipe.state(uuid) == "Enabled")
    pipe.send({"n": 1})
    assert pipe.told()
    listed = pipe.lambda_.list_event_source_mappings(FunctionName=alias)["EventSourceMappings"]
    assert [(one["UUID"], one["FunctionArn"]) for one in listed] == [(uuid, alias)]


def test_a_disabled_and_a_deleted_mapping_leave_messages_alone(plumb: Plumb) -> None:
    pipe = plumb()
    uuid = pipe.map()
    assert eventually(lambda: pipe.state(uuid) == "Enabled")
    assert pipe.lambda_.update_event_source_mapping(UUID=uuid, Enabled=False)["State"] == "Disabling"
    assert eventually(lambda: pipe.state(uuid) == "Disabled")
    pipe.send({"n": 1})
    assert pipe.lambda_.delete_event_source_mapping(UUID=uuid)["State"] == "Deleting"
    gone = ("ResourceNotFoundException", 404)
    assert eventually(lambda: _missing(pipe, uuid) == gone)
    assert pipe.left() == 1
    assert not pipe.told(records=0)


def _missing(pipe: Plumbing, uuid: str) -> tuple[str, int] | None:
    listed = pipe.lambda_.list_event_source_mappings(FunctionName=pipe.function)["EventSourceMappings"]
    if listed:
        return None
    return refused(lambda: pipe.state(uuid))[:2]


def _mapped_and_deleted(pipe: Plumbing) -> None:
    uuid = pipe.map()
    assert eventually(lambda: pipe.state(uuid) == "Enabled")
    pipe.lambda_.delete_event_source_mapping(UUID=uuid)


def test_polling_goes_on_after_mappings_were_deleted(plumb: Plumb) -> None:
    for _ in range(2):
        _mapped_and_deleted(plumb())
    after = plumb()
    after.map()
    after.send({"n": 1})
    assert after.told()


def test_it_refuses_mappings_that_cannot_work(aws: RunningAws, plumb: Plumb) -> None:
    pipe = plumb()
    region = aws.keys.aws.region
    stream = f"arn:aws:kinesis:{region}:{aws.keys.aws.account_id}:stream/s"
    assert refused(lambda: pipe.map(EventSourceArn=stream))[:2] == ("NotImplementedException", 501)
    kept = pipe.map(EventSourceArn=stream, Enabled=False, StartingPosition="LATEST")
    assert eventually(lambda: pipe.state(kept) == "Disabled")
    enabled = refused(lambda: pipe.lambda_.update_event_source_mapping(UUID=kept, Enabled=True))
    assert enabled[:2] == ("NotImplementedException", 501)
    code, status, message = refused(lambda: pipe.map(BatchSize=11))
    assert (code, status) == ("InvalidParameterValueException", 400)
    assert "batch window" in message
    pipe.lambda_.update_function_configuration(FunctionName=pipe.function, Timeout=30)
    assert "less than Function timeout" in refused(lambda: pipe.map())[2]
