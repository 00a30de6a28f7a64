"""Finds what an argument names, and says which names are near when there is no such thing."""

from __future__ import annotations

import difflib
import uuid
from collections.abc import Iterable

from cutover.errors import BadInput
from migrations_app.models import Connection, FunctionMigration, Operation


def function_named(name: str) -> FunctionMigration:
    """Give the function: NAME, or CONNECTION:NAME where NAME is not unique. Raises BadInput."""
    connection, _, own = name.rpartition(":")
    rows = FunctionMigration.objects.select_related("connection").filter(name=own)
    found = list(rows.filter(connection__name=connection) if connection else rows)
    if len(found) == 1:
        return found[0]
    if found:
        choices = ", ".join(f"{row.connection.name}:{row.name}" for row in found)
        raise BadInput(f"There is more than one function '{own}'. Say which: {choices}.")
    known = list(FunctionMigration.objects.values_list("name", flat=True))
    raise BadInput(_unknown("function", name, own, known) + _empty(known))


def connection_named(name: str | None, *, cloud: str | None = None) -> Connection:
    """Give the connection of that name; without a name the only one (of a cloud). Raises BadInput."""
    rows = Connection.objects.select_related("counterpart")
    if cloud:
        rows = rows.filter(cloud=cloud)
    if name:
        found = rows.filter(name=name).first()
        if found is None:
            raise BadInput(_unknown("connection", name, name, rows.values_list("name", flat=True)))
        return found
    choices = list(rows)
    if len(choices) != 1:
        names = ", ".join(row.name for row in choices) or "none yet: `cutover connect` adds one"
        raise BadInput(f"Say which connection: {names}.")
    return choices[0]


def operation_with(key: str) -> Operation:
    """Give the operation with that id, or the open one of the function so named. Raises BadInput."""
    try:
        found = Operation.objects.select_related("function").filter(pk=uuid.UUID(key)).first()
    except ValueError:
        function = function_named(key)
        found = function.operations.select_related("function").filter(state="blocked").first()
    if found is None:
        raise BadInput(f"No operation '{key}' waits here. `cutover status FUNCTION` shows the open one.")
    return found


def _unknown(kind: str, given: str, sought: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(sought, sorted(set(known)), n=3, cutoff=0.5)
    hint = f" Did you mean {' or '.join(near)}?" if near else ""
    return f"There is no {kind} '{given}'.{hint}"


def _empty(known: list[str]) -> str:
    return "" if known else " The inventory is empty: `cutover sync` fills it."
