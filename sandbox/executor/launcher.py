"""Starts processes for functions through the nursery, and ends them with everything they have started.

The nursery (`sandbox.executor.nursery`) forks; this side keeps the ends of the pipes and knows when a child
has ended.
"""

import contextlib
import json
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.executor.values import InstanceSpec

NURSERY = Path(__file__).with_name("nursery.py")
PROJECT = Path(__file__).parents[2]
HOME_PREFIX = "sandbox-worker-"
START_LIMIT_S = 20.0
KILL_ROUNDS = 100  # a process forks faster than it is found, but not for long
_ROOT_SUFFIX = "root"


@dataclass(frozen=True, kw_only=True, slots=True)
class Ends:
    """The server's ends of a child's pipes: file descriptors."""

    stdin: int
    stdout: int
    stderr: int
    frames: int


class Child:
    """A started process, leader of its group. Not thread-safe, except for `kill`.

    The kernel gives the numbers of processes and namespaces that have ended to new ones, of other servers
    too. So the mount namespace is held open as long as its number is used, and a group whose leader has ended
    is not signalled by number where the namespace tells who belongs to it.
    """

    def __init__(self, pid: int, end: int, ends: Ends, *, place: str, home: str | None) -> None:
        self.pid = pid
        self._home = home
        self.ends = ends
        self.end = end
        self.returncode: int | None = None
        self._place, self._held = _hold(pid, place)
        self._private = bool(place)
        self._reading = threading.Lock()

    def poll(self) -> int | None:
        """Give the exit code, negative for a signal, or None while the process lives."""
        with self._reading:
            if self.returncode is None:
                with contextlib.suppress(BlockingIOError):
                    # Nothing at the end of the pipe: the nursery was killed, and its children with it.
                    self.returncode = int(os.read(self.end, 16) or -signal.SIGKILL)
            return self.returncode

    def wait(self) -> None:
        """Wait until the process has ended."""
        while self.poll() is None:
            select.select([self.end], [], [], 1)

    def signal(self, number: signal.Signals) -> None:
        """Signal the group, while its leader lives or nothing else tells who belongs to it."""
        if self._private and self.poll() is not None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)

    def kill(self) -> None:
        """Kill the group, even when its leader has ended, and whatever has left the group; idempotent."""
        self.signal(signal.SIGKILL)
        for _ in range(KILL_ROUNDS):
            for pid in (strays := self._strays()):
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)
            if not strays:
                return
            time.sleep(0.001)

    def _strays(self) -> list[int]:
        """Find living processes of the child's mount namespace, whatever their group or parent."""
        if self._place is None:
            return []
        return [
            int(name)
            for name in os.listdir("/proc")  # noqa: PTH208 - names are wanted, and this runs on each kill
            if name.isdecimal() and _place_of(int(name)) == self._place
        ]

    def close(self) -> None:
        """Give back what the child held: its pipes are the caller's, apart from standard input."""
        for fd in (self.end, self.ends.stdin, *self._held):
            os.close(fd)
        self._place, self._held = None, ()
        if self._home is not None:
            shutil.rmtree(self._home, ignore_errors=True)


def _hold(pid: int, place: str) -> tuple[str | None, tuple[int, ...]]:
    """Open the mount namespace that the process said is its own; nothing when it has ended since."""
    if not place:
        return None, ()
    try:
        held = os.open(f"/proc/{pid}/ns/mnt", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None, ()
    if f"mnt:[{os.fstat(held).st_ino}]" != place:
        os.close(held)
        return None, ()
    return place, (held,)


def _place_of(pid: int) -> str | None:
    """Name the mount namespace of a process; None when it has ended, also as a zombie, or is not ours."""
    try:
        return os.readlink(f"/proc/{pid}/ns/mnt")  # noqa: PTH115 - runs for every process on each kill
    except OSError:
        return None


class Launcher:
    """The nursery and the way to it. Thread-safe. The thread that makes it must outlive it.

    refused: why functions cannot have places of their own, in the kernel's words; None: they have them.
    Raises OSError when the nursery does not start.
    """

    def __init__(self) -> None:
        _sweep()
        self._lock = threading.Lock()
        self._root = Path(tempfile.mkdtemp(prefix=f"{HOME_PREFIX}{os.getpid()}-", suffix=_ROOT_SUFFIX))
        self._link, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._link.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        self._link.settimeout(START_LIMIT_S)
        with other:
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    "-I",
                    "-S",
                    str(NURSERY),
                    str(other.fileno()),
                    str(os.getpid()),
                    str(self._root),
                ],
                pass_fds=(other.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                start_new_session=True,
                cwd="/",
                env={"PATH": os.defpath},
            )
        self.refused: str | None = self._heard()["refused"]

    def start(self, spec: InstanceSpec, env: Mapping[str, str]) -> Child:
        """Start the process of a specification with this environment. Raises OSError."""
        mounts = self._mounts(spec)
        names = _Names(mounts, private=self.refused is None)
        home = None
        if self.refused is not None:
            home = tempfile.mkdtemp(prefix=f"{HOME_PREFIX}{os.getpid()}-")
        order = {
            "argv": [names.outward(names.inward(word)) for word in spec.argv],
            "env": {name: names.inward(value) for name, value in env.items()}
            | ({"HOME": "/tmp"} if home is None else {"HOME": home, "TMPDIR": home}),  # noqa: S108
            "cwd": names.inward(str(spec.code)),
            "mounts": [[target, str(source)] for target, source in mounts],
            "keep": _needed(spec, mounts) if home is None else [],
            "tmp_mb": spec.tmp_mb,
            "files": spec.open_files,
        }
        try:
            return self._ordered(order, home)
        except OSError:
            if home is not None:
                shutil.rmtree(home, ignore_errors=True)
            raise

    def _ordered(self, order: dict[str, Any], home: str | None) -> Child:
        theirs, ours = [], []
        for reads in (True, False, False, False, False):
            read, write = os.pipe()
            theirs.append(read if reads else write)
            ours.append(write if reads else read)
        try:
            with self._lock:
                socket.send_fds(self._link, [json.dumps(order).encode()], theirs)
                answer = self._heard()
        except OSError:
            for fd in ours:
                os.close(fd)
            raise
        finally:
            for fd in theirs:
                os.close(fd)
        if "error" in answer:
            for fd in ours:
                os.close(fd)
            number, _, text = str(answer["error"]).partition(" ")
            raise OSError(int(number), text, order["argv"][0])
        stdin, stdout, stderr, frames, end = ours
        os.set_blocking(end, False)
        pid = int(answer["pid"])
        return Child(
            pid,
            end,
            Ends(stdin=stdin, stdout=stdout, stderr=stderr, frames=frames),
            place=str(answer["place"]),
            home=home,
        )

    def _heard(self) -> dict[str, Any]:
        text = self._link.recv(1 << 16)
        if not text:
            raise OSError("the process that starts functions has ended: restart the sandbox")
        return dict(json.loads(text))

    def _mounts(self, spec: InstanceSpec) -> tuple[tuple[str, Path], ...]:
        """Leave out what would hide the interpreter, such as /opt where that is where it lives."""
        if self.refused is not None:
            return spec.mounts
        program = Path(spec.argv[0])
        own = [Path(sys.prefix), Path(sys.base_prefix), PROJECT]
        if program.is_absolute() and program.exists():
            own.append(program.resolve().parent)
        return tuple(
            (target, source)
            for target, source in spec.mounts
            if not any(_under(str(path), target) for path in own)
        )

    def close(self) -> None:
        """End the nursery, and with it whatever a function has left; idempotent."""
        self._link.close()
        self._process.kill()
        self._process.wait()
        shutil.rmtree(self._root, ignore_errors=True)


class _Names:
    """Turns paths of this machine into the paths that a function sees, and back."""

    def __init__(self, mounts: tuple[tuple[str, Path], ...], *, private: bool) -> None:
        self._inward: list[tuple[re.Pattern[str], str]] = []
        self._outward: list[tuple[re.Pattern[str], str]] = []
        if private:
            for target, source in mounts:
                for name in dict.fromkeys((str(source), str(source.resolve()))):
                    self._inward.append((_path(name), target))
        else:
            self._outward = [(_path(target), str(source)) for target, source in mounts]

    def inward(self, text: str) -> str:
        return _replaced(text, self._inward)

    def outward(self, text: str) -> str:
        return _replaced(text, self._outward)


def _path(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w./-]){re.escape(name)}(?![\w.-])")


def _replaced(text: str, names: list[tuple[re.Pattern[str], str]]) -> str:
    for pattern, name in names:
        text = pattern.sub(lambda _, name=name: name, text)  # type: ignore[misc]
    return text


def _needed(spec: InstanceSpec, mounts: tuple[tuple[str, Path], ...]) -> list[str]:
    """List directories under /tmp that the process needs where they are: interpreter, bootstrap, packages."""
    words = [str(Path(word).parent) for word in spec.argv if word.startswith("/")]
    for name in ("PYTHONPATH", "NODE_PATH"):
        words += spec.env.get(name, "").split(os.pathsep)
    words += [sys.prefix, sys.base_prefix, str(PROJECT), str(spec.code)]
    shown = [str(source) for _, source in mounts] + [target for target, _ in mounts]
    found = {
        word
        for word in words
        if word.startswith("/")
        and _under(word, "/tmp")  # noqa: S108
        and Path(word).is_dir()
        and not any(_under(word, place) for place in shown)
    }
    return sorted(word for word in found if not any(_under(word, other) for other in found - {word}))


def _under(path: str, top: str) -> bool:
    return path == top or path.startswith(top.rstrip("/") + "/")


def _sweep() -> None:
    """Remove directories that an executor left behind when it was killed."""
    for home in Path(tempfile.gettempdir()).glob(f"{HOME_PREFIX}*"):
        owner = home.name.removeprefix(HOME_PREFIX).partition("-")[0]
        if owner.isdecimal() and not Path(f"/proc/{owner}").exists():
            shutil.rmtree(home, ignore_errors=True)
