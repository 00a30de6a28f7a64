"""What S3, SNS, EventBridge and Scheduler send to functions and queues, through unmodified boto3."""

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.contract.sandbox_aws.support import Make, eventually, refused
from tests.sandbox_fixtures import RunningAws

pytestmark = pytest.mark.enable_socket

LOGS = """
import json
def handler(event, context):
    print("GOT", json.dumps(event))
"""


class Listener:
    """A function that logs its events."""

    def __init__(self, aws: RunningAws, make: Make) -> None:
        self.lambda_, self._logs = aws.client("lambda"), aws.client("logs")
        self.name = make(LOGS)
        self.arn = self.lambda_.get_function_configuration(FunctionName=self.name)["FunctionArn"]

    def let_in(self, principal: str, source: str, **more: str) -> None:
        self.lambda_.add_permission(
            FunctionName=self.name,
            StatementId=f"s{time.monotonic_ns()}",
            Action="lambda:InvokeFunction",
            Principal=principal,
            SourceArn=source,
            **more,
        )

    def got(self, number: int = 1) -> list[Any]:
        """Wait until so many events came; gives them."""
        events: list[Any] = []

        def enough() -> bool:
            try:
                found = self._logs.filter_log_events(
                    logGroupName=f"/aws/lambda/{self.name}", filterPattern="GOT"
                )["events"]
            except self._logs.exceptions.ResourceNotFoundException:
                found = []
            events[:] = [json.loads(one["message"].removeprefix("GOT ")) for one in found]
            return len(events) >= number

        eventually(enough, 10)
        return events


@pytest.fixture
def listener(aws: RunningAws, make: Make) -> Listener:
    return Listener(aws, make)


@pytest.fixture
def bucket(aws: RunningAws) -> str:
    name = f"b-{time.monotonic_ns()}"
    aws.client("s3").create_bucket(Bucket=name)
    return name


def test_s3_tells_a_function_everything_about_an_object(
    aws: RunningAws, listener: Listener, bucket: str
) -> None:
    s3 = aws.client("s3")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    rule = {
        "Id": "thumbnails",
        "LambdaFunctionArn": listener.arn,
        "Events": ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"],
        "Filter": {
            "Key": {"FilterRules": [{"Name": "Prefix", "Value": "in/"}, {"Name": "suffix", "Value": ".jpg"}]}
        },
    }

    def configure() -> None:
        s3.put_bucket_notification_configuration(
            Bucket=bucket, NotificationConfiguration={"LambdaFunctionConfigurations": [rule]}
        )

    code, status, message = refused(configure)
    assert (code, status) == ("InvalidArgument", 400)
    assert "Unable to validate" in message
    listener.let_in("s3.amazonaws.com", f"arn:aws:s3:::{bucket}")
    configure()
    s3.put_object(Bucket=bucket, Key="out/a.jpg", Body=b"x")
    s3.put_object(Bucket=bucket, Key="in/a.png", Body=b"x")
    put = s3.put_object(Bucket=bucket, Key="in/a photo.jpg", Body=b"four")
    (record,) = listener.got()[0]["Records"]
    assert (record["eventVersion"], record["eventSource"]) == ("2.1", "aws:s3")
    assert record["eventName"] == "ObjectCreated:Put"
    assert record["awsRegion"] == aws.keys.aws.region
    assert record["userIdentity"]["principalId"]
    assert record["requestParameters"]["sourceIPAddress"]
    assert set(record["responseElements"]) == {"x-amz-request-id", "x-amz-id-2"}
    assert record["s3"]["configurationId"] == "thumbnails"
    assert record["s3"]["bucket"]["name"] == bucket
    stored = record["s3"]["object"]
    assert (stored["key"], stored["size"]) == ("in/a+photo.jpg", 4)
    assert stored["eTag"] == put["ETag"].strip('"')
    assert stored["versionId"] == put["VersionId"]
    s3.delete_object(Bucket=bucket, Key="in/a photo.jpg")
    removed = listener.got(2)[1]["Records"][0]
    assert removed["eventName"] == "ObjectRemoved:DeleteMarkerCreated"
    assert "size" not in removed["s3"]["object"]
    assert removed["s3"]["object"]["sequencer"] > stored["sequencer"]


def test_s3_refuses_rules_that_overlap(aws: RunningAws, listener: Listener, bucket: str) -> None:
    listener.let_in("s3.amazonaws.com", f"arn:aws:s3:::{bucket}")
    rules = [
        {"LambdaFunctionArn": listener.arn, "Events": [event]}
        for event in ("s3:ObjectCreated:*", "s3:ObjectCreated:Put")
    ]
    code, _, message = refused(
        lambda: aws.client("s3").put_bucket_notification_configuration(
            Bucket=bucket, NotificationConfiguration={"LambdaFunctionConfigurations": rules}
        )
    )
    assert code == "InvalidArgument"
    assert "ambiguously defined" in message


def test_sns_tells_a_function_and_filters(aws: RunningAws, listener: Listener) -> None:
    sns = aws.client("sns")
    topic = sns.create_topic(Name=f"t-{time.monotonic_ns()}")["TopicArn"]
    listener.let_in("sns.amazonaws.com", topic)
    subscription = sns.subscribe(
        TopicArn=topic,
        Protocol="lambda",
        Endpoint=listener.arn,
        Attributes={"FilterPolicy": json.dumps({"kind": ["wanted"]})},
        ReturnSubscriptionArn=True,
    )["SubscriptionArn"]

    def publish(kind: str) -> str:
        given = {"kind": {"DataType": "String", "StringValue": kind}}
        return str(
            sns.publish(TopicArn=topic, Subject="s", Message=kind, MessageAttributes=given)["MessageId"]
        )

    publish("other")
    message_id = publish("wanted")
    (event,) = listener.got()
    (record,) = event["Records"]
    assert (record["EventSource"], record["EventVersion"]) == ("aws:sns", "1.0")
    assert record["EventSubscriptionArn"] == subscription
    told = record["Sns"]
    assert (told["MessageId"], told["Message"], told["Subject"]) == (message_id, "wanted", "s")
    assert told["TopicArn"] == topic
    assert told["MessageAttributes"] == {"kind": {"Type": "String", "Value": "wanted"}}
    at = datetime.strptime(told["Timestamp"], "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
    assert abs((datetime.now(UTC) - at).total_seconds()) < 60


def test_what_a_topic_may_not_invoke_goes_to_the_dead_letters(aws: RunningAws, listener: Listener) -> None:
    sns, sqs = aws.client("sns"), aws.client("sqs")
    url, arn = _queue(sqs)
    topic = sns.create_topic(Name=f"t-{time.monotonic_ns()}")["TopicArn"]
    sns.subscribe(
        TopicArn=topic,
        Protocol="lambda",
        Endpoint=listener.arn,
        Attributes={"RedrivePolicy": json.dumps({"deadLetterTargetArn": arn})},
    )
    sns.publish(TopicArn=topic, Message="nobody listens")
    (body,) = _bodies(sqs, url)
    assert body["Message"] == "nobody listens"


def _queue(sqs: Any) -> tuple[str, str]:
    url = sqs.create_queue(QueueName=f"q-{time.monotonic_ns()}")["QueueUrl"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return url, found["Attributes"]["QueueArn"]


def _bodies(sqs: Any, url: str) -> list[Any]:
    found = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=10, MaxNumberOfMessages=10)
    return [json.loads(message["Body"]) for message in found.get("Messages", [])]


def test_a_rule_sends_matching_events_to_a_function_and_an_alias(aws: RunningAws, listener: Listener) -> None:
    events = aws.client("events")
    lambda_ = listener.lambda_
    lambda_.publish_version(FunctionName=listener.name)
    alias = lambda_.create_alias(FunctionName=listener.name, Name="live", FunctionVersion="1")["AliasArn"]
    pattern = {"source": [listener.name], "detail": {"size": [{"numeric": [">", 3]}]}}
    rule = events.put_rule(Name=listener.name, EventPattern=json.dumps(pattern))["RuleArn"]
    listener.let_in("events.amazonaws.com", rule)
    listener.let_in("events.amazonaws.com", rule, Qualifier="live")
    transformer = {
        "InputPathsMap": {"size": "$.detail.size"},
        "InputTemplate": '{"size": <size>, "text": "it is <size>"}',
    }
    events.put_targets(
        Rule=listener.name,
        Targets=[
            {"Id": "1", "Arn": listener.arn},
            {"Id": "2", "Arn": alias, "InputTransformer": transformer},
        ],
    )
    sent = events.put_events(
        Entries=[
            {
                "Source": listener.name,
                "DetailType": "d",
                "Detail": json.dumps({"size": size}),
                "Resources": ["r"],
            }
            for size in (1, 5)
        ]
    )
    assert sent["FailedEntryCount"] == 0
    got = listener.got(2)
    assert len(got) == 2
    assert {"size": 5, "text": "it is 5"} in got
    (whole,) = [event for event in got if "detail" in event]
    assert whole["id"] == sent["Entries"][1]["EventId"]
    assert (whole["version"], whole["source"], whole["detail-type"]) == ("0", listener.name, "d")
    assert (whole["account"], whole["region"]) == (aws.keys.aws.account_id, aws.keys.aws.region)
    assert (whole["resources"], whole["detail"]) == (["r"], {"size": 5})
    assert datetime.strptime(whole["time"], "%Y-%m-%dT%H:%M:%SZ")
    events.disable_rule(Name=listener.name)
    events.put_events(Entries=[{"Source": listener.name, "DetailType": "d", "Detail": '{"size": 9}'}])
    assert len(listener.got(2)) == 2


def test_a_schedule_fires_once_at_its_time_and_deletes_itself(aws: RunningAws, listener: Listener) -> None:
    scheduler = aws.client("scheduler")
    at = (datetime.now(UTC) + timedelta(hours=8, seconds=2)).strftime("%Y-%m-%dT%H:%M:%S")
    scheduler.create_schedule(
        Name=listener.name,
        ScheduleExpression=f"at({at})",
        ScheduleExpressionTimezone="Asia/Shanghai",
        FlexibleTimeWindow={"Mode": "OFF"},
        ActionAfterCompletion="DELETE",
        Target={
            "Arn": listener.arn,
            "RoleArn": "arn:aws:iam::123456789012:role/r",
            "Input": '{"from": "clock"}',
        },
    )
    assert listener.got() == [{"from": "clock"}]

    def gone() -> bool:
        return refused(lambda: scheduler.get_schedule(Name=listener.name))[0] == "ResourceNotFoundException"

    assert eventually(gone)


def test_a_schedule_with_a_rate_fires_into_a_queue(aws: RunningAws) -> None:
    scheduler, sqs = aws.client("scheduler"), aws.client("sqs")
    url, arn = _queue(sqs)
    name = f"s-{time.monotonic_ns()}"
    scheduler.create_schedule(
        Name=name,
        ScheduleExpression="rate(1 hour)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": arn, "RoleArn": "arn:aws:iam::123456789012:role/r"},
    )
    (event,) = _bodies(sqs, url)
    assert (event["source"], event["detail-type"]) == ("aws.scheduler", "Scheduled Event")
    assert event["resources"][0].endswith(f":schedule/default/{name}")


@pytest.mark.parametrize("expression", ["rate(5 minute)", "cron(0 10 * * * *)", "every day"])
def test_it_refuses_schedules_that_aws_refuses(aws: RunningAws, expression: str) -> None:
    calls: list[Callable[[], Any]] = [
        lambda: aws.client("events").put_rule(Name="bad", ScheduleExpression=expression),
        lambda: aws.client("scheduler").create_schedule(
            Name="bad",
            ScheduleExpression=expression,
            FlexibleTimeWindow={"Mode": "OFF"},
            Target={"Arn": "arn:aws:sqs:us-east-1:123456789012:q", "RoleArn": "arn:aws:iam::1:role/r"},
        ),
    ]
    for call in calls:
        assert refused(call)[0] == "ValidationException"


def test_a_queue_that_is_gone_does_not_fail_the_publisher_and_raw_means_raw(aws: RunningAws) -> None:
    sns, sqs = aws.client("sns"), aws.client("sqs")
    (dead, dead_arn), (gone, gone_arn), (url, arn) = (_queue(sqs) for _ in range(3))
    topic = sns.create_topic(Name=f"t-{time.monotonic_ns()}")["TopicArn"]
    redrive = json.dumps({"deadLetterTargetArn": dead_arn})
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=gone_arn, Attributes={"RedrivePolicy": redrive})
    subscription = sns.subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "false"}
    )["SubscriptionArn"]
    sqs.delete_queue(QueueUrl=gone)
    message_id = sns.publish(TopicArn=topic, Message='{"plain": 1}')["MessageId"]
    assert _bodies(sqs, dead)[0]["MessageId"] == message_id
    assert _bodies(sqs, url)[0]["Message"] == '{"plain": 1}'
    sns.set_subscription_attributes(
        SubscriptionArn=subscription, AttributeName="RawMessageDelivery", AttributeValue="true"
    )
    sns.publish(TopicArn=topic, Message='{"plain": 2}')
    assert _bodies(sqs, url) == [{"plain": 2}]
