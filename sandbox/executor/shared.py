"""A warm HTTP server that answers several calls at once, as instanceConcurrency of custom runtimes asks for.

Theory of operation. Each call has a thread, a connection and a selector of its own. What belongs to the
process (its pipes, its memory, its end) is looked at by whichever of these threads gets the lock first, a few
dozen times a second; what it finds ends all calls. The first call starts the server while the others wait.
The process is frozen when the last of them has ended. Lines of the log cannot be told apart by call, on
Function Compute no more than here: they go with the call that ends next.
A call that runs into its time limit takes no other with it, but the instance gets no further ones.
"""

import json
import selectors
import threading
import time

from sandbox.executor.instance import TICK_S, Ending
from sandbox.executor.launcher import Launcher
from sandbox.executor.values import HttpExecution, HttpRequest, HttpWorkerSpec, Listener
from sandbox.executor.web import Answer, Call, HttpWorker, judged


class SharedHttpWorker(HttpWorker):
    """One version of one function whose server takes several calls, each by a thread of its own."""

    def __init__(self, spec: HttpWorkerSpec, launcher: Launcher) -> None:
        super().__init__(spec, launcher)
        self._lock = threading.RLock()
        self._rising = threading.Lock()
        self._fate: Ending | None = None
        self._active = 0

    def run(self, request: HttpRequest, listener: Listener | None = None) -> HttpExecution:
        """Run one call to its end. Raises PortBusy as `HttpWorker.run` does."""
        with self._rising:
            with self._lock:
                self._thaw()
                self._active += 1
                cold, self._fresh = self._fresh, False
            init_ms = None
            try:
                if cold:
                    self._fate = self._start_up()
                    init_ms = (time.monotonic() - self._born) * 1000
            except BaseException:
                self._leave(usable=False)
                raise
        began, began_at = time.monotonic(), time.time()
        ended, answer = self._fate, None
        if ended is None:
            found = self._exchange(request, began + self.spec.timeout_s, listener)
            answer, ended = (found, judged(found, request)) if isinstance(found, Answer) else (None, found)
        duration_ms = (time.monotonic() - began) * 1000
        with self._lock:
            self._leave(usable=answer is not None)
            execution = self._execution(
                ended, began=(began, began_at), duration_ms=duration_ms, init_ms=init_ms
            )
            self._lines = []
        return HttpExecution(
            execution=execution,
            status=answer.status if answer else 0,
            headers=answer.headers if answer else (),
        )

    def _leave(self, *, usable: bool) -> None:
        """Take in the lines; freeze the process when nobody is left, or end it when it is of no more use."""
        with self._lock:
            self._active -= 1
            self.retired = self.retired or not usable
            self._resident_kb()
            for pipe in self._pipes:
                pipe.read(self._lines)
                pipe.flush(self._lines)
            self.last_used = time.monotonic()
            if self._active:
                return
            if self.retired:
                self.kill()
            elif self._child.poll() is None:
                self._freeze()

    def _exchange(
        self, request: HttpRequest, limit: float, listener: Listener | None = None
    ) -> Answer | Ending:
        call = Call(request, self.port or self._given, listener)
        with selectors.DefaultSelector() as own, call.sock:
            own.register(call.sock, selectors.EVENT_READ | selectors.EVENT_WRITE)
            while call.answer is None and call.failure is None:
                if (ended := self._watched(limit)) is not None:
                    return ended
                if not own.select(min(TICK_S, max(0.0, limit - time.monotonic()))):
                    continue
                call.advance()
                if call.sent and not call.quiet:
                    call.quiet = True
                    own.modify(call.sock, selectors.EVENT_READ)
        if call.answer is not None:
            return call.answer
        # A connection that breaks off is often the end of the process: say that rather.
        settled = min(limit, time.monotonic() + 5 * TICK_S)
        while time.monotonic() < settled:
            if (ended := self._watched(limit)) is not None:
                return ended
            time.sleep(TICK_S / 4)
        return "error", json.dumps({"errorMessage": call.failure}).encode(), "InvalidResponse"

    def _watched(self, limit: float) -> Ending | None:
        """Tell whether a call is over without an answer, for the process's reasons or its own."""
        if self._fate is None and self._lock.acquire(blocking=False):
            try:
                self._pump(0)
                self._fate = self._broken(float("inf"))
            finally:
                self._lock.release()
        if self._fate is not None:
            return self._fate
        return ("timeout", b"", None) if time.monotonic() >= limit else None
