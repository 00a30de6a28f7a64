"""Compares a function's stored pairs anew under the rules and the noise of now.

Theory of operation. A row per function says how far back its pairs were seen, newest first. A worker takes a
due row under a lease, compares batches outside of any transaction and writes what changed in short ones: the
pair, its minute's counts and its run's outcomes move together. Every write asserts ``asked``, so that a rule
saved meanwhile begins the work again and a worker that comes back late writes nothing. While a validation of
the function is open the work waits, since that one holds the rules it began with.

A body that was cut or redacted before it was stored cannot be compared anew; such a pair stays as it is, is
counted as ``kept``, and its page says so. When all are through, the newest verdict is drawn anew; a phase is
never moved by it.
"""

from __future__ import annotations

import datetime as dt
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Q
from django.utils import timezone

from cutover import comparison as comparing
from cutover import noise as rules_of_noise
from cutover.analysis import judge, verdict_document
from cutover.comparison import Comparison, PairOutcome
from cutover.observation import Side
from migrations_app.models import FunctionMigration, Pair, PairMinute, Reevaluation, Run
from migrations_app.services import bell, evidence, noise, rules
from migrations_app.services.policies import policy_for

BATCH = 100
LEASE = dt.timedelta(seconds=60)
WAIT = dt.timedelta(seconds=5)
_AT_ONCE_S = 5.0
_OPEN = (Run.State.PENDING, Run.State.RUNNING)
_MINUTES = PairMinute._meta.db_table


@dataclass(frozen=True, kw_only=True, slots=True)
class _Claim:
    """The right to go on with one function's pairs, for one request."""

    function_id: int
    asked: int


def run_due(*, seconds: float = _AT_ONCE_S) -> int:
    """Go on with what is due, for a few seconds; give how many pairs were seen."""
    until, seen = time.monotonic() + seconds, 0
    while time.monotonic() < until and (claim := _claim()):
        held, known = rules.active(claim.function_id), noise.knowledge(claim.function_id)
        more = True
        while more and time.monotonic() < until:
            number, more = _batch(claim, held, known)
            seen += number
        if more:
            _rows(claim).update(due_at=timezone.now())
    return seen


def anew(row: Pair, held: Sequence[comparing.Rule], known: rules_of_noise.Knowledge) -> Comparison | None:
    """Give the comparison of a stored pair under these rules and this noise; None when it must stay."""
    if evidence.why_kept(row) or row.outcome == PairOutcome.NOT_COMPARABLE:
        return None
    primary = evidence.observation_from_document(Side.PRIMARY, row.primary)
    candidate = evidence.observation_from_document(Side.CANDIDATE, row.candidate)
    fresh = noise.classified(comparing.compare(primary, candidate, rules=held), known)
    return _with_effects(fresh, comparing.from_document(row.comparison))


def _with_effects(fresh: Comparison, stored: Comparison) -> Comparison:
    """Keep what was found in the effects, when they were not compared anew."""
    effects = [one for one in stored.differences if one.part == "effects"]
    if fresh.effect_rows is not None or stored.effect_rows is None:
        return fresh
    counts = Counter(one.standing.value for one in effects)
    whole = replace(
        fresh,
        differences=(*fresh.differences, *effects),
        effect_rows=stored.effect_rows,
        counts={word: number + counts[word] for word, number in fresh.counts.items()},
    )
    return comparing.restated(whole, whole.differences)


# --------------------------------------------------------------------------------------- one at a time


def _claim() -> _Claim | None:
    now = timezone.now()
    with transaction.atomic():
        due = Reevaluation.objects.filter(due_at__lte=now).order_by("due_at")
        row = due.select_for_update(skip_locked=True).first()
        if row is None:
            return None
        waits = Run.objects.filter(function_id=row.pk, state__in=_OPEN).exists()
        Reevaluation.objects.filter(pk=row.pk).update(due_at=now + (WAIT if waits else LEASE))
        return None if waits else _Claim(function_id=row.pk, asked=row.asked)


def _rows(claim: _Claim) -> Any:
    return Reevaluation.objects.filter(pk=claim.function_id, asked=claim.asked)


def _batch(
    claim: _Claim, held: Sequence[comparing.Rule], known: rules_of_noise.Knowledge
) -> tuple[int, bool]:
    """See one batch; give its size, and whether anything is left to do here."""
    row = _rows(claim).first()
    if row is None:
        return 0, False
    found = Pair.objects.filter(function_id=claim.function_id)
    if row.before_at:
        earlier = Q(at__lt=row.before_at) | Q(at=row.before_at, pk__lt=row.before_id)
        found = found.filter(earlier, at__lte=row.before_at)
    pairs = list(found.order_by("-at", "-pk")[:BATCH])
    judged = [(pair, anew(pair, held, known)) for pair in pairs]
    changed = [(pair, fresh) for pair, fresh in judged if fresh is not None and _differs(pair, fresh)]
    with transaction.atomic():
        if not _rows(claim).select_for_update().exists():
            return 0, False
        _write(changed)
        _rows(claim).update(
            seen=F("seen") + len(pairs),
            changed=F("changed") + len(changed),
            kept=F("kept") + sum(1 for pair in pairs if evidence.why_kept(pair)),
            due_at=timezone.now() + LEASE,
            **({"before_at": pairs[-1].at, "before_id": pairs[-1].pk} if pairs else {}),
        )
    if len(pairs) < BATCH:
        _finish(claim)
    return len(pairs), len(pairs) == BATCH


def _differs(pair: Pair, fresh: Comparison) -> bool:
    stored, document = pair.comparison, evidence.comparison_document(fresh)
    return any(stored.get(key) != value for key, value in document.items()) or pair.outcome != fresh.outcome


def write(changed: Sequence[tuple[Pair, Comparison]]) -> None:
    """Store comparisons made anew: the pair, its minute's counts and its run's outcomes move together."""
    with transaction.atomic():
        _write(changed)


def _write(changed: Sequence[tuple[Pair, Comparison]]) -> None:
    minutes: Counter[tuple[dt.datetime, int, str]] = Counter()
    of_runs: dict[Any, Counter[str]] = {}
    for pair, fresh in changed:
        columns = evidence.columns_of(fresh)
        columns["comparison"] = pair.comparison | columns["comparison"]
        Pair.objects.filter(pk=pair.pk, day=pair.day).update(**columns)
        if pair.outcome == fresh.outcome.value:
            continue
        minute = pair.at.replace(second=0, microsecond=0)
        minutes[minute, pair.function_id, pair.outcome] -= 1
        minutes[minute, pair.function_id, fresh.outcome.value] += 1
        if pair.run_id:
            moved = of_runs.setdefault(pair.run_id, Counter())
            moved[pair.outcome] -= 1
            moved[fresh.outcome.value] += 1
    _move_minutes(minutes)
    for run in Run.objects.select_for_update().filter(pk__in=of_runs).order_by("pk"):
        outcomes = Counter(run.outcomes)
        outcomes.update(of_runs[run.pk])
        run.outcomes = {word: number for word, number in outcomes.items() if number > 0}
        run.save(update_fields=["outcomes"])


def _move_minutes(minutes: Mapping[tuple[dt.datetime, int, str], int]) -> None:
    with connection.cursor() as cursor:
        # The order of services.results.roll_up, so that no two writers wait for each other.
        for (at, function_id, outcome), moved in sorted(minutes.items()):
            if moved > 0:
                cursor.execute(
                    f'INSERT INTO "{_MINUTES}" (at, function_id, outcome, pairs)'  # noqa: S608
                    " VALUES (%s, %s, %s, %s) ON CONFLICT (at, function_id, outcome)"
                    f' DO UPDATE SET pairs = "{_MINUTES}".pairs + EXCLUDED.pairs',
                    [at, function_id, outcome, moved],
                )
            elif moved < 0:
                rows = PairMinute.objects.filter(at=at, function_id=function_id, outcome=outcome)
                rows.filter(pairs__gte=-moved).update(pairs=F("pairs") + moved)


def _finish(claim: _Claim) -> None:
    """Say that all are through, and draw the newest verdict anew where that changed anything."""
    with transaction.atomic():
        row = _rows(claim).select_for_update().first()
        if row is None:
            return
        row.due_at, row.finished_at = None, timezone.now()
        row.save(update_fields=["due_at", "finished_at"])
        if row.changed:
            _judge_newest(claim.function_id)
        bell.tell(f"fn-{claim.function_id}")


def _judge_newest(function_id: int) -> None:
    function = FunctionMigration.objects.select_for_update().get(pk=function_id)
    finished = function.runs.filter(state=Run.State.FINISHED, primary_url="", candidate_url="")
    run = finished.order_by("-created_at").first()
    if run is None:
        return
    found, pairs = evidence.paired_evidence(run)
    if not found:
        return
    verdict = judge(found, policy_for(function).analysis)
    kept = {key: run.verdict[key] for key in ("warm_up_calls", "pairs") if key in run.verdict}
    explaining = {"explains_pairs": [str(pairs[index].pk) for index in verdict.explains]}
    latest = bool(function.verdict) and function.verdict == run.verdict
    run.verdict = verdict_document(verdict) | kept | explaining
    run.verdict_result = verdict.result.value
    run.save(update_fields=["verdict", "verdict_result"])
    if latest:
        function.verdict, function.verdict_result = run.verdict, run.verdict_result
        function.save(update_fields=["verdict", "verdict_result", "changed_at"])
    bell.tell(f"run-{run.pk}", "inbox")
