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

from sandbox.alibaba import clock, files
from sandbox.alibaba.fc.invocations import Invocations
from sandbox.alibaba.fc.model import LATEST
from sandbox.alibaba.fc.registry import Registry
from sandbox.alibaba.wire import Refused

DEFAULT_RETRIES = 3
DEFAULT_AGE_S = 86400
THREADS = 8
THROTTLE_WAITS_S = (0.5, 1, 2, 4, 8, 16, 30)
_log = logging.getLogger(__name__)


@dataclass(order=True, kw_only=True, slots=True)
class Event:
    """One accepted event; ordered by when it is due."""

    due: float
    request_id: str
    function: str = field(compare=False)
    qualifier: str = field(compare=False)
    payload: bytes = field(compare=False, repr=False)
    accepted: float = field(compare=False)
    failures: int = field(compare=False, default=0)
    throttles: int = field(compare=False, default=0)


class Deferred:
    """The queue of asynchronous invocations; ``start`` it, and ``close`` it before the executor."""

    def __init__(self, *, folder: Path, registry: Registry, invocations: Invocations, retry_s: float) -> None:
        self._folder = folder
        self._registry = registry
        self._invocations = invocations
        self._retry_s = retry_s
        self._changed = threading.Condition()
        self._queue: list[Event] = []
        self._closed = False
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="fc-async")
        self._clockwork = threading.Thread(target=self._hand_out, name="fc-async-queue", daemon=True)

    def start(self) -> None:
        """Take up what an earlier run left, then hand out events as they fall due."""
        for path, row in files.documents(self._folder):
            payload = base64.b64decode(row.pop("payload"))
            self._queue.append(Event(request_id=path.stem, payload=payload, **row))
        heapq.heapify(self._queue)
        self._clockwork.start()

    def accept(self, function: str, qualifier: str, payload: bytes, *, request_id: str) -> None:
        """Keep the event; it is on disk when this returns."""
        self._put(
            Event(
                due=clock.now(),
                request_id=request_id,
                function=function,
                qualifier=qualifier,
                payload=payload,
                accepted=clock.now(),
            )
        )

    def _path(self, event: Event) -> Path:
        return self._folder / f"{event.request_id}.json"

    def _put(self, event: Event) -> None:
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
            },
        )
        with self._changed:
            heapq.heappush(self._queue, event)
            self._changed.notify()

    def _hand_out(self) -> None:
        while True:
            with self._changed:
                while not self._closed and (not self._queue or self._queue[0].due > clock.now()):
                    self._changed.wait(self._queue[0].due - clock.now() if self._queue else None)
                if self._closed:
                    return
                event = heapq.heappop(self._queue)
            self._pool.submit(self._carry_out, event)

    def _limits(self, event: Event) -> tuple[int, int]:
        """Give retries and age in seconds that hold for the event."""
        with self._registry.lock:
            configs = self._registry.find(event.function)["asyncConfigs"]
        config = configs.get(event.qualifier or LATEST) or {}
        return (
            config.get("maxAsyncRetryAttempts", DEFAULT_RETRIES),
            config.get("maxAsyncEventAgeInSeconds", DEFAULT_AGE_S),
        )

    def _carry_out(self, event: Event) -> None:
        wait: float | None = None
        try:
            retries, age = self._limits(event)
            outcome = self._invocations.run(
                event.function,
                event.qualifier,
                event.payload,
                request_id=event.request_id,
                kind="Async",
                retry=event.failures,
            )
            if outcome.error_type is not None and event.failures < retries:
                event.failures += 1
                wait = self._retry_s
            if clock.now() + (wait or 0) > event.accepted + age:
                wait = None
        except Refused as refusal:
            if refusal.status == 429:
                wait = THROTTLE_WAITS_S[min(event.throttles, len(THROTTLE_WAITS_S) - 1)]
                event.throttles += 1
            else:
                _log.warning("asynchronous event %s given up: %s", event.request_id, refusal.code)
        except OSError as exc:
            _log.warning(
                "asynchronous event %s waits: its instance could not start: %s", event.request_id, exc
            )
            wait = self._retry_s
        if self._closed:
            return
        if wait is None:
            self._path(event).unlink(missing_ok=True)
        else:
            event.due = clock.now() + wait
            self._put(event)

    def close(self) -> None:
        """Stop handing out; what is not done stays on disk for the next start."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._pool.shutdown(wait=False, cancel_futures=True)
