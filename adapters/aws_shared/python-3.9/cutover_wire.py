"""Signed HTTP from inside a function: small, standard library only, Python 3.9 and newer.

boto3 would do, but importing it costs a cold start several hundred milliseconds at small memory sizes; three
calls need one signature each. Connections are kept alive between invocations. A kept connection that the
other side closed meanwhile (functions are frozen for minutes) is noticed before it is used, so no request is
lost on it.
Endpoints are those of the official SDKs: AWS_ENDPOINT_URL_<SERVICE>, AWS_ENDPOINT_URL, else the region's.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import os
import select
import ssl
import time
import urllib.parse
import uuid
from collections.abc import Mapping

CONNECT_S = 2.0
IDLE_S = 50.0


class WireError(Exception):
    """No usable answer came. ``sent`` tells whether the request may have arrived."""

    def __init__(self, what: str, *, sent: bool) -> None:
        super().__init__(what)
        self.sent = sent


class Answer:
    """Status, headers (lower-case names) and body of a response."""

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.status, self.headers, self.body = status, headers, body


class Wire:
    """One keep-alive connection to one origin (scheme://host[:port]); not for threads."""

    def __init__(self, origin: str) -> None:
        parts = urllib.parse.urlsplit(origin)
        self.host = parts.netloc
        self._tls = parts.scheme != "http"
        self._connection: http.client.HTTPConnection | None = None
        self._used_at = 0.0

    def send(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes, *, limit_s: float
    ) -> Answer:
        """Send one request, never twice. Raises WireError."""
        deadline = time.monotonic() + limit_s
        connection = self._ready(min(CONNECT_S, limit_s))
        try:
            connection.request(method, path, body=body, headers=dict(headers))
            if connection.sock is not None:
                connection.sock.settimeout(max(0.05, deadline - time.monotonic()))
            response = connection.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException) as error:
            self._drop()
            raise WireError(type(error).__name__, sent=True) from error
        self._used_at = time.monotonic()
        if response.will_close:
            self._drop()
        found = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, found, content)

    def _ready(self, limit_s: float) -> http.client.HTTPConnection:
        kept = self._connection
        if kept is not None and kept.sock is not None and not self._stale(kept):
            kept.sock.settimeout(limit_s)
            return kept
        self._drop()
        fresh: http.client.HTTPConnection = (
            http.client.HTTPSConnection(self.host, timeout=limit_s, context=ssl.create_default_context())
            if self._tls
            else http.client.HTTPConnection(self.host, timeout=limit_s)
        )
        try:
            fresh.connect()
        except OSError as error:
            raise WireError(type(error).__name__, sent=False) from error
        self._connection = fresh
        return fresh

    def _stale(self, connection: http.client.HTTPConnection) -> bool:
        if time.monotonic() - self._used_at > IDLE_S:
            return True
        readable, _, _ = select.select([connection.sock], [], [], 0)
        return bool(readable)

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


_wires: dict[str, Wire] = {}


def wire(origin: str) -> Wire:
    """Give the connection to an origin, one for the life of the instance."""
    if origin not in _wires:
        _wires[origin] = Wire(origin)
    return _wires[origin]


# ------------------------------------------------------------------------------------------------ AWS


def aws_origin(service: str, fallback: str = "") -> str:
    """Give the origin of an AWS service as the official SDKs would choose it."""
    configured = os.environ.get("AWS_ENDPOINT_URL_" + service.upper()) or os.environ.get("AWS_ENDPOINT_URL")
    if configured and os.environ.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "").lower() != "true":
        return configured.rstrip("/")
    region = os.environ.get("AWS_REGION", "us-east-1")
    suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    return fallback or f"https://{service}.{region}.{suffix}"


def aws_json(
    service: str, target: str, version: str, body: Mapping[str, object], *, origin: str, limit_s: float
) -> Answer:
    """Call an operation of a JSON-protocol service."""
    headers = {"content-type": "application/x-amz-json-" + version, "x-amz-target": target}
    return aws_call(
        service, "POST", "/", "", headers, json.dumps(body).encode(), origin=origin, limit_s=limit_s
    )


def aws_call(
    service: str,
    method: str,
    path: str,
    query: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    origin: str,
    limit_s: float,
) -> Answer:
    """Send one request with Signature Version 4, keys from the function's environment.

    ``path`` and ``query`` are percent-encoded, the query sorted. Source: AWS Signature Version 4 reference.
    """
    line = wire(origin)
    signed = _sign_v4(service, method, path, query, {**headers, "host": line.host}, body)
    return line.send(method, path + ("?" + query if query else ""), signed, body, limit_s=limit_s)


def _sign_v4(
    service: str, method: str, path: str, query: str, headers: dict[str, str], body: bytes
) -> dict[str, str]:
    key, secret = os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"]
    region = os.environ.get("AWS_REGION", "us-east-1")
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    headers["x-amz-date"] = stamp
    token = os.environ.get("AWS_SESSION_TOKEN")
    if token:
        headers["x-amz-security-token"] = token
    names = ";".join(sorted(headers))
    canonical = "\n".join(
        [
            method,
            path,
            query,
            *(name + ":" + headers[name].strip() for name in sorted(headers)),
            "",
            names,
            hashlib.sha256(body).hexdigest(),
        ]
    )
    scope = "/".join([stamp[:8], region, service, "aws4_request"])
    text = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    derived = ("AWS4" + secret).encode()
    for part in scope.split("/"):
        derived = hmac.new(derived, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(derived, text.encode(), hashlib.sha256).hexdigest()
    headers["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={key}/{scope}, SignedHeaders={names}, Signature={signature}"
    )
    return headers


# -------------------------------------------------------------------------------------------- Alibaba


def sign_acs3(
    method: str, path: str, query: str, headers: Mapping[str, str], body: bytes, key: Mapping[str, str]
) -> dict[str, str]:
    """Give the headers with ACS3-HMAC-SHA256; signed are host, content-type, x-acs-* and x-fc-*.

    ``key``: access_key_id, access_key_secret and perhaps security_token. The query is sorted and encoded.
    Source: alibabacloud-tea-openapi 0.4.6, utils.py.
    """
    digest = hashlib.sha256(body).hexdigest()
    complete = dict(headers)
    complete["x-acs-date"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    complete["x-acs-signature-nonce"] = uuid.uuid4().hex
    complete["x-acs-content-sha256"] = digest
    if key.get("security_token"):
        complete["x-acs-accesskey-id"] = key["access_key_id"]
        complete["x-acs-security-token"] = key["security_token"]
    names = sorted(
        name for name in complete if name in ("host", "content-type") or name.startswith(("x-acs-", "x-fc-"))
    )
    listed = ";".join(names)
    lines = "".join(name + ":" + complete[name].strip() + "\n" for name in names)
    canonical = "\n".join([method, path, query, lines, listed, digest])
    text = "ACS3-HMAC-SHA256\n" + hashlib.sha256(canonical.encode()).hexdigest()
    signature = hmac.new(key["access_key_secret"].encode(), text.encode(), hashlib.sha256).hexdigest()
    complete["authorization"] = "ACS3-HMAC-SHA256 Credential={},SignedHeaders={},Signature={}".format(
        key["access_key_id"], listed, signature
    )
    return complete
