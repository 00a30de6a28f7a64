"""eventbridge triggers with an MNS queue as source: a thread for each takes messages and hands them on.

In event-streaming mode a function gets a JSON array of CloudEvents, gathered by number and time; in
event-driven mode one CloudEvent. A message leaves the queue only after the function did well, or after it was
given up: by then it is in the dead-letter queue if there is one. With errorsTolerance NONE none is given up.
The pauses between retries are the sandbox's own, not EventBridge's 10 to 20 seconds.
Source: Alibaba Cloud, "MNS queue trigger" and "Retry policies and dead-letter queues", read 2026-11-22.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from sandbox.alibaba.fc.deferred import Deferred
from sandbox.alibaba.fc.invocations import Invocations, draw_request_id
from sandbox.alibaba.fc.registry import Registry
from sandbox.alibaba.mns.queues import BATCH_LIMIT, VISIBILITY_LIMIT_S, Message, Queues
from sandbox.alibaba.triggers import events
from sandbox.alibaba.triggers.configs import EventBridgeConfig, Kind, queue_of
from sandbox.alibaba.triggers.listening import BACKOFF_RETRIES, DECAY_RETRIES
from sandbox.alibaba.triggers.store import Bound, Triggers
from sandbox.alibaba.wire import Refused

POLL_S = 1.0
MARGIN_S = 30
_log = logging.getLogger(__name__)


class Bridge:
    """Keeps a pump running for each enabled trigger."""

    def __init__(
        self,
        *,
        triggers: Triggers,
        registry: Registry,
        queues: Queues,
        invocations: Invocations,
        deferred: Deferred,
        account_id: str,
        region: str,
        retry_s: float,
    ) -> None:
        self._triggers = triggers
        self._registry = registry
        self._queues = queues
        self._invocations = invocations
        self._deferred = deferred
        self._account_id = account_id
        self._region = region
        self._retry_s = retry_s
        self._lock = threading.Lock()
        self._pumps: dict[str, _Pump] = {}
        self._started = False

    def start(self) -> None:
        """Start pumping."""
        self._started = True
        self.changed()

    def close(self) -> None:
        """Stop all pumps; messages that one holds come again when their visibility time is over."""
        with self._lock:
            self._started = False
            pumps, self._pumps = list(self._pumps.values()), {}
        for pump in pumps:
            pump.stop()
        for pump in pumps:
            pump.join()

    def changed(self) -> None:
        """Start, restart and stop pumps so that they fit the triggers."""
        with self._lock:
            if not self._started:
                return
            wanted = {
                trigger.id: trigger
                for trigger in self._triggers.bound(Kind.EVENTBRIDGE)
                if isinstance(trigger.config, EventBridgeConfig) and trigger.config.enabled
            }
            for trigger_id, pump in list(self._pumps.items()):
                if wanted.get(trigger_id) != pump.trigger:
                    pump.stop()
                    del self._pumps[trigger_id]
            for trigger_id, trigger in wanted.items():
                if trigger_id not in self._pumps:
                    self._pumps[trigger_id] = self._pump(trigger)

    def _pump(self, trigger: Bound) -> _Pump:
        config = trigger.config
        assert isinstance(config, EventBridgeConfig)
        pump = _Pump(
            trigger=trigger,
            config=config,
            queues=self._queues,
            invoke=lambda payload: self._invoke(trigger, config, payload),
            shape=lambda messages: self._shape(trigger, config, messages),
            timeout_s=lambda: self._timeout(trigger),
            retry_s=self._retry_s,
        )
        pump.start()
        return pump

    def _timeout(self, trigger: Bound) -> float:
        try:
            return float(self._registry.find(trigger.function)["config"]["timeout"])
        except Refused:
            return 60.0

    def _invoke(self, trigger: Bound, config: EventBridgeConfig, payload: bytes) -> str | None:
        """Hand an event to the function; give why it failed, None when it did well. Raises Refused."""
        if config.asynchronous:
            self._deferred.accept(trigger.function, trigger.qualifier, payload)
            return None
        outcome = self._invocations.run(
            trigger.function, trigger.qualifier, payload, request_id=draw_request_id()
        )
        return outcome.error_type

    def _shape(self, trigger: Bound, config: EventBridgeConfig, messages: Sequence[Message]) -> bytes:
        shaped: list[Any] = [
            events.queue_event(
                body=message.body,
                message_id=message.id,
                queue=config.queue,
                trigger=trigger.name,
                decode=config.base64,
                account_id=self._account_id,
                region=self._region,
            )
            for message in messages
        ]
        if config.raw:
            shaped = [event["data"] for event in shaped]
        return events.as_payload(shaped if config.streaming else shaped[0])


class _Pump:
    """The thread of one trigger."""

    def __init__(
        self,
        *,
        trigger: Bound,
        config: EventBridgeConfig,
        queues: Queues,
        invoke: Callable[[bytes], str | None],
        shape: Callable[[Sequence[Message]], bytes],
        timeout_s: Callable[[], float],
        retry_s: float,
    ) -> None:
        self.trigger = trigger
        self._config = config
        self._queues = queues
        self._invoke = invoke
        self._shape = shape
        self._timeout_s = timeout_s
        self._retry_s = retry_s
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"bridge-{trigger.name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()

    def join(self) -> None:
        self._thread.join(timeout=POLL_S + 2)

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                messages = self._gather()
                if messages:
                    self._carry_through(messages)
            except Refused as refusal:  # The queue is gone; it may come back.
                _log.info("trigger %s waits: %s", self.trigger.name, refusal.message)
                self._stopped.wait(POLL_S)
            except Exception:  # noqa: BLE001 - the outermost frame of the thread: logged, and pumping goes on
                _log.exception("trigger %s of %s failed", self.trigger.name, self.trigger.function)
                self._stopped.wait(POLL_S)

    def _gather(self) -> list[Message]:
        """Take messages until the window is full by number or by time."""
        most = self._config.batch if self._config.streaming else 1
        hide = min(VISIBILITY_LIMIT_S, int(self._timeout_s() + self._config.window_s) + MARGIN_S)
        taken = self._take(most, POLL_S, hide)
        end = time.monotonic() + self._config.window_s
        while taken and len(taken) < most and not self._stopped.is_set():
            left = end - time.monotonic()
            more = self._take(most - len(taken), max(0.0, min(left, POLL_S)), hide)
            taken += more
            if not more and left <= 0:
                break
        return taken

    def _take(self, count: int, wait_s: float, hide_s: int) -> list[Message]:
        return list(
            self._queues.receive(
                self._config.queue, count=min(count, BATCH_LIMIT), wait_s=wait_s, visibility_s=hide_s
            )
        )

    def _carry_through(self, messages: list[Message]) -> None:
        """Hand messages on until it worked or they are given up; then take them out of the queue."""
        payload = self._shape(messages)
        retries = DECAY_RETRIES if self._config.many_retries else BACKOFF_RETRIES
        attempt = 0
        while not self._stopped.is_set():
            failure = self._attempt(payload)
            if failure is None:
                break
            if attempt >= retries and self._config.tolerant:
                _log.info("trigger %s gives up %d messages: %s", self.trigger.name, len(messages), failure)
                self._bury(messages)
                break
            attempt += 1
            self._stopped.wait(min(self._retry_s * attempt, 20))
            messages = self._hold(messages)
        else:
            return
        self._queues.delete_batch(self._config.queue, [message.receipt for message in messages])

    def _attempt(self, payload: bytes) -> str | None:
        try:
            return self._invoke(payload)
        except Refused as refusal:
            return refusal.code
        except OSError as exc:
            return str(exc)

    def _hold(self, messages: list[Message]) -> list[Message]:
        """Keep messages hidden for one more attempt; one that came back meanwhile keeps its receipt."""
        hide = min(VISIBILITY_LIMIT_S, int(self._timeout_s()) + MARGIN_S)
        held: list[Message] = []
        for message in messages:
            try:
                held.append(self._queues.change_visibility(self._config.queue, message.receipt, hide))
            except Refused:
                held.append(message)
        return held

    def _bury(self, messages: Sequence[Message]) -> None:
        queue = queue_of(self._config.dead_letters)
        if not queue:
            return
        for message in messages:
            self._queues.send(queue, message.body)
