"""What OSS answers: XML documents and errors."""

from __future__ import annotations

import base64
from urllib.parse import quote

from sandbox.alibaba import markup
from sandbox.alibaba.markup import leaves, tag
from sandbox.alibaba.oss.storage import PositionNotEqualToLength
from sandbox.alibaba.wire import Incoming, Refused, Reply

XML = "application/xml"


def xml_reply(root: str, **headers: str) -> Reply:
    """Give a reply with this root element; further headers as keywords with ``_`` for ``-``."""
    more = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(headers={"content-type": XML, **more}, body=markup.document(root))


def named(text: str, encode: bool) -> str:
    """Give a name as a listing has it, percent-encoded with encoding-type=url."""
    return quote(text, safe="") if encode else text


def error_reply(refusal: Refused, request: Incoming, request_id: str) -> Reply:
    """Give OSS's error body; a HEAD request has it in the header x-oss-err, a 304 has none."""
    inner = leaves(Code=refusal.code, Message=refusal.message, RequestId=request_id, HostId=request.host)
    body = markup.document(tag("Error", inner))
    headers = {"content-type": XML, "server": "AliyunOSS", "x-oss-request-id": request_id}
    if isinstance(refusal, PositionNotEqualToLength):
        headers["x-oss-next-append-position"] = str(refusal.length)
    if refusal.status == 304:
        return Reply(status=304, headers=headers)
    if request.method == "HEAD":
        headers["x-oss-err"] = base64.b64encode(body).decode()
        return Reply(status=refusal.status, headers=headers)
    return Reply(status=refusal.status, headers=headers, body=body)
