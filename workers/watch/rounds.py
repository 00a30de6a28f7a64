"""Rounds: work that repeats until it is told to stop, and outlives its own failures."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from django.db import connection

from cutover.errors import CutoverError

logger = logging.getLogger(__name__)
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 10.0


@dataclass(kw_only=True, slots=True)
class Troubles:
    """What could not be done at the last round of each kind, as sentences. Safe for threads."""

    _sentences: dict[str, str] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def put(self, name: str, sentence: str) -> None:
        """Say what round ``name`` could not do; empty: all is well."""
        with self._lock:
            if sentence:
                self._sentences[name] = sentence
            else:
                self._sentences.pop(name, None)

    def sentence(self) -> str:
        """Give all of it in one line, empty when all is well."""
        with self._lock:
            return " ".join(f"{name}: {text}" for name, text in sorted(self._sentences.items()))


def repeat(
    name: str, work: Callable[[], object], *, period_s: float, stop: threading.Event, troubles: Troubles
) -> None:
    """Do ``work`` every ``period_s`` until ``stop``; after a failure wait longer and longer, then go on.

    This is the outermost loop: whatever goes wrong is logged, shown through the heartbeat, and tried again
    on a new database connection.
    """
    pause_s = _FIRST_PAUSE_S
    try:
        while not stop.is_set():
            try:
                work()
            except Exception as exc:  # noqa: BLE001 - the outermost loop of a process that must go on
                _record(name, exc, troubles)
                connection.close()
                stop.wait(pause_s)
                pause_s = min(_LONGEST_PAUSE_S, pause_s * 2)
            else:
                troubles.put(name, "")
                pause_s = _FIRST_PAUSE_S
                stop.wait(period_s)
    finally:
        connection.close()


def _record(name: str, exc: Exception, troubles: Troubles) -> None:
    if isinstance(exc, CutoverError):
        logger.warning("%s: %s", name, exc)
        troubles.put(name, str(exc))
    else:
        logger.error("The round '%s' failed and is tried again.", name, exc_info=exc)
        troubles.put(name, f"{type(exc).__name__}; the log says more.")
