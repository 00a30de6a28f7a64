"""The drivers for Python on Alibaba Cloud as they are written into a package.

Sources: oss2 2.19.1 and aliyun-mns-sdk 1.3.0 as shipped, read 2026-11-22. The MNS SDK encodes bodies as
Base64 unless it is told not to.
"""

from __future__ import annotations

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
