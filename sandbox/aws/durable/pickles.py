"""moto's objects as bytes, read back by the same pinned moto that wrote them.

Locks cannot be pickled and are made anew. Backends and their registry are parts of the process: they are
written by name. Queues are written without their messages and buckets without their objects, which have rows
of their own.
"""

import copyreg
import io
import pickle
import threading
from collections.abc import Callable, Mapping
from typing import Any

from moto.apigateway.models import apigateway_backends
from moto.apigatewayv2.models import apigatewayv2_backends
from moto.cloudwatch.models import cloudwatch_backends
from moto.core.base_backend import BackendDict, BaseBackend
from moto.dynamodb.models import dynamodb_backends
from moto.events.models import events_backends
from moto.iam.models import iam_backends
from moto.logs.models import logs_backends
from moto.s3.models import FakeBucket, MultipartDict, s3_backends
from moto.s3.utils import _VersionedKeyStore
from moto.scheduler.models import scheduler_backends
from moto.secretsmanager.models import secretsmanager_backends
from moto.sns.models import sns_backends
from moto.sqs.models import Queue, sqs_backends
from moto.sts.models import sts_backends

# By the name that a signature's scope carries.
SERVICES: Mapping[str, Any] = {
    "apigateway": apigateway_backends,
    "apigatewayv2": apigatewayv2_backends,
    "dynamodb": dynamodb_backends,
    "events": events_backends,
    "iam": iam_backends,
    "logs": logs_backends,
    "monitoring": cloudwatch_backends,
    "s3": s3_backends,
    "scheduler": scheduler_backends,
    "secretsmanager": secretsmanager_backends,
    "sns": sns_backends,
    "sqs": sqs_backends,
    "sts": sts_backends,
}
_NAMES = {backends.backend: name for name, backends in SERVICES.items()}
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
        if type(obj) is Queue:
            state = vars(obj) | {"_messages": [], "_pending_messages": set(), "deleted_messages": set()}
            return copyreg.__newobj__, (Queue,), state  # type: ignore[attr-defined]
        if type(obj) is FakeBucket:
            state = vars(obj) | {"keys": _VersionedKeyStore(), "multiparts": MultipartDict()}
            return copyreg.__newobj__, (FakeBucket,), state  # type: ignore[attr-defined]
        return NotImplemented

    def persistent_id(self, obj: Any) -> Any:
        if isinstance(obj, BackendDict):
            return ("registry", obj.service_name)
        if isinstance(obj, BaseBackend) and type(obj) in _NAMES:
            return ("backend", _NAMES[type(obj)], obj.account_id, obj.region_name)
        return None


class _Unpickler(pickle.Unpickler):
    def persistent_load(self, pid: Any) -> Any:
        if pid[0] == "registry":
            return next(found for found in SERVICES.values() if found.service_name == pid[1])
        _, name, account, region = pid
        return SERVICES[name][account][region]


def dumps(value: Any) -> bytes:
    """Give a value as bytes. Raises RuntimeError when another thread changes it meanwhile."""
    out = io.BytesIO()
    _Pickler(out, protocol=pickle.HIGHEST_PROTOCOL).dump(value)
    return out.getvalue()


def loads(raw: bytes) -> Any:
    """Give back what `dumps` wrote. The rows are this sandbox's own, mode 0600."""
    return _Unpickler(io.BytesIO(raw)).load()
