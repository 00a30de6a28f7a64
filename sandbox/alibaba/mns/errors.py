"""The refusals of MNS that other parts of the sandbox catch by type.

Source: Alibaba Cloud, MNS, "Error codes"; aliyun-mns-sdk 1.3.0, mns/mns_exception.py; read 2026-11-22.
"""

from __future__ import annotations

from sandbox.alibaba.wire import Refused


class QueueNotExist(Refused):
    """There is no queue of this name."""

    def __init__(self) -> None:
        super().__init__(404, "QueueNotExist", "The queue name you provided is not exist.")


class MessageNotExist(Refused):
    """The queue has no message to give, or the receipt is of a message that is gone or visible again."""

    def __init__(self) -> None:
        super().__init__(404, "MessageNotExist", "Message not exist.")


class ReceiptHandleError(Refused):
    """The text is no receipt of this queue."""

    def __init__(self) -> None:
        super().__init__(400, "ReceiptHandleError", "The receipt handle you provide is not valid.")


class TopicNotExist(Refused):
    """There is no topic of this name."""

    def __init__(self) -> None:
        super().__init__(404, "TopicNotExist", "The topic name you provided is not exist.")


class SubscriptionNotExist(Refused):
    """The topic has no subscription of this name."""

    def __init__(self) -> None:
        super().__init__(404, "SubscriptionNotExist", "The subscription name you provided is not exist.")


def wrong_argument(message: str) -> Refused:
    """Give the refusal of a value that is out of range or cannot be read."""
    return Refused(400, "InvalidArgument", message)
