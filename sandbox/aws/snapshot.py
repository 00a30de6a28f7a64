"""State that survives an orderly restart: moto's backends, Lambda, logs and metrics, in one pickled file.

The file lies in the sandbox's own directory (mode 0600) and is read by the same pinned moto that wrote it.
Locks cannot be pickled and are made anew; spooled object bodies are written out whole.
"""

import os
import pickle
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from moto.cloudwatch.models import cloudwatch_backends
from moto.core.base_backend import BackendDict, BaseBackend
from moto.events.models import events_backends
from moto.iam.models import iam_backends
from moto.logs.models import logs_backends
from moto.s3.models import s3_backends
from moto.scheduler.models import scheduler_backends
from moto.secretsmanager.models import secretsmanager_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends
from moto.sts.models import sts_backends

_SERVICES: Mapping[str, Any] = {
    "cloudwatch": cloudwatch_backends,
    "events": events_backends,
    "iam": iam_backends,
    "logs": logs_backends,
    "s3": s3_backends,
    "scheduler": scheduler_backends,
    "secretsmanager": secretsmanager_backends,
    "sns": sns_backends,
    "sqs": sqs_backends,
    "sts": sts_backends,
}
_LOCKS: Mapping[type, Callable[[], Any]] = {
    type(threading.Lock()): threading.Lock,
    type(threading.RLock()): threading.RLock,
    threading.Condition: threading.Condition,
    threading.Event: threading.Event,
}


class _Pickler(pickle.Pickler):
    def reducer_override(self, obj: Any) -> Any:
        if type(obj) in _LOCKS:
            return _LOCKS[type(obj)], ()
        return NotImplemented

    def persistent_id(self, obj: Any) -> Any:
        # Backends refer to the registry of all backends; it is a part of the process, not of the state.
        return ("registry", obj.service_name) if isinstance(obj, BackendDict) else None


class _Unpickler(pickle.Unpickler):
    def persistent_load(self, pid: Any) -> Any:
        return _SERVICES[pid[1]]


def save(place: Path, own: Mapping[str, Any]) -> None:
    """Write moto's state and our own, replacing what was there in one step."""
    moto: dict[str, dict[str, dict[str, dict[str, Any]]]] = {}
    for name, accounts in _SERVICES.items():
        moto[name] = {
            account: {region: vars(backend) for region, backend in regions.items()}
            for account, regions in list(accounts.items())
        }
    fresh = place.with_suffix(".new")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        _Pickler(file, protocol=pickle.HIGHEST_PROTOCOL).dump({"moto": moto, "own": dict(own)})
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(place)


def load(place: Path) -> dict[str, Any]:
    """Put moto's state back and give our own; an empty dictionary when nothing was saved."""
    if not place.exists():
        return {}
    with place.open("rb") as file:
        found = _Unpickler(file).load()
    for name, accounts in found["moto"].items():
        for account, regions in accounts.items():
            for region, state in regions.items():
                backend: BaseBackend = _SERVICES[name][account][region]
                vars(backend).clear()
                vars(backend).update(state)
    own: dict[str, Any] = found["own"]
    return own
