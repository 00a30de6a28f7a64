"""moto's services behind the front: each write is on disk before it is answered."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from moto.core.base_backend import BaseBackend
from moto.core.common_models import BaseModel

from sandbox.aws.durable import objects, queues
from sandbox.aws.durable.pickles import SERVICES, dumps, loads
from sandbox.aws.durable.store import Store

READS = ("Get", "List", "Describe", "Filter", "Simulate", "BatchGet", "Query", "Scan", "Head", "GET", "HEAD")
# What they do is written elsewhere (queues, asynchronous events), or is measurement, kept at an orderly end.
_ELSEWHERE = {
    "sqs": queues.OPERATIONS,
    "sns": frozenset({"Publish", "PublishBatch"}),
    "events": frozenset({"PutEvents"}),
    "monitoring": frozenset({"PutMetricData"}),
    "logs": frozenset({"PutLogEvents", "StartQuery"}),
}
_Answer = TypeVar("_Answer")
_PUT = "INSERT OR REPLACE INTO services VALUES (?, ?, ?, ?)"


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """What is known of a call to one of moto's services. path and query: as on the wire."""

    service: str
    region: str
    operation: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes


class Services:
    """moto's state with its file. Control-plane writes go one at a time, so that each is written whole."""

    def __init__(self, store: Store, account: str) -> None:
        self._store = store
        self._account = account
        self._lock = threading.RLock()

    def load(self) -> None:
        """Put back what was kept; called once, before the first request."""
        for name, account, region, value in self._store.rows("SELECT * FROM services"):
            backend: BaseBackend = SERVICES[name][account][region]
            state = loads(value)
            vars(backend).clear()
            vars(backend).update(state)
        queues.restore(self._store)
        objects.restore(self._store, self._account)

    def install(self) -> None:
        """Replace moto's ways that would lose something in this process."""
        # moto remembers every model object ever made, for the tests of its users: a leak in a server.
        BaseModel.__new__ = lambda cls, *_, **__: object.__new__(cls)
        queues.install(self._store)
        objects.install()

    def carry_out(self, call: Call, ask: Callable[[], _Answer]) -> _Answer:
        """Carry out a call and keep what it changed; the caller answers afterwards."""
        if call.operation.startswith(READS) or call.operation in _ELSEWHERE.get(call.service, ()):
            return ask()
        if call.service == "s3" and (keys := objects.touched(call.path, call.query, call.body)) != set():
            return self._on_objects(call, keys, ask)
        with self._lock:
            answer = ask()
            if call.service == "cloudformation":
                self.keep_everything()
            elif call.service in SERVICES:
                self.keep(call.service, call.region)
        return answer

    def _on_objects(self, call: Call, keys: set[str] | None, ask: Callable[[], _Answer]) -> _Answer:
        answer = ask()
        with self._lock:
            objects.keep(self._store, self._account, call.path, call.query, keys)
            # moto keeps the tags of all objects in one place beside the buckets.
            if "tagging" in call.query or {"x-amz-tagging", "x-amz-copy-source"} & set(call.headers):
                self.keep("s3", "aws")
        return answer

    def keep(self, service: str, region: str) -> None:
        """Write one service's state in a region and, where it has one, in the partition."""
        with self._lock:
            for account, regions in list(SERVICES[service].items()):
                for name in {region, "aws"} & set(regions):
                    self._write(service, account, name, regions[name])

    def keep_everything(self) -> None:
        """Write the state of every service, measurements too."""
        with self._lock:
            for service, accounts in SERVICES.items():
                for account, regions in list(accounts.items()):
                    for region, backend in list(regions.items()):
                        self._write(service, account, region, backend)

    def _write(self, service: str, account: str, region: str, backend: Any) -> None:
        self._store.write(_PUT, service, account, region, _settled(backend))


def _settled(backend: Any) -> bytes:
    """Give a backend's state as bytes, however busy it is: readers may fill its caches meanwhile."""
    for _ in range(50):
        try:
            return dumps(vars(backend))
        except RuntimeError:
            time.sleep(0.01)
    return dumps(vars(backend))
