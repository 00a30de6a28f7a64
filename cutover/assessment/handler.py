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
            severity="ok",
            title="The handler is not in the root of the package; the adapter calls it there",
            place=place,
            why="FC documents file.method only. The adapter lies in the root and loads it as Lambda does.",
            remedy="Without the adapter, add a file in the root that exports the handler.",
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
        severity="ok",
        title=f"The adapter hands over the event as an object; FC itself gives {given}",
        place=place,
        why="FC hands over the raw body. The adapter parses it, and gives context, answer and errors as "
        "Lambda does. A handler that is native on FC parses the event itself; deploy it without the adapter.",
        remedy="If the handler parses the event itself, choose the adapter none.",
        source=SOURCE,
    )
