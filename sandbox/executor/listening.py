"""Who listens on a port of this machine, out of /proc.

Source: proc(5), /proc/net/tcp: local address and port in hexadecimal, state 0A is LISTEN, tenth field inode.
"""

import os
from contextlib import suppress
from pathlib import Path

_LISTEN = "0A"


def inodes(port: int) -> frozenset[str]:
    """Give the inodes of the sockets that listen on this port, on any address."""
    wanted = f"{port:04X}"
    found = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with suppress(OSError):
            for line in Path(table).read_text().splitlines()[1:]:
                words = line.split()
                if words[3] == _LISTEN and words[1].rpartition(":")[2] == wanted:
                    found.add(words[9])
    return frozenset(found)


def belongs_to(session: int, sockets: frozenset[str]) -> bool:
    """Tell whether a process of this session holds one of these sockets."""
    if not sockets:
        return False
    names = {f"socket:[{inode}]" for inode in sockets}
    return any(_holds(pid, names) for pid in _members(session))


def _members(session: int) -> list[str]:
    found = []
    for name in os.listdir("/proc"):  # noqa: PTH208 - names are wanted, and this runs while a start waits
        if name.isdecimal():
            with suppress(OSError, IndexError):
                # The command's name may hold spaces and brackets: fields are counted after the last bracket.
                fields = Path(f"/proc/{name}/stat").read_text().rpartition(")")[2].split()
                if fields[3] == str(session):
                    found.append(name)
    return found


def _holds(pid: str, names: set[str]) -> bool:
    with suppress(OSError), os.scandir(f"/proc/{pid}/fd") as entries:
        for entry in entries:
            with suppress(OSError):
                if os.readlink(entry.path) in names:  # noqa: PTH115
                    return True
    return False
