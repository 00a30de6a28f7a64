"""Projects, logstores and rows. Rows are appended to a file per logstore and kept in memory, newest 100,000.

A row can be queried only a short while after it was written, as on the real service.
"""

from __future__ import annotations

import json
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
Document = dict[str, Any]


@dataclass(kw_only=True, slots=True)
class LogStore:
    """One logstore: settings, index (None until made), rows, each after when it shows and its text."""

    settings: Document
    index: Document | None = None
    rows: deque[tuple[float, str, dict[str, str]]] = field(default_factory=lambda: deque(maxlen=ROWS_KEPT))
    appended: int = 0


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
                rows = _read_rows(place.with_suffix(".rows"))
                store.rows.extend((float(row["__time__"]), searchable(row), row) for row in rows)
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
            shown = clock.now() + self._delay_s
            store.rows.extend((shown, searchable(row), row) for row in rows)
            store.appended += len(rows)
            place = self._place(project, name).with_suffix(".rows")
            if store.appended > ROWS_KEPT:
                files.write_bytes(place, _lines(row for _, _, row in store.rows))
                store.appended = 0
                return
            with place.open("ab") as log:
                log.write(_lines(rows))

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
                if shown < first:
                    break  # a row never shows before its own time, so all that are left are too old
                timely = shown <= at and first <= int(row["__time__"]) < end
                if timely and search.may_match(text) and search(row):
                    found.append(row)
        found.reverse()
        return sorted(found, key=lambda row: int(row["__time__"]))


def _lines(rows: Iterable[dict[str, str]]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def _read_rows(path: Path) -> list[dict[str, str]]:
    """Read the newest rows of a file; a last line that a kill cut short is left out."""
    if not path.is_file():
        return []
    rows = []
    with path.open(encoding="utf-8", errors="replace") as log:
        for line in deque(log, maxlen=ROWS_KEPT):
            if line.endswith("\n"):
                rows.append(json.loads(line))
    return rows
