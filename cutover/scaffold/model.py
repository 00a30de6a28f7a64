"""What the scaffold is: files to review, a diff of them, and what only a person can decide."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cutover.errors import RuleError


class CannotScaffold(RuleError):
    """The code gives nothing to scaffold. The message says why and what to do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Note:
    """Something for the reviewer. ``place``: "file:line" of the original code, or a file's name."""

    place: str
    sentence: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Package:
    """A dependency to add, in the version of this project's own lock. ``ecosystem``: "npm" or "pypi"."""

    name: str
    version: str
    ecosystem: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Scaffold:
    """What was generated. Nothing of it is applied by itself.

    ``files``: path in the package -> text, new files and changed ones, to be laid over the original.
    ``diff``: the same as a unified diff with prefixes a/ and b/ (``patch -p1``).
    ``handlers``: "aws" and "alibaba" -> the name of the handler there.
    """

    files: Mapping[str, str]
    diff: str
    handlers: Mapping[str, str]
    notes: tuple[Note, ...] = ()
    dependencies: tuple[Package, ...] = field(default=())
