"""The Celery application. Celery is a doorbell: a message only makes due work start sooner.

What is due stands in PostgreSQL (``Operation.due_at``, ``Run.due_at``); the beat tick finds it without any
message. So results are not kept, a lost or late message does no harm, and publishing has a short limit.
"""

from __future__ import annotations

import os

from celery import Celery
from celery.signals import worker_init
from django.conf import settings
from kombu.transport.redis import Channel, Transport

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")


def broker_url(redis_url: str) -> str:
    """Give Celery's spelling of a Redis address: ``redis+socket://`` and ``virtual_host`` for a socket."""
    if not redis_url.startswith("unix://"):
        return redis_url
    return redis_url.replace("unix://", "redis+socket://", 1).replace("?db=", "?virtual_host=", 1)


class SteadyChannel(Channel):  # type: ignore[misc]  # kombu has no types
    """A channel that outlives its connection.

    kombu 5.7 puts messages back and acknowledges them through a connection that may be gone, and the
    AttributeError ends the worker. A message needs neither: what it announced is due in PostgreSQL.
    """

    do_restore = False

    def basic_ack(self, delivery_tag: str, multiple: bool = False) -> None:
        if self.connection is not None:
            super().basic_ack(delivery_tag, multiple)

    def basic_reject(self, delivery_tag: str, requeue: bool = False) -> None:
        if self.connection is not None:
            super().basic_reject(delivery_tag, requeue)


Transport.Channel = SteadyChannel

app = Celery("cutover")
app.conf.update(
    broker_url=broker_url(settings.REDIS_URL),
    broker_connection_retry_on_startup=True,
    broker_transport_options={"socket_timeout": 3, "socket_connect_timeout": 1, "visibility_timeout": 3600},
    task_ignore_result=True,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    task_default_queue="work",
    task_routes={"workers.tick_rollbacks": {"queue": "rollback"}},
    task_time_limit=900,
    worker_send_task_events=False,
    worker_hijack_root_logger=False,
    timezone="UTC",
    beat_schedule={
        "due": {"task": "workers.tick", "schedule": 1.0, "options": {"queue": "work", "expires": 5}},
        "due-rollbacks": {
            "task": "workers.tick_rollbacks",
            "schedule": 1.0,
            "options": {"queue": "rollback", "expires": 5},
        },
    },
)
app.autodiscover_tasks(["workers"])


def _load_before_forking(**_: object) -> None:
    """Import what every process of the pool needs while there is one process."""
    from workers import wiring

    wiring.load_clouds()


worker_init.connect(_load_before_forking, weak=False)
