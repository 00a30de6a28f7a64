"""The drivers for Python as they are written into a package.

The neutral classes say what a driver takes and gives; the drivers of AWS pass on what they do not know, so
that the function does there what it did; those of Alibaba refuse it, so that nothing is left out in silence.
"""

from __future__ import annotations

from cutover.scaffold.python_drivers_alibaba import MNS, OSS
from cutover.scaffold.python_drivers_aws import S3, SQS

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
