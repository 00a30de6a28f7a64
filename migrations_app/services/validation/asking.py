"""Asking for a validation, and taking it back."""

from __future__ import annotations

import math
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from cutover.addresses import checked_url
from cutover.errors import BadInput, GuardNotMet, OperationRunning, StaleState
from cutover.observation import Side
from cutover.phases import Phase, Trigger
from cutover.suites import MOST_EVENTS
from migrations_app.models import FunctionMigration, Run, Suite
from migrations_app.services import audit, bell, guards, noise, phases, results, suites
from migrations_app.services.inventory import evidence_digest, gathered_digest
from migrations_app.services.policies import policy_for
from migrations_app.services.validation.leases import OPEN
from migrations_app.services.validation.verdicts import first_look_for_logs

MOST_PAIRS = 100_000
MOST_CONCURRENCY = 64
LEARN_EVENTS = 30
"""Events to learn from when a person asks for it and the policy names no number."""


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
        if forbidden := _forbidden(function, wanted, kind):
            raise GuardNotMet(guards.sentences(forbidden))
        if wanted.learn and function.effects not in noise.ALLOWED:
            raise GuardNotMet(
                [
                    "Noise is learned by calling AWS twice with one event, which only functions that are "
                    "declared read-only or repeatable allow. Declare it so if it is, or leave out --learn."
                ]
            )
        if open_run := function.runs.filter(state__in=OPEN).first():
            raise OperationRunning(_running(open_run, function))
        if function.stage is Phase.ROLLED_BACK and not wanted.addressed and kind != Run.Kind.LEARN:
            phases.move(function, Trigger.REOPEN, actor=actor, reason=reason or "Validated again")
        suite = Suite.objects.get(function=function, name=wanted.suite)
        run = Run.objects.create(
            id=run_id or uuid.uuid4(),
            function=function,
            suite=suite,
            suite_version=suite.version,
            kind=kind,
            tags=sorted(set(wanted.tags)),
            wanted_pairs=0 if kind == Run.Kind.LEARN else pairs or policy_for(function).validation_pairs,
            concurrency=1 if wanted.addressed else wanted.concurrency,
            budget_gb_s=wanted.budget_gb_s,
            learn=_learned_from(function, wanted, kind),
            primary_url=wanted.primary_url,
            candidate_url=wanted.candidate_url,
            asked_by=actor,
            reason=reason[:400],
            basis_digest=evidence_digest(function),
            gathered_digest=gathered_digest(function),
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


def _forbidden(function: FunctionMigration, wanted: Wanted, kind: Run.Kind) -> tuple[guards.Guard, ...]:
    if kind == Run.Kind.LEARN:
        return guards.learn_reasons(function, wanted.suite)
    return guards.validate_reasons(function, wanted.suite, addressed=wanted.addressed)


def _running(run: Run, function: FunctionMigration) -> str:
    if run.kind == Run.Kind.LEARN:
        return (
            f"Noise of {function.name} is being learned ({run.learned} of {run.learn} events). "
            "Wait for it, or cancel it."
        )
    return (
        f"A validation of {function.name} is running ({run.done_pairs} of {run.wanted_pairs} pairs). "
        "Wait for it, or cancel it."
    )


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
    idempotency_key: str = "",
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
            idempotency_key=idempotency_key,
            kind=Run.Kind.REPLAY,
        )
    return run, found.left_out


def start_learning(
    function_id: int,
    *,
    actor: str,
    events: int | None = None,
    suite: str = "default",
    reason: str = "",
    concurrency: int = 6,
    budget_gb_s: float | None = None,
    idempotency_key: str = "",
) -> Run:
    """Start to learn noise: AWS is called twice with each event, FC not at all. No verdict comes of it.

    ``events``: how many, the suite's events over again where it has fewer; None: as the policy says, or
    ``LEARN_EVENTS`` where it says none.

    Raises:
        BadInput: a bound that makes no sense.
        GuardNotMet: effects are not declared so that AWS may be called twice, or the suite is empty.
        OperationRunning: another run of the function is open.
    """
    function = FunctionMigration.objects.get(pk=function_id)
    number = (policy_for(function).learn_events or LEARN_EVENTS) if events is None else events
    if number < 1:
        raise BadInput("Say from how many events to learn, 1 at least.")
    wanted = Wanted(suite=suite, learn=number, concurrency=concurrency, budget_gb_s=budget_gb_s)
    return start(
        function_id,
        wanted,
        actor=actor,
        reason=reason,
        idempotency_key=idempotency_key,
        kind=Run.Kind.LEARN,
    )


def cancel_run(run_id: uuid.UUID | str, *, actor: str) -> Run:
    """Stop an open run after its present batch; pairs stay, no verdict is drawn.

    Raises StaleState when it ended before.
    """
    with transaction.atomic():
        run = Run.objects.select_for_update().select_related("function").get(pk=run_id)
        if run.state not in OPEN:
            raise StaleState(f"The validation is {run.state} already. Nothing was changed.")
        run.state, run.finished_at, run.lease_owner = Run.State.CANCELLED, timezone.now(), ""
        run.error, run.logs_due_at = f"Cancelled by {actor}.", first_look_for_logs(run.pk)
        run.save(update_fields=["state", "finished_at", "lease_owner", "error", "logs_due_at"])
        audit.record(
            actor=actor, verb="validate:cancelled", function=run.function, detail={"run": str(run.pk)}
        )
        bell.tell(f"fn-{run.function_id}", f"run-{run.pk}", "inbox")
    return run
