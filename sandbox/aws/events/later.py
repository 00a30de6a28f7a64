"""Work that is due at a time: one thread and a heap, whatever the number of things that wait."""

import heapq
import itertools
import threading
import time
from collections.abc import Callable


class Later:
    """Calls each function at its time, in a thread of its own; the functions must be short."""

    def __init__(self, name: str) -> None:
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._changed = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def at(self, when: float, act: Callable[[], None]) -> None:
        """Plan a call. when: unix seconds."""
        with self._changed:
            heapq.heappush(self._due, (when, next(self._order), act))
            self._changed.notify()

    def close(self) -> None:
        """Stop; what is still planned does not happen."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        while True:
            with self._changed:
                if self._stopping:
                    return
                wait = self._due[0][0] - time.time() if self._due else None
                if wait is None or wait > 0:
                    self._changed.wait(wait)
                    continue
                act = heapq.heappop(self._due)[2]
            act()
