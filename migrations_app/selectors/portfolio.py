"""The whole portfolio in four queries: counts, inbox, what moves, and how phases grew."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Count, Sum
from django.utils import timezone

from cutover.phases import Phase
from migrations_app.models import FunctionMigration, PhaseChange, TrafficSlot
from migrations_app.selectors.inbox import InboxItem, inbox

ON_FC = (Phase.CUT_OVER, Phase.DECOMMISSIONING, Phase.DECOMMISSIONED)
MOVING = (Phase.DEPLOYED, Phase.VALIDATED, Phase.SHIFTING, Phase.ROLLED_BACK, Phase.RESTORING, Phase.CUT_OVER)
MOST_MOVING = 25


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One move of one function, for the chart."""

    at: dt.datetime
    before: str
    after: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """How many stand in each phase now, and the moves that led there, oldest first."""

    now: dt.datetime
    phases: Mapping[str, int]
    changes: tuple[Change, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Portfolio:
    """What the portfolio page shows; all counts come from one reading."""

    functions: int
    on_fc: int
    moving_count: int
    fc_share: float | None
    good_share: float | None
    inbox: tuple[InboxItem, ...]
    moving: tuple[FunctionMigration, ...]
    progress: Progress


def portfolio() -> Portfolio:
    """Give the portfolio. Five queries."""
    now = timezone.now()
    phases = dict(FunctionMigration.objects.order_by().values_list("phase").annotate(n=Count("pk")))
    moving = (
        FunctionMigration.objects.filter(phase__in=MOVING)
        .defer("findings", "code_findings", "waivers", "live_state", "target", "archive")
        .order_by("-changed_at")[:MOST_MOVING]
    )
    changes = PhaseChange.objects.order_by("-id").values_list("at", "before", "after")[:5000]
    fc_share, good_share = _traffic(now)
    return Portfolio(
        functions=sum(phases.values()),
        on_fc=sum(phases.get(phase.value, 0) for phase in ON_FC),
        moving_count=sum(phases.get(phase.value, 0) for phase in MOVING),
        fc_share=fc_share,
        good_share=good_share,
        inbox=inbox(),
        moving=tuple(moving),
        progress=Progress(
            now=now,
            phases=phases,
            changes=tuple(
                Change(at=at, before=before, after=after) for at, before, after in reversed(changes)
            ),
        ),
    )


def _traffic(now: dt.datetime) -> tuple[float | None, float | None]:
    """Give FC's share of requests and the share of them without an error, last hour, in percent."""
    rows = (
        TrafficSlot.objects.filter(at__gte=now - dt.timedelta(hours=1))
        .order_by()
        .values_list("side")
        .annotate(events=Sum("events"), errors=Sum("errors"))
    )
    sums = {side: (events, errors) for side, events, errors in rows}
    everything = sum(events for events, _errors in sums.values())
    if not everything:
        return None, None
    failed = sum(errors for _events, errors in sums.values())
    return 100 * sums.get("candidate", (0, 0))[0] / everything, 100 * (1 - failed / everything)
