"""Names on the Alibaba side: of twins that are declared, and of resources that the generated code makes.

A declared twin exists and keeps its name. A queue or topic without one is made under the name it has on AWS,
as far as SMQ allows it; a bucket's name is unique in the world, so it is left to a variable.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from cutover.target_code.model import Basis, TwinKind

_KINDS: dict[str, TwinKind] = {"s3": "bucket", "sqs": "queue", "sns": "topic", "dynamodb": "table"}
_ARN = re.compile(r"arn:aws[\w-]*:([\w-]+):([\w-]*):(\d*):(.+)", re.DOTALL)
_PLAIN = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_WILD = re.compile(r"[*?]|\$\{")


Naming = Callable[["Counterpart"], str]
"""Gives a counterpart's name, or an expression for it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Resource:
    """A resource on AWS: kind, name, and for objects the pattern of their keys ("" for the bucket itself)."""

    kind: TwinKind
    name: str
    keys: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Counterpart:
    """What stands for a resource. ``name`` is empty where only a person can choose it (a bucket's).

    ``made``: the generated code makes it; otherwise it is a declared twin and exists.
    """

    resource: Resource
    name: str
    made: bool

    @property
    def slug(self) -> str:
        """Give an identifier for it, of letters, digits and underscores."""
        return identifier(self.resource.name)


def identifier(name: str) -> str:
    """Give a name as an identifier of Terraform: letters, digits and underscores, a letter first.

    Two names never become one: what is not plain words joined by hyphens gets a digest at the end.
    """
    plain = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_") or "x"
    plain = plain if plain[0].isalpha() else f"x_{plain}"
    return plain if _PLAIN.fullmatch(name) else f"{plain}_{_digest(name)}"


def fitting(name: str, limit: int) -> str:
    """Give a name of at most ``limit`` characters; one that is cut ends in a digest of the whole."""
    return name if len(name) <= limit else f"{name[: limit - 7]}-{_digest(name)}"


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:6]


def resource_of(arn: str) -> Resource | None:
    """Give the bucket, queue, topic or table that an ARN names; None for any other."""
    found = _ARN.fullmatch(arn)
    if found is None or found[1] not in _KINDS:
        return None
    kind, rest = _KINDS[found[1]], found[4]
    if kind == "bucket":
        name, _, keys = rest.partition("/")
        return Resource(kind=kind, name=name, keys=keys)
    if kind == "table":
        return Resource(kind=kind, name=rest.removeprefix("table/").partition("/")[0])
    return Resource(kind=kind, name=rest.partition(":")[0])


def is_wild(text: str) -> bool:
    """Tell whether a name holds a wildcard or a variable of a policy."""
    return bool(_WILD.search(text))


def counterparts(basis: Basis) -> tuple[Counterpart, ...]:
    """Give what stands for each resource that triggers, results and role name; a table needs a twin."""
    arns = [str(one.get("source", "")) for one in basis.facts.triggers]
    arns += [basis.facts.dead_letter]
    for given in basis.facts.configuration.get("event_invoke") or ():
        arns += [str(given.get(when, "")) for when in ("on_success", "on_failure")]
    arns += [arn for one in basis.statements or () if one.effect == "Allow" for arn in one.resources]
    found: dict[tuple[str, str], Counterpart] = {}
    shared: set[tuple[str, str]] = set()
    for twin in basis.twins:
        name, there = (re.split(r"[:/]", one)[-1] for one in (twin.aws, twin.alibaba))
        resource = Resource(kind=twin.kind, name=name)
        found[twin.kind, name] = Counterpart(resource=resource, name=there, made=False)
        if twin.shared:
            shared.add((twin.kind, name))
    for one in map(resource_of, arns):
        if one is None or one.kind == "table" or is_wild(one.name) or (one.kind, one.name) in found:
            continue
        name = "" if one.kind == "bucket" else smq_name(one.name)
        resource = Resource(kind=one.kind, name=one.name)
        found[one.kind, one.name] = Counterpart(resource=resource, name=name, made=True)
    return tuple(found[key] for key in sorted(found) if key not in shared)


def smq_name(name: str) -> str:
    """Give a queue's or topic's name as SMQ allows it: letters, digits and hyphens."""
    return re.sub(r"[^A-Za-z0-9-]", "-", name.removesuffix(".fifo"))[:120]


def standing_for(resource: Resource, known: Iterable[Counterpart]) -> tuple[Counterpart, ...]:
    """Give the counterparts that a resource, perhaps with a wildcard, stands for."""
    return tuple(
        one
        for one in known
        if one.resource.kind == resource.kind and fnmatchcase(one.resource.name, resource.name)
    )
