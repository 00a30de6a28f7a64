"""Running a validation again with the settings that one had."""

from __future__ import annotations

import uuid

from migrations_app.models import Pair, Run
from migrations_app.services import validation
from migrations_app.services.validation import Wanted


def settings_of(run: Run) -> Wanted:
    """Give what a run was asked to be, beside its number of pairs."""
    return Wanted(
        suite=run.suite.name,
        tags=run.tags,
        concurrency=run.concurrency,
        budget_gb_s=run.budget_gb_s,
        learn=run.learn,
        primary_url=run.primary_url,
        candidate_url=run.candidate_url,
    )


def asked_pairs(run: Run) -> int:
    """Give how many pairs were asked for: a run adds one for each that a killed worker left untold."""
    interrupted = Pair.objects.filter(
        run=run,
        day=run.created_at.date(),
        outcome="not-comparable",
        primary__error_type="Interrupted",
    ).count()
    return max(1, run.wanted_pairs - interrupted)


def again(run_id: uuid.UUID | str, *, actor: str, reason: str = "", idempotency_key: str = "") -> Run:
    """Start a run with the settings of another: of the same kind, with the suite's present version.

    A replay takes what the tap reported last by now. Raises what starting a run raises, and Run.DoesNotExist.
    """
    run = Run.objects.select_related("suite").get(pk=run_id)
    match run.kind:
        case Run.Kind.REPLAY:
            made, _ = validation.start_replay(
                run.function_id,
                actor=actor,
                events=asked_pairs(run),
                reason=reason or run.reason,
                concurrency=run.concurrency,
                budget_gb_s=run.budget_gb_s,
                idempotency_key=idempotency_key,
            )
            return made
        case Run.Kind.LEARN:
            return validation.start_learning(
                run.function_id,
                actor=actor,
                events=run.learn,
                suite=run.suite.name,
                reason=reason or run.reason,
                concurrency=run.concurrency,
                budget_gb_s=run.budget_gb_s,
                idempotency_key=idempotency_key,
            )
        case _:
            return validation.start(
                run.function_id,
                settings_of(run),
                actor=actor,
                reason=reason or run.reason,
                pairs=asked_pairs(run),
                idempotency_key=idempotency_key,
            )
