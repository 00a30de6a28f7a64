"""The services around Lambda on the AWS half."""

import json
import re
import threading
import time
import urllib.error
import urllib.request

import pytest
from botocore.config import Config

from tests.sandbox_fixtures import RunningAws

pytestmark = pytest.mark.enable_socket


def test_a_waiting_receive_returns_as_soon_as_a_message_arrives(aws: RunningAws) -> None:
    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName="evidence")["QueueUrl"]
    sender = aws.client("sqs")
    sent: list[float] = []

    def send() -> None:
        sender.send_message(QueueUrl=url, MessageBody="x")
        sent.append(time.monotonic())

    delays = []
    for _ in range(5):
        timer = threading.Timer(0.3, send)
        timer.start()
        (message,) = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=10)["Messages"]
        received = time.monotonic()
        timer.join()
        delays.append(received - sent[-1])
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    assert sorted(delays)[2] < 0.05


def test_it_takes_the_resource_policies_that_a_shift_writes(aws: RunningAws, roles: dict[str, str]) -> None:
    def allowing(action: str, resource: str) -> str:
        statement = {
            "Effect": "Allow",
            "Principal": {"AWS": roles["runs"]},
            "Action": action,
            "Resource": resource,
        }
        return json.dumps({"Version": "2012-10-17", "Statement": [statement]})

    sqs = aws.client("sqs")
    url = sqs.create_queue(QueueName="taps")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": allowing("sqs:SendMessage", arn)})
    kept = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"]["Policy"]
    assert json.loads(kept)["Statement"][0]["Action"] == "sqs:SendMessage"
    secrets = aws.client("secretsmanager")
    secret = secrets.create_secret(Name="relay", SecretString="s")["ARN"]
    policy = allowing("secretsmanager:GetSecretValue", "*")
    secrets.put_resource_policy(SecretId=secret, ResourcePolicy=policy)
    assert json.loads(secrets.get_resource_policy(SecretId=secret)["ResourcePolicy"]) == json.loads(policy)
    assert secrets.get_secret_value(SecretId="relay")["SecretString"] == "s"


def test_it_verifies_s3_uploads_and_presigned_links(aws: RunningAws) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="objects")
    s3.put_object(Bucket="objects", Key="a b/ü+1.txt", Body=b"hello")
    assert s3.get_object(Bucket="objects", Key="a b/ü+1.txt")["Body"].read() == b"hello"
    assert s3.head_object(Bucket="objects", Key="a b/ü+1.txt")["ContentLength"] == 5
    for signer in (s3, aws.client("s3", config=Config(signature_version="s3v4"))):
        link = signer.generate_presigned_url("get_object", Params={"Bucket": "objects", "Key": "a b/ü+1.txt"})
        with urllib.request.urlopen(link, timeout=5) as answer:
            assert answer.read() == b"hello"
        wrong = re.sub(r"Signature=....", "Signature=0000", link)
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(wrong, timeout=5)
        assert caught.value.code == 403
        caught.value.close()
