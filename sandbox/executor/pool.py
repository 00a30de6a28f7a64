"""The executor: a bounded set of warm instances, shared by threads.

Processes are started through one nursery, which is started by a thread that lives as long as the executor
does, since the kernel sends the parent-death signal when the *thread* that forked ends (prctl(2),
PR_SET_PDEATHSIG), and request threads end all the time. The same thread reaps idle instances.
"""

import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager

from sandbox.executor.instance import Instance
from sandbox.executor.launcher import Launcher
from sandbox.executor.shared import SharedHttpWorker
from sandbox.executor.values import (
    Execution,
    HttpExecution,
    HttpRequest,
    HttpWorkerSpec,
    InstanceSpec,
    Listener,
    PortBusy,
    Saturated,
    WorkerSpec,
)
from sandbox.executor.web import HttpWorker
from sandbox.executor.worker import Worker

WAIT_FOR_WORKER_S = 10.0
REAP_EVERY_S = 5.0


class Executor:
    """Runs functions in warm processes. Thread-safe. Close it: it owns processes.

    max_workers: processes alive at once. idle_s: an unused worker is ended after that many seconds.
    """

    def __init__(self, *, max_workers: int = 40, idle_s: float = 300) -> None:
        self._max_workers = max_workers
        self._idle_s = idle_s
        self._changed = threading.Condition()
        self._idle: dict[tuple[str, ...], list[Instance]] = {}
        self._all: set[Instance] = set()
        self._starting: list[tuple[str, ...]] = []
        self._calls: dict[str, Instance] = {}
        self._unwanted: set[str] = set()
        self._single: set[tuple[str, ...]] = set()
        self._closed = False
        self._ending = threading.Event()
        ready: Future[Launcher] = Future()
        self._steward = threading.Thread(
            target=self._look_after, args=(ready,), name="executor-steward", daemon=True
        )
        self._steward.start()
        self._launcher = ready.result()

    @property
    def refused(self) -> str | None:
        """Why functions cannot have a /tmp, /opt and code directory of their own here; None: they have."""
        return self._launcher.refused

    def invoke(
        self,
        spec: WorkerSpec,
        payload: bytes,
        *,
        headers: Mapping[str, str],
        listener: Listener | None = None,
        call_id: str | None = None,
    ) -> Execution:
        """Run one call and wait for its end.

        listener: hears an answer that is streamed. call_id: a name by which the call can be stopped.
        headers: what the bootstrap sees with the event, lower-case names; `lambda-runtime-aws-request-id` is
            drawn when absent.
        Raises Saturated when no worker came free within ten seconds or the executor is closed, OSError when
        the bootstrap's command cannot be started.
        """
        worker = self._take(spec, time.monotonic() + WAIT_FOR_WORKER_S)
        assert isinstance(worker, Worker)
        try:
            with self._known(call_id, worker):
                return worker.run(payload, headers, listener)
        finally:
            self._give_back(worker)

    def invoke_http(
        self,
        spec: HttpWorkerSpec,
        request: HttpRequest,
        listener: Listener | None = None,
        *,
        call_id: str | None = None,
    ) -> HttpExecution:
        """Run one call of a function that is an HTTP server and wait for its end.

        listener: hears an answer that the server sends in chunks, of a length that it does not say.
        Raises Saturated and OSError as `invoke` does, and PortBusy when the server insists on a port that
        somebody else holds.
        """
        limit = time.monotonic() + WAIT_FOR_WORKER_S
        while True:
            worker = self._take(spec, limit)
            assert isinstance(worker, HttpWorker)
            try:
                with self._known(call_id, worker):
                    return worker.run(request, listener)
            except PortBusy as exc:
                if not self._free_port(int(exc.args[0]), worker, limit):
                    raise
            finally:
                if worker.fixed_port is not None:
                    with self._changed:
                        self._single.add(spec.key)
                self._give_back(worker)

    @contextmanager
    def _known(self, call_id: str | None, worker: Instance) -> Iterator[None]:
        """Let a call be stopped by its name while it runs; one that is to be stopped already is at once."""
        if call_id is None:
            yield
            return
        with self._changed:
            self._calls[call_id] = worker
            unwanted = call_id in self._unwanted
        if unwanted:
            worker.kill()
        try:
            yield
        finally:
            with self._changed:
                self._calls.pop(call_id, None)
                self._unwanted.discard(call_id)

    def stop(self, call_id: str) -> None:
        """End the process of a call, also of one that is still waiting for it. Where other calls are in the
        same process, all go on."""
        with self._changed:
            worker = self._calls.get(call_id)
            if worker is None:
                self._unwanted.add(call_id)
        if worker is not None and worker.load <= 1:
            worker.kill()

    def retire(self, function: str) -> None:
        """End the workers whose key names this function; those at work end after their call."""
        with self._changed:
            for worker in self._all:
                worker.retired |= worker.key[1] == function
            self._single = {key for key in self._single if key[1] != function}
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
        for worker in busy:
            worker.kill()
        for worker in idle:
            worker.dispose()
        with self._changed:
            self._changed.wait_for(lambda: not self._all and not self._starting, timeout=5)
        self._ending.set()
        self._steward.join()

    def _take(self, spec: InstanceSpec, limit: float) -> Instance:
        surplus: list[Instance] = []
        try:
            with self._changed:
                while True:
                    if self._closed:
                        raise Saturated
                    if (worker := self._joined(spec) or self._warm(spec.key, surplus)) is not None:
                        worker.load += 1
                        return worker
                    if not self._only_one(spec) and (
                        len(self._all) + len(self._starting) < self._max_workers or self._evict(surplus)
                    ):
                        # Counted under the lock, so that close() waits for it.
                        self._starting.append(spec.key)
                        break
                    if not self._changed.wait(limit - time.monotonic()):
                        raise Saturated
        finally:
            for worker in surplus:
                worker.dispose()
        return self._started(spec)

    def _only_one(self, spec: InstanceSpec) -> bool:
        """Tell whether a second instance of this key would want the port that the first one has, or is not
        needed, since the one that is being started takes several calls."""
        key = spec.key
        if isinstance(spec, HttpWorkerSpec) and spec.concurrency > 1 and key in self._starting:
            return True
        return key in self._single and (key in self._starting or any(w.key == key for w in self._all))

    def _joined(self, spec: InstanceSpec) -> Instance | None:
        """Give a busy instance that takes one more call."""
        if not isinstance(spec, HttpWorkerSpec) or spec.concurrency == 1:
            return None
        return next(
            (
                worker
                for worker in self._all
                if worker.key == spec.key
                and 0 < worker.load < spec.concurrency
                and not worker.retired
                and worker.alive()
            ),
            None,
        )

    def _started(self, spec: InstanceSpec) -> Instance:
        worker: Instance | None = None
        try:
            if isinstance(spec, HttpWorkerSpec):
                shared = spec.concurrency > 1
                worker = (
                    SharedHttpWorker(spec, self._launcher) if shared else HttpWorker(spec, self._launcher)
                )
            else:
                assert isinstance(spec, WorkerSpec)
                worker = Worker(spec, self._launcher)
        finally:
            with self._changed:
                self._starting.remove(spec.key)
                if worker is not None:
                    worker.load = 1
                    self._all.add(worker)
                    closed = self._closed
                self._changed.notify_all()
        if closed:
            worker.kill()
        return worker

    def _free_port(self, port: int, mine: HttpWorker, limit: float) -> bool:
        """Make room on a port that another instance of ours holds. Returns False when a stranger holds it."""
        with self._changed:
            others = [w for w in self._all if isinstance(w, HttpWorker) and w is not mine and w.holds(port)]
            if not others:
                return False
            (holder, *_) = others
            if holder.key == mine.key:
                self._single.add(mine.key)
                return True
            idle = holder in self._idle.get(holder.key, [])
            if idle:
                self._forget([holder])
            elif not self._changed.wait(limit - time.monotonic()):
                return False
        if idle:
            holder.dispose()
        return True

    def _warm(self, key: tuple[str, ...], surplus: list[Instance]) -> Instance | None:
        idle = self._idle.get(key)
        while idle:
            worker = idle.pop()
            if worker.alive():
                return worker
            self._all.discard(worker)
            surplus.append(worker)
        return None

    def _evict(self, surplus: list[Instance]) -> bool:
        idle = [w for workers in self._idle.values() for w in workers]
        if not idle:
            return False
        oldest = min(idle, key=lambda w: w.last_used)
        self._forget([oldest])
        surplus.append(oldest)
        return True

    def _forget(self, workers: list[Instance]) -> None:
        for worker in workers:
            idle = self._idle[worker.key]
            idle.remove(worker)
            if not idle:
                del self._idle[worker.key]
            self._all.discard(worker)

    def _give_back(self, worker: Instance) -> None:
        usable = worker.alive()
        with self._changed:
            worker.load -= 1
            if worker.load:
                self._changed.notify_all()
                return
            usable = usable and not worker.retired and not self._closed
            if usable:
                self._idle.setdefault(worker.key, []).append(worker)
                self._changed.notify()
        if usable:
            return
        worker.dispose()
        with self._changed:
            self._all.discard(worker)
            self._changed.notify_all()

    def _look_after(self, ready: "Future[Launcher]") -> None:
        try:
            launcher = Launcher()
        except OSError as exc:
            ready.set_exception(exc)
            return
        ready.set_result(launcher)
        while not self._ending.wait(REAP_EVERY_S):
            self._reap()
        launcher.close()

    def _reap(self) -> None:
        with self._changed:
            before = time.monotonic() - self._idle_s
            stale = [w for idle in self._idle.values() for w in idle if w.last_used < before or not w.alive()]
            self._forget(stale)
        for worker in stale:
            worker.dispose()
