"""Rows of a real PostgreSQL, looked at around what a function would do."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from typing import Any

import psycopg2
import pytest
from django.db import connection

from clouds.postgres.addresses import connection_parameters
from clouds.postgres.probes import TableProbe, TableProbes
from clouds.probing import MOST_CHANGES
from cutover.effects import Effect, EffectKind, Twin, TwinKind
from cutover.errors import Denied, Invalid, NotFound, Unavailable, UnsupportedFeature
from cutover.observation import Side

SCHEMA = "looked_at"
TWIN = Twin(
    name="orders",
    kind=TwinKind.TABLE,
    primary=f"{SCHEMA}.orders",
    candidate=f"{SCHEMA}.orders_cn",
    settings={"primary_dsn": "SHOP_DB", "candidate_dsn": "SHOP_DB_CN"},
)


def address(**changed: Any) -> str:
    given = {name.lower(): str(value) for name, value in connection.settings_dict.items() if value}
    names = ("host", "port", "user", "password")
    values: dict[str, Any] = {key: given[key] for key in names if key in given}
    values |= {"dbname": given["name"], **changed}
    return " ".join(f"{key}='{value}'" for key, value in values.items())


@pytest.fixture
def database(transactional_db: None) -> Iterator[Any]:
    """A schema of its own, with an open cursor that writes into it."""
    made = psycopg2.connect(address())
    made.autocommit = True
    with made.cursor() as cursor:
        cursor.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE; CREATE SCHEMA {SCHEMA}")
        cursor.execute(
            f"CREATE TABLE {SCHEMA}.orders (id serial PRIMARY KEY, state text NOT NULL, total numeric)"
        )
        cursor.execute(f"CREATE TABLE {SCHEMA}.orders_cn (LIKE {SCHEMA}.orders INCLUDING ALL)")
        yield cursor
        cursor.execute(f"DROP SCHEMA {SCHEMA} CASCADE")
    made.close()


def probe(side: Side = Side.PRIMARY) -> Any:
    host = connection.settings_dict["HOST"].lower()
    environment = {"SHOP_DB": address(), "SHOP_DB_CN": address()}
    return TableProbes(side, environment=environment, allowed={host}).of(TWIN)


def rows(effects: tuple[Effect, ...]) -> list[tuple[str, str, Any]]:
    return [
        (one.kind.value, one.key, json.loads(one.text) if one.text else None)
        for one in effects
        if one.kind is not EffectKind.SCHEMA_VERSION
    ]


def test_it_sees_rows_that_came_changed_and_went(database: Any) -> None:
    database.execute(
        f"INSERT INTO {SCHEMA}.orders (state, total) VALUES ('paid', 1), ('open', 2), ('open', 3)"
    )
    looking = probe()
    mark = looking.before()
    database.execute(f"UPDATE {SCHEMA}.orders SET state = 'paid' WHERE id = 2")
    database.execute(f"UPDATE {SCHEMA}.orders SET state = state")
    database.execute(f"DELETE FROM {SCHEMA}.orders WHERE id = 1")
    database.execute(f"INSERT INTO {SCHEMA}.orders (state) VALUES ('new')")
    assert rows(looking.after(mark)) == [
        ("row-deleted", "1", None),
        ("row-updated", "2", {"id": 2, "state": "paid", "total": 2}),
        ("row-inserted", "4", {"id": 4, "state": "new", "total": None}),
    ]


def test_each_side_looks_at_its_own_table(database: Any) -> None:
    here, there = probe(Side.PRIMARY), probe(Side.CANDIDATE)
    marks = here.before(), there.before()
    database.execute(f"INSERT INTO {SCHEMA}.orders_cn (id, state) VALUES (7, 'x')")
    assert rows(here.after(marks[0])) == []
    assert [key for _, key, _ in rows(there.after(marks[1]))] == ["7"]


def test_it_says_which_schema_the_rows_are_in(database: Any) -> None:
    here, there = probe(Side.PRIMARY), probe(Side.CANDIDATE)

    def versions() -> list[str]:
        found = [looking.after(looking.before())[-1] for looking in (here, there)]
        assert {one.kind for one in found} == {EffectKind.SCHEMA_VERSION}
        return [one.text for one in found]

    first, second = versions()
    assert first == second
    database.execute(f"ALTER TABLE {SCHEMA}.orders_cn ADD COLUMN note text")
    first, second = versions()
    assert first != second
    database.execute(
        f"CREATE TABLE {SCHEMA}.flyway_schema_history (installed_rank int, version text, success boolean)"
    )
    database.execute(
        f"INSERT INTO {SCHEMA}.flyway_schema_history VALUES (1, '1', true), (2, '1.1', true), (3, '2', false)"
    )
    assert versions() == ['{"flyway": "1.1"}'] * 2


def test_it_only_reads_and_leaves_no_transaction_open(database: Any) -> None:
    looking = probe()
    looking.before()
    with looking._kept.cursor() as cursor:
        cursor.execute("SHOW transaction_read_only")
        assert cursor.fetchone() == ("on",)
    looking._kept.rollback()
    looking.after(looking.before())
    database.execute(
        "SELECT count(*), max(state) FROM pg_stat_activity WHERE application_name = 'cutover-probe'"
    )
    assert database.fetchone() == (1, "idle")


def test_a_connection_that_was_cut_between_looks_is_made_anew(database: Any) -> None:
    looking = probe()
    mark = looking.before()
    database.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'cutover-probe'"
    )
    database.execute(f"INSERT INTO {SCHEMA}.orders (state) VALUES ('new')")
    assert [kind for kind, _, _ in rows(looking.after(mark))] == ["row-inserted"]


def test_a_table_that_cannot_be_told_row_by_row_is_refused(database: Any) -> None:
    database.execute(f"ALTER TABLE {SCHEMA}.orders DROP CONSTRAINT orders_pkey")
    with pytest.raises(UnsupportedFeature, match="primary key"):
        probe().before()
    database.execute(f"DROP TABLE {SCHEMA}.orders CASCADE")
    with pytest.raises(NotFound):
        probe().before()


def test_more_than_can_be_compared_is_said(database: Any) -> None:
    looking = probe(Side.CANDIDATE)
    mark = looking.before()
    many = f"INSERT INTO {SCHEMA}.orders_cn (id, state) SELECT n, 'x' FROM generate_series(%s, %s) n"
    database.execute(many, (1, MOST_CHANGES + 1))
    with pytest.raises(Invalid, match="changed"):
        looking.after(mark)
    database.execute(many, (1000, 6000))
    with pytest.raises(Invalid, match="5000 rows"):
        looking.before()


def test_a_database_that_does_not_answer_gives_none_of_its_address_away(database: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
    allowed = {connection.settings_dict["HOST"].lower()}
    for changed, kind in (({"port": port}, Unavailable), ({"password": "wr0ng-pass"}, Denied)):
        parameters = connection_parameters("SHOP_DB", address(**changed), allowed)
        with pytest.raises(kind) as raised:
            TableProbe(TWIN, TWIN.primary, parameters).before()
        assert "wr0ng-pass" not in str(raised.value)
        assert str(port) not in str(raised.value)
        assert raised.value.__cause__ is None


@pytest.mark.parametrize(
    ("given", "allowed", "why"),
    [
        ("", {"db"}, "is not set"),
        ("host=db nonsense", {"db"}, "no address"),
        ("host=elsewhere user=u password=s3cr3t", {"db"}, "not allowed"),
        ("postgres://u:s3cr3t@db:5433/d", {"db:5432"}, "not allowed"),
        ("host=db,elsewhere", {"db,elsewhere"}, "not allowed"),
        ("host=db hostaddr=10.0.0.1", set(), "not allowed"),
        ("dbname=d", {"db"}, "not allowed"),
    ],
)
def test_an_address_that_is_not_allowed_is_never_called(given: str, allowed: set[str], why: str) -> None:
    with pytest.raises(UnsupportedFeature, match=why) as raised:
        connection_parameters("SHOP_DB", given, allowed)
    assert "s3cr3t" not in str(raised.value)


@pytest.mark.parametrize("where", ["169.254.169.254", "fe80::1", "0.0.0.0", "::ffff:169.254.169.254"])
def test_a_name_that_leads_to_the_machines_own_secrets_is_never_called(
    monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(0, 0, 0, "", (where, 5432))])
    with pytest.raises(UnsupportedFeature, match="never called"):
        connection_parameters("SHOP_DB", "host=db", {"db"})


def test_the_address_that_was_checked_is_the_one_that_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(0, 0, 0, "", ("10.1.2.3", 5432))])
    found = connection_parameters("SHOP_DB", "postgres://u:p@db/shop?hostaddr=10.9.9.9", {"db"})
    assert (found["host"], found["hostaddr"], found["dbname"]) == ("db", "10.1.2.3", "shop")
