"""What OSS answers: XML documents and errors."""

from __future__ import annotations

import base64
from urllib.parse import quote

from sandbox.alibaba import clock, markup
from sandbox.alibaba.markup import leaves, tag
from sandbox.alibaba.oss.storage import PositionNotEqualToLength, StoredObject
from sandbox.alibaba.wire import Incoming, Refused, Reply

XML = "application/xml"
# The code of what exactly went wrong, where a public page or test tells it.
# Source: Alibaba Cloud, "OSS error codes (EC)"; aliyun-oss-python-sdk, test_exception_ec.py, 2026-11-22.
_EXACT = {
    "NoSuchKey": "0026-00000001",
    "NoSuchBucket": "0015-00000101",
    "InvalidAccessKeyId": "0002-00000902",
    "SignatureDoesNotMatch": "0002-00000040",
    "BucketNotEmpty": "0015-00000301",
}


def xml_reply(root: str, **headers: str) -> Reply:
    """Give a reply with this root element; further headers as keywords with ``_`` for ``-``."""
    more = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(headers={"content-type": XML, **more}, body=markup.document(root))


def named(text: str, encode: bool) -> str:
    """Give a name as a listing has it, percent-encoded with encoding-type=url."""
    return quote(text, safe="") if encode else text


def restore_info(stored: StoredObject) -> str:
    """Say how far the restore of an archived object is, empty where there is none or it is over."""
    now = clock.now()
    if not stored.archived or now >= stored.until:
        return ""
    if now < stored.ready:
        return 'ongoing-request="true"'
    return f'ongoing-request="false", expiry-date="{clock.http_date(stored.until)}"'


def error_reply(refusal: Refused, request: Incoming, request_id: str) -> Reply:
    """Give OSS's error body; a HEAD request has it in the header x-oss-err, a 304 has none."""
    inner = leaves(
        Code=refusal.code,
        Message=refusal.message,
        RequestId=request_id,
        HostId=request.host,
        EC=_EXACT.get(refusal.code),
    )
    body = markup.document(tag("Error", inner))
    headers = {"content-type": XML, "server": "AliyunOSS", "x-oss-request-id": request_id}
    if refusal.code in _EXACT:
        headers["x-oss-ec"] = _EXACT[refusal.code]
    if isinstance(refusal, PositionNotEqualToLength):
        headers["x-oss-next-append-position"] = str(refusal.length)
    if refusal.status == 304:
        return Reply(status=304, headers=headers)
    if request.method == "HEAD":
        headers["x-oss-err"] = base64.b64encode(body).decode()
        return Reply(status=refusal.status, headers=headers)
    return Reply(status=refusal.status, headers=headers, body=body)
