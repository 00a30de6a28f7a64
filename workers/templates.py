"""Read templates, and the code beside them, from disk. Links are not followed out of the folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from cutover.assessment import Source, read_files, read_package
from cutover.assessment.code import language_of
from cutover.errors import BadInput
from cutover.inventory import Declaration, DeclaredFunction, is_template, read_templates

_IN_TEMPLATE = "#"
FILES_MOST = 20_000
FILE_BYTES_MOST = 60_000_000
SKIPPED = frozenset({"node_modules", ".git", ".serverless", ".aws-sam", ".terraform", "__pycache__", ".venv"})


def declared(path: Path) -> Declaration:
    """Give what a template, or all templates under a folder, declare; code paths are made absolute.

    Raises:
        BadInput: there is no such file or folder.
    """
    if not path.exists():
        raise BadInput(f"There is no file or folder {path}.")
    root = path if path.is_dir() else path.parent
    files = _files(root, only_templates=True) if path.is_dir() else [path]
    found = read_templates(
        {str(one.relative_to(root)): _content(one) for one in files}, lambda name: _beside(root, name)
    )
    return Declaration(
        functions=tuple(replace(one, code=_code(root, one)) for one in found.functions),
        troubles=found.troubles,
    )


def _beside(root: Path, name: str) -> bytes | None:
    """Give a file that a template names; a link, or a way out of the folder, leads nowhere."""
    place = root / name
    inside = place.resolve().is_relative_to(root.resolve())
    return _content(place) if inside and place.is_file() and not place.is_symlink() else None


def _code(root: Path, one: DeclaredFunction) -> str:
    """Give where the code lies: a path, or the template and the function in it whose code it holds itself."""
    if one.inline:
        return f"{(root / one.file).resolve()}{_IN_TEMPLATE}{one.logical_id}"
    return str((root / one.file).parent.joinpath(one.code).resolve()) if one.code else ""


def source(path: str) -> Source | None:
    """Give the code at a path: a folder, a zip, one file, or in a template; None when nothing is there."""
    template, mark, logical_id = path.rpartition(_IN_TEMPLATE)
    if mark and Path(template).is_file():
        return _inline(Path(template), logical_id)
    place = Path(path)
    if not path or not place.exists():
        return None
    if place.is_file() and language_of(place.name):
        return read_files({place.name: _content(place)})
    if place.is_file():
        return read_package(_content(place))
    return read_files({str(one.relative_to(place)): _content(one) for one in _files(place)})


def _inline(template: Path, logical_id: str) -> Source | None:
    """Give code that a template holds, under the name that CloudFormation gives its file."""
    for one in read_templates({template.name: _content(template)}).functions:
        if one.logical_id == logical_id and one.inline:
            ending = ".py" if one.runtime.startswith("python") else ".js"
            return read_files({f"index{ending}": one.inline.encode()})
    return None


def _content(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(FILE_BYTES_MOST)


def _files(root: Path, *, only_templates: bool = False) -> Iterator[Path]:
    """Give regular files under a folder; links are left out, so that none leads out of it."""
    given = 0
    for folder, folders, names in os.walk(root, followlinks=False):
        folders[:] = sorted(set(folders) - (SKIPPED if only_templates else frozenset({".git"})))
        for name in sorted(names):
            path = Path(folder) / name
            wanted = not only_templates or is_template(str(path.relative_to(root)))
            if path.is_symlink() or not path.is_file() or not wanted:
                continue
            given += 1
            if given > FILES_MOST:
                return
            yield path
