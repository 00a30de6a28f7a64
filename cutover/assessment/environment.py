"""Whether the environment's names can be used on FC, judged without any value."""

from __future__ import annotations

from collections.abc import Iterator

from cutover.assessment.finding import Finding
from cutover.assessment.target import environment_is_reserved
from cutover.ports import FunctionFacts

LIMIT_BYTES = 4096
NEAR_BYTES = 3686
"""Nine tenths of the limit: names that are mapped to longer ones may pass it."""
SOURCE = "Alibaba Cloud, Function Compute 3.0, environment variables, read 2026-11-22"


def check(facts: FunctionFacts) -> Iterator[Finding]:
    """Give findings on reserved names, on names that suppose AWS, and on the size of all."""
    reserved = [name for name in sorted(facts.environment) if environment_is_reserved(name)]
    if reserved:
        yield Finding(
            rule="environment-names",
            severity="blocker",
            title=f"FC refuses {_listed(reserved)}",
            place=f"Environment: {', '.join(reserved)}",
            why="Names must start with a letter; FC_ and a few others are reserved.",
            remedy="Rename them in the code, or map them to other names in the plan.",
            source=SOURCE,
        )
    suppose = [name for name in sorted(facts.environment) if "AWS" in name.upper() or name.endswith("_ARN")]
    if suppose:
        yield Finding(
            rule="environment-aws",
            severity="warn",
            title=f"{_listed(suppose)} may point at AWS",
            place=f"Environment: {', '.join(suppose)}",
            why="On FC the value would still name an AWS resource, which the function may not reach.",
            remedy="Name the twin for each, or declare that FC uses the AWS resource.",
            source=SOURCE,
        )
    size = facts.configuration.get("environment_bytes")
    if size is not None and size > NEAR_BYTES:
        yield Finding(
            rule="environment-size",
            severity="blocker" if size > LIMIT_BYTES else "warn",
            title=f"The environment has {size} bytes of the {LIMIT_BYTES} that FC allows",
            place=f"Environment: {len(facts.environment)} names with their values",
            why="FC refuses more at deployment. Names that are mapped on FC count as they are there.",
            remedy="Move long values to a secret or into the package, or leave out what FC does not need.",
            source=SOURCE,
        )
    yield Finding(
        rule="environment",
        severity="ok",
        title=f"{len(facts.environment)} environment variables, by name",
        place="Environment",
        why=f"FC allows 4 KB in all; {_sized(size)} "
        "AWS_REGION and the other AWS_ variables of Lambda do not exist on FC.",
        source=SOURCE,
    )


def _sized(size: int | None) -> str:
    if size is None:
        return (
            "their size is not known, so it is not judged, and FC refuses it at deployment if it is too much."
        )
    return f"names and values have {size} bytes."


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
