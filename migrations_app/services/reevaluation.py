"""Compares a function's stored pairs anew under the rules and the noise of now.

Theory of operation. A row per function says how far back its pairs were seen, newest first. A worker takes a
due row under a lease, compares batches outside of any transaction and writes what changed in short ones: the
pair, its minute's counts and its run's outcomes move together. Every write asserts ``asked``, so that a rule
saved meanwhile begins the work again and a worker that comes back late writes nothing. While a validation of
the function is open the work waits, since that one holds the rules it began with.

A body that was cut or redacted before it was stored cannot be compared anew; such a pair stays as it is, is
counted as ``kept``, and its page says so.

When the pairs of the newest verdict are through, and again when all are, that verdict is drawn anew. It
belongs to what its pairs were gathered on and to the rules that they have now been compared under, so it is
as fresh as those pairs are: its age stays that of the validation, and it is stale only if code,
configuration, role or translator changed since. It moves the phase as a validation's verdict does. Not so
where a rule was retired that may still hide something in pairs that could not be compared anew: that
verdict stays stale, and only a validation helps.
"""

from __future__ import annotations

import datetime as dt
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from cutover import comparison as comparing
from cutover import noise as rules_of_noise
from cutover.comparison import Comparison, PairOutcome
from cutover.observation import Side
from migrations_app.models import FunctionMigration, Pair, PairMinute, Reevaluation, Rule, Run
from migrations_app.services import bell, evidence, noise, rules, tallies, validation
from migrations_app.services.inventory import evidence_digest, gathered_digest

BATCH = 100
LEASE = dt.timedelta(seconds=60)
WAIT = dt.timedelta(seconds=5)
_AT_ONCE_S = 5.0
_OPEN = (Run.State.PENDING, Run.State.RUNNING)
_CLOCKS = dt.timedelta(minutes=1)
"""So far may the clocks of the processes lie apart that ask for a run and carry it out."""
_PAIRED = (Run.Kind.SUITE, Run.Kind.REPLAY)
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
    whole = bool(pairs) and _past_the_evidence(claim.function_id, row.before_at, pairs[-1].at)
    with transaction.atomic():
        function = _locked(claim) if whole else None
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
        if function:
            _judge_newest(function, _rows(claim).get())
    if len(pairs) < BATCH:
        _finish(claim)
    return len(pairs), len(pairs) == BATCH


def _past_the_evidence(function_id: int, before: dt.datetime | None, seen: dt.datetime) -> bool:
    """Tell whether this batch is the one that leaves the pairs of the newest verdict behind it."""
    runs = _together(_finished(function_id))
    if not runs:
        return False
    bound = min(run.created_at for run in runs) - _CLOCKS
    return seen < bound and (before is None or before >= bound)


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
    tally: tallies.Tally = Counter()
    for pair, fresh in changed:
        columns = evidence.columns_of(fresh)
        columns["comparison"] = pair.comparison | columns["comparison"]
        # Logs that came since it was read were compared under the rules of now already.
        as_read = Pair.objects.filter(pk=pair.pk, day=pair.day, logs_pending=pair.logs_pending)
        if not as_read.update(**columns):
            continue
        tally.update(tallies.moved(pair, columns["comparison"]))
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
    tallies.add(tally)
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
    """Say that all are through, and draw the newest verdict anew."""
    with transaction.atomic():
        function = _locked(claim)
        row = _rows(claim).select_for_update().first()
        if row is None:
            return
        row.due_at, row.finished_at = None, timezone.now()
        row.save(update_fields=["due_at", "finished_at"])
        _judge_newest(function, row)
        bell.tell(f"fn-{claim.function_id}")


def _locked(claim: _Claim) -> FunctionMigration:
    """Lock the function before everything else, as every writer does.

    While it and the row of the claim are held no rule is saved: those of the claim are those that hold now.
    """
    return FunctionMigration.objects.select_for_update().get(pk=claim.function_id)


def _finished(function_id: int) -> QuerySet[Run]:
    """Give the finished runs of a function that are evidence."""
    return Run.objects.filter(
        function_id=function_id,
        state=Run.State.FINISHED,
        kind__in=_PAIRED,
        primary_url="",
        candidate_url="",
    )


def _judge_newest(function: FunctionMigration, row: Reevaluation) -> None:
    finished = _finished(function.pk)
    newest = finished.select_related("function").order_by("-created_at").first()
    if newest is None:
        return
    basis = evidence_digest(function)
    renewed = [run for run in _together(finished) if _renewed(run, function, basis)]
    if not (renewed or row.changed):
        return
    run = next((one for one in renewed if one.pk == newest.pk), newest)
    latest = bool(function.verdict) and function.verdict == run.verdict
    if not validation.draw_anew(run):
        return
    run.save(update_fields=["verdict", "verdict_result"])
    if latest:
        _put(function, run, row)
    bell.tell(f"run-{run.pk}", "inbox")


def _together(finished: QuerySet[Run]) -> list[Run]:
    """Give the newest run of each kind: their pairs are evidence together."""
    newest = (finished.filter(kind=kind).order_by("-created_at").first() for kind in _PAIRED)
    return [run for run in newest if run is not None]


def _renewed(run: Run, function: FunctionMigration, basis: str) -> bool:
    """Write that the run's pairs count under the rules of now, if they do. Gives whether that is new."""
    if run.basis_digest == basis or run.gathered_digest != gathered_digest(function):
        return False
    if _hides_what_no_rule_does(run):
        return False
    run.basis_digest = basis
    run.save(update_fields=["basis_digest"])
    return True


def _hides_what_no_rule_does(run: Run) -> bool:
    """Tell whether a rule was retired and pairs that had to stay as they are may still lean on it."""
    scope = Q(function_id=run.function_id) | Q(function=None)
    if not Rule.objects.filter(scope, retired_at__gte=run.created_at).exists():
        return False
    hiding = Pair.objects.filter(run=run, day=run.day, comparison__counts__ignored__gt=0).defer("event")
    return any(evidence.why_kept(pair) for pair in hiding.iterator(chunk_size=BATCH))


def _put(function: FunctionMigration, run: Run, row: Reevaluation) -> None:
    """Put the verdict on the function. Its time stays: it is as old as its pairs."""
    function.verdict, function.verdict_result = run.verdict, run.verdict_result
    function.evidence_digest = run.basis_digest
    function.save(update_fields=["verdict", "verdict_result", "evidence_digest", "changed_at"])
    if run.basis_digest == evidence_digest(function):
        validation.move_by_verdict(function, actor=row.asked_by)
