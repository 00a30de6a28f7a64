"""A started process of a function: its pipes, its limits, its freezing and its end.

Nothing runs in the background here: the thread that calls an instance drives its sockets and pipes with a
selector. Between calls the process group is stopped (SIGSTOP), as both clouds freeze an idle instance.
"""

import os
import selectors
import signal
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from sandbox.executor.launcher import Child, Launcher
from sandbox.executor.lines import Pipe
from sandbox.executor.values import Execution, InstanceSpec, LogLine

TICK_S = 0.02
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")

Ending = tuple[str, bytes, str | None]


class Instance:
    """A started process. One thread at a time may call it; `kill` may be called from any thread."""

    def __init__(self, spec: InstanceSpec, launcher: Launcher, env: Mapping[str, str]) -> None:
        self.id = uuid.uuid4().hex
        self.key = spec.key
        self.last_used = time.monotonic()
        self.retired = False
        self.load = 0  # calls that have it now: the executor's to count
        self._limits = spec
        self._born = time.monotonic()
        self._fresh = True
        self._frozen = False
        self._closed = False
        self._peak_kb = 0
        self._sampled = 0.0
        self._lines: list[LogLine] = []
        own = {name: value.replace("%WORKER%", self.id) for name, value in spec.env.items()}
        self._child: Child = launcher.start(spec, own | dict(env))
        ends = self._child.ends
        self._pipes = [Pipe(ends.frames, "log"), Pipe(ends.stdout, "stdout"), Pipe(ends.stderr, "stderr")]
        self._selector = selectors.DefaultSelector()
        for pipe in self._pipes:
            self._selector.register(pipe.fd, selectors.EVENT_READ, pipe)
        self._selector.register(self._child.end, selectors.EVENT_READ, self._see_end)

    @property
    def pid(self) -> int:
        return self._child.pid

    def alive(self) -> bool:
        return not self._closed and self._child.poll() is None

    def _see_end(self) -> None:
        """The process has ended: look at once, and only once."""
        self._selector.unregister(self._child.end)
        self._sampled = 0.0

    def _pump(self, wait_s: float = TICK_S) -> None:
        """Take in whatever has arrived, waiting for at most `wait_s`."""
        for key, _ in self._selector.select(wait_s):
            if isinstance(key.data, Pipe):
                if not key.data.read(self._lines):
                    self._selector.unregister(key.data.fd)
            else:
                arrived: Callable[[], None] = key.data
                arrived()

    def _broken(self, limit: float) -> Ending | None:
        """Tell whether the call is over without an answer: too much memory, the end, or the time limit."""
        now = time.monotonic()
        if now - self._sampled >= TICK_S:
            self._sampled = now
            if self._resident_kb() > self._limits.memory_mb * 1024:
                self.kill()
                return "memory", b"", "signal: killed"
            if (code := self._child.poll()) is not None:
                self._pump(0)
                return "exit", b"", _ending(code)
        if now >= limit:
            return "timeout", b"", None
        return None

    def _begin(self) -> bool:
        """Thaw for a call. Returns whether it is the first."""
        cold, self._fresh = self._fresh, False
        self._lines = []
        self._thaw()
        return cold

    def _delay(self) -> None:
        """Wait for the rest of the artificial start-up time."""
        ready = self._born + self._limits.cold_delay_s
        while (left := ready - time.monotonic()) > 0:
            self._pump(min(left, TICK_S))

    def _settle(self, usable: bool) -> None:
        """Freeze what can be used again, kill what cannot, and take in the last lines."""
        if usable:
            self._resident_kb()
        else:
            self.kill()
        for pipe in self._pipes:
            pipe.read(self._lines)
            pipe.flush(self._lines)
        if usable and self._child.poll() is None:
            self._freeze()
        self.last_used = time.monotonic()

    def _execution(
        self, ended: Ending, *, began: tuple[float, float], duration_ms: float, init_ms: float | None
    ) -> Execution:
        return Execution(
            outcome=ended[0],
            payload=ended[1],
            error_type=ended[2],
            lines=tuple(self._lines),
            duration_ms=duration_ms,
            init_ms=init_ms,
            max_memory_mb=max(1, self._peak_kb // 1024),
            cold=init_ms is not None,
            worker_id=self.id,
            began_at=began[1],
        )

    def _resident_kb(self) -> int:
        try:
            status = Path(f"/proc/{self.pid}/statm").read_bytes()
        except OSError:
            return 0
        words = status.split()
        resident = int(words[1]) * _PAGE_BYTES // 1024 if len(words) > 1 else 0
        self._peak_kb = max(self._peak_kb, resident)
        return resident

    def _freeze(self) -> None:
        self._frozen = True
        self._child.signal(signal.SIGSTOP)

    def _thaw(self) -> None:
        if self._frozen:
            self._frozen = False
            self._child.signal(signal.SIGCONT)

    def kill(self) -> None:
        """End the process and everything it has started; idempotent."""
        self._child.kill()
        self._child.wait()

    def dispose(self) -> None:
        """Kill, and give back descriptors and the temporary directory. Only the owner may call this."""
        if self._closed:
            return
        self._closed = True
        self.kill()
        self._selector.close()
        self._disconnect()
        for pipe in self._pipes:
            pipe.close()
        self._child.close()

    def _disconnect(self) -> None:
        """Close what a kind of instance has opened besides."""


def _ending(code: int) -> str:
    if code < 0:
        with suppress(ValueError):
            return f"signal: {signal.Signals(-code).name.removeprefix('SIG').lower()}".replace(
                "kill", "killed"
            )
        return f"signal: {-code}"
    return f"exit status {code}"
