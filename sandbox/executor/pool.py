"""The executor: a bounded set of warm workers, shared by threads.

Workers are started by one thread that lives as long as the executor does, since the kernel sends the
parent-death signal when the *thread* that forked ends (prctl(2), PR_SET_PDEATHSIG), and request threads end
all the time. The same thread reaps idle workers.
"""

import ctypes
import os
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Mapping
from concurrent.futures import Future
from pathlib import Path

from sandbox.executor.values import Execution, Saturated, WorkerSpec
from sandbox.executor.worker import Worker, sweep_homes

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True)
_LIBC.prctl.argtypes = [ctypes.c_int] + [ctypes.c_ulong] * 4
WAIT_FOR_WORKER_S = 10.0
REAP_EVERY_S = 5.0


def _spawn(
    argv: tuple[str, ...], env: Mapping[str, str], code: Path, frames: int, parent: int
) -> "subprocess.Popen[bytes]":
    def tie_to_parent() -> None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return subprocess.Popen(
        argv,
        env=dict(env),
        cwd=code,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        pass_fds=(frames,),
        start_new_session=True,
        preexec_fn=tie_to_parent,
    )


class Executor:
    """Runs functions in warm processes. Thread-safe. Close it: it owns processes.

    max_workers: processes alive at once. idle_s: an unused worker is ended after that many seconds.
    """

    def __init__(self, *, max_workers: int = 40, idle_s: float = 300) -> None:
        self._max_workers = max_workers
        self._idle_s = idle_s
        self._changed = threading.Condition()
        self._idle: dict[tuple[str, ...], list[Worker]] = {}
        self._all: set[Worker] = set()
        self._starting = 0
        self._closed = False
        sweep_homes()
        self._orders: queue.Queue[tuple[WorkerSpec, Future[Worker]] | None] = queue.Queue()
        self._steward = threading.Thread(target=self._look_after, name="executor-steward", daemon=True)
        self._steward.start()

    def invoke(self, spec: WorkerSpec, payload: bytes, *, headers: Mapping[str, str]) -> Execution:
        """Run one call and wait for its end.

        headers: what the bootstrap sees with the event, lower-case names; `lambda-runtime-aws-request-id` is
            drawn when absent.
        Raises Saturated when no worker came free within ten seconds or the executor is closed, OSError when
        the bootstrap's command cannot be started.
        """
        worker = self._take(spec)
        try:
            return worker.run(payload, headers)
        finally:
            self._give_back(worker)

    def retire(self, function: str) -> None:
        """End the workers whose key names this function; those at work end after their call."""
        with self._changed:
            for worker in self._all:
                worker.retired |= worker.spec.key[1] == function
            leaving = [w for idle in self._idle.values() for w in idle if w.retired]
            self._forget(leaving)
        for worker in leaving:
            worker.dispose()

    def close(self) -> None:
        """Kill every worker and wait until none is left; idempotent."""
        with self._changed:
            if self._closed:
                return
            self._closed = True
            busy = self._all.difference(*self._idle.values())
            idle = list(self._all - busy)
            self._idle.clear()
            self._all.difference_update(idle)
            self._changed.notify_all()
            self._orders.put(None)
        for worker in busy:
            worker.kill()
        for worker in idle:
            worker.dispose()
        self._steward.join()
        with self._changed:
            self._changed.wait_for(lambda: not self._all and not self._starting, timeout=5)

    def _take(self, spec: WorkerSpec) -> Worker:
        limit = time.monotonic() + WAIT_FOR_WORKER_S
        surplus: list[Worker] = []
        try:
            with self._changed:
                while True:
                    if self._closed:
                        raise Saturated
                    if (worker := self._warm(spec.key, surplus)) is not None:
                        return worker
                    if len(self._all) + self._starting < self._max_workers or self._evict(surplus):
                        # Ordered under the lock, so that close() cannot come between the check and the order.
                        self._starting += 1
                        order: Future[Worker] = Future()
                        self._orders.put((spec, order))
                        break
                    if not self._changed.wait(limit - time.monotonic()):
                        raise Saturated
        finally:
            for worker in surplus:
                worker.dispose()
        return self._started(order)

    def _started(self, order: "Future[Worker]") -> Worker:
        try:
            worker = order.result()
        except OSError:
            with self._changed:
                self._starting -= 1
                self._changed.notify_all()
            raise
        with self._changed:
            self._starting -= 1
            self._all.add(worker)
            if self._closed:
                worker.kill()
        return worker

    def _warm(self, key: tuple[str, ...], surplus: list[Worker]) -> Worker | None:
        idle = self._idle.get(key)
        while idle:
            worker = idle.pop()
            if worker.alive():
                return worker
            self._all.discard(worker)
            surplus.append(worker)
        return None

    def _evict(self, surplus: list[Worker]) -> bool:
        idle = [w for workers in self._idle.values() for w in workers]
        if not idle:
            return False
        oldest = min(idle, key=lambda w: w.last_used)
        self._forget([oldest])
        surplus.append(oldest)
        return True

    def _forget(self, workers: list[Worker]) -> None:
        for worker in workers:
            idle = self._idle[worker.spec.key]
            idle.remove(worker)
            if not idle:
                del self._idle[worker.spec.key]
            self._all.discard(worker)

    def _give_back(self, worker: Worker) -> None:
        usable = worker.alive()
        with self._changed:
            usable = usable and not worker.retired and not self._closed
            if usable:
                self._idle.setdefault(worker.spec.key, []).append(worker)
                self._changed.notify()
        if usable:
            return
        worker.dispose()
        with self._changed:
            self._all.discard(worker)
            self._changed.notify_all()

    def _look_after(self) -> None:
        reaped = time.monotonic()
        while True:
            try:
                order = self._orders.get(timeout=REAP_EVERY_S)
            except queue.Empty:
                order = ()  # type: ignore[assignment]
            if order is None:
                return
            if order:
                spec, future = order
                try:
                    future.set_result(Worker(spec, _spawn))
                except OSError as exc:
                    future.set_exception(exc)
            if time.monotonic() - reaped >= REAP_EVERY_S:
                reaped = time.monotonic()
                self._reap()

    def _reap(self) -> None:
        with self._changed:
            before = time.monotonic() - self._idle_s
            stale = [w for idle in self._idle.values() for w in idle if w.last_used < before or not w.alive()]
            self._forget(stale)
        for worker in stale:
            worker.dispose()
