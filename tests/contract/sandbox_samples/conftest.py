"""One pair of halves with the guide's samples on both, loaded by their command; a database of their own."""

import os
import secrets
from collections.abc import Iterator
from contextlib import closing

import psycopg2
import pytest
from psycopg2 import sql

from tests.contract.sandbox_samples.loading import GUIDE, load
from tests.contract.sandbox_samples.pair import Pair
from tests.sandbox_fixtures import running_alibaba, running_aws


@pytest.fixture(scope="session")
def database() -> Iterator[str]:
    """Give the address of an empty database on the server of the tests."""
    server = os.environ["DATABASE_URL"]
    name = f"samples_{secrets.token_hex(4)}"

    def run(statement: str) -> None:
        with closing(psycopg2.connect(server)) as connection:
            connection.autocommit = True
            connection.cursor().execute(sql.SQL(statement).format(sql.Identifier(name)))

    run("CREATE DATABASE {}")
    head, _, _ = server.rpartition("/")
    yield f"{head}/{name}"
    run("DROP DATABASE {} WITH (FORCE)")


@pytest.fixture(scope="session")
def pair(tmp_path_factory: pytest.TempPathFactory, database: str) -> Iterator[Pair]:
    """Give both halves on one state, where AWS's rules tick 240 times as fast, with the samples loaded."""
    state = tmp_path_factory.mktemp("pair")
    with (
        running_aws(state, SANDBOX_SCHEDULE_SPEED="240", SANDBOX_UPDATE_MS="20") as aws,
        running_alibaba(state) as alibaba,
    ):
        made = Pair(aws=aws, alibaba=alibaba, database=database)
        lines = load(made, "--both", *GUIDE)
        assert len(lines) == 1 + 2 * len(GUIDE)
        yield made
