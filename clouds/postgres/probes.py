"""Looks at the rows of a PostgreSQL table, and at the version of its schema, around an invocation.

Reads only, in a transaction that may do nothing else, and within ten seconds. The address comes from an
environment variable of the worker and is never stored, logged or shown.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar

import psycopg2
from psycopg2 import sql

from clouds.postgres.addresses import connection_parameters
from clouds.probing import require_few
from cutover.effects import Effect, EffectKind, Held, Mark, Twin, TwinKind, changes, content_of
from cutover.errors import CloudError, Denied, Invalid, NotFound, Unavailable, UnsupportedFeature
from cutover.observation import Side
from cutover.ports import EffectProbe

MOST_ROWS = 5_000
CONNECT_S = 5
STATEMENT_MS = 10_000
FLYWAY = "flyway_schema_history"
"""Where Flyway writes down which migrations ran. Source: Flyway's documentation, read 2026-11."""

_T = TypeVar("_T")
_CANCELLED = "57014"
"""The statement took longer than it may."""
_ROWS = (EffectKind.ROW_INSERTED, EffectKind.ROW_UPDATED, EffectKind.ROW_DELETED)
_KEY = """
    SELECT a.attname FROM pg_index i
    JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
    WHERE i.indrelid = %s AND i.indisprimary ORDER BY array_position(i.indkey, a.attnum)
"""
_COLUMNS = """
    SELECT attname, format_type(atttypid, atttypmod) || CASE WHEN attnotnull THEN ' not null' ELSE '' END
    FROM pg_attribute WHERE attrelid = %s AND attnum > 0 AND NOT attisdropped
"""


class TableProbes:
    """``cutover.ports.Probes`` for the databases of one side.

    Args:
        environment: where the addresses are.
        allowed: hosts that may be called, ``host`` or ``host:port``.
    """

    def __init__(self, side: Side, *, environment: Mapping[str, str], allowed: Collection[str]) -> None:
        self._side, self._environment, self._allowed = side, environment, allowed

    def of(self, twin: Twin) -> EffectProbe:
        """Give the probe of a table. Raises UnsupportedFeature when its database must not be called."""
        if twin.kind is not TwinKind.TABLE:
            raise UnsupportedFeature("postgres", f"a {twin.kind.value} is no table")
        primary = self._side is Side.PRIMARY
        variable = twin.settings.get("primary_dsn" if primary else "candidate_dsn", "")
        address = self._environment.get(variable, "")
        parameters = connection_parameters(variable, address, self._allowed)
        return TableProbe(twin, twin.primary if primary else twin.candidate, parameters)


class TableProbe:
    """``cutover.ports.EffectProbe`` for a table with a primary key.

    It keeps its connection between looks, without a transaction; where that was cut, it makes another.
    """

    def __init__(self, twin: Twin, table: str, parameters: Mapping[str, str]) -> None:
        self._twin, self._parameters = twin, parameters
        self._kept: Any = None
        schema, _, self._table = table.rpartition(".")
        self._schema = schema or "public"

    def before(self, touched: Collection[str] | None = None) -> Mark:
        """Read every row."""
        return Mark(held=self._looked(self._rows))

    def after(self, mark: Mark) -> tuple[Effect, ...]:
        """Read every row again, and which schema they are in."""
        held, version = self._looked(lambda cursor: (self._rows(cursor), self._version(cursor)))
        found = changes(self._twin.name, mark.held, held, _ROWS)
        require_few(len(found), self._twin, "postgres")
        schema = content_of(EffectKind.SCHEMA_VERSION, self._twin.name, "schema", version)
        return (*found, schema)

    def _rows(self, cursor: Any) -> dict[str, Held]:
        table = self._oid(cursor, self._table)
        if table is None:
            raise NotFound(
                f"The table of the twin {self._twin.name} does not exist.",
                cloud="postgres",
                operation="probe",
            )
        cursor.execute(_KEY, (table,))
        key = [name for (name,) in cursor.fetchall()]
        if not key:
            raise UnsupportedFeature(
                "postgres", f"the table of the twin {self._twin.name} has no primary key", "Give it one."
            )
        cursor.execute(
            sql.SQL("SELECT ARRAY[{key}], to_jsonb(t)::text FROM {table} t LIMIT {most}").format(
                key=sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier(name)) for name in key),
                table=sql.Identifier(self._schema, self._table),
                most=sql.Literal(MOST_ROWS + 1),
            )
        )
        rows = cursor.fetchall()
        if len(rows) > MOST_ROWS:
            raise Invalid(
                f"The table of the twin {self._twin.name} holds more than {MOST_ROWS} rows. "
                "Validate against a schema of its own with fewer.",
                cloud="postgres",
                operation="probe",
            )
        return {"/".join(names): _held(text.encode()) for names, text in rows}

    def _version(self, cursor: Any) -> bytes:
        """Give Flyway's version where it keeps one, else the columns of the table."""
        if self._oid(cursor, FLYWAY) is not None:
            history = sql.Identifier(self._schema, FLYWAY)
            cursor.execute(
                sql.SQL(
                    "SELECT version FROM {} WHERE success AND version IS NOT NULL"
                    " ORDER BY installed_rank DESC LIMIT 1"
                ).format(history)
            )
            found = cursor.fetchone()
            return json.dumps({"flyway": found[0] if found else None}).encode()
        cursor.execute(_COLUMNS, (self._oid(cursor, self._table),))
        return json.dumps({"columns": dict(sorted(cursor.fetchall()))}).encode()

    def _oid(self, cursor: Any, table: str) -> int | None:
        cursor.execute(
            "SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname = %s AND c.relname = %s",
            (self._schema, table),
        )
        found = cursor.fetchone()
        return int(found[0]) if found else None

    def _looked(self, look: Callable[[Any], _T]) -> _T:
        """Give what is seen in one state of the database."""
        kept, self._kept = self._kept, None
        if kept is not None:
            try:
                return self._within(kept, look)
            except (psycopg2.OperationalError, psycopg2.InterfaceError) as exc:
                if exc.pgcode == _CANCELLED:
                    raise self._unread(exc) from None
                # Databases cut connections that stand idle; a new one tells whether it is more than that.
            except psycopg2.Error as exc:
                raise self._unread(exc) from None
        try:
            return self._within(self._connected(), look)
        except psycopg2.Error as exc:
            raise self._unread(exc) from None

    def _within(self, connection: Any, look: Callable[[Any], _T]) -> _T:
        """Look, and keep the connection; one on which anything went wrong is closed."""
        try:
            with connection.cursor() as cursor:
                found = look(cursor)
            connection.rollback()
        except BaseException:
            connection.close()
            raise
        self._kept = connection
        return found

    def _connected(self) -> Any:
        try:
            connection = psycopg2.connect(
                **self._parameters,
                connect_timeout=CONNECT_S,
                application_name="cutover-probe",
                options=f"-c statement_timeout={STATEMENT_MS}",
            )
        except psycopg2.OperationalError as exc:
            # What libpq says names users and addresses; its cause stays out of messages and of the chain.
            raise _unreached(self._twin, exc) from None
        connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
        return connection

    def _unread(self, exc: psycopg2.Error) -> CloudError:
        kind = Denied if exc.pgcode == "42501" else Unavailable
        return kind(
            f"The table of the twin {self._twin.name} could not be read.",
            cloud="postgres",
            operation="probe",
            code=exc.pgcode or "",
        )


def _held(content: bytes) -> Held:
    return Held(stamp=hashlib.sha256(content).hexdigest(), size=len(content), content=content)


def _unreached(twin: Twin, exc: psycopg2.OperationalError) -> CloudError:
    refused = "authentication" in str(exc)
    kind = Denied if refused else Unavailable
    what = "refuses the login" if refused else "cannot be reached"
    return kind(f"The database of the twin {twin.name} {what}.", cloud="postgres", operation="probe")
