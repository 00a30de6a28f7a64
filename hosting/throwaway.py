"""Real servers for one run of the tests: started in a moment, gone with the process that asked for them.

A cluster made by `initdb` is kept under var/ as a template and copied, which takes a third of the time.
"""

import atexit
import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hosting import waiting
from hosting.places import ROOT, free_port, public_places, reachable, remove_tree, state_directory
from hosting.postgres import Cluster, create, open_cluster
from hosting.process import HostingError, dying_with_parent, server_identity
from hosting.redis import open_store

_LIMIT_S = 60
_PREFIX = "cutover-test-"


@dataclass(frozen=True, kw_only=True, slots=True)
class Servers:
    """Running servers: their addresses and how to stop them."""

    database_url: str
    redis_url: str
    stop: Callable[[], None]


def start(*, durable: bool = False) -> Servers:
    """Start PostgreSQL and Redis in a folder of their own; both end with this process, even by SIGKILL.

    durable: PostgreSQL waits for the disk as the product's own does, which measurements need.

    Raises: HostingError when a wheel is missing or a server does not come up.
    """
    folder = _folder()
    cluster = open_cluster(folder / "postgres", free_port())
    store = open_store(folder / "redis")
    _copy_template(cluster)
    log = folder / "servers.log"
    children = [
        _child(
            "hosting.postgres",
            cluster.home,
            log,
            HOSTING_POSTGRES_PORT=str(cluster.port),
            **({} if durable else {"HOSTING_THROWAWAY": "1"}),
        ),
        _child("hosting.redis", store.home, log),
    ]

    def stop() -> None:
        for child, number in zip(children, (signal.SIGINT, signal.SIGTERM), strict=True):
            child.send_signal(number)
        for child in children:
            child.wait()
        remove_tree(folder)

    atexit.register(stop)
    try:
        waiting.until(waiting.postgres_answers(cluster.url), _LIMIT_S)
        waiting.until(waiting.redis_answers(store.url), _LIMIT_S)
    except HostingError as exc:
        raise HostingError(f"{exc}\n{log.read_text(errors='replace')[-2000:]}") from exc

    def stop_now() -> None:
        atexit.unregister(stop)
        stop()

    return Servers(database_url=cluster.url, redis_url=store.url, stop=stop_now)


def _folder() -> Path:
    """Make a private folder that the servers' user can reach, with a short path for sockets."""
    identity = server_identity()
    place = next((path for path in public_places() if reachable(path / "x", identity)), None)
    if place is None:
        raise HostingError(f"No temporary folder can be reached by user id {identity.uid}.")
    _sweep(place)
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=place))
    folder.chmod(0o711)
    return folder


def _sweep(place: Path) -> None:
    """Remove what runs that were killed left behind; the folder's name holds the pid of its run."""
    for folder in place.glob(f"{_PREFIX}*"):
        pid = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if not pid.isdigit() or Path(f"/proc/{pid}").exists():
            continue
        with contextlib.suppress(FileNotFoundError):  # its run, or another sweep, was faster
            if folder.stat().st_uid == os.geteuid():
                shutil.rmtree(folder, ignore_errors=True)


def _copy_template(cluster: Cluster) -> None:
    """Fill the cluster's folder from the template, making the template first when there is none."""
    state = state_directory()
    with (state / "template.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        template = open_cluster(state / "template", 0)
        create(template)
        shutil.copytree(template.data, cluster.data)
        (cluster.home / "password").write_text(template.password)
    for path in [cluster.data, *cluster.data.rglob("*")]:
        os.chown(path, cluster.identity.uid, cluster.identity.gid)


def _child(module: str, home: Path, log: Path, **environment: str) -> subprocess.Popen[bytes]:
    with log.open("ab") as file:
        return subprocess.Popen(
            [sys.executable, "-m", module],
            cwd=ROOT,
            env={
                "PATH": os.environ.get("PATH", os.defpath),
                "HOSTING_POSTGRES_HOME": str(home),
                "HOSTING_REDIS_HOME": str(home),
                **environment,
            },
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            # A session of its own: Ctrl-C in the terminal must reach the tests first.
            start_new_session=True,
            preexec_fn=dying_with_parent(),
        )
