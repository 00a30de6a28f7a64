"""What travels between the HTTP front and the services: one request, one reply, one refusal.

The services are plain blocking functions of these values, so they can be read and tested without a server.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit


@dataclass(frozen=True, kw_only=True, slots=True)
class Incoming:
    """One request, read to its end.

    ``raw_path`` is the path as it was sent (percent-encoded, no query), ``path`` the same decoded;
    ``headers`` has lower-case names; ``host`` is the Host header, of the form ``name[:port]``.
    ``file`` holds the body of a large upload, and ``body`` is empty then; it goes with the request.
    """

    method: str
    raw_path: str
    raw_query: str
    headers: Mapping[str, str]
    body: bytes
    file: Path | None = None

    @property
    def path(self) -> str:
        return unquote(self.raw_path)

    @property
    def host(self) -> str:
        return self.headers.get("host", "")

    @property
    def query(self) -> dict[str, str]:
        """Decode the query as forms are: ``+`` is a space, a name without ``=`` has the empty value."""
        return dict(parse_qsl(self.raw_query, keep_blank_values=True))

    def json(self) -> dict[str, Any]:
        """Parse the body as a JSON object; an empty body is an empty object.

        Raises:
            ValueError: the body is not a JSON object.
        """
        if not self.body:
            return {}
        document = json.loads(self.body)
        if not isinstance(document, dict):
            raise ValueError("the body is not a JSON object")
        return document


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """What goes back: status, headers, body.

    ``stream`` gives a body piece by piece, none of them empty, in place of ``body``; it is sent in chunks
    where the headers name no length.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    stream: Iterator[bytes] | None = None


class StreamBroken(Exception):
    """A body that has begun cannot be brought to its end: the connection is to be broken off."""


class Refused(Exception):
    """The sandbox answers with an error of the cloud's own kind: a status, a code and a sentence.

    The front turns it into the error body of the service it was raised in.
    """

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


def json_reply(document: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    """Give a JSON reply; non-ASCII text stays as it is, as the clouds send it."""
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    return Reply(status=status, headers={"content-type": "application/json", **(headers or {})}, body=body)


def split_target(target: str) -> tuple[str, str]:
    """Split a request target into raw path and raw query; the absolute form is reduced to its path.

    A client that was given a proxy sends ``GET http://host/path?query``. Source: RFC 9112, section 3.2.2.
    """
    if target.startswith(("http://", "https://")):
        parts = urlsplit(target)
        return parts.path or "/", parts.query
    path, _, query = target.partition("?")
    return path or "/", query
