"""Tables of PostgreSQL that samples work with: one schema for each cloud, so that they are twins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.samples.catalog import Cloud, Kind, LoadingError, Sample


def schema_of(cloud: Cloud) -> str:
    """Give the schema that stands for a database on that cloud."""
    return f"samples_{cloud}"


def wanted(samples: Sequence[Sample]) -> list[str]:
    """Give the names of the samples that need a database."""
    return [sample.name for sample in samples if any(one.kind is Kind.TABLE for one in sample.resources)]


class Tables:
    """Makes tables in the database at ``url``, for the functions of one cloud."""

    def __init__(self, url: str, cloud: Cloud) -> None:
        self._url = url
        self._schema = schema_of(cloud)

    def ensure(self, name: str, columns: str) -> Mapping[str, str]:
        """Create the table where it is missing; give the variables by which libpq finds it.

        Raises:
            LoadingError: the database cannot be reached or refused.
        """
        import psycopg2  # only who uses a database needs the driver

        try:
            connection = psycopg2.connect(self._url)
        except psycopg2.Error as exc:
            raise LoadingError(f"SANDBOX_POSTGRES_URL names a database that does not answer: {exc}") from exc
        try:
            return self._created(connection, name, columns)
        except psycopg2.Error as exc:
            raise LoadingError(f"The table {name} could not be made: {exc}") from exc
        finally:
            connection.close()

    def _created(self, connection: Any, name: str, columns: str) -> Mapping[str, str]:
        from psycopg2 import sql

        with connection, connection.cursor() as cursor:
            schema, table = sql.Identifier(self._schema), sql.Identifier(self._schema, name)
            cursor.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(schema))
            given = sql.SQL("CREATE TABLE IF NOT EXISTS {} (" + columns + ")")
            cursor.execute(given.format(table))
        found = connection.info
        return {
            "PGHOST": str(found.host),
            "PGPORT": str(found.port),
            "PGDATABASE": str(found.dbname),
            "PGUSER": str(found.user),
            "PGPASSWORD": str(found.password or ""),
            "PGOPTIONS": f"-c search_path={self._schema}",
        }
