"""A wire to one host for calls by the thousand: HTTP/1.1 over connections that are kept, one call at a time.

Nothing is sent twice. A connection that could not be made is ``NothingSent``; whatever goes wrong later is
``AnswerLost``, because the other side may have had the request.

A call writes once to a socket and lets httptools (Node's parser in C) read the answer. Of what urllib3 and
``http.client`` do for a small call that is a quarter of the CPU; urllib3 is used where its abilities are
needed, through a proxy. Source: bench/run.py, 2026-11-22.
"""

from __future__ import annotations

import select
import socket
import ssl
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

import httptools
import urllib3
from urllib3.util import make_headers, parse_url

_CHUNK = 65_536
_NOT_CONNECTED = (
    urllib3.exceptions.NewConnectionError,
    urllib3.exceptions.ConnectTimeoutError,
    urllib3.exceptions.ProxyError,
    urllib3.exceptions.SSLError,
)


class NothingSent(Exception):
    """No connection could be made; its text is the name of what happened."""


class AnswerLost(Exception):
    """The request was sent, at least in part, and no whole answer came; its text names what happened."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """An HTTP answer, read whole. ``headers``: by their names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Wire(Protocol):
    """Posts to one host. Safe for threads."""

    def post(self, target: str, headers: Mapping[str, str], body: bytes, *, read_s: float) -> Answer:
        """Post once and wait for the whole answer; no redirect is followed.

        Args:
            target: path and query, encoded. read_s: limit of each wait for bytes.

        Raises:
            NothingSent, AnswerLost.
        """
        ...


def wire(origin: str, *, connect_s: float, keep: int, proxy: str = "", ca_file: str | None = None) -> Wire:
    """Give a wire to ``origin`` (scheme://host[:port]); nothing is connected yet.

    Args:
        keep: idle connections kept at most. proxy: URL, empty for none; the environment's is ignored.
        ca_file: certificates to trust; None: the system's.
    """
    if proxy:
        return _Proxied(origin, proxy, connect_s=connect_s, keep=keep, ca_file=ca_file)
    return _Direct(origin, connect_s=connect_s, keep=keep, ca_file=ca_file)


class _Direct:
    def __init__(self, origin: str, *, connect_s: float, keep: int, ca_file: str | None) -> None:
        parts = urlsplit(origin)
        secure = parts.scheme == "https"
        usual = 443 if secure else 80
        self._address = (parts.hostname or "", parts.port or usual)
        self._authority = parts.netloc.removesuffix(f":{usual}")
        self._connect_s, self._keep = connect_s, keep
        self._tls = ssl.create_default_context(cafile=ca_file) if secure else None
        self._idle: list[_Connection] = []
        weakref.finalize(self, _close, self._idle)

    def post(self, target: str, headers: Mapping[str, str], body: bytes, *, read_s: float) -> Answer:
        """Post over a kept connection, or a fresh one."""
        request = self._request(target, headers, body)
        connection, kept = self._connected(), False
        try:
            answer = connection.exchange(request, read_s)
            kept = connection.reusable and len(self._idle) < self._keep
        except (OSError, httptools.HttpParserError) as exc:
            raise AnswerLost(type(exc).__name__) from exc
        finally:
            if kept:
                self._idle.append(connection)
            else:
                connection.close()
        return answer

    def _request(self, target: str, headers: Mapping[str, str], body: bytes) -> bytes:
        lines = [f"POST {target} HTTP/1.1", f"Content-Length: {len(body)}"]
        if "host" not in headers:
            lines.append(f"Host: {self._authority}")
        lines += [f"{name}: {value}" for name, value in headers.items()]
        head = "\n".join(lines)
        if "\r" in head or head.count("\n") >= len(lines):
            raise ValueError("A header holds the end of a line.")
        return head.replace("\n", "\r\n").encode("latin-1") + b"\r\n\r\n" + body

    def _connected(self) -> _Connection:
        """Give the connection that was used last and is still open: the others may grow old and end."""
        while self._idle:
            try:
                connection = self._idle.pop()
            except IndexError:  # another thread took it
                break
            if not connection.has_ended():
                return connection
            connection.close()
        try:
            return _Connection(self._socket())
        except OSError as exc:
            raise NothingSent(type(exc).__name__) from exc

    def _socket(self) -> socket.socket:
        made = socket.create_connection(self._address, timeout=self._connect_s)
        try:
            made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return self._tls.wrap_socket(made, server_hostname=self._address[0]) if self._tls else made
        except OSError:
            made.close()
            raise


class _Connection:
    """A connection, and the answer that is being read from it: what httptools finds, it calls back."""

    def __init__(self, made: socket.socket) -> None:
        self._socket = made
        self._parser = httptools.HttpResponseParser(self)
        self._ended = select.poll()
        self._ended.register(made, select.POLLIN)
        self.reusable = False

    def exchange(self, request: bytes, read_s: float) -> Answer:
        """Send a request and read its answer. Raises OSError, HttpParserError."""
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []
        self._headed = self._whole = self.reusable = False
        self._socket.settimeout(read_s)
        self._socket.sendall(request)
        while not self._whole:
            if not (received := self._socket.recv(_CHUNK)):
                if self._headed and self._headers.keys().isdisjoint(("content-length", "transfer-encoding")):
                    break  # an answer that says no length lasts until the connection ends
                raise ConnectionResetError
            self._parser.feed_data(received)
        return Answer(status=self._parser.get_status_code(), headers=self._headers, body=b"".join(self._body))

    def has_ended(self) -> bool:
        """Tell whether there is something to read while nothing was asked, which can only be its end."""
        return bool(self._ended.poll(0))

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def on_message_begin(self) -> None:
        """Refuse an answer behind the answer."""
        if self._whole:
            raise ConnectionResetError

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header."""
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        """Take note that the body follows."""
        self._headed = True

    def on_body(self, body: bytes) -> None:
        """Take a part of the body."""
        self._body.append(body)

    def on_message_complete(self) -> None:
        """Take the answer as whole, unless it only says that the answer comes (100 Continue)."""
        if self._parser.get_status_code() < 200:
            self._headers, self._headed = {}, False
        else:
            self._whole, self.reusable = True, self._parser.should_keep_alive()


def _close(idle: list[_Connection]) -> None:
    for connection in idle:
        connection.close()


class _Proxied:
    def __init__(self, origin: str, proxy: str, *, connect_s: float, keep: int, ca_file: str | None) -> None:
        self._origin, self._connect_s = origin, connect_s
        credentials = parse_url(proxy).auth
        self._pool = urllib3.ProxyManager(
            proxy,
            maxsize=keep,
            retries=False,
            ca_certs=ca_file,
            proxy_headers=make_headers(proxy_basic_auth=credentials) if credentials else None,
        )

    def post(self, target: str, headers: Mapping[str, str], body: bytes, *, read_s: float) -> Answer:
        """Post through the proxy."""
        try:
            answer = self._pool.request(
                "POST",
                self._origin + target,
                body=body,
                headers=headers,
                timeout=urllib3.Timeout(connect=self._connect_s, read=read_s),
                redirect=False,
                decode_content=False,
            )
        except _NOT_CONNECTED as exc:
            raise NothingSent(type(exc).__name__) from exc
        except urllib3.exceptions.HTTPError as exc:
            raise AnswerLost(type(exc).__name__) from exc
        found = {name.lower(): value for name, value in answer.headers.items()}
        return Answer(status=answer.status, headers=found, body=answer.data)
