"""Check of SLS signatures: ``LOG`` (HMAC-SHA1 or HMAC-SHA256) and version 4.

alibabacloud-sls20201230 5.15.1 sends LOG with x-log-signaturemethod hmac-sha256; aliyun-log-python-sdk sends
LOG with hmac-sha1 and adds x-log-date after signing, so that header is left out of its string.
Source: alibabacloud-gateway-sls 0.4.2, client.py; facts about aliyun-log-python-sdk 0.9.52; read 2026-11-22.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import quote

from sandbox.alibaba import clock
from sandbox.alibaba.access import AccessKey, KeyRing
from sandbox.alibaba.wire import Incoming, Refused

DATE_WINDOW_S = 15 * 60
_V4 = re.compile(
    r"SLS4-HMAC-SHA256 +Credential=(?P<key>[^/]+)/(?P<date>\d{8})/(?P<region>[^/]+)/sls/aliyun_v4_request, *"
    r"Signature=(?P<signature>[0-9a-f]{64})"
)


def _denied(message: str) -> Refused:
    return Refused(401, "SignatureNotMatch", message)


def _key(keys: KeyRing, key_id: str, request: Incoming) -> AccessKey:
    key = keys.find(key_id)
    if key is None:
        raise Refused(401, "Unauthorized", f"AccessKeyId not found: {key_id[:24]}")
    if key.token is not None and not hmac.compare_digest(
        key.token, request.headers.get("x-acs-security-token", "")
    ):
        raise Refused(401, "Unauthorized", "the security token is not valid")
    return key


def _require_fresh(at: datetime) -> None:
    if abs(at.timestamp() - clock.now()) > DATE_WINDOW_S:
        raise Refused(400, "RequestTimeExpired", "Request time exceeds server time more than 15 minutes")


def _check_v1(request: Incoming, keys: KeyRing, credential: str) -> AccessKey:
    key_id, _, signature = credential.partition(":")
    key = _key(keys, key_id, request)
    headers = request.headers
    method = headers.get("x-log-signaturemethod", "hmac-sha1")
    if method not in ("hmac-sha1", "hmac-sha256"):
        raise _denied("x-log-signaturemethod must be hmac-sha1 or hmac-sha256")
    signed = "".join(
        f"{name}:{value}\n"
        for name, value in sorted(headers.items())
        if name.startswith(("x-log-", "x-acs-")) and name != "x-log-date"
    )
    tail = "&".join(f"{name}={value}" for name, value in sorted(request.query.items()))
    content = (
        f"{headers.get('content-md5', '')}\n{headers.get('content-type', '')}\n{headers.get('date', '')}\n"
    )
    to_sign = f"{request.method}\n{content}{signed}{request.path}{'?' if tail else ''}{tail}"
    digest = hashlib.sha1 if method == "hmac-sha1" else hashlib.sha256
    expected = base64.b64encode(hmac.new(key.secret.encode(), to_sign.encode(), digest).digest())
    if not hmac.compare_digest(expected, signature.strip().encode()):
        raise _denied("signature does not match")
    if request.body:
        md5 = hashlib.md5(request.body, usedforsecurity=False).hexdigest().upper()
        if headers.get("content-md5", "").upper() != md5:
            raise _denied("content-md5 is not that of the body")
    try:
        _require_fresh(parsedate_to_datetime(headers.get("date") or headers.get("x-log-date", "")))
    except ValueError as exc:
        raise _denied("the Date header is not an HTTP date") from exc
    return key


def _check_v4(request: Incoming, keys: KeyRing, authorization: str) -> AccessKey:
    found = _V4.fullmatch(authorization)
    if found is None:
        raise _denied("the Authorization header cannot be read")
    key = _key(keys, found["key"], request)
    headers = request.headers
    names = sorted(
        name for name in headers if name.startswith(("x-log-", "x-acs-")) or name in ("host", "content-type")
    )
    query = "&".join(
        f"{name}={quote(value, safe='~')}" if value else name for name, value in sorted(request.query.items())
    )
    content = hashlib.sha256(request.body).hexdigest()
    if not hmac.compare_digest(content, headers.get("x-log-content-sha256", "")):
        raise _denied("x-log-content-sha256 is not that of the body")
    lines = "".join(f"{name}:{headers[name].strip()}\n" for name in names)
    canonical = f"{request.method}\n{request.path}\n{query}\n{lines}\n{';'.join(names)}\n{content}"
    stamp = headers.get("x-log-date", "")
    scope = f"{found['date']}/{found['region']}/sls/aliyun_v4_request"
    to_sign = f"SLS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signing_key = f"aliyun_v4{key.secret}".encode()
    for part in scope.split("/"):
        signing_key = hmac.new(signing_key, part.encode(), hashlib.sha256).digest()
    expected = hmac.new(signing_key, to_sign.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected, found["signature"]):
        raise _denied("signature does not match")
    try:
        _require_fresh(datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC))
    except ValueError as exc:
        raise _denied("x-log-date must be a time like 20261122T094415Z") from exc
    return key


def check_sls(request: Incoming, keys: KeyRing) -> AccessKey:
    """Give the key that signed the request.

    Raises:
        Refused: 401 in SLS's words.
    """
    authorization = request.headers.get("authorization", "")
    if authorization.startswith("LOG "):
        return _check_v1(request, keys, authorization.removeprefix("LOG "))
    if authorization.startswith("SLS4-HMAC-SHA256 "):
        return _check_v4(request, keys, authorization)
    raise Refused(401, "MissAuthorization", "an Authorization header is required")
