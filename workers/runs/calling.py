"""Calls one side of a pair, and knows where each side is called."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import orjson

from cutover.errors import Throttled, UnsupportedFeature
from cutover.observation import Observation, Outcome, Side
from cutover.planning import ALIAS
from cutover.ports import CandidateCloud, Invoker, Logs, PrimaryCloud
from migrations_app.models import FunctionMigration, Run
from workers import wiring
from workers.runs import effects, replays
from workers.runs.bracket import Bracket

_THROTTLE_TRIES = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where one side is called: ``function`` under ``qualifier``; ``timeout_s``: the function's own limit.

    ``bracket``: what looks for effects around each call of a pair; both sides may have one in common.
    ``not_compared``: why effects are not compared although there are twins.
    """

    side: Side
    invoker: Invoker
    logs: Logs
    function: str
    qualifier: str
    timeout_s: float
    bracket: Bracket | None = None
    not_compared: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """One position of a run: its event, and which side is called first."""

    position: int
    title: str
    event: object
    first: Side
    recorded: Observation | None = None
    """What AWS answered when the event was live: it is not called again."""
    expected: tuple[Mapping[str, str], ...] | None = None
    """Effects that each side must have; None: nobody said."""


Both = dict[Side, Observation]
"""What the two sides did with one event."""


def places(run: Run, *, looking: bool = True) -> dict[Side, Place]:
    """Give both places of a run; of one that only learns, AWS's alone.

    Effects are looked at only where both sides are in their clouds, and not at all unless ``looking``.

    Raises:
        UnsupportedFeature: there is no Alibaba connection, or a twin cannot be looked at.
        BadInput: an address that stands for a side may not be called.
    """
    urls = {Side.PRIMARY: run.primary_url, Side.CANDIDATE: run.candidate_url}
    in_cloud = {Side.PRIMARY: _primary, Side.CANDIDATE: _candidate}
    found = {
        side: _addressed(run.function, side, urls[side]) if urls[side] else in_cloud[side](run.function)
        for side in ((Side.PRIMARY,) if run.kind == Run.Kind.LEARN else tuple(Side))
    }
    if run.by_address or run.kind == Run.Kind.LEARN or not looking:
        return found
    brackets, why_not = effects.brackets(run, *_clouds(run.function)), replays.why_not_compared(run)
    return {
        side: replace(place, bracket=brackets.get(side), not_compared=why_not)
        for side, place in found.items()
    }


def _clouds(function: FunctionMigration) -> tuple[PrimaryCloud, CandidateCloud]:
    connection = function.connection
    if connection.counterpart is None:
        raise UnsupportedFeature("alibaba", f"{connection.name} has no Alibaba connection to compare with")
    return wiring.primary(connection), wiring.candidate(connection.counterpart)


def _primary(function: FunctionMigration) -> Place:
    cloud = wiring.primary(function.connection)
    return Place(
        side=Side.PRIMARY,
        invoker=cloud.invoker,
        logs=cloud.logs,
        function=function.name,
        qualifier=primary_qualifier(function),
        timeout_s=_timeout_s(function),
    )


def _candidate(function: FunctionMigration) -> Place:
    _, cloud = _clouds(function)
    return Place(
        side=Side.CANDIDATE,
        invoker=cloud.invoker,
        logs=cloud.logs,
        function=str(function.target["name"]),
        qualifier=str(function.deployment.get("version") or ALIAS),
        timeout_s=float(function.target.get("timeout_s") or _timeout_s(function)),
    )


def _addressed(function: FunctionMigration, side: Side, url: str) -> Place:
    return Place(
        side=side,
        invoker=wiring.emulator(url, side),
        logs=wiring.NO_LOGS,
        function=function.name,
        qualifier="",
        timeout_s=_timeout_s(function),
    )


def _timeout_s(function: FunctionMigration) -> float:
    return float(function.facts.get("timeout_s") or 3)


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
    if asked.recorded is not None:
        (candidate,) = _bracketed(where, (Side.CANDIDATE,), payload).values()
        return replays.beside(asked.recorded, candidate, where[Side.PRIMARY].not_compared)
    return _bracketed(where, (asked.first, second), payload)


def _bracketed(where: dict[Side, Place], sides: Sequence[Side], payload: bytes) -> Both:
    """Call sides in their order; those that have a bracket in common are looked at together."""
    found: Both = {}
    for side in sides:
        bracket = where[side].bracket
        if side in found:
            continue
        if bracket is None:
            found[side] = invoke(where[side], payload)
        else:
            together = [one for one in sides if where[one].bracket is bracket]
            found |= bracket.observe(together, payload, lambda one: invoke(where[one], payload))
    return found


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
