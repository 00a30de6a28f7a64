"""Check of OSS signatures, versions 1 and 4, in a header or in the query of a signed URL.

Source: oss2 2.19.1, auth.py, read 2026-11-22.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import quote

from sandbox.alibaba import clock
from sandbox.alibaba.access import AccessKey, KeyRing
from sandbox.alibaba.wire import Incoming, Refused

DATE_WINDOW_S = 15 * 60
# Version 1 signs these of a query, and no others.
_SIGNED = (
    "response-content-type response-content-language response-cache-control response-content-encoding "
    "response-expires response-content-disposition acl uploadId uploads partNumber group link delete "
    "website location objectInfo objectMeta cors lifecycle restore qos referer stat bucketInfo append "
    "position security-token live comp status vod startTime endTime x-oss-process symlink callback "
    "callback-var tagging encryption versions versioning versionId policy requestPayment "
    "x-oss-traffic-limit qosInfo asyncFetch x-oss-request-payer sequential inventory inventoryId "
    "continuation-token worm wormId wormExtend replication replicationLocation replicationProgress "
    "transferAcceleration cname metaQuery logging x-oss-ac-source-ip x-oss-ac-subnet-mask "
    "x-oss-ac-vpc-id x-oss-ac-forward-allow resourceGroup style styleName x-oss-async-process "
    "regionList x-oss-write-get-object-response bucketArchiveDirectRead httpsConfig "
    "redundancyTransition x-oss-target-redundancy-type x-oss-redundancy-transition-taskid accessPoint "
    "accessPointPolicy publicAccessBlock x-oss-access-point-name requesterQosInfo qosRequester "
    "resourcePoolInfo resourcePool resourcePoolBuckets"
)
SUBRESOURCES = frozenset(_SIGNED.split())
# These name a call as well.
UNSIGNED_SUBRESOURCES = frozenset({"accessmonitor", "regions", "cloudboxes", "rtc"})
_V4 = re.compile(
    r"OSS4-HMAC-SHA256 +Credential=(?P<key>[^/]+)/(?P<date>\d{8})/(?P<region>[^/]+)/oss/aliyun_v4_request"
    r"(?:, *AdditionalHeaders=(?P<early>[^,]+))?, *Signature=(?P<signature>[0-9a-f]{64})"
    r"(?:, *AdditionalHeaders=(?P<late>[^,]+))?"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where a request points: bucket and key, either of which may be empty."""

    bucket: str
    key: str

    @property
    def resource(self) -> str:
        return f"/{self.bucket}/{self.key}" if self.bucket else "/"


def _denied(message: str) -> Refused:
    return Refused(403, "SignatureDoesNotMatch", message)


def _key(keys: KeyRing, key_id: str, token: str) -> AccessKey:
    key = keys.find(key_id)
    if key is None:
        raise Refused(
            403, "InvalidAccessKeyId", "The OSS Access Key Id you provided does not exist in our records."
        )
    if key.token is not None and not hmac.compare_digest(key.token, token):
        raise Refused(403, "InvalidSecurityToken", "The security token you provided is invalid.")
    return key


def _require_fresh(at: datetime) -> None:
    if abs(at.timestamp() - clock.now()) > DATE_WINDOW_S:
        raise Refused(
            403,
            "RequestTimeTooSkewed",
            "The difference between the request time and the current time is too large.",
        )


def _text(value: str) -> str:
    """Give a header as the client meant it: SDKs sign and send UTF-8, HTTP reads Latin-1."""
    return value.encode("latin-1").decode("utf-8", "replace")


def _oss_headers(request: Incoming) -> list[tuple[str, str]]:
    return sorted(
        (name, _text(value)) for name, value in request.headers.items() if name.startswith("x-oss-")
    )


def _v1(request: Incoming, place: Place, secret: str, date: str) -> str:
    query = request.query
    named = sorted(name for name in query if name in SUBRESOURCES)
    tail = "&".join(f"{name}={query[name]}" if query[name] else name for name in named)
    headers = "".join(f"{name}:{value}\n" for name, value in _oss_headers(request))
    to_sign = "\n".join(
        (
            request.method,
            request.headers.get("content-md5", ""),
            request.headers.get("content-type", ""),
            date,
            headers + place.resource + (f"?{tail}" if tail else ""),
        )
    )
    digest = hmac.new(secret.encode(), to_sign.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


def _check_v1_header(request: Incoming, place: Place, keys: KeyRing, credential: str) -> AccessKey:
    key_id, _, signature = credential.partition(":")
    key = _key(keys, key_id.strip(), request.headers.get("x-oss-security-token", ""))
    date = request.headers.get("x-oss-date") or request.headers.get("date", "")
    if not hmac.compare_digest(_v1(request, place, key.secret, date).encode(), signature.strip().encode()):
        raise _denied("The request signature we calculated does not match the signature you provided.")
    try:
        _require_fresh(parsedate_to_datetime(date))
    except ValueError as exc:
        raise _denied("The Date header is not an HTTP date.") from exc
    return key


def _check_v1_url(request: Incoming, place: Place, keys: KeyRing) -> AccessKey:
    query = request.query
    key = _key(keys, query["OSSAccessKeyId"], query.get("security-token", ""))
    expires = query.get("Expires", "")
    expected = _v1(request, place, key.secret, expires)
    if not hmac.compare_digest(expected.encode(), query.get("Signature", "").encode()):
        raise _denied("The request signature we calculated does not match the signature you provided.")
    if not expires.isdigit() or int(expires) < clock.now():
        raise Refused(403, "AccessDenied", "Request has expired.")
    return key


def _v4(
    request: Incoming, place: Place, secret: str, *, stamp: str, region: str, additional: Iterable[str]
) -> str:
    extra = sorted(name.lower() for name in additional)
    signed = {"content-type", "content-md5", *extra}
    headers = "".join(
        f"{name}:{_text(value).strip()}\n"
        for name, value in sorted(request.headers.items())
        if name.startswith("x-oss-") or name in signed
    )
    pairs = sorted(
        (quote(name, safe="~"), quote(value, safe="~"))
        for name, value in request.query.items()
        if name != "x-oss-signature"
    )
    canonical = "\n".join(
        (
            request.method,
            quote(place.resource, safe="/~"),
            "&".join(f"{name}={value}" if value else name for name, value in pairs),
            headers,
            ";".join(extra),
            request.headers.get("x-oss-content-sha256", "UNSIGNED-PAYLOAD"),
        )
    )
    scope = f"{stamp[:8]}/{region}/oss/aliyun_v4_request"
    to_sign = f"OSS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signing_key = f"aliyun_v4{secret}".encode()
    for part in scope.split("/"):
        signing_key = hmac.new(signing_key, part.encode(), hashlib.sha256).digest()
    return hmac.new(signing_key, to_sign.encode(), hashlib.sha256).hexdigest()


def _stamp(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError as exc:
        raise _denied("x-oss-date must be a time like 20261122T094415Z") from exc


def _check_v4_header(request: Incoming, place: Place, keys: KeyRing) -> AccessKey:
    found = _V4.fullmatch(request.headers["authorization"])
    if found is None:
        raise _denied("The Authorization header cannot be read.")
    key = _key(keys, found["key"], request.headers.get("x-oss-security-token", ""))
    stamp = request.headers.get("x-oss-date", "")
    additional = [name for name in (found["early"] or found["late"] or "").split(";") if name]
    expected = _v4(request, place, key.secret, stamp=stamp, region=found["region"], additional=additional)
    if not hmac.compare_digest(expected, found["signature"]):
        raise _denied("The request signature we calculated does not match the signature you provided.")
    _require_fresh(_stamp(stamp))
    return key


def _check_v4_url(request: Incoming, place: Place, keys: KeyRing) -> AccessKey:
    query = request.query
    parts = query.get("x-oss-credential", "").split("/")
    if len(parts) != 5 or not query.get("x-oss-expires", "").isdigit():
        raise _denied("x-oss-credential and x-oss-expires are required in a signed URL.")
    key = _key(keys, parts[0], query.get("x-oss-security-token", ""))
    stamp = query.get("x-oss-date", "")
    additional = [name for name in query.get("x-oss-additional-headers", "").split(";") if name]
    expected = _v4(request, place, key.secret, stamp=stamp, region=parts[2], additional=additional)
    if not hmac.compare_digest(expected.encode(), query.get("x-oss-signature", "").encode()):
        raise _denied("The request signature we calculated does not match the signature you provided.")
    ends = _stamp(stamp) + timedelta(seconds=int(query["x-oss-expires"]))
    if ends.timestamp() < clock.now():
        raise Refused(403, "AccessDenied", "Request has expired.")
    return key


def check_oss(request: Incoming, place: Place, keys: KeyRing) -> AccessKey:
    """Give the key that signed the request or the URL.

    Raises:
        Refused: 403 in OSS's words: no signature, unknown key, wrong signature, too old.
    """
    authorization, query = request.headers.get("authorization", ""), request.query
    if authorization.startswith("OSS4-HMAC-SHA256 "):
        return _check_v4_header(request, place, keys)
    if authorization.startswith("OSS "):
        return _check_v1_header(request, place, keys, authorization.removeprefix("OSS "))
    if "OSSAccessKeyId" in query:
        return _check_v1_url(request, place, keys)
    if "x-oss-signature" in query:
        return _check_v4_url(request, place, keys)
    raise Refused(403, "AccessDenied", "Anonymous access is forbidden; sign with version 1 or 4.")
