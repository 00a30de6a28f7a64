"""Databases and caches that the function talks to, and whether FC can reach them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cutover.assessment.code import View
from cutover.assessment.finding import Finding
from cutover.assessment.on_code.places import Words, once
from cutover.assessment.source import Source
from cutover.ports import FunctionFacts

DRIVERS = {
    "pg": "PostgreSQL", "pg-promise": "PostgreSQL", "postgres": "PostgreSQL", "mysql": "MySQL",
    "mysql2": "MySQL",
    "mongodb": "MongoDB", "mongoose": "MongoDB", "redis": "Redis", "ioredis": "Redis", "mssql": "SQL Server",
    "oracledb": "Oracle", "knex": "a database", "sequelize": "a database", "typeorm": "a database",
    "@prisma/client": "a database", "memcached": "Memcached", "psycopg2": "PostgreSQL",
    "psycopg": "PostgreSQL",
    "asyncpg": "PostgreSQL", "pymysql": "MySQL", "MySQLdb": "MySQL", "pymongo": "MongoDB",
    "sqlalchemy": "a database",
    "peewee": "a database", "pymssql": "SQL Server", "pyodbc": "a database", "cx_Oracle": "Oracle",
    "elasticsearch": "Elasticsearch", "@elastic/elasticsearch": "Elasticsearch", "opensearchpy": "OpenSearch",
}  # fmt: skip
_PRIVATE = re.compile(
    r"[\w.-]*(?:\.vpce\.amazonaws\.com|-pl-\d+[\w.-]*\.mongodb\.net|\.rds\.amazonaws\.com"
    r"|\.cache\.amazonaws\.com|\.docdb\.amazonaws\.com|\.internal)\b|\b(?:10\.\d+|192\.168|172\.(?:1[6-9]|2\d|3[01]))"
    r"\.\d+\.\d+\b"
)
_NAMES = re.compile(
    r"(?:DATABASE|MONGO|POSTGRES|MYSQL|REDIS|RDS|^DB|^PG)_?(?:URL|URI|HOST|ENDPOINT|SERVER)?", re.IGNORECASE
)
SOURCE = "Networks of both clouds: AWS PrivateLink and VPC; FC 3.0, network configuration, read 2026-11-22"


def check(facts: FunctionFacts, source: Source) -> Iterator[Finding]:
    """Give findings on drivers, on names of private hosts, and on environment names that hold an address."""
    inside = (
        "The function runs in a VPC, so the database is probably reached by a private address or "
        "an endpoint of "
        "AWS PrivateLink; neither exists for FC."
        if facts.vpc
        else "From FC it is reached over the internet or a line between the clouds, with its firewall open "
        "for FC's addresses and the latency of the distance."
    )
    names = [name for name in sorted(facts.environment) if _NAMES.search(name)]
    words = Words(
        rule="database",
        why=inside + (f" Its address is in {', '.join(names)}." if names else ""),
        remedy="Give FC a VPC with a fixed outgoing address, and open the database for it alone; "
        "or move or copy "
        "the database first. Opening and closing it is a task for a person in the plan.",
        source=SOURCE,
    )
    yield from once(_drivers(source), words)
    yield from once(
        (
            (f"{found.group(0)} is a private address of one cloud", view, one.line)
            for view in source.views
            for one in view.literals
            if len(one.text) < 2_000 and (found := _PRIVATE.search(one.text))
        ),
        words,
    )


def _drivers(source: Source) -> Iterator[tuple[str, View, int]]:
    for view in source.views:
        for one in view.imports:
            name = one.module if one.module in DRIVERS else one.module.partition(".")[0]
            if name in DRIVERS and not one.types_only:
                yield f"It talks to {DRIVERS[name]} ({name})", view, one.line
