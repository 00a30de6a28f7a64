"""Whether the handler's name can be used on FC, and what it is given."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cutover.assessment.finding import Finding
from cutover.ports import FunctionFacts

SOURCE = "Alibaba Cloud, Function Compute 3.0, request handlers, read 2026-11-22"


def check(facts: FunctionFacts) -> Iterator[Finding]:
    """Give a finding on the form of the name, and one on the event for Node and Python."""
    if facts.package_type == "Image" or not facts.runtime.startswith(("nodejs", "python")):
        return
    place = f"Handler: {facts.handler}"
    if re.fullmatch(r"[\w-]+\.[\w$-]+", facts.handler):
        yield Finding(
            rule="handler",
            severity="ok",
            title=f"{facts.handler} is a handler that FC can call",
            place=place,
            why="Both clouds name a handler file.method.",
            source=SOURCE,
        )
    elif "." in facts.handler:
        yield Finding(
            rule="handler",
            severity="warn",
            title="The handler is not in the root of the package",
            place=place,
            why="FC documents file.method only; a path or further dots may not be found.",
            remedy="The smoke test tells. If it fails, add a file in the root that exports the handler.",
            source=SOURCE,
        )
    else:
        yield Finding(
            rule="handler",
            severity="blocker",
            title="The handler's name has no method",
            place=place,
            why="FC needs file.method to find the function.",
            remedy="Name the handler file.method, for example index.handler.",
            source=SOURCE,
        )
    given = "a Buffer" if facts.runtime.startswith("nodejs") else "bytes"
    yield Finding(
        rule="event",
        severity="warn",
        title=f"On FC the event is {given}, not an object",
        place=place,
        why=f"FC hands over the raw body. Code that reads fields of the event finds nothing in {given}, "
        "often without an error.",
        remedy="Parse the event when it is not an object yet, or deploy with the adapter; "
        "validation shows whether the answers agree.",
        source=SOURCE,
    )
