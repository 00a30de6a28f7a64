"""One SQLite file in WAL mode without fsync.

What was committed is in the kernel's hands, so the end of the process loses nothing; the end of the machine
may lose the last moments. A write takes some tens of microseconds.
"""

import sqlite3
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from moto.core.exceptions import ServiceException

_TABLES = """
CREATE TABLE IF NOT EXISTS services (
    service TEXT, account TEXT, region TEXT, value BLOB, PRIMARY KEY (service, account, region));
CREATE TABLE IF NOT EXISTS messages (
    number INTEGER PRIMARY KEY, queue TEXT, id TEXT, value BLOB, seen BLOB, UNIQUE (queue, id));
CREATE TABLE IF NOT EXISTS objects (bucket TEXT, name TEXT, value BLOB, PRIMARY KEY (bucket, name));
CREATE TABLE IF NOT EXISTS uploads (
    bucket TEXT, upload TEXT, part INTEGER, value BLOB, PRIMARY KEY (bucket, upload, part));
CREATE TABLE IF NOT EXISTS events (number INTEGER PRIMARY KEY, id TEXT UNIQUE, value BLOB);
CREATE TABLE IF NOT EXISTS ticks (name TEXT PRIMARY KEY, at REAL);
CREATE TABLE IF NOT EXISTS own (name TEXT PRIMARY KEY, value BLOB);
"""
Statement = tuple[str, tuple[Any, ...]]


class NotKept(ServiceException):  # type: ignore[misc]
    """The disk did not take a write, so the call is not acknowledged. Make room and call again."""

    code = "ServiceUnavailable"

    def __init__(self, why: sqlite3.Error) -> None:
        super().__init__(f"The sandbox could not keep the change: {why}")


class Store:
    """The file. Thread-safe; each call is one transaction. Writes raise NotKept when the disk does not take
    it."""

    def __init__(self, place: Path) -> None:
        self._lock = threading.Lock()
        self._base = sqlite3.connect(place, check_same_thread=False, isolation_level=None)
        place.chmod(0o600)
        self._base.execute("PRAGMA journal_mode=WAL")
        self._base.execute("PRAGMA synchronous=OFF")
        self._base.executescript(_TABLES)

    def write(self, sql: str, *values: Any) -> None:
        self.write_all([(sql, values)])

    def write_all(self, statements: Iterable[Statement]) -> None:
        """Carry out all of the statements or none."""
        with self._lock:
            try:
                self._base.execute("BEGIN IMMEDIATE")
                for sql, values in statements:
                    self._base.execute(sql, values)
                self._base.execute("COMMIT")
            except sqlite3.Error as exc:
                if self._base.in_transaction:
                    self._base.execute("ROLLBACK")
                raise NotKept(exc) from exc

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._base.execute(sql, values).fetchall()

    def close(self) -> None:
        with self._lock:
            self._base.close()
