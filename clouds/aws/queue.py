"""The SQS queue that taps and relays report to.

Encrypted by SQS itself, messages kept for a day. The function's role is let in by the queue's policy, so the
role stays as its owner wrote it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from clouds.aws.errors import calling
from clouds.aws.session import Clients
from cutover.errors import Invalid, NotFound
from cutover.ports import QueueMessage, Receipt

ATTRIBUTES = {
    "MessageRetentionPeriod": "86400",
    "SqsManagedSseEnabled": "true",
    "VisibilityTimeout": "60",
}


class SqsQueue:
    """``cutover.ports.ObservationQueue`` on boto3."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def ensure(self, name: str, *, role_arn: str) -> Receipt:
        """Create if absent, then let the role send if it may not yet; safe to repeat."""
        url, request_id = self._url(name)
        with calling("sqs:GetQueueAttributes"):
            found = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn", "Policy"])
        attributes = found.get("Attributes") or {}
        arn = attributes["QueueArn"]
        policy = with_sender(attributes.get("Policy", ""), queue_arn=arn, role_arn=role_arn)
        if policy is not None:
            with calling("sqs:SetQueueAttributes"):
                answer = self._sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
            request_id = _request_id(answer)
        return Receipt(request_id=request_id, outcome={"url": url, "arn": arn})

    def receive(self, url: str, *, wait_s: int, at_most: int) -> Sequence[QueueMessage]:
        """Long-poll once. Both numbers are cut to what SQS allows (20 s, 10 messages)."""
        with calling("sqs:ReceiveMessage"):
            answer = self._sqs.receive_message(
                QueueUrl=url, WaitTimeSeconds=min(20, wait_s), MaxNumberOfMessages=max(1, min(10, at_most))
            )
        return tuple(
            QueueMessage(body=one["Body"].encode(), receipt=one["ReceiptHandle"])
            for one in answer.get("Messages") or ()
        )

    def delete(self, url: str, receipts: Sequence[str]) -> None:
        """Delete messages, ten per call. Raises Invalid when SQS refuses one."""
        for start in range(0, len(receipts), 10):
            entries = [
                {"Id": str(number), "ReceiptHandle": receipt}
                for number, receipt in enumerate(receipts[start : start + 10])
            ]
            with calling("sqs:DeleteMessageBatch"):
                answer = self._sqs.delete_message_batch(QueueUrl=url, Entries=entries)
            if answer.get("Failed"):
                code = str(answer["Failed"][0].get("Code", ""))
                raise Invalid(
                    f"{len(answer['Failed'])} messages could not be deleted.",
                    cloud="aws",
                    operation="sqs:DeleteMessageBatch",
                    code=code,
                )

    @property
    def _sqs(self) -> Any:
        return self._clients.get("sqs")

    def _url(self, name: str) -> tuple[str, str]:
        try:
            with calling("sqs:GetQueueUrl"):
                found = self._sqs.get_queue_url(QueueName=name)
        except NotFound:
            with calling("sqs:CreateQueue"):
                found = self._sqs.create_queue(QueueName=name, Attributes=ATTRIBUTES)
        return str(found["QueueUrl"]), _request_id(found)


def with_sender(policy: str, *, queue_arn: str, role_arn: str) -> str | None:
    """Give the policy with a statement that lets the role send; None when it has it already."""
    document: dict[str, Any] = json.loads(policy) if policy else {"Version": "2012-10-17", "Statement": []}
    sid = "Cutover" + hashlib.sha256(role_arn.encode()).hexdigest()[:16]
    if any(statement.get("Sid") == sid for statement in document["Statement"]):
        return None
    document["Statement"].append(
        {
            "Sid": sid,
            "Effect": "Allow",
            "Principal": {"AWS": role_arn},
            "Action": "sqs:SendMessage",
            "Resource": queue_arn,
        }
    )
    return json.dumps(document)


def _request_id(answer: Mapping[str, Any]) -> str:
    return str(answer.get("ResponseMetadata", {}).get("RequestId", ""))
