"""Queues and their messages: delay, priority, visibility, receipts, long polls, retention.

A message is *delayed* until its first visible time, *active* while it can be received, *inactive* between a
receive and the end of its visibility time. Receiving draws a new receipt; an older one is of no use any more.
All methods are safe to call from several threads, and what they did is on disk when they return.
Source: Alibaba Cloud, MNS, "Queue operations" and "Message operations", API 2015-06-06, read 2026-11-22.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
import sqlite3
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields

from sandbox.alibaba import clock
from sandbox.alibaba.mns.errors import (
    MessageNotExist,
    QueueNotExist,
    ReceiptHandleError,
    wrong_argument,
)
from sandbox.alibaba.mns.journal import Journal
from sandbox.alibaba.wire import Refused

BATCH_LIMIT = 16
WAIT_LIMIT_S = 30
VISIBILITY_LIMIT_S = 43_200
DELAY_LIMIT_S = 604_800
DEFAULT_PRIORITY = 8
PRIORITIES = range(1, 17)
NAME_LIMIT = 120
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*")
_RECEIPT = re.compile(r"\d{1,2}-(?P<body>[A-Za-z0-9_-]+=*)")
_SWEEP_S = 30.0


@dataclass(frozen=True, kw_only=True, slots=True)
class QueueAttributes:
    """The attributes that a caller may set; spans in seconds, sizes in bytes."""

    delay_s: int = 0
    maximum_message_bytes: int = 65_536
    retention_s: int = 345_600
    visibility_s: int = 30
    polling_wait_s: int = 0
    logging: bool = False

    def __post_init__(self) -> None:
        for value, low, high, name in (
            (self.delay_s, 0, DELAY_LIMIT_S, "DelaySeconds"),
            (self.maximum_message_bytes, 1024, 65_536, "MaximumMessageSize"),
            (self.retention_s, 60, 604_800, "MessageRetentionPeriod"),
            (self.visibility_s, 1, VISIBILITY_LIMIT_S, "VisibilityTimeout"),
            (self.polling_wait_s, 0, WAIT_LIMIT_S, "PollingWaitSeconds"),
        ):
            require_range(value, low, high, name)


@dataclass(frozen=True, kw_only=True, slots=True)
class Queue:
    """One queue with its counts: active, inactive (received) and delayed messages. Times in unix seconds."""

    name: str
    attributes: QueueAttributes
    created: float
    modified: float
    active: int
    inactive: int
    delayed: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Property:
    """A property of a message, the user's or (``system``) one that the service defines."""

    name: str
    value: str
    type: str
    system: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """A message to be sent; ``delay_s`` None means the queue's own delay."""

    body: bytes
    delay_s: int | None = None
    priority: int = DEFAULT_PRIORITY
    properties: tuple[Property, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """One message. ``md5`` is upper-case hex; ``receipt`` is empty unless it was received or is delayed.

    Times are unix milliseconds; ``first_dequeue_ms`` is 0 before the first receive.
    """

    id: str
    body: bytes
    md5: str
    receipt: str
    enqueued_ms: int
    visible_ms: int
    first_dequeue_ms: int
    dequeue_count: int
    priority: int
    properties: tuple[Property, ...] = ()


def require_range(value: int, low: int, high: int, name: str) -> None:
    """Raise Refused: 400 InvalidArgument when the value is not in [low, high]."""
    if not low <= value <= high:
        raise wrong_argument(f"The value of {name} must be between {low} and {high}.")


def draw_message_id(serial: int, at_ms: int) -> str:
    """Give an id of the form of the real service: ``5F290C926D472878-2-14D9529A8FA-200000001``."""
    return f"{secrets.token_hex(8).upper()}-1-{at_ms:X}-2{serial & 0xFFFFFFFF:08X}"


def _now_ms() -> int:
    return int(clock.now() * 1000)


def _draw_receipt(message_id: str, priority: int) -> str:
    inner = f"{message_id}/{secrets.token_hex(6)}".encode()
    return f"{priority}-{base64.urlsafe_b64encode(inner).decode()}"


def _message_of(receipt: str) -> str:
    """Give the id that a receipt names. Raises ReceiptHandleError."""
    found = _RECEIPT.fullmatch(receipt)
    try:
        if found is None:
            raise ReceiptHandleError
        inner = base64.urlsafe_b64decode(found["body"]).decode("ascii")
    except ValueError as exc:
        raise ReceiptHandleError from exc
    message_id, slash, _ = inner.partition("/")
    if not slash:
        raise ReceiptHandleError
    return message_id


def _message(row: sqlite3.Row) -> Message:
    values = {field.name: row[field.name] for field in fields(Message)}
    properties = tuple(Property(**each) for each in json.loads(row["properties"]))
    return Message(**{**values, "receipt": row["receipt"] or "", "properties": properties})


class Queues:
    """All queues of the account."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._swept = 0.0
        self._closed = False

    def close(self) -> None:
        """End every long poll."""
        with self._journal.changed:
            self._closed = True
            self._journal.changed.notify_all()

    # -- queues

    def create(self, name: str, attributes: QueueAttributes) -> bool:
        """Create a queue; False when it was there with the same attributes.

        Raises:
            Refused: 400 InvalidQueueName or QueueNameLengthError, 409 QueueAlreadyExist when the attributes
                differ.
        """
        if len(name) > NAME_LIMIT:
            raise Refused(400, "QueueNameLengthError", "Queue name length should between 1 and 120.")
        if not _NAME.fullmatch(name):
            raise Refused(400, "InvalidQueueName", "The queue name you provided is invalid.")
        with self._journal.transaction() as database:
            row = database.execute("SELECT attributes FROM queues WHERE name = ?", (name,)).fetchone()
            if row is not None:
                if QueueAttributes(**json.loads(row["attributes"])) == attributes:
                    return False
                raise Refused(409, "QueueAlreadyExist", "The queue you want to create is already exist.")
            at = clock.now()
            database.execute(
                "INSERT INTO queues VALUES (?, ?, ?, ?)", (name, json.dumps(asdict(attributes)), at, at)
            )
        return True

    def change(self, name: str, attributes: QueueAttributes) -> None:
        """Set the attributes. Raises QueueNotExist."""
        with self._journal.transaction() as database:
            changed = database.execute(
                "UPDATE queues SET attributes = ?, modified = ? WHERE name = ?",
                (json.dumps(asdict(attributes)), clock.now(), name),
            )
            if not changed.rowcount:
                raise QueueNotExist

    def remove(self, name: str) -> None:
        """Delete a queue with its messages; one that is not there is no error."""
        with self._journal.transaction() as database:
            database.execute("DELETE FROM queues WHERE name = ?", (name,))
            database.execute("DELETE FROM messages WHERE queue = ?", (name,))
            self._journal.changed.notify_all()

    def attributes(self, name: str) -> QueueAttributes:
        """Give the attributes. Raises QueueNotExist."""
        with self._journal.reading() as database:
            row = database.execute("SELECT attributes FROM queues WHERE name = ?", (name,)).fetchone()
        if row is None:
            raise QueueNotExist
        return QueueAttributes(**json.loads(row["attributes"]))

    def find(self, name: str) -> Queue:
        """Give a queue with its counts. Raises QueueNotExist."""
        at_ms = _now_ms()
        with self._journal.reading() as database:
            row = database.execute("SELECT * FROM queues WHERE name = ?", (name,)).fetchone()
            if row is None:
                raise QueueNotExist
            counts = database.execute(
                "SELECT COALESCE(SUM(visible_ms <= ?1), 0) AS active,"
                " COALESCE(SUM(visible_ms > ?1 AND dequeue_count > 0), 0) AS inactive,"
                " COALESCE(SUM(visible_ms > ?1 AND dequeue_count = 0), 0) AS delayed"
                " FROM messages WHERE queue = ?2 AND expires_ms > ?1",
                (at_ms, name),
            ).fetchone()
        return Queue(
            name=name,
            attributes=QueueAttributes(**json.loads(row["attributes"])),
            created=row["created"],
            modified=row["modified"],
            active=counts["active"],
            inactive=counts["inactive"],
            delayed=counts["delayed"],
        )

    def names(self, *, prefix: str = "", after: str = "", most: int = 1000) -> tuple[list[str], str]:
        """Give queue names in order, and the last one when more follow (else the empty text)."""
        return listed(self._journal, "queues", prefix=prefix, after=after, most=most)

    # -- messages

    def send(
        self, queue: str, body: bytes, *, delay_s: int | None = None, priority: int = DEFAULT_PRIORITY
    ) -> Message:
        """Put a message into a queue.

        Args:
            body: as it goes over the wire; Base64, where a client uses it, is not undone here.
            delay_s: seconds until it can first be received; None means the queue's own delay.
            priority: 1 (first) to 16.

        Raises:
            QueueNotExist: there is no such queue.
            Refused: 400 InvalidArgument for a body, delay or priority out of range.
        """
        return self.send_batch(queue, [Draft(body=body, delay_s=delay_s, priority=priority)])[0]

    def send_batch(self, queue: str, drafts: Sequence[Draft]) -> list[Message]:
        """Put up to 16 messages into a queue, all or none; raises as ``send``."""
        if not 1 <= len(drafts) <= BATCH_LIMIT:
            raise wrong_argument(f"A batch must have 1 to {BATCH_LIMIT} messages.")
        with self._journal.transaction() as database:
            attributes = self.attributes(queue)
            for draft in drafts:
                _require_sendable(draft, attributes)
            sent = [_insert(database, queue, attributes, draft) for draft in drafts]
            self._journal.changed.notify_all()
        return sent

    def put(self, queue: str, body: bytes, properties: tuple[Property, ...] = ()) -> Message:
        """Put a message into a queue as the service itself does for a topic: its size is not limited anew.

        Raises:
            QueueNotExist: there is no such queue.
        """
        with self._journal.transaction() as database:
            draft = Draft(body=body, properties=properties)
            message = _insert(database, queue, self.attributes(queue), draft)
            self._journal.changed.notify_all()
        return message

    def receive(
        self, queue: str, *, count: int = 1, wait_s: float | None = 0, visibility_s: int | None = None
    ) -> list[Message]:
        """Take up to ``count`` messages and hide them for their visibility time.

        Args:
            wait_s: how long to wait for a first message; None means the queue's own polling time.
            visibility_s: how long to hide them; None means the queue's own visibility time.

        Returns:
            The messages in the order of priority and age; none when the wait was in vain.

        Raises:
            QueueNotExist: there is no such queue, or it went while waiting.
        """
        require_range(count, 1, BATCH_LIMIT, "numOfMessages")
        attributes = self.attributes(queue)
        wait = attributes.polling_wait_s if wait_s is None else wait_s
        end = time.monotonic() + wait
        while True:
            with self._journal.changed:
                taken = self._take(queue, count, visibility_s)
                left = end - time.monotonic()
                if taken or left <= 0 or self._closed:
                    return taken
                self._journal.changed.wait(min(left, self._until_visible_s(queue)))

    def peek(self, queue: str, *, count: int = 1) -> list[Message]:
        """Give up to ``count`` active messages without taking them. Raises QueueNotExist."""
        require_range(count, 1, BATCH_LIMIT, "numOfMessages")
        with self._journal.reading() as database:
            self.attributes(queue)
            return [_message(row) for row in _active(database, queue, count)]

    def delete(self, queue: str, receipt: str) -> None:
        """Delete a received message.

        Raises:
            QueueNotExist: there is no such queue.
            ReceiptHandleError: the text is no receipt.
            MessageNotExist: the message is gone, or its visibility time is over.
        """
        failed = self.delete_batch(queue, [receipt])
        if failed:
            raise failed[0][1]

    def delete_batch(self, queue: str, receipts: Iterable[str]) -> list[tuple[str, Refused]]:
        """Delete received messages; give those that could not be, each with its reason."""
        failed: list[tuple[str, Refused]] = []
        with self._journal.transaction() as database:
            self.attributes(queue)
            for receipt in receipts:
                try:
                    row = _received(database, queue, receipt)
                except Refused as refusal:
                    failed.append((receipt, refusal))
                    continue
                database.execute("DELETE FROM messages WHERE serial = ?", (row["serial"],))
        return failed

    def change_visibility(self, queue: str, receipt: str, visibility_s: int) -> Message:
        """Hide a received message for so many seconds from now; the message has a new receipt.

        Raises:
            As ``delete``; Refused: 400 InvalidArgument when the span is out of range.
        """
        require_range(visibility_s, 0, VISIBILITY_LIMIT_S, "VisibilityTimeout")
        with self._journal.transaction() as database:
            self.attributes(queue)
            row = _received(database, queue, receipt)
            database.execute(
                "UPDATE messages SET visible_ms = ?, receipt = ? WHERE serial = ?",
                (_now_ms() + visibility_s * 1000, _draw_receipt(row["id"], row["priority"]), row["serial"]),
            )
            self._journal.changed.notify_all()
            return _message(_by_serial(database, row["serial"]))

    def _take(self, queue: str, count: int, visibility_s: int | None) -> list[Message]:
        at_ms = _now_ms()
        with self._journal.reading() as database:
            attributes = self.attributes(queue)
            rows = _active(database, queue, count)
        if not rows:
            self._sweep()
            return []
        hidden_ms = at_ms + (attributes.visibility_s if visibility_s is None else visibility_s) * 1000
        with self._journal.transaction() as database:
            for row in rows:
                database.execute(
                    "UPDATE messages SET visible_ms = ?, receipt = ?, dequeue_count = dequeue_count + 1,"
                    " first_dequeue_ms = CASE first_dequeue_ms WHEN 0 THEN ? ELSE first_dequeue_ms END"
                    " WHERE serial = ?",
                    (hidden_ms, _draw_receipt(row["id"], row["priority"]), at_ms, row["serial"]),
                )
            return [_message(_by_serial(database, row["serial"])) for row in rows]

    def _until_visible_s(self, queue: str) -> float:
        """Give the seconds until the next hidden message shows; at most the longest poll."""
        with self._journal.reading() as database:
            row = database.execute(
                "SELECT MIN(visible_ms) AS next FROM messages WHERE queue = ? AND expires_ms > ?",
                (queue, _now_ms()),
            ).fetchone()
        if row["next"] is None:
            return float(WAIT_LIMIT_S)
        return max(0.001, float(row["next"] - _now_ms()) / 1000)

    def _sweep(self) -> None:
        """Remove messages whose retention is over, now and then."""
        if time.monotonic() - self._swept < _SWEEP_S:
            return
        self._swept = time.monotonic()
        with self._journal.transaction() as database:
            database.execute("DELETE FROM messages WHERE expires_ms <= ?", (_now_ms(),))


def _require_sendable(draft: Draft, attributes: QueueAttributes) -> None:
    if not draft.body:
        raise wrong_argument("The message body must not be empty.")
    if len(draft.body) > attributes.maximum_message_bytes:
        raise wrong_argument(
            f"The length of message should not be larger than {attributes.maximum_message_bytes} bytes."
        )
    require_range(draft.priority, PRIORITIES.start, PRIORITIES.stop - 1, "Priority")
    if draft.delay_s is not None:
        require_range(draft.delay_s, 0, DELAY_LIMIT_S, "DelaySeconds")


def _insert(database: sqlite3.Connection, queue: str, attributes: QueueAttributes, draft: Draft) -> Message:
    at_ms = _now_ms()
    delay_s = attributes.delay_s if draft.delay_s is None else draft.delay_s
    top = database.execute("SELECT seq FROM sqlite_sequence WHERE name = 'messages'").fetchone()
    message_id = draw_message_id((top["seq"] if top else 0) + 1, at_ms)
    message = Message(
        id=message_id,
        body=draft.body,
        md5=hashlib.md5(draft.body, usedforsecurity=False).hexdigest().upper(),
        receipt=_draw_receipt(message_id, draft.priority) if delay_s else "",
        enqueued_ms=at_ms,
        visible_ms=at_ms + delay_s * 1000,
        first_dequeue_ms=0,
        dequeue_count=0,
        priority=draft.priority,
        properties=draft.properties,
    )
    row: Mapping[str, object] = {
        **asdict(message),
        "properties": json.dumps([asdict(each) for each in draft.properties]),
        "queue": queue,
        "expires_ms": at_ms + attributes.retention_s * 1000,
    }
    names = ", ".join(row)
    places = ", ".join(f":{name}" for name in row)
    database.execute(f"INSERT INTO messages ({names}) VALUES ({places})", row)  # noqa: S608 - our own names
    return message


def _active(database: sqlite3.Connection, queue: str, count: int) -> list[sqlite3.Row]:
    at_ms = _now_ms()
    return database.execute(
        "SELECT * FROM messages WHERE queue = ? AND visible_ms <= ? AND expires_ms > ?"
        " ORDER BY priority, serial LIMIT ?",
        (queue, at_ms, at_ms, count),
    ).fetchall()


def _by_serial(database: sqlite3.Connection, serial: int) -> sqlite3.Row:
    row: sqlite3.Row = database.execute("SELECT * FROM messages WHERE serial = ?", (serial,)).fetchone()
    return row


def _received(database: sqlite3.Connection, queue: str, receipt: str) -> sqlite3.Row:
    """Give the hidden message that the receipt belongs to. Raises ReceiptHandleError, MessageNotExist."""
    at_ms = _now_ms()
    row: sqlite3.Row | None = database.execute(
        "SELECT * FROM messages WHERE id = ? AND queue = ? AND receipt = ? AND visible_ms > ?"
        " AND expires_ms > ?",
        (_message_of(receipt), queue, receipt, at_ms, at_ms),
    ).fetchone()
    if row is None:
        raise MessageNotExist
    return row


def listed(journal: Journal, table: str, *, prefix: str, after: str, most: int) -> tuple[list[str], str]:
    """Give one page of names of a table in order, and the last one when more follow."""
    require_range(most, 1, 1000, "x-mns-ret-number")
    with journal.reading() as database:
        rows = database.execute(
            f"SELECT name FROM {table} WHERE name > ? AND substr(name, 1, ?) = ?"  # noqa: S608 - our own
            " ORDER BY name LIMIT ?",
            (after, len(prefix), prefix, most + 1),
        ).fetchall()
    names = [str(row["name"]) for row in rows[:most]]
    return names, names[-1] if len(rows) > most else ""
