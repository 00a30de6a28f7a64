"""Asynchronous invocations: accepted, kept on disk until carried out, retried when the function fails.

Delivery is at least once: an event whose invocation was under way when the sandbox stopped runs again.
Source: Alibaba Cloud, "Error handling" of asynchronous invocation (3 retries by default), read 2026-11-22.
"""

from __future__ import annotations

import base64
import heapq
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sandbox.alibaba import clock, files
from sandbox.alibaba.fc.destinations import Destinations
from sandbox.alibaba.fc.invocations import Invocations, draw_request_id
from sandbox.alibaba.fc.model import LATEST
from sandbox.alibaba.fc.outcomes import Outcome
from sandbox.alibaba.fc.registry import Document, Registry
from sandbox.alibaba.fc.tasks import Status, Tasks
from sandbox.alibaba.wire import Refused

DEFAULT_RETRIES = 3
DEFAULT_AGE_S = 86400
THREADS = 24
THROTTLE_WAITS_S = (0.5, 1, 2, 4, 8, 16, 30)
_log = logging.getLogger(__name__)


@dataclass(order=True, kw_only=True, slots=True)
class Event:
    """One accepted event; ordered by when it is due. ``retries`` goes before the function's own setting."""

    due: float
    request_id: str
    function: str = field(compare=False)
    qualifier: str = field(compare=False)
    payload: bytes = field(compare=False, repr=False)
    accepted: float = field(compare=False)
    failures: int = field(compare=False, default=0)
    throttles: int = field(compare=False, default=0)
    task_id: str = field(compare=False, default="")
    retries: int | None = field(compare=False, default=None)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Verdict:
    """What is to become of an event after an attempt: wait that many seconds, or end in a status."""

    wait: float | None = None
    status: Status = Status.INVALID
    detail: str = ""
    outcome: Outcome | None = None


class Deferred:
    """The queue of asynchronous invocations: ``load``, ``start``, and ``close`` it before the executor."""

    def __init__(
        self,
        *,
        folder: Path,
        registry: Registry,
        invocations: Invocations,
        tasks: Tasks,
        function_arn: Any,
        retry_s: float,
    ) -> None:
        self._folder = folder
        self._registry = registry
        self._invocations = invocations
        self._tasks = tasks
        self._function_arn = function_arn
        self._retry_s = retry_s
        self._destinations: Destinations | None = None
        self._changed = threading.Condition()
        self._queue: list[Event] = []
        self._closed = False
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="fc-async")
        self._clockwork = threading.Thread(target=self._hand_out, name="fc-async-queue", daemon=True)

    def send_results_to(self, destinations: Destinations) -> None:
        """Set where results go; to be called before ``start``."""
        self._destinations = destinations

    def load(self) -> None:
        """Take up what an earlier run left."""
        for path, row in files.documents(self._folder):
            payload = base64.b64decode(row.pop("payload"))
            self._queue.append(Event(request_id=path.stem, payload=payload, **row))
        heapq.heapify(self._queue)

    def start(self) -> None:
        """Hand out events as they fall due, from now on."""
        self._clockwork.start()

    def accept(
        self,
        function: str,
        qualifier: str,
        payload: bytes,
        *,
        request_id: str | None = None,
        task_id: str = "",
        retries: int | None = None,
    ) -> str:
        """Keep the event; it is on disk when this returns. Gives the id of the task.

        Raises:
            Refused: 404 when there is no such function or qualifier, 409 when the task's id was used before.
        """
        event = self.prepare(
            function,
            qualifier,
            payload,
            request_id=request_id or draw_request_id(),
            task_id=task_id,
            retries=retries,
        )
        if event is None:
            return task_id or str(request_id)
        self.release(event)
        return event.task_id

    def prepare(
        self,
        function: str,
        qualifier: str,
        payload: bytes,
        *,
        request_id: str,
        task_id: str = "",
        retries: int | None = None,
    ) -> Event | None:
        """Keep an event without handing it out yet: ``release`` does. None when that id waits already."""
        if (self._folder / f"{request_id}.json").exists():
            return None
        event = Event(
            due=clock.now(),
            request_id=request_id,
            function=function,
            qualifier=qualifier,
            payload=payload,
            accepted=clock.now(),
            task_id=task_id or request_id,
            retries=retries,
        )
        followed = bool(self._config(function, qualifier).get("asyncTask"))
        if followed and self._tasks.status(function, event.task_id) is not None:
            raise Refused(409, "AsyncTaskAlreadyExists", f"task '{event.task_id}' already exists")
        # The event first: a kill in between leaves an event that nobody was told of, not a task without one.
        self._write(event)
        if followed:
            self._tasks.add(
                function,
                event.task_id,
                request_id=request_id,
                qualifier=qualifier or LATEST,
                function_arn=self._function_arn(function),
                payload=payload,
            )
        return event

    def release(self, event: Event) -> None:
        """Hand an event out when it falls due."""
        with self._changed:
            heapq.heappush(self._queue, event)
            self._changed.notify()

    def drop(self, function: str, task_id: str) -> None:
        """Forget a waiting event by its task."""
        with self._changed:
            gone = [e for e in self._queue if (e.function, e.task_id) == (function, task_id)]
            self._queue = [event for event in self._queue if event not in gone]
            heapq.heapify(self._queue)
        for event in gone:
            self._path(event).unlink(missing_ok=True)

    def _path(self, event: Event) -> Path:
        return self._folder / f"{event.request_id}.json"

    def _write(self, event: Event) -> None:
        files.write_json(
            self._path(event),
            {
                "due": event.due,
                "function": event.function,
                "qualifier": event.qualifier,
                "payload": base64.b64encode(event.payload).decode(),
                "accepted": event.accepted,
                "failures": event.failures,
                "throttles": event.throttles,
                "task_id": event.task_id,
                "retries": event.retries,
            },
        )

    def _hand_out(self) -> None:
        while True:
            with self._changed:
                while not self._closed and (not self._queue or self._queue[0].due > clock.now()):
                    self._changed.wait(self._queue[0].due - clock.now() if self._queue else None)
                if self._closed:
                    return
                event = heapq.heappop(self._queue)
                self._pool.submit(self._carry_out, event)

    def _config(self, function: str, qualifier: str) -> Document:
        with self._registry.lock:
            configs = self._registry.find(function)["asyncConfigs"]
        return configs.get(qualifier or LATEST) or {}

    def _carry_out(self, event: Event) -> None:
        try:
            self._step(event)
        except Exception:
            _log.exception("asynchronous event %s failed inside the sandbox", event.request_id)
            raise

    def _step(self, event: Event) -> None:
        if self._tasks.status(event.function, event.task_id) == Status.STOPPED:
            self._path(event).unlink(missing_ok=True)
            return
        verdict = self._attempt(event)
        if self._closed:
            return
        if verdict.wait is not None:
            self._tasks.mark(
                event.function,
                event.task_id,
                Status.RETRYING,
                verdict.detail,
                alreadyRetriedTimes=event.failures,
            )
            event.due = clock.now() + verdict.wait
            self._write(event)
            self.release(event)
            return
        self._finish(event, verdict)
        self._path(event).unlink(missing_ok=True)

    def _attempt(self, event: Event) -> _Verdict:
        try:
            config = self._config(event.function, event.qualifier)
            deadline = event.accepted + config.get("maxAsyncEventAgeInSeconds", DEFAULT_AGE_S)
            if clock.now() > deadline:
                return _Verdict(status=Status.EXPIRED, detail="the event became too old")
            self._tasks.mark(event.function, event.task_id, Status.DEQUEUED)
            self._tasks.mark(event.function, event.task_id, Status.RUNNING)
            outcome = self._invocations.run(
                event.function,
                event.qualifier,
                event.payload,
                request_id=event.request_id,
                kind="Async",
                retry=event.failures,
            )
            return self._judged(event, outcome, config, deadline)
        except Refused as refusal:
            return self._refused(event, refusal)
        except OSError as exc:
            _log.warning(
                "asynchronous event %s waits: its instance could not start: %s", event.request_id, exc
            )
            return _Verdict(wait=self._retry_s, detail="the instance could not start")

    def _judged(self, event: Event, outcome: Outcome, config: Document, deadline: float) -> _Verdict:
        if self._tasks.status(event.function, event.task_id) == Status.STOPPING:
            return _Verdict(status=Status.STOPPED, outcome=outcome)
        if outcome.error_type is None:
            return _Verdict(status=Status.SUCCEEDED, outcome=outcome)
        allowed = config.get("maxAsyncRetryAttempts", DEFAULT_RETRIES)
        allowed = event.retries if event.retries is not None else allowed
        if event.failures >= allowed or clock.now() + self._retry_s > deadline:
            return _Verdict(status=Status.FAILED, detail=outcome.error_type, outcome=outcome)
        event.failures += 1
        return _Verdict(wait=self._retry_s, detail=outcome.error_type)

    def _refused(self, event: Event, refusal: Refused) -> _Verdict:
        if refusal.status == 429:
            event.throttles += 1
            return _Verdict(
                wait=THROTTLE_WAITS_S[min(event.throttles, len(THROTTLE_WAITS_S)) - 1], detail=refusal.code
            )
        _log.warning("asynchronous event %s given up: %s", event.request_id, refusal.code)
        status = Status.INVALID if refusal.status == 404 else Status.FAILED
        return _Verdict(status=status, detail=f"{refusal.code}: {refusal.message}")

    def _finish(self, event: Event, verdict: _Verdict) -> None:
        """Write how it ended and send the result on; a kill in between sends it again."""
        outcome = verdict.outcome
        answer = outcome.payload.decode("utf-8", "replace") if outcome else ""
        failed = verdict.status != Status.SUCCEEDED
        if verdict.status != Status.STOPPED:
            self._send_on(event, verdict, answer, failed=failed)
        self._tasks.mark(
            event.function,
            event.task_id,
            verdict.status,
            verdict.detail,
            alreadyRetriedTimes=event.failures,
            returnPayload="" if failed else answer,
            taskErrorMessage=(answer or verdict.detail) if failed else "",
            instanceId=outcome.instance_id if outcome else "",
        )

    def _send_on(self, event: Event, verdict: _Verdict, answer: str, *, failed: bool) -> None:
        try:
            config = self._config(event.function, event.qualifier)
        except Refused:
            return  # The function is gone, and its settings with it.
        wanted = (config.get("destinationConfig") or {}).get("onFailure" if failed else "onSuccess") or {}
        arn = str(wanted.get("destination") or "")
        if not arn or self._destinations is None:
            return
        error = verdict.outcome.error_type if verdict.outcome else None
        message = {
            "timestamp": round(clock.now() * 1000),
            "requestContext": {
                "requestId": event.request_id,
                "functionArn": f"{self._function_arn(event.function)}/{event.qualifier or LATEST}",
                "condition": (error or verdict.detail) if failed else "Success",
                "approximateInvokeCount": event.failures + 1,
            },
            "requestPayload": event.payload.decode("utf-8", "replace"),
            "responseContext": {
                "statusCode": 200 if verdict.outcome else 400,
                "functionError": error or "",
            },
            "responsePayload": answer,
        }
        try:
            self._destinations.deliver(arn, message)
        except Refused as refusal:
            _log.warning("the result of %s did not reach %s: %s", event.request_id, arn, refusal.code)
            self._tasks.note_destination(event.function, event.task_id, "Failed")
        else:
            self._tasks.note_destination(event.function, event.task_id, "Succeeded")

    def close(self) -> None:
        """Stop handing out; what is not done stays on disk for the next start."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._pool.shutdown(wait=False, cancel_futures=True)
