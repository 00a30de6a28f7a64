"""Business logic mixed with I/O in the handler: the first step of the method is to part them."""

from __future__ import annotations

from collections.abc import Iterator

from cutover.assessment.finding import Finding
from cutover.assessment.on_code.databases import DRIVERS
from cutover.assessment.on_code.handler_form import handler_function
from cutover.assessment.on_code.places import Words, at
from cutover.assessment.on_code.services import uses_of
from cutover.assessment.source import Source
from cutover.ports import FunctionFacts

WORDS = Words(
    rule="mixed-logic",
    why="The handler decides and does I/O in one place, so what differs between the clouds "
    "cannot be exchanged "
    "without touching what must stay the same.",
    remedy="Move the I/O behind drivers with a neutral interface, and keep the decisions in a "
    "module of their "
    "own that both handlers call.",
    source="Alibaba Cloud, from Lambda to Function Compute, migration methodology",
)


def check(facts: FunctionFacts, source: Source) -> Iterator[Finding]:
    """Give one finding when the handler itself calls a service or a database."""
    found = handler_function(facts, source)
    if found is None or found[0].bundled:
        return
    view, place = found
    handler = view.functions[place]
    inside = [use for use in uses_of(view) if handler.line <= use.line <= handler.end_line and use.operation]
    lines = sorted({use.line for use in inside})
    drivers = {
        local
        for one in view.imports
        if one.module.partition("/")[0] in DRIVERS
        for local in one.names.values()
    }
    lines += [
        call.line
        for call in view.calls
        if handler.line <= call.line <= handler.end_line and call.name.partition(".")[0] in drivers
    ]
    if lines:
        shown = ", ".join(str(line) for line in sorted(set(lines))[:8])
        yield at(view, min(lines), f"The handler does I/O itself, on line {shown}", WORDS)
