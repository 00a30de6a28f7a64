"""Carries validation runs out: both sides get each event, the answers become pairs and a verdict.

Theory of operation. A run has ``wanted_pairs`` positions; position p takes event p modulo the suite's size.
Its worker goes through the positions that have no pair yet, in batches: calls happen in threads, outside any
transaction; the pairs of a batch are stored at once, under the lease. A worker killed inside a batch leaves
nothing of it, and the next one repeats those calls, which the side-effect contract allows: without one of
read-only, repeatable or isolated no run starts. Which side goes first is drawn per position, seeded by the
run.
"""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TypeVar

import orjson
from django.utils import timezone

from cutover import comparison as comparing
from cutover.analysis import judge
from cutover.errors import CloudError, Throttled, UnsupportedFeature
from cutover.observation import Observation, Outcome, Side
from cutover.planning import ALIAS
from cutover.ports import Invoker, Logs
from migrations_app.models import FunctionMigration, Pair, Run, SuiteEvent
from migrations_app.services import evidence, rules, validation
from migrations_app.services.policies import policy_for
from migrations_app.services.validation import RunLease, RunLeaseLost
from workers import wiring

THREADS = 6
BATCH = 24
_RENEW_S = 10
_THROTTLE_TRIES = 4
_LOGS_WAIT_S = 0.4
_LOGS_TRIES = 2
_T = TypeVar("_T")


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where one side is called: ``function`` under ``qualifier``; ``timeout_s``: the function's own limit."""

    side: Side
    invoker: Invoker
    logs: Logs
    function: str
    qualifier: str
    timeout_s: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """One position of a run: its event, and which side is called first."""

    position: int
    title: str
    event: object
    first: Side


class Silence(CloudError):
    """No call of a whole batch was answered, so the run was stopped. Check the connection, then run again."""


def run_due(owner: str) -> Run | None:
    """Carry one due run out, if there is one."""
    lease = validation.claim_run(owner=owner)
    return _carry_out(lease) if lease else None


def carry_out_run(run_id: uuid.UUID | str, *, owner: str) -> Run | None:
    """Carry the run out if it is due; None when another worker has it or it has ended."""
    lease = validation.claim_run(owner=owner, run_id=uuid.UUID(str(run_id)))
    return _carry_out(lease) if lease else None


def _carry_out(lease: RunLease) -> Run | None:
    """Carry a claimed run out.

    1. read the run, its events and the rules that hold;
    2. warm both sides up, unless pairs are in already;
    3. batch by batch: call both sides, fetch late logs, compare, store; stop when the lease is lost;
    4. judge all pairs of the run and finish.
    """
    try:
        return _all_pairs(lease)
    except RunLeaseLost:
        return None
    except (CloudError, UnsupportedFeature) as exc:
        return validation.fail_run(lease, str(exc))


def _all_pairs(lease: RunLease) -> Run:
    run = Run.objects.select_related("function__connection__counterpart", "suite").get(pk=lease.run_id)
    places = _places(run.function)
    held = rules.active(run.function_id)
    events = list(run.suite.events.all())
    stored = validation.stored_positions(run.pk)
    missing = [position for position in range(run.wanted_pairs) if position not in stored]
    warm_up = 0
    with ThreadPoolExecutor(THREADS, thread_name_prefix="validate") as pool:
        if not stored:
            warm_up = _warm_up(lease, pool, places, events)
        for positions in _batches(missing):
            asked = [_asked(run, events, position) for position in positions]
            observed = _wait(lease, [pool.submit(_observe, places, one) for one in asked])
            _stop_when_silent(observed)
            observed = _with_logs(lease, places, observed)
            validation.store_pairs(
                lease, [_row(run, one, pair, held) for one, pair in zip(asked, observed, strict=True)]
            )
    return _finish(lease, run, warm_up)


def _finish(lease: RunLease, run: Run, warm_up: int) -> Run:
    found, pairs = evidence.paired_evidence(run)
    verdict = judge(found, policy_for(run.function).analysis)
    explaining = [str(pairs[index].pk) for index in verdict.explains]
    return validation.finish_run(
        lease, verdict, detail={"explains_pairs": explaining, "warm_up_calls": warm_up, "pairs": len(found)}
    )


# ------------------------------------------------------------------------------------------- calling


def _places(function: FunctionMigration) -> dict[Side, Place]:
    connection = function.connection
    if connection.counterpart is None:
        raise UnsupportedFeature("alibaba", f"{connection.name} has no Alibaba connection to compare with")
    primary, candidate = wiring.primary(connection), wiring.candidate(connection.counterpart)
    timeout_s = float(function.facts.get("timeout_s") or 3)
    return {
        Side.PRIMARY: Place(
            side=Side.PRIMARY,
            invoker=primary.invoker,
            logs=primary.logs,
            function=function.name,
            qualifier=primary_qualifier(function),
            timeout_s=timeout_s,
        ),
        Side.CANDIDATE: Place(
            side=Side.CANDIDATE,
            invoker=candidate.invoker,
            logs=candidate.logs,
            function=str(function.target["name"]),
            qualifier=str(function.deployment.get("version") or ALIAS),
            timeout_s=float(function.target.get("timeout_s") or timeout_s),
        ),
    }


def primary_qualifier(function: FunctionMigration) -> str:
    """Give the version that answers as the original: never a tap, whose reports would count as traffic."""
    if version := function.routing.get("original_version"):
        return str(version)
    alias = function.facts.get("aliases", {}).get(ALIAS) or {}
    return str(alias.get("version") or "$LATEST")


def _asked(run: Run, events: Sequence[SuiteEvent], position: int) -> Asked:
    row = events[position % len(events)]
    # Seeded, so that a repeated batch asks in the same order; nothing secret hangs on it.
    first = random.Random(f"{run.pk}:{position}").choice((Side.PRIMARY, Side.CANDIDATE))  # noqa: S311
    return Asked(position=position, title=row.title, event=row.event, first=first)


def _observe(places: dict[Side, Place], asked: Asked) -> dict[Side, Observation]:
    second = Side.CANDIDATE if asked.first is Side.PRIMARY else Side.PRIMARY
    payload = orjson.dumps(asked.event)
    return {side: _invoke(places[side], payload) for side in (asked.first, second)}


def _invoke(place: Place, payload: bytes) -> Observation:
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


def _warm_up(
    lease: RunLease, pool: ThreadPoolExecutor, places: dict[Side, Place], events: Sequence[SuiteEvent]
) -> int:
    """Call each side once per thread, so that measured calls find warm functions. Gives the calls made."""
    payloads = [orjson.dumps(events[number % len(events)].event) for number in range(THREADS)]
    calls = [pool.submit(_invoke, place, payload) for place in places.values() for payload in payloads]
    return len(_wait(lease, calls))


def _wait(lease: RunLease, calls: Sequence[Future[_T]]) -> list[_T]:
    """Wait for all, renewing the lease meanwhile; the first error stops the rest."""
    open_calls = set(calls)
    renewed = time.monotonic()
    try:
        while open_calls:
            done, open_calls = wait_for(open_calls, timeout=_RENEW_S, return_when="FIRST_EXCEPTION")
            for call in done:
                call.result()
            if time.monotonic() - renewed > _RENEW_S / 2:
                validation.renew(lease)
                renewed = time.monotonic()
    finally:
        for call in open_calls:
            call.cancel()
    return [call.result() for call in calls]


def _stop_when_silent(observed: Sequence[dict[Side, Observation]]) -> None:
    unanswered = {Outcome.NO_ANSWER, Outcome.THROTTLED}
    for side, cloud in ((Side.PRIMARY, "aws"), (Side.CANDIDATE, "alibaba")):
        if all(pair[side].outcome in unanswered for pair in observed):
            raise Silence(
                f"None of {len(observed)} calls was answered ({observed[0][side].outcome.value}). "
                "Nothing was judged; check the connection, then validate again.",
                cloud=cloud,
                operation="invoke",
            )


# -------------------------------------------------------------------------------------------- pairs


def _with_logs(
    lease: RunLease, places: dict[Side, Place], observed: list[dict[Side, Observation]]
) -> list[dict[Side, Observation]]:
    """Fetch the logs that did not come with the answers; what has not arrived stays pending."""
    for attempt in range(_LOGS_TRIES):
        waiting = [pair for pair in observed if any(one.logs is None for one in pair.values())]
        if not waiting:
            break
        if attempt:
            time.sleep(_LOGS_WAIT_S)
        for pair in waiting:
            pair.update({side: _logged(places[side], one) for side, one in pair.items()})
    validation.renew(lease)
    return observed


def _logged(place: Place, seen: Observation) -> Observation:
    if seen.logs is not None or not seen.request_id or seen.outcome is Outcome.THROTTLED:
        return seen
    try:
        lines = place.logs.lines(
            place.function,
            seen.request_id,
            since=seen.at - timedelta(seconds=5),
            until=timezone.now() + timedelta(seconds=5),
        )
    except CloudError:
        # Logs are shown and decide nothing by default: an answer without them still is evidence.
        return seen
    return seen if lines is None else replace(seen, logs=lines)


def _row(run: Run, asked: Asked, pair: dict[Side, Observation], held: Sequence[comparing.Rule]) -> Pair:
    primary, candidate = pair[Side.PRIMARY], pair[Side.CANDIDATE]
    return evidence.pair(
        run,
        position=asked.position,
        title=asked.title,
        event=asked.event,
        first_side=asked.first,
        primary=primary,
        candidate=candidate,
        compared=comparing.compare(primary, candidate, rules=held),
    )


def _batches(positions: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(positions), BATCH):
        yield positions[start : start + BATCH]
