"""Live updates: signals come through Redis, and pages do without it."""

from __future__ import annotations

import asyncio

import pytest
import redis
from django.conf import settings as django_settings
from django.test import AsyncClient, Client
from pytest_django import Settings

from dashboard import live
from migrations_app.services.bell import CHANNEL
from tests import factories

pytestmark = pytest.mark.django_db
DEAD = "redis://127.0.0.1:1/0"
MINE = frozenset({"fn-7000007", "fn-7000008"})
"""Topics that no other test tells of: Redis hands a message to every database, also to tests beside us."""


async def _first(topics: frozenset[str], publish: str) -> list[str]:
    stream = live._signals(topics)
    told = [(await anext(stream)).decode(), (await anext(stream)).decode()]
    client = redis.Redis.from_url(django_settings.REDIS_URL)
    client.publish(CHANNEL, "fn-999")
    client.publish(CHANNEL, publish)
    client.close()
    told.append((await asyncio.wait_for(anext(stream), 5)).decode())
    await stream.aclose()  # type: ignore[attr-defined]
    return told


def test_a_page_hears_its_own_topics_only() -> None:
    told = asyncio.run(_first(MINE, "fn-7000007"))
    assert told[0].startswith("retry:")
    assert told[2] == "event: fn-7000007\ndata: 1\n\n"


def test_a_page_is_told_of_everything_as_soon_as_it_listens_since_it_was_rendered_before() -> None:
    told = asyncio.run(_first(MINE, "fn-7000008"))
    assert told[1] == "event: fn-7000007\ndata: 1\n\nevent: fn-7000008\ndata: 1\n\n"


def test_without_redis_the_stream_says_down_and_ends(settings: Settings) -> None:
    settings.REDIS_URL = DEAD

    async def listen() -> list[bytes]:
        return [part async for part in live._signals(frozenset({"inbox"}))]

    assert asyncio.run(listen()) == [b"retry: 5000\nevent: down\ndata: 1\n\n"]


def test_without_redis_pages_show_the_truth_and_a_rollback_is_written(
    operator: Client, settings: Settings
) -> None:
    settings.REDIS_URL = DEAD
    made = factories.shifting()
    for path in ("/", "/functions/", f"/functions/{made.name}/"):
        assert operator.get(path).status_code == 200
    assert operator.post(f"/functions/{made.name}/roll-back/").status_code == 303


@pytest.mark.parametrize("topics", ["everything", "fn-1,nonsense", "fn-1," * 9 + "inbox-x"])
def test_unknown_topics_are_refused(topics: str, operator: Client) -> None:
    assert operator.get(f"/live/?topics={topics}").status_code == 422


def test_a_stranger_hears_nothing() -> None:
    async def ask() -> int:
        return (await AsyncClient().get("/live/?topics=inbox")).status_code

    assert asyncio.run(ask()) == 403
