"""The drivers for Python on AWS, by boto3, as they are written into a package."""

from __future__ import annotations

S3 = '''\
"""Objects in S3 through boto3. What the interface does not name goes to S3 as it is."""

from contextlib import contextmanager

from botocore.exceptions import ClientError

from @FOLDER@.errors import DriverError
from @FOLDER@.object_storage import Listed, ObjectStorage, Page, Put, StoredObject


class S3ObjectStorage(ObjectStorage):
    """Takes a client as `boto3.client("s3")` gives it."""

    def __init__(self, client):
        self.client = client

    def get_object(self, *, bucket, key, **more):
        with told():
            got = self.client.get_object(Bucket=bucket, Key=key, **more)
            return StoredObject(
                body=got["Body"].read(),
                content_type=got.get("ContentType"),
                size=got["ContentLength"],
                etag=got.get("ETag"),
                metadata=got.get("Metadata", {}),
            )

    def put_object(
        self, *, bucket, key, body=b"", content_type=None, cache_control=None, metadata=None, **more
    ):
        given = {"ContentType": content_type, "CacheControl": cache_control, "Metadata": metadata}
        with told():
            put = self.client.put_object(Bucket=bucket, Key=key, Body=body, **present(given), **more)
            return Put(etag=put.get("ETag"))

    def list_objects(self, *, bucket, prefix=None, limit=None, after=None, **more):
        given = {"Prefix": prefix, "MaxKeys": limit, "ContinuationToken": after}
        with told():
            page = self.client.list_objects_v2(Bucket=bucket, **present(given), **more)
        return Page(
            objects=[
                Listed(
                    key=one["Key"], size=one["Size"], etag=one["ETag"], last_modified=one["LastModified"]
                )
                for one in page.get("Contents", [])
            ],
            next=page.get("NextContinuationToken"),
            truncated=page.get("IsTruncated", False),
        )

    def delete_object(self, *, bucket, key, **more):
        with told():
            self.client.delete_object(Bucket=bucket, Key=key, **more)

    def download_file(self, bucket, key, path):
        with told():
            self.client.download_file(bucket, key, str(path))

    def upload_file(self, path, bucket, key):
        with told():
            self.client.upload_file(str(path), bucket, key)


def present(given):
    """Give what was said."""
    return {name: value for name, value in given.items() if value is not None}


@contextmanager
def told():
    """Turn botocore's error into that of the drivers."""
    try:
        yield
    except ClientError as error:
        said = error.response.get("Error", {})
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        raise DriverError(said.get("Code", ""), said.get("Message", ""), status) from error
'''

SQS = '''\
"""Queues of SQS through boto3. What the interface does not name goes to SQS as it is."""

from contextlib import contextmanager

from botocore.exceptions import ClientError

from @FOLDER@.errors import DriverError
from @FOLDER@.message_queue import Address, MessageQueue, Sent


class SqsMessageQueue(MessageQueue):
    """Takes a client as `boto3.client("sqs")` gives it."""

    def __init__(self, client):
        self.client = client

    def send(self, *, queue, body, delay_seconds=None, **more):
        delay = {} if delay_seconds is None else {"DelaySeconds": delay_seconds}
        with told():
            sent = self.client.send_message(QueueUrl=queue, MessageBody=body, **delay, **more)
            return Sent(message_id=sent["MessageId"])

    def locate(self, *, name, **more):
        with told():
            return Address(queue=self.client.get_queue_url(QueueName=name, **more)["QueueUrl"])


@contextmanager
def told():
    """Turn botocore's error into that of the drivers."""
    try:
        yield
    except ClientError as error:
        said = error.response.get("Error", {})
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        raise DriverError(said.get("Code", ""), said.get("Message", ""), status) from error
'''
