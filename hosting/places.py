"""Where things lie: state under var/, servers' files where their user can reach them, ports that are free."""

import hashlib
import os
import secrets
import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

from hosting.process import HostingError, Identity

ROOT = Path(__file__).resolve().parent.parent
"""The checkout."""

_SOCKET_PATH_BYTES = 107
"""The longest path of a unix socket. Source: unix(7), sun_path."""

_FIRST_PORT = 10_240
_PORT_TRIES = 200


def state_directory() -> Path:
    """Give var/, or what CUTOVER_VAR names instead of it; made when absent."""
    path = Path(os.environ.get("CUTOVER_VAR") or ROOT / "var").resolve()
    path.mkdir(parents=True, exist_ok=True)
    return path


def write_private(path: Path, text: str) -> None:
    """Put `text` into a file that only its owner may read (0600), whole or not at all."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    draft.replace(path)


def drawn_secret(path: Path) -> str:
    """Give the secret kept in `path`, drawing it at the first call."""
    if not path.exists():
        write_private(path, secrets.token_urlsafe(32))
    return path.read_text().strip()


def reachable(path: Path, identity: Identity) -> bool:
    """Tell whether `identity` may walk down to `path`, judged by owners and modes of its parents."""
    for folder in path.resolve().parents:
        if not folder.exists():
            continue
        status = folder.stat()
        if identity.uid == 0:
            continue
        if status.st_uid == identity.uid:
            allowed = status.st_mode & 0o100
        elif status.st_gid == identity.gid:
            allowed = status.st_mode & 0o010
        else:
            allowed = status.st_mode & 0o001
        if not allowed:
            return False
    return True


def public_places() -> Iterator[Path]:
    """Give the folders where everybody may make a folder of their own."""
    for name in ("/var/tmp", tempfile.gettempdir(), "/tmp"):  # noqa: S108 - folders inside are private (0700)
        if Path(name).is_dir():
            yield Path(name)


def servers_home(wish: Path, identity: Identity) -> Path:
    """Give a private folder that `identity` owns and can reach: `wish`, or one named after it elsewhere.

    A checkout under /root or in a 0700 temporary folder cannot be reached by the user whom root's servers run
    as; changing the modes of folders that are not ours is no way out.
    Raises: HostingError when no place on this machine will do, or when somebody else made the folder.
    """
    chosen = wish
    if not reachable(wish, identity):
        digest = hashlib.sha256(str(wish.resolve()).encode()).hexdigest()[:12]
        places = (place / f"cutover-{digest}" for place in public_places())
        usable = next((place for place in places if reachable(place, identity)), None)
        if usable is None:
            raise HostingError(f"No folder on this machine can be reached by user id {identity.uid}.")
        chosen = usable
    chosen.mkdir(mode=0o700, parents=True, exist_ok=True)
    if chosen.is_symlink() or chosen.stat().st_uid not in {identity.uid, os.geteuid()}:
        raise HostingError(f"{chosen} belongs to somebody else; remove it and start again.")
    os.chown(chosen, identity.uid, identity.gid)
    chosen.chmod(0o700)
    return chosen


def remove_tree(path: Path) -> None:
    """Remove a folder and what is in it, if it is there."""
    if path.exists():
        shutil.rmtree(path)


def socket_fits(path: Path) -> bool:
    """Tell whether a unix socket can have this path."""
    return len(os.fsencode(path)) <= _SOCKET_PATH_BYTES


def free_port(wish: int = 0) -> int:
    """Give a port on 127.0.0.1 that nobody listens on: `wish` or the next ones above, else any.

    Without a wish the port lies below those that the kernel hands to outgoing connections, and no other
    process that asks here gets the same one while this process lives: so the server that it is for finds it
    free. A wished port is free at this moment only. Raises: HostingError when there is none.
    """
    if wish:
        wished = range(wish, min(wish + 50, 65536))
        found = next((port for port in wished if _bindable(port)), 0)
        return found or free_port()
    for _ in range(_PORT_TRIES):
        port = _FIRST_PORT + secrets.randbelow(_first_outgoing_port() - _FIRST_PORT)
        if _bindable(port) and _reserved(port):
            return port
    raise HostingError("No port is free on 127.0.0.1.")


def _first_outgoing_port() -> int:
    """Give where the kernel's range for outgoing connections begins: ip(7), `ip_local_port_range`."""
    try:
        first = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    except OSError:
        first = 32768
    return first if first > 2 * _FIRST_PORT else 65536


def _bindable(port: int) -> bool:
    with socket.socket() as probe:
        # Else a port whose last connections linger in TIME_WAIT would be stepped over for nothing.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _reserved(port: int) -> bool:
    """Hold the port's name among abstract sockets until this process ends, as unix(7) has them."""
    held = socket.socket(socket.AF_UNIX)
    try:
        held.bind(f"\0cutover-port-{port}")
    except OSError:
        held.close()
        return False
    held.detach()
    return True
