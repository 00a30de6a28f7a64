"""Folders of HCL files and the modules that they call.

A folder that another one calls is no root: its functions are given once per call, with the call's values.
A module that lies elsewhere (a registry) is read by its call alone, if that names a handler or an image.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath
from typing import Any

from cutover.inventory.fields import Fields, Open
from cutover.inventory.model import DeclaredFunction
from cutover.inventory.terraform.functions import by_arguments, function
from cutover.inventory.terraform.triggers import Resource, mentions, triggers
from cutover.inventory.terraform.values import NULL, Scope, labelled, plain

DEEPEST = 6
Documents = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Call:
    """A call of a module, with its arguments resolved where it stands."""

    label: str
    file: str
    source: str
    arguments: Mapping[str, Any]


def from_hcl(files: Documents) -> Iterator[DeclaredFunction]:
    """Give the functions of all folders; ``files`` are parsed documents by path."""
    folders: dict[str, dict[str, Mapping[str, Any]]] = {}
    for file, document in files.items():
        folders.setdefault(str(PurePosixPath(file).parent).removeprefix("."), {})[file] = document
    reading = _Reading(folders)
    called = {_local(folder, call) for folder in folders for call in reading.calls(folder)} & set(folders)
    for folder in folders:
        if folder not in called:
            yield from reading.functions(Scope(folder=folder), (), 0)
    for folder in sorted(called):
        if folder not in reading.reached:  # a circle of calls has no root
            yield from reading.functions(Scope(folder=folder), (), 0)


class _Reading:
    def __init__(self, folders: Mapping[str, Documents]) -> None:
        self._folders = folders
        self.reached: set[str] = set()

    def calls(self, folder: str) -> list[_Call]:
        """Give the calls in a folder as they stand."""
        return [
            _Call(label=label, file=file, source=str(body.get("source", "")), arguments=body)
            for file, document in self._folders[folder].items()
            for (label,), body in labelled(document, "module")
        ]

    def functions(
        self, scope: Scope, around: tuple[tuple[str, list[Resource]], ...], depth: int
    ) -> Iterator[DeclaredFunction]:
        """Give the functions of a folder and of what it calls.

        ``around``: for each call that led here, its address and the resources beside it.
        """
        self.reached.add(scope.folder)
        documents = self._folders[scope.folder]
        scope = Scope(folder=scope.folder, variables=scope.variables, locals=_locals(documents))
        resources = [
            (file, kind, label, scope.resolve(body))
            for file, document in documents.items()
            for (kind, label), body in labelled(document, "resource")
        ]
        resources = [one for one in resources if not _is_none(one[3])]
        own = [one for one in resources if one[1] == "aws_lambda_function"]
        raw = {
            label: body
            for document in documents.values()
            for (kind, label), body in labelled(document, "resource")
            if kind == "aws_lambda_function"
        }
        for file, _, label, body in own:
            fields = Fields()
            address = f"aws_lambda_function.{label}"
            found = list(triggers(fields, resources, partial(mentions, address=address)))
            if len(own) == 1:
                for name, beside in around:
                    found += triggers(fields, beside, partial(mentions, address=name))
            code = self._code(scope, documents, raw[label].get("filename"))
            inside = ".".join([*(name.removeprefix("module.") for name, _ in reversed(around)), label])
            yield function(file, inside, body, "terraform", fields, tuple(found), code)
        if depth < DEEPEST:
            for call in self.calls(scope.folder):
                yield from self._called(call, scope, resources, around, depth)

    def _called(
        self,
        call: _Call,
        scope: Scope,
        resources: list[Resource],
        around: tuple[tuple[str, list[Resource]], ...],
        depth: int,
    ) -> Iterator[DeclaredFunction]:
        arguments = scope.resolve(call.arguments, paths=True)
        address = f"module.{call.label}"
        folder = _local(scope.folder, call)
        label = ".".join([*(name.removeprefix("module.") for name, _ in reversed(around)), call.label])
        if folder in self._folders:
            variables = {**_defaults(self._folders[folder]), **arguments}
            inside = Scope(folder=folder, variables=variables)
            yield from self.functions(inside, ((address, resources), *around), depth + 1)
            return
        given = by_arguments(arguments)
        if given is None:
            return
        fields = Fields()
        fields.note("module", f"{call.source or 'module'}: read by the arguments of its call alone")
        found = triggers(fields, resources, partial(mentions, address=address))
        yield function(call.file, label, given, "terraform", fields, tuple(found))

    def _code(self, scope: Scope, documents: Documents, value: Any) -> Any:
        """Follow a zip to what `archive_file` packs into it."""
        found = scope.resolve(value, paths=True)
        for document in documents.values():
            for (kind, label), body in (*labelled(document, "data"), *labelled(document, "resource")):
                if kind == "archive_file" and _packs(found, label, body, scope):
                    packed = body.get("source_dir") or body.get("source_file")
                    return scope.resolve(packed, paths=True) if packed else found
        return found


def _is_none(body: Mapping[str, Any]) -> bool:
    """Tell whether a resource is made no time at all: its `count` is 0, or its `for_each` empty."""
    return body.get("count") == 0 or body.get("for_each") in ({}, [])


def _packs(filename: Any, label: str, body: Mapping[str, Any], scope: Scope) -> bool:
    if isinstance(filename, Open):
        return mentions(filename, f"archive_file.{label}") or mentions(filename, f"data.archive_file.{label}")
    return bool(filename) and scope.resolve(body.get("output_path"), paths=True) == filename


def _local(folder: str, call: _Call) -> str:
    """Give the folder that a call names by a path; what names no path gives one that does not exist."""
    if not call.source.startswith(("./", "../")):
        return "\0"
    found = posixpath.normpath(posixpath.join(folder, call.source))
    return "" if found == "." else found


def _locals(documents: Documents) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for document in documents.values():
        for block in document.get("locals") or ():
            found |= plain(block) if isinstance(block, Mapping) else {}
    return found


def _defaults(documents: Documents) -> dict[str, Any]:
    return {
        label: NULL if body["default"] is None else body["default"]
        for document in documents.values()
        for (label,), body in labelled(document, "variable")
        if "default" in body
    }
