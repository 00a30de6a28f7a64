"""Signature Version 4, verified: header and presigned form.

Source: docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html, read 2026-11-22;
the canonical forms are those that botocore 1.44.5 signs (botocore.auth.SigV4Auth, S3SigV4Auth).
"""

import hashlib
import hmac
import re
import time
from calendar import timegm
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import parse_qsl, quote, unquote

from sandbox.aws.errors import AwsError

SKEW_S = 15 * 60
_SCOPE = re.compile(
    r"AWS4-HMAC-SHA256\s+Credential=([^/,\s]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request\s*,\s*"
    r"SignedHeaders=([^,\s]+)\s*,\s*Signature=([0-9a-f]{64})\s*$"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Credential:
    """A key that may sign. token: the session token that must come with it, None for a lasting key."""

    access_key_id: str
    secret: str
    token: str | None
    principal: str


@dataclass(frozen=True, kw_only=True, slots=True)
class SignedRequest:
    """What is signed. path and query as sent; headers with lower-case names."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Caller:
    credential: Credential
    region: str
    service: str


@dataclass(frozen=True, kw_only=True, slots=True)
class _Claim:
    key: str
    day: str
    region: str
    service: str
    signed: str
    signature: str
    at: str
    token: str | None
    presigned: bool


@lru_cache(maxsize=512)
def _signing_key(secret: str, day: str, region: str, service: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (day, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def service_of(request: SignedRequest) -> str:
    """Say which service a request names, signed or not; "" when it does not say."""
    try:
        return _claim(request).service
    except AwsError:
        return ""


def verify(
    request: SignedRequest, find: Callable[[str], Credential | None], now: Callable[[], float] = time.time
) -> Caller:
    """Check the signature. find: gives the credential of an access key id.

    Raises AwsError: MissingAuthenticationToken, UnrecognizedClientException, InvalidClientTokenId,
    SignatureDoesNotMatch, InvalidSignatureException, AccessDenied, with the code of the caller's protocol.
    """
    claim = _claim(request)
    credential = find(claim.key)
    s3 = claim.service == "s3"
    if credential is None:
        raise _unknown_key(request, claim)
    if credential.token is not None and not hmac.compare_digest(credential.token, claim.token or ""):
        raise _unknown_key(request, claim)
    _check_time(claim, now())
    if "host" not in claim.signed.split(";"):
        raise _mismatch(request, claim)
    canonical = "\n".join(
        (
            request.method,
            request.path if s3 else _normal_path(request.path),
            _canonical_query(request.query, claim.presigned),
            *(f"{name}:{_value(request.headers.get(name, ''))}" for name in claim.signed.split(";")),
            "",
            claim.signed,
            _payload_hash(request, claim),
        )
    )
    scope = f"{claim.day}/{claim.region}/{claim.service}/aws4_request"
    text = "\n".join(("AWS4-HMAC-SHA256", claim.at, scope, hashlib.sha256(canonical.encode()).hexdigest()))
    key = _signing_key(credential.secret, claim.day, claim.region, claim.service)
    if not hmac.compare_digest(hmac.new(key, text.encode(), hashlib.sha256).hexdigest(), claim.signature):
        raise _mismatch(request, claim)
    return Caller(credential=credential, region=claim.region, service=claim.service)


def _claim(request: SignedRequest) -> _Claim:
    if found := _SCOPE.match(request.headers.get("authorization", "")):
        key, day, region, service, signed, signature = found.groups()
        return _Claim(
            key=key,
            day=day,
            region=region,
            service=service,
            signed=signed,
            signature=signature,
            at=request.headers.get("x-amz-date", ""),
            token=request.headers.get("x-amz-security-token"),
            presigned=False,
        )
    asked = dict(parse_qsl(request.query, keep_blank_values=True))
    scope = asked.get("X-Amz-Credential", "").split("/")
    if len(scope) != 5 or "X-Amz-Signature" not in asked:
        raise AwsError(403, "MissingAuthenticationToken", "Missing Authentication Token")
    at = asked.get("X-Amz-Date", "")
    expires = asked.get("X-Amz-Expires", "0")
    if not expires.isdecimal() or time.time() > _seconds(at) + int(expires):
        raise AwsError(403, "AccessDenied", "Request has expired")
    return _Claim(
        key=scope[0],
        day=scope[1],
        region=scope[2],
        service=scope[3],
        signed=asked.get("X-Amz-SignedHeaders", ""),
        signature=asked["X-Amz-Signature"],
        at=at,
        token=asked.get("X-Amz-Security-Token"),
        presigned=True,
    )


def _seconds(at: str) -> float:
    try:
        return timegm(time.strptime(at, "%Y%m%dT%H%M%SZ"))
    except ValueError:
        return 0.0


def _check_time(claim: _Claim, now: float) -> None:
    if claim.presigned:
        return  # its own expiry was checked
    if abs(now - _seconds(claim.at)) > SKEW_S or not claim.at.startswith(claim.day):
        if claim.service == "s3":
            message = "The difference between the request time and the current time is too large."
            raise AwsError(403, "RequestTimeTooSkewed", message)
        raise AwsError(403, "InvalidSignatureException", f"Signature expired or not yet current: {claim.at}")


def _normal_path(path: str) -> str:
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            if parts:
                parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    normal = "/" + "/".join(parts) + ("/" if parts and path.endswith("/") else "")
    return quote(normal, safe="/~")


def _canonical_query(query: str, presigned: bool) -> str:
    pairs = []
    for piece in query.split("&"):
        if piece:
            name, _, value = piece.partition("=")
            if not (presigned and name == "X-Amz-Signature"):
                pairs.append((quote(unquote(name), safe="-_.~"), quote(unquote(value), safe="-_.~")))
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))


def _value(value: str) -> str:
    return " ".join(value.split())


def _payload_hash(request: SignedRequest, claim: _Claim) -> str:
    if claim.presigned:
        return "UNSIGNED-PAYLOAD"
    stated = request.headers.get("x-amz-content-sha256")
    if stated is not None and not re.fullmatch("[0-9a-f]{64}", stated):
        return stated  # UNSIGNED-PAYLOAD and the STREAMING- forms stand for themselves
    actual = hashlib.sha256(request.body).hexdigest()
    if stated is not None and stated != actual:
        if claim.service == "s3":
            message = "The provided 'x-amz-content-sha256' header does not match what was computed."
            raise AwsError(400, "XAmzContentSHA256Mismatch", message)
        raise _mismatch(request, claim)
    return actual


def _unknown_key(request: SignedRequest, claim: _Claim) -> AwsError:
    if claim.service == "s3":
        message = "The AWS Access Key Id you provided does not exist in our records."
        return AwsError(403, "InvalidAccessKeyId", message)
    query = request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
    code = "InvalidClientTokenId" if query else "UnrecognizedClientException"
    return AwsError(403, code, "The security token included in the request is invalid.")


def _mismatch(request: SignedRequest, claim: _Claim) -> AwsError:
    query = request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
    code = "SignatureDoesNotMatch" if query or claim.service == "s3" else "InvalidSignatureException"
    return AwsError(
        403,
        code,
        "The request signature we calculated does not match the signature you provided. "
        "Check your AWS Secret Access Key and signing method.",
    )
