"""The launcher keeps its command running, and leaves nothing behind however the end comes."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from hosting import waiting
from hosting.places import ROOT
from hosting.process import descendants, dying_with_parent

LIMIT_S = 120

TREE = """
import signal, subprocess
subprocess.Popen(["sleep", "600"], start_new_session=True)
signal.pause()
"""
"""A command that starts a child in a session of its own, out of reach of a signal to the group."""

STOPPING = """
import signal, sys, time
def stop(*_):
    time.sleep({seconds})
    print("{name}", file=open("{note}", "a"), flush=True)
    sys.exit()
signal.signal(signal.SIGTERM, stop)
open("{note}.{name}", "w").close()
while True:
    signal.pause()
"""
"""A command that takes its time to stop and notes when it did."""


@dataclass
class Manager:
    """A honcho with a Procfile of the test's own."""

    folder: Path
    process: subprocess.Popen[bytes] | None = None
    seen: set[int] = field(default_factory=set)

    def start(self, **lines: str) -> None:
        """Start honcho with these lines."""
        text = "".join(f"{name}: {line}\n" for name, line in lines.items())
        (self.folder / "Procfile").write_text(text)
        with (self.folder / "honcho.log").open("w") as log:
            self.process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "honcho",
                    "start",
                    "-d",
                    str(ROOT),
                    "-f",
                    str(self.folder / "Procfile"),
                ],
                env={
                    "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
                    "CUTOVER_VAR": str(self.folder),
                    "PYTHONPATH": str(ROOT),
                },
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=dying_with_parent(),
            )

    def line(self, name: str, code: str, flags: str = "") -> str:
        """Give a Procfile line that runs this Python code under the launcher."""
        script = self.folder / f"{name}.py"
        script.write_text(code)
        return f"python -m hosting.launch {name} {flags} -- python {script}"

    def tree(self) -> set[int]:
        assert self.process is not None
        self.seen |= set(descendants(self.process.pid))
        return self.seen

    def output(self) -> str:
        return (self.folder / "honcho.log").read_text()


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    made = Manager(tmp_path)
    yield made
    if made.process is not None:
        made.process.kill()
        made.process.wait()


def alive(pids: set[int]) -> set[int]:
    """Give those that run; a zombie waits for its parent only and runs no more."""
    running = set()
    for pid in pids:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if state != "Z":
            running.add(pid)
    return running


def names(pids: set[int]) -> list[str]:
    found = []
    for pid in pids:
        try:
            found.append(Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " "))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def all_sleep(manager: Manager, count: int) -> None:
    def condition() -> str | None:
        running = sum(name.startswith("sleep 600") for name in names(manager.tree()))
        return None if running == count else f"{running} of {count} commands run: {manager.output()}"

    waiting.until(condition, LIMIT_S)


def nothing_left(pids: set[int]) -> None:
    waiting.until(lambda: f"left: {names(left)}" if (left := alive(pids)) else None, LIMIT_S)


def commands(manager: Manager, name: str) -> set[int]:
    """Give the pids of the running commands of a line."""
    script = str(manager.folder / f"{name}.py")
    return {
        pid
        for pid in alive(manager.tree())
        for text in names({pid})
        if script in text and "hosting.launch" not in text
    }


def test_it_leaves_nothing_behind_when_the_process_manager_is_killed(manager: Manager) -> None:
    manager.start(one=manager.line("one", TREE), two=manager.line("two", TREE, "--last"))
    all_sleep(manager, 2)
    pids = manager.tree()
    assert manager.process is not None
    manager.process.send_signal(signal.SIGKILL)
    manager.process.wait()
    nothing_left(pids)


def test_it_leaves_nothing_behind_when_the_process_manager_is_told_to_stop(manager: Manager) -> None:
    manager.start(one=manager.line("one", TREE), two=manager.line("two", TREE, "--last"))
    all_sleep(manager, 2)
    pids = manager.tree()
    assert manager.process is not None
    manager.process.send_signal(signal.SIGINT)
    assert manager.process.wait(timeout=LIMIT_S) == 130
    nothing_left(pids)


def test_it_starts_a_command_again_that_was_killed(manager: Manager) -> None:
    manager.start(one=manager.line("one", TREE))
    all_sleep(manager, 1)
    first = commands(manager, "one").pop()
    before = manager.tree().copy()
    os.kill(first, signal.SIGKILL)

    def again() -> str | None:
        fresh = alive(manager.tree() - before)
        return None if any(n.startswith("sleep 600") for n in names(fresh)) else "not started again"

    waiting.until(again, LIMIT_S)
    assert "one ended (signal SIGKILL) and is started again" in manager.output()
    orphan = {pid for pid in before if any(n.startswith("sleep 600") for n in names({pid}))}
    assert not alive(orphan)


def test_it_does_not_give_up_on_a_command_that_is_killed_again_and_again(manager: Manager) -> None:
    manager.start(one=manager.line("one", TREE))
    killed: set[int] = set()
    for _ in range(4):
        waiting.until(lambda: None if commands(manager, "one") - killed else "not running", LIMIT_S)
        for pid in commands(manager, "one") - killed:
            killed.add(pid)
            os.kill(pid, signal.SIGKILL)
    waiting.until(lambda: None if commands(manager, "one") - killed else "given up", LIMIT_S)


def test_it_gives_up_on_a_command_that_cannot_start(manager: Manager) -> None:
    manager.start(one=manager.line("one", "raise SystemExit(7)"), two=manager.line("two", TREE))
    assert manager.process is not None
    assert manager.process.wait(timeout=LIMIT_S) == 7
    assert "one failed to start 3 times: " in manager.output()


def test_it_says_that_a_command_does_not_exist(manager: Manager) -> None:
    manager.start(one="python -m hosting.launch one -- no-such-command")
    assert manager.process is not None
    assert manager.process.wait(timeout=LIMIT_S) == 127
    assert "no-such-command" in (manager.folder / "log" / "one.log").read_text()


def test_it_keeps_a_command_down_on_request_and_lets_it_up_again(manager: Manager) -> None:
    manager.start(one=manager.line("one", TREE))
    all_sleep(manager, 1)
    launchers = [
        p for p in manager.tree() if any(n.startswith("python -m hosting.launch") for n in names({p}))
    ]
    assert len(launchers) == 1
    os.kill(launchers[0], signal.SIGUSR1)
    waiting.until(lambda: None if "kept down" in manager.output() else "not kept down", LIMIT_S)
    os.kill(launchers[0], signal.SIGUSR2)
    all_sleep(manager, 1)


def test_it_stops_servers_after_their_clients(manager: Manager) -> None:
    note = manager.folder / "order"
    manager.start(
        server=manager.line("server", STOPPING.format(seconds=0, name="server", note=note), "--last"),
        client=manager.line("client", STOPPING.format(seconds=0.5, name="client", note=note)),
    )
    for name in ("server", "client"):
        waiting.until(waiting.file_exists(Path(f"{note}.{name}")), LIMIT_S)
    assert manager.process is not None
    manager.process.send_signal(signal.SIGTERM)
    manager.process.wait(timeout=LIMIT_S)
    assert note.read_text().split() == ["client", "server"]
