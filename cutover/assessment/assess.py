"""All rules on one function, the gravest findings first."""

from __future__ import annotations

from cutover.assessment import (
    environment,
    handler,
    ownership,
    package,
    platform,
    resources,
    routing,
    runtime,
    triggers,
)
from cutover.assessment.finding import Finding
from cutover.ports import FunctionFacts

RULES = (runtime, handler, package, environment, resources, platform, triggers, routing, ownership)
_ORDER = {"blocker": 0, "warn": 1, "ok": 2}


def assess(facts: FunctionFacts) -> tuple[Finding, ...]:
    """Give the findings on a function: blockers first, then warnings, then what is well."""
    found = [finding for rule in RULES for finding in rule.check(facts)]
    return tuple(sorted(found, key=lambda finding: _ORDER[finding.severity]))
