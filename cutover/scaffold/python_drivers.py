"""The drivers for Python as they are written into a package.

The neutral classes say what a driver takes and gives; the drivers of AWS pass on what they do not know, so
that the function does there what it did; those of Alibaba refuse it, so that nothing is left out in silence.

Sources: oss2 2.19.1 and aliyun-mns-sdk 1.3.0 as shipped, read 2026-11-22. The MNS SDK encodes bodies as
Base64 unless it is told not to.
"""

from __future__ import annotations

PACKAGE = '''"""What the business part does I/O through, whichever the cloud."""\n'''

ERRORS = '''\
"""The one error of all drivers."""


class DriverError(Exception):
    """A service refused. `code` is the vendor's; `response` has the shape that botocore's errors have."""

    def __init__(self, code, message, status=0):
        super().__init__(f"{code}: {message}")
        self.code = code
        self.response = {
            "Error": {"Code": code, "Message": message},
            "ResponseMetadata": {"HTTPStatusCode": status},
        }
'''

OBJECT_STORAGE = '''\
"""Objects in buckets, whoever keeps them."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Optional


@dataclass(frozen=True)
class StoredObject:
    """An object, read whole; size in bytes."""

    body: bytes
    content_type: Optional[str] = None
    size: int = 0
    etag: Optional[str] = None
    metadata: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Put:
    """What putting gives."""

    etag: Optional[str] = None


@dataclass(frozen=True)
class Listed:
    """One object of a list."""

    key: str
    size: int
    etag: str
    last_modified: datetime


@dataclass(frozen=True)
class Page:
    """One page of a list; `next` goes into `after` for the one behind it."""

    objects: list
    next: Optional[str] = None
    truncated: bool = False


class ObjectStorage(ABC):
    """What a driver of object storage does. Each may raise `drivers.errors.DriverError`."""

    @abstractmethod
    def get_object(self, *, bucket, key, **more) -> StoredObject:
        """Read an object."""

    @abstractmethod
    def put_object(
        self, *, bucket, key, body=b"", content_type=None, cache_control=None, metadata=None, **more
    ) -> Put:
        """Write an object; body is bytes, text or a file that is open for reading."""

    @abstractmethod
    def list_objects(self, *, bucket, prefix=None, limit=None, after=None, **more) -> Page:
        """List objects, one page."""

    @abstractmethod
    def delete_object(self, *, bucket, key, **more) -> None:
        """Remove an object; that there is none is no error."""

    def download_file(self, bucket, key, path):
        """Write an object into a file of this machine."""
        Path(path).write_bytes(self.get_object(bucket=bucket, key=key).body)

    def upload_file(self, path, bucket, key):
        """Write a file of this machine into an object."""
        with Path(path).open("rb") as content:
            self.put_object(bucket=bucket, key=key, body=content)
'''

MESSAGE_QUEUE = '''\
"""Queues that messages are sent to, whoever keeps them."""

from abc import ABC, abstractmethod
from dataclasses import dataclass


@dataclass(frozen=True)
class Sent:
    """What sending gives."""

    message_id: str


@dataclass(frozen=True)
class Address:
    """What `send` takes for a queue."""

    queue: str


class MessageQueue(ABC):
    """What a driver of queues does. Each may raise `drivers.errors.DriverError`."""

    @abstractmethod
    def send(self, *, queue, body, delay_seconds=None, **more) -> Sent:
        """Send a message.

        queue: its URL on AWS; its name, or a URL that ends with its name, on Alibaba Cloud.
        """

    @abstractmethod
    def locate(self, *, name, **more) -> Address:
        """Give what `send` takes for the queue of this name."""
'''

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

OSS = '''\
"""Objects in OSS. What the interface does not name is refused."""

from contextlib import contextmanager
from datetime import datetime, timezone

import oss2
from oss2.credentials import Credentials, CredentialsProvider

from @FOLDER@.errors import DriverError
from @FOLDER@.object_storage import Listed, ObjectStorage, Page, Put, StoredObject


class OssObjectStorage(ObjectStorage):
    """Takes the region as FC names it, such as cn-hangzhou; an endpoint in place of the region's own; and
    `credentials`, which gives (key id, secret, token) each time it is called."""

    def __init__(self, *, region, endpoint, credentials):
        self.region = region
        self.endpoint = endpoint or f"https://oss-{region}.aliyuncs.com"
        self.auth = oss2.ProviderAuthV4(RoleKeys(credentials))

    def bucket(self, name):
        return oss2.Bucket(self.auth, self.endpoint, name, region=self.region)

    def get_object(self, *, bucket, key, **more):
        refuse("get_object", more)
        with told():
            got = self.bucket(bucket).get_object(key)
            body = got.read()
        named = "x-oss-meta-"
        metadata = {
            name.lower()[len(named) :]: value
            for name, value in got.headers.items()
            if name.lower().startswith(named)
        }
        return StoredObject(
            body=body,
            content_type=got.content_type,
            size=len(body),
            etag=got.headers.get("ETag"),
            metadata=metadata,
        )

    def put_object(
        self, *, bucket, key, body=b"", content_type=None, cache_control=None, metadata=None, **more
    ):
        refuse("put_object", more)
        headers = {f"x-oss-meta-{name}": value for name, value in (metadata or {}).items()}
        if content_type is not None:
            headers["Content-Type"] = content_type
        if cache_control is not None:
            headers["Cache-Control"] = cache_control
        with told():
            put = self.bucket(bucket).put_object(key, body, headers=headers)
        return Put(etag=put.headers.get("ETag"))

    def list_objects(self, *, bucket, prefix=None, limit=None, after=None, **more):
        refuse("list_objects", more)
        with told():
            page = self.bucket(bucket).list_objects_v2(
                prefix=prefix or "", max_keys=limit or 1000, continuation_token=after or ""
            )
        return Page(
            objects=[
                Listed(
                    key=one.key,
                    size=one.size,
                    etag=one.etag,
                    last_modified=datetime.fromtimestamp(one.last_modified, timezone.utc),
                )
                for one in page.object_list
            ],
            next=page.next_continuation_token or None,
            truncated=page.is_truncated,
        )

    def delete_object(self, *, bucket, key, **more):
        refuse("delete_object", more)
        with told():
            self.bucket(bucket).delete_object(key)


class RoleKeys(CredentialsProvider):
    """The keys of the function's role, which change while an instance lives."""

    def __init__(self, credentials):
        self.credentials = credentials

    def get_credentials(self):
        return Credentials(*self.credentials())


def refuse(operation, more):
    """Say what the driver does not know."""
    if more:
        raise TypeError(f"{operation}: the driver of OSS does not know {', '.join(more)}")


@contextmanager
def told():
    """Turn OSS's error into that of the drivers."""
    try:
        yield
    except oss2.exceptions.OssError as error:
        raise DriverError(error.code, error.message, error.status) from error
'''

MNS = '''\
"""Queues of MNS. What the interface does not name is refused."""

from mns.account import Account
from mns.mns_exception import MNSExceptionBase
from mns.queue import Message

from @FOLDER@.errors import DriverError
from @FOLDER@.message_queue import Address, MessageQueue, Sent


class MnsMessageQueue(MessageQueue):
    """Takes the account's number and the region; an endpoint in place of the account's own; and
    `credentials`, which gives (key id, secret, token) each time it is called."""

    def __init__(self, *, account_id, region, endpoint, credentials):
        self.endpoint = endpoint or f"https://{account_id}.mns.{region}.aliyuncs.com"
        self.credentials = credentials

    def send(self, *, queue, body, delay_seconds=None, **more):
        if more:
            raise TypeError(f"send: the driver of MNS does not know {', '.join(more)}")
        there = Account(self.endpoint, *self.credentials()).get_queue(queue.rpartition("/")[2])
        there.set_encoding(False)  # else the SDK sends Base64
        try:
            sent = there.send_message(Message(body, delay_seconds))
        except MNSExceptionBase as error:
            raise DriverError(error.type, error.message) from error
        return Sent(message_id=sent.message_id)

    def locate(self, *, name, **more):
        if more:
            raise TypeError(f"locate: the driver of MNS does not know {', '.join(more)}")
        return Address(queue=name)
'''

NEUTRAL = {"s3": ("object_storage", OBJECT_STORAGE), "sqs": ("message_queue", MESSAGE_QUEUE)}
AWS = {"s3": ("s3_object_storage", S3), "sqs": ("sqs_message_queue", SQS)}
ALIBABA = {"s3": ("oss_object_storage", OSS), "sqs": ("mns_message_queue", MNS)}


def files(services: list[str], *, folder: str) -> dict[str, str]:
    """Give the driver files for these services."""
    found = {f"{folder}/__init__.py": PACKAGE, f"{folder}/errors.py": ERRORS}
    for service in services:
        for name, text in (NEUTRAL[service], AWS[service], ALIBABA[service]):
            found[f"{folder}/{name}.py"] = text.replace("@FOLDER@", folder)
    return found
