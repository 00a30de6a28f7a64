"""What a translation gives, what it is told, and how a document is read so that nothing is lost in silence.

Theory of operation: a translator reads its document through ``Reading``. Every key that it takes is accounted
for; what nobody took when the reading ends is a ``Loss`` at its JSON pointer (RFC 6901). Absent stays absent:
``put`` leaves out what was not there. A value that comes from the ``Setting`` is a ``Derived``.

Standard library only, Python 3.9: this package is zipped together with code that runs inside functions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

VERSION = "2"
"""Grows when a translation changes its result; evidence belongs to it."""


class Kind(str, Enum):
    """The shape of an event."""

    S3 = "s3"
    SQS = "sqs"
    SNS = "sns"
    SCHEDULE = "schedule"
    SCHEDULER = "scheduler"
    API_V1 = "api-v1"
    API_V2 = "api-v2"
    URL = "url"
    ALB = "alb"
    EVENTS = "events"
    LOGS = "logs"
    OSS = "oss"
    MNS_QUEUE = "mns-queue"
    MNS_QUEUE_SINGLE = "mns-queue-single"
    MNS_TOPIC = "mns-topic"
    MNS_TOPIC_STREAM = "mns-topic-stream"
    TIMER = "timer"
    HTTP = "http"
    EVENTBRIDGE = "eventbridge"
    SLS = "sls"


AWS_KINDS = frozenset(
    {
        Kind.S3,
        Kind.SQS,
        Kind.SNS,
        Kind.SCHEDULE,
        Kind.SCHEDULER,
        Kind.API_V1,
        Kind.API_V2,
        Kind.URL,
        Kind.ALB,
        Kind.EVENTS,
        Kind.LOGS,
    }
)
HTTP_KINDS = frozenset({Kind.API_V1, Kind.API_V2, Kind.URL, Kind.ALB})


@dataclass(frozen=True)
class Loss:
    """Something of the document that the result does not have, or not in the same spelling."""

    pointer: str
    reason: str


@dataclass(frozen=True)
class Derived:
    """Something of the result that the document does not say. ``origin`` tells where it comes from."""

    pointer: str
    origin: str


@dataclass(frozen=True)
class Translated:
    """The result. Pointers of losses lie in the document read, those of derived values in the result."""

    event: Any
    losses: tuple[Loss, ...] = ()
    derived: tuple[Derived, ...] = ()


class Untranslatable(ValueError):
    """The document cannot be translated; ``pointer`` says where and ``reason`` why. Nothing was guessed."""

    def __init__(self, reason: str, pointer: str = "") -> None:
        super().__init__(f"{pointer or '/'}: {reason}")
        self.pointer = pointer
        self.reason = reason


@dataclass(frozen=True)
class Setting:
    """What a plan knows and an event does not say. Everything is optional; what is unknown is left absent.

    ``buckets``, ``queues``, ``topics``: name on AWS -> name of its twin. ``trigger_name``: of the FC trigger.
    ``subscription``: of the topic's twin. ``schedule_arn``: of the rule or schedule. ``schedule_input``: the
    timer's payload holds the rule's constant input, which is the whole event. ``resource`` such as
    ``/users/{id}``, ``stage`` and ``domain``: of the API. ``load_balancer_arn``: of the target group.
    """

    aws_region: str = ""
    aws_account: str = ""
    fc_region: str = ""
    fc_account: str = ""
    buckets: Mapping[str, str] = field(default_factory=dict)
    queues: Mapping[str, str] = field(default_factory=dict)
    topics: Mapping[str, str] = field(default_factory=dict)
    trigger_name: str = ""
    subscription: str = ""
    schedule_arn: str = ""
    schedule_input: bool = False
    resource: str = ""
    stage: str = ""
    domain: str = ""
    load_balancer_arn: str = ""


def setting_from(document: Mapping[str, Any]) -> Setting:
    """Give a setting from its JSON form; unknown names are refused by TypeError."""
    return Setting(**document)


def twin(names: Mapping[str, str], name: str) -> str:
    """Give the twin's name; a name without a twin is the same on both sides."""
    return names.get(name, name)


def primary(names: Mapping[str, str], name: str) -> str:
    """Give the name on AWS of a twin."""
    return next((there for there, here in names.items() if here == name), name)


def escape(key: str) -> str:
    """Give a key as a token of a JSON pointer."""
    return key.replace("~", "~0").replace("/", "~1")


class Ledger:
    """What one translation loses and derives."""

    def __init__(self) -> None:
        self.losses: list[Loss] = []
        self.derived: list[Derived] = []

    def lose(self, pointer: str, reason: str) -> None:
        self.losses.append(Loss(pointer, reason))

    def derive(self, pointer: str, origin: str) -> None:
        self.derived.append(Derived(pointer, origin))

    def result(self, event: Any) -> Translated:
        return Translated(event, tuple(self.losses), tuple(self.derived))


class Absent:
    """The type of ``ABSENT``."""


ABSENT = Absent()


class Reading:
    """A JSON object being read; ``close`` turns what nobody took into losses."""

    def __init__(self, document: Any, pointer: str, ledger: Ledger) -> None:
        if not isinstance(document, dict):
            raise Untranslatable("an object is needed here", pointer)
        self.document: dict[str, Any] = document
        self.pointer = pointer
        self.ledger = ledger
        self._taken: set[str] = set()

    def at(self, key: str) -> str:
        """Give the pointer of a key."""
        return f"{self.pointer}/{escape(key)}"

    def peek(self, key: str) -> Any:
        return self.document.get(key, ABSENT)

    def take(self, key: str) -> Any:
        """Give the value and account for it; ``ABSENT`` when there is none."""
        self._taken.add(key)
        return self.document.get(key, ABSENT)

    def text(self, key: str) -> Any:
        """Give a text or ``ABSENT``.

        Raises:
            Untranslatable: it is of another type.
        """
        value = self.take(key)
        if value is not ABSENT and not isinstance(value, str):
            raise Untranslatable("a text is needed here", self.at(key))
        return value

    def object(self, key: str) -> Reading | None:
        """Read an object within; None when it is absent."""
        value = self.take(key)
        return None if value is ABSENT else Reading(value, self.at(key), self.ledger)

    def items(self, key: str) -> list[Any]:
        """Give a list that must be there."""
        value = self.take(key)
        if not isinstance(value, list):
            raise Untranslatable("a list is needed here", self.at(key))
        return value

    def constant(self, key: str, expected: Any) -> None:
        """Account for a value that the other side has a constant for; another value is lost."""
        value = self.take(key)
        if value is not ABSENT and (value != expected or type(value) is not type(expected)):
            self.lose(key, f"only {expected!r} can be said on the other side")

    def lose(self, key: str, reason: str) -> None:
        self._taken.add(key)
        self.ledger.lose(self.at(key), reason)

    def close(self, reason: str = "it has no counterpart") -> None:
        """Count what nobody took as lost."""
        for key in self.document:
            if key not in self._taken:
                self.ledger.lose(self.at(key), reason)


def put(result: dict[str, Any], key: str, value: Any) -> None:
    """Set a key unless the value is absent."""
    if value is not ABSENT:
        result[key] = value
