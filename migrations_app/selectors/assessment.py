"""What pages show of the assessment: findings by severity, the trigger map, the portfolio's readiness."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Q

from cutover.assessment import STEP_WORDS, Step
from cutover.assessment.lost import Lost, event_kind, lost
from cutover.assessment.triggers import counterpart, reason
from migrations_app.models import FunctionMigration

READY_SCORE = 80
"""From here on a function is shown as ready: what is left costs hours and not days."""
STANDINGS = ("ready", "work", "blocked", "none")
"""How far a function is from FC, in one word; "none": not assessed."""
BINS = tuple(range(0, 100, 10))
"""Lower ends of the portfolio's distribution of scores; the last one holds 100, too."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TriggerRow:
    """One line of the map AWS -> FC. ``there`` is empty where FC has nothing, and ``reason`` says why.

    ``aims``: "bare", "alias" or "version", by ``qualifier``. ``losses``: what the function would miss of an
    event if FC called it by its own trigger; None where no event is translated. ``features``: what an API
    does besides passing requests on, to be made anew. ``permitted_only``: a permission names it and nothing
    calls.
    """

    kind: str
    source: str
    detail: str
    qualifier: str
    aims: str
    enabled: bool
    permitted_only: bool
    there: str
    reason: str
    losses: tuple[Lost, ...] | None
    features: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class PortfolioReadiness:
    """The portfolio at a glance. Hours are estimates, summed over the functions that were assessed.

    ``bins``: how many functions have a score from each of ``BINS`` on; the blocked ones stand in them, too.
    """

    functions: int
    assessed: int
    ready: int
    blocked: int
    hours_low: float
    hours_high: float
    sizes: Mapping[str, int]
    bins: tuple[int, ...]

    @property
    def work(self) -> int:
        """How many are neither ready nor blocked."""
        return self.assessed - self.ready - self.blocked


@dataclass(frozen=True, kw_only=True, slots=True)
class AssessmentPage:
    """What the findings page shows. ``lapsed``: identities of findings whose waiver ended with the code."""

    groups: tuple[tuple[str, list[dict[str, Any]]], ...]
    counts: Mapping[str, int]
    waived: list[dict[str, Any]]
    checklist: list[tuple[str, list[dict[str, Any]]]]
    standing: str
    reading: bool
    unread: str
    lapsed: frozenset[str]


def assessment_page(function: FunctionMigration, *, severity: str = "") -> AssessmentPage:
    """Give what the page of one function shows, of findings that count only those of ``severity``."""
    found = findings_by_severity(function)
    kinds = ("blocker", "warn", "ok")
    return AssessmentPage(
        groups=tuple((one, found[one]) for one in kinds if found[one] and severity in ("", one)),
        counts={one: len(found[one]) for one in (*kinds, "waived")},
        waived=found["waived"] if severity in ("", "waived") else [],
        checklist=checklist(function),
        standing=standing(function.readiness),
        reading=function.code_due_at is not None,
        unread=str(function.code_findings.get("error", "")),
        lapsed=frozenset(key for key, one in function.waivers.items() if one.get("lapsed")),
    )


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


def standing(readiness: Mapping[str, Any]) -> str:
    """Give the word of ``STANDINGS`` for a readiness document; empty is "none"."""
    if "score" not in readiness:
        return "none"
    if any(one["blocks"] for one in readiness.get("checklist", ())):
        return "blocked"
    return "ready" if readiness["score"] >= READY_SCORE else "work"


def stands(word: str) -> Q:
    """Give the condition for the same words on rows."""
    blocked = Q(readiness__checklist__contains=[{"blocks": True}])
    ready = Q(readiness__score__gte=READY_SCORE)
    conditions = {
        "none": Q(readiness={}),
        "blocked": blocked,
        "ready": ready & ~blocked,
        "work": Q(readiness__score__lt=READY_SCORE) & ~blocked,
    }
    return conditions[word]


def trigger_map(function: FunctionMigration) -> list[TriggerRow]:
    """Give each trigger beside its counterpart on FC."""
    return [_trigger_row(one) for one in function.facts.get("triggers") or ()]


def _trigger_row(trigger: Mapping[str, Any]) -> TriggerRow:
    kind, qualifier = str(trigger.get("kind", "")), str(trigger.get("qualifier", "") or "")
    there = counterpart(kind) or ""
    shape = event_kind(trigger) if there else None
    return TriggerRow(
        kind=kind,
        source=str(trigger.get("source", "")),
        detail=str(trigger.get("detail", "")),
        qualifier=qualifier,
        aims="bare" if qualifier in ("", "$LATEST") else "version" if qualifier.isdigit() else "alias",
        enabled=trigger.get("enabled") is not False,
        permitted_only=bool(trigger.get("permission_only")),
        there=there,
        reason=reason(kind),
        losses=lost(shape) if shape else None,
        features=tuple(str(one) for one in trigger.get("features") or ()),
    )


def portfolio_readiness() -> PortfolioReadiness:
    """Give the readiness of all functions that are there, in one query."""
    with connection.cursor() as cursor:
        cursor.execute(_READINESS)
        groups = [_Group(*row) for row in cursor.fetchall()]
    assessed = [one for one in groups if one.bin is not None]
    return PortfolioReadiness(
        functions=sum(one.functions for one in groups),
        assessed=sum(one.functions for one in assessed),
        ready=sum(one.functions for one in assessed if one.high and not one.blocks),
        blocked=sum(one.functions for one in assessed if one.blocks),
        hours_low=sum(one.hours_low for one in assessed),
        hours_high=sum(one.hours_high for one in assessed),
        sizes={size: sum(one.functions for one in assessed if one.size == size) for size in ("S", "M", "L")},
        bins=tuple(sum(one.functions for one in assessed if one.bin == place) for place in range(len(BINS))),
    )


class _Group(NamedTuple):
    """Functions that are alike. ``bin``: place in ``BINS``, None: not assessed; ``high``: a ready score."""

    bin: int | None
    size: str | None
    high: bool | None
    blocks: bool | None
    functions: int
    hours_low: float
    hours_high: float


_READINESS = f"""
    SELECT score / 10 - score / 100, size, score >= {READY_SCORE}, blocks,
           count(*), coalesce(sum(low), 0), coalesce(sum(high), 0)
    FROM (
        SELECT r.score, r.size, (r.hours ->> 0)::float AS low, (r.hours ->> 1)::float AS high,
               r.checklist @> '[{{"blocks": true}}]' AS blocks
        FROM {FunctionMigration._meta.db_table} AS f, jsonb_to_record(f.readiness)
             AS r(score int, size text, hours jsonb, checklist jsonb)
        WHERE f.gone_at IS NULL OFFSET 0
    ) AS rated
    GROUP BY 1, 2, 3, 4
"""  # noqa: S608 - constants of this module
"""Each document is taken apart once: with a path for each number ten thousand of them took a second."""
