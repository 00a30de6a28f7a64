"""What else the function has from its platform: architecture, layers, network, dead letters."""

from __future__ import annotations

from collections.abc import Iterator

from cutover.assessment.finding import Finding
from cutover.ports import FunctionFacts

SOURCE = "Alibaba Cloud, Function Compute 3.0, runtime overview, read 2026-11-22"
LAYERS_MOST = 5
LAYERS_OF_TAP = 2
"""The tap needs its own layer and the one with its settings, of five that a function may have."""


def check(facts: FunctionFacts) -> Iterator[Finding]:
    """Give findings on architecture, layers, VPC and the dead-letter target."""
    yield from _architecture(facts)
    yield from _layers(facts)
    if facts.vpc:
        yield Finding(
            rule="vpc",
            severity="warn",
            title="The function runs in a VPC",
            place="VpcConfig",
            why="FC needs a VPC of its own to reach the same things, and the relay can reach FC only "
            "through a way to the internet.",
            remedy="Give the subnets a NAT gateway, and say how FC reaches what the function uses.",
            source="AWS Lambda, VPC networking, read 2026-11-22",
        )
    if facts.dead_letter:
        yield Finding(
            rule="dead-letter",
            severity="warn",
            title="Failed asynchronous events go to a dead-letter target",
            place=f"DeadLetterConfig: {facts.dead_letter}",
            why="FC sends failed asynchronous events to a destination of its own only.",
            remedy="Name the twin of the target; while the relay serves, Lambda's stays in use.",
            source="Alibaba Cloud, Function Compute 3.0, asynchronous invocation, read 2026-11-22",
        )


def _architecture(facts: FunctionFacts) -> Iterator[Finding]:
    arm = "arm64" in facts.architectures
    yield Finding(
        rule="architecture",
        severity="warn" if arm else "ok",
        title="FC has no arm64" if arm else "x86_64 on both clouds",
        place=f"Architectures: {', '.join(facts.architectures)}",
        why="FC runs x86_64 only. Native modules that were built for arm64 do not load there."
        if arm
        else "FC runs x86_64 only.",
        remedy="Rebuild native modules for x86_64; pure Node and Python code needs nothing." if arm else "",
        source=SOURCE,
    )


def _layers(facts: FunctionFacts) -> Iterator[Finding]:
    if not facts.layers:
        return
    number = len(facts.layers)
    yield Finding(
        rule="layers",
        severity="warn",
        title=f"{number} layers must come along" if number > 1 else "One layer must come along",
        place=f"Layers: {', '.join(facts.layers)}",
        why="The package alone is copied; what a layer gives is missing on FC.",
        remedy="Put the content into the package, or make the layer on FC as well.",
        source=SOURCE,
    )
    if number > LAYERS_MOST - LAYERS_OF_TAP:
        yield Finding(
            rule="layers-tap",
            severity="blocker",
            title=f"{number} layers leave no room for the tap",
            place=f"Layers: {number} of {LAYERS_MOST}",
            why=f"A function may have {LAYERS_MOST} layers, and the tap needs {LAYERS_OF_TAP}.",
            remedy="Merge layers, or put one into the package.",
            source="AWS Lambda, quotas, read 2026-11-22",
        )
