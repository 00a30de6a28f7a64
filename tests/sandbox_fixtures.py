"""The sandbox's servers as subprocesses for tests: started on a free port, stopped in good order."""

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from sandbox import keys as sandbox_keys

ROOT = Path(__file__).parents[1]
START_LIMIT_S = 30.0
STOP_LIMIT_S = 15.0


@dataclass(frozen=True, kw_only=True, slots=True)
class RunningAws:
    """A running AWS half. endpoint: its URL. keys: all drawn keys. pid: the server's process."""

    endpoint: str
    keys: sandbox_keys.Keys
    state: Path
    pid: int

    def client(self, service: str, **more: Any) -> Any:
        """Give an unmodified boto3 client of this sandbox; retries are off unless `config` says otherwise."""
        given: dict[str, Any] = {
            "endpoint_url": self.endpoint,
            "region_name": self.keys.aws.region,
            "aws_access_key_id": self.keys.aws.access_key_id,
            "aws_secret_access_key": self.keys.aws.secret_access_key,
            "config": Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=60),
        }
        return boto3.client(service, **(given | more))  # type: ignore[call-overload]


def free_port() -> int:
    """Give a loopback port that nobody uses at the moment."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def server_environment(state: Path, **more: str) -> dict[str, str]:
    """Give the environment for a sandbox process: nothing of AWS or of the product from this one."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    return {**kept, "SANDBOX_STATE": str(state), "SANDBOX_COLD_DELAY_MS": "0", **more}


@contextmanager
def running_server(
    module: str, environment: Mapping[str, str], health_url: str, log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """Run `python -m MODULE` until the block ends. The health answer must carry the nonce given to it."""
    nonce = secrets.token_hex(8)
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", module],
            cwd=ROOT,
            env={**environment, "SANDBOX_NONCE": nonce},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        _wait_for_health(process, health_url, nonce, log)
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(f"{module} did not stop when asked; its log is {log}") from None


def _wait_for_health(process: subprocess.Popen[bytes], url: str, nonce: str, log: Path) -> None:
    end = time.monotonic() + START_LIMIT_S
    while time.monotonic() < end:
        if process.poll() is not None:
            raise AssertionError(f"the server ended at its start:\n{log.read_text()[-4000:]}")
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                if json.loads(answer.read()).get("nonce") == nonce:
                    return
                raise AssertionError(f"{url} is answered by another process")
        except OSError:
            time.sleep(0.05)
    raise AssertionError(f"the server did not answer in {START_LIMIT_S} s:\n{log.read_text()[-4000:]}")


@contextmanager
def running_aws(state_dir: Path, **environment: str) -> Iterator[RunningAws]:
    """Run the AWS half on a free port. Further SANDBOX_ variables as keywords, e.g. SANDBOX_SEED="1"."""
    state_dir.mkdir(parents=True, exist_ok=True)
    port = free_port()
    settings = server_environment(state_dir, SANDBOX_AWS_PORT=str(port), **environment)
    endpoint = f"http://127.0.0.1:{port}"
    with running_server(
        "sandbox.aws", settings, f"{endpoint}/_sandbox/health", state_dir / "aws.log"
    ) as process:
        yield RunningAws(
            endpoint=endpoint, keys=sandbox_keys.read(state_dir), state=state_dir, pid=process.pid
        )
