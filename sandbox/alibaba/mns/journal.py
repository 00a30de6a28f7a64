"""What MNS remembers, in one SQLite file: committed before a call is answered, so a kill loses nothing.

Write-ahead logging with ``synchronous=NORMAL``: a commit reaches the operating system, which outlives this
process; only the loss of power could take the last commits. A send costs well under a millisecond so.
One connection serves all threads under one lock: SQLite has one writer anyway.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_SCHEMA = """
CREATE TABLE IF NOT EXISTS queues (
    name TEXT PRIMARY KEY, attributes TEXT NOT NULL, created REAL NOT NULL, modified REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS messages (
    serial INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, queue TEXT NOT NULL,
    body BLOB NOT NULL, md5 TEXT NOT NULL, priority INTEGER NOT NULL, enqueued_ms INTEGER NOT NULL,
    visible_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL, first_dequeue_ms INTEGER NOT NULL DEFAULT 0,
    dequeue_count INTEGER NOT NULL DEFAULT 0, receipt TEXT, properties TEXT NOT NULL DEFAULT '[]'
);
CREATE INDEX IF NOT EXISTS messages_in_order ON messages (queue, priority, serial);
CREATE TABLE IF NOT EXISTS topics (
    name TEXT PRIMARY KEY, attributes TEXT NOT NULL, created REAL NOT NULL, modified REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS subscriptions (
    topic TEXT NOT NULL, name TEXT NOT NULL, endpoint TEXT NOT NULL, filter_tag TEXT NOT NULL,
    strategy TEXT NOT NULL, format TEXT NOT NULL, created REAL NOT NULL, modified REAL NOT NULL,
    PRIMARY KEY (topic, name)
);
"""


class Journal:
    """The SQLite file; ``changed`` is notified when a message was written."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self.changed = threading.Condition(self._lock)
        self._database = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._database.row_factory = sqlite3.Row
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = NORMAL")
        self._database.executescript(_SCHEMA)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Give the connection, locked; commit at the end, roll back on an exception. May be nested."""
        with self._lock:
            if self._database.in_transaction:
                yield self._database
                return
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield self._database
            except BaseException:
                self._database.execute("ROLLBACK")
                raise
            self._database.execute("COMMIT")

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Give the connection, locked, for statements that only read."""
        with self._lock:
            yield self._database

    def close(self) -> None:
        with self._lock:
            self._database.close()
