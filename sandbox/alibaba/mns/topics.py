"""Topics and subscriptions, and what a published message becomes for each subscriber.

A queue subscriber has the message in the same transaction that accepts it. Everything else is a happening:
kind ``mns-topic`` once for each other subscription, kind ``mns-published`` once for those that listen to the
topic itself (the triggers of Function Compute). Both are on disk before ``publish`` returns.
Source: Alibaba Cloud, MNS, "Topic operations", "Subscription operations", API 2015-06-06, read 2026-11-22.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from sandbox.alibaba import clock
from sandbox.alibaba.markup import document, leaves, tag
from sandbox.alibaba.mns.errors import (
    QueueNotExist,
    SubscriptionNotExist,
    TopicNotExist,
    wrong_argument,
)
from sandbox.alibaba.mns.journal import Journal
from sandbox.alibaba.mns.queues import (
    NAME_LIMIT,
    Property,
    Queues,
    draw_message_id,
    listed,
    require_range,
)
from sandbox.alibaba.wire import Refused

XMLNS = "http://mns.aliyuncs.com/doc/v1/"
TAG_LIMIT = 16
RETENTION_S = 86_400
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*")
_QUEUE = re.compile(r"acs:mns:[a-z0-9-]+:\d+:queues/(?P<name>[A-Za-z0-9-]+)")
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class Strategy(StrEnum):
    """How often a push is tried again."""

    BACKOFF_RETRY = "BACKOFF_RETRY"
    EXPONENTIAL_DECAY_RETRY = "EXPONENTIAL_DECAY_RETRY"


class Format(StrEnum):
    """How a message is written for a subscriber."""

    XML = "XML"
    JSON = "JSON"
    SIMPLIFIED = "SIMPLIFIED"
    STREAM = "STREAM"


@dataclass(frozen=True, kw_only=True, slots=True)
class TopicAttributes:
    """The attributes that a caller may set."""

    maximum_message_bytes: int = 65_536
    logging: bool = False

    def __post_init__(self) -> None:
        require_range(self.maximum_message_bytes, 1024, 65_536, "MaximumMessageSize")


@dataclass(frozen=True, kw_only=True, slots=True)
class Topic:
    """One topic; times in unix seconds."""

    name: str
    attributes: TopicAttributes
    created: float
    modified: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Subscription:
    """One subscription; an empty ``filter_tag`` lets every message pass. Times in unix seconds."""

    topic: str
    name: str
    endpoint: str
    filter_tag: str
    strategy: Strategy
    format: Format
    created: float
    modified: float

    @property
    def queue(self) -> str | None:
        """Give the name of the queue that it ends in, or None."""
        found = _QUEUE.fullmatch(self.endpoint)
        return found["name"] if found else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Published:
    """An accepted message. ``md5`` is upper-case hex."""

    id: str
    body: bytes
    md5: str
    tag: str
    published_ms: int


def require_endpoint(endpoint: str) -> None:
    """Raise Refused: 400 InvalidArgument for an endpoint that the sandbox cannot serve."""
    if _QUEUE.fullmatch(endpoint):
        return
    if endpoint.startswith("acs:fc:"):
        raise wrong_argument(
            "A function hears of a topic through a trigger of the type mns_topic: create one in FC."
        )
    if not endpoint.startswith("http://"):
        raise wrong_argument("The sandbox pushes to queues (acs:mns:...:queues/NAME) and to http:// only.")
    if urlsplit(endpoint).hostname not in _LOOPBACK:
        raise wrong_argument("The sandbox pushes to HTTP endpoints on 127.0.0.1 only.")


def written(message: Mapping[str, Any], *, owner: str, topic: str, subscription: str, how: Format) -> bytes:
    """Write a published message (a happening's document) as a subscriber is to have it."""
    if how not in (Format.XML, Format.JSON):
        return str(message["body"]).encode()
    fields = {
        "TopicOwner": owner,
        "TopicName": topic,
        "Subscriber": owner,
        "SubscriptionName": subscription,
        "MessageId": message["messageId"],
        "Message": message["body"],
        "MessageMD5": message["md5"],
        "MessageTag": message["tag"] or None,
        "PublishTime": message["publishTimeMs"],
    }
    if how is Format.JSON:
        kept = {name: value for name, value in fields.items() if value is not None}
        return json.dumps(kept, ensure_ascii=False).encode()
    return document(tag("Notification", leaves(**fields), xmlns=XMLNS))


class Topics:
    """All topics of the account and their subscriptions."""

    def __init__(
        self,
        journal: Journal,
        queues: Queues,
        *,
        account_id: str,
        emit: Callable[[str, Mapping[str, Any]], None],
    ) -> None:
        self._journal = journal
        self._queues = queues
        self._owner = account_id
        self._emit = emit

    # -- topics

    def create(self, name: str, attributes: TopicAttributes) -> bool:
        """Create a topic; False when it was there with the same attributes.

        Raises:
            Refused: 400 for the name, 409 TopicAlreadyExist when the attributes differ.
        """
        if not 1 <= len(name) <= NAME_LIMIT:
            raise Refused(400, "TopicNameLengthError", "Topic name length should between 1 and 120.")
        if not _NAME.fullmatch(name):
            raise Refused(400, "InvalidTopicName", "The topic name you provided is invalid.")
        with self._journal.transaction() as database:
            row = database.execute("SELECT attributes FROM topics WHERE name = ?", (name,)).fetchone()
            if row is not None:
                if TopicAttributes(**json.loads(row["attributes"])) == attributes:
                    return False
                raise Refused(409, "TopicAlreadyExist", "The topic you want to create already exists.")
            at = clock.now()
            database.execute(
                "INSERT INTO topics VALUES (?, ?, ?, ?)", (name, json.dumps(asdict(attributes)), at, at)
            )
        return True

    def change(self, name: str, attributes: TopicAttributes) -> None:
        """Set the attributes. Raises TopicNotExist."""
        with self._journal.transaction() as database:
            changed = database.execute(
                "UPDATE topics SET attributes = ?, modified = ? WHERE name = ?",
                (json.dumps(asdict(attributes)), clock.now(), name),
            )
            if not changed.rowcount:
                raise TopicNotExist

    def remove(self, name: str) -> None:
        """Delete a topic with its subscriptions; one that is not there is no error."""
        with self._journal.transaction() as database:
            database.execute("DELETE FROM topics WHERE name = ?", (name,))
            database.execute("DELETE FROM subscriptions WHERE topic = ?", (name,))

    def find(self, name: str) -> Topic:
        """Give a topic. Raises TopicNotExist."""
        with self._journal.reading() as database:
            row = database.execute("SELECT * FROM topics WHERE name = ?", (name,)).fetchone()
        if row is None:
            raise TopicNotExist
        attributes = TopicAttributes(**json.loads(row["attributes"]))
        return Topic(name=name, attributes=attributes, created=row["created"], modified=row["modified"])

    def names(self, *, prefix: str = "", after: str = "", most: int = 1000) -> tuple[list[str], str]:
        """Give topic names in order, and the last one when more follow (else the empty text)."""
        return listed(self._journal, "topics", prefix=prefix, after=after, most=most)

    # -- subscriptions

    def subscribe(
        self,
        topic: str,
        name: str,
        *,
        endpoint: str,
        filter_tag: str = "",
        strategy: Strategy = Strategy.BACKOFF_RETRY,
        how: Format = Format.XML,
    ) -> bool:
        """Subscribe; False when the same subscription was there.

        Raises:
            TopicNotExist: there is no such topic.
            Refused: 400 for a name, tag or endpoint, 409 SubscriptionAlreadyExist when it differs.
        """
        if not 1 <= len(name) <= NAME_LIMIT:
            raise Refused(
                400, "SubscriptionNameLengthError", "Subscription name length should between 1 and 120."
            )
        if not _NAME.fullmatch(name):
            raise Refused(400, "InvalidSubscriptionName", "The subscription name you provided is invalid.")
        if len(filter_tag) > TAG_LIMIT:
            raise wrong_argument(f"The length of FilterTag should between 1 and {TAG_LIMIT}.")
        require_endpoint(endpoint)
        with self._journal.transaction() as database:
            self.find(topic)
            row = database.execute(
                "SELECT * FROM subscriptions WHERE topic = ? AND name = ?", (topic, name)
            ).fetchone()
            if row is not None:
                found = _subscription(row)
                if (found.endpoint, found.filter_tag, found.strategy, found.format) == (
                    endpoint,
                    filter_tag,
                    strategy,
                    how,
                ):
                    return False
                raise Refused(
                    409, "SubscriptionAlreadyExist", "The subscription you want to create already exists."
                )
            at = clock.now()
            database.execute(
                "INSERT INTO subscriptions VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (topic, name, endpoint, filter_tag, strategy, how, at, at),
            )
        return True

    def set_strategy(self, topic: str, name: str, strategy: Strategy) -> None:
        """Set how pushes are tried again, the one attribute that may change. Raises SubscriptionNotExist."""
        with self._journal.transaction() as database:
            self.find(topic)
            changed = database.execute(
                "UPDATE subscriptions SET strategy = ?, modified = ? WHERE topic = ? AND name = ?",
                (strategy, clock.now(), topic, name),
            )
            if not changed.rowcount:
                raise SubscriptionNotExist

    def unsubscribe(self, topic: str, name: str) -> None:
        """Delete a subscription; one that is not there is no error. Raises TopicNotExist."""
        with self._journal.transaction() as database:
            self.find(topic)
            database.execute("DELETE FROM subscriptions WHERE topic = ? AND name = ?", (topic, name))

    def subscription(self, topic: str, name: str) -> Subscription:
        """Give a subscription. Raises TopicNotExist, SubscriptionNotExist."""
        for found in self.subscribers(topic):
            if found.name == name:
                return found
        raise SubscriptionNotExist

    def subscribers(self, topic: str) -> list[Subscription]:
        """Give the subscriptions of a topic in the order of their names. Raises TopicNotExist."""
        with self._journal.reading() as database:
            self.find(topic)
            rows = database.execute(
                "SELECT * FROM subscriptions WHERE topic = ? ORDER BY name", (topic,)
            ).fetchall()
        return [_subscription(row) for row in rows]

    # -- messages

    def publish(
        self, topic: str, body: bytes, *, tag: str = "", properties: tuple[Property, ...] = ()
    ) -> Published:
        """Accept a message and hand it to every subscriber whose tag fits.

        Raises:
            TopicNotExist: there is no such topic.
            Refused: 400 InvalidArgument for a body or tag out of range.
        """
        limit = self.find(topic).attributes.maximum_message_bytes
        if not 1 <= len(body) <= limit:
            raise wrong_argument(f"The length of message should between 1 and {limit} bytes.")
        if len(tag) > TAG_LIMIT:
            raise wrong_argument(f"The length of MessageTag should between 1 and {TAG_LIMIT}.")
        at_ms = int(clock.now() * 1000)
        published = Published(
            id=draw_message_id(secrets.randbits(32), at_ms),
            body=body,
            md5=hashlib.md5(body, usedforsecurity=False).hexdigest().upper(),
            tag=tag,
            published_ms=at_ms,
        )
        message = {
            "topic": topic,
            "messageId": published.id,
            "body": body.decode("utf-8", "replace"),
            "md5": published.md5,
            "publishTimeMs": at_ms,
            "tag": tag,
            "attributes": {each.name: each.value for each in properties if not each.system},
        }
        with self._journal.transaction():
            subscribers = [each for each in self.subscribers(topic) if each.filter_tag in ("", tag)]
            pushed = [each for each in subscribers if not self._enqueue(each, message, properties)]
        for each in pushed:
            self._emit(
                "mns-topic",
                {**message, "subscription": each.name, "endpoint": each.endpoint, "format": each.format},
            )
        self._emit("mns-published", message)
        return published

    def _enqueue(
        self, subscription: Subscription, message: Mapping[str, Any], properties: tuple[Property, ...]
    ) -> bool:
        """Put the message into the queue; False when it ends elsewhere or the queue is gone."""
        if subscription.queue is None:
            return False
        content = written(
            message,
            owner=self._owner,
            topic=subscription.topic,
            subscription=subscription.name,
            how=subscription.format,
        )
        try:
            self._queues.put(subscription.queue, content, properties)
        except QueueNotExist:
            return False
        return True


def _subscription(row: Mapping[str, Any]) -> Subscription:
    values = {name: row[name] for name in ("topic", "name", "endpoint", "filter_tag", "created", "modified")}
    return Subscription(**values, strategy=Strategy(row["strategy"]), format=Format(row["format"]))
