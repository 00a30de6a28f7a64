"""What a template says about a function, and what it leaves open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Origin = Literal["sam", "cloudformation", "serverless", "terraform", "terraform-plan", "up"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Unresolved:
    """A field whose value the template does not hold, with the expression as it stands there."""

    field: str
    expression: str


@dataclass(frozen=True, kw_only=True, slots=True)
class TemplateTrouble:
    """A template that could not be read: which, where in it (line, 0 if unknown), and a sentence."""

    file: str
    line: int
    sentence: str


@dataclass(frozen=True, kw_only=True, slots=True)
class DeclaredFunction:
    """A function that a template declares.

    ``name`` is the one to be known by; when the template leaves the real one open it is the logical name, and
    "FunctionName" is among ``unresolved``. ``code``: a path beside the template, "" when it names none;
    ``limits``: what the template says that forbids tap and relay, as sentences.
    ``inline``: the code itself where it stands in the template.
    ``memory_mb`` and ``timeout_s`` are None when unresolved. ``environment`` holds names only. ``triggers``:
    {"kind", "source", "qualifier", "enabled"} as ``FunctionFacts`` has them.
    """

    name: str
    logical_id: str
    origin: Origin
    file: str
    runtime: str = ""
    handler: str = ""
    code: str = ""
    inline: str = field(default="", repr=False)
    package_type: str = "Zip"
    image: str = ""
    memory_mb: int | None = 128
    timeout_s: int | None = 3
    ephemeral_mb: int = 512
    architectures: tuple[str, ...] = ("x86_64",)
    layers: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()
    role: str = ""
    description: str = ""
    vpc: bool = False
    dead_letter: str = ""
    reserved_concurrency: int | None = None
    limits: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    triggers: tuple[Mapping[str, Any], ...] = ()
    unresolved: tuple[Unresolved, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Declaration:
    """All that was read of some templates."""

    functions: tuple[DeclaredFunction, ...] = ()
    troubles: tuple[TemplateTrouble, ...] = ()
