"""MNS as a function of requests, API version 2015-06-06: XML in, XML out.

Source: Alibaba Cloud, MNS, API reference; aliyun-mns-sdk 1.3.0, mns_client.py and mns_xml_handler.py;
@alicloud/mns 1.2.0; read 2026-11-22.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from xml.etree import ElementTree

from sandbox.alibaba import markup
from sandbox.alibaba.access import KeyRing, Scope
from sandbox.alibaba.markup import leaf, leaves, tag
from sandbox.alibaba.mns import messages, reading
from sandbox.alibaba.mns.errors import wrong_argument
from sandbox.alibaba.mns.queues import Queue, Queues
from sandbox.alibaba.mns.reading import xml_body
from sandbox.alibaba.mns.signing import check_mns
from sandbox.alibaba.mns.topics import (
    RETENTION_S,
    XMLNS,
    Format,
    Strategy,
    Subscription,
    Topic,
    TopicAttributes,
    Topics,
)
from sandbox.alibaba.wire import Incoming, Refused, Reply

CONTENT_TYPE = "text/xml;charset=utf-8"
BODY_LIMIT_BYTES = 2 * 1024 * 1024
_PLACES = (
    ("QueueMessages", re.compile(r"/queues/(?P<queue>[^/]+)/messages")),
    ("Queue", re.compile(r"/queues/(?P<queue>[^/]+)")),
    ("Queues", re.compile(r"/queues/?")),
    ("TopicMessages", re.compile(r"/topics/(?P<topic>[^/]+)/messages")),
    ("Subscription", re.compile(r"/topics/(?P<topic>[^/]+)/subscriptions/(?P<subscription>[^/]+)")),
    ("Subscriptions", re.compile(r"/topics/(?P<topic>[^/]+)/subscriptions/?")),
    ("Topic", re.compile(r"/topics/(?P<topic>[^/]+)")),
    ("Topics", re.compile(r"/topics/?")),
)
_OPERATIONS = {
    ("PUT", "Queue"): "CreateQueue",
    ("GET", "Queue"): "GetQueueAttributes",
    ("DELETE", "Queue"): "DeleteQueue",
    ("GET", "Queues"): "ListQueue",
    ("POST", "QueueMessages"): "SendMessage",
    ("GET", "QueueMessages"): "ReceiveMessage",
    ("DELETE", "QueueMessages"): "DeleteMessage",
    ("PUT", "QueueMessages"): "ChangeMessageVisibility",
    ("PUT", "Topic"): "CreateTopic",
    ("GET", "Topic"): "GetTopicAttributes",
    ("DELETE", "Topic"): "DeleteTopic",
    ("GET", "Topics"): "ListTopic",
    ("POST", "TopicMessages"): "PublishMessage",
    ("PUT", "Subscription"): "Subscribe",
    ("GET", "Subscription"): "GetSubscriptionAttributes",
    ("DELETE", "Subscription"): "Unsubscribe",
    ("GET", "Subscriptions"): "ListSubscriptionByTopic",
}
_OVERRIDES = {
    "CreateQueue": "SetQueueAttributes",
    "CreateTopic": "SetTopicAttributes",
    "Subscribe": "SetSubscriptionAttributes",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """One request, understood: the operation and the names in its path."""

    operation: str
    request: Incoming
    queue: str = ""
    topic: str = ""
    subscription: str = ""


def call_of(request: Incoming) -> Call:
    """Find the operation; ``Unknown`` when there is none."""
    for kind, pattern in _PLACES:
        found = pattern.fullmatch(request.path)
        if found is None:
            continue
        operation = _OPERATIONS.get((request.method, kind), "Unknown")
        if request.query.get("metaoverride", "").lower() == "true":
            operation = _OVERRIDES.get(operation, operation)
        if operation == "ReceiveMessage" and request.query.get("peekonly", "").lower() == "true":
            operation = "PeekMessage"
        if operation == "DeleteMessage" and request.body:
            operation = "BatchDeleteMessage"
        return Call(operation=operation, request=request, **found.groupdict())
    return Call(operation="Unknown", request=request)


def xml_reply(root: str, *, status: int = 200) -> Reply:
    """Give a reply with this root element, which has the namespace of MNS already."""
    return Reply(status=status, headers={"content-type": CONTENT_TYPE}, body=markup.document(root))


def error_reply(refusal: Refused, request: Incoming, request_id: str) -> Reply:
    """Give MNS's error body."""
    inner = leaves(
        Code=refusal.code,
        Message=refusal.message,
        RequestId=request_id,
        HostId=f"http://{request.host}",
    )
    reply = xml_reply(tag("Error", inner, xmlns=XMLNS), status=refusal.status)
    return Reply(
        status=reply.status, headers={**reply.headers, "x-mns-request-id": request_id}, body=reply.body
    )


class MessageService:
    """The calls of MNS."""

    def __init__(self, *, queues: Queues, topics: Topics, keys: KeyRing, account_id: str) -> None:
        self._queues = queues
        self._topics = topics
        self._keys = keys
        self._owner = account_id
        self._messages = messages.QueueMessages(queues)
        self._calls: dict[str, Callable[[Call], Reply]] = {
            "CreateQueue": self._create_queue,
            "SetQueueAttributes": self._set_queue,
            "GetQueueAttributes": self._get_queue,
            "DeleteQueue": self._delete_queue,
            "ListQueue": self._list_queues,
            "SendMessage": lambda call: self._messages.send(call.request, call.queue),
            "ReceiveMessage": lambda call: self._messages.receive(call.request, call.queue),
            "PeekMessage": lambda call: self._messages.peek(call.request, call.queue),
            "DeleteMessage": lambda call: self._messages.delete(call.request, call.queue),
            "BatchDeleteMessage": lambda call: self._messages.delete_batch(call.request, call.queue),
            "ChangeMessageVisibility": lambda call: self._messages.change(call.request, call.queue),
            "CreateTopic": self._create_topic,
            "SetTopicAttributes": self._set_topic,
            "GetTopicAttributes": self._get_topic,
            "DeleteTopic": self._delete_topic,
            "ListTopic": self._list_topics,
            "PublishMessage": self._publish,
            "Subscribe": self._subscribe,
            "SetSubscriptionAttributes": self._set_subscription,
            "GetSubscriptionAttributes": self._get_subscription,
            "Unsubscribe": self._unsubscribe,
            "ListSubscriptionByTopic": self._list_subscriptions,
        }

    @staticmethod
    def operation_of(request: Incoming) -> str:
        """Give a name for the operation, for faults: SendMessage, PublishMessage, Subscribe and so on."""
        return call_of(request).operation

    @staticmethod
    def waits(request: Incoming) -> bool:
        """Tell whether the call may take seconds because it waits for a message."""
        return call_of(request).operation == "ReceiveMessage"

    def answer(self, request: Incoming) -> Reply:
        """Check the signature and carry out the call.

        Raises:
            Refused: in MNS's own codes.
        """
        key = check_mns(request, self._keys)
        if key.scope is not Scope.EVERYTHING:
            raise Refused(
                403,
                "AccessDenied",
                "The OwnerId that your Access Key Id associated to is forbidden for this operation.",
            )
        if len(request.body) > BODY_LIMIT_BYTES:
            raise wrong_argument("The request body is too large.")
        call = call_of(request)
        carry_out = self._calls.get(call.operation)
        if carry_out is None:
            raise Refused(
                400, "InvalidRequestURL", "Http request URL format invalid, or not in the sandbox's MNS."
            )
        try:
            return carry_out(call)
        except sqlite3.OperationalError as exc:
            raise Refused(500, "InternalError", f"The sandbox's disk did not take it: {exc}.") from exc

    # -- queues

    @staticmethod
    def _made(call: Call, created: bool, place: str) -> Reply:
        location = {"Location": f"http://{call.request.host}/{place}"}
        return Reply(status=201 if created else 204, headers=location)

    def _create_queue(self, call: Call) -> Reply:
        created = self._queues.create(call.queue, reading.queue_attributes(call.request))
        return self._made(call, created, f"queues/{call.queue}")

    def _set_queue(self, call: Call) -> Reply:
        before = self._queues.attributes(call.queue)
        self._queues.change(call.queue, reading.queue_attributes(call.request, before))
        return Reply(status=204)

    def _get_queue(self, call: Call) -> Reply:
        return xml_reply(tag("Queue", _queue(self._queues.find(call.queue)), xmlns=XMLNS))

    def _delete_queue(self, call: Call) -> Reply:
        self._queues.remove(call.queue)
        return Reply(status=204)

    def _list_queues(self, call: Call) -> Reply:
        asked = reading.page(call.request)
        names, marker = self._queues.names(prefix=asked.prefix, after=asked.after, most=asked.most)
        rows = [
            tag(
                "Queue",
                leaf("QueueURL", f"http://{call.request.host}/queues/{name}"),
                _queue(self._queues.find(name)) if asked.with_meta else "",
            )
            for name in names
        ]
        return xml_reply(tag("Queues", *rows, _marker(marker), xmlns=XMLNS))

    # -- topics

    def _create_topic(self, call: Call) -> Reply:
        created = self._topics.create(call.topic, reading.topic_attributes(call.request, TopicAttributes()))
        return self._made(call, created, f"topics/{call.topic}")

    def _set_topic(self, call: Call) -> Reply:
        before = self._topics.find(call.topic).attributes
        self._topics.change(call.topic, reading.topic_attributes(call.request, before))
        return Reply(status=204)

    def _get_topic(self, call: Call) -> Reply:
        return xml_reply(tag("Topic", _topic(self._topics.find(call.topic)), xmlns=XMLNS))

    def _delete_topic(self, call: Call) -> Reply:
        self._topics.remove(call.topic)
        return Reply(status=204)

    def _list_topics(self, call: Call) -> Reply:
        asked = reading.page(call.request)
        names, marker = self._topics.names(prefix=asked.prefix, after=asked.after, most=asked.most)
        rows = [
            tag(
                "Topic",
                leaf("TopicURL", f"http://{call.request.host}/topics/{name}"),
                _topic(self._topics.find(name)) if asked.with_meta else "",
            )
            for name in names
        ]
        return xml_reply(tag("Topics", *rows, _marker(marker), xmlns=XMLNS))

    def _publish(self, call: Call) -> Reply:
        asked = xml_body(call.request, "Message")
        if asked.find("MessageAttributes") is not None and len(asked.find("MessageAttributes") or ()):
            raise wrong_argument("The sandbox sends no mail and no SMS: leave out MessageAttributes.")
        published = self._topics.publish(
            call.topic,
            reading.body_of(asked),
            tag=asked.findtext("MessageTag") or "",
            properties=reading.properties(asked),
        )
        inner = leaves(MessageId=published.id, MessageBodyMD5=published.md5)
        return xml_reply(tag("Message", inner, xmlns=XMLNS), status=201)

    # -- subscriptions

    def _subscribe(self, call: Call) -> Reply:
        asked = xml_body(call.request, "Subscription")
        created = self._topics.subscribe(
            call.topic,
            call.subscription,
            endpoint=asked.findtext("Endpoint") or "",
            filter_tag=asked.findtext("FilterTag") or "",
            strategy=_strategy(asked, Strategy.BACKOFF_RETRY),
            how=_format(asked),
        )
        return self._made(call, created, f"topics/{call.topic}/subscriptions/{call.subscription}")

    def _set_subscription(self, call: Call) -> Reply:
        asked = xml_body(call.request, "Subscription")
        before = self._topics.subscription(call.topic, call.subscription)
        self._topics.set_strategy(call.topic, call.subscription, _strategy(asked, before.strategy))
        return Reply(status=204)

    def _get_subscription(self, call: Call) -> Reply:
        found = self._topics.subscription(call.topic, call.subscription)
        return xml_reply(tag("Subscription", self._subscription(found), xmlns=XMLNS))

    def _unsubscribe(self, call: Call) -> Reply:
        self._topics.unsubscribe(call.topic, call.subscription)
        return Reply(status=204)

    def _list_subscriptions(self, call: Call) -> Reply:
        asked = reading.page(call.request)
        found = [
            each
            for each in self._topics.subscribers(call.topic)
            if each.name > asked.after and each.name.startswith(asked.prefix)
        ]
        base = f"http://{call.request.host}/topics/{call.topic}/subscriptions"
        rows = [
            tag(
                "Subscription",
                leaf("SubscriptionURL", f"{base}/{each.name}"),
                self._subscription(each) if asked.with_meta else "",
            )
            for each in found[: asked.most]
        ]
        marker = found[asked.most - 1].name if len(found) > asked.most else ""
        return xml_reply(tag("Subscriptions", *rows, _marker(marker), xmlns=XMLNS))

    def _subscription(self, found: Subscription) -> str:
        return leaves(
            SubscriptionName=found.name,
            Subscriber=self._owner,
            TopicOwner=self._owner,
            TopicName=found.topic,
            Endpoint=found.endpoint,
            NotifyStrategy=found.strategy,
            NotifyContentFormat=found.format,
            FilterTag=found.filter_tag or None,
            CreateTime=int(found.created),
            LastModifyTime=int(found.modified),
        )


def _marker(marker: str) -> str:
    return leaf("NextMarker", marker) if marker else ""


def _queue(queue: Queue) -> str:
    return leaves(
        QueueName=queue.name,
        CreateTime=int(queue.created),
        LastModifyTime=int(queue.modified),
        DelaySeconds=queue.attributes.delay_s,
        MaximumMessageSize=queue.attributes.maximum_message_bytes,
        MessageRetentionPeriod=queue.attributes.retention_s,
        VisibilityTimeout=queue.attributes.visibility_s,
        PollingWaitSeconds=queue.attributes.polling_wait_s,
        ActiveMessages=queue.active,
        InactiveMessages=queue.inactive,
        DelayMessages=queue.delayed,
        LoggingEnabled=queue.attributes.logging,
    )


def _topic(topic: Topic) -> str:
    return leaves(
        TopicName=topic.name,
        CreateTime=int(topic.created),
        LastModifyTime=int(topic.modified),
        MaximumMessageSize=topic.attributes.maximum_message_bytes,
        MessageRetentionPeriod=RETENTION_S,
        MessageCount=0,
        LoggingEnabled=topic.attributes.logging,
    )


def _strategy(asked: ElementTree.Element, default: Strategy) -> Strategy:
    text = asked.findtext("NotifyStrategy")
    try:
        return Strategy(text) if text else default
    except ValueError as exc:
        raise wrong_argument("NotifyStrategy must be BACKOFF_RETRY or EXPONENTIAL_DECAY_RETRY.") from exc


def _format(asked: ElementTree.Element) -> Format:
    text = asked.findtext("NotifyContentFormat")
    try:
        return Format(text) if text else Format.XML
    except ValueError as exc:
        raise wrong_argument("NotifyContentFormat must be XML, JSON, SIMPLIFIED or STREAM.") from exc
