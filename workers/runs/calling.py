"""Calls one side of a pair, and knows where each side is called."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass

import orjson

from cutover.errors import Throttled, UnsupportedFeature
from cutover.observation import Observation, Outcome, Side
from cutover.planning import ALIAS
from cutover.ports import Invoker, Logs
from migrations_app.models import FunctionMigration
from workers import wiring
from workers.runs import effects
from workers.runs.effects import Looks

_THROTTLE_TRIES = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where one side is called: ``function`` under ``qualifier``; ``timeout_s``: the function's own limit.

    ``looks``: what looks for effects around each call of a pair.
    """

    side: Side
    invoker: Invoker
    logs: Logs
    function: str
    qualifier: str
    timeout_s: float
    looks: Looks | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """One position of a run: its event, and which side is called first."""

    position: int
    title: str
    event: object
    first: Side


Both = dict[Side, Observation]
"""What the two sides did with one event."""


def places(function: FunctionMigration) -> dict[Side, Place]:
    """Give both places. Raises UnsupportedFeature when there is no Alibaba connection."""
    connection = function.connection
    if connection.counterpart is None:
        raise UnsupportedFeature("alibaba", f"{connection.name} has no Alibaba connection to compare with")
    primary, candidate = wiring.primary(connection), wiring.candidate(connection.counterpart)
    looks = effects.looks(function, primary, candidate)
    timeout_s = float(function.facts.get("timeout_s") or 3)
    return {
        Side.PRIMARY: Place(
            side=Side.PRIMARY,
            invoker=primary.invoker,
            logs=primary.logs,
            function=function.name,
            qualifier=primary_qualifier(function),
            timeout_s=timeout_s,
            looks=looks[Side.PRIMARY],
        ),
        Side.CANDIDATE: Place(
            side=Side.CANDIDATE,
            invoker=candidate.invoker,
            logs=candidate.logs,
            function=str(function.target["name"]),
            qualifier=str(function.deployment.get("version") or ALIAS),
            timeout_s=float(function.target.get("timeout_s") or timeout_s),
            looks=looks[Side.CANDIDATE],
        ),
    }


def primary_qualifier(function: FunctionMigration) -> str:
    """Give the version that answers as the original: never a tap, whose reports would count as traffic."""
    if version := function.routing.get("original_version"):
        return str(version)
    alias = function.facts.get("aliases", {}).get(ALIAS) or {}
    return str(alias.get("version") or "$LATEST")


def observe(where: dict[Side, Place], asked: Asked) -> Both:
    """Call both sides with one event, one after the other, and look at their twins around each call."""
    second = Side.CANDIDATE if asked.first is Side.PRIMARY else Side.PRIMARY
    payload = orjson.dumps(asked.event)
    return {side: _looked_at(where[side], payload) for side in (asked.first, second)}


def _looked_at(place: Place, payload: bytes) -> Observation:
    return effects.around(place.looks, lambda: invoke(place, payload))


def invoke(place: Place, payload: bytes) -> Observation:
    """Call once. Only a refusal for going too fast is tried again: the function has not run then."""
    for attempt in range(_THROTTLE_TRIES):
        try:
            seen = place.invoker.invoke(
                place.function, payload, qualifier=place.qualifier, timeout_s=place.timeout_s
            )
        except Throttled:
            if attempt == _THROTTLE_TRIES - 1:
                raise
        else:
            if seen.outcome is not Outcome.THROTTLED or attempt == _THROTTLE_TRIES - 1:
                return seen
        time.sleep(random.uniform(0.5, 1) * 0.2 * 2**attempt)  # noqa: S311 - jitter
    raise AssertionError("unreachable: the last attempt returns or raises")
