"""A line to Function Compute for calls by the thousand: the SDK's signer over a wire of kept connections.

What is left out are the SDK's models and its retry machinery, two thirds of the CPU of a small call. The
signature is the SDK's own function. Source: alibabacloud-tea-openapi 0.4.6, utils.py.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import quote, urlencode

import orjson
from alibabacloud_credentials.client import Client as Credentials
from alibabacloud_tea_openapi.utils import Utils
from darabonba.request import DaraRequest

from clouds.alibaba.errors import answered, calling
from clouds.wire import Answer, AnswerLost, NothingSent, wire
from cutover.errors import NoAnswer, Unavailable

_SIGNING = "ACS3-HMAC-SHA256"


class Line:
    """Signs and posts to one host. Safe for threads; nothing is retried.

    Args:
        host: host[:port]. scheme: ``http`` or ``https``. proxy: URL, empty for none. connect_s: limit.
    """

    def __init__(
        self, credentials: Credentials, *, host: str, scheme: str, proxy: str, connect_s: float, pool: int
    ) -> None:
        self._credentials, self._host = credentials, host
        self._wire = wire(f"{scheme}://{host}", connect_s=connect_s, keep=pool, proxy=proxy)

    def post(
        self,
        path: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        body: bytes,
        *,
        action: str,
        read_s: float,
    ) -> Answer:
        """Post and wait for the whole answer. ``path`` is encoded already.

        Raises:
            CloudError: the service refused, nothing was sent, or no answer came.
        """
        operation = f"fc:{action}"
        signed = self._signed(path, query, headers, body, action)
        target = f"{path}?{urlencode(query, quote_via=quote)}"
        try:
            answer = self._wire.post(target, signed, body, read_s=read_s)
        except NothingSent as exc:
            raise Unavailable(
                "Alibaba Cloud cannot be reached; nothing was sent.",
                cloud="alibaba",
                operation=operation,
                code=str(exc),
            ) from exc
        except AnswerLost as exc:
            raise NoAnswer(cloud="alibaba", operation=operation, code=str(exc)) from exc
        if answer.status >= 300:
            raise _refusal(answer, operation)
        return answer

    def _signed(
        self, path: str, query: Mapping[str, str], headers: Mapping[str, str], body: bytes, action: str
    ) -> dict[str, str]:
        with calling(f"fc:{action}"):
            key = self._credentials.get_credential()
        digest = hashlib.sha256(body).hexdigest()
        request = DaraRequest()
        request.method, request.pathname, request.query = "POST", path, dict(query)
        request.headers = {
            "host": self._host,
            "accept": "application/json",
            "content-type": "application/octet-stream",
            "x-acs-version": "2023-03-30",
            "x-acs-action": action,
            "x-acs-date": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "x-acs-signature-nonce": uuid.uuid4().hex,
            "x-acs-content-sha256": digest,
            **headers,
        }
        if key.security_token:
            request.headers["x-acs-accesskey-id"] = key.access_key_id
            request.headers["x-acs-security-token"] = key.security_token
        authorization = Utils.get_authorization(
            request, _SIGNING, digest, key.access_key_id, key.access_key_secret
        )
        return {**request.headers, "Authorization": authorization}


def _refusal(answer: Answer, operation: str) -> Exception:
    """Give the error of an answer that is none; one that is not FC's own JSON may come from a gateway."""
    try:
        found = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        return NoAnswer(cloud="alibaba", operation=operation, code=f"HTTP {answer.status}")
    lower = {key.lower(): value for key, value in found.items()}
    request_id = lower.get("requestid") or answer.headers.get("x-fc-request-id")
    return answered(answer.status, lower.get("code"), lower.get("message"), request_id, operation)
