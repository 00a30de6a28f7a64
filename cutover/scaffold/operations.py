"""Which calls of S3 and SQS the drivers have, and how names change on the way.

The neutral names are those of the generated interfaces: camel case in Node.js, snake case in Python.
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from dataclasses import dataclass, field

from cutover.scaffold.model import Package

DRIVERS = {
    "s3": ("storage", "objectStorage", "storageDriver"),
    "sqs": ("queue", "messageQueue", "queueDriver"),
}
"""Service -> names under which the business part may get its driver: the first that the code does not use."""
SERVICES = tuple(DRIVERS)
ELSEWHERE = (
    "{service} has no driver here, so that these calls still go to AWS, from both clouds. Decide what stands "
    "for it on Alibaba Cloud."
)
"""What is said where a service other than these is called."""
UNSEEN = "the SDK of AWS is used here still, in a way that could not be followed; see what it is needed for."
PACKAGES = {
    ("npm", "s3"): Package(name="ali-oss", version="6.23.0", ecosystem="npm"),
    ("npm", "sqs"): Package(name="@alicloud/mns", version="1.2.0", ecosystem="npm"),
    ("pypi", "s3"): Package(name="oss2", version="2.19.1", ecosystem="pypi"),
    ("pypi", "sqs"): Package(name="aliyun-mns-sdk", version="1.3.0", ecosystem="pypi"),
}
"""What the Alibaba drivers stand on; a test holds these against package-lock.json and requirements/."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Operation:
    """One call. ``parameters`` and ``results``: the vendor's name -> the neutral one, in camel case.

    ``items``: the same for what a list gives in ``Contents``.
    """

    name: str
    parameters: Mapping[str, str]
    results: Mapping[str, str] = field(default_factory=dict)
    items: Mapping[str, str] = field(default_factory=dict)

    @property
    def snake(self) -> Operation:
        """Give the same for Python."""
        return Operation(
            name=snake(self.name),
            parameters={there: snake(here) for there, here in self.parameters.items()},
            results={there: snake(here) for there, here in self.results.items()},
            items={there: snake(here) for there, here in self.items.items()},
        )


_AT = {"Bucket": "bucket", "Key": "key"}
_PUT = Operation(
    name="putObject",
    parameters={
        **_AT,
        "Body": "body",
        "ContentType": "contentType",
        "CacheControl": "cacheControl",
        "Metadata": "metadata",
    },
    results={"ETag": "etag"},
)
_LIST = Operation(
    name="listObjects",
    parameters={"Bucket": "bucket", "Prefix": "prefix", "MaxKeys": "limit", "ContinuationToken": "after"},
    results={"Contents": "objects", "NextContinuationToken": "next", "IsTruncated": "truncated"},
    items={"Key": "key", "Size": "size", "ETag": "etag", "LastModified": "lastModified"},
)
OPERATIONS: Mapping[tuple[str, str], Operation] = {
    ("s3", "getObject"): Operation(
        name="getObject",
        parameters=_AT,
        results={
            "Body": "body",
            "ContentType": "contentType",
            "ContentLength": "size",
            "ETag": "etag",
            "Metadata": "metadata",
        },
    ),
    ("s3", "putObject"): _PUT,
    ("s3", "upload"): _PUT,
    ("s3", "deleteObject"): Operation(name="deleteObject", parameters=_AT),
    ("s3", "listObjectsV2"): _LIST,
    ("sqs", "sendMessage"): Operation(
        name="send",
        parameters={"QueueUrl": "queue", "MessageBody": "body", "DelaySeconds": "delaySeconds"},
        results={"MessageId": "messageId"},
    ),
    ("sqs", "getQueueUrl"): Operation(
        name="locate", parameters={"QueueName": "name"}, results={"QueueUrl": "queue"}
    ),
}


def snake(name: str) -> str:
    """Give a camel-case name in snake case."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])", lambda found: "_" + found.group(1).lower(), name).lower()


def camel(name: str) -> str:
    """Give a snake-case name in camel case; "list_objects_v2" is "listObjectsV2"."""
    return re.sub(r"_([a-z0-9])", lambda found: found.group(1).upper(), name)


def driver_names(used: Container[str], *, python: bool = False) -> dict[str, str]:
    """Give service -> the name of its driver in the business part."""
    found: dict[str, str] = {}
    for service, names in DRIVERS.items():
        choices = [snake(name) if python else name for name in names]
        found[service] = next((name for name in choices if name not in used), f"{choices[-1]}_of_cutover")
    return found
