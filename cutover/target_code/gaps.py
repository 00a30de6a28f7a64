"""What the generated code does not say, and what to do about each."""

from __future__ import annotations

from collections.abc import Iterator

from cutover.assessment.target import target_runtime
from cutover.target_code import destinations
from cutover.target_code.model import Basis, Gap
from cutover.target_code.names import Counterpart


def of_facts(basis: Basis) -> Iterator[Gap]:
    facts = basis.facts
    for name in sorted(facts.environment):
        if name not in basis.names:
            kept = name in basis.target.environment_names
            why = (
                "its value stays on AWS; the code holds names only"
                if kept
                else "FC keeps this name for itself, or does not allow it"
            )
            remedy = "`deploy` writes the value; or give it as a variable." if kept else "Rename it."
            yield Gap(kind="environment", subject=name, why=why, remedy=remedy)
    yield from _of_package(basis)
    if facts.vpc:
        yield Gap(
            kind="vpc",
            subject=facts.name,
            why="VPC, switch and security group on Alibaba Cloud are not known",
            remedy="Give the variables for VPC, switch and security group; a database's private "
            "address on AWS is not reached from there.",
        )
    yield from destinations.gaps(basis)
    if facts.reserved_concurrency is not None:
        yield Gap(
            kind="concurrency",
            subject=f"{facts.reserved_concurrency} reserved",
            why="on FC an instance may serve several requests, so the figure is another",
            remedy="Add alicloud_fcv3_concurrency_config with the figure that you want.",
        )
    for one in facts.configuration.get("declared", {}).get("unresolved", ()):
        yield Gap(
            kind="unresolved",
            subject=f"{one['field']}: {one['expression']}",
            why="the template does not hold its value",
            remedy="Check what is written for it here.",
        )


def _of_package(basis: Basis) -> Iterator[Gap]:
    facts = basis.facts
    if facts.package_type != "Zip":
        yield Gap(
            kind="image",
            subject=facts.name,
            why="the image must lie in a registry of Alibaba Cloud and serve HTTP on port 9000",
            remedy="Push it there and give the variable image.",
        )
    elif target_runtime(facts.runtime) is None:
        yield Gap(
            kind="runtime",
            subject=facts.runtime or "none",
            why="FC has no built-in runtime for it",
            remedy="Choose a custom runtime or another version; the code below names what AWS has.",
        )


def of_twins(basis: Basis, known: tuple[Counterpart, ...]) -> Iterator[Gap]:
    for one in known:
        if one.resource.kind == "table":
            yield Gap(
                kind="table",
                subject=one.resource.name,
                why="Tablestore has another data model, so its table is not made by itself",
                remedy="Make the table, and declare it as the twin.",
            )
        elif one.made:
            named = f"is made as {one.name}" if one.name else f"takes its name from bucket_{one.slug}"
            yield Gap(
                kind="twin",
                subject=f"{one.resource.kind} {one.resource.name}",
                why=f"no twin is declared for it, so one {named}",
                remedy="Declare the twin if it exists already.",
            )
