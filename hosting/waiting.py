"""Conditions to wait for: a server answers, a line is in a log. Each says what is missing."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import psycopg2
import redis

from hosting.process import HostingError

_PAUSE_S = 0.05

# The caller's proxies are not asked for addresses on this machine.
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def until(condition: Callable[[], str | None], limit_s: float) -> None:
    """Wait until `condition` gives None; while it does not, it says what is missing.

    Raises: HostingError with what was missing when the limit was over.
    """
    ending = time.monotonic() + limit_s
    while (missing := condition()) is not None:
        if time.monotonic() > ending:
            raise HostingError(f"{missing}, even after {limit_s:.0f} s")
        time.sleep(_PAUSE_S)


def postgres_answers(url: str) -> Callable[[], str | None]:
    """Give the condition that PostgreSQL takes a connection with this address."""

    def condition() -> str | None:
        try:
            psycopg2.connect(url, connect_timeout=5).close()
        except psycopg2.OperationalError as exc:
            return f"PostgreSQL does not answer ({str(exc).strip().splitlines()[-1]})"
        return None

    return condition


def redis_answers(url: str) -> Callable[[], str | None]:
    """Give the condition that Redis answers PING."""

    def condition() -> str | None:
        client = redis.Redis.from_url(url)
        try:
            client.ping()
        except redis.exceptions.ConnectionError as exc:
            return f"Redis does not answer ({exc})"
        finally:
            client.close()
        return None

    return condition


def http_answers(url: str) -> Callable[[], str | None]:
    """Give the condition that a GET is answered with 200."""

    def condition() -> str | None:
        try:
            with _direct.open(url, timeout=5) as answer:
                return None if answer.status == 200 else f"{url} answers {answer.status}"
        except urllib.error.HTTPError as exc:
            return f"{url} answers {exc.code}"
        except OSError as exc:
            return f"{url} does not answer ({exc})"

    return condition


def sandbox_answers(endpoint: str) -> Callable[[], str | None]:
    """Give the condition that a sandbox half, and not somebody else's server, answers at this address."""
    healthy = http_answers(f"{endpoint}/_sandbox/health")

    def condition() -> str | None:
        if (missing := healthy()) is not None:
            return missing
        with _direct.open(f"{endpoint}/_sandbox/health", timeout=5) as answer:
            text = answer.read(10_000)
        try:
            said = json.loads(text)
        except ValueError:
            said = None
        if isinstance(said, dict) and said.get("ok") is True and said.get("nonce"):
            return None
        return f"{endpoint} is not the sandbox: its health route gave {text[:80]!r}"

    return condition


def file_exists(path: Path) -> Callable[[], str | None]:
    """Give the condition that a file is there."""
    return lambda: None if path.exists() else f"{path} is missing"


def consumers_wait(redis_url: str, count: int) -> Callable[[], str | None]:
    """Give the condition that at least `count` workers wait for messages.

    A Celery worker that consumes sits in BRPOP, whatever its log level says about being ready.
    """

    def condition() -> str | None:
        with redis.Redis.from_url(redis_url) as client:
            waiting = sum(row["cmd"] == "brpop" for row in client.client_list())
        return None if waiting >= count else f"{waiting} of {count} workers wait for messages"

    return condition
