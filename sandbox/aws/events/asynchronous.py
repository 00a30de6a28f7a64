"""Asynchronous invocations: a durable queue in front of functions.

An event is on disk before it is acknowledged. It is tried until the function answers without an error, twice
more at most by default; throttles and failures of the platform are tried again for as long as the event's age
allows. What gave up goes to the failure destination and to the dead-letter queue.

Sources: docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html and
invocation-async-retain-records.html, read 2026-11-22. Which version an alias stands for is drawn when the
event is accepted, and its retries stay on it: AWS does not say; an emulator that is close to it does so.
"""

import json
import logging
import threading
import time
import uuid
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sandbox.aws.durable.pickles import dumps, loads
from sandbox.aws.durable.store import Store
from sandbox.aws.errors import AwsError
from sandbox.aws.events.destinations import Destinations, Undeliverable
from sandbox.aws.events.later import Later
from sandbox.aws.functions.invoking import Invoker, Ran
from sandbox.aws.functions.model import LATEST, Account, Target, Version

MAX_RETRIES = 2
MAX_AGE_S = 21_600
_THREADS = 16
_MOST_WAIT_S = 300.0
_ERROR_MESSAGE_BYTES = 1024
_PUT = "INSERT INTO events (id, value) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET value = excluded.value"
_DROP = "DELETE FROM events WHERE id = ?"
_log = logging.getLogger(__name__)


class Condition(StrEnum):
    """Why a record was written, in AWS's words."""

    SUCCESS = "Success"
    RETRIES_EXHAUSTED = "RetriesExhausted"
    EVENT_AGE_EXCEEDED = "EventAgeExceeded"


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """An event that was acknowledged and has not been dealt with.

    version: the one drawn for it, or $LATEST. accepted_at, due_at: unix seconds. attempts: calls that ran.
    throttled: how often it could not run.
    """

    request_id: str
    function: str
    qualifier: str
    version: str
    payload: bytes
    source: str
    accepted_at: float
    due_at: float
    attempts: int = 0
    throttled: int = 0


class AsyncInvocations:
    """The queue. retry_s: wait before the first retry of a function's error, doubled for the second (AWS: one
    and two minutes); throttled events wait from a quarter of it on, doubled each time up to five minutes."""

    def __init__(
        self, *, account: Account, invoker: Invoker, store: Store, destinations: Destinations, retry_s: float
    ) -> None:
        self._account = account
        self._invoker = invoker
        self._store = store
        self._destinations = destinations
        self._retry_s = retry_s
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="lambda-async")
        self._later = Later("lambda-async-later")
        self._stopping = threading.Event()

    def submit(
        self, function: str, qualifier: str, payload: bytes, *, source: str, request_id: str | None = None
    ) -> str:
        """Accept an event and give its request id; it is on disk then. Raises AwsError 404 for an absent
        function.

        qualifier: "" for the bare function. source: what sent it, for the log.
        """
        with self._account.lock:
            target = self._account.find(function, qualifier or None)
            version = self._invoker.drawn(target) if target.alias is not None else target.version
        now = time.time()
        event = Event(
            request_id=request_id or str(uuid.uuid4()),
            function=target.function.name,
            qualifier=target.qualifier,
            version=version.number,
            payload=payload,
            source=source,
            accepted_at=now,
            due_at=now,
        )
        self._store.write(_PUT, event.request_id, dumps(event))
        self._invoker.count(target, version, {"AsyncEventsReceived": 1})
        self._plan(event)
        return event.request_id

    def resume(self) -> None:
        """Take up the events that an earlier run left."""
        for (value,) in self._store.rows("SELECT value FROM events ORDER BY number"):
            self._plan(loads(value))

    def close(self) -> None:
        """Stop; events not dealt with stay on disk."""
        self._stopping.set()
        self._later.close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _plan(self, event: Event) -> None:
        if event.due_at <= time.time():
            self._start(event)
        else:
            self._later.at(event.due_at, lambda: self._start(event))

    def _start(self, event: Event) -> None:
        if not self._stopping.is_set():
            self._threads.submit(self._carry_out, event)

    def _carry_out(self, event: Event) -> None:
        try:
            self._deliver(event)
        except Exception:  # noqa: BLE001 - the outermost loop of a thread; the event stays on disk
            _log.exception("the event %s of %s failed in the sandbox", event.request_id, event.function)
            if not self._stopping.is_set():
                self._again(event, throttled=True)

    def _deliver(self, event: Event) -> None:
        """1. Resolve the function. 2. Give up what is too old. 3. Run it. 4. Retry, or tell the
        destinations."""
        if self._stopping.is_set():
            return
        try:
            target, version, kept = self._resolve(event)
        except AwsError:
            # The function, the alias or the version was deleted: nobody is left to run it for.
            self._store.write(_DROP, event.request_id)
            return
        age = time.time() - event.accepted_at
        self._invoker.count(target, version, {"AsyncEventAge": age * 1000})
        if age > kept.get("MaximumEventAgeInSeconds", MAX_AGE_S):
            self._finish(event, target, version, kept, Condition.EVENT_AGE_EXCEEDED, None)
            return
        retries = kept.get("MaximumRetryAttempts", MAX_RETRIES)
        try:
            ran = self._invoker.run(target, event.payload, event.request_id, drawn=version)
        except AwsError as exc:
            if self._stopping.is_set():
                return
            if target.function.reserved == 0:
                # Source: the developer guide: with a reserved concurrency of 0 events go to the dead-letter
                # queue or the failure destination "without any retries".
                self._finish(event, target, version, kept, Condition.RETRIES_EXHAUSTED, None)
            elif exc.status == 429 or exc.status >= 500:
                self._again(event, throttled=True)
            else:
                self._finish(event, target, version, kept, Condition.RETRIES_EXHAUSTED, None)
            return
        if self._stopping.is_set():
            return
        tried = replace(event, attempts=event.attempts + 1)
        if ran.execution.outcome == "ok":
            self._finish(tried, target, version, kept, Condition.SUCCESS, ran)
        elif tried.attempts > retries:
            self._finish(tried, target, version, kept, Condition.RETRIES_EXHAUSTED, ran)
        else:
            self._again(tried, throttled=False)

    def _resolve(self, event: Event) -> tuple[Target, Version, Mapping[str, Any]]:
        with self._account.lock:
            target = self._account.find(event.function, event.qualifier or None)
            if event.version == LATEST:
                version = target.function.running_latest()
            elif event.version in target.function.versions:
                version = target.function.versions[event.version]
            else:
                raise AwsError(404, "ResourceNotFoundException", "The version is gone.")
            return target, version, dict(target.function.event_invoke.get(event.qualifier or LATEST, {}))

    def _again(self, event: Event, *, throttled: bool) -> None:
        if throttled:
            wait = min(self._retry_s / 4 * 2 ** min(event.throttled, 12), _MOST_WAIT_S)
            event = replace(event, throttled=event.throttled + 1)
        else:
            wait = self._retry_s * 2 ** (event.attempts - 1)
        event = replace(event, due_at=time.time() + wait)
        self._store.write(_PUT, event.request_id, dumps(event))
        self._plan(event)

    def _finish(
        self,
        event: Event,
        target: Target,
        version: Version,
        kept: Mapping[str, Any],
        condition: Condition,
        ran: Ran | None,
    ) -> None:
        """Tell the destination and the dead-letter queue, then forget the event."""
        failed = condition is not Condition.SUCCESS
        place = kept.get("DestinationConfig", {}).get("OnFailure" if failed else "OnSuccess", {})
        wanted = [(place["Destination"], False)] if place.get("Destination") else []
        dead_letter = version.config.get("DeadLetterConfig", {}).get("TargetArn")
        if failed and dead_letter:
            wanted.append((dead_letter, True))
        for arn, is_dead_letter in wanted:
            try:
                if is_dead_letter:
                    self._bury(arn, event, ran)
                else:
                    self._tell(arn, event, target, version, condition, ran)
            except (Undeliverable, AwsError) as exc:
                name = "DeadLetterErrors" if is_dead_letter else "DestinationDeliveryFailures"
                self._invoker.count(target, version, {name: 1})
                _log.warning("the event %s could not be passed on: %s", event.request_id, exc)
        if failed and not wanted:
            self._invoker.count(target, version, {"AsyncEventsDropped": 1})
        self._store.write(_DROP, event.request_id)

    def _bury(self, arn: str, event: Event, ran: Ran | None) -> None:
        message = _error_message(ran) if ran is not None else "Rate Exceeded."
        attributes = {
            "RequestID": event.request_id,
            "ErrorCode": "200" if ran is not None else "429",
            "ErrorMessage": message.encode()[:_ERROR_MESSAGE_BYTES].decode("utf-8", "ignore"),
        }
        text = event.payload.decode("utf-8", "replace")
        self._destinations.send(arn, text, source="DeadLetter", attributes=attributes)

    def _tell(
        self, arn: str, event: Event, target: Target, version: Version, condition: Condition, ran: Ran | None
    ) -> None:
        record = _record(event, target, version, condition, ran)
        if arn.split(":")[2] == "events":
            outcome = "Success" if condition is Condition.SUCCESS else "Failure"
            self._destinations.put_event(
                arn,
                kind=f"Lambda Function Invocation Result - {outcome}",
                resources=[arn, record["requestContext"]["functionArn"]],
                detail=record,
            )
            return
        self._destinations.send(arn, json.dumps(record), source="Destination")


def _record(
    event: Event, target: Target, version: Version, condition: Condition, ran: Ran | None
) -> dict[str, Any]:
    """Give the invocation record. Source: invocation-async-retain-records.html."""
    stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    record: dict[str, Any] = {
        "version": "1.0",
        "timestamp": stamp,
        "requestContext": {
            "requestId": event.request_id,
            "functionArn": f"{target.function.arn}:{target.qualifier or LATEST}",
            "condition": condition,
            "approximateInvokeCount": event.attempts,
        },
        "requestPayload": _document(event.payload),
    }
    if ran is not None:
        answered: dict[str, Any] = {"statusCode": 200, "executedVersion": version.number}
        if ran.execution.outcome != "ok":
            answered["functionError"] = "Unhandled"
        record |= {"responseContext": answered, "responsePayload": _document(ran.answer)}
    return record


def _document(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        return raw.decode("utf-8", "replace")


def _error_message(ran: Ran) -> str:
    answer = _document(ran.answer)
    return str(answer.get("errorMessage", "")) if isinstance(answer, dict) else ""
