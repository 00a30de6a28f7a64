"""Nothing that was acknowledged is lost when the AWS half is killed in the middle of its work."""

import itertools
import json
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from tests.contract.sandbox_aws.support import TRUST, eventually, settled, zipped
from tests.sandbox_fixtures import RunningAws, running_aws

pytestmark = pytest.mark.enable_socket

HANDLER = "def handler(event, context):\n    return event"


class Stream:
    """Threads that write until the server dies, and remember what was acknowledged."""

    def __init__(self, aws: RunningAws) -> None:
        self.messages: dict[str, str] = {}
        self.objects: dict[str, bytes] = {}
        self.puts = 0
        self.deleted: set[str] = set()
        self.events: set[str] = set()
        self._aws = aws
        self._url = aws.client("sqs").get_queue_url(QueueName="work")["QueueUrl"]
        self._threads = [
            threading.Thread(target=self._until_death, args=(aws.client(service), step))
            for service, step in (("sqs", self._send), ("s3", self._put), ("lambda", self._invoke))
        ]

    def run(self, enough: int) -> None:
        """Write until each kind was acknowledged so often, then kill the server."""
        for thread in self._threads:
            thread.start()
        assert eventually(lambda: min(len(self.messages), self.puts, len(self.events)) >= enough)
        os.kill(self._aws.pid, signal.SIGKILL)
        for thread in self._threads:
            thread.join()

    def _until_death(self, client: Any, step: Callable[[Any, int], None]) -> None:
        try:
            for number in itertools.count():
                step(client, number)
        except (BotoCoreError, ClientError):
            return

    def _send(self, sqs: Any, number: int) -> None:
        body = json.dumps({"number": number})
        sent = sqs.send_message(QueueUrl=self._url, MessageBody=body)
        self.messages[sent["MessageId"]] = body
        if number % 5 == 4:
            (message,) = sqs.receive_message(QueueUrl=self._url)["Messages"]
            sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
            self.deleted.add(message["MessageId"])

    def _put(self, s3: Any, number: int) -> None:
        key, body = f"folder/{number % 40} ü.txt", f"body {number}".encode()
        s3.put_object(Bucket="kept", Key=key, Body=body, Metadata={"number": str(number)})
        self.objects[key] = body
        self.puts += 1

    def _invoke(self, lambda_: Any, number: int) -> None:
        answer = lambda_.invoke(FunctionName="echo", InvocationType="Event", Payload=json.dumps(number))
        self.events.add(answer["ResponseMetadata"]["RequestId"])


def _prepared(aws: RunningAws) -> None:
    sqs, s3, lambda_ = aws.client("sqs"), aws.client("s3"), aws.client("lambda")
    role = aws.client("iam").create_role(RoleName="runs", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    sqs.create_queue(QueueName="work", Attributes={"VisibilityTimeout": "1"})
    done = sqs.create_queue(QueueName="done")["QueueUrl"]
    s3.create_bucket(Bucket="kept")
    lambda_.create_function(
        FunctionName="echo",
        Runtime="python3.11",
        Role=role,
        Handler="app.handler",
        Code={"ZipFile": zipped({"app.py": HANDLER})},
    )
    settled(lambda_, "echo")
    found = sqs.get_queue_attributes(QueueUrl=done, AttributeNames=["QueueArn"])
    lambda_.put_function_event_invoke_config(
        FunctionName="echo",
        DestinationConfig={"OnSuccess": {"Destination": found["Attributes"]["QueueArn"]}},
    )


def _drained(sqs: Any, name: str, expected: int) -> dict[str, str]:
    """Receive and delete until so many were found; gives bodies by message id."""
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    found: dict[str, str] = {}

    def enough() -> bool:
        messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
        for message in messages.get("Messages", []):
            found[message["MessageId"]] = message["Body"]
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return len(found) >= expected

    eventually(enough)
    return found


def test_a_kill_in_the_middle_of_a_stream_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    with running_aws(tmp_path) as first:
        _prepared(first)
        stream = Stream(first)
        stream.run(enough=50)
    with running_aws(tmp_path) as second:
        sqs, s3 = second.client("sqs"), second.client("s3")
        wanted = {i: body for i, body in stream.messages.items() if i not in stream.deleted}
        left = _drained(sqs, "work", len(wanted))
        assert wanted.items() <= left.items()
        assert not stream.deleted & set(left)
        for key, body in stream.objects.items():
            found = s3.get_object(Bucket="kept", Key=key)
            # The last write may have been carried out without being acknowledged.
            number, at_least = int(found["Metadata"]["number"]), int(body.split()[1])
            assert number >= at_least
            assert found["Body"].read() == f"body {number}".encode()
        records = _drained(sqs, "done", len(stream.events))
        ran = {json.loads(body)["requestContext"]["requestId"] for body in records.values()}
        assert stream.events <= ran


def test_a_kill_loses_no_configuration_of_any_service(tmp_path: Path) -> None:
    with running_aws(tmp_path) as first:
        sqs, s3, sns = first.client("sqs"), first.client("s3"), first.client("sns")
        dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 1})
        url = sqs.create_queue(
            QueueName="q", Attributes={"RedrivePolicy": redrive, "VisibilityTimeout": "0"}
        )["QueueUrl"]
        sqs.send_message(QueueUrl=url, MessageBody="again")
        sqs.receive_message(QueueUrl=url)
        s3.create_bucket(Bucket="kept")
        s3.put_bucket_versioning(Bucket="kept", VersioningConfiguration={"Status": "Enabled"})
        versions = [s3.put_object(Bucket="kept", Key="k", Body=body)["VersionId"] for body in (b"1", b"2")]
        s3.put_object_tagging(Bucket="kept", Key="k", Tagging={"TagSet": [{"Key": "a", "Value": "b"}]})
        upload = s3.create_multipart_upload(Bucket="kept", Key="big")["UploadId"]
        part = s3.upload_part(Bucket="kept", Key="big", UploadId=upload, PartNumber=1, Body=b"part")
        topic = sns.create_topic(Name="t")["TopicArn"]
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
        first.client("events").put_rule(Name="r", ScheduleExpression="rate(1 day)")
        first.client("scheduler").create_schedule(
            Name="s",
            ScheduleExpression="cron(0 3 * * ? *)",
            FlexibleTimeWindow={"Mode": "OFF"},
            Target={"Arn": arn, "RoleArn": "arn:aws:iam::123456789012:role/r"},
        )
        role = first.client("iam").create_role(RoleName="kept", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
        session = first.client("sts").assume_role(RoleArn=role, RoleSessionName="session")["Credentials"]
        first.client("secretsmanager").create_secret(Name="secret", SecretString="hush")
        first.client("logs").create_log_group(logGroupName="group")
        os.kill(first.pid, signal.SIGKILL)
        assert eventually(lambda: not Path(f"/proc/{first.pid}/fd").exists() or _is_dead(first.pid))
    with running_aws(tmp_path) as second:
        sqs, s3, sns = second.client("sqs"), second.client("s3"), second.client("sns")
        assert "Messages" not in sqs.receive_message(QueueUrl=sqs.get_queue_url(QueueName="q")["QueueUrl"])
        (given_up,) = _drained(sqs, "dead", 1).values()
        assert given_up == "again"
        assert [s3.get_object(Bucket="kept", Key="k", VersionId=v)["Body"].read() for v in versions] == [
            b"1",
            b"2",
        ]
        assert s3.get_object_tagging(Bucket="kept", Key="k")["TagSet"] == [{"Key": "a", "Value": "b"}]
        parts = [{"PartNumber": 1, "ETag": part["ETag"]}]
        s3.complete_multipart_upload(
            Bucket="kept", Key="big", UploadId=upload, MultipartUpload={"Parts": parts}
        )
        assert s3.get_object(Bucket="kept", Key="big")["Body"].read() == b"part"
        sns.publish(TopicArn=topic, Message="still wired")
        (notification,) = _drained(sqs, "dead", 1).values()
        assert json.loads(notification)["Message"] == "still wired"
        assert second.client("events").describe_rule(Name="r")["ScheduleExpression"] == "rate(1 day)"
        assert second.client("scheduler").get_schedule(Name="s")["Target"]["Arn"] == arn
        caller = second.client(
            "sts",
            aws_access_key_id=session["AccessKeyId"],
            aws_secret_access_key=session["SecretAccessKey"],
            aws_session_token=session["SessionToken"],
        ).get_caller_identity()
        assert caller["Arn"].endswith(":assumed-role/kept/session")
        secret = second.client("secretsmanager").get_secret_value(SecretId="secret")
        assert secret["SecretString"] == "hush"
        groups = second.client("logs").describe_log_groups(logGroupNamePrefix="group")["logGroups"]
        assert [group["logGroupName"] for group in groups] == ["group"]


def _is_dead(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
