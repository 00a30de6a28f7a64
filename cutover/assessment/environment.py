"""Whether the environment's names can be used on FC, judged without any value."""

from __future__ import annotations

from collections.abc import Iterator

from cutover.assessment.finding import Finding
from cutover.assessment.target import environment_is_reserved
from cutover.ports import FunctionFacts

SOURCE = "Alibaba Cloud, Function Compute 3.0, environment variables, read 2026-11-22"


def check(facts: FunctionFacts) -> Iterator[Finding]:
    """Give findings on reserved names, on names that suppose AWS, and on the size that cannot be seen."""
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
    yield Finding(
        rule="environment",
        severity="ok",
        title=f"{len(facts.environment)} environment variables, by name",
        place="Environment",
        why="FC allows 4 KB in all. Values are not read here, so their size is not judged; FC refuses it "
        "at deployment if it is too much. "
        "AWS_REGION and the other AWS_ variables of Lambda do not exist on FC.",
        source=SOURCE,
    )


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
