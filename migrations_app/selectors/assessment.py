"""What pages show of the assessment: findings by severity, the trigger map, the portfolio's readiness."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cutover.assessment import STEP_WORDS, Step
from cutover.assessment.triggers import counterpart, reason
from migrations_app.models import FunctionMigration

READY_SCORE = 80
"""From here on a function is shown as ready: what is left costs hours and not days."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TriggerRow:
    """One line of the map AWS -> FC. ``there`` is empty where FC has nothing, and ``reason`` says why."""

    kind: str
    source: str
    detail: str
    qualifier: str
    enabled: bool
    there: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PortfolioReadiness:
    """The portfolio at a glance. Hours are estimates, summed over the functions that were assessed."""

    functions: int
    assessed: int
    ready: int
    blocked: int
    hours_low: float
    hours_high: float
    sizes: Mapping[str, int]


def findings_by_severity(function: FunctionMigration) -> dict[str, list[dict[str, Any]]]:
    """Give finding documents under "blocker", "warn", "ok" and "waived", each list in the stored order."""
    found: dict[str, list[dict[str, Any]]] = {"blocker": [], "warn": [], "ok": [], "waived": []}
    for one in function.findings:
        found["waived" if one.get("waiver") else one["severity"]].append(one)
    return found


def checklist(function: FunctionMigration) -> list[tuple[str, list[dict[str, Any]]]]:
    """Give the three steps in order, each with its tasks: {"sentence", "places", "rule", "blocks"}."""
    tasks = function.readiness.get("checklist", ())
    return [(STEP_WORDS[step], [one for one in tasks if one["step"] == step.value]) for step in Step]


def trigger_map(function: FunctionMigration) -> list[TriggerRow]:
    """Give each trigger beside its counterpart on FC."""
    return [
        TriggerRow(
            kind=str(one.get("kind", "")),
            source=str(one.get("source", "")),
            detail=str(one.get("detail", "")),
            qualifier=str(one.get("qualifier", "")),
            enabled=one.get("enabled") is not False,
            there=counterpart(str(one.get("kind", ""))) or "",
            reason=reason(str(one.get("kind", ""))),
        )
        for one in function.facts.get("triggers") or ()
    ]


def portfolio_readiness() -> PortfolioReadiness:
    """Give the readiness of all functions that are there, in three queries."""
    rows = FunctionMigration.objects.filter(gone_at=None)
    found = list(
        rows.exclude(assessed_at=None).values_list("readiness__score", "readiness__size", "readiness__hours")
    )
    sizes = {size: sum(one == size for _, one, _ in found) for size in ("S", "M", "L")}
    hours = [one for _, _, one in found if one]
    blocked = rows.filter(findings__contains=[{"severity": "blocker"}])
    return PortfolioReadiness(
        functions=rows.count(),
        assessed=len(found),
        ready=sum(score is not None and score >= READY_SCORE for score, _, _ in found),
        blocked=sum(_blocks(one) for one in blocked.values_list("findings", flat=True)),
        hours_low=sum(low for low, _ in hours),
        hours_high=sum(high for _, high in hours),
        sizes=sizes,
    )


def _blocks(findings: list[dict[str, Any]]) -> bool:
    return any(one["severity"] == "blocker" and not one.get("waiver") for one in findings)
