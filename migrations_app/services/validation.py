"""Validation as rows: runs, and what the worker that carries a run out writes down.

A run is claimed by a lease like an operation. Each batch of pairs is written in one short transaction that
asserts the lease first, and (run, position) is unique, so a run goes on where a killed worker left it and no
pair is stored twice.
"""

from __future__ import annotations

import datetime as dt
import math
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from cutover.addresses import checked_url
from cutover.analysis import Result, Verdict, judge, verdict_document
from cutover.errors import BadInput, CutoverError, GuardNotMet, OperationRunning, StaleState
from cutover.observation import Observation, Side
from cutover.phases import Phase, Trigger
from cutover.suites import MOST_EVENTS
from migrations_app.models import FunctionMigration, Pair, Run, Suite
from migrations_app.services import audit, bell, evidence, guards, noise, phases, results, suites, usage
from migrations_app.services.inventory import evidence_digest
from migrations_app.services.policies import policy_for

LEASE = dt.timedelta(seconds=30)
MOST_PAIRS = 100_000
MOST_CONCURRENCY = 64
MOST_WORKERS = 20
"""A run that so many workers did not bring to its end is stopped."""
LOGS_PATIENCE = dt.timedelta(minutes=20)

OPEN = (Run.State.PENDING, Run.State.RUNNING)


class WorkersLost(CutoverError):
    """Worker after worker ended while it carried this run out; it was stopped. Look at the workers' logs."""


class RunLeaseLost(StaleState):
    """The run was cancelled, or another worker carries it on. This one stops and writes nothing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RunLease:
    """The right to carry a run out until the lease ends."""

    run_id: uuid.UUID
    function_id: int
    owner: str


# ---------------------------------------------------------------------------------------------- runs


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What a run shall be, beside its number of pairs.

    ``suite``: name of the suite, ``tags``: only events with one of these. ``concurrency``: calls in flight on
    each side together. ``budget_gb_s``: GB-seconds of both sides after which no further pair is begun.
    ``learn``: events for which AWS is called twice first, to learn what differs by itself; None: as many as
    the policy says, where the declared effects allow it. ``primary_url``,
    ``candidate_url``: runtime interface emulators that stand for a side; they take one call at a time, and
    what such a run finds is no evidence for the function.
    """

    suite: str = "default"
    tags: Sequence[str] = ()
    concurrency: int = 6
    budget_gb_s: float | None = None
    learn: int | None = None
    primary_url: str = ""
    candidate_url: str = ""

    @property
    def addressed(self) -> frozenset[Side]:
        """The sides that an address stands for."""
        urls = {Side.PRIMARY: self.primary_url, Side.CANDIDATE: self.candidate_url}
        return frozenset(side for side, url in urls.items() if url)


def start_run(
    function_id: int,
    *,
    actor: str,
    reason: str = "",
    pairs: int | None = None,
    events_suite: str = "default",
    idempotency_key: str = "",
    concurrency: int = 6,
    budget_gb_s: float | None = None,
) -> Run:
    """Start a validation with a suite of the function; see ``start``."""
    wanted = Wanted(suite=events_suite, concurrency=concurrency, budget_gb_s=budget_gb_s)
    return start(
        function_id, wanted, actor=actor, reason=reason, pairs=pairs, idempotency_key=idempotency_key
    )


def start(
    function_id: int,
    wanted: Wanted,
    *,
    actor: str,
    reason: str = "",
    pairs: int | None = None,
    idempotency_key: str = "",
    kind: Run.Kind = Run.Kind.SUITE,
) -> Run:
    """Write a validation down and ring the bell. A function that was rolled back is reopened by it.

    A repeated ``idempotency_key`` gives the run that it made the first time.

    Raises:
        BadInput: a bound that makes no sense, or no event has one of the tags.
        GuardNotMet: not deployed, effects not declared, or the suite is empty.
        OperationRunning: another validation of the function is open.
    """
    _checked(wanted, pairs)
    run_id = (
        uuid.uuid5(uuid.NAMESPACE_OID, f"run:{function_id}:{idempotency_key}") if idempotency_key else None
    )
    results.ensure_days(timezone.now().date())
    with transaction.atomic():
        function = FunctionMigration.objects.select_for_update().get(pk=function_id)
        if run_id and (known := Run.objects.filter(pk=run_id).first()):
            return known
        forbidden = guards.validate_reasons(function, wanted.suite, addressed=wanted.addressed)
        if forbidden:
            raise GuardNotMet(guards.sentences(forbidden))
        if wanted.learn and function.effects not in noise.ALLOWED:
            raise GuardNotMet(
                [
                    "Noise is learned by calling AWS twice with one event, which only functions that are "
                    "declared read-only or repeatable allow. Declare it so if it is, or leave out --learn."
                ]
            )
        if open_run := function.runs.filter(state__in=OPEN).first():
            raise OperationRunning(
                f"A validation of {function.name} is running ({open_run.done_pairs} of "
                f"{open_run.wanted_pairs} pairs). Wait for it, or cancel it."
            )
        if function.stage is Phase.ROLLED_BACK and not wanted.addressed:
            phases.move(function, Trigger.REOPEN, actor=actor, reason=reason or "Validated again")
        suite = Suite.objects.get(function=function, name=wanted.suite)
        run = Run.objects.create(
            id=run_id or uuid.uuid4(),
            function=function,
            suite=suite,
            suite_version=suite.version,
            kind=kind,
            tags=sorted(set(wanted.tags)),
            wanted_pairs=pairs or policy_for(function).validation_pairs,
            concurrency=1 if wanted.addressed else wanted.concurrency,
            budget_gb_s=wanted.budget_gb_s,
            learn=_learned_from(function, wanted, kind),
            primary_url=wanted.primary_url,
            candidate_url=wanted.candidate_url,
            asked_by=actor,
            reason=reason[:400],
            basis_digest=evidence_digest(function),
        )
        if not suites.events_of_run(run):
            raise BadInput(f"No event of the suite '{suite.name}' has one of the tags {', '.join(run.tags)}.")
        audit.record(
            actor=actor,
            verb="validate:asked",
            function=function,
            reason=reason,
            detail={"run": str(run.pk), "pairs": run.wanted_pairs, "suite": wanted.suite, "kind": run.kind},
        )
        bell.ring("workers.run_validation", str(run.pk), queue="work")
        bell.tell(f"fn-{function.pk}", f"run-{run.pk}", "inbox")
    return run


def _checked(wanted: Wanted, pairs: int | None) -> None:
    if pairs is not None and not 1 <= pairs <= MOST_PAIRS:
        raise BadInput(f"The number of pairs lies between 1 and {MOST_PAIRS}.")
    if not 1 <= wanted.concurrency <= MOST_CONCURRENCY:
        raise BadInput(f"The number of calls in flight lies between 1 and {MOST_CONCURRENCY}.")
    if wanted.budget_gb_s is not None and not 0 < wanted.budget_gb_s < math.inf:
        raise BadInput("A budget is a number of GB-seconds above 0.")
    if not 0 <= (wanted.learn or 0) <= MOST_PAIRS:
        raise BadInput(f"The number of events to learn from lies between 0 and {MOST_PAIRS}.")
    if wanted.learn and wanted.primary_url:
        raise BadInput("Noise is learned from the function on AWS, not from an address that stands for it.")
    if max(len(wanted.primary_url), len(wanted.candidate_url)) > 300:
        raise BadInput("An address has at most 300 characters.")
    for url in (wanted.primary_url, wanted.candidate_url):
        if url:
            checked_url(url, settings.RIE_HOSTS)


def _learned_from(function: FunctionMigration, wanted: Wanted, kind: Run.Kind) -> int:
    """Give for how many events AWS is called twice: as asked, or by the policy where nothing forbids it."""
    if wanted.learn is not None:
        return wanted.learn
    forbidden = wanted.primary_url or kind != Run.Kind.SUITE or function.effects not in noise.ALLOWED
    return 0 if forbidden else policy_for(function).learn_events


def start_replay(
    function_id: int,
    *,
    actor: str,
    events: int,
    reason: str = "",
    concurrency: int = 6,
    budget_gb_s: float | None = None,
) -> tuple[Run, Mapping[str, int]]:
    """Start a replay on FC of what the tap reported last; AWS gave its answers then and is not called.

    Its pairs are evidence beside those of the latest suite run on the same code, configuration and rules.

    Returns:
        the run, and why reported events are left out: reason -> how many.

    Raises:
        BadInput: nothing that was reported can be sent again; the sentence says why.
        GuardNotMet, OperationRunning: as ``start``.
    """
    if not 1 <= events <= MOST_PAIRS:
        raise BadInput(f"The number of events lies between 1 and {MOST_PAIRS}.")
    found = suites.live_entries(function_id, at_most=min(events, MOST_EVENTS), answered=True)
    if not found.entries:
        why = ", ".join(f"{number} {reason}" for reason, number in found.left_out.items())
        raise BadInput(
            f"Nothing that the tap reported can be replayed ({why})."
            if why
            else "The tap has reported nothing yet: it does so from the first step of a shift on."
        )
    with transaction.atomic():
        suites.import_entries(function_id, found.entries, actor=actor, name=suites.REPLAY, source="live")
        run = start(
            function_id,
            Wanted(suite=suites.REPLAY, concurrency=concurrency, budget_gb_s=budget_gb_s),
            actor=actor,
            reason=reason,
            pairs=len(found.entries),
            kind=Run.Kind.REPLAY,
        )
    return run, found.left_out


def cancel_run(run_id: uuid.UUID | str, *, actor: str) -> Run:
    """Stop an open run after its present batch; pairs stay, no verdict is drawn.

    Raises StaleState when it ended before.
    """
    with transaction.atomic():
        run = Run.objects.select_for_update().select_related("function").get(pk=run_id)
        if run.state not in OPEN:
            raise StaleState(f"The validation is {run.state} already. Nothing was changed.")
        run.state, run.finished_at, run.lease_owner = Run.State.CANCELLED, timezone.now(), ""
        run.error = f"Cancelled by {actor}."
        run.save(update_fields=["state", "finished_at", "lease_owner", "error"])
        audit.record(
            actor=actor, verb="validate:cancelled", function=run.function, detail={"run": str(run.pk)}
        )
        bell.tell(f"fn-{run.function_id}", f"run-{run.pk}", "inbox")
    return run


# ------------------------------------------------------------------------------- carrying a run out


def claim_run(*, owner: str, run_id: uuid.UUID | None = None) -> RunLease | None:
    """Take the next due run, or the one named if it is due, for a lease. None: nothing is due."""
    now = timezone.now()
    with transaction.atomic():
        rows = Run.objects.filter(state__in=OPEN, due_at__lte=now)
        if run_id is not None:
            rows = rows.filter(pk=run_id)
        run = rows.order_by("due_at").select_for_update(skip_locked=True).first()
        if run is None:
            return None
        token = f"{owner[:40]}:{uuid.uuid4().hex}"
        Run.objects.filter(pk=run.pk).update(
            state=Run.State.RUNNING,
            lease_owner=token,
            lease_until=now + LEASE,
            due_at=now + LEASE,
            fence=F("fence") + 1,
        )
        bell.tell(f"run-{run.pk}", f"fn-{run.function_id}")
    return RunLease(run_id=run.pk, function_id=run.function_id, owner=token)


def renew(lease: RunLease) -> None:
    """Push the lease's end away from now. Raises RunLeaseLost."""
    until = timezone.now() + LEASE
    with transaction.atomic():
        _held(lease).update(lease_until=until, due_at=until)


def stored_positions(run_id: uuid.UUID) -> set[int]:
    """Give the positions whose pair is in already."""
    return set(Pair.objects.filter(run_id=run_id).values_list("position", flat=True))


def settle_interrupted(lease: RunLease, rows: Sequence[Pair]) -> Run:
    """Store the pairs of positions that a killed worker left in flight, and add as many positions.

    Raises BadInput when the run has met with that too often, RunLeaseLost.
    """
    if not rows:
        return _read(lease)
    with transaction.atomic():
        run = _held(lease).get()
        if run.fence > MOST_WORKERS:
            raise WorkersLost()
        run.wanted_pairs += len(rows)
        run.save(update_fields=["wanted_pairs"])
    return store_pairs(lease, rows)


def store_pairs(lease: RunLease, rows: Sequence[Pair], *, begun: Sequence[int] = ()) -> Run:
    """Write pairs, progress and use down, and the positions that are called next.

    A position that is in already stays as it is. Raises RunLeaseLost, also when the run was cancelled.
    """
    until = timezone.now() + LEASE
    with transaction.atomic():
        run = _held(lease).select_related("function__connection__counterpart", "suite").get()
        positions = [row.position for row in rows]
        stored = set(Pair.objects.filter(run=run, position__in=positions).values_list("position", flat=True))
        fresh = [row for row in rows if row.position not in stored]
        results.write(fresh)
        if not run.by_address:
            noise.count(run.function_id, fresh)
        outcomes = Counter(run.outcomes) + Counter(row.outcome for row in fresh)
        run.done_pairs, run.outcomes = outcomes.total(), dict(outcomes)
        run.in_flight = sorted({*run.in_flight, *begun} - set(positions))
        run.usage = usage.added(run.usage, fresh, run.function)
        run.lease_until = run.due_at = until
        run.save(update_fields=["done_pairs", "outcomes", "in_flight", "usage", "lease_until", "due_at"])
        bell.tell(f"run-{lease.run_id}", f"fn-{lease.function_id}")
    return run


def begin_learning(lease: RunLease, events: int) -> Run:
    """Write down that AWS is called twice for so many more events, before it is. Raises RunLeaseLost."""
    until = timezone.now() + LEASE
    with transaction.atomic():
        run = _held(lease).select_related("function__connection__counterpart", "suite").get()
        run.learned += events
        run.lease_until = run.due_at = until
        run.save(update_fields=["learned", "lease_until", "due_at"])
    return run


def count_calls(lease: RunLease, side: Side, seen: Sequence[Observation]) -> Run:
    """Add calls that make no pair to what the run has used. Raises RunLeaseLost."""
    with transaction.atomic():
        run = _held(lease).select_related("function__connection__counterpart", "suite").get()
        run.usage = usage.with_calls(run.usage, side, seen, run.function)
        run.save(update_fields=["usage"])
    return run


def over_budget(run: Run) -> bool:
    """Tell whether the run has used the GB-seconds that it may."""
    return run.budget_gb_s is not None and usage.gb_seconds(run.usage) >= run.budget_gb_s


def count_pending(run_id: uuid.UUID) -> int:
    """Give how many pairs of a run still wait for logs."""
    return Pair.objects.filter(run_id=run_id, logs_pending=True).count()


def runs_with_late_logs() -> list[Run]:
    """Give finished runs whose late logs are due to be asked for."""
    rows = Run.objects.filter(state=Run.State.FINISHED, logs_due_at__lte=timezone.now())
    return list(rows.select_related("function__connection__counterpart").order_by("logs_due_at")[:4])


def note_late_logs(run: Run, *, came: int) -> None:
    """Say when to ask again, and judge anew when logs came: they are a check of the verdict.

    The function's verdict follows only while it is this run's; a phase is not moved by logs that came late.
    """
    now = timezone.now()
    waited = now - (run.finished_at or now)
    again = now + max(dt.timedelta(seconds=5), waited / 2)
    lacking = count_pending(run.pk) > 0 and waited < LOGS_PATIENCE
    with transaction.atomic():
        function = FunctionMigration.objects.select_for_update().get(pk=run.function_id)
        fields = ["logs_due_at"]
        run.logs_due_at = again if lacking else None
        if came:
            evidence_now, _ = evidence.paired_evidence(run)
            verdict = judge(evidence_now, policy_for(function).analysis)
            latest = function.verdict == run.verdict
            kept = {
                key: run.verdict[key]
                for key in ("explains_pairs", "warm_up_calls", "pairs", "beside")
                if key in run.verdict
            }
            run.verdict = verdict_document(verdict) | kept
            run.verdict_result = verdict.result.value
            fields += ["verdict", "verdict_result"]
            if latest:
                function.verdict, function.verdict_result = run.verdict, run.verdict_result
                function.save(update_fields=["verdict", "verdict_result", "changed_at"])
            bell.tell(f"run-{run.pk}", f"fn-{function.pk}")
        run.save(update_fields=fields)


def _read(lease: RunLease) -> Run:
    return Run.objects.select_related("function__connection__counterpart", "suite").get(pk=lease.run_id)


def finish_run(
    lease: RunLease, verdict: Verdict, *, detail: Mapping[str, Any] | None = None, pending: int = 0
) -> Run:
    """End the run with its verdict, put the verdict on the function, and move the phase where it does.

    ``pending``: pairs whose logs have not arrived; they are asked for later.

    PASS validates; FAIL takes a validation back. A verdict on something that changed meanwhile moves nothing.
    Raises RunLeaseLost.
    """
    with transaction.atomic():
        # Function before run: the order in which every writer locks.
        function = FunctionMigration.objects.select_for_update().get(pk=lease.function_id)
        run = _held(lease).get()
        now = timezone.now()
        run.state, run.finished_at, run.lease_owner = Run.State.FINISHED, now, ""
        run.verdict = verdict_document(verdict) | dict(detail or {})
        run.verdict_result = verdict.result.value
        run.logs_due_at = now + dt.timedelta(seconds=5) if pending else None
        run.save(
            update_fields=[
                "state",
                "finished_at",
                "lease_owner",
                "verdict",
                "verdict_result",
                "logs_due_at",
            ]
        )
        if not run.by_address:
            function.verdict, function.verdict_result = run.verdict, run.verdict_result
            function.verdict_at, function.evidence_digest = now, run.basis_digest
            function.save(
                update_fields=["verdict", "verdict_result", "verdict_at", "evidence_digest", "changed_at"]
            )
        audit.record(
            actor=run.asked_by,
            verb=f"validate:{verdict.result.value}",
            function=function,
            reason=run.reason,
            detail={"run": str(run.pk), "sentence": verdict.sentence[:300]},
        )
        if run.basis_digest == evidence_digest(function) and not run.by_address:
            _move(function, verdict, actor=run.asked_by)
        bell.tell(f"run-{run.pk}", f"fn-{function.pk}", "inbox")
    return run


def _move(function: FunctionMigration, verdict: Verdict, *, actor: str) -> None:
    match (verdict.result, function.stage):
        case (Result.PASS, Phase.DEPLOYED):
            trigger = Trigger.VALIDATE
        case (Result.FAIL, Phase.VALIDATED):
            trigger = Trigger.INVALIDATE
        case _:
            return
    phases.move(function, trigger, actor=actor, reason=verdict.sentence)


def fail_run(lease: RunLease, sentence: str) -> Run:
    """End a run that could not be carried out; the function keeps the verdict it had. Raises RunLeaseLost."""
    with transaction.atomic():
        run = _held(lease).select_related("function").get()
        run.state, run.finished_at, run.lease_owner = Run.State.FAILED, timezone.now(), ""
        run.error, run.verdict_result = sentence[:600], Result.ERROR.value
        run.save(update_fields=["state", "finished_at", "lease_owner", "error", "verdict_result"])
        audit.record(
            actor=run.asked_by,
            verb="validate:failed",
            function=run.function,
            reason=run.reason,
            detail={"run": str(run.pk), "error": sentence[:300]},
        )
        bell.tell(f"run-{run.pk}", f"fn-{run.function_id}", "inbox")
    return run


def _held(lease: RunLease) -> QuerySet[Run]:
    rows = Run.objects.filter(pk=lease.run_id, state=Run.State.RUNNING, lease_owner=lease.owner)
    if not rows.select_for_update().exists():
        raise RunLeaseLost()
    return rows
