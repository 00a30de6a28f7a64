"""`watch` as a process: its rounds run beside each other, outlive trouble, and stop cleanly."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import celery
import pytest
import redis
from django.db import connection
from django.utils import timezone

from clouds.simulated.world import World
from cutover.errors import Unavailable
from cutover.observation import Side
from migrations_app.models import FunctionMigration, ProcessHeartbeat
from migrations_app.services import bell, heartbeats, rollback
from tests.integration.workers import worlds
from workers.watch import Watch, queues, way_back

pytestmark = pytest.mark.django_db(transaction=True)
LIMIT_S = 90.0


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("CUTOVER_RELAY_ACCESS_KEY_ID", "relay")
    monkeypatch.setenv("CUTOVER_RELAY_ACCESS_KEY_SECRET", "relay-secret")
    monkeypatch.setattr(queues, "POLL_S", 1)
    way_back.forget()
    with worlds.clouds() as made:
        yield made


@contextmanager
def watching() -> Iterator[Watch]:
    """Run the watch beside the test, and stop it."""
    watch = Watch()
    thread = threading.Thread(target=watch.run, name="watch")
    thread.start()
    try:
        yield watch
    finally:
        watch.stop()
        thread.join(LIMIT_S)
        for other in threading.enumerate():
            if other.name.startswith("watch-"):
                other.join(LIMIT_S)
    assert not thread.is_alive()


def until(holds: Callable[[], bool], what: str) -> None:
    """Wait for a condition."""
    ending = time.monotonic() + LIMIT_S
    while not holds():
        assert time.monotonic() < ending, f"{what} did not happen within {LIMIT_S:g} s"
        time.sleep(0.02)


def phase(function: FunctionMigration) -> str:
    return str(FunctionMigration.objects.values_list("phase", flat=True).get(pk=function.pk))


def failing_on_fc(side: Side, payload: bytes) -> bytes:
    if side is Side.CANDIDATE:
        raise ValueError("no")
    return payload


def test_it_takes_a_failing_function_back_by_itself(world: World) -> None:
    function = worlds.shifted(worlds.validated(world), 5_000)
    world.behaviours[function.target["name"]] = failing_on_fc
    with watching():
        worlds.call(function, 60)
        until(lambda: phase(function) == "rolled-back", "the rollback")
    assert worlds.alias(world, function) == ("1", {})


def test_it_carries_out_a_rollback_that_a_person_asked_for_without_redis(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    function = worlds.shifted(worlds.validated(world), 5_000)

    def no_redis() -> redis.Redis:
        raise redis.ConnectionError("stopped")

    monkeypatch.setattr(bell, "_client", no_redis)
    monkeypatch.setattr(celery.current_app, "send_task", lambda *_a, **_k: no_redis())
    with watching():
        rollback.request(function.pk, actor="olga", reason="click")
        until(lambda: phase(function) == "rolled-back", "the rollback")


def test_a_redis_that_hangs_delays_what_follows_only_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = 0

    def hangs() -> redis.Redis:
        nonlocal asked
        asked += 1
        raise redis.TimeoutError("no answer")

    monkeypatch.setattr(bell, "_silent_until", 0.0)
    monkeypatch.setattr(bell, "_client", hangs)
    for _ in range(5):
        bell.tell("fn-1")
    assert asked == 1


def test_it_climbs_by_itself_and_says_that_it_lives(world: World) -> None:
    function = worlds.shifted(worlds.validated(world), 0, ladder=[5_000, 10_000])
    worlds.call(function, 40)
    with watching():
        until(lambda: worlds.refreshed(function).desired_weight_bp == 10_000, "the next step")
        until(lambda: "watch" not in heartbeats.down(), "a heartbeat")


def test_a_round_that_fails_is_shown_and_goes_on_afterwards(world: World) -> None:
    function = worlds.shifted(worlds.validated(world), 5_000)
    world.fail("sqs:ReceiveMessage", Unavailable, times=2)
    worlds.call(function, 5)
    with watching():
        until(
            lambda: ProcessHeartbeat.objects.filter(name="watch").exclude(trouble="").exists(),
            "the trouble in the heartbeat",
        )
        until(lambda: worlds.refreshed(function).step_primary_events > 0, "the recording")
        until(lambda: ProcessHeartbeat.objects.filter(name="watch", trouble="").exists(), "all well")


def test_a_lost_database_connection_is_opened_again(world: World) -> None:
    worlds.connection()
    with watching():
        until(lambda: ProcessHeartbeat.objects.exists(), "the first heartbeat")
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        cut_at = timezone.now()
        until(lambda: ProcessHeartbeat.objects.filter(at__gt=cut_at).exists(), "a heartbeat afterwards")


def test_sigterm_ends_it_cleanly() -> None:
    settings = connection.settings_dict
    url = f"postgres://{settings['USER']}:{settings['PASSWORD']}@{settings['HOST']}:{settings['PORT']}/{settings['NAME']}"
    process = subprocess.Popen(
        [sys.executable, "manage.py", "watch"],
        cwd=Path(__file__).parents[3],
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "dashboard.settings",
            "DATABASE_URL": url,
            "CUTOVER_SECRET_KEY": "s" * 50,
            "CUTOVER_HASH_KEY": "h" * 50,
        },
        stderr=subprocess.PIPE,
    )
    try:
        until(lambda: ProcessHeartbeat.objects.filter(name="watch").exists(), "a heartbeat")
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=LIMIT_S)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0
    assert b"watch: stopped." in said
