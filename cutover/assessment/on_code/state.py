"""Global state that functions change, and caches in memory."""

from __future__ import annotations

from collections.abc import Iterator

from cutover.assessment.finding import Finding
from cutover.assessment.on_code.places import Words, once
from cutover.assessment.source import Source
from cutover.ports import FunctionFacts

WORDS = Words(
    rule="state",
    why="It lives as long as one instance does. During a shift the two clouds have instances of "
    "their own, so "
    "what one has remembered the other does not know, and an instance may be frozen or ended at any time.",
    remedy="Keep connections lazily, as it may be; move what must be remembered into a store "
    "that both reach.",
    source="The life of an instance: AWS Lambda, execution environment; FC, instance life cycle, "
    "read 2026-11-22",
)


def check(facts: FunctionFacts, source: Source) -> Iterator[Finding]:
    """Give a finding for each name of a module that a function changes."""
    yield from once(
        (
            (f"{one.name} is global and changes between invocations", view, one.line)
            for view in source.views
            if not view.bundled
            for one in view.mutations
        ),
        WORDS,
    )
