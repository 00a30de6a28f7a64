"""Make an HTTP server behind a proxy, or an image with Lambda's runtime, run on FC: files for review."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from adapters import build
from cutover.errors import BadInput, StaleState
from migrations_app.models import FunctionMigration
from migrations_app.services import deployment
from migrations_app.services.inventory import facts_from_document
from workers import wiring
from workers.assessment import differs


@dataclass(frozen=True, kw_only=True, slots=True)
class Packaged:
    """``files``: path -> content; ``runtime`` and ``port`` as FC's function has to have them."""

    files: dict[str, bytes]
    runtime: str
    port: int
    notes: tuple[str, ...]


PORT = 9000
_EXECUTABLE = "bootstrap"


def server(function: FunctionMigration, command: str) -> Packaged:
    """Give the bootstrap that starts a server, and the package with it in its root.

    A function that only a template declares has no package to read, and gets the bootstrap alone.

    Raises:
        BadInput: the command cannot be read, or the package cannot take a bootstrap.
        CloudError: the package could not be fetched.
        StaleState: the code on AWS is not what the inventory saw.
    """
    facts = facts_from_document(function.facts)
    if facts.package_type != "Zip":
        raise BadInput(f"{function.name} is an image: say --as image.")
    try:
        bootstrap = build.server_bootstrap(
            _words(command), environment=deployment.platform_environment(function)
        )
        files = {_EXECUTABLE: bootstrap}
        if not facts.configuration.get("declared"):
            archive = wiring.primary(function.connection).catalog.package(function.name, version="")
            if differs(archive, facts):
                raise StaleState("The code on AWS is not what the inventory saw. Sync, then package again.")
            files["package.zip"] = build.server_package(archive, bootstrap)
    except build.PackageError as error:
        raise BadInput(str(error)) from error
    notes = ("The server has to listen on all addresses, at the port in PORT, within 120 seconds.",)
    return Packaged(files=files, runtime="custom.debian12", port=PORT, notes=notes)


def image(function: FunctionMigration, uri: str, *, entrypoint: str, command: str) -> Packaged:
    """Give Dockerfile, proxy and settings that put FC's ``/invoke`` before the runtime in an image.

    Raises:
        BadInput: no image is known, or its name or what it starts cannot be used.
    """
    facts = facts_from_document(function.facts)
    given = uri or str(facts.configuration.get("image", ""))
    if not given:
        raise BadInput("Say which image by --image, best by digest: registry/name@sha256:...")
    try:
        files = build.image_files(
            given,
            entrypoint=_words(entrypoint),
            command=_words(command),
            environment=deployment.platform_environment(function),
        )
    except build.PackageError as error:
        raise BadInput(str(error)) from error
    notes = [
        "Build it, push it to ACR in the region of FC, and name it in a function of runtime custom-container."
    ]
    if "@sha256:" not in given:
        notes.append(f"{given} is no digest: the image may change between builds.")
    return Packaged(files=files, runtime="custom-container", port=PORT, notes=tuple(notes))


def write(made: Packaged, folder: Path) -> None:
    """Write the files into a folder that does not exist yet; the bootstrap may be executed.

    Raises:
        BadInput: it exists, or cannot be made.
    """
    try:
        folder.mkdir(parents=True)
        for name, content in made.files.items():
            (folder / name).write_bytes(content)
            if name == _EXECUTABLE:
                (folder / name).chmod(0o755)
    except FileExistsError as exc:
        raise BadInput(f"{folder} exists already. Name a folder that does not.") from exc
    except OSError as exc:
        raise BadInput(f"{folder} cannot be written: {exc.strerror}.") from exc


def _words(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError as error:
        raise BadInput(f"'{command}' is no command: {str(error).lower()}.") from error
