"""Where hosting puts things."""

import socket
import stat
import subprocess
import sys
from pathlib import Path

from hosting.places import ROOT, drawn_secret, free_port, reachable, servers_home, socket_fits, write_private
from hosting.process import Identity, server_identity

STRANGER = Identity(uid=61_234, gid=61_234)


def test_it_keeps_a_drawn_secret_private_and_gives_it_again(tmp_path: Path) -> None:
    path = tmp_path / "key"
    first = drawn_secret(path)
    assert len(first) >= 32
    assert drawn_secret(path) == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_it_replaces_a_private_file_whole(tmp_path: Path) -> None:
    path = tmp_path / "demo.json"
    write_private(path, "a longer first text")
    write_private(path, "second")
    assert path.read_text() == "second"
    assert [entry.name for entry in tmp_path.iterdir()] == ["demo.json"]


def test_it_knows_that_a_stranger_cannot_walk_through_a_private_folder(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    assert not reachable(closed / "inside", STRANGER)


def test_it_puts_servers_where_their_user_can_reach_them(tmp_path: Path) -> None:
    identity = server_identity()
    home = servers_home(tmp_path / "servers", identity)
    assert reachable(home, identity)
    assert home.stat().st_uid == identity.uid
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert servers_home(tmp_path / "servers", identity) == home
    home.rmdir()


def test_it_knows_how_long_a_socket_path_may_be() -> None:
    assert socket_fits(Path("/" + "a" * 106))
    assert not socket_fits(Path("/" + "a" * 107))


def test_it_steps_over_a_port_in_use(socket_enabled: None) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        chosen = free_port(port)
    assert chosen != port
    assert chosen > port


def test_a_port_given_is_given_to_nobody_else_and_to_no_outgoing_connection(socket_enabled: None) -> None:
    ports = [free_port() for _ in range(50)]
    first_outgoing = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    assert len(set(ports)) == 50
    assert max(ports) < first_outgoing
    ask = f"from hosting.places import _reserved; print([port for port in {ports} if _reserved(port)])"
    other = subprocess.run([sys.executable, "-c", ask], cwd=ROOT, capture_output=True, text=True, check=True)
    assert other.stdout == "[]\n"
