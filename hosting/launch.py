"""The small launcher that every line of the Procfile runs under.

Theory of operation. Honcho's children outlive a `kill -9` of honcho, and honcho stops everything when one
child ends. So each line starts this launcher, and the launcher starts the command, in a process group of its
own and tied to the launcher by a parent-death signal. Then it waits for one of four things:

- the command ends: it is started again, unless it never ran well and failed at its start several times;
- the process manager ends, seen through a pidfd: an orderly stop;
- SIGTERM, SIGINT or SIGHUP: an orderly stop;
- SIGUSR1 / SIGUSR2: the command is stopped and kept down / started again (to try out "Redis is away").

An orderly stop is the command's own stop signal, a limit, and SIGKILL for whatever is left below the
launcher, which has adopted every orphan in the tree. A launcher with `--last` (the servers) waits with its
stop until the launchers of the clients are done; they hold a shared lock on a file, which the kernel drops
whatever happens.

    python -m hosting.launch NAME [--after GATE] [--last] [--stop SIGNAL] -- COMMAND ...
"""

import argparse
import contextlib
import fcntl
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import IO

from hosting.places import state_directory
from hosting.process import adopt_orphans, descendants, dying_with_parent, parent_of, send

STOP_LIMIT_S = 5.0
CLIENTS_LIMIT_S = 7.0
"""How long a server waits for its clients; more than their own limit, less than the manager's patience."""

SETTLED_S = 5.0
"""A command that lived this long had started well; its end is an accident, no mistake in the set-up."""

FAILED_STARTS = 3
PAUSE_BEFORE_RESTART_S = 1.0
_TICK_MS = 200
_STOPS = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGHUP})
_LOG_BYTES = 8_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """What one line of the Procfile asks for."""

    name: str
    command: tuple[str, ...]
    gate: str | None
    last: bool
    stop: signal.Signals
    manager: int
    state: Path

    @property
    def run_directory(self) -> Path:
        return self.state / "run"

    @property
    def log(self) -> Path:
        return self.state / "log" / f"{self.name}.log"


def manager_of(environment: dict[str, str]) -> int:
    """Find the pid of the process manager.

    HOSTING_MANAGER_PID says it; else this is a line of a plain `honcho start`. Honcho gives each line a
    session of its own, whose leader is the child of a process that reads its output, a child of honcho.
    """
    if given := environment.get("HOSTING_MANAGER_PID"):
        return int(given)
    leader = os.getsid(0)
    reader = parent_of(leader) or os.getppid()
    return parent_of(reader) or os.getppid()


def parse(arguments: list[str]) -> Order:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m hosting.launch", description="Run one line of the Procfile."
    )
    parser.add_argument("name")
    parser.add_argument("--after", metavar="GATE", help="wait until var/run/GATE exists")
    parser.add_argument("--last", action="store_true", help="stop after the launchers without this flag")
    parser.add_argument("--stop", default="TERM", metavar="SIGNAL", help="the command's stop signal (TERM)")
    split = arguments.index("--") if "--" in arguments else len(arguments)
    given = parser.parse_args(arguments[:split])
    command = arguments[split + 1 :]
    if not command:
        parser.error("no command after --")
    # A Procfile line started by hand has no gate to wait for: only the demo opens gates.
    gated = "HOSTING_MANAGER_PID" in os.environ
    return Order(
        name=given.name,
        command=tuple(command),
        gate=given.after if gated else None,
        last=given.last,
        stop=signal.Signals[f"SIG{given.stop}"],
        manager=manager_of(dict(os.environ)),
        state=state_directory(),
    )


def _say(text: str) -> None:
    # The reader of our output may be gone already, and this launcher has work left to do.
    with contextlib.suppress(BrokenPipeError):
        print(text, flush=True)


class Launcher:
    """Keeps one command running until it is told to stop or its manager ends."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self._child: int | None = None
        self._asked: set[int] = set()
        self._started_at = 0.0
        self._start_at: float | None = 0.0
        self._failed_starts = 0
        self._settled = False
        self._kept_down = False
        self._code = 0

    def run(self) -> int:
        """Carry the order out; give the exit code."""
        try:
            manager = os.pidfd_open(self.order.manager)
        except ProcessLookupError:
            return 1
        reader = os.getppid()
        adopt_orphans()
        lock = self._lock_file()
        if not self.order.last:
            fcntl.flock(lock, fcntl.LOCK_SH)
        with _signals_waking() as inbox:
            manager_gone = self._until_told_to_stop(manager, inbox)
        if self.order.last:
            _wait_for_clients(lock)
        self._stop_command()
        self._end_all_below()
        if manager_gone and reader != 1 and os.getppid() == reader:
            # Honcho's reader of this line's output has nobody left to tell.
            send(reader, signal.SIGKILL)
        return self._code

    def _lock_file(self) -> int:
        self.order.run_directory.mkdir(parents=True, exist_ok=True)
        return os.open(
            self.order.run_directory / "clients.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
        )

    def _until_told_to_stop(self, manager: int, inbox: socket.socket) -> bool:
        """Start the command and start it again; True when the end came because the manager ended."""
        for number in (*_STOPS, signal.SIGUSR1, signal.SIGUSR2, signal.SIGCHLD):
            signal.signal(number, self._note)
        poller = select.poll()
        poller.register(manager, select.POLLIN)
        poller.register(inbox, select.POLLIN)
        while True:
            ready = dict(poller.poll(_TICK_MS))
            if manager in ready:
                return True
            if inbox.fileno() in ready:
                inbox.recv(4096)
            if self._asked & _STOPS:
                return False
            self._keep_down_or_let_up()
            self._reap()
            if self._failed_starts >= FAILED_STARTS:
                return False
            self._start_when_due()

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self._asked.add(number)

    def _keep_down_or_let_up(self) -> None:
        if signal.SIGUSR1 in self._asked:
            self._kept_down = True
            self._stop_command()
            self._end_all_below()
            _say(f"{self.order.name} is kept down until SIGUSR2")
        if signal.SIGUSR2 in self._asked:
            self._kept_down, self._start_at = False, 0.0
        self._asked -= {signal.SIGUSR1, signal.SIGUSR2}

    def _start_when_due(self) -> None:
        gate = self.order.run_directory / self.order.gate if self.order.gate else None
        waiting = self._child is not None or self._kept_down or self._start_at is None
        if waiting or time.monotonic() < (self._start_at or 0.0) or (gate and not gate.exists()):
            return
        self._start_at = None
        self._started_at = time.monotonic()
        with _open_log(self.order.log) as log:
            try:
                started = subprocess.Popen(
                    self.order.command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    preexec_fn=dying_with_parent(),
                )
            except OSError as exc:
                log.write(f"{exc}\n".encode())
                self._on_end(127)
                return
        self._child = started.pid
        # The launcher waits for every descendant itself, adopted ones too, so Popen must not.
        started.returncode = 0

    def _reap(self) -> None:
        """Collect what ended below; when it was the command, plan its next start."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid == self._child:
                self._child = None
                self._on_end(os.waitstatus_to_exitcode(status))

    def _on_end(self, code: int) -> None:
        if self._kept_down:
            return
        self._settled = self._settled or time.monotonic() - self._started_at >= SETTLED_S
        # A command that once ran well is never given up, nor is one that somebody killed.
        self._failed_starts += not self._settled and code != -signal.SIGKILL
        self._end_all_below()
        if self._failed_starts >= FAILED_STARTS:
            self._code = code if code > 0 else 1
            words = _last_line(self.order.log)
            _say(f"{self.order.name} failed to start {FAILED_STARTS} times: {words} (log: {self.order.log})")
            return
        self._start_at = time.monotonic() + PAUSE_BEFORE_RESTART_S
        _say(f"{self.order.name} ended ({_in_words(code)}) and is started again")

    def _stop_command(self) -> None:
        """Send the stop signal, wait within the limit, then kill."""
        if self._child is None:
            return
        send(self._child, self.order.stop)
        ending = time.monotonic() + STOP_LIMIT_S
        child = os.pidfd_open(self._child)
        poller = select.poll()
        poller.register(child, select.POLLIN)
        while time.monotonic() < ending and not poller.poll(_TICK_MS):
            pass
        os.close(child)
        send(self._child, signal.SIGKILL)
        os.waitpid(self._child, 0)
        self._child = None

    def _end_all_below(self) -> None:
        """Kill whatever is left of the tree; nothing escapes, since the launcher adopts orphans."""
        while remaining := descendants(os.getpid()):
            for pid in remaining:
                send(pid, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(-1, 0)


@contextlib.contextmanager
def _signals_waking() -> Iterator[socket.socket]:
    """Give a socket that becomes readable when a signal arrives, so that waiting ends at once."""
    inbox, outbox = socket.socketpair()
    with inbox, outbox:
        inbox.setblocking(False)
        outbox.setblocking(False)
        before = signal.set_wakeup_fd(outbox.fileno(), warn_on_full_buffer=False)
        try:
            yield inbox
        finally:
            signal.set_wakeup_fd(before)


def _in_words(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def _last_line(path: Path) -> str:
    lines = path.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"


def _open_log(path: Path) -> IO[bytes]:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > _LOG_BYTES:
        path.replace(path.with_suffix(".log.1"))
    return path.open("ab")


def _wait_for_clients(lock: int) -> None:
    """Wait until no client's launcher is left, within the limit."""
    ending = time.monotonic() + CLIENTS_LIMIT_S
    while time.monotonic() < ending:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.05)
        else:
            return


def main() -> None:
    """Run the command line's order."""
    sys.exit(Launcher(parse(sys.argv[1:])).run())


if __name__ == "__main__":
    main()
