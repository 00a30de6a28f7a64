"""Which addresses may be called: an allow-list of names, addresses and networks, and what is never called.

A name is allowed by its name, but a name can be made to lead anywhere: so the address that a connection is
made to is checked as well, each time, and the connection goes to that very address. Link-local addresses and
the clouds' metadata services are never called, and this machine itself only when the list says so in its own
words: ``localhost``, or an address or network of loopback.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from cutover.errors import BadInput

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
LOCAL = "localhost"
METADATA = tuple(
    ipaddress.ip_network(word)
    for word in ("169.254.0.0/16", "fe80::/10", "100.100.100.200/32", "fd00:ec2::/32", "168.63.129.16/32")
)
"""Link-local ranges, and where AWS, Alibaba Cloud and Azure keep their metadata services."""
PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, kw_only=True, slots=True)
class Allowed:
    """One entry of the list: a name or a network, and a port; no port is any port."""

    name: str = ""
    network: Network | None = None
    port: int | None = None


def allowed_from(words: Iterable[str]) -> tuple[Allowed, ...]:
    """Read ``host``, ``host:port``, ``10.1.0.0/16``, ``10.1.2.3:8080``, ``[::1]:9000``. Raises ValueError."""
    return tuple(_entry(word.strip().lower()) for word in words if word.strip())


def _entry(word: str) -> Allowed:
    host, port = word, None
    if word.startswith("[") and "]" in word:
        host, _, rest = word[1:].partition("]")
        port = _port(rest.removeprefix(":")) if rest else None
    elif word.count(":") == 1:
        host, _, number = word.partition(":")
        port = _port(number)
    try:
        return Allowed(network=ipaddress.ip_network(host, strict=False), port=port)
    except ValueError:
        pass
    if not host or not all(part.replace("-", "a").isalnum() for part in host.rstrip(".").split(".")):
        raise ValueError(f"'{word}' is neither a name nor an address, with a port or without.")
    return Allowed(name=host.rstrip("."), port=port)


def _port(text: str) -> int:
    if not text.isdigit() or not 0 < int(text) < 65_536:
        raise ValueError(f"'{text}' is no port.")
    return int(text)


def checked_url(url: str, allowed: Iterable[Allowed]) -> SplitResult:
    """Give the parts of an address whose host is on the list.

    Raises:
        BadInput: it is no http(s) address, carries a user or password, or is not on the list.
    """
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port or PORTS.get(parts.scheme, 0)
    except ValueError as exc:
        raise BadInput("This is no address that can be called.") from exc
    if parts.scheme not in PORTS or not host:
        raise BadInput("An address begins with http:// or https:// and names a host.")
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise BadInput("An address carries no user, password, query or fragment.")
    entries = tuple(allowed)
    if not entries:
        raise BadInput(
            "No address may be called yet. Set CUTOVER_RIE_HOSTS to the hosts that may, "
            f"e.g. CUTOVER_RIE_HOSTS={host}:{port}, for the workers and this command."
        )
    if not any(_covers(entry, host, port) for entry in entries):
        raise BadInput(
            f"{host}:{port} is not among the hosts of CUTOVER_RIE_HOSTS. Add it there if it may be called."
        )
    return parts


def _covers(entry: Allowed, host: str, port: int) -> bool:
    if entry.port not in (None, port):
        return False
    address = _address(host)
    if address is None:
        return entry.name == host
    return entry.network is not None and address in entry.network


def may_connect(host: str, port: int, address: str, allowed: Iterable[Allowed]) -> bool:
    """Tell whether a connection for ``host`` may go to ``address``, which its name led to."""
    found = _address(address)
    if found is None or found.is_multicast or found.is_unspecified or found.is_link_local:
        return False
    if any(found in network for network in METADATA if network.version == found.version):
        return False
    entries = [entry for entry in allowed if _covers(entry, host.rstrip("."), port)]
    if found.is_loopback:
        return any(
            entry.name == LOCAL or (entry.network is not None and found in entry.network) for entry in entries
        )
    return bool(entries)


def _address(text: str) -> Address | None:
    """Read an address; IPv4 within IPv6 is taken for what it is. None: it is a name."""
    try:
        found = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        return found.ipv4_mapped
    return found
