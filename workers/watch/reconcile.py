"""Reads each alias back and stores what it says, so that drift from what was wanted shows."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from django.utils import timezone

from cutover.errors import CloudError, NotFound
from cutover.phases import Phase
from cutover.planning import ALIAS, FULL_BP
from cutover.ports import Route
from migrations_app.models import FunctionMigration
from migrations_app.services import live
from workers import wiring

logger = logging.getLogger(__name__)
ROUTED = (Phase.SHIFTING, Phase.CUT_OVER, Phase.ROLLED_BACK)


def reconcile() -> tuple[int, ...]:
    """Read the weight of every function that has routing. Gives the keys of those where it changed.

    Raises CloudError, after all were tried, when one could not be read: the last one's.
    """
    rows = (
        FunctionMigration.objects.filter(phase__in=ROUTED, gone_at=None)
        .exclude(routing={})
        .select_related("connection")
    )
    changed, trouble = [], None
    for function in rows:
        try:
            if _read(function):
                changed.append(function.pk)
        except CloudError as exc:
            trouble = exc
            logger.warning("The weight of %s could not be read: %s", function.name, exc)
    if trouble is not None:
        raise trouble
    return tuple(changed)


def _read(function: FunctionMigration) -> bool:
    try:
        route = wiring.primary(function.connection).router.read(function.name, ALIAS)
    except NotFound:
        observed = None
    else:
        observed = weight_of(route, function.routing)
    stored = live.confirm_weight(function, observed, read_at=timezone.now())
    return stored and observed != function.observed_weight_bp


def weight_of(route: Route, routing: Mapping[str, str]) -> int:
    """Give the candidate's weight that an alias means, in basis points."""
    relay = routing.get("relay_version") or ""
    if relay and route.version == relay:
        return FULL_BP - sum(route.weights.values())
    return int(route.weights.get(relay, 0)) if relay else 0
