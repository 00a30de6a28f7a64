"""Resource names of both clouds. What the setting does not know is not made up: the answer is None."""

from __future__ import annotations

import re

from .model import Setting, primary, twin

_AWS = re.compile(r"arn:aws:(sqs|sns):([\w-]+):(\d+):([\w.-]+)")
_MNS = re.compile(r"acs:mns:([\w-]+):(\d+):/?(queues|topics)/([\w.-]+)")


def name_in_arn(arn: str, service: str) -> str | None:
    """Give the queue's or topic's name in an AWS ARN."""
    found = _AWS.fullmatch(arn)
    return found.group(4) if found and found.group(1) == service else None


def aws_arn(service: str, name: str, setting: Setting) -> str | None:
    """Give the AWS ARN of a queue or topic by its name there."""
    if not setting.aws_region or not setting.aws_account:
        return None
    return f"arn:aws:{service}:{setting.aws_region}:{setting.aws_account}:{name}"


def queue_subject(arn: str, setting: Setting) -> str | None:
    """Give the subject of a message of the queue's twin."""
    name = name_in_arn(arn, "sqs")
    if name is None or not setting.fc_region or not setting.fc_account:
        return None
    return f"acs:mns:{setting.fc_region}:{setting.fc_account}:queues/{twin(setting.queues, name)}"


def queue_arn(subject: str, setting: Setting) -> str | None:
    """Give the ARN of the queue on AWS whose twin the subject names."""
    found = _MNS.fullmatch(subject)
    if found is None or found.group(3) != "queues":
        return None
    return aws_arn("sqs", primary(setting.queues, found.group(4)), setting)
