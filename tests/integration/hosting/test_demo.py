"""`make demo` as a script meets it: a file to join by, one demo at a time, nothing left at the end."""

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from hosting import waiting
from hosting.places import ROOT, free_port, remove_tree, servers_home
from hosting.process import descendants, dying_with_parent, send, server_identity

START_LIMIT_S = 240
END_LIMIT_S = 60


class RunningDemo:
    """A demo with a state folder of its own."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.log = state / "demo.log"
        self.seen: set[int] = set()
        self.start()

    def start(self) -> None:
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "hosting.demo"],
                cwd=ROOT,
                env=environment(self.state),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=dying_with_parent(),
            )

    def wait_until_ready(self) -> dict[str, Any]:
        waiting.until(self._ready, START_LIMIT_S)
        self.seen |= set(descendants(self.process.pid))
        return dict(json.loads((self.state / "demo.json").read_text()))

    def _ready(self) -> str | None:
        assert self.process.poll() is None, self.log.read_text()
        return None if (self.state / "demo.json").exists() else f"not ready: {self.log.read_text()}"

    def left(self) -> str | None:
        running = [pid for pid in self.seen if is_running(pid)]
        return f"still running: {running}" if running else None


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def environment(state: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return {**kept, "CUTOVER_VAR": str(state), "PORT": str(web_port())}


@cache
def web_port() -> int:
    return free_port()


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[RunningDemo]:
    running = RunningDemo(tmp_path)
    yield running
    running.seen |= set(descendants(running.process.pid))
    running.process.kill()
    running.process.wait()
    for pid in running.seen:
        send(pid, signal.SIGKILL)
    # Root's servers may live outside the state folder, where `nobody` can reach them.
    for name in ("postgres", "redis"):
        remove_tree(servers_home(tmp_path / name, server_identity()))


def test_it_runs_one_demo_for_all_leaves_nothing_when_killed_and_starts_again_until_ctrl_c(
    demo: RunningDemo,
) -> None:
    _is_joined_by_others(demo)
    _leaves_nothing_when_killed(demo)
    demo.start()
    demo.wait_until_ready()
    _ends_with_zero_on_ctrl_c(demo)


def _is_joined_by_others(demo: RunningDemo) -> None:
    written = demo.wait_until_ready()
    assert (demo.state / "demo.json").stat().st_mode & 0o777 == 0o600
    for role, link in written["web"]["login_urls"].items():
        with urllib.request.build_opener(urllib.request.HTTPCookieProcessor()).open(link, timeout=60) as page:
            assert page.status == 200, role
            assert "/login" not in page.url, role

    second = subprocess.run(
        [sys.executable, "-m", "hosting.demo"],
        cwd=ROOT,
        env=environment(demo.state),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert second.returncode == 1
    assert f"A demo runs in this checkout already (process {demo.process.pid})" in second.stderr

    listed = subprocess.run(
        [sys.executable, "manage.py", "cutover", "list", "--json"],
        cwd=ROOT,
        env=environment(demo.state),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert listed.returncode == 0, listed.stderr
    json.loads(listed.stdout)


def _leaves_nothing_when_killed(demo: RunningDemo) -> None:
    demo.process.send_signal(signal.SIGKILL)
    demo.process.wait()
    waiting.until(demo.left, END_LIMIT_S)
    assert not (demo.state / "demo.json").exists()
    assert not (demo.state / "demo.env").exists()


def _ends_with_zero_on_ctrl_c(demo: RunningDemo) -> None:
    demo.process.send_signal(signal.SIGINT)
    assert demo.process.wait(timeout=END_LIMIT_S) == 0
    waiting.until(demo.left, END_LIMIT_S)
    assert not (demo.state / "demo.json").exists()
    assert demo.log.read_text().rstrip().endswith("Stopped.")
