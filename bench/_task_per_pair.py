"""The peer of ``run.pairs_vs_task_per_pair``: a real Celery worker with 32 threads and one task per pair.

``python -m bench._task_per_pair`` is the worker; who starts it ties it to its own life. A task does what a
run does for one pair (call both sides, compare, redact) and stores its one row in a transaction of its own.
What belongs to the run as a whole is read once per process, and database connections are kept: both are in
the peer's favour.
"""

from __future__ import annotations

import os
from functools import lru_cache
from typing import Any

from celery import Celery

from workers.celery import broker_url

THREADS = 32
QUEUE = "bench"

app = Celery("bench", broker=broker_url(os.environ.get("REDIS_URL", "")))
app.conf.update(
    task_ignore_result=True,
    task_default_queue=QUEUE,
    worker_prefetch_multiplier=4,
    worker_send_task_events=False,
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
)


@app.task(name="bench.pair")  # type: ignore[untyped-decorator]
def pair(run_id: str, position: int) -> None:
    """Call both sides for one position and store its pair."""
    from django.db import transaction

    from cutover.noise import Knowledge
    from migrations_app.services import results
    from workers import validation
    from workers.runs.calling import observe

    run, where, events = _belongings(run_id)
    asked = validation.asked_of(run, events, position)
    row = validation.row_of(run, asked, observe(where, asked), (), Knowledge())
    with transaction.atomic():
        results.write([row])


@lru_cache(maxsize=4)
def _belongings(run_id: str) -> tuple[Any, Any, Any]:
    from migrations_app.models import Run
    from migrations_app.services import suites
    from workers.runs.calling import places

    run = Run.objects.select_related("function__connection__counterpart", "suite").get(pk=run_id)
    return run, places(run), suites.events_of_run(run)


def main() -> None:
    """Work until told to stop."""
    import django
    from django.conf import settings

    django.setup()
    settings.DATABASES["default"]["CONN_MAX_AGE"] = None
    options = ["-P", "threads", "-c", str(THREADS), "-Q", QUEUE, "-n", "bench@%h", "-l", "error"]
    app.worker_main(["worker", *options, "--without-gossip", "--without-mingle", "--without-heartbeat"])


if __name__ == "__main__":
    main()
