"""Projects, logstores and rows. Rows are appended to a file per logstore and kept in memory, newest 100,000.

A row can be queried only a short while after it was written, as on the real service.
"""

from __future__ import annotations

import errno
import itertools
import json
import os
import shutil
import threading
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.alibaba import clock, files
from sandbox.alibaba.sls.query import Search, searchable
from sandbox.alibaba.wire import Refused

ROWS_KEPT = 100_000
_BASE = "__cursor_of_first_row__"
Document = dict[str, Any]


@dataclass(kw_only=True, slots=True)
class LogStore:
    """One logstore: settings, index (None until made), rows, each after when it shows and its text."""

    settings: Document
    index: Document | None = None
    rows: deque[tuple[float, str, dict[str, str]]] = field(default_factory=lambda: deque(maxlen=ROWS_KEPT))
    appended: int = 0
    end: int = 0

    ahead_s: float = 0.0

    def note_times(self, rows: Iterable[dict[str, str]], at: float) -> None:
        """Keep by how much the time of a row was ever ahead of the clock."""
        self.ahead_s = max([self.ahead_s, *(float(row["__time__"]) - at for row in rows)])

    @property
    def begin(self) -> int:
        """The cursor of the oldest row that is kept; ``end`` is the one behind the newest."""
        return self.end - len(self.rows)


class Logs:
    """All projects of the account."""

    def __init__(self, root: Path, *, delay_s: float) -> None:
        self._root = root
        self._delay_s = delay_s
        self.lock = threading.RLock()
        self._projects: dict[str, Document] = {}
        self._stores: dict[tuple[str, str], LogStore] = {}
        for path in sorted(root.glob("*/project.json")):
            self._projects[path.parent.name] = files.read_json(path)
            for place, document in files.documents(path.parent / "stores"):
                store = LogStore(settings=document["settings"], index=document["index"])
                rows, store.end = _read_rows(place.with_suffix(".rows"))
                at = clock.now()
                store.rows.extend((min(float(row["__time__"]), at), searchable(row), row) for row in rows)
                store.note_times(rows, at)
                self._stores[path.parent.name, place.stem] = store

    def projects(self) -> dict[str, Document]:
        with self.lock:
            return dict(sorted(self._projects.items()))

    def find_project(self, name: str) -> Document:
        """Give a project. Raises Refused: 404 ProjectNotExist."""
        try:
            return self._projects[name]
        except KeyError as exc:
            raise Refused(404, "ProjectNotExist", f"The Project does not exist : {name}") from exc

    def create_project(self, name: str, document: Document) -> None:
        """Create a project. Raises Refused: 400 ProjectAlreadyExist."""
        with self.lock:
            if name in self._projects:
                raise Refused(400, "ProjectAlreadyExist", f"Project {name} already exist")
            files.write_json(self._root / name / "project.json", document)
            self._projects[name] = document

    def delete_project(self, name: str) -> None:
        """Delete a project with its logstores."""
        with self.lock:
            self.find_project(name)
            shutil.rmtree(self._root / name)
            del self._projects[name]
            self._stores = {place: store for place, store in self._stores.items() if place[0] != name}

    def stores(self, project: str) -> list[str]:
        with self.lock:
            self.find_project(project)
            return sorted(name for owner, name in self._stores if owner == project)

    def find_store(self, project: str, name: str) -> LogStore:
        """Give a logstore. Raises Refused: 404 ProjectNotExist or LogStoreNotExist."""
        self.find_project(project)
        try:
            return self._stores[project, name]
        except KeyError as exc:
            raise Refused(404, "LogStoreNotExist", f"logstore {name} does not exist") from exc

    def _place(self, project: str, name: str) -> Path:
        return self._root / project / "stores" / f"{name}.json"

    def _save(self, project: str, name: str) -> None:
        store = self._stores[project, name]
        files.write_json(self._place(project, name), {"settings": store.settings, "index": store.index})

    def create_store(self, project: str, name: str, settings: Document) -> None:
        """Create a logstore. Raises Refused: 400 LogStoreAlreadyExist."""
        with self.lock:
            self.find_project(project)
            if (project, name) in self._stores:
                raise Refused(400, "LogStoreAlreadyExist", f"logstore {name} already exists")
            self._stores[project, name] = LogStore(settings=settings)
            self._save(project, name)

    def delete_store(self, project: str, name: str) -> None:
        with self.lock:
            self.find_store(project, name)
            self._place(project, name).unlink(missing_ok=True)
            self._place(project, name).with_suffix(".rows").unlink(missing_ok=True)
            del self._stores[project, name]

    def set_index(self, project: str, name: str, index: Document | None, *, new: bool) -> None:
        """Make, replace or (None) remove the index. Raises Refused: 400 IndexAlreadyExist if ``new``."""
        with self.lock:
            store = self.find_store(project, name)
            if new and store.index is not None:
                raise Refused(400, "IndexAlreadyExist", "log store index already exists")
            store.index = index
            self._save(project, name)

    def write(self, project: str, name: str, rows: list[dict[str, str]]) -> None:
        """Append rows; a logstore that has gone in the meantime takes nothing, as on the real service."""
        with self.lock:
            store = self._stores.get((project, name))
            if store is None:
                return
            place = self._place(project, name).with_suffix(".rows")
            _append(place, _lines(rows))
            at = clock.now()
            shown = at + self._delay_s
            store.note_times(rows, at)
            store.rows.extend((shown, searchable(row), row) for row in rows)
            store.appended += len(rows)
            store.end += len(rows)
            if store.appended > ROWS_KEPT:
                kept = _lines(row for _, _, row in store.rows)
                files.write_bytes(place, _lines([{_BASE: str(store.begin)}]) + kept)
                store.appended = 0

    def cursor_begin(self, project: str, name: str) -> int:
        """Give the cursor of the oldest row. Raises Refused: 404 when there is no such logstore."""
        with self.lock:
            return self.find_store(project, name).begin

    def cursor_end(self, project: str, name: str) -> int:
        """Give the cursor behind the newest row. Raises Refused: 404 when there is no such logstore."""
        with self.lock:
            return self.find_store(project, name).end

    def cursor_at(self, project: str, name: str, at: int) -> int:
        """Give the cursor of the first row that was received at this unix time or later; raises as above."""
        with self.lock:
            store = self.find_store(project, name)
            earlier = sum(1 for shown, _, _ in store.rows if shown - self._delay_s < at)
            return store.begin + earlier

    def received_at(self, project: str, name: str, cursor: int) -> int:
        """Give when the row at a cursor was received, in unix seconds; now for the end of the logstore."""
        with self.lock:
            store = self.find_store(project, name)
            at = cursor - store.begin
            inside = 0 <= at < len(store.rows)
            return int(store.rows[at][0] - self._delay_s) if inside else int(clock.now())

    def read(self, project: str, name: str, begin: int, end: int) -> list[dict[str, str]]:
        """Give the rows of [begin, end) that are still kept, in the order in which they were written."""
        with self.lock:
            store = self.find_store(project, name)
            first = max(begin - store.begin, 0)
            return [row for _, _, row in itertools.islice(store.rows, first, max(end - store.begin, first))]

    def change_store(self, project: str, name: str, settings: Document) -> None:
        """Replace the settings of a logstore. Raises Refused: 404."""
        with self.lock:
            self.find_store(project, name).settings = settings
            self._save(project, name)

    def change_project(self, name: str, description: str) -> None:
        """Set the description of a project. Raises Refused: 404 ProjectNotExist."""
        with self.lock:
            document = {**self.find_project(name), "description": description}
            files.write_json(self._root / name / "project.json", document)
            self._projects[name] = document

    def find_rows(
        self, project: str, name: str, search: Search, *, first: float, end: float
    ) -> list[dict[str, str]]:
        """Give the matching rows of [first, end) in unix seconds that can be queried by now, oldest first.

        Raises:
            Refused: 404, or 400 IndexConfigNotExist when the logstore has no index.
        """
        at = clock.now()
        with self.lock:
            store = self.find_store(project, name)
            if store.index is None:
                raise Refused(400, "IndexConfigNotExist", f"logstore {name} has no index to query")
            found = []
            for shown, text, row in reversed(store.rows):
                if shown + store.ahead_s < first:
                    break  # all that are left are too old
                timely = shown <= at and first <= int(row["__time__"]) < end
                if timely and search.may_match(text) and search(row):
                    found.append(row)
        found.reverse()
        return sorted(found, key=lambda row: int(row["__time__"]))


def _append(path: Path, content: bytes) -> None:
    """Add whole lines to a file. Raises OSError: the disk is full; nothing of them is left then."""
    with path.open("ab", buffering=0) as log:
        before = log.tell()
        if log.write(content) != len(content):
            log.truncate(before)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _lines(rows: Iterable[dict[str, str]]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def _read_rows(path: Path) -> tuple[list[dict[str, str]], int]:
    """Read the newest rows of a file and the cursor behind them; a last line cut short is left out.

    A file that was shortened begins with the cursor of its first row.
    """
    if not path.is_file():
        return [], 0
    _mend(path)
    rows: deque[dict[str, str]] = deque(maxlen=ROWS_KEPT)
    end = 0
    with path.open(encoding="utf-8", errors="replace") as log:
        for line in log:
            row = json.loads(line)
            if _BASE in row:
                end = int(row[_BASE])
                continue
            rows.append(row)
            end += 1
    return list(rows), end


def _mend(path: Path) -> None:
    """Cut off a last line that a kill left unfinished, so that the next row begins a line of its own."""
    with path.open("r+b") as log:
        size = log.seek(0, 2)
        at = size
        while at:
            step = min(at, 65_536)
            log.seek(at - step)
            found = log.read(step).rfind(b"\n")
            if found >= 0:
                at = at - step + found + 1
                break
            at -= step
        if at < size:
            log.truncate(at)
