"""Which of FC's runtimes runs the function."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cutover.assessment.finding import Finding
from cutover.assessment.target import target_runtime
from cutover.ports import FunctionFacts

SOURCE = "Alibaba Cloud, Function Compute 3.0, runtime overview, read 2026-11-22"
OLD = re.compile(r"^(?:nodejs(?:4\.3|4\.3-edge|6\.10|8\.10|10\.x)?|python(?:2\.7|3\.6|3\.7|3\.8))$")
NEW = re.compile(r"^(?:nodejs(?:22|24)\.x|python3\.1[34])$")


def check(facts: FunctionFacts) -> Iterator[Finding]:
    """Give one finding: the same runtime, a newer one, or none."""
    if facts.package_type == "Image":
        return
    runtime, there = facts.runtime, target_runtime(facts.runtime)
    place = f"Runtime: {runtime}"
    if there is None:
        yield Finding(
            rule="runtime",
            severity="blocker",
            title=f"FC has no built-in runtime for {runtime}",
            place=place,
            why="The code cannot be started on FC as it is.",
            remedy="Move the function to a runtime that both clouds have (nodejs20.x, python3.12, java11), "
            "or rebuild it for FC's custom.debian12, which expects an HTTP server.",
            source=SOURCE,
        )
    elif OLD.match(runtime):
        yield Finding(
            rule="runtime",
            severity="warn",
            title=f"{runtime} is too old for FC; {there} runs it",
            place=place,
            why="FC does not create functions on the old runtime, and a newer one may behave differently.",
            remedy=f"Validate with a suite that covers the code, or move to {there} on Lambda first.",
            source=SOURCE,
        )
    elif NEW.match(runtime):
        yield Finding(
            rule="runtime",
            severity="warn",
            title=f"{runtime} is too new for FC; {there} runs it, an older release",
            place=place,
            why="FC's newest built-in releases are Node 20 and Python 3.12. Code that uses what came later "
            "fails there, as do dependencies that ask for more; both are looked for.",
            remedy=f"Build the package for {there} and validate with a suite that covers the code; where the "
            "newer release is needed, rebuild it for FC's custom.debian12, which expects an HTTP server.",
            source=SOURCE,
        )
    elif there != runtime.removesuffix(".x").removesuffix(".al2"):
        yield Finding(
            rule="runtime",
            severity="warn",
            title=f"FC has no {runtime}; {there} runs it",
            place=place,
            why="Another release of the language may behave differently.",
            remedy=f"Validate with a suite that covers the code, or move to {there} on Lambda first.",
            source=SOURCE,
        )
    else:
        yield Finding(
            rule="runtime",
            severity="ok",
            title=f"FC runs {runtime} as {there}",
            place=place,
            why="Both clouds have the same release of the language.",
            source=SOURCE,
        )
