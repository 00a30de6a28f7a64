"""AWS's exceptions as ours, by status and code; the only place that reads botocore's exception classes.

A connection that was refused or not made in time carried nothing: ``Unavailable``. One that broke or fell
silent after the request was sent may have had its effect: ``NoAnswer``. A vendor's message is repeated, cut
to 300 characters, except for calls that carry secret values (``secret=True``): there not even the cause is
kept, because botocore's validation messages quote the parameters.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    ProxyConnectionError,
    SSLError,
)

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

_NOTHING_SENT = (ConnectTimeoutError, EndpointConnectionError, ProxyConnectionError, SSLError)

_BY_CODE: Mapping[str, type[CloudError]] = {
    "TooManyRequestsException": Throttled,
    "Throttling": Throttled,
    "ThrottlingException": Throttled,
    "ThrottledException": Throttled,
    "RequestThrottled": Throttled,
    "RequestLimitExceeded": Throttled,
    "ProvisionedThroughputExceededException": Throttled,
    "SlowDown": Throttled,
    "PreconditionFailedException": Conflict,
    "ResourceConflictException": Conflict,
    "ResourceInUseException": Conflict,
    "ResourceNotFoundException": NotFound,
    "NoSuchBucket": NotFound,
    "NoSuchKey": NotFound,
    "NoSuchEntity": NotFound,
    "AWS.SimpleQueueService.NonExistentQueue": NotFound,
    "QueueDoesNotExist": NotFound,
    "ResourceExistsException": AlreadyExists,
    "EntityAlreadyExists": AlreadyExists,
    "BucketAlreadyExists": AlreadyExists,
    "BucketAlreadyOwnedByYou": AlreadyExists,
    "QueueAlreadyExists": AlreadyExists,
    "QueueNameExists": AlreadyExists,
    "CodeStorageExceededException": QuotaExceeded,
    "LimitExceededException": QuotaExceeded,
    "AccessDeniedException": Denied,
    "AccessDenied": Denied,
    "KMSAccessDeniedException": Denied,
    "ExpiredToken": Denied,
    "ExpiredTokenException": Denied,
    "UnrecognizedClientException": Denied,
    "InvalidClientTokenId": Denied,
    "InvalidSignatureException": Denied,
    "SignatureDoesNotMatch": Denied,
}

_BY_STATUS: Mapping[int, type[CloudError]] = {
    401: Denied,
    403: Denied,
    404: NotFound,
    408: NoAnswer,
    409: Conflict,
    412: Conflict,
    429: Throttled,
    504: NoAnswer,
}


@contextmanager
def calling(operation: str, *, secret: bool = False) -> Iterator[None]:
    """Turn what botocore raises inside into the error tree.

    Args:
        operation: the vendor's name of the call, e.g. ``lambda:UpdateAlias``.
        secret: the request or the answer holds secret values; no vendor text is repeated.
    """
    try:
        yield
    except (ClientError, BotoCoreError) as exc:
        error = translate(exc, operation, secret=secret)
        if secret:
            raise error from None
        raise error from exc


def translate(exc: ClientError | BotoCoreError, operation: str, *, secret: bool = False) -> CloudError:
    """Give our error for botocore's."""
    if isinstance(exc, ClientError):
        return _answered(exc, operation, secret=secret)
    if isinstance(exc, _NOTHING_SENT):
        return Unavailable(
            "AWS cannot be reached; nothing was sent.", cloud="aws", operation=operation, code=_name(exc)
        )
    if isinstance(exc, HTTPClientError):
        return NoAnswer(cloud="aws", operation=operation, code=_name(exc))
    if "Credential" in _name(exc) or "Profile" in _name(exc) or "Token" in _name(exc):
        return Denied(
            "There are no usable AWS credentials for this connection.",
            cloud="aws",
            operation=operation,
            code=_name(exc),
        )
    return Invalid(cloud="aws", operation=operation, code=_name(exc))


def _answered(exc: ClientError, operation: str, *, secret: bool) -> CloudError:
    response: Mapping[str, Any] = exc.response
    error = response.get("Error", {})
    metadata = response.get("ResponseMetadata", {})
    code, status = str(error.get("Code", "")), int(metadata.get("HTTPStatusCode", 0))
    message = "" if secret else " ".join(str(error.get("Message") or response.get("message") or "").split())
    return kind_of(code, status, operation)(
        message[:300],
        cloud="aws",
        operation=operation,
        request_id=str(metadata.get("RequestId", "")),
        code=code,
    )


def kind_of(code: str, status: int, operation: str) -> type[CloudError]:
    """Give the class of error for a vendor's code and HTTP status."""
    if code == "ResourceConflictException" and operation.partition(":")[2] in _CREATES:
        return AlreadyExists
    if code in _BY_CODE:
        return _BY_CODE[code]
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    return Unavailable if status >= 500 else Invalid


_CREATES = frozenset({"CreateAlias", "CreateFunction", "AddPermission"})


def _name(exc: Exception) -> str:
    return type(exc).__name__
