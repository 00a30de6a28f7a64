"""Group ``run``: pairs per second of a validation run, and what storing and reading pairs costs.

Both contenders of ``run.pairs_vs_asyncio`` call the same two endpoints, which answer after 20 ms, one after
the other, with the same number of pairs in flight. The peer is one asyncio process that does nothing but
call; a run signs, compares, redacts, stores in PostgreSQL, renews its lease and judges, and its time is that
of the whole run, with warm-up and verdict. CPU is of the contender's own process, both in this one. Beside
other load the share says little, CPU per pair still something. The peer of
``run.pairs_vs_task_per_pair`` is a Celery worker that does the same work by one task per pair.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import aiohttp

from hosting import throwaway
from hosting.process import dying_with_parent

IN_FLIGHT = 32
PAIRS = 960
ROUNDS = 5
TASKS = 240
"""Pairs of the task-per-pair peer in a round: it is the slow one."""
TASKS_LIMIT_S = 60
FLOOR_TASKS, AIM_TASKS = 1.5, 2.0
FLOOR_ASYNCIO, AIM_ASYNCIO = 0.60, 0.75
EVENT = {"httpMethod": "POST", "path": "/orders", "body": '{"sku":"A-1","qty":2}'}


def rows() -> list[dict[str, Any]]:
    """Measure the group on a database of its own."""
    _set_up()
    from bench import _results

    with _endpoints() as port:
        function = _function(port)
        with _worker():
            found = _pairs(function, port)
    return found + _results.rows()


def _set_up() -> None:
    """Start PostgreSQL and Redis for this process alone, and make the tables."""
    servers = throwaway.start(durable=True)
    os.environ |= {"DATABASE_URL": servers.database_url, "REDIS_URL": servers.redis_url}
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)


@contextmanager
def _endpoints() -> Iterator[int]:
    process = subprocess.Popen(
        [sys.executable, "-m", "bench._endpoints"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.stdin.close()
        process.wait(10)


# ---------------------------------------------------------------------------------------------- pairs


def _pairs(function: Any, port: int) -> list[dict[str, Any]]:
    shares, ratios, right = [], [], True
    cpu_ms: dict[str, list[float]] = {"run": [], "asyncio": []}
    _task_per_pair(function, TASKS // 4)
    for _ in range(ROUNDS):
        peer, peer_cpu_s = asyncio.run(_asyncio(port))
        ours, cpu_s, all_matched = _run(function)
        tasks, tasks_matched = _task_per_pair(function, TASKS)
        shares.append(ours / peer)
        ratios.append(ours / tasks)
        cpu_ms["run"].append(1000 * cpu_s / PAIRS)
        cpu_ms["asyncio"].append(1000 * peer_cpu_s / PAIRS)
        right = right and all_matched and tasks_matched
        sys.stderr.write(
            f"pairs/s: run {ours:.0f}, asyncio {peer:.0f}, task per pair {tasks:.0f}, "
            f"CPU per pair: run {cpu_ms['run'][-1]:.2f} ms, asyncio {cpu_ms['asyncio'][-1]:.2f} ms; "
            f"load {os.getloadavg()[0]:.1f}\n"
        )
    return [_against_asyncio(shares, cpu_ms, right), _against_tasks(ratios, right)]


def _against_tasks(ratios: list[float], right: bool) -> dict[str, Any]:
    value = statistics.median(ratios)
    return {
        "metric": "run.pairs_vs_task_per_pair",
        "value": round(value, 2),
        "unit": "x",
        "against": f"a Celery worker with {IN_FLIGHT} threads on Redis, one task per pair that calls both "
        "sides, compares, redacts and stores its row; higher is better",
        "floor": FLOOR_TASKS,
        "aim": AIM_TASKS,
        "met": right and value >= FLOOR_TASKS,
        "spread": round(max(ratios) - min(ratios), 2),
    }


def _against_asyncio(shares: list[float], cpu_ms: dict[str, list[float]], right: bool) -> dict[str, Any]:
    value = statistics.median(shares)
    run_ms, peer_ms = (statistics.median(cpu_ms[name]) for name in ("run", "asyncio"))
    return {
        "metric": "run.pairs_vs_asyncio",
        "value": round(value, 2),
        "unit": "x",
        "against": f"one asyncio process with aiohttp, {IN_FLIGHT} pairs in flight on both, two 20 ms "
        f"endpoints; a pair costs the run {run_ms:.2f} ms CPU, the peer {peer_ms:.2f} ms; higher is better",
        "floor": FLOOR_ASYNCIO,
        "aim": AIM_ASYNCIO,
        "met": right and value >= FLOOR_ASYNCIO,
        "spread": round(max(shares) - min(shares), 2),
    }


@contextmanager
def _worker() -> Iterator[None]:
    """Start the Celery worker of the peer; it ends with this process."""
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "bench._task_per_pair"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        preexec_fn=dying_with_parent(),
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait(20)


def _task_per_pair(function: Any, pairs: int) -> tuple[float, bool]:
    """Send one task per pair and wait for the rows; give pairs per second and whether all matched."""
    from bench._task_per_pair import pair
    from migrations_app.models import Pair, Run

    suite = function.suites.get()
    run = Run.objects.create(
        function=function, suite=suite, state=Run.State.FINISHED, wanted_pairs=pairs, asked_by="bench"
    )
    began = time.perf_counter()
    for position in range(pairs):
        pair.delay(str(run.pk), position)
    rows = Pair.objects.filter(run=run)
    while (stored := rows.count()) < pairs:
        if time.perf_counter() - began > TASKS_LIMIT_S:
            raise RuntimeError(f"The worker stored {stored} of {pairs} pairs; is it running?")
        time.sleep(0.01)
    elapsed_s = time.perf_counter() - began
    return pairs / elapsed_s, rows.filter(outcome="match").count() == pairs


async def _asyncio(port: int) -> tuple[float, float]:
    """Give the pairs per second of plain calls, and their CPU seconds."""
    body = json.dumps(EVENT).encode()
    numbers = iter(range(PAIRS))
    paths = ("/2015-03-31/functions/orders/invocations", "/2023-03-30/functions/orders/invocations")
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0), base_url=f"http://127.0.0.1:{port}"
    ) as session:

        async def one() -> None:
            for _ in numbers:
                for path in paths:
                    async with session.post(path, data=body) as answer:
                        await answer.read()

        cpu_before, began = _cpu_s(), time.perf_counter()
        await asyncio.gather(*(one() for _ in range(IN_FLIGHT)))
        return PAIRS / (time.perf_counter() - began), _cpu_s() - cpu_before


def _run(function: Any) -> tuple[float, float, bool]:
    """Carry a run out; give its pairs per second, its CPU seconds and whether all pairs matched."""
    from migrations_app.services import validation
    from workers.validation import carry_out_run

    run = validation.start_run(function.pk, actor="bench", pairs=PAIRS, concurrency=IN_FLIGHT)
    cpu_before, began = _cpu_s(), time.perf_counter()
    done = carry_out_run(run.pk, owner="bench")
    elapsed_s, cpu_s = time.perf_counter() - began, _cpu_s() - cpu_before
    assert done is not None, "the run was not carried out"
    return PAIRS / elapsed_s, cpu_s, done.outcomes == {"match": PAIRS}


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _function(port: int) -> Any:
    """Give a deployed function whose two clouds are the endpoints."""
    from cutover.phases import Phase
    from migrations_app.models import Connection
    from migrations_app.services import suites
    from tests import factories

    for name in ("AWS_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_ID"):
        os.environ[name] = "bench"
    for name in ("AWS_SECRET_ACCESS_KEY", "ALIBABA_CLOUD_ACCESS_KEY_SECRET"):
        os.environ[name] = "bench"
    function = factories.function(phase=Phase.DEPLOYED, effects="read-only")
    here = function.connection
    there = here.counterpart
    assert there is not None
    Connection.objects.filter(pk=here.pk).update(endpoints={"": f"http://127.0.0.1:{port}"})
    Connection.objects.filter(pk=there.pk).update(
        endpoints={"fc": f"127.0.0.1:{port}", "scheme": "http", "oss": f"http://127.0.0.1:{port}"}
    )
    suites.import_events(function.pk, [EVENT], actor="bench")
    return function
