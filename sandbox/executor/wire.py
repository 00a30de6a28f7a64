"""The HTTP/1.1 that bootstraps speak: requests parsed from bytes as they arrive, answers in one go."""

import socket
from collections.abc import Callable
from dataclasses import dataclass

Sink = Callable[[bytes], None]

MAX_HEAD_BYTES = 2 * 1024 * 1024  # a runtime may send a trace of up to 1 MiB in one header


class BrokenRequest(Exception):
    """The bytes are no HTTP request."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RuntimeRequest:
    """One request of a bootstrap; header names are lower case, trailers are among them.

    body: what was not handed to a sink while it arrived.
    """

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Connection:
    """One connection of a bootstrap. Not thread-safe: owned by the thread that drives the worker.

    sink_for: asked with path and headers of each request; what it gives is handed the pieces of a chunked
        body as they arrive, None has them gathered.
    """

    def __init__(
        self, sock: socket.socket, sink_for: Callable[[str, dict[str, str]], Sink | None] | None = None
    ) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(10)
        self.sock = sock
        self._buffer = bytearray()
        self._head: tuple[str, str, dict[str, str]] | None = None
        self._sink_for = sink_for
        self._chunks: _Chunks | None = None

    def receive(self) -> bool:
        """Take in what has arrived. Returns False once the other side has closed."""
        try:
            piece = self.sock.recv(1 << 18)
        except OSError:
            return False
        self._buffer += piece
        return bool(piece)

    def next_request(self) -> RuntimeRequest | None:
        """Give the next complete request, or None until more bytes arrive. Raises BrokenRequest."""
        if self._head is None and not self._read_head():
            return None
        assert self._head is not None
        method, path, headers = self._head
        body = self._read_body(headers)
        if body is None:
            return None
        self._head = None
        return RuntimeRequest(method=method, path=path, headers=headers, body=body)

    def _read_head(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > MAX_HEAD_BYTES:
                raise BrokenRequest("head too long")
            return False
        first, *rest = bytes(self._buffer[:end]).decode("latin-1").split("\r\n")
        del self._buffer[: end + 4]
        words = first.split(" ")
        if len(words) != 3:
            raise BrokenRequest(first[:100])
        headers = {}
        for line in rest:
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        self._head = (words[0], words[1], headers)
        if headers.get("expect", "").lower() == "100-continue":
            self.sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        return True

    def _read_body(self, headers: dict[str, str]) -> bytes | None:
        if "chunked" in headers.get("transfer-encoding", "").lower():
            return self._read_chunks(headers)
        length = int(headers.get("content-length") or 0)
        if len(self._buffer) < length:
            return None
        body = bytes(self._buffer[:length])
        del self._buffer[:length]
        return body

    def _read_chunks(self, headers: dict[str, str]) -> bytes | None:
        if self._chunks is None:
            assert self._head is not None
            sink = self._sink_for(self._head[1], headers) if self._sink_for is not None else None
            self._chunks = _Chunks(sink)
        if not self._chunks.read(self._buffer):
            return None
        done, self._chunks = self._chunks, None
        headers.update(done.trailers)
        return bytes(done.body)

    def answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        """Write one answer. Raises OSError when the other side is gone."""
        head = [f"HTTP/1.1 {status} {'OK' if status == 200 else 'Accepted' if status == 202 else 'No'}"]
        head += [f"{name}: {value}" for name, value in headers.items()]
        head += ["content-type: application/json", f"content-length: {len(body)}", "", ""]
        self.sock.sendall("\r\n".join(head).encode("latin-1", "replace") + body)

    def close(self) -> None:
        self.sock.close()


class _Chunks:
    """A chunked body on its way: read once, however many pieces it comes in."""

    def __init__(self, sink: Sink | None) -> None:
        self.body = bytearray()
        self.trailers: dict[str, str] = {}
        self._sink: Sink = sink or self.body.extend
        self._left = 0  # bytes of the present chunk that are still to come
        self._closing = False  # the line break after a chunk's bytes is still to come
        self._ending = False  # the last chunk was seen, trailers follow

    def read(self, buffer: bytearray) -> bool:
        """Take what the buffer has; True once the body is whole. Raises BrokenRequest."""
        while True:
            if self._left:
                if not buffer:
                    return False
                piece = bytes(buffer[: self._left])
                del buffer[: len(piece)]
                self._left -= len(piece)
                self._sink(piece)
                continue
            end = buffer.find(b"\r\n")
            if end < 0:
                if len(buffer) > MAX_HEAD_BYTES:
                    raise BrokenRequest("chunk line too long")
                return False
            line = bytes(buffer[:end])
            del buffer[: end + 2]
            if self._closing:
                self._closing = False
            elif not self._ending:
                self._begin(line)
            elif not line:
                return True
            else:
                name, _, value = line.decode("latin-1").partition(":")
                self.trailers[name.strip().lower()] = value.strip()

    def _begin(self, line: bytes) -> None:
        try:
            self._left = int(line.split(b";")[0], 16)
        except ValueError as exc:
            raise BrokenRequest("chunk size") from exc
        self._ending = self._left == 0
        self._closing = not self._ending
