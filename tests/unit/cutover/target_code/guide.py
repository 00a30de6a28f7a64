"""The guide's eight pairs: the AWS side of each as facts, calls and statements of the role."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cutover.assessment import target_for
from cutover.target_code import Basis, Call, RoleStatement
from tests.unit.cutover.factories import function

REGION, ACCOUNT = "ap-south-1", "1432000000000001"
QUEUE = "arn:aws:sqs:ap-south-1:123456789012:{}"
LOGGING = RoleStatement(
    policy="logging",
    effect="Allow",
    actions=("logs:CreateLogStream", "logs:PutLogEvents"),
    resources=("arn:aws:logs:ap-south-1:123456789012:log-group:/aws/lambda/basic:*",),
)


def call(service: str, operation: str, line: int = 1, path: str = "index.js") -> Call:
    return Call(service=service, operation=operation, access="write", path=path, line=line)


def allow(policy: str, actions: tuple[str, ...], *resources: str) -> RoleStatement:
    return RoleStatement(policy=policy, effect="Allow", actions=actions, resources=resources)


def trigger(kind: str, source: str, **more: Any) -> dict[str, Any]:
    return {"kind": kind, "source": source, "qualifier": "", "enabled": True, **more}


def basis(**fields: Any) -> Basis:
    """A function of the guide, with what is known of it."""
    known: dict[str, Any] = {
        key: fields.pop(key) for key in ("calls", "statements", "twins", "names") if key in fields
    }
    defaults: Mapping[str, Any] = {"environment": {}, "arn": "arn:aws:lambda:ap-south-1:1:function:basic"}
    facts = function(**{**defaults, **fields})
    target = target_for(facts, bucket="packages", log_project="basic-log-project", log_store="functions")
    wanted: dict[str, Any] = {"calls": (), "statements": (LOGGING,), **known}
    return Basis(facts=facts, target=target, region=REGION, account_id=ACCOUNT, **wanted)


_IMAGES = trigger("s3", "arn:aws:s3:::thumbnailer", detail="s3:ObjectCreated:*", filter={"prefix": "images/"})
_POLLING = tuple(
    f"sqs:{one}"
    for one in ("ChangeMessageVisibility", "DeleteMessage", "GetQueueAttributes", "ReceiveMessage")
)
GUIDE: Mapping[str, Basis] = {
    "basic": basis(),
    "timer": basis(
        triggers=(
            trigger(
                "schedule", "arn:aws:events:ap-south-1:1:rule/timer_event_rule", detail="rate(5 minutes)"
            ),
        )
    ),
    "object storage": basis(
        triggers=(trigger("s3", "arn:aws:s3:::storage-bucket", detail="s3:ObjectCreated:*"),)
    ),
    "notification": basis(
        triggers=(trigger("sqs", QUEUE.format("notification-queue")),),
        statements=(LOGGING, allow("notification_lambda_sqs", _POLLING, QUEUE.format("notification-queue"))),
    ),
    "output notification": basis(
        environment={"queueUrl": "0" * 64},
        calls=(call("sqs", "sendMessage", 9),),
        statements=(
            LOGGING,
            allow("outnotification_lambda_sqs", ("sqs:SendMessage",), QUEUE.format("outnotification-queue")),
        ),
    ),
    "output object storage": basis(
        calls=(call("s3", "getObject", 8), call("s3", "putObject", 14)),
        statements=(
            LOGGING,
            allow(
                "outobjstorage_lambda_bucket",
                ("s3:GetObject", "s3:PutObject"),
                "arn:aws:s3:::outobjstorage-bucket/*",
            ),
        ),
    ),
    "thumbnailer": basis(
        triggers=(_IMAGES,),
        calls=(call("s3", "getObject", 20), call("s3", "putObject", 31), call("sqs", "sendMessage", 40)),
        statements=(
            LOGGING,
            allow("bucket", ("s3:GetObject",), "arn:aws:s3:::thumbnailer/images/*"),
            allow("bucket", ("s3:PutObject",), "arn:aws:s3:::thumbnailer/thumbnails/*"),
            allow("queue", ("sqs:SendMessage",), QUEUE.format("thumbnails")),
        ),
    ),
    "PostgreSQL": basis(vpc=True, environment={"DB_HOST": "0" * 64, "DB_PASSWORD": "1" * 64}),
}
