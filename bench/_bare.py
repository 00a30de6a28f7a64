"""The bare handler: the benchmark's own function behind the least HTTP server, in a process of its own.

``python -m bench._bare FOLDER``: loads ``index.handler`` from the folder, prints its port, ends at the end of
its standard input. Each POST is one call of the handler: JSON in, JSON out, nothing else around it.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import sys
from collections.abc import Callable
from typing import Any


def load(folder: str) -> Callable[[Any, None], Any]:
    """Import the handler."""
    sys.path.insert(0, folder)
    found: Callable[[Any, None], Any] = importlib.import_module("index").handler
    return found


class Bare(asyncio.Protocol):
    """HTTP/1.1 with keep-alive; bodies have a Content-Length."""

    def __init__(self, handler: Callable[[Any, None], Any]) -> None:
        self._handler = handler
        self._inbox = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._inbox += data
        while (end := self._inbox.find(b"\r\n\r\n")) >= 0:
            head = self._inbox[:end].lower()
            place = head.find(b"content-length:")
            length = int(head[place + 15 :].split(b"\r\n", 1)[0]) if place >= 0 else 0
            if len(self._inbox) < end + 4 + length:
                return
            event = self._inbox[end + 4 : end + 4 + length]
            self._inbox = self._inbox[end + 4 + length :]
            body = json.dumps(self._handler(json.loads(event), None)).encode()
            self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))


async def main(folder: str) -> None:
    """Serve until the parent is gone."""
    loop = asyncio.get_running_loop()
    handler = load(folder)
    server = await loop.create_server(lambda: Bare(handler), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
