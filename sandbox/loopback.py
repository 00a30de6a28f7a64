"""Ports of 127.0.0.1 that are likely to stay free until their server binds them."""

import random
import socket
from pathlib import Path

_FIRST_PORT = 10_240
_TRIES = 200


def free_port() -> int:
    """Give a port that nobody listens on, below those that the kernel gives to outgoing connections.

    A port from that upper range, free now, may be some connection's own a moment later.
    Source: ip(7), `ip_local_port_range`. Raises: OSError when none is found.
    """
    try:
        end = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    except OSError:
        end = 32768
    for _ in range(_TRIES):
        port = random.SystemRandom().randrange(_FIRST_PORT, end if end > 2 * _FIRST_PORT else 65536)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError("No port is free on 127.0.0.1.")
