"""The HTTP/1.1 that bootstraps speak: requests parsed from bytes as they arrive, answers in one go."""

import socket
from dataclasses import dataclass

MAX_HEAD_BYTES = 2 * 1024 * 1024  # a runtime may send a trace of up to 1 MiB in one header


class BrokenRequest(Exception):
    """The bytes are no HTTP request."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RuntimeRequest:
    """One request of a bootstrap; header names are lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Connection:
    """One connection of a bootstrap. Not thread-safe: owned by the thread that drives the worker."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(10)
        self.sock = sock
        self._buffer = bytearray()
        self._head: tuple[str, str, dict[str, str]] | None = None

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
            return self._read_chunks()
        length = int(headers.get("content-length") or 0)
        if len(self._buffer) < length:
            return None
        body = bytes(self._buffer[:length])
        del self._buffer[:length]
        return body

    def _read_chunks(self) -> bytes | None:
        body, at = bytearray(), 0
        while True:
            line = self._buffer.find(b"\r\n", at)
            if line < 0:
                return None
            try:
                size = int(bytes(self._buffer[at:line]).split(b";")[0], 16)
            except ValueError as exc:
                raise BrokenRequest("chunk size") from exc
            at = line + 2
            if size == 0:
                end = self._buffer.find(b"\r\n", at)
                if end < 0:
                    return None
                # Trailers are skipped up to the empty line that closes the message.
                while end != at:
                    at, end = end + 2, self._buffer.find(b"\r\n", end + 2)
                    if end < 0:
                        return None
                del self._buffer[: end + 2]
                return bytes(body)
            if len(self._buffer) < at + size + 2:
                return None
            body += self._buffer[at : at + size]
            at += size + 2

    def answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        """Write one answer. Raises OSError when the other side is gone."""
        head = [f"HTTP/1.1 {status} {'OK' if status == 200 else 'Accepted' if status == 202 else 'No'}"]
        head += [f"{name}: {value}" for name, value in headers.items()]
        head += ["content-type: application/json", f"content-length: {len(body)}", "", ""]
        self.sock.sendall("\r\n".join(head).encode("latin-1", "replace") + body)

    def close(self) -> None:
        self.sock.close()
