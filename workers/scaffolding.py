"""Scaffold a function for review: fetch its package, generate, write into a new folder."""

from __future__ import annotations

from pathlib import Path

from cutover.assessment import Source, read_package
from cutover.errors import BadInput, StaleState
from cutover.ports import FunctionFacts
from cutover.scaffold import Scaffold, generate
from migrations_app.models import FunctionMigration
from migrations_app.services.inventory import facts_from_document
from workers import templates, wiring
from workers.assessment import differs


def scaffold(function: FunctionMigration, *, source: str = "") -> Scaffold:
    """Generate from the package on AWS, or from a folder or zip of its sources.

    Raises:
        CannotScaffold: there is nothing to scaffold, or the code is of a form that could not be followed.
        CloudError: the package could not be fetched.
        StaleState: the code on AWS is not what the inventory saw.
        BadInput: there is no code where it should be.
    """
    facts = facts_from_document(function.facts)
    return generate(_source(function, facts, source), facts)


def _source(function: FunctionMigration, facts: FunctionFacts, path: str) -> Source:
    declared = facts.configuration.get("declared")
    place = path or (str(declared.get("code", "")) if declared else "")
    if place or declared:
        found = templates.source(place)
        if found is None:
            raise BadInput(
                f"There is no code at {place}." if place else "Say where the code is, by --source."
            )
        return found
    archive = wiring.primary(function.connection).catalog.package(function.name, version="")
    if differs(archive, facts):
        raise StaleState("The code on AWS is not what the inventory saw. Sync, then scaffold again.")
    return read_package(archive)


def write(made: Scaffold, folder: Path) -> None:
    """Write the diff, and the files under files/, into a folder that does not exist yet.

    Raises:
        BadInput: it exists, or cannot be made.
    """
    try:
        folder.mkdir(parents=True)
        (folder / "scaffold.diff").write_text(made.diff, encoding="utf-8", newline="")
        for name, text in made.files.items():
            path = folder / "files" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="")
    except FileExistsError as exc:
        raise BadInput(f"{folder} exists already. Name a folder that does not.") from exc
    except OSError as exc:
        raise BadInput(f"{folder} cannot be written: {exc.strerror}.") from exc
