"""Connections to clouds: the only module of the product that names a concrete one.

Bundles are made once per connection and process, and anew when the connection's row changes. Credentials are
read by the SDKs themselves; the relay's key comes from this process's environment and from nowhere else.

A cloud is imported when the first bundle of it is made: its SDKs take a second to load, which is longer than
most commands and more than the web or the beat ever need.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from django.conf import settings

from clouds import rie
from clouds.postgres.probes import TableProbes
from cutover.errors import BadInput, UnsafePlan
from cutover.observation import Side
from cutover.ports import CandidateCloud, Invoker, Logs, PrimaryCloud, Probes
from migrations_app.models import Connection

NO_LOGS: Logs = rie.NoLogs()
RELAY_KEY_ID, RELAY_KEY_SECRET = "CUTOVER_RELAY_ACCESS_KEY_ID", "CUTOVER_RELAY_ACCESS_KEY_SECRET"

_override: tuple[PrimaryCloud, CandidateCloud] | None = None
_lock = threading.Lock()


def primary(connection: Connection) -> PrimaryCloud:
    """Give the ports of an AWS connection. Nothing is called yet."""
    if _override is not None:
        return _override[0]
    if connection.cloud != Connection.Cloud.AWS:
        raise BadInput(f"{connection.name} is not an AWS connection.")
    with _lock:
        return _aws(*_key(connection))


def candidate(connection: Connection) -> CandidateCloud:
    """Give the ports of an Alibaba connection. Nothing is called yet."""
    if _override is not None:
        return _override[1]
    if connection.cloud != Connection.Cloud.ALIBABA:
        raise BadInput(f"{connection.name} is not an Alibaba connection.")
    with _lock:
        return _alibaba(*_key(connection))


def load_clouds() -> None:
    """Import both clouds now: for a process that forks others, which then share what is loaded."""
    from clouds import alibaba, aws  # noqa: F401


def table_probes(side: Side) -> Probes:
    """Give what looks at the tables of a side, in databases that this process's environment names."""
    if _override is not None:
        return _override[0].probes if side is Side.PRIMARY else _override[1].probes
    return TableProbes(side, environment=os.environ, allowed=settings.PROBE_HOSTS)


def emulator(url: str, side: Side) -> Invoker:
    """Give the port of a runtime interface emulator that stands for a side.

    Raises BadInput when its host is not among ``CUTOVER_RIE_HOSTS``.
    """
    return rie.EmulatorInvoker(url, side=side, allowed=settings.RIE_HOSTS)


def relay_key() -> dict[str, str]:
    """Give the invoke-only FC key for the relay's secret: {"access_key_id", "access_key_secret"}; secret.

    Raises:
        UnsafePlan: it is not set in this process's environment.
    """
    found = {
        "access_key_id": os.environ.get(RELAY_KEY_ID, ""),
        "access_key_secret": os.environ.get(RELAY_KEY_SECRET, ""),
    }
    if not all(found.values()):
        raise UnsafePlan(
            f"The relay needs an FC key that may only invoke: set {RELAY_KEY_ID} and {RELAY_KEY_SECRET} for "
            "the workers. Nothing was changed."
        )
    return found


def paste_ready(connection: Connection) -> dict[str, Any]:
    """Give the least-privilege policies of a connection's cloud: purpose -> document to paste."""
    from clouds.alibaba import policies as alibaba_policies
    from clouds.aws import policies as aws_policies

    of = aws_policies if connection.cloud == Connection.Cloud.AWS else alibaba_policies
    return {
        purpose: of.policy(purpose, region=connection.region, account_id=connection.account_id)
        for purpose in of.PURPOSES
    }


def hash_key() -> bytes:
    """Give the key that environment values are hashed with, the same in every process."""
    key: str = settings.HASH_KEY
    return key.encode()


@contextmanager
def use(first: PrimaryCloud, second: CandidateCloud) -> Iterator[None]:
    """Stand these in for every connection, for tests with simulated clouds."""
    global _override
    before, _override = _override, (first, second)
    try:
        yield
    finally:
        _override = before


_Words = tuple[tuple[str, str], ...]


def _key(connection: Connection) -> tuple[str, str, _Words, _Words, str]:
    auth = {**connection.authentication_names, "kind": connection.authentication}
    return (
        connection.region,
        connection.account_id,
        _words(auth),
        _words(connection.endpoints),
        connection.proxy,
    )


def _words(mapping: Mapping[str, Any]) -> _Words:
    return tuple(sorted((name, str(value)) for name, value in mapping.items()))


@lru_cache(maxsize=64)
def _aws(region: str, account_id: str, auth: _Words, endpoints: _Words, proxy: str) -> PrimaryCloud:
    from clouds import aws

    return aws.connect(
        region=region,
        account_id=account_id,
        auth=dict(auth),
        endpoints=dict(endpoints),
        proxy=proxy,
        fingerprint_key=hash_key(),
    )


@lru_cache(maxsize=64)
def _alibaba(region: str, account_id: str, auth: _Words, endpoints: _Words, proxy: str) -> CandidateCloud:
    from clouds import alibaba

    return alibaba.connect(
        region=region, account_id=account_id, auth=dict(auth), endpoints=dict(endpoints), proxy=proxy
    )
