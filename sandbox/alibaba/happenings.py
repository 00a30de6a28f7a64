"""What happened inside one service that another must hear of, kept on disk until it was heard.

An object was written, a message was published: the service that did it calls ``emit`` before it answers its
client. The happening is a file by then, so a kill at any moment loses none that belongs to an answered call.
A thread for each kind hands it to those who subscribed; the file goes once all of them have returned. A kill
in between makes a happening be delivered again: at least once, as the clouds do it.
"""

from __future__ import annotations

import itertools
import logging
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.alibaba import files

RETRY_S = 1.0
ATTEMPTS = 30
_KIND = re.compile(r"[a-z][a-z-]{0,40}")
Deliver = Callable[[Mapping[str, Any]], None]
_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Waiting:
    """One happening and those who have not heard of it yet."""

    path: Path
    document: Mapping[str, Any]
    listeners: tuple[Deliver, ...]
    attempt: int = 1
    not_before: float = 0.0


class _Kind:
    """The happenings of one kind, delivered in order by one thread."""

    def __init__(self, folder: Path, retry_s: float) -> None:
        self._folder = folder
        self._retry_s = retry_s
        self._waiting: deque[_Waiting] = deque()
        self._change = threading.Condition()
        self._closed = False
        self._thread: threading.Thread | None = None
        self.listeners: tuple[Deliver, ...] = ()

    def add(self, path: Path, document: Mapping[str, Any]) -> None:
        with self._change:
            self._waiting.append(_Waiting(path=path, document=document, listeners=self.listeners))
            self._change.notify_all()

    def start(self) -> None:
        for path, document in files.documents(self._folder):
            self.add(path, document)
        self._thread = threading.Thread(target=self._run, name=f"happen-{self._folder.name}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        with self._change:
            self._closed = True
            self._change.notify_all()
        if self._thread is not None:
            self._thread.join(timeout=5)

    def wait_until_empty(self, timeout_s: float) -> bool:
        with self._change:
            return self._change.wait_for(lambda: not self._waiting, timeout_s)

    def _next(self) -> _Waiting | None:
        """Wait for the first happening whose time has come; None when closed."""
        with self._change:
            while not self._closed:
                at = time.monotonic()
                due = next((item for item in self._waiting if item.not_before <= at), None)
                if due is not None:
                    return due
                first = min((item.not_before for item in self._waiting), default=None)
                self._change.wait(None if first is None else max(0.0, first - at))
        return None

    def _run(self) -> None:
        while (item := self._next()) is not None:
            rest = self._deliver(item)
            with self._change:
                self._waiting.remove(item)
                if rest is None:
                    item.path.unlink(missing_ok=True)
                else:
                    self._waiting.append(rest)
                self._change.notify_all()

    def _deliver(self, item: _Waiting) -> _Waiting | None:
        """Tell every listener; give what is to be tried again, None when nothing is."""
        deaf: list[Deliver] = []
        for listener in item.listeners:
            try:
                listener(item.document)
            except Exception:  # noqa: BLE001 - the outermost frame of the thread: logged and tried again
                _log.exception("a %s happening could not be delivered", self._folder.name)
                deaf.append(listener)
        if not deaf:
            return None
        if item.attempt >= ATTEMPTS:
            _log.error("a %s happening is given up after %d attempts", self._folder.name, ATTEMPTS)
            return None
        return _Waiting(
            path=item.path,
            document=item.document,
            listeners=tuple(deaf),
            attempt=item.attempt + 1,
            not_before=time.monotonic() + self._retry_s * item.attempt,
        )


class Happenings:
    """The bus between the services. Subscribe first, then ``start``, then ``emit``.

    Args:
        folder: where happenings wait, a folder for each kind.
        retry_s: seconds before a listener that raised is tried again; grows with each attempt.
    """

    def __init__(self, folder: Path, *, retry_s: float = RETRY_S) -> None:
        self._folder = folder
        self._retry_s = retry_s
        self._kinds: dict[str, _Kind] = {}
        # Numbers go on from the clock, so those of a later run sort behind those that an earlier one left.
        self._numbers = itertools.count(time.time_ns())

    def subscribe(self, kind: str, deliver: Deliver) -> None:
        """Have ``deliver`` called with every happening of the kind, from a thread of the kind's own.

        A ``deliver`` that raises is called again later, with growing pauses, at most ``ATTEMPTS`` times.
        """
        if not _KIND.fullmatch(kind):
            raise ValueError(f"{kind!r} is no kind of happening")
        waiting = self._kinds.setdefault(kind, _Kind(self._folder / kind, self._retry_s))
        waiting.listeners = (*waiting.listeners, deliver)

    def start(self) -> None:
        """Take up what an earlier run left, and begin to deliver."""
        for kind in self._kinds.values():
            kind.start()

    def close(self) -> None:
        """Stop delivering; what waits stays on disk."""
        for kind in self._kinds.values():
            kind.close()

    def emit(self, kind: str, document: Mapping[str, Any]) -> None:
        """Keep a happening and return; it is delivered from then on, over a restart too.

        A kind that nobody subscribed to is not kept.
        """
        waiting = self._kinds.get(kind)
        if waiting is None:
            return
        path = self._folder / kind / f"{next(self._numbers):020d}.json"
        files.write_json(path, dict(document))
        waiting.add(path, document)

    def wait_until_delivered(self, kind: str, timeout_s: float) -> bool:
        """Wait until nothing of the kind waits; False when the time ran out."""
        waiting = self._kinds.get(kind)
        return waiting is None or waiting.wait_until_empty(timeout_s)
