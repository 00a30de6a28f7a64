"""Check of ACS3-HMAC-SHA256, the signature of FC 3.0 and STS, by recomputing it.

The canonical request is method, path as sent, sorted RFC 3986 query, the headers that Authorization names,
their names, and the SHA-256 of the body; its hash is signed with the secret itself.
The query arrives in form encoding and is therefore decoded and encoded anew.
Source: alibabacloud-tea-openapi 0.4.6, utils.py, read 2026-11-22.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import threading
from datetime import UTC, datetime
from urllib.parse import quote

from sandbox.alibaba import clock
from sandbox.alibaba.access import AccessKey, KeyRing
from sandbox.alibaba.wire import Incoming, Refused

ALGORITHM = "ACS3-HMAC-SHA256"
DATE_WINDOW_S = 15 * 60
_AUTHORIZATION = re.compile(
    rf"{ALGORITHM} +Credential=(?P<key>[^,]+), *SignedHeaders=(?P<names>[^,]+), *"
    r"Signature=(?P<signature>[0-9a-f]{64})"
)


class Nonces:
    """The nonces seen within the date window, so that a recorded request cannot be sent again."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: dict[tuple[str, str], float] = {}
        self._swept = 0.0

    def spend(self, key_id: str, nonce: str) -> bool:
        """Record the nonce; False when it was spent before."""
        at = clock.now()
        with self._lock:
            if at - self._swept > 60:
                limit = at - 2 * DATE_WINDOW_S
                self._seen = {pair: seen for pair, seen in self._seen.items() if seen > limit}
                self._swept = at
            if (key_id, nonce) in self._seen:
                return False
            self._seen[key_id, nonce] = at
            return True


def _canonical_query(query: dict[str, str]) -> str:
    return "&".join(f"{key}={quote(query[key], safe='~')}" for key in sorted(query))


def acs3_signature(request: Incoming, secret: str, names: list[str], body_hash: str) -> str:
    """Give the signature that this request must carry, in hex."""
    headers = "".join(f"{name}:{request.headers.get(name, '').strip()}\n" for name in names)
    canonical = "\n".join(
        (
            request.method,
            request.raw_path,
            _canonical_query(request.query),
            headers,
            ";".join(names),
            body_hash,
        )
    )
    to_sign = f"{ALGORITHM}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    return hmac.new(secret.encode(), to_sign.encode(), hashlib.sha256).hexdigest()


def _require_fresh_date(text: str) -> None:
    try:
        at = datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp()
    except ValueError as exc:
        raise Refused(
            400, "MissingRequiredHeader", "x-acs-date must be a time like 2026-11-22T09:44:15Z"
        ) from exc
    if abs(at - clock.now()) > DATE_WINDOW_S:
        raise Refused(
            403, "SignatureNotMatch", "x-acs-date is more than 15 minutes away from the server's time"
        )


def check_acs3(request: Incoming, keys: KeyRing, nonces: Nonces) -> AccessKey:
    """Give the key that signed the request.

    Raises:
        Refused: 400 without a signature, 403 InvalidAccessKeyID for an unknown key, 403 SignatureNotMatch
            when the signature, the body, the date or the nonce is not right.
    """
    found = _AUTHORIZATION.fullmatch(request.headers.get("authorization", ""))
    if found is None:
        raise Refused(400, "MissingRequiredHeader", f"an Authorization header of {ALGORITHM} is required")
    key = keys.find(found["key"])
    if key is None:
        raise Refused(403, "InvalidAccessKeyID", "the AccessKeyId does not exist, is disabled or has run out")
    body_hash = hashlib.sha256(request.body).hexdigest()
    if not hmac.compare_digest(request.headers.get("x-acs-content-sha256", ""), body_hash):
        raise Refused(403, "SignatureNotMatch", "x-acs-content-sha256 is not the hash of the body")
    names = found["names"].split(";")
    if not {"host", "x-acs-date", "x-acs-content-sha256", "x-acs-signature-nonce"} <= set(names):
        raise Refused(403, "SignatureNotMatch", "host, date, nonce and content hash must be signed")
    expected = acs3_signature(request, key.secret, names, body_hash)
    if not hmac.compare_digest(expected, found["signature"]):
        raise Refused(
            403, "SignatureNotMatch", "the signature does not match the one that the server computed"
        )
    _require_token(request, key)
    _require_fresh_date(request.headers.get("x-acs-date", ""))
    if not nonces.spend(key.key_id, request.headers.get("x-acs-signature-nonce", "")):
        raise Refused(403, "SignatureNotMatch", "the signature nonce was used before")
    return key


def check_http_trigger(request: Incoming, keys: KeyRing, nonces: Nonces) -> AccessKey:
    """Give the key that signed a request to an HTTP trigger of authType function.

    The signature is ACS3-HMAC-SHA256 as of the API, but a client signs only what it likes besides x-acs-date:
    without x-acs-content-sha256 the body's place in what is signed is empty, or its hash.
    Source: Alibaba Cloud, "Configure signature authentication for HTTP triggers", and the module
    alibabacloud_openapi_util (get_authorization), read 2026-11-22. The codes are from memory and unverified.

    Raises:
        Refused: 403 AccessDenied without a signature; 403 InvalidAccessKeyID or SignatureNotMatch.
    """
    found = _AUTHORIZATION.fullmatch(request.headers.get("authorization", ""))
    if found is None:
        raise Refused(403, "AccessDenied", "the http trigger takes signed requests only")
    key = keys.find(found["key"])
    if key is None:
        raise Refused(403, "InvalidAccessKeyID", "the AccessKeyId does not exist, is disabled or has run out")
    names = found["names"].split(";")
    if "x-acs-date" not in names:
        raise Refused(403, "SignatureNotMatch", "x-acs-date must be signed")
    body_hash = hashlib.sha256(request.body).hexdigest()
    given = request.headers.get("x-acs-content-sha256")
    if given is not None and not hmac.compare_digest(given, body_hash):
        raise Refused(403, "SignatureNotMatch", "x-acs-content-sha256 is not the hash of the body")
    allowed = (body_hash,) if given is not None else (body_hash, "")
    expected = [acs3_signature(request, key.secret, names, each) for each in allowed]
    if not any(hmac.compare_digest(each, found["signature"]) for each in expected):
        raise Refused(
            403, "SignatureNotMatch", "the signature does not match the one that the server computed"
        )
    _require_token(request, key)
    _require_fresh_date(request.headers.get("x-acs-date", ""))
    nonce = request.headers.get("x-acs-signature-nonce")
    if nonce is not None and not nonces.spend(key.key_id, nonce):
        raise Refused(403, "SignatureNotMatch", "the signature nonce was used before")
    return key


def _require_token(request: Incoming, key: AccessKey) -> None:
    given = request.headers.get("x-acs-security-token", "")
    if key.token is not None and not hmac.compare_digest(given, key.token):
        raise Refused(403, "SignatureNotMatch", "the security token does not belong to the AccessKeyId")
