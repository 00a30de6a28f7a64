"""One round of one observation queue: receive, record, judge, act, delete."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence

from django.utils import timezone

from cutover.analysis import Result
from cutover.errors import BadInput
from cutover.ports import ObservationQueue, QueueMessage
from migrations_app.models import Connection
from migrations_app.services import live
from migrations_app.services.live import Judged, Report
from workers import wiring
from workers.watch import way_back
from workers.watch.reports import read_report

logger = logging.getLogger(__name__)
POLL_S = 10
BATCH = 10
"""What SQS gives at once."""
AT_ONCE = 200
"""What is recorded in one round when there is a backlog: the cost is per round, not per event."""
GATHER_LIMIT_S = 0.3
"""How long a backlog is gathered before what is there is judged. A queue that answers slowly must neither
delay a rollback nor keep messages until they are visible again."""


def consume(connection_id: int, *, wait_s: int | None = None) -> tuple[int, ...]:
    """Take what the queue of one connection holds, up to ``AT_ONCE`` messages.

    1. receive (long poll, then without waiting while batches come full);
    2. record, fold and judge in short transactions;
    3. on FAIL carry the rollback out;
    4. delete what was recorded. Killed anywhere before, the messages come again and count once.

    Returns:
        the keys of functions that something new was recorded for.
    """
    connection = Connection.objects.get(pk=connection_id)
    if not connection.queue_url:
        return ()
    queue = wiring.primary(connection).queue
    messages = _receive(queue, connection.queue_url, POLL_S if wait_s is None else wait_s)
    if not messages:
        return ()
    judged = record(connection, messages)
    queue.delete(connection.queue_url, [message.receipt for message in messages])
    return tuple(one.function_id for one in judged if one.fresh)


def _receive(queue: ObservationQueue, url: str, wait_s: int) -> list[QueueMessage]:
    batch = queue.receive(url, wait_s=wait_s, at_most=BATCH)
    messages = [*batch]
    ending = time.monotonic() + GATHER_LIMIT_S
    while len(batch) == BATCH and len(messages) < AT_ONCE and time.monotonic() < ending:
        batch = queue.receive(url, wait_s=0, at_most=BATCH)
        messages.extend(batch)
    return messages


def record(connection: Connection, messages: Sequence[QueueMessage]) -> tuple[Judged, ...]:
    """Record and judge messages, and take traffic back where they say so."""
    received_at = timezone.now()
    judged, unknown = live.record(connection.pk, _reports(messages), received_at=received_at)
    for name in unknown:
        logger.warning("The queue of %s reports %s, which is not in the inventory.", connection, name)
    for one in judged:
        if one.serving and one.result is Result.FAIL:
            way_back.judge_and_act(
                one.function_id,
                sentence=one.sentence,
                tipped_at=one.tipped_at,
                received_at=received_at,
                observations=one.observations,
            )
    return judged


def _reports(messages: Sequence[QueueMessage]) -> list[Report]:
    reports = []
    for message in messages:
        try:
            reports.append(read_report(message.body))
        except BadInput as exc:
            # It would come again for ever; nothing in it can be counted.
            logger.warning("A message of %d bytes is no report and is dropped: %s", len(message.body), exc)
    return reports
