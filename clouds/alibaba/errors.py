"""Alibaba Cloud's exceptions as ours, by status and code; the only place that reads the SDKs' exceptions.

The SDK keeps only the text of a transport failure, so what kind it was is read from the cause that Python
itself keeps. A connection that was not made carried nothing: ``Unavailable``. Anything later, also an answer
that is not the JSON it should be, may have had its effect: ``NoAnswer``. Source: alibabacloud-tea-openapi
0.4.6 and darabonba-core 1.0.9, read 2026-11.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import oss2.exceptions
import requests
import urllib3.exceptions
from alibabacloud_credentials.exceptions import CredentialException
from darabonba.exceptions import RetryError
from Tea.exceptions import TeaException, UnretryableException

from cutover.errors import (
    AlreadyExists,
    CloudError,
    Conflict,
    Denied,
    Invalid,
    NoAnswer,
    NotFound,
    QuotaExceeded,
    Throttled,
    Unavailable,
)

_BY_CODE: Mapping[str, type[CloudError]] = {
    "AccessDenied": Denied,
    "InvalidAccessKeyID": Denied,
    "InvalidAccessKeyId": Denied,
    "SignatureNotMatch": Denied,
    "SignatureDoesNotMatch": Denied,
    "Unauthorized": Denied,
    "ResourceExhausted": Throttled,
    "ResourceThrottled": Throttled,
    "FunctionNotFound": NotFound,
    "AliasNotFound": NotFound,
    "VersionNotFound": NotFound,
    "ProjectNotExist": NotFound,
    "LogStoreNotExist": NotFound,
    "IndexConfigNotExist": NotFound,
    "FunctionAlreadyExists": AlreadyExists,
    "AliasAlreadyExists": AlreadyExists,
    "BucketAlreadyExists": AlreadyExists,
    "ProjectAlreadyExist": AlreadyExists,
    "LogStoreAlreadyExist": AlreadyExists,
    "IndexAlreadyExist": AlreadyExists,
    "ConcurrentUpdateError": Conflict,
    "PreconditionFailed": Conflict,
    "LimitExceeded": QuotaExceeded,
    "LimitExceededError": QuotaExceeded,
    "ProjectQuotaExceed": QuotaExceeded,
    "TooManyBuckets": QuotaExceeded,
}

_BY_STATUS: Mapping[int, type[CloudError]] = {
    401: Denied,
    403: Denied,
    404: NotFound,
    408: NoAnswer,
    409: AlreadyExists,
    412: Conflict,
    429: Throttled,
    499: NoAnswer,
    504: NoAnswer,
}

_NOTHING_SENT = (
    requests.exceptions.ConnectTimeout,
    requests.exceptions.ProxyError,
    requests.exceptions.SSLError,
    urllib3.exceptions.NewConnectionError,
    urllib3.exceptions.ConnectTimeoutError,
)


@contextmanager
def calling(operation: str, *, secret: bool = False) -> Iterator[None]:
    """Turn what the SDKs raise inside into the error tree.

    Args:
        operation: the vendor's name of the call, e.g. ``fc:CreateFunction``.
        secret: the request carries secret values; no vendor text is repeated, no cause is kept.
    """
    try:
        yield
    except (TeaException, UnretryableException, RetryError, oss2.exceptions.OssError) as exc:
        error = translate(exc, operation, secret=secret)
        if secret:
            raise error from None
        raise error from exc
    except CredentialException as exc:
        raise Denied(
            "There are no usable Alibaba Cloud credentials for this connection.",
            cloud="alibaba",
            operation=operation,
            code=type(exc).__name__,
        ) from None


def translate(exc: Exception, operation: str, *, secret: bool = False) -> CloudError:
    """Give our error for an SDK's."""
    if isinstance(exc, oss2.exceptions.ServerError):
        return answered(exc.status, exc.code, exc.message, exc.request_id, operation, secret=secret)
    if isinstance(exc, oss2.exceptions.ClientError | oss2.exceptions.InconsistentError):
        return Invalid(cloud="alibaba", operation=operation, code=type(exc).__name__)
    told = exc.inner_exception if isinstance(exc, UnretryableException) else exc
    if isinstance(told, TeaException):
        status = getattr(told, "status_code", None) or getattr(told, "statusCode", None) or 0
        request_id = getattr(told, "request_id", None) or _request_id(told)
        return answered(int(status), told.code, told.message, request_id, operation, secret=secret)
    if _nothing_was_sent(exc):
        return Unavailable(
            "Alibaba Cloud cannot be reached; nothing was sent.", cloud="alibaba", operation=operation
        )
    return NoAnswer(cloud="alibaba", operation=operation, code=type(_root(exc)).__name__)


def answered(
    status: int, code: object, message: object, request_id: object, operation: str, *, secret: bool = False
) -> CloudError:
    """Give our error for an answer with an HTTP status and the vendor's code; ``secret``: repeat no text."""
    text = "" if secret else " ".join(str(message or "").split())[:300]
    name = str(code or "")
    return kind_of(name, status)(
        text, cloud="alibaba", operation=operation, request_id=str(request_id or ""), code=name
    )


def kind_of(code: str, status: int) -> type[CloudError]:
    """Give the class of error for a vendor's code and HTTP status."""
    if code in _BY_CODE:
        return _BY_CODE[code]
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    if not status:
        return NoAnswer
    return Unavailable if status >= 500 else Invalid


def _request_id(exc: TeaException) -> str:
    found = exc.data if isinstance(exc.data, Mapping) else {}
    return str(found.get("RequestId") or found.get("requestId") or "")


def _chain(exc: BaseException) -> Iterator[BaseException]:
    """Give an exception and everything that it says it came from, each once."""
    seen: set[int] = set()
    waiting: list[object] = [exc]
    while waiting:
        one = waiting.pop(0)
        if not isinstance(one, BaseException) or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        reason = getattr(one, "reason", None)
        waiting += [getattr(one, "inner_exception", None), getattr(one, "exception", None), reason]
        waiting += [one.__cause__, one.__context__, *one.args]


def _nothing_was_sent(exc: Exception) -> bool:
    return any(isinstance(one, _NOTHING_SENT) for one in _chain(exc))


def _root(exc: Exception) -> BaseException:
    return next((one for one in _chain(exc) if isinstance(one, OSError)), exc)
