"""A function that a template declares: what the template leaves open is said, and not judged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from cutover.assessment.finding import Finding
from cutover.ports import FunctionFacts

MOST = 40
SOURCE = "Cutover, reading of templates"
_RULES = {
    "runtime": ("runtime",),
    "handler": ("handler", "event"),
    "memorysize": ("memory",),
    "memory_size": ("memory",),
    "lambda.memory": ("memory",),
    "timeout": ("timeout",),
    "proxy.timeout": ("timeout",),
    "lambda.runtime": ("runtime",),
    "architectures": ("architecture",),
    "architecture": ("architecture",),
    "reservedconcurrentexecutions": ("concurrency",),
}
"""Field that is open, in small letters -> rules that would judge a value which nobody knows."""
_NOT_KNOWN = frozenset({"alias", "latest", "package", "trigger-qualifier"})
"""Rules on what only the account knows."""


def check(facts: FunctionFacts) -> Iterator[Finding]:
    """Give a finding that the function is declared only, and one for each expression that stays open."""
    declared = facts.configuration.get("declared")
    if not declared:
        return
    yield Finding(
        rule="declared",
        severity="ok",
        title=f"Known from a template only ({declared['origin']})",
        place=str(declared["file"]),
        why="Aliases, versions, size and what forbids tap and relay are read from AWS; a sync finds them.",
        source=SOURCE,
    )
    for one in islice(declared.get("unresolved") or (), MOST):
        yield Finding(
            rule="unresolved",
            severity="warn",
            title=f"{one['field']} is unresolved: {one['expression']}",
            place=f"{declared['file']}: {one['field']}",
            why="The template leaves it to the deployment, so it was not judged and not guessed.",
            remedy="Sync with the account, or read the plan of a deployment.",
            source=SOURCE,
        )


def judged(facts: FunctionFacts, findings: Iterable[Finding]) -> list[Finding]:
    """Leave out findings on what a template does not tell."""
    declared = facts.configuration.get("declared")
    if not declared:
        return list(findings)
    open_fields = {str(one["field"]).lower() for one in declared.get("unresolved") or ()}
    aside = {rule for field in open_fields for rule in _RULES.get(field, ())} | _NOT_KNOWN
    return [
        one for one in findings if one.rule not in aside or (one.rule == "package" and "image" in one.title)
    ]
