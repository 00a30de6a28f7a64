"""All rules on one function, the gravest findings first."""

from __future__ import annotations

from cutover.assessment import (
    declared,
    delivery,
    environment,
    handler,
    on_code,
    ownership,
    package,
    payload,
    platform,
    reach,
    resources,
    roles,
    routing,
    runtime,
    triggers,
)
from cutover.assessment.finding import Finding
from cutover.assessment.on_code.services import Use, uses
from cutover.assessment.source import Source
from cutover.ports import FunctionFacts

RULES_VERSION = "2026-11-22.5"
"""Grows with every change to a rule: findings on unchanged code are kept only under the same version."""
RULES = (
    runtime,
    handler,
    package,
    environment,
    resources,
    payload,
    platform,
    delivery,
    triggers,
    routing,
    ownership,
)
CALLS_MOST = 400
_ORDER = {"blocker": 0, "warn": 1, "ok": 2}


def assess(facts: FunctionFacts, source: Source | None = None) -> tuple[Finding, ...]:
    """Give the findings on a function: blockers first, then warnings, then what is well.

    Args:
        source: the package's code; without it only the configuration is judged.
    """
    found = assess_configuration(facts)
    if source is not None:
        found += assess_code(facts, source)
    return ordered(found)


def assess_configuration(facts: FunctionFacts) -> list[Finding]:
    """Give the findings on the configuration alone: cheap, and done anew each time."""
    found = [finding for rule in RULES for finding in rule.check(facts)]
    return [*declared.judged(facts, found), *declared.check(facts)]


def assess_code(facts: FunctionFacts, source: Source) -> list[Finding]:
    """Give the findings on the code. They depend on the package and on what ``code_basis`` names."""
    judged = reach.reached(facts, source)
    found = [finding for rule in on_code.ON_PACKAGE for finding in rule.check(facts, source)]
    found += [finding for rule in on_code.RULES for finding in rule.check(facts, judged)]
    return [*found, *roles.check(facts, judged), *reach.check(source, judged)]


def calls(facts: FunctionFacts, source: Source) -> tuple[Use, ...]:
    """Give the calls to AWS in the files that the handler loads: each operation once per file."""
    found: dict[tuple[str, str, str], Use] = {}
    for use in uses(reach.reached(facts, source)):
        found.setdefault((use.service, use.operation, use.path), use)
    return tuple(found.values())[:CALLS_MOST]


def code_basis(facts: FunctionFacts) -> str:
    """Name all that findings on code depend on; equal text means equal findings."""
    return "|".join(
        (
            RULES_VERSION,
            facts.code_sha256,
            facts.runtime,
            facts.handler,
            facts.package_type,
            ",".join(facts.architectures),
            ",".join(facts.layers),
            str(facts.vpc),
            facts.role,
            ",".join(sorted(facts.environment)),
        )
    )


def ordered(findings: list[Finding]) -> tuple[Finding, ...]:
    """Give blockers, warnings and what is well, in this order; within one, as the rules gave them."""
    return tuple(sorted(findings, key=lambda finding: _ORDER[finding.severity]))
