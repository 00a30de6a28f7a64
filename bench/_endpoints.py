"""Two endpoints that answer as Lambda's and FC's Invoke after 20 ms, in a process of their own.

``python -m bench._endpoints``: prints its port, ends at the end of its standard input.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import sys

DELAY_S = 0.020
ANSWER = b'{"order":{"id":"A-17","total":39.8,"lines":[{"sku":"A-1","qty":2}]},"status":"accepted"}'
_numbers = itertools.count(1)


class Endpoint(asyncio.Protocol):
    """HTTP/1.1 with keep-alive; bodies have a Content-Length."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._inbox = b""

    def data_received(self, data: bytes) -> None:
        self._inbox += data
        while (end := self._inbox.find(b"\r\n\r\n")) >= 0:
            head = self._inbox[:end].lower()
            place = head.find(b"content-length:")
            length = int(head[place + 15 :].split(b"\r\n", 1)[0]) if place >= 0 else 0
            if len(self._inbox) < end + 4 + length:
                return
            self._inbox = self._inbox[end + 4 + length :]
            answer = _lambda if b"/2015-03-31/" in head.split(b"\r\n", 1)[0] else _fc
            asyncio.get_running_loop().call_later(DELAY_S, self._send, answer(f"{next(_numbers):032x}"))

    def _send(self, answer: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(answer)


def _lambda(request: str) -> bytes:
    log = (
        f"START RequestId: {request} Version: 1\n2026-11-22T05:41:07.000Z\t{request}\tINFO\torder stored\n"
        f"END RequestId: {request}\nREPORT RequestId: {request}\tDuration: 20.00 ms\tBilled Duration: 20 ms\t"
        "Memory Size: 128 MB\tMax Memory Used: 64 MB\t\n"
    )
    return _answer(
        f"x-amzn-RequestId: {request}\r\nX-Amz-Executed-Version: 1\r\nX-Amz-Log-Result: {_coded(log)}\r\n"
    )


def _fc(request: str) -> bytes:
    log = (
        f"FC Invoke Start RequestId: {request}\n2026-11-22T05:41:07.000Z {request} [verbose] order stored\n"
        f"FC Invoke End RequestId: {request}\n\nDuration: 20.00 ms, Billed Duration: 20 ms, "
        "Memory Size: 128 MB, Max Memory Used: 64.00 MB"
    )
    return _answer(
        f"X-Fc-Request-Id: {request}\r\nX-Fc-Invocation-Duration: 20\r\nX-Fc-Log-Result: {_coded(log)}\r\n"
    )


def _coded(log: str) -> str:
    return base64.b64encode(log.encode()).decode()


def _answer(headers: str) -> bytes:
    return (
        f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(ANSWER)}\r\n{headers}\r\n"
    ).encode() + ANSWER


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Endpoint, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.buffer.read)


if __name__ == "__main__":
    asyncio.run(_serve())
