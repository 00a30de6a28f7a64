"""Rows written by COPY, in PostgreSQL's text format."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Collection, Sequence
from functools import cache
from typing import Any

import orjson
from django.db import connection, models

_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_ESCAPED = re.compile(r"[\\\t\n\r]")


def columns_of(model: type[models.Model]) -> tuple[str, ...]:
    """Give the columns of a model's table, in order."""
    return tuple(field.get_attname_column()[1] or field.attname for field in model._meta.concrete_fields)


def copy_in(
    model: type[models.Model], rows: Sequence[models.Model], *, leave_out: Collection[str] = ()
) -> None:
    """Write rows in one go, in the caller's transaction; fields in ``leave_out`` get their defaults.

    JSON columns hold JSON's ``null`` for None, as Django's own writing does. The rows learn no generated key.

    Raises IntegrityError when one is in already: then none is written.
    """
    if not rows:
        return
    written = _written(model, frozenset(leave_out))
    lines = io.BytesIO(
        b"".join(b"\t".join([text(row.__dict__[name]) for name, _, text in written]) + b"\n" for row in rows)
    )
    quoted = ", ".join(f'"{column}"' for _, column, _ in written)
    with connection.wrap_database_errors, connection.cursor() as cursor:
        cursor.copy_expert(f'COPY "{model._meta.db_table}" ({quoted}) FROM STDIN', lines)


@cache
def _written(
    model: type[models.Model], leave_out: frozenset[str]
) -> tuple[tuple[str, str, Callable[[Any], bytes]], ...]:
    """Give attribute, column and how it is written, for each column."""
    return tuple(
        (field.attname, str(field.column), _document if isinstance(field, models.JSONField) else _text)
        for field in model._meta.concrete_fields
        if field.attname not in leave_out
    )


def _text(value: Any) -> bytes:
    if value is None:
        return b"\\N"
    text = str(value)
    return (text.translate(_ESCAPES) if _ESCAPED.search(text) else text).encode()


def _document(value: Any) -> bytes:
    # Of what JSON is written with, COPY reads only the backslash otherwise.
    return _json(value).replace(b"\\", b"\\\\")


def _json(value: Any) -> bytes:
    try:
        return orjson.dumps(value)
    except TypeError:
        # Integers above 64 bit, which orjson refuses and PostgreSQL keeps.
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
