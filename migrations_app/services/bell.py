"""The doorbell: messages that make due work start sooner and pages refresh sooner.

Truth is in rows, so a bell that does not ring costs a second (the beat tick, the pages' own polling) and is
no error. Both calls act after the transaction commits, with a short limit, and never raise. After a failure
this process rings and tells nobody for a moment, so that a Redis that hangs delays no rollback.
"""

from __future__ import annotations

import logging
import time
from functools import lru_cache

import redis
from celery import current_app
from django.conf import settings
from django.db import transaction
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)
CHANNEL = "cutover.live"
_LIMIT_S = 0.3
_SILENCE_S = 3.0
_silent_until = 0.0


def ring(task: str, *arguments: str, queue: str) -> None:
    """Send a Celery task by name once the present transaction commits."""
    transaction.on_commit(lambda: _send(task, arguments, queue))


def tell(*topics: str) -> None:
    """Tell open pages that ``topics`` changed (``fn-7``, ``op-<uuid>``, ``run-<uuid>``, ``inbox``)."""
    transaction.on_commit(lambda: _publish(topics))


def _fall_silent() -> None:
    global _silent_until
    _silent_until = time.monotonic() + _SILENCE_S


def _send(task: str, arguments: tuple[str, ...], queue: str) -> None:
    if time.monotonic() < _silent_until:
        return
    try:
        current_app.send_task(task, args=list(arguments), queue=queue, retry=False, ignore_result=True)
    except (OperationalError, redis.RedisError, OSError) as error:
        _fall_silent()
        logger.info(
            "The bell for %s did not ring (%s); the tick will find the row.", task, type(error).__name__
        )


def _publish(topics: tuple[str, ...]) -> None:
    if time.monotonic() < _silent_until:
        return
    try:
        with _client().pipeline(transaction=False) as pipe:
            for topic in topics:
                pipe.publish(CHANNEL, topic)
            pipe.execute()
    except (redis.RedisError, OSError) as error:
        _fall_silent()
        logger.debug("Pages were not told of %s (%s).", topics, type(error).__name__)


@lru_cache(maxsize=1)
def _client() -> redis.Redis:
    return redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=_LIMIT_S, socket_connect_timeout=_LIMIT_S, retry_on_timeout=False
    )
