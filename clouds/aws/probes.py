"""Looks at S3 buckets and SQS queues around an invocation.

SQS has no way to see a message without taking it: a receive with visibility timeout 0 makes it visible again
at once, but counts as a receive, and so moves messages of somebody else towards their dead-letter queue. So
only shadow queues are read. Source: facts on AWS; SQS API reference of ReceiveMessage, read 2026-11.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any

from clouds.aws.errors import calling
from clouds.aws.session import Clients
from clouds.probing import MOST_OBJECTS, Listing, Newest, ObjectProbe, ShadowQueueProbe, too_much
from cutover.effects import Held, Twin, TwinKind, said
from cutover.errors import UnsupportedFeature
from cutover.ports import EffectProbe

CLOUD = "aws"


class AwsProbes:
    """``cutover.ports.Probes`` on boto3."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def of(self, twin: Twin) -> EffectProbe:
        """Give the probe of the twin's AWS side."""
        match twin.kind:
            case TwinKind.BUCKET:
                look: Callable[[], Listing] = partial(self._listing, twin)
                return ObjectProbe(twin, look, partial(self._content, twin.primary), cloud=CLOUD)
            case TwinKind.QUEUE | TwinKind.TOPIC if queue := twin.shadow(twin.primary, "primary_queue"):
                return ShadowQueueProbe(twin, partial(self._take, queue), said, cloud=CLOUD)
            case TwinKind.QUEUE | TwinKind.TOPIC:
                raise UnsupportedFeature(
                    CLOUD,
                    f"the messages of the {twin.kind.value} {twin.name} cannot be seen without taking them",
                    "Point the function at a shadow queue and declare it.",
                )
            case TwinKind.TABLE:
                raise UnsupportedFeature(CLOUD, "tables are looked at in their database")

    def _listing(self, twin: Twin) -> Listing:
        s3, held, newest, more = self._clients.get("s3"), dict[str, Held](), Newest(), dict[str, str]()
        while True:
            with calling("s3:ListBucket"):
                answer: dict[str, Any] = s3.list_objects_v2(
                    Bucket=twin.primary, Prefix=twin.settings.get("prefix", ""), **more
                )
            for one in answer.get("Contents", ()):
                at = one["LastModified"]
                held[one["Key"]] = Held(stamp=f"{one['ETag']} {at.isoformat()}", size=one["Size"])
                newest.add(one["Key"], int(at.timestamp()))
            if len(held) > MOST_OBJECTS:
                raise too_much(twin, CLOUD, "s3:ListBucket")
            if not answer.get("IsTruncated"):
                now = parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])
                return Listing(
                    held=held,
                    newest_s=newest.second,
                    now_s=int(now.timestamp()),
                    newest=frozenset(newest.keys),
                )
            more = {"ContinuationToken": answer["NextContinuationToken"]}

    def _content(self, bucket: str, key: str) -> bytes:
        with calling("s3:GetObject"):
            content: bytes = self._clients.get("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
        return content

    def _take(self, url: str, wait_s: int) -> Sequence[str]:
        sqs = self._clients.get("sqs")
        with calling("sqs:ReceiveMessage"):
            found = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=wait_s, MaxNumberOfMessages=10)
        messages = found.get("Messages") or ()
        if messages:
            entries = [
                {"Id": str(number), "ReceiptHandle": one["ReceiptHandle"]}
                for number, one in enumerate(messages)
            ]
            with calling("sqs:DeleteMessageBatch"):
                sqs.delete_message_batch(QueueUrl=url, Entries=entries)
        return tuple(one["Body"] for one in messages)
