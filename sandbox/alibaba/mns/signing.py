"""Check of the MNS signature: HMAC-SHA1 over method, Content-MD5, type, date, x-mns headers and resource.

Content-MD5 is the Base64 of the *hexadecimal* digest in the SDKs, of the digest itself in other clients; both
are taken. The resource is the path with its query, as sent.
Source: aliyun-mns-sdk 1.3.0, mns_client.py; @alicloud/mns 1.2.0, lib/client.js; Alibaba Cloud, MNS, "Error
codes"; read 2026-11-22.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from email.utils import parsedate_to_datetime

from sandbox.alibaba import clock
from sandbox.alibaba.access import AccessKey, KeyRing
from sandbox.alibaba.wire import Incoming, Refused

DATE_WINDOW_S = 15 * 60
VERSION = "2015-06-06"


def is_mns(request: Incoming) -> bool:
    """Tell whether a request is for MNS: by its version header, its signature or its host."""
    return (
        "x-mns-version" in request.headers
        or request.headers.get("authorization", "").startswith("MNS ")
        or ".mns." in request.host.partition(":")[0]
    )


def _string_to_sign(request: Incoming, date: str) -> str:
    headers = request.headers
    own = "".join(f"{name}:{value}\n" for name, value in sorted(headers.items()) if name.startswith("x-mns-"))
    resource = request.raw_path + (f"?{request.raw_query}" if request.raw_query else "")
    head = (request.method, headers.get("content-md5", ""), headers.get("content-type", ""), date)
    return "\n".join(head) + "\n" + own + resource


def _require_fresh(date: str) -> None:
    try:
        at = parsedate_to_datetime(date)
    except ValueError as exc:
        raise Refused(400, "InvalidDateHeader", "The Date header format is invalid.") from exc
    if abs(at.timestamp() - clock.now()) > DATE_WINDOW_S:
        raise Refused(408, "TimeExpired", "The http request you sent is expired.")


def _require_digest(request: Incoming) -> None:
    given = request.headers.get("content-md5")
    if not given:
        return
    digest = hashlib.md5(request.body, usedforsecurity=False)
    if given.encode() not in (
        base64.b64encode(digest.hexdigest().encode()),
        base64.b64encode(digest.digest()),
    ):
        raise Refused(400, "InvalidDegist", "The Content-MD5 you specified is invalid.")


def check_mns(request: Incoming, keys: KeyRing) -> AccessKey:
    """Give the key that signed the request.

    Raises:
        Refused: in MNS's words: no or a wrong signature, unknown key, clock skew, changed body.
    """
    headers = request.headers
    authorization = headers.get("authorization", "")
    if not authorization:
        raise Refused(400, "MissingAuthorizationHeader", "Authorization header is required.")
    key_id, _, signature = authorization.removeprefix("MNS ").partition(":")
    if not authorization.startswith("MNS ") or not signature:
        raise Refused(400, "InvalidAuthorizationHeader", "The Authorization header format is invalid.")
    if "x-mns-version" not in headers:
        raise Refused(400, "MissingVersionHeader", "x-mns-version header is required.")
    if headers["x-mns-version"] != VERSION:
        raise Refused(400, "InvalidVersionHeader", "The x-mns-version header is invalid.")
    date = headers.get("date") or headers.get("x-mns-date", "")
    if not date:
        raise Refused(400, "MissingDateHeader", "Date header is required.")
    key = keys.find(key_id.strip())
    if key is None:
        raise Refused(403, "InvalidAccessKeyId", "The AccessKey Id you provided is not exist.")
    if key.token is not None and not hmac.compare_digest(
        key.token.encode(), headers.get("security-token", "").encode()
    ):
        raise Refused(403, "AccessDenied", "The security token you provided is invalid.")
    expected = hmac.new(key.secret.encode(), _string_to_sign(request, date).encode(), hashlib.sha1).digest()
    if not hmac.compare_digest(base64.b64encode(expected), signature.strip().encode()):
        raise Refused(
            403,
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided. "
            "Check your key and signing method.",
        )
    _require_fresh(date)
    _require_digest(request)
    return key
