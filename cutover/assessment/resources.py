"""Memory, cpu, disk, time and concurrency on FC."""

from __future__ import annotations

from collections.abc import Iterator

from cutover.assessment.finding import Finding
from cutover.assessment.target import target_cpu, target_disk_mb, target_memory_mb
from cutover.ports import FunctionFacts

SOURCE = "Alibaba Cloud, Function Compute, limits of usage, read 2026-11-22"
RELAY_SPARE_S = 5
LAMBDA_LONGEST_S = 900


def check(facts: FunctionFacts) -> Iterator[Finding]:
    """Give findings on memory with cpu and disk, on the timeout, and on concurrency."""
    memory_mb = target_memory_mb(facts.memory_mb)
    rounded = f", rounded up from {facts.memory_mb} MB" if memory_mb != facts.memory_mb else ""
    yield Finding(
        rule="memory",
        severity="ok",
        title=f"{memory_mb} MB and {target_cpu(memory_mb):g} vCPU on FC{rounded}",
        place=f"MemorySize: {facts.memory_mb}",
        why="FC takes memory in steps of 64 MB and cpu apart, from 1 to 4 GB for each vCPU. The disk is "
        f"{target_disk_mb(facts.ephemeral_mb):,} MB, of the two sizes there are.",
        source=SOURCE,
    )
    yield from _timeout(facts)
    yield from _concurrency(facts)


def _timeout(facts: FunctionFacts) -> Iterator[Finding]:
    tight = facts.timeout_s + RELAY_SPARE_S > LAMBDA_LONGEST_S
    yield Finding(
        rule="timeout",
        severity="warn" if tight else "ok",
        title=f"{facts.timeout_s} s leave the relay no spare time" if tight else f"{facts.timeout_s} s fit",
        place=f"Timeout: {facts.timeout_s}",
        why="FC allows up to 86,400 s. The relay on Lambda waits for FC and needs "
        f"{RELAY_SPARE_S} s more than the function, of {LAMBDA_LONGEST_S} s at most.",
        remedy=f"Set the timeout to {LAMBDA_LONGEST_S - RELAY_SPARE_S} s or less." if tight else "",
        source=SOURCE,
    )


def _concurrency(facts: FunctionFacts) -> Iterator[Finding]:
    reserved = facts.reserved_concurrency
    if reserved is None:
        return
    yield Finding(
        rule="concurrency",
        severity="blocker" if reserved == 0 else "warn",
        title="Reserved concurrency 0: nobody can invoke the function"
        if reserved == 0
        else f"Reserved concurrency is {reserved}",
        place=f"ReservedConcurrentExecutions: {reserved}",
        why="Tap and relay share it with the function, and FC does not know it.",
        remedy="Remove the reservation of 0 before the move."
        if reserved == 0
        else "Reserve the same on FC if something behind the function depends on it.",
        source="AWS Lambda, reserved concurrency, read 2026-11-22",
    )
