"""Where a database may be: on hosts of the allow-list only, checked on the address that is connected to."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Collection, Mapping

import psycopg2
from psycopg2.extensions import parse_dsn

from cutover.errors import UnsupportedFeature

_TAKEN = frozenset(
    {"host", "port", "user", "password", "dbname", "sslmode", "sslrootcert", "sslcert", "sslkey"}
)
DEFAULT_PORT = "5432"


def connection_parameters(variable: str, address: str, allowed: Collection[str]) -> Mapping[str, str]:
    """Give the parameters to connect with; the host's name is looked up once, here, and never again.

    Args:
        variable: the environment variable that the address stands in; the only thing a message names.
        allowed: ``host`` or ``host:port``, in lower case.

    Raises:
        UnsupportedFeature: the variable is empty, cannot be read, or names a host that is not allowed.
    """
    if not address:
        raise _refused(f"{variable} is not set", "Set it for the workers: the address of the database.")
    try:
        given = {name: str(value) for name, value in parse_dsn(address).items() if name in _TAKEN}
    except psycopg2.ProgrammingError:
        raise _refused(f"{variable} is no address of a PostgreSQL database") from None
    host, port = given.get("host", "").lower(), given.get("port", DEFAULT_PORT)
    if not {host, f"{host}:{port}"} & set(allowed) or "," in host:
        raise _refused(f"{variable} names a host that is not allowed", "Add it to CUTOVER_PROBE_HOSTS.")
    return {**given, "port": port, "hostaddr": _address(variable, host, port)}


def _address(variable: str, host: str, port: str) -> str:
    try:
        found = socket.getaddrinfo(host, int(port), type=socket.SOCK_STREAM)
    except (OSError, ValueError):
        raise _refused(f"the host that {variable} names cannot be found") from None
    for *_, place in found:
        address = ipaddress.ip_address(str(place[0]).partition("%")[0])
        mapped = getattr(address, "ipv4_mapped", None) or address
        if mapped.is_link_local or mapped.is_multicast or mapped.is_unspecified:
            raise _refused(f"the host that {variable} names is at an address that is never called")
    return str(found[0][4][0])


def _refused(why: str, remedy: str = "") -> UnsupportedFeature:
    return UnsupportedFeature("postgres", why, remedy)
