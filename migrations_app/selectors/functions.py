"""Functions as a list: search, filters and keyset pages. Two queries, one of them kept for some seconds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.core.cache import cache
from django.db.models import Count, F, IntegerField, Q, QuerySet, Value
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Coalesce

from cutover.phases import Phase
from migrations_app.models import FunctionMigration
from migrations_app.selectors.assessment import stands
from migrations_app.selectors.inbox import needs_a_person

PAGE_SIZE = 50
COUNTS_KEPT_S = 5
MARKS = ("attention", "drift", "hold", "moving")
SORTS = ("readiness",)
_AFTER_ALL_SCORES = 101


@dataclass(frozen=True, kw_only=True, slots=True)
class FunctionFilter:
    """What the reader asked for; every field stands in the address. ``after`` is where the last page ended.

    ``readiness`` is a word of ``assessment.STANDINGS``; ``sort`` is "" (by name) or "readiness" (lowest
    first, functions that are not assessed last).
    """

    q: str = ""
    phase: str = ""
    verdict: str = ""
    mark: str = ""
    readiness: str = ""
    sort: str = ""
    after: str = ""

    @property
    def set_fields(self) -> dict[str, str]:
        """Give the filters that are set, without the page."""
        fields = {
            "q": self.q,
            "phase": self.phase,
            "verdict": self.verdict,
            "mark": self.mark,
            "readiness": self.readiness,
        }
        return {name: value for name, value in fields.items() if value}


@dataclass(frozen=True, kw_only=True, slots=True)
class FunctionPage:
    """Fifty rows, how many match, how many stand in each phase, and where the next page begins."""

    rows: tuple[FunctionMigration, ...]
    total: int
    phases: Mapping[str, int]
    next_after: str


def page(asked: FunctionFilter) -> FunctionPage:
    """Give one page of functions, by name or by readiness."""
    rows = _after(_matching(asked), asked)
    order = ("score", "name", "pk") if asked.sort else ("name", "pk")
    found = list(
        rows.defer("findings", "code_findings", "waivers", "live_state", "target", "archive").order_by(
            *order
        )[: PAGE_SIZE + 1]
    )
    more, found = len(found) > PAGE_SIZE, found[:PAGE_SIZE]
    phases = _counts(asked)
    return FunctionPage(
        rows=tuple(found),
        total=sum(count for phase, count in phases.items() if asked.phase in ("", phase)),
        phases=phases,
        next_after=_place(found[-1], asked) if more else "",
    )


def _after(rows: QuerySet[FunctionMigration], asked: FunctionFilter) -> QuerySet[FunctionMigration]:
    """Leave out what the pages before had."""
    place, _, key = asked.after.rpartition("~")
    pk = int(key) if key.isdigit() else 0
    score, _, name = place.partition("~") if asked.sort else ("", "", place)
    further = Q(name__gt=name) | Q(name=name, pk__gt=pk)
    if not asked.sort:
        return rows.filter(further) if asked.after else rows
    known = Cast(KT("readiness__score"), IntegerField())
    rows = rows.annotate(score=Coalesce(known, Value(_AFTER_ALL_SCORES)))
    if not score.isdigit():
        return rows
    return rows.filter(Q(score__gt=int(score)) | (Q(score=int(score)) & further))


def _place(last: FunctionMigration, asked: FunctionFilter) -> str:
    score = last.readiness.get("score", _AFTER_ALL_SCORES)
    return f"{score}~{last.name}~{last.pk}" if asked.sort else f"{last.name}~{last.pk}"


def suggestions(part: str, limit: int = 5) -> list[str]:
    """Give names that contain ``part``, for a 404 that helps."""
    return list(
        FunctionMigration.objects.filter(name__icontains=part[:40]).values_list("name", flat=True)[:limit]
    )


def _matching(asked: FunctionFilter, *, any_phase: bool = False) -> QuerySet[FunctionMigration]:
    rows = FunctionMigration.objects.all()
    if asked.q:
        rows = rows.filter(name__icontains=asked.q)
    if asked.phase and not any_phase:
        rows = rows.filter(phase=asked.phase)
    if asked.verdict:
        rows = rows.filter(verdict_result="" if asked.verdict == "none" else asked.verdict)
    if asked.readiness:
        rows = rows.filter(stands(asked.readiness))
    match asked.mark:
        case "attention":
            rows = rows.filter(needs_a_person())
        case "hold":
            rows = rows.filter(held_at__isnull=False)
        case "drift":
            rows = rows.filter(observed_weight_bp__isnull=False).exclude(
                observed_weight_bp=F("desired_weight_bp")
            )
        case "moving":
            rows = rows.filter(phase__in=(Phase.SHIFTING, Phase.CUT_OVER))
    return rows


def _counts(asked: FunctionFilter) -> dict[str, int]:
    key = "functions:" + json.dumps({**asked.set_fields, "phase": ""}, sort_keys=True).encode().hex()[:200]
    kept: dict[str, Any] | None = cache.get(key)
    if kept is None:
        rows = _matching(asked, any_phase=True).order_by().values_list("phase").annotate(n=Count("pk"))
        kept = dict(rows)
        cache.set(key, kept, COUNTS_KEPT_S)
    return kept
