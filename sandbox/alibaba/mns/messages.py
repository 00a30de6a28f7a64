"""The calls on the messages of a queue: send, receive, peek, delete, change visibility, one or a batch."""

from __future__ import annotations

from collections.abc import Sequence

from sandbox.alibaba import markup
from sandbox.alibaba.markup import leaf, leaves, tag
from sandbox.alibaba.mns import reading
from sandbox.alibaba.mns.errors import MessageNotExist, wrong_argument
from sandbox.alibaba.mns.queues import BATCH_LIMIT, WAIT_LIMIT_S, Message, Property, Queues, require_range
from sandbox.alibaba.mns.topics import XMLNS
from sandbox.alibaba.wire import Incoming, Refused, Reply

_TYPE = {"content-type": "text/xml;charset=utf-8"}


class QueueMessages:
    """Each method carries out one request on one queue."""

    def __init__(self, queues: Queues) -> None:
        self._queues = queues

    def send(self, request: Incoming, queue: str) -> Reply:
        """SendMessage and BatchSendMessage; a batch is taken as a whole or not at all."""
        try:
            one = markup.parse(request.body, "Message")
        except markup.NotXml:
            batch = reading.xml_body(request, "Messages")
            drafts = [reading.draft(node) for node in batch.findall("Message")]
            rows = [_sent(message) for message in self._queues.send_batch(queue, drafts)]
            return _reply(201, "Messages", *(tag("Message", row) for row in rows))
        message = self._queues.send_batch(queue, [reading.draft(one)])[0]
        return _reply(201, "Message", _sent(message))

    def receive(self, request: Incoming, queue: str) -> Reply:
        """ReceiveMessage and BatchReceiveMessage; an empty queue is the error MessageNotExist."""
        query = request.query
        wait = query.get("waitseconds")
        seconds = reading.number(wait, "waitseconds", 0)
        require_range(seconds, 0, WAIT_LIMIT_S, "waitseconds")
        found = self._queues.receive(queue, count=_count(query), wait_s=seconds if wait else None)
        return _given(found, "numOfMessages" in query, peeked=False)

    def peek(self, request: Incoming, queue: str) -> Reply:
        """PeekMessage and BatchPeekMessage: as a receive that leaves all as it is."""
        found = self._queues.peek(queue, count=_count(request.query))
        return _given(found, "numOfMessages" in request.query, peeked=True)

    def delete(self, request: Incoming, queue: str) -> Reply:
        """DeleteMessage."""
        self._queues.delete(queue, _receipt(request))
        return Reply(status=204)

    def delete_batch(self, request: Incoming, queue: str) -> Reply:
        """BatchDeleteMessage: 204, or 404 with those that could not be deleted."""
        asked = reading.xml_body(request, "ReceiptHandles")
        receipts = [node.text or "" for node in asked.findall("ReceiptHandle")]
        if not 1 <= len(receipts) <= BATCH_LIMIT:
            raise wrong_argument(f"A batch must have 1 to {BATCH_LIMIT} receipt handles.")
        failed = self._queues.delete_batch(queue, receipts)
        if not failed:
            return Reply(status=204)
        rows = (
            tag(
                "Error",
                leaves(ErrorCode=refusal.code, ErrorMessage=refusal.message, ReceiptHandle=receipt),
            )
            for receipt, refusal in failed
        )
        return _reply(404, "Errors", *rows)

    def change(self, request: Incoming, queue: str) -> Reply:
        """ChangeMessageVisibility."""
        query = {name.lower(): value for name, value in request.query.items()}
        if not query.get("visibilitytimeout"):
            raise Refused(400, "MissingVisibilityTimeout", "VisibilityTimeout is required.")
        seconds = reading.number(query["visibilitytimeout"], "VisibilityTimeout", 0)
        message = self._queues.change_visibility(queue, _receipt(request), seconds)
        inner = leaves(ReceiptHandle=message.receipt, NextVisibleTime=message.visible_ms)
        return _reply(200, "ChangeVisibility", inner)


def _reply(status: int, root: str, *inner: str) -> Reply:
    return Reply(status=status, headers=_TYPE, body=markup.document(tag(root, *inner, xmlns=XMLNS)))


def _count(query: dict[str, str]) -> int:
    return reading.number(query.get("numOfMessages"), "numOfMessages", 1)


def _receipt(request: Incoming) -> str:
    """Give the receipt out of the query; the SDKs write its name in two ways."""
    for name, value in request.query.items():
        if name.lower() == "receipthandle" and value:
            return value
    raise Refused(400, "MissingReceiptHandle", "ReceiptHandle is required.")


def _sent(message: Message) -> str:
    return leaves(MessageId=message.id, MessageBodyMD5=message.md5, ReceiptHandle=message.receipt or None)


def _properties(properties: Sequence[Property], *, system: bool) -> str:
    outer, inner = (
        ("SystemProperties", "SystemPropertyValue") if system else ("UserProperties", "PropertyValue")
    )
    rows = [
        tag(inner, leaves(Name=each.name, Value=each.value, Type=each.type))
        for each in properties
        if each.system is system
    ]
    return tag(outer, *rows) if rows else ""


def _message(message: Message, *, peeked: bool) -> str:
    hidden = leaves(ReceiptHandle=message.receipt, NextVisibleTime=message.visible_ms)
    return (
        leaves(MessageId=message.id, MessageBodyMD5=message.md5)
        + leaf("MessageBody", message.body.decode("utf-8", "replace"))
        + ("" if peeked else hidden)
        + leaves(
            EnqueueTime=message.enqueued_ms,
            FirstDequeueTime=message.first_dequeue_ms,
            DequeueCount=message.dequeue_count,
            Priority=message.priority,
        )
        + _properties(message.properties, system=False)
        + _properties(message.properties, system=True)
    )


def _given(found: Sequence[Message], batch: bool, *, peeked: bool) -> Reply:
    if not found:
        raise MessageNotExist
    if batch:
        rows = (tag("Message", _message(each, peeked=peeked)) for each in found)
        return _reply(200, "Messages", *rows)
    return _reply(200, "Message", _message(found[0], peeked=peeked))
