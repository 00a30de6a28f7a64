"""Numbers that the kernel gives a second time: a worker that ended must not take another one with it."""

import os
import signal
from pathlib import Path

import pytest

from sandbox.executor.launcher import Launcher
from sandbox.executor.values import InstanceSpec


def sleeper(code: Path, *words: str) -> InstanceSpec:
    return InstanceSpec(
        key=("test", "sleeper", "1", ""),
        argv=words or ("/bin/sleep", "60"),
        env={},
        code=code,
        memory_mb=128,
        timeout_s=5,
        cold_delay_s=0,
    )


@pytest.mark.parametrize("rounds", [20])
def test_killing_a_worker_that_has_ended_leaves_those_that_started_since(tmp_path: Path, rounds: int) -> None:
    launcher = Launcher()
    if launcher.refused is not None:
        launcher.close()
        pytest.skip(f"functions have no places of their own here: {launcher.refused}")
    try:
        for _ in range(rounds):
            first = launcher.start(sleeper(tmp_path), {})
            os.kill(first.pid, signal.SIGKILL)
            first.wait()
            second = launcher.start(sleeper(tmp_path), {})
            first.kill()
            first.close()
            assert second.poll() is None, "the first one's end took the second with it"
            second.kill()
            second.wait()
            second.close()
    finally:
        launcher.close()
