"""Triggers that fire by the clock: timers, and log triggers that look at their logstore at intervals.

Source: Alibaba Cloud, "Timer trigger" and "Log trigger", read 2026-11-22. That both invoke asynchronously is
from memory.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path

from sandbox.alibaba import clock
from sandbox.alibaba.fc.deferred import Deferred, Event
from sandbox.alibaba.sls.reading import cursor_text
from sandbox.alibaba.triggers.configs import Kind, LogConfig, TimerConfig
from sandbox.alibaba.triggers.events import log_event, timer_event
from sandbox.alibaba.triggers.store import Bound, Triggers
from sandbox.alibaba.triggers.ticking import Positions, tick_id
from sandbox.alibaba.wire import Refused

# Ticks that were missed while the sandbox was down are made up for so far back, older ones are skipped.
CATCH_UP_S = 300.0
CursorAt = Callable[[str, str, int | None], int]
_log = logging.getLogger(__name__)


class Clockwork:
    """One thread that fires timers and log triggers when they are due.

    cursor: gives the cursor of the end of a logstore, or that of a unix time.
    """

    def __init__(
        self, *, folder: Path, triggers: Triggers, deferred: Deferred, cursor: CursorAt, log_endpoint: str
    ) -> None:
        self._triggers = triggers
        self._deferred = deferred
        self._cursor = cursor
        self._log_endpoint = log_endpoint
        self._timers = Positions(folder / "timers")
        self._logs = Positions(folder / "logs")
        self._change = threading.Condition()
        self._changes = 0
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="fc-clockwork", daemon=True)

    def start(self) -> None:
        """Make up for ticks of which a kill left the event without the position, then go on by the clock."""
        self._fire_due()
        self._thread.start()

    def close(self) -> None:
        """Stop firing."""
        with self._change:
            self._closed = True
            self._change.notify_all()
        if self._thread.is_alive():
            self._thread.join(timeout=5)

    def changed(self) -> None:
        """Look at the triggers anew: one was made, changed or deleted."""
        with self._change:
            self._changes += 1
            self._change.notify_all()

    def _run(self) -> None:
        while True:
            with self._change:
                seen = self._changes
            due = self._fire_due()
            with self._change:
                if self._changes == seen and not self._closed:
                    self._change.wait(None if due is None else max(0.0, due - clock.now()))
                if self._closed:
                    return

    def _fire_due(self) -> float | None:
        """Fire everything that is due; give the time of what comes next, None when there is nothing."""
        coming: list[float] = []
        for kind, positions, fire in (
            (Kind.TIMER, self._timers, self._fire_timer),
            (Kind.LOG, self._logs, self._fire_log),
        ):
            found = list(self._triggers.bound(kind))
            positions.keep_only({trigger.id for trigger in found})
            for trigger in found:
                try:
                    due = fire(trigger)
                except Exception:  # noqa: BLE001 - the outermost frame of one trigger: the others must go on
                    _log.exception("trigger %s of %s could not fire", trigger.name, trigger.function)
                    due = clock.now() + 1
                if due is not None:
                    coming.append(due)
        return min(coming, default=None)

    def _fire_timer(self, trigger: Bound) -> float | None:
        config = trigger.config
        if not isinstance(config, TimerConfig) or not config.enabled:
            return None
        last = float(self._timers.of(trigger, {"last": trigger.since})["last"])
        last = config.schedule.skipped_to(last, clock.now() - CATCH_UP_S)
        while (due := config.schedule.after(last)) is not None and due <= clock.now():
            payload = timer_event(at=due, trigger=trigger.name, payload=config.payload)
            event = self._prepared(trigger, payload, at=due, what=f"{due:.3f}")
            self._timers.move(trigger, {"last": due})
            if event is not None:
                self._deferred.release(event)
            last = due
        return due

    def _prepared(
        self, trigger: Bound, payload: bytes, *, at: float, what: str, retries: int | None = None
    ) -> Event | None:
        try:
            return self._deferred.prepare(
                trigger.function,
                trigger.qualifier,
                payload,
                request_id=tick_id(trigger, at, what),
                retries=retries,
            )
        except Refused as refusal:
            _log.warning("trigger %s of %s: %s", trigger.name, trigger.function, refusal.message)
            return None

    def _fire_log(self, trigger: Bound) -> float | None:
        config = trigger.config
        if not isinstance(config, LogConfig) or not config.enabled:
            return None
        project, at = trigger.source, clock.now()
        try:
            end = self._cursor(project, config.logstore, None)
            position = self._logs.of(trigger, {"last": trigger.since, "cursor": None})
            begin = position["cursor"]
            if begin is None:
                begin = self._cursor(project, config.logstore, config.start or int(trigger.since))
                position = self._logs.move(trigger, {"last": trigger.since, "cursor": begin})
        except Refused:
            return at + config.interval_s  # The logstore is gone; it may come back.
        due = float(position["last"]) + config.interval_s
        if due > at:
            return due
        event = None
        if end > begin:
            payload = log_event(
                parameter=config.parameter,
                endpoint=self._log_endpoint,
                project=project,
                logstore=config.logstore,
                cursors=(cursor_text(begin), cursor_text(end)),
                job=trigger.id.replace("-", ""),
                task=tick_id(trigger, at, f"{begin}-{end}")[11:],
                at=at,
            )
            event = self._prepared(
                trigger, payload, at=trigger.since, what=f"{begin}", retries=config.retries
            )
        self._logs.move(trigger, {"last": at, "cursor": end})
        if event is not None:
            self._deferred.release(event)
        return at + config.interval_s
