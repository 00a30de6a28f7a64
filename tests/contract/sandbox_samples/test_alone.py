"""`python -m sandbox` as people start it who want a local Function Compute and nothing of the product."""

import base64
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from alibabacloud_fc20230330 import models as fc
from alibabacloud_fc20230330.client import Client
from alibabacloud_tea_openapi.models import Config

from tests.sandbox_fixtures import ROOT, gone, zipped

pytestmark = [
    pytest.mark.enable_socket,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]
LIMIT_S = 60
PRODUCT = {"cutover", "clouds", "migrations_app", "dashboard", "workers", "hosting", "adapters"}
UP = "Ctrl-C stops everything."


def command(*words: str, **environment: str) -> subprocess.Popen[str]:
    """Start the sandbox with nothing but itself on the import path."""
    return subprocess.Popen(
        [sys.executable, "-m", "sandbox", *words],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "AWS_PROFILE": "somebody", **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@contextmanager
def started(*words: str) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """Run the sandbox until the block ends; gives what it said until it was up."""
    process = command(*words)
    try:
        assert process.stdout is not None
        said: list[str] = []
        for line in process.stdout:
            said.append(line)
            if UP in line:
                break
        assert said, process.stderr and process.stderr.read()
        assert UP in said[-1]
        yield process, said
    finally:
        if process.poll() is None:
            process.terminate()
        process.communicate(timeout=LIMIT_S)


def variables(file: Path) -> dict[str, str]:
    """Read the file that a shell would source."""
    words = (shlex.split(line)[1] for line in file.read_text().splitlines())
    return dict(word.split("=", 1) for word in words)


def children(pid: int) -> set[int]:
    tasks = Path(f"/proc/{pid}/task/{pid}/children")
    return {int(number) for number in tasks.read_text().split()}


def all_gone(pids: set[int]) -> bool:
    end = time.monotonic() + LIMIT_S
    while time.monotonic() < end:
        if all(gone(pid) for pid in pids):
            return True
        time.sleep(0.05)
    return False


def test_a_local_function_compute_is_a_command_away(tmp_path: Path) -> None:
    with started("--only", "alibaba", "--state", str(tmp_path / "state")) as (process, said):
        assert not any(line.startswith("  aws") for line in said)
        found = variables(tmp_path / "state" / "sandbox.env")
        assert "AWS_ENDPOINT_URL" not in found
        client = Client(
            Config(
                access_key_id=found["ALIBABA_CLOUD_ACCESS_KEY_ID"],
                access_key_secret=found["ALIBABA_CLOUD_ACCESS_KEY_SECRET"],
                endpoint=found["SANDBOX_ALIBABA_URL"].removeprefix("http://"),
                protocol="http",
                region_id=found["ALIBABA_CLOUD_REGION_ID"],
            )
        )
        package = zipped(index_py="def handler(event, context):\n    return b'hello ' + event")
        given = fc.CreateFunctionInput(
            function_name="mine",
            runtime="python3.12",
            handler="index.handler",
            code=fc.InputCodeLocation(zip_file=base64.b64encode(package).decode()),
        )
        client.create_function(fc.CreateFunctionRequest(body=given))
        answer = client.invoke_function("mine", fc.InvokeFunctionRequest(body=b"world"))
        assert answer.body.read() == b"hello world"
        halves = children(process.pid)
        assert len(halves) == 1
        process.send_signal(signal.SIGINT)
        assert process.wait(LIMIT_S) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""
    assert all_gone(halves)
    assert not (tmp_path / "state" / "sandbox.env").exists()


def test_a_kill_takes_the_halves_along_and_a_folder_serves_one_sandbox_at_a_time(tmp_path: Path) -> None:
    state = str(tmp_path / "state")
    with started("--state", state, "--samples", "hello-node") as (process, said):
        assert "hello-node: created, live on version 1\n" in said
        assert "hello-node on Function Compute: created\n" in said
        second = command("--state", state)
        _, sorry = second.communicate(timeout=LIMIT_S)
        assert (second.returncode, "Another sandbox runs on" in sorry) == (1, True)
        assert (tmp_path / "state" / "sandbox.env").stat().st_mode & 0o777 == 0o600
        halves = children(process.pid)
        assert len(halves) == 2
        process.kill()
        process.wait(LIMIT_S)
    assert all_gone(halves)


def test_it_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    """A program that starts the sandbox, says its number and is killed."""
    program = (
        "import subprocess, sys\n"
        "words = [sys.executable, '-m', 'sandbox', '--only', 'alibaba', '--state', sys.argv[1]]\n"
        "child = subprocess.Popen(words)\n"
        "print('number', child.pid, flush=True)\n"
        "child.wait()"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path / "state")],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    with parent.stdout as said:
        number = int(next(said).split()[1])
        assert any(UP in line for line in said)
        everyone = {number} | children(number)
        assert len(everyone) == 2
        parent.kill()
        parent.wait(LIMIT_S)
        assert all_gone(everyone)
    assert not (tmp_path / "state" / "sandbox.env").exists()


def test_both_halves_import_where_the_product_is_absent(tmp_path: Path) -> None:
    """A folder with the sandbox alone, as if only that had been taken out of the checkout."""
    (tmp_path / "sandbox").symlink_to(ROOT / "sandbox")
    program = (
        "import sys\n"
        f"class Absent:\n    def find_spec(self, name, path=None, target=None):\n"
        f"        if name.partition('.')[0] in {PRODUCT!r}:\n            raise ImportError(name)\n"
        "sys.meta_path.insert(0, Absent())\n"
        "import sandbox.aws.__main__, sandbox.alibaba.__main__, sandbox.samples.__main__, sandbox.__main__\n"
        "import sandbox.samples.on_alibaba, sandbox.traffic\n"
        "print(sorted(name for name in sys.modules if name in " + repr(PRODUCT) + "))"
    )
    ended = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert (ended.returncode, ended.stdout.strip()) == (0, "[]"), ended.stderr
