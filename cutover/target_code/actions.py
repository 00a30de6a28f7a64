"""Which RAM action stands for which call to AWS, and for which IAM action; a table of written rows.

A row: service and operation as the SDKs name it, the IAM action that AWS asks for, the RAM actions that
the counterpart asks for, and the shape of the resource. What is not here is named, never guessed. Tables of
DynamoDB are left out on purpose: Tablestore has another data model, so no call is carried over as it is.

Batches of messages name both actions: pages of SMQ differ on which one is asked for, and a name too many
allows nothing.

Source: AWS, service authorization reference (S3, SQS, SNS, Lambda, Secrets Manager, CloudWatch Logs);
Alibaba Cloud, RAM authorization of OSS, SMQ (MNS), FC 3.0, KMS and SLS, read 2026-11-22.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Shape(StrEnum):
    """What a RAM action is allowed on."""

    OBJECTS = "objects"
    BUCKET = "bucket"
    QUEUE = "queue"
    QUEUE_MESSAGES = "queue-messages"
    TOPIC = "topic"
    TOPIC_MESSAGES = "topic-messages"
    FUNCTION = "function"
    SECRET = "secret"  # noqa: S105 - a shape of resource, no secret


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One call. ``operation``: without underscores, in lower case."""

    service: str
    operation: str
    iam: str
    ram: tuple[str, ...]
    shape: Shape


def _rows(service: str, iam: str, ram: str, shape: Shape, *operations: str) -> tuple[Row, ...]:
    return tuple(
        Row(
            service=service,
            operation=plain(one),
            iam=f"{service}:{iam}",
            ram=tuple(ram.split()),
            shape=shape,
        )
        for one in operations
    )


def plain(operation: str) -> str:
    """Give an operation as all SDKs agree on it: `getObject`, `get_object` and `GetObject` are one."""
    return operation.replace("_", "").lower()


ROWS: tuple[Row, ...] = (
    *_rows("s3", "GetObject", "oss:GetObject", Shape.OBJECTS,
           "getObject", "headObject", "download_file", "download_fileobj", "copyObject", "get"),
    *_rows("s3", "PutObject", "oss:PutObject", Shape.OBJECTS,
           "putObject", "upload", "upload_file", "upload_fileobj", "copyObject", "copy", "put", "putObjects",
           "createMultipartUpload", "uploadPart", "completeMultipartUpload"),
    *_rows("s3", "DeleteObject", "oss:DeleteObject", Shape.OBJECTS, "deleteObject", "deleteObjects"),
    *_rows("s3", "AbortMultipartUpload", "oss:AbortMultipartUpload", Shape.OBJECTS, "abortMultipartUpload"),
    *_rows("s3", "ListMultipartUploadParts", "oss:ListParts", Shape.OBJECTS, "listParts"),
    *_rows("s3", "GetObjectAcl", "oss:GetObjectAcl", Shape.OBJECTS, "getObjectAcl"),
    *_rows("s3", "PutObjectAcl", "oss:PutObjectAcl", Shape.OBJECTS, "putObjectAcl"),
    *_rows("s3", "GetObjectTagging", "oss:GetObjectTagging", Shape.OBJECTS, "getObjectTagging"),
    *_rows("s3", "PutObjectTagging", "oss:PutObjectTagging", Shape.OBJECTS, "putObjectTagging"),
    *_rows("s3", "ListBucket", "oss:ListObjects", Shape.BUCKET, "listObjects", "listObjectsV2"),
    *_rows("s3", "ListBucket", "oss:GetBucketInfo", Shape.BUCKET, "headBucket"),
    *_rows("s3", "GetBucketLocation", "oss:GetBucketLocation", Shape.BUCKET, "getBucketLocation"),
    *_rows("sqs", "SendMessage", "mns:SendMessage", Shape.QUEUE_MESSAGES, "sendMessage"),
    *_rows("sqs", "SendMessage", "mns:BatchSendMessage mns:SendMessage", Shape.QUEUE_MESSAGES,
           "sendMessageBatch", "send_messages"),
    *_rows("sqs", "ReceiveMessage", "mns:BatchReceiveMessage mns:ReceiveMessage", Shape.QUEUE_MESSAGES,
           "receiveMessage", "receive_messages"),
    *_rows("sqs", "DeleteMessage", "mns:DeleteMessage", Shape.QUEUE_MESSAGES, "deleteMessage"),
    *_rows("sqs", "DeleteMessage", "mns:BatchDeleteMessage mns:DeleteMessage", Shape.QUEUE_MESSAGES,
           "deleteMessageBatch"),
    *_rows("sqs", "ChangeMessageVisibility", "mns:ChangeMessageVisibility", Shape.QUEUE_MESSAGES,
           "changeMessageVisibility", "changeMessageVisibilityBatch"),
    *_rows("sqs", "GetQueueAttributes", "mns:GetQueueAttributes", Shape.QUEUE, "getQueueAttributes"),
    *_rows("sqs", "GetQueueUrl", "mns:GetQueueAttributes", Shape.QUEUE, "getQueueUrl"),
    *_rows("sns", "Publish", "mns:PublishMessage", Shape.TOPIC_MESSAGES, "publish", "publishBatch"),
    *_rows("sns", "GetTopicAttributes", "mns:GetTopicAttributes", Shape.TOPIC, "getTopicAttributes"),
    *_rows("lambda", "InvokeFunction", "fc:InvokeFunction", Shape.FUNCTION, "invoke", "invokeAsync"),
    *_rows("secretsmanager", "GetSecretValue", "kms:GetSecretValue", Shape.SECRET, "getSecretValue"),
    *_rows("secretsmanager", "DescribeSecret", "kms:DescribeSecret", Shape.SECRET, "describeSecret"),
)  # fmt: skip

SERVICES = {
    "secrets-manager": "secretsmanager",
    "cloudwatch-logs": "logs",
    "cloudwatchlogs": "logs",
}
"""Other names that SDKs give a service of the table."""

BY_HAND = {
    "dynamodb": "Tablestore has another data model, so no call is carried over as it is; once it is "
    "rewritten, name ots:GetRow, ots:PutRow and the like on the one table",
    "kms": "keys have other ids in KMS of Alibaba Cloud; name kms:Decrypt and the like on the one key",
    "ssm": "parameters live in OOS Parameter Store; name oos:GetParameter on the one parameter",
    "sts": "roles of AWS are not assumed with a RAM role",
    "ses": "Direct Mail has another interface; name dm:SingleSendMail once it is rewritten",
    "sesv2": "Direct Mail has another interface; name dm:SingleSendMail once it is rewritten",
    "xray": "tracing is switched on for the function, and asks for no action of its role",
    "ec2": "the function's network interfaces have a line of their own when it lies in a VPC",
    "cloudwatch": "CloudMonitor takes metrics by another interface; name cms:PutCustomMetric once rewritten",
}
"""Services without an automatic row, and what a person does instead."""

OF_LOGGING = ("logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents")
OF_POLLING = (
    "sqs:ReceiveMessage",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "sqs:ChangeMessageVisibility",
    "sqs:GetQueueUrl",
)
"""What an event source mapping needs of the function's role; on FC the trigger itself reads the queue."""
OF_NETWORK = (
    "ecs:CreateNetworkInterface",
    "ecs:CreateNetworkInterfacePermission",
    "ecs:DeleteNetworkInterface",
    "ecs:DescribeNetworkInterfacePermissions",
    "ecs:DescribeNetworkInterfaces",
)
"""Source: Alibaba Cloud, Function Compute 3.0, "Grant permissions across VPCs", read 2026-11-22."""


def service_of(name: str) -> str:
    """Give the table's name of a service, as an SDK or an IAM action names it."""
    return SERVICES.get(name.lower(), name.lower())


def rows_of(service: str, operation: str) -> tuple[Row, ...]:
    """Give the rows of a call; a copy has two. None: the call is not known."""
    return tuple(
        row for row in ROWS if row.service == service_of(service) and row.operation == plain(operation)
    )


def rows_for(iam: str) -> tuple[Row, ...]:
    """Give the rows that an IAM action, written out in full, is asked for."""
    return tuple(row for row in ROWS if row.iam.lower() == iam.lower())
