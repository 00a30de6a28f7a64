"""Live updates: signals only. Redis -> one subscriber per process -> every open page.

Theory of operation. ``bell.tell`` publishes topics to one Redis channel. The first open page starts the
process's subscriber; each page has a set of topics that changed since it was last told, and is told at most
every 0.8 s, so a burst costs one refetch and the last change is never lost. It is told of all its topics as
soon as it listens, since it was rendered before. A page that hears its topic fetches its regions again. When
Redis is away the stream says ``down`` and ends: pages then poll every 5 s and the browser keeps trying to
come back. No database connection is held by an open stream.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import redis.asyncio
from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import connections
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.views.decorators.http import require_GET

from dashboard.access import Role, may
from migrations_app.services.bell import CHANNEL

MOST_TOPICS = 8
BREATH_S = 0.8
SILENCE_S = 15.0
CONNECT_S = 1.0
_TOPIC = re.compile(r"(?:inbox|(?:fn|op|run)-[0-9a-f-]{1,36})")


@dataclass(eq=False, slots=True)
class Listener:
    """One open page: the topics it asked for, and those that changed since it was last told."""

    topics: frozenset[str]
    changed: set[str] = field(default_factory=set)
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    down: bool = False


class Switchboard:
    """The process's one subscriber. All of it runs on one event loop, so nothing needs a lock."""

    def __init__(self) -> None:
        self.listeners: set[Listener] = set()
        self._subscriber: asyncio.Task[None] | None = None
        self._ready = asyncio.Event()

    async def join(self, listener: Listener) -> bool:
        """Add a page; False when Redis does not answer."""
        self.listeners.add(listener)
        if self._subscriber is None or self._subscriber.done():
            self._ready = asyncio.Event()
            self._subscriber = asyncio.create_task(self._subscribe())
        ready = asyncio.create_task(self._ready.wait())
        await asyncio.wait({ready, self._subscriber}, return_when=asyncio.FIRST_COMPLETED, timeout=3.0)
        if not ready.done():
            ready.cancel()
            self.listeners.discard(listener)
        return ready.done() and not ready.cancelled()

    def leave(self, listener: Listener) -> None:
        """Take a page off; the last one ends the subscriber."""
        self.listeners.discard(listener)
        if not self.listeners and self._subscriber is not None:
            self._subscriber.cancel()
            self._subscriber = None

    async def _subscribe(self) -> None:
        try:
            async with (
                redis.asyncio.Redis.from_url(
                    settings.REDIS_URL, socket_connect_timeout=CONNECT_S, health_check_interval=5
                ) as client,
                client.pubsub() as channel,
            ):
                await channel.subscribe(CHANNEL)
                self._ready.set()
                while True:
                    message = await channel.get_message(ignore_subscribe_messages=True, timeout=2.0)
                    if message is not None:
                        self._spread(message["data"].decode())
        except (redis.RedisError, OSError):
            for listener in self.listeners:
                listener.down = True
                listener.woken.set()

    def _spread(self, topic: str) -> None:
        for listener in self.listeners:
            if topic in listener.topics:
                listener.changed.add(topic)
                listener.woken.set()


_boards: dict[int, Switchboard] = {}


def switchboard() -> Switchboard:
    """Give the switchboard of the running event loop."""
    return _boards.setdefault(id(asyncio.get_running_loop()), Switchboard())


@require_GET
async def stream(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    """Stream the signals of the topics that a page asked for."""
    allowed = await sync_to_async(_allowed)(request)
    topics = frozenset(request.GET.get("topics", "").split(","))
    if not allowed:
        return HttpResponse(status=403)
    if len(topics) > MOST_TOPICS or not all(_TOPIC.fullmatch(topic) for topic in topics):
        return HttpResponse("Topics are inbox, fn-, op- and run- with an id; at most eight.", status=422)
    response = StreamingHttpResponse(_signals(topics), content_type="text/event-stream")
    response["Cache-Control"] = "no-store"
    response["X-Accel-Buffering"] = "no"
    return response


async def _signals(topics: frozenset[str]) -> AsyncIterator[bytes]:
    listener, board = Listener(topics=topics), switchboard()
    try:
        if not await board.join(listener):
            yield b"retry: 5000\nevent: down\ndata: 1\n\n"
            return
        yield b"retry: 2000\n: listening\n\n"
        # What changed after the page was rendered and before it listened was told to nobody.
        listener.changed |= topics
        listener.woken.set()
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(listener.woken.wait(), SILENCE_S)
            if listener.down:
                yield b"event: down\ndata: 1\n\n"
                return
            listener.woken.clear()
            changed, listener.changed = listener.changed, set()
            yield b"".join(f"event: {topic}\ndata: 1\n\n".encode() for topic in sorted(changed)) or b": \n\n"
            if changed:
                await asyncio.sleep(BREATH_S)
    finally:
        board.leave(listener)


def _allowed(request: HttpRequest) -> bool:
    """Decide in the thread that opened the database connection, and give the connection back."""
    try:
        return may(request, Role.VIEWER)
    finally:
        connections.close_all()
