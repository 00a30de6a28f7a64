"""Polling queues for functions: one thread for each enabled mapping, and a few for the calls of each.

A message is received with the queue's visibility timeout, and deleted when the call that got it succeeded.
Whatever failed comes back by itself when that time is over, until the queue's own redrive policy takes it
away; a crash of the sandbox is no different. Source:
docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html.
"""

import json
import logging
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from moto.sqs.exceptions import QueueDoesNotExist, ReceiptHandleIsInvalid
from moto.sqs.models import sqs_backends

from sandbox.aws.errors import AwsError
from sandbox.aws.events.pattern import matches
from sandbox.aws.events.records import failed_of, filterable, record_of
from sandbox.aws.functions import mappings
from sandbox.aws.functions.invoking import MAX_SYNC_BYTES, Invoker
from sandbox.aws.functions.model import Account, Target

LOOK_S = 0.05
WAIT_S = 0.5
# Source: docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html: it starts with five concurrent
# batches.
CONCURRENT = 5
_MARGIN_BYTES = 64 * 1024
_log = logging.getLogger(__name__)


class Polling:
    """All mappings of the account. `start` begins, `close` ends; running calls are not waited for."""

    def __init__(self, account: Account, invoker: Invoker) -> None:
        self._account = account
        self.invoker = invoker
        self.stopping = threading.Event()
        self._pollers: dict[str, threading.Thread] = {}
        self._watch = threading.Thread(target=self._look, name="mappings", daemon=True)

    def start(self) -> None:
        self._watch.start()

    def close(self) -> None:
        self.stopping.set()
        self._watch.join()
        for poller in self._pollers.values():
            poller.join()

    def _look(self) -> None:
        """Give each enabled mapping its thread; threads of others end by themselves."""
        while not self.stopping.wait(LOOK_S):
            with self._account.lock:
                # A copy: to look at a mapping whose deletion is due takes it out.
                enabled = [one for one in list(self._account.stored.mappings) if self.enabled(one)]
            for identifier in enabled:
                poller = self._pollers.get(identifier)
                if poller is None or not poller.is_alive():
                    poller = threading.Thread(
                        target=_Poller(self, identifier).run, name=f"poll-{identifier[:8]}", daemon=True
                    )
                    self._pollers[identifier] = poller
                    poller.start()
            for gone in set(self._pollers) - set(enabled):
                if not self._pollers[gone].is_alive():
                    del self._pollers[gone]

    def enabled(self, identifier: str) -> dict[str, Any] | None:
        """Give a mapping while it may be polled for, which it may during an update too."""
        if self.stopping.is_set():
            return None
        with self._account.lock:
            try:
                mapping = mappings.get_event_source_mapping(self._account, {"UUID": identifier})
            except AwsError:
                return None
            then = self._account.stored.mappings[identifier].get("_then")
        is_enabled = mapping["State"] == "Enabled" or (mapping["State"], then) == ("Updating", "Enabled")
        return mapping if is_enabled else None

    def target_of(self, mapping: dict[str, Any]) -> Target | None:
        """Give what a mapping invokes; None when that is gone."""
        with self._account.lock:
            try:
                return self._account.find(mapping["FunctionArn"])
            except AwsError:
                return None

    def noted(self, identifier: str, result: str) -> None:
        """Note the result of the last batch."""
        with self._account.lock:
            if identifier in self._account.stored.mappings:
                self._account.stored.mappings[identifier]["LastProcessingResult"] = result


class _Poller:
    """The thread of one mapping."""

    def __init__(self, polling: Polling, identifier: str) -> None:
        self._polling = polling
        self._identifier = identifier
        self._running = 0
        self._free = threading.Condition()

    def run(self) -> None:
        threads = ThreadPoolExecutor(CONCURRENT, thread_name_prefix=f"batch-{self._identifier[:8]}")
        while (mapping := self._polling.enabled(self._identifier)) is not None:
            try:
                self._turn(mapping, threads)
            except QueueDoesNotExist:
                self._polling.noted(self._identifier, "PROBLEM: The specified queue does not exist.")
                self._polling.stopping.wait(WAIT_S)
            except Exception:  # noqa: BLE001 - the outermost loop of a thread
                _log.exception("the mapping %s failed in the sandbox", self._identifier)
                self._polling.stopping.wait(WAIT_S)
        threads.shutdown(wait=False)

    def _turn(self, mapping: dict[str, Any], threads: ThreadPoolExecutor) -> None:
        """1. Wait for a free place. 2. Gather a batch. 3. Hand it to a thread."""
        most = min(CONCURRENT, mapping.get("ScalingConfig", {}).get("MaximumConcurrency", CONCURRENT))
        with self._free:
            if not self._free.wait_for(lambda: self._running < most, WAIT_S):
                return
        if self._polling.target_of(mapping) is None:
            self._polling.noted(self._identifier, "PROBLEM: Function not found")
            self._polling.stopping.wait(WAIT_S)
            return
        for batch in _parted(self._gather(mapping)):
            with self._free:
                self._running += 1
            threads.submit(self._carry_out, mapping, batch)

    def _gather(self, mapping: dict[str, Any]) -> list[Any]:
        """Receive up to BatchSize messages, waiting for more until the batching window is over."""
        backend, name = _queue(mapping)
        size, window = mapping["BatchSize"], mapping["MaximumBatchingWindowInSeconds"]
        gathered: dict[str, Any] = {}  # by id: one may come back before the window is over
        end = None
        while len(gathered) < size:
            wait = WAIT_S if end is None else min(WAIT_S, end - time.monotonic())
            if end is not None and wait <= 0:
                break
            visibility = int(backend.get_queue(name).visibility_timeout)
            found = backend.receive_message(
                name,
                size - len(gathered),
                wait,
                visibility,
                ["All"],
                wanted=lambda: self._polling.enabled(self._identifier) is not None,
            )
            if found and end is None:
                end = time.monotonic() + window
            gathered |= {message.id: message for message in found}
            if not gathered or self._polling.stopping.is_set():
                break
        return list(gathered.values())

    def _carry_out(self, mapping: dict[str, Any], batch: list[Any]) -> None:
        try:
            self._invoke(mapping, batch)
        except Exception:  # noqa: BLE001 - the outermost loop of a thread; the messages come back
            _log.exception("a batch of the mapping %s failed in the sandbox", self._identifier)
        finally:
            with self._free:
                self._running -= 1
                self._free.notify()

    def _invoke(self, mapping: dict[str, Any], batch: list[Any]) -> None:
        """1. Drop what the filters leave out. 2. Invoke. 3. Delete what was dealt with."""
        patterns = [one["Pattern"] for one in mapping.get("FilterCriteria", {}).get("Filters", [])]
        records = {m.id: record_of(m, mapping["EventSourceArn"]) for m in batch}
        if patterns:
            wanted = {i for i, r in records.items() if any(matches(p, filterable(r)) for p in patterns)}
            self._delete(mapping, [m for m in batch if m.id not in wanted])
            batch = [m for m in batch if m.id in wanted]
        target = self._polling.target_of(mapping)
        if not batch or target is None:
            return
        event = {"Records": [records[m.id] for m in batch]}
        try:
            ran = self._polling.invoker.run(target, json.dumps(event).encode(), str(uuid.uuid4()))
        except AwsError as exc:
            self._polling.noted(self._identifier, f"PROBLEM: Function call failed: {exc.code}")
            return
        if ran.execution.outcome != "ok":
            self._polling.noted(self._identifier, "PROBLEM: Function call failed")
            return
        reports = "ReportBatchItemFailures" in mapping["FunctionResponseTypes"]
        failed = failed_of(ran.answer, [m.id for m in batch], reports=reports)
        self._polling.noted(self._identifier, "OK")
        self._delete(mapping, [m for m in batch if m.id not in failed])

    def _delete(self, mapping: dict[str, Any], messages: list[Any]) -> None:
        backend, name = _queue(mapping)
        for message in messages:
            try:
                backend.delete_message(name, message.receipt_handle)
            except (QueueDoesNotExist, ReceiptHandleIsInvalid):
                _log.info("a message of %s was gone before it was deleted", name)


def _queue(mapping: dict[str, Any]) -> tuple[Any, str]:
    region, owner, name = mapping["EventSourceArn"].split(":")[3:6]
    return sqs_backends[owner][region], name


def _parted(messages: list[Any]) -> Iterator[list[Any]]:
    """Part a batch so that no event is larger than a function may get."""
    part: list[Any] = []
    size = 0
    for message in messages:
        # Bodies are escaped inside the event's JSON.
        length = len(json.dumps(message.body)) + 2048
        if part and size + length > MAX_SYNC_BYTES - _MARGIN_BYTES:
            yield part
            part, size = [], 0
        part.append(message)
        size += length
    if part:
        yield part
