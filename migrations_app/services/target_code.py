"""The target of a function in code, from what is known of it: rows alone, so that a page can show it.

What the code calls comes from the worker's last reading of the package; while it is not read, or changed
since, the calls are unknown and the generated policy says so. No value of an environment variable is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from cutover.assessment import code_basis
from cutover.errors import BadInput
from cutover.planning.marks import Form
from cutover.target_code import Basis, Call, Generated, RoleStatement, TwinName, generate
from migrations_app.models import EnvironmentName, FunctionMigration, Twin
from migrations_app.services.assessment import target_of
from migrations_app.services.inventory import facts_from_document

_ADDED = (EnvironmentName.Source.TWIN, EnvironmentName.Source.WORKER)
"""Sources of names that FC gets whether or not AWS has them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Scaffolded:
    """The scaffold as a worker generated it from the package. ``refused``: why there is none.

    ``files``: path -> text of new and changed files; ``notes``: {"place", "sentence"}; ``dependencies``:
    {"name", "version", "ecosystem"}.
    """

    diff: str
    files: dict[str, str]
    notes: tuple[dict[str, str], ...]
    dependencies: tuple[dict[str, str], ...]
    refused: str


def generated(function: FunctionMigration, form: Form) -> Generated:
    """Give the function's target in Terraform or for Serverless Devs. Three queries.

    Raises:
        BadInput: the function has no target yet, or its connection no counterpart.
    """
    return generate(form, basis(function))


def basis(function: FunctionMigration) -> Basis:
    """Give what the code is generated from. Raises BadInput as ``generated``."""
    there = function.connection.counterpart
    if there is None:
        raise BadInput(
            f"The connection {function.connection.name} does not say where functions move to. "
            "Name its Alibaba connection in the settings."
        )
    if not function.target:
        raise BadInput(f"{function.name} has no target yet. Assess it first.")
    twins = {row.name: row for row in function.twins.all()}
    rows = {row.name: row for row in function.environment_names.all()}
    facts, target = facts_from_document(function.facts), target_of(function)
    kept = {one: "" for name in facts.environment if (one := _becomes(name, rows))}
    wanted = {one for name in target.environment_names if (one := _becomes(name, rows))}
    wanted |= {row.name for row in rows.values() if row.source in _ADDED}
    return Basis(
        facts=replace(facts, environment=kept),
        target=replace(target, environment_names=tuple(sorted(wanted))),
        region=there.region,
        account_id=there.account_id,
        calls=_calls(function, code_basis(facts)),
        statements=_statements(facts.configuration.get("role_policies")),
        twins=tuple(
            TwinName(
                kind=row.kind,  # type: ignore[arg-type]
                aws=row.primary,
                alibaba=row.candidate,
                shared=row.state == Twin.State.SHARED,
            )
            for row in twins.values()
        ),
        names={
            row.name: twins[row.argument].candidate
            for row in rows.values()
            if row.source == EnvironmentName.Source.TWIN and row.argument in twins
        },
    )


def _becomes(name: str, rows: Mapping[str, EnvironmentName]) -> str:
    """Give what an environment variable of AWS is called on FC; empty when it is left out."""
    row = rows.get(name)
    if row is None or row.source in _ADDED:
        return name
    return row.argument if row.source == EnvironmentName.Source.RENAMED else ""


def _statements(read: Any) -> tuple[RoleStatement, ...] | None:
    """Give the role's statements; None when the role was not read."""
    if read is None:
        return None
    return tuple(
        RoleStatement(
            policy=str(one["policy"]),
            sid=str(one.get("sid", "")),
            effect=str(one["effect"]),
            actions=tuple(one["actions"]),
            resources=tuple(one["resources"]),
            inverted=bool(one.get("inverted")),
            conditional=bool(one.get("conditional")),
        )
        for one in read
    )


def scaffolded(function: FunctionMigration) -> Scaffolded | None:
    """Give the scaffold of the code as it was read last; None while there is none of this code."""
    stored: dict[str, Any] | None = function.code_findings.get("scaffold")
    if stored is None or function.code_findings.get("basis") != code_basis(
        facts_from_document(function.facts)
    ):
        return None
    return Scaffolded(
        diff=stored.get("diff", ""),
        files=dict(sorted(stored.get("files", {}).items())),
        notes=tuple(stored.get("notes", ())),
        dependencies=tuple(stored.get("dependencies", ())),
        refused=stored.get("refused", ""),
    )


def _calls(function: FunctionMigration, known_as: str) -> tuple[Call, ...] | None:
    stored = function.code_findings
    if stored.get("basis") != known_as or "calls" not in stored:
        return None
    return tuple(Call(**one) for one in stored["calls"])
