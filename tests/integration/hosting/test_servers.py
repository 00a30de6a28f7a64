"""The embedded servers are real ones, private, and end with whoever started them."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psycopg2
import psycopg2.extensions
import pytest
import redis

from hosting import throwaway, waiting
from hosting.places import ROOT
from hosting.process import HostingError

STARTER = """
import sys, time
from hosting import throwaway
servers = throwaway.start()
print(servers.database_url, servers.redis_url, flush=True)
sys.stdin.read()
"""


def test_it_starts_a_real_postgresql_that_asks_for_the_password() -> None:
    servers = throwaway.start()
    try:
        with psycopg2.connect(servers.database_url) as connection, connection.cursor() as cursor:
            cursor.execute("show server_version_num")
            row = cursor.fetchone()
            assert row is not None
            assert int(row[0]) >= 180_000
            cursor.execute("show listen_addresses")
            assert cursor.fetchone() == ("127.0.0.1",)
        connection.close()
        parts = psycopg2.extensions.parse_dsn(servers.database_url)
        with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
            psycopg2.connect(**{**parts, "password": "guessed"})
        with redis.Redis.from_url(servers.redis_url) as client:
            assert client.info("server")["tcp_port"] == 0
    finally:
        servers.stop()
    with pytest.raises(HostingError, match="PostgreSQL does not answer"):
        waiting.until(waiting.postgres_answers(servers.database_url), 0)


def test_it_ends_both_servers_when_their_starter_is_killed() -> None:
    environment = {**os.environ}
    environment.pop("DATABASE_URL", None)
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert starter.stdout is not None
    assert starter.stdin is not None
    database_url, redis_url = starter.stdout.readline().split()
    socket_path = Path(redis_url.removeprefix("unix://"))
    assert socket_path.exists()
    starter.send_signal(signal.SIGKILL)
    starter.wait()
    starter.stdin.close()
    starter.stdout.close()
    waiting.until(
        lambda: None if waiting.postgres_answers(database_url)() else "PostgreSQL still answers", 60
    )
    waiting.until(lambda: None if waiting.redis_answers(redis_url)() else "Redis still answers", 60)


def test_it_says_what_was_missing_when_the_limit_is_over() -> None:
    with pytest.raises(HostingError, match=r"the kettle is cold, even after 0 s"):
        waiting.until(lambda: "the kettle is cold", 0)
