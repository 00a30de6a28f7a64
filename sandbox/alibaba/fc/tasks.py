"""Asynchronous tasks: what became of each asynchronous invocation of a function whose ``asyncTask`` is on.

Source: alibabacloud-fc20230330 4.8.3, AsyncTask and ListAsyncTasksRequest; the code AsyncTaskNotFound as
clients in public repositories match it, read 2026-11-22.
"""

from __future__ import annotations

import re
import shutil
import threading
from enum import StrEnum
from pathlib import Path
from typing import Any

from sandbox.alibaba import clock, files
from sandbox.alibaba.fc.model import invalid, query_number
from sandbox.alibaba.fc.registry import Document, listing, page_of
from sandbox.alibaba.wire import Refused

KEPT_PER_FUNCTION = 1000
TEXT_LIMIT = 1024 * 1024
TASK_ID = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,127}")


class Status(StrEnum):
    """What a task is doing."""

    ENQUEUED = "Enqueued"
    DEQUEUED = "Dequeued"
    RUNNING = "Running"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    STOPPED = "Stopped"
    STOPPING = "Stopping"
    EXPIRED = "Expired"
    INVALID = "Invalid"
    RETRYING = "Retrying"


FINAL = frozenset({Status.SUCCEEDED, Status.FAILED, Status.STOPPED, Status.EXPIRED, Status.INVALID})


def _now_ms() -> int:
    return round(clock.now() * 1000)


class Tasks:
    """The tasks of all functions, a file each; the newest 1,000 finished ones of a function are kept."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.RLock()
        self._found: dict[str, dict[str, Document]] = {}
        if folder.is_dir():
            for place in sorted(folder.iterdir()):
                rows = [document for _, document in files.documents(place)]
                rows.sort(key=lambda row: row["startedTime"])
                self._found[place.name] = {row["taskId"]: row for row in rows}

    def _save(self, function: str, task: Document) -> None:
        self._found.setdefault(function, {})[task["taskId"]] = task
        files.write_json(self._folder / function / f"{task['taskId']}.json", task)

    def add(
        self,
        function: str,
        task_id: str,
        *,
        request_id: str,
        qualifier: str,
        function_arn: str,
        payload: bytes,
    ) -> None:
        """Record a new task; its id was not used before."""
        with self._lock:
            task: Document = {
                "taskId": task_id,
                "requestId": request_id,
                "functionArn": function_arn,
                "qualifier": qualifier,
                "status": Status.ENQUEUED,
                "startedTime": _now_ms(),
                "endTime": 0,
                "durationMs": 0,
                "alreadyRetriedTimes": 0,
                "destinationStatus": "",
                "instanceId": "",
                "taskPayload": payload.decode("utf-8", "replace"),
                "returnPayload": "",
                "taskErrorMessage": "",
                "events": [],
            }
            self._save(function, _marked(task, Status.ENQUEUED, ""))
            self._forget_old(function)

    def _forget_old(self, function: str) -> None:
        rows = self._found[function]
        finished = [task_id for task_id, row in rows.items() if row["status"] in FINAL]
        for task_id in finished[: max(0, len(finished) - KEPT_PER_FUNCTION)]:
            (self._folder / function / f"{task_id}.json").unlink(missing_ok=True)
            del rows[task_id]

    def mark(self, function: str, task_id: str, status: Status, detail: str = "", **fields: Any) -> None:
        """Write what a task does now; one that is not recorded, or has ended, stays as it is."""
        with self._lock:
            task = self._found.get(function, {}).get(task_id)
            if task is None or task["status"] in FINAL:
                return
            if task["status"] == Status.STOPPING and status not in FINAL:
                return
            ended: Document = {}
            if status in FINAL:
                at = _now_ms()
                ended = {"endTime": at, "durationMs": at - task["startedTime"]}
            self._save(function, _marked({**task, **ended, **fields}, status, detail))

    def note_destination(self, function: str, task_id: str, status: str) -> None:
        """Write whether the destination was reached."""
        with self._lock:
            task = self._found.get(function, {}).get(task_id)
            if task is not None:
                self._save(function, {**task, "destinationStatus": status})

    def status(self, function: str, task_id: str) -> Status | None:
        """Give the status of a task, None when it is not recorded."""
        with self._lock:
            task = self._found.get(function, {}).get(task_id)
            return Status(task["status"]) if task else None

    def stop(self, function: str, task_id: str) -> bool:
        """StopAsyncTask; True when the task had not begun, so that its event can be dropped.

        Raises:
            Refused: 404 AsyncTaskNotFound; 412 when it has ended already.
        """
        with self._lock:
            task = self._find(function, task_id)
            if task["status"] in FINAL:
                raise Refused(412, "PreconditionFailed", f"task '{task_id}' has ended already")
            waiting = task["status"] in (Status.ENQUEUED, Status.RETRYING)
            self.mark(function, task_id, Status.STOPPED if waiting else Status.STOPPING)
            return waiting

    def _find(self, function: str, task_id: str) -> Document:
        try:
            return self._found[function][task_id]
        except KeyError as exc:
            raise Refused(
                404, "AsyncTaskNotFound", f"task '{task_id}' of '{function}' does not exist"
            ) from exc

    def get(self, function: str, task_id: str) -> dict[str, Any]:
        """GetAsyncTask."""
        with self._lock:
            return dict(self._find(function, task_id))

    def list(self, function: str, query: dict[str, str]) -> dict[str, Any]:
        """ListAsyncTasks: by status, prefix, qualifier and time of start; newest first unless told."""
        order, status = query.get("sortOrderByTime") or "desc", query.get("status") or ""
        if order.lower() not in ("asc", "desc"):
            raise invalid("sortOrderByTime must be asc or desc")
        if status and status not in set(Status):
            raise invalid(f"status must be one of {', '.join(Status)}")
        begin, end = (
            query_number(query, name, 0, 1 << 62, default)
            for name, default in (("startedTimeBegin", 0), ("startedTimeEnd", 1 << 62))
        )
        with self._lock:
            rows = [
                row
                for row in self._found.get(function, {}).values()
                if status in ("", row["status"])
                and row["taskId"].startswith(query.get("prefix", ""))
                and query.get("qualifier") in (None, "", row["qualifier"])
                and begin <= row["startedTime"] <= end
            ]
        rows.sort(key=lambda row: (row["startedTime"], row["taskId"]), reverse=order.lower() == "desc")
        page, token = page_of(rows, query, lambda row: str(row["taskId"]))
        hidden = set() if query.get("includePayload", "").lower() == "true" else {"taskPayload"}
        return listing("tasks", [{k: v for k, v in row.items() if k not in hidden} for row in page], token)

    def forget(self, function: str) -> None:
        """Drop the tasks of a function that was deleted."""
        with self._lock:
            self._found.pop(function, None)
            shutil.rmtree(self._folder / function, ignore_errors=True)


def _marked(task: Document, status: Status, detail: str) -> Document:
    event = {
        "eventId": len(task["events"]) + 1,
        "status": status,
        "timestamp": _now_ms(),
        "eventDetail": detail,
    }
    return {**task, "status": status, "events": [*task["events"], event]}
