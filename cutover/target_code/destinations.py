"""Where the results of asynchronous invocations go, and what holds a layer's files.

Source: alicloud provider, fcv3_async_invoke_config and fcv3_layer_version; its tests for the form of an ARN;
Alibaba Cloud, Function Compute, "Result callback", for the actions that the function's role needs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cutover.assessment.target import target_name
from cutover.target_code.model import Basis, Gap
from cutover.target_code.names import Counterpart, Naming, counterparts, identifier, resource_of

_FUNCTION = re.compile(r"arn:aws[\w-]*:lambda:[\w-]*:\d*:function:([\w-]+)(?::[\w$-]+)?")
_LAYER = re.compile(r"arn:aws[\w-]*:lambda:[\w-]*:\d*:layer:([\w-]+):(\d+)")
ACTIONS = {"queue": "mns:SendMessage", "topic": "mns:PublishMessage", "function": "fc:InvokeFunction"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Destination:
    """What gets the results. ``when``: on_success or on_failure; ``function``: a name on FC, else ``to``."""

    when: str
    aws: str
    to: Counterpart | None = None
    function: str = ""

    @property
    def kind(self) -> str:
        return "function" if self.to is None else self.to.resource.kind

    def arn(self, basis: Basis, naming: Naming) -> str:
        """Give the descriptor that FC takes."""
        if self.to is None:
            return f"acs:fc:{basis.region}:{basis.account_id}:functions/{self.function}"
        place = "queues" if self.to.resource.kind == "queue" else "topics"
        return f"acs:mns:{basis.region}:{basis.account_id}:/{place}/{naming(self.to)}/messages"


@dataclass(frozen=True, kw_only=True, slots=True)
class Layer:
    """A layer of AWS: its files are not known, so a person puts a zip of them into the package bucket."""

    aws: str
    name: str

    @property
    def slug(self) -> str:
        return identifier(self.name)


def destinations(basis: Basis) -> tuple[Destination, ...]:
    """Give one destination for each of the two outcomes at most; a dead-letter target stands for failures."""
    known: dict[tuple[str, str], Counterpart] = {
        (one.resource.kind, one.resource.name): one for one in counterparts(basis)
    }
    found: dict[str, Destination] = {}
    for when, arn in _wanted(basis):
        made = _destination(when, arn, known)
        if made is not None:
            found.setdefault(when, made)
    return tuple(found[when] for when in sorted(found))


def layers(basis: Basis) -> tuple[Layer, ...]:
    """Give the layers whose ARN names one, each once."""
    found = {
        arn: Layer(aws=arn, name=named[1]) for arn in basis.facts.layers if (named := _LAYER.fullmatch(arn))
    }
    return tuple(found.values())


def gaps(basis: Basis) -> Iterator[Gap]:
    """Give what is still to be done for them, and what has no counterpart."""
    made = {(one.when, one.aws) for one in destinations(basis)}
    for when, arn in _wanted(basis):
        if (when, arn) not in made:
            yield Gap(
                kind="destination",
                subject=f"{when.replace('_', ' ')}: {arn}",
                why="nothing on Alibaba Cloud stands for it, or another target takes its place",
                remedy="Add it to alicloud_fcv3_async_invoke_config when there is one.",
            )
    known = {one.aws for one in layers(basis)}
    for arn in basis.facts.layers:
        yield Gap(
            kind="layer",
            subject=arn,
            why="layers of AWS are not read by FC, and their files are not in this code",
            remedy=f"Put a zip of its files into OSS and give the variable layer_{identifier(_name(arn))}, "
            "or put the files into the package."
            if arn in known
            else "Put its files into the package, or publish a layer on FC.",
        )


def _name(arn: str) -> str:
    found = _LAYER.fullmatch(arn)
    return found[1] if found else arn


def _wanted(basis: Basis) -> Iterator[tuple[str, str]]:
    for one in basis.facts.configuration.get("event_invoke") or ():
        for when in ("on_success", "on_failure"):
            if one.get(when):
                yield when, str(one[when])
    if basis.facts.dead_letter:
        yield "on_failure", basis.facts.dead_letter


def _destination(when: str, arn: str, known: Mapping[tuple[str, str], Counterpart]) -> Destination | None:
    function = _FUNCTION.fullmatch(arn)
    if function is not None:
        return Destination(when=when, aws=arn, function=target_name(function[1]))
    resource = resource_of(arn)
    to = known.get((resource.kind, resource.name)) if resource else None
    return None if to is None or to.resource.kind not in ACTIONS else Destination(when=when, aws=arn, to=to)
