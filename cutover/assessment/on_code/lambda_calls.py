"""Calls to Lambda itself."""

from __future__ import annotations

from collections.abc import Iterator

from cutover.assessment.finding import Finding
from cutover.assessment.on_code.places import Words, once
from cutover.assessment.on_code.services import uses
from cutover.assessment.source import Source
from cutover.ports import FunctionFacts

WORDS = Words(
    rule="lambda-call",
    why="The other function stays on Lambda, or moves at another time; from FC the call needs "
    "AWS credentials "
    "and crosses clouds, and calls in a circle would cross twice.",
    remedy="Move both in one wave, or call the other one over HTTP or a queue.",
    source="AWS Lambda, Invoke, read 2026-11-22",
)


def check(facts: FunctionFacts, source: Source) -> Iterator[Finding]:
    """Give a finding for each place that invokes a function."""
    views = {view.path: view for view in source.views}
    yield from once(
        (
            (f"It calls Lambda: {use.operation}", views[use.path], use.line)
            for use in uses(source)
            if use.service == "lambda" and use.operation
        ),
        WORDS,
    )
