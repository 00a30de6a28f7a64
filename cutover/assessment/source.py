"""The package of a function, read safely: its own code as views, and what it carries along.

Nothing is written anywhere: entries are read one by one, with a limit each and one in all, so that a zip
bomb costs no more than the limits. Links and names that lead out of the package are named and not followed.
What is vendored (`node_modules`, `site-packages`, packages with a `.dist-info`) is not judged as the
function's code; it is listed as dependencies.
"""

from __future__ import annotations

import io
import re
import stat
import zipfile
import zlib
from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import PurePosixPath

import orjson

from cutover.assessment.code import View, language_of, view_of

FILE_LIMIT = 3_000_000
"""Bytes of one file of code that are read; a larger one is a bundle that tells little by line."""
TOTAL_LIMIT = 12_000_000
METADATA_LIMIT = 400_000
ENTRIES_LIMIT = 150_000
NATIVE = (".node", ".so", ".dylib", ".dll", ".pyd")
_MANIFESTS = frozenset(
    {"package.json", "requirements.txt", "Pipfile", "pyproject.toml", "up.json", "go.mod", "Gemfile"}
)
_NOT_RUN = re.compile(
    r"(?:^|/)(?:tests?|__tests__|spec|coverage)/|(?:^|/)\.|\.(?:test|spec)\.\w+$"
    r"|(?:^|/)(?:jest|babel|webpack|rollup|eslint|prettier|vite|gulpfile|Gruntfile)[\w.]*\.(?:config\.)?[cm]?[jt]s$"
)
"""Files that a function does not load: tests, hidden files, configuration of tools."""

__all__ = ["Dependency", "Source", "Trouble", "read_files", "read_package"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Trouble:
    """What could not be read, or was left alone: where, and a sentence. ``grave``: nothing can be read."""

    place: str
    sentence: str
    grave: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Dependency:
    """A package that the function uses. ``version``: as installed, or as asked for, or "".

    ``present``: it is in the package; otherwise it is only asked for in ``place``.
    """

    name: str
    version: str
    ecosystem: str
    place: str
    present: bool


@dataclass(frozen=True, kw_only=True)
class Source:
    """A package. ``names``: every file in it; ``code`` and ``manifests``: what was read of its own."""

    names: frozenset[str]
    code: Mapping[str, bytes] = field(default_factory=dict)
    manifests: Mapping[str, bytes] = field(default_factory=dict)
    troubles: tuple[Trouble, ...] = ()
    dependencies: tuple[Dependency, ...] = ()
    native: tuple[str, ...] = ()

    @cached_property
    def views(self) -> tuple[View, ...]:
        """Parse the code once for all rules."""
        return tuple(view_of(path, content) for path, content in sorted(self.code.items()))

    @cached_property
    def language(self) -> str:
        """Give "node", "python" or "" by what most of the code is."""
        python = sum(path.endswith(".py") for path in self.code)
        return "" if not self.code else "python" if python * 2 > len(self.code) else "node"

    def only(self, paths: Container[str]) -> Source:
        """Give the source with these files of code alone, whose views need no second parsing."""
        found = replace(self, code={name: one for name, one in self.code.items() if name in paths})
        found.__dict__["views"] = tuple(view for view in self.views if view.path in paths)
        return found

    def view(self, path: str) -> View | None:
        """Give the view of a file, None when it is not there or was not read."""
        return next((view for view in self.views if view.path == path), None)

    def has(self, name: str) -> bool:
        """Tell whether a dependency of this name is in the package."""
        return any(one.present and one.name == name for one in self.dependencies)

    def asked(self, name: str) -> Dependency | None:
        """Give a dependency, present or only asked for; what is present comes first."""
        found = [one for one in self.dependencies if one.name == name]
        return next((one for one in found if one.present), found[0] if found else None)


def read_package(archive: bytes) -> Source:
    """Read a deployment package. What is no zip gives a source with a grave trouble, and no exception."""
    try:
        opened = zipfile.ZipFile(io.BytesIO(archive))
    except (zipfile.BadZipFile, ValueError, NotImplementedError, UnicodeDecodeError) as error:
        sentence = f"The package is not a zip file that can be read ({type(error).__name__})."
        return Source(names=frozenset(), troubles=(Trouble(place="Package", sentence=sentence, grave=True),))
    with opened:
        troubles: list[Trouble] = []
        entries: dict[str, zipfile.ZipInfo] = {}
        for entry in opened.infolist()[:ENTRIES_LIMIT]:
            if entry.is_dir():
                continue
            if sentence := _unsafe(entry):
                troubles.append(Trouble(place=entry.filename[:200], sentence=sentence))
            else:
                entries[_plain(entry.filename)] = entry
        if len(opened.infolist()) > ENTRIES_LIMIT:
            troubles.append(
                Trouble(place="Package", sentence=f"Only the first {ENTRIES_LIMIT:,} files were read.")
            )

        def read(name: str, limit: int) -> bytes:
            with opened.open(entries[name]) as file:
                return file.read(limit + 1)

        return _source({name: one.file_size for name, one in entries.items()}, read, troubles)


def read_files(files: Mapping[str, bytes]) -> Source:
    """Give the source of files that somebody else read, by path relative to the function's root."""
    return _source(
        {name: len(content) for name, content in files.items()},
        lambda name, limit: files[name][: limit + 1],
        [],
    )


def _plain(name: str) -> str:
    return str(PurePosixPath(name))


def _unsafe(entry: zipfile.ZipInfo) -> str:
    parts = entry.filename.replace("\\", "/").split("/")
    if ".." in parts or entry.filename.startswith(("/", "\\")) or re.match(r"^[A-Za-z]:", entry.filename):
        return "Its name leads out of the package, so it was not read."
    if stat.S_ISLNK(entry.external_attr >> 16):
        return "It is a symbolic link, which was not followed."
    return ""


# ------------------------------------------------------------------------------------------- reading


def _source(sizes: Mapping[str, int], read: Callable[[str, int], bytes], troubles: list[Trouble]) -> Source:
    reading = _Reading(read, troubles)
    roots = _vendored_roots(sizes, reading)
    own = [name for name in sorted(sizes) if not _vendored(name, roots)]
    code: dict[str, bytes] = {}
    left = TOTAL_LIMIT
    for name in own:
        if not language_of(name) or _NOT_RUN.search(name):
            continue
        if sizes[name] > FILE_LIMIT:
            sentence = (
                f"It has {sizes[name] / 1e6:.1f} MB, above {FILE_LIMIT / 1e6:.1f} MB; "
                "its contents were not judged."
            )
            troubles.append(Trouble(place=name, sentence=sentence))
            continue
        if sizes[name] > left:
            troubles.append(
                Trouble(place=name, sentence="The package has too much code of its own; this was not judged.")
            )
            continue
        content = reading.content(name, FILE_LIMIT)
        if content is not None:
            code[name] = content
            left -= len(content)
    manifests = {
        name: content
        for name in own
        if PurePosixPath(name).name in _MANIFESTS
        and (content := reading.content(name, METADATA_LIMIT)) is not None
    }
    dependencies = (*_installed(sizes, reading), *_asked(manifests, troubles))
    return Source(
        names=frozenset(sizes),
        code=code,
        manifests=manifests,
        troubles=tuple(troubles),
        dependencies=dependencies,
        native=tuple(name for name in sorted(sizes) if _is_native(name)),
    )


class _Reading:
    """Reads entries; what cannot be read, or is larger than it says, is a trouble."""

    def __init__(self, read: Callable[[str, int], bytes], troubles: list[Trouble]) -> None:
        self._read, self._troubles = read, troubles

    def content(self, name: str, limit: int) -> bytes | None:
        try:
            content = self._read(name, limit)
        except (
            zipfile.BadZipFile,
            zlib.error,
            RuntimeError,
            NotImplementedError,
            EOFError,
            OSError,
        ) as error:
            sentence = f"It could not be unpacked ({type(error).__name__})."
            self._troubles.append(Trouble(place=name, sentence=sentence))
            return None
        if len(content) > limit:
            self._troubles.append(
                Trouble(place=name, sentence="It is larger than the package says; it was not judged.")
            )
            return None
        return content


def _is_native(name: str) -> bool:
    path = PurePosixPath(name)
    return path.suffix in NATIVE or ".so." in path.name


def _vendored(name: str, roots: frozenset[str]) -> bool:
    parts = PurePosixPath(name).parts
    return (
        "node_modules" in parts
        or "site-packages" in parts
        or any(part.endswith((".dist-info", ".egg-info")) for part in parts)
        or parts[0] in roots
        or parts[0].removesuffix(".py") in roots
    )


def _vendored_roots(sizes: Mapping[str, int], reading: _Reading) -> frozenset[str]:
    """Give what Python packages put into the package's root, as their `.dist-info` lists it."""
    found: set[str] = {"boto3", "botocore", "s3transfer", "jmespath"} & {
        PurePosixPath(name).parts[0] for name in sizes
    }
    for name in sizes:
        parts = PurePosixPath(name).parts
        if len(parts) == 2 and parts[0].endswith(".dist-info") and parts[1] == "RECORD":
            content = reading.content(name, METADATA_LIMIT) or b""
            rows = content.decode(errors="replace").splitlines()
            tops = {row.partition(",")[0].partition("/")[0] for row in rows}
            found |= {top.removesuffix(".py") for top in tops if top and not top.startswith("..")}
    return frozenset(found)


# -------------------------------------------------------------------------------------- dependencies


def _installed(sizes: Mapping[str, int], reading: _Reading) -> Iterator[Dependency]:
    for name in sorted(sizes):
        parts = PurePosixPath(name).parts
        if parts[-1] == "package.json" and "node_modules" in parts:
            inside = parts[len(parts) - 1 - parts[::-1].index("node_modules") + 1 : -1]
            if len(inside) == (2 if inside and inside[0].startswith("@") else 1):
                version = _json(reading.content(name, METADATA_LIMIT)).get("version", "")
                yield Dependency(
                    name="/".join(inside), version=str(version), ecosystem="npm", place=name, present=True
                )
        elif (
            len(parts) >= 2
            and parts[-2].endswith((".dist-info", ".egg-info"))
            and parts[-1]
            in (
                "METADATA",
                "PKG-INFO",
            )
        ):
            project, _, version = parts[-2].rpartition(".")[0].partition("-")
            yield Dependency(
                name=normal(project),
                version=version.partition("-")[0],
                ecosystem="pypi",
                place=name,
                present=True,
            )
    tops = {PurePosixPath(name).parts[0] for name in sizes if "/" in name}
    for project in sorted({"boto3", "botocore"} & tops):
        yield Dependency(name=project, version="", ecosystem="pypi", place=f"{project}/", present=True)


def _asked(manifests: Mapping[str, bytes], troubles: list[Trouble]) -> Iterator[Dependency]:
    for place, content in manifests.items():
        name = PurePosixPath(place).name
        if name == "package.json":
            document = _json(content)
            if not document:
                troubles.append(Trouble(place=place, sentence="It is not a JSON object."))
            for kind in ("dependencies", "optionalDependencies", "peerDependencies"):
                wanted = document.get(kind)
                for one, version in (wanted if isinstance(wanted, dict) else {}).items():
                    yield Dependency(
                        name=str(one), version=str(version), ecosystem="npm", place=place, present=False
                    )
        elif name == "requirements.txt":
            for line in content.decode(errors="replace").splitlines():
                found = re.match(r"\s*([A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?\s*((?:[=~<>!]=?=?[^;#\s]+)?)", line)
                if found:
                    yield Dependency(
                        name=normal(found.group(1)),
                        version=found.group(2).lstrip("=~<>! "),
                        ecosystem="pypi",
                        place=place,
                        present=False,
                    )


def normal(project: str) -> str:
    """Give a Python project's name as the index compares it."""
    return re.sub(r"[-_.]+", "-", project).lower()


def _json(content: bytes | None) -> dict[str, object]:
    try:
        found = orjson.loads((content or b"").removeprefix(b"\xef\xbb\xbf") or b"{}")
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}
