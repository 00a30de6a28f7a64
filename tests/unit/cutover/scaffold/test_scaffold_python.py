"""Mixed Python functions become a business part with drivers."""

from pathlib import Path

import pytest

from cutover.scaffold import Package
from tests.unit.cutover.scaffold.scaffolding import scaffold, sentences, troubles

MIXED = '''\
"""Copies."""

import json
import os

import boto3
from botocore.exceptions import ClientError

s3 = boto3.client("s3", region_name=os.environ["REGION"])
sqs = boto3.client("sqs")
copied = 0


def named(key):
    return f"copy/{key}"


def listed(bucket):
    response = s3.list_objects_v2(Bucket=bucket, Prefix="in/")
    return [one["Key"] for one in response.get("Contents", []) if one["Size"]]


def handler(event, context):
    global copied
    text = """two
lines"""
    for key in listed(event["bucket"]):
        try:
            got = s3.get_object(Bucket=event["bucket"], Key=key)
        except ClientError as error:
            print(error.response["Error"]["Code"])
            continue
        content = got["Body"].read().decode()
        kind = got["ContentType"]
        s3.put_object(Bucket=event["bucket"], Key=named(key), Body=content, ContentType=kind)
        sent = sqs.send_message(QueueUrl=os.environ["QUEUE"], MessageBody=json.dumps({"key": key}))
        print(sent["MessageId"], text)
        copied += 1
    s3.download_file(event["bucket"], "a", "/tmp/a")
    return {"copied": copied}
'''


def test_boto3_becomes_calls_of_drivers() -> None:
    made = scaffold("app.py", MIXED)
    assert not troubles(made)
    assert made.files["app.py"] == (
        '''\
"""Copies."""

import json
import os
from types import SimpleNamespace

from drivers.errors import DriverError

copied = 0


def named(key):
    return f"copy/{key}"


def create_business(*, queue, storage):
    """The business part: it knows drivers, and no cloud. Gives what the module defined."""

    def listed(bucket):
        response = storage.list_objects(bucket=bucket, prefix="in/")
        return [one.key for one in response.objects if one.size]

    def handler(event, context):
        global copied
        text = """two
lines"""
        for key in listed(event["bucket"]):
            try:
                got = storage.get_object(bucket=event["bucket"], key=key)
            except DriverError as error:
                print(error.response["Error"]["Code"])
                continue
            content = got.body.decode()
            kind = got.content_type
            storage.put_object(bucket=event["bucket"], key=named(key), body=content, content_type=kind)
            sent = queue.send(queue=os.environ["QUEUE"], body=json.dumps({"key": key}))
            print(sent.message_id, text)
            copied += 1
        storage.download_file(event["bucket"], "a", "/tmp/a")
        return {"copied": copied}

    return SimpleNamespace(handler=handler, listed=listed)
'''
    )


def test_the_handler_of_aws_makes_the_clients_as_the_function_did() -> None:
    handler = scaffold("app.py", MIXED).files["handler_aws.py"]
    assert 'storage=S3ObjectStorage(boto3.client("s3", region_name=os.environ["REGION"])),' in handler
    assert "import boto3\nimport os\n" in handler


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("Body=content,", 'Body=content, ACL="private",', "ACL is passed on to AWS as it is"),
        ("Body=content,", "Body=content, **more,", "name them one by one"),
        ('got["ContentType"]', 'got["Expires"]', "Expires is not among what comes back"),
        ("copied += 1", 's3.head_object(Bucket="b", Key="k")', "head_object of S3 is not in the drivers'"),
        ("copied += 1", "share(s3)", "s3 itself goes on from here"),
        ("copied += 1", 'boto3.client("sns").publish()', "sns has no driver here"),
        ('got["Body"].read().decode()', 'json.load(got["Body"])', "the object is read whole now"),
        ("copied += 1", "print(context.identity)", "context.identity has no counterpart on FC"),
    ],
)
def test_what_cannot_be_brought_over_is_said_at_its_place(old: str, new: str, said: str) -> None:
    made = scaffold("app.py", MIXED.replace(old, new))
    assert not troubles(made)
    assert said in sentences(made)
    assert ("# Reviewer: " in made.files["app.py"]) is ("context" not in new)


def test_a_body_that_is_read_as_a_file_stays_one() -> None:
    text = scaffold("app.py", MIXED.replace('got["Body"].read().decode()', 'json.load(got["Body"])')).files[
        "app.py"
    ]
    assert "content = json.load(io.BytesIO(got.body))" in text
    assert "import io\nimport json\n" in text


def test_a_name_that_does_io_and_is_shared_is_shared_within_the_function() -> None:
    shared = MIXED.replace("copied = 0", 'copied = len(s3.list_objects_v2(Bucket="b")["Contents"])')
    text = scaffold("app.py", shared).files["app.py"]
    assert "    nonlocal copied\n" in text


def test_dependencies_are_added_in_the_versions_of_the_lock() -> None:
    made = scaffold("app.py", MIXED, requirements_txt="requests==2.32.0")
    assert made.files["requirements.txt"] == "requests==2.32.0\noss2==2.19.1\naliyun-mns-sdk==1.3.0\n"
    assert Package(name="oss2", version="2.19.1", ecosystem="pypi") in made.dependencies
    lock = (Path(__file__).parents[4] / "requirements/base.txt").read_text()
    for one in made.dependencies:
        assert f"\n{one.name}=={one.version} " in lock


def test_equal_input_gives_equal_output() -> None:
    assert scaffold("app.py", MIXED) == scaffold("app.py", MIXED)


def test_a_file_whose_name_no_import_can_say_is_loaded_by_name() -> None:
    made = scaffold("lambda-app.py", MIXED)
    assert not troubles(made)
    for name in ("handler_aws.py", "handler_alibaba.py"):
        assert 'create_business = import_module("lambda-app").create_business\n' in made.files[name]
        assert "from importlib import import_module\n" in made.files[name]
