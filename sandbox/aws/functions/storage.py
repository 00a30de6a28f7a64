"""Lambda's state on disk: each function, layer and mapping is one row, written before a call is answered.

SQLite in WAL mode without fsync: what was committed is in the kernel's hands, so the end of the process,
however sudden, loses nothing; the end of the machine may lose the last moments. Rows are pickles of the
model's plain values, in a file that only the sandbox's user can read.
"""

import dataclasses
import pickle
import sqlite3
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from sandbox.aws.functions.model import Function, Layer, LayerVersion, Stored, Version

_KINDS = ("functions", "layers", "mappings")


class Storage:
    """One database file. Not thread-safe: call it under the account's lock."""

    def __init__(self, place: Path) -> None:
        self._rows: dict[tuple[str, str], bytes] = {}
        self._base = sqlite3.connect(place, check_same_thread=False, isolation_level=None)
        place.chmod(0o600)
        self._base.execute("PRAGMA journal_mode=WAL")
        self._base.execute("PRAGMA synchronous=OFF")
        self._base.execute(
            "CREATE TABLE IF NOT EXISTS kept (kind TEXT, name TEXT, value BLOB, PRIMARY KEY (kind, name))"
        )

    def load(self) -> Stored:
        """Give what was written; empty when nothing was."""
        stored = Stored()
        rows = self._base.execute("SELECT kind, name, value FROM kept").fetchall()
        self._rows = {(kind, name): value for kind, name, value in rows}
        for (kind, name), value in self._rows.items():
            getattr(stored, kind)[name] = _completed(pickle.loads(value))  # noqa: S301 - own rows, mode 0600
        return stored

    def keep(self, stored: Stored, *, functions: Iterable[str] | None = None) -> None:
        """Write what differs from what is on disk, all of it or nothing.

        functions: those that may have changed, by plain name; None looks at all. Raises sqlite3.Error
        when the disk does not take it.
        """
        names = set(stored.functions) | {n for k, n in self._rows if k == "functions"}
        if functions is not None:
            names &= set(functions)
        changed: dict[tuple[str, str], bytes | None] = {}
        for name in names:
            self._compare(changed, "functions", name, stored.functions)
        for kind in _KINDS[1:]:
            kept: Mapping[str, Any] = getattr(stored, kind)
            for name in set(kept) | {n for k, n in self._rows if k == kind}:
                self._compare(changed, kind, name, kept)
        if changed:
            self._write(changed)

    def _compare(
        self, changed: dict[tuple[str, str], bytes | None], kind: str, name: str, kept: Mapping[str, Any]
    ) -> None:
        fresh = pickle.dumps(kept[name], protocol=5) if name in kept else None
        if fresh != self._rows.get((kind, name)):
            changed[kind, name] = fresh

    def _write(self, changed: Mapping[tuple[str, str], bytes | None]) -> None:
        self._base.execute("BEGIN IMMEDIATE")
        try:
            for (kind, name), value in changed.items():
                if value is None:
                    self._base.execute("DELETE FROM kept WHERE kind = ? AND name = ?", (kind, name))
                else:
                    self._base.execute("INSERT OR REPLACE INTO kept VALUES (?, ?, ?)", (kind, name, value))
            self._base.execute("COMMIT")
        except sqlite3.Error:
            if self._base.in_transaction:
                self._base.execute("ROLLBACK")
            raise
        for key, value in changed.items():
            if value is None:
                self._rows.pop(key, None)
            else:
                self._rows[key] = value

    def close(self) -> None:
        self._base.close()


def _completed(value: Any) -> Any:
    """Give fields that an earlier release did not know their defaults."""
    if not dataclasses.is_dataclass(value) or isinstance(value, type):
        return value
    for field in dataclasses.fields(value):
        if field.name not in vars(value) and field.default_factory is not dataclasses.MISSING:
            setattr(value, field.name, field.default_factory())
    if isinstance(value, Function):
        inner: list[Version | LayerVersion | None] = [value.latest, value.previous, *value.versions.values()]
    else:
        inner = list(value.versions.values()) if isinstance(value, Layer) else []
    for version in inner:
        _completed(version)
    return value
