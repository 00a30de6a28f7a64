"""What Linux offers to make sure that no process outlives the one that wanted it.

- `die_with_parent`: the kernel sends a signal to the caller when its parent ends. The kernel clears the wish
  when credentials change, so it is set *after* dropping root. Source: prctl(2), PR_SET_PDEATHSIG.
- `adopt_orphans`: descendants whose parent ended become children of the caller instead of pid 1, so that a
  tree can be ended whole even when a part of it made a session of its own. Source: prctl(2),
  PR_SET_CHILD_SUBREAPER.
"""

import ctypes
import os
import pwd
import signal
import sys
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


class HostingError(Exception):
    """Something that hosting needs is missing on this machine; the message says what and what to do."""


def _prctl(option: int, value: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, value, 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def die_with_parent(parent: int, stop: signal.Signals = signal.SIGKILL) -> None:
    """Have the kernel send `stop` to this process when its parent ends.

    Args: parent: the pid expected as parent; when it is gone already, this process ends at once, which closes
    the gap between the fork and the wish.
    """
    _prctl(_PR_SET_PDEATHSIG, stop)
    if os.getppid() != parent:
        os._exit(1)


def dying_with_parent(stop: signal.Signals = signal.SIGKILL) -> Callable[[], None]:
    """Give a `preexec_fn` that ties the child to the calling process."""
    parent = os.getpid()
    return lambda: die_with_parent(parent, stop)


def adopt_orphans() -> None:
    """Make this process the new parent of every descendant whose own parent ends."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def parent_of(pid: int) -> int | None:
    """Give the parent's pid, or None when there is no such process."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The name in brackets may hold spaces and brackets itself; what follows the last one is well formed.
    return int(stat.rpartition(")")[2].split()[1])


def descendants(root: int) -> list[int]:
    """List the pids below `root`, nearest first, zombies included."""
    children: dict[int, list[int]] = defaultdict(list)
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (parent := parent_of(int(entry.name))) is not None:
            children[parent].append(int(entry.name))
    found: list[int] = []
    queue = [root]
    while queue:
        below = children.get(queue.pop(0), [])
        found.extend(below)
        queue.extend(below)
    return found


def send(pid: int, number: signal.Signals) -> bool:
    """Send a signal; False when the process is gone."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """The user a server runs as."""

    uid: int
    gid: int

    def assume(self) -> None:
        """Become this user for good. Does nothing when the process is it already."""
        if os.geteuid() == self.uid:
            return
        os.setgroups([])
        os.setgid(self.gid)
        os.setuid(self.uid)


def server_identity() -> Identity:
    """Choose who PostgreSQL and Redis run as: the caller, or `nobody` when the caller is root.

    PostgreSQL refuses to run as root. Raises: HostingError when root has no `nobody` to become.
    """
    if os.geteuid() != 0:
        return Identity(uid=os.geteuid(), gid=os.getegid())
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise HostingError(
            "PostgreSQL refuses to run as root, and this machine has no user 'nobody' to run it as. "
            "Run the command as an ordinary user."
        ) from None
    return Identity(uid=nobody.pw_uid, gid=nobody.pw_gid)


def complain(sentence: str) -> None:
    """Print a sentence for the person who started the command."""
    print(sentence, file=sys.stderr, flush=True)
