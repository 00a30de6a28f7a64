"""Durable functions: Lambda keeps their steps and runs the handler again from the start."""

from __future__ import annotations

from collections.abc import Iterator

from cutover.assessment.finding import Finding
from cutover.assessment.on_code.places import Words, once
from cutover.assessment.source import Source
from cutover.ports import FunctionFacts

MODULES = ("@aws/durable-execution-sdk-js", "aws_durable_execution_sdk_python")
WORDS = Words(
    rule="durable",
    severity="blocker",
    why="Lambda keeps what each step gave, suspends the function and replays it. FC has nothing that does, "
    "and a replay must meet the same code, so its traffic cannot be split either.",
    remedy="Leave it on Lambda, or rebuild its steps as a flow of CloudFlow.",
    source="AWS Lambda, durable functions, read 2026-11-22",
)


def check(facts: FunctionFacts, source: Source) -> Iterator[Finding]:
    """Give a finding where the SDK of durable functions is loaded."""
    yield from once(
        (
            (f"It is a durable function ({one.module.partition('.')[0]})", view, one.line)
            for view in source.views
            for one in view.imports
            if not one.types_only and (one.module in MODULES or one.module.partition(".")[0] in MODULES)
        ),
        WORDS,
    )
