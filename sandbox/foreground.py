"""Both halves, or one, as children of one process in the foreground.

Theory of operation. Each half runs as `python -m sandbox.aws` or `python -m sandbox.alibaba` in a session of
its own, so that Ctrl-C reaches this process alone, which then asks each to end in good order. The halves end
with this process however it ends, and it ends with the one that started it. A folder of state serves one
sandbox at a time: a lock on it is held as long as this process lives.
"""

import ctypes
import fcntl
import json
import os
import secrets
import shlex
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from sandbox import keys as sandbox_keys
from sandbox.loopback import free_port

ROOT = Path(__file__).resolve().parents[1]
START_LIMIT_S = 60.0
STOP_LIMIT_S = 15.0
_LOOK_EVERY_S = 0.05
_LAST_LINES = 15
_PR_SET_PDEATHSIG = 1


class ForegroundError(Exception):
    """The sandbox cannot run; the message says why and what to do."""


class Name(StrEnum):
    """The halves."""

    AWS = "aws"
    ALIBABA = "alibaba"


@dataclass(frozen=True, kw_only=True, slots=True)
class Half:
    """A half that answers. port: on 127.0.0.1. log: what it wrote."""

    name: Name
    port: int
    process: subprocess.Popen[bytes] = field(repr=False)
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def last_words(self) -> str:
        """Give the end of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-_LAST_LINES:])


def end_with_parent() -> None:
    """Have SIGTERM sent to this process when its parent ends. Source: prctl(2), PR_SET_PDEATHSIG."""
    parent = os.getppid()
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit("The parent process has ended.")


def own_environment() -> dict[str, str]:
    """Give the environment without what would lead the sandbox to a real cloud or through a proxy."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "ALIBABA_CLOUD_", "BOTO_")) and not name.lower().endswith("_proxy")
    }
    return {**kept, "PYTHONPATH": str(ROOT)}


@contextmanager
def locked(state: Path) -> Iterator[None]:
    """Hold the folder of state, making it first. Raises ForegroundError when another sandbox has it."""
    state.mkdir(parents=True, exist_ok=True)
    with (state / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ForegroundError(f"Another sandbox runs on {state}; choose another with --state.") from None
        yield


@contextmanager
def running(state: Path, ports: Mapping[Name, int]) -> Iterator[tuple[Half, ...]]:
    """Run these halves until the block ends. ports: 0 for any that is free.

    Raises: ForegroundError when a half does not come up.
    """
    halves: list[Half] = []
    try:
        nonces = {name: secrets.token_hex(8) for name in ports}
        halves += (_start(name, port, state, nonces[name]) for name, port in ports.items())
        for half in halves:
            _wait_until_it_answers(half, nonces[half.name])
        yield tuple(halves)
    finally:
        for half in halves:
            if half.process.poll() is None:
                half.process.terminate()
        for half in halves:
            _reap(half)


def _start(name: Name, port: int, state: Path, nonce: str) -> Half:
    number = port or free_port()
    log = state / f"{name}.log"
    environment = {
        **own_environment(),
        "SANDBOX_STATE": str(state),
        f"SANDBOX_{name.upper()}_PORT": str(number),
        "SANDBOX_NONCE": nonce,
    }
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", f"sandbox.{name}"],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    return Half(name=name, port=number, process=process, log=log)


def _wait_until_it_answers(half: Half, nonce: str) -> None:
    end = time.monotonic() + START_LIMIT_S
    while time.monotonic() < end:
        if half.process.poll() is not None:
            raise ForegroundError(f"The {half.name} half ended at its start:\n{half.last_words()}")
        with suppress(OSError, ValueError):
            with urllib.request.urlopen(f"{half.url}/_sandbox/health", timeout=2) as answer:  # noqa: S310
                if json.loads(answer.read()).get("nonce") == nonce:
                    return
            raise ForegroundError(f"Port {half.port} is in use by another process.")
        time.sleep(_LOOK_EVERY_S)
    raise ForegroundError(f"The {half.name} half did not answer in {START_LIMIT_S:.0f} s; see {half.log}.")


def _reap(half: Half) -> None:
    try:
        half.process.wait(STOP_LIMIT_S)
    except subprocess.TimeoutExpired:
        half.process.kill()
        half.process.wait()


def wait(halves: Sequence[Half]) -> None:
    """Wait until SIGINT or SIGTERM comes. Raises ForegroundError when a half ends before."""
    asked = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: asked.set())
    while not asked.wait(_LOOK_EVERY_S * 4):
        for half in halves:
            if half.process.poll() is not None:
                raise ForegroundError(f"The {half.name} half has ended:\n{half.last_words()}")


def variables(halves: Sequence[Half], state: Path) -> dict[str, str]:
    """Give the environment in which programs find these halves and their keys."""
    drawn = sandbox_keys.read(state)
    found = {"SANDBOX_STATE": str(state)}
    for half in halves:
        if half.name is Name.AWS:
            found |= {
                "AWS_ENDPOINT_URL": half.url,
                "AWS_ACCESS_KEY_ID": drawn.aws.access_key_id,
                "AWS_SECRET_ACCESS_KEY": drawn.aws.secret_access_key,
                "AWS_REGION": drawn.aws.region,
                "AWS_DEFAULT_REGION": drawn.aws.region,
                "AWS_EC2_METADATA_DISABLED": "true",
            }
        else:
            found |= {
                "SANDBOX_ALIBABA_PORT": str(half.port),
                "SANDBOX_ALIBABA_URL": half.url,
                "ALIBABA_CLOUD_ACCESS_KEY_ID": drawn.alibaba.access_key_id,
                "ALIBABA_CLOUD_ACCESS_KEY_SECRET": drawn.alibaba.access_key_secret,
                "ALIBABA_CLOUD_ACCOUNT_ID": drawn.alibaba.account_id,
                "ALIBABA_CLOUD_REGION_ID": drawn.alibaba.region,
            }
    return found


def write_variables(place: Path, found: Mapping[str, str]) -> None:
    """Put them into a file that a shell can read and nobody else may (0600), whole or not at all."""
    draft = place.with_suffix(".new")
    draft.unlink(missing_ok=True)
    text = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in found.items())
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    draft.replace(place)
