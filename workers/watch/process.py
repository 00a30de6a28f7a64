"""The process: one thread per round, a heartbeat, and a clean stop."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from functools import partial

from django.utils import timezone

from migrations_app.models import Connection
from migrations_app.services import bell, heartbeats, live, results, slots
from workers import engine
from workers.watch import queues, reconcile, traffic
from workers.watch.rounds import Troubles, repeat

logger = logging.getLogger(__name__)
NAME = "watch"
ROLLBACKS_EVERY_S = 0.25
TRAFFIC_EVERY_S = 1.0
RECONCILE_EVERY_S = 10.0
PRUNE_EVERY_S = 60.0
SIGNS_EVERY_S = 0.5
GATHER_S = 0.05
_STOP_LIMIT_S = 3.0


class Watch:
    """Runs all rounds until ``stop`` is called."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._troubles = Troubles()
        self._changed: set[int] = set()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._queues: dict[int, threading.Thread] = {}
        self._beaten_at = 0.0

    def run(self) -> None:
        """Work until told to stop; give running rounds a moment to end."""
        self._start("rollbacks", self._rollbacks, ROLLBACKS_EVERY_S)
        self._start("traffic", lambda: self._note(traffic.consider_all()), TRAFFIC_EVERY_S)
        self._start("reconcile", lambda: self._note(reconcile.reconcile()), RECONCILE_EVERY_S)
        self._start("prune", _keep_house, PRUNE_EVERY_S)
        self._start("signs", self._signs, SIGNS_EVERY_S)
        repeat("queues", self._open_queues, period_s=1.0, stop=self._stop, troubles=self._troubles)
        until = time.monotonic() + _STOP_LIMIT_S
        for thread in (*self._threads, *self._queues.values()):
            thread.join(max(0.0, until - time.monotonic()))

    def stop(self) -> None:
        """Tell every round to end. Safe to call from a signal."""
        self._stop.set()

    def _start(self, name: str, work: Callable[[], object], period_s: float) -> threading.Thread:
        thread = threading.Thread(
            target=partial(repeat, name, work, period_s=period_s, stop=self._stop, troubles=self._troubles),
            name=f"watch-{name}",
            # A long poll in flight must not keep the process: what it brings is not deleted, so not lost.
            daemon=True,
        )
        thread.start()
        self._threads.append(thread)
        return thread

    def _open_queues(self) -> None:
        """Start a thread for each queue that has none yet; a thread without a queue polls nothing."""
        for key in Connection.objects.exclude(queue_url="").values_list("pk", flat=True):
            if key not in self._queues:
                self._queues[key] = self._start(f"queue-{key}", partial(self._consume, key), GATHER_S)
                logger.info("Polling the observation queue of connection %d.", key)

    def _consume(self, key: int) -> None:
        self._note(queues.consume(key))

    def _rollbacks(self) -> None:
        while not self._stop.is_set() and engine.run_due("rollback", owner=NAME):
            pass

    def _note(self, changed: Iterable[int]) -> None:
        with self._lock:
            self._changed.update(changed)

    def _signs(self) -> None:
        """Tell pages what changed, and once a second that this process works."""
        with self._lock:
            changed, self._changed = self._changed, set()
        if changed:
            bell.tell(*(f"fn-{key}" for key in sorted(changed)))
        if time.monotonic() - self._beaten_at >= 1.0:
            heartbeats.beat(NAME, trouble=self._troubles.sentence())
            self._beaten_at = time.monotonic()


def _keep_house() -> None:
    """Make the days ahead ready for pairs and live events, and drop what is older than is kept."""
    now = timezone.now()
    today = now.date()
    results.ensure_days(today)
    live.ensure_days(today)
    results.drop_days(today)
    live.drop_days(today)
    slots.prune(now)
