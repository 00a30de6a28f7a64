"""SQS's messages: kept one by one, and moved under one lock for each queue.

moto's own ways lose a message when one is sent while another is deleted, keep each receipt handle for ever,
and run functions inside SendMessage. These replace them.
"""

import re
import time
from collections.abc import Callable
from copy import deepcopy
from typing import Any

from moto.core.utils import unix_time_millis
from moto.sqs.exceptions import InvalidParameterValue, ReceiptHandleIsInvalid
from moto.sqs.models import (
    DEDUPLICATION_TIME_IN_SECONDS,
    Queue,
    SQSBackend,
    _filter_message_attributes,
    sqs_backends,
)

from sandbox.aws.durable.pickles import dumps, loads
from sandbox.aws.durable.store import Store

# The operations whose changes are written by this module.
OPERATIONS = frozenset(
    {
        *("SendMessage", "SendMessageBatch", "ReceiveMessage", "DeleteMessage", "DeleteMessageBatch"),
        *("ChangeMessageVisibility", "ChangeMessageVisibilityBatch", "PurgeQueue"),
    }
)
_HANDLE = re.compile(r"[a-z]{185}")
_LONGEST_MS = 43_200_000
_SEEN = ("receipt_handle", "approximate_receive_count", "approximate_first_receive_timestamp", "visible_at")
_PUT = "INSERT INTO messages (queue, id, value) VALUES (?, ?, ?) ON CONFLICT (queue, id) DO NOTHING"
_LOOK = "UPDATE messages SET seen = ? WHERE queue = ? AND id = ?"
_DROP = "DELETE FROM messages WHERE queue = ? AND id = ?"


def identity(queue: Any) -> str:
    """Name a queue so that one made anew under the same name is another."""
    return f"{queue.account_id}/{queue.region}/{queue.name}/{queue.created_timestamp!r}"


def restore(store: Store) -> None:
    """Put the messages back into their queues, in the order in which they came."""
    found = {
        identity(queue): queue
        for regions in sqs_backends.values()
        for backend in regions.values()
        for queue in backend.queues.values()
    }
    gone = set()
    for place, value, seen in store.rows("SELECT queue, value, seen FROM messages ORDER BY number"):
        if place not in found:
            gone.add(place)
            continue
        message = loads(value)
        vars(message).update(loads(seen) if seen else {})
        found[place]._messages.append(message)
    for place in gone:
        store.write("DELETE FROM messages WHERE queue = ?", place)


def install(store: Store) -> None:
    """Replace moto's ways with messages in this process."""
    moto_delete_queue = SQSBackend.delete_queue

    def add_message(self: Any, message: Any) -> None:
        with self._messages_lock:
            if _is_repeated(self, message):
                return
            store.write(_PUT, identity(self), message.id, dumps(message))
            self._messages.append(message)
            self._messages_lock.notify_all()

    def receive_message(
        self: Any,
        queue_name: str,
        count: int,
        wait_s: float,
        visibility_s: float,
        names: Any = None,
        wanted: Callable[[], bool] | None = None,
    ) -> list[Any]:
        # wanted: asked just before messages are taken; a receiver that was stopped meanwhile takes none.
        queue = self.get_queue(queue_name)
        end = time.monotonic() + wait_s
        while True:
            with queue._messages_lock:
                if wanted is not None and not wanted():
                    return []
                taken, spent = _take(queue, count, visibility_s)
                if taken:
                    place = identity(queue)
                    store.write_all((_LOOK, (dumps(_seen(m)), place, m.id)) for m in taken)
                    taken = deepcopy(taken)
                elif not spent and (left := end - time.monotonic()) > 0:
                    queue._messages_lock.wait(min(left, _until_next(queue)))
                    continue
            _give_up(store, queue, spent)
            if taken or end <= time.monotonic():
                for message in taken:
                    _filter_message_attributes(message, names or [])
                return taken

    def delete_message(self: Any, receipt_handle: str) -> None:
        with self._messages_lock:
            for place, message in enumerate(self._messages):
                if message.had_receipt_handle(receipt_handle):
                    store.write(_DROP, identity(self), message.id)
                    del self._messages[place]
                    self._messages_lock.notify_all()
                    return
        # One that was deleted before is deleted again in silence; other texts are no handles.
        if not _HANDLE.fullmatch(receipt_handle):
            raise ReceiptHandleIsInvalid()

    def change_message_visibility(
        self: Any, queue_name: str, receipt_handle: str, visibility_timeout: int
    ) -> None:
        queue = self.get_queue(queue_name)
        with queue._messages_lock:
            for message in queue._messages:
                if not message.had_receipt_handle(receipt_handle):
                    continue
                if unix_time_millis() + int(visibility_timeout) * 1000 - message.sent_timestamp > _LONGEST_MS:
                    raise InvalidParameterValue(
                        f"Value {visibility_timeout} for parameter VisibilityTimeout is invalid. Reason: "
                        "Total VisibilityTimeout for the message is beyond the limit [43200 seconds]"
                    )
                message.change_visibility(visibility_timeout)
                store.write(_LOOK, dumps(_seen(message)), identity(queue), message.id)
                queue._messages_lock.notify_all()
                return
        raise ReceiptHandleIsInvalid()

    def purge_queue(self: Any, queue_name: str) -> None:
        queue = self.get_queue(queue_name)
        with queue._messages_lock:
            store.write("DELETE FROM messages WHERE queue = ?", identity(queue))
            queue._messages = []

    def delete_queue(self: Any, queue_name: str) -> None:
        queue = self.get_queue(queue_name)
        moto_delete_queue(self, queue_name)
        with queue._messages_lock:
            store.write("DELETE FROM messages WHERE queue = ?", identity(queue))

    Queue.add_message = add_message
    Queue.delete_message = delete_message
    SQSBackend.receive_message = receive_message
    SQSBackend.change_message_visibility = change_message_visibility
    SQSBackend.purge_queue = purge_queue
    SQSBackend.delete_queue = delete_queue


def _is_repeated(queue: Any, message: Any) -> bool:
    if not queue.fifo_queue or not message.deduplication_id:
        return False
    since = message.sent_timestamp - DEDUPLICATION_TIME_IN_SECONDS * 1000
    return any(
        m.deduplication_id == message.deduplication_id and m.sent_timestamp > since for m in queue._messages
    )


def _seen(message: Any) -> dict[str, Any]:
    return {
        **{name: getattr(message, name) for name in _SEEN},
        "_old_receipt_handles": list(message._old_receipt_handles),
    }


def _take(queue: Any, count: int, visibility_s: float) -> tuple[list[Any], list[Any]]:
    """Give what a receiver gets, and what was received too often. Called under the queue's lock."""
    taken: list[Any] = []
    spent: list[Any] = []
    most = queue.redrive_policy["maxReceiveCount"] if queue.dead_letter_queue is not None else None
    busy = {m.group_id for m in queue._messages if not m.visible} if queue.fifo_queue else set()
    oldest = unix_time_millis() - int(queue.message_retention_period) * 1000
    for message in queue._messages:
        if len(taken) == count:
            break
        if not message.visible or message.delayed or message.sent_timestamp <= oldest:
            continue
        if queue.fifo_queue and message.group_id in busy:
            continue
        if most is not None and message.approximate_receive_count >= most:
            spent.append(message)
            continue
        message.mark_received(visibility_timeout=visibility_s)
        taken.append(message)
    for message in spent:
        queue._messages.remove(message)
    return taken, spent


def _until_next(queue: Any) -> float:
    """Give the seconds until a message becomes visible, one at most and a little at least."""
    now = unix_time_millis()
    waits: list[float] = [max(m.visible_at, m.delayed_until) - now for m in queue._messages]
    return max(0.005, min([1000.0, *waits]) / 1000 + 0.002)


def _give_up(store: Store, queue: Any, spent: list[Any]) -> None:
    """Move messages to the dead-letter queue. Their ids and their times stay, as on AWS."""
    for message in spent:
        other = queue.dead_letter_queue
        with other._messages_lock:
            message.visible_at = 0.0
            store.write_all(
                [
                    (_PUT, (identity(other), message.id, dumps(message))),
                    (_DROP, (identity(queue), message.id)),
                ]
            )
            other._messages.append(message)
            other._messages_lock.notify_all()
