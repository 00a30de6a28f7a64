"""How a run ends: with a verdict, or with the sentence that says why there is none."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from cutover.analysis import Result, Verdict, judge, verdict_document
from cutover.phases import Phase, Trigger
from migrations_app.models import FunctionMigration, Pair, Run
from migrations_app.services import audit, bell, evidence, history, phases
from migrations_app.services.inventory import evidence_digest
from migrations_app.services.policies import policy_for
from migrations_app.services.validation.leases import RunLease, held

LOGS_PATIENCE = dt.timedelta(minutes=20)


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
        run = held(lease).get()
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
            move_by_verdict(function, actor=run.asked_by)
        bell.tell(f"run-{run.pk}", f"fn-{function.pk}", "inbox")
    return run


def finish_learning(lease: RunLease) -> Run:
    """End a run that only learned noise; stored pairs are compared anew with what is known now.

    There is no verdict, and the function keeps the one it has until they are. Raises RunLeaseLost.
    """
    with transaction.atomic():
        run = held(lease).select_related("function").get()
        run.state, run.finished_at, run.lease_owner = Run.State.FINISHED, timezone.now(), ""
        run.save(update_fields=["state", "finished_at", "lease_owner"])
        audit.record(
            actor=run.asked_by,
            verb="noise:learned",
            function=run.function,
            reason=run.reason,
            detail={"run": str(run.pk), "events": run.learned},
        )
        history.ask(run.function_id, actor=run.asked_by, why=f"noise was learned from {run.learned} events")
        bell.tell(f"run-{run.pk}", f"fn-{run.function_id}", "inbox")
    return run


def draw_anew(run: Run) -> bool:
    """Judge a finished run's pairs as they are now; the caller saves. False: it has none any more."""
    found, pairs = evidence.paired_evidence(run)
    if not found:
        return False
    verdict = judge(found, policy_for(run.function).analysis)
    other = evidence.beside(run)
    kept = {key: run.verdict[key] for key in ("effects_not_compared",) if key in run.verdict}
    run.verdict = (
        verdict_document(verdict)
        | kept
        | {
            "explains_pairs": [str(pairs[index].pk) for index in verdict.explains],
            "warm_up_calls": run.verdict.get("warm_up_calls", 0),
            "pairs": len(found),
            "beside": str(other.pk) if other else "",
        }
    )
    run.verdict_result = verdict.result.value
    return True


def move_by_verdict(function: FunctionMigration, *, actor: str) -> None:
    """Move the phase where the function's verdict does: PASS validates, FAIL takes a validation back."""
    match (function.verdict_result, function.stage):
        case (Result.PASS, Phase.DEPLOYED):
            trigger = Trigger.VALIDATE
        case (Result.FAIL, Phase.VALIDATED):
            trigger = Trigger.INVALIDATE
        case _:
            return
    phases.move(function, trigger, actor=actor, reason=str(function.verdict.get("sentence", "")))


def fail_run(lease: RunLease, sentence: str) -> Run:
    """End a run that could not be carried out; the function keeps the verdict it had. Raises RunLeaseLost."""
    with transaction.atomic():
        run = held(lease).select_related("function").get()
        run.state, run.finished_at, run.lease_owner = Run.State.FAILED, timezone.now(), ""
        run.error, run.verdict_result = sentence[:600], Result.ERROR.value
        run.logs_due_at = first_look_for_logs(run.pk)
        run.save(
            update_fields=["state", "finished_at", "lease_owner", "error", "verdict_result", "logs_due_at"]
        )
        audit.record(
            actor=run.asked_by,
            verb="validate:failed",
            function=run.function,
            reason=run.reason,
            detail={"run": str(run.pk), "error": sentence[:300]},
        )
        bell.tell(f"run-{run.pk}", f"fn-{run.function_id}", "inbox")
    return run


# ------------------------------------------------------------------------------- logs that come late


def count_pending(run_id: uuid.UUID) -> int:
    """Give how many pairs of a run still wait for logs."""
    return Pair.objects.filter(run_id=run_id, logs_pending=True).count()


def first_look_for_logs(run_id: uuid.UUID) -> dt.datetime | None:
    """Give when to ask for the logs that a run lacks at its end; None: it lacks none."""
    return timezone.now() + dt.timedelta(seconds=5) if count_pending(run_id) else None


def runs_with_late_logs() -> list[Run]:
    """Give runs that have ended, in whatever way, and whose late logs are due to be asked for."""
    ended = (Run.State.FINISHED, Run.State.FAILED, Run.State.CANCELLED)
    rows = Run.objects.filter(state__in=ended, logs_due_at__lte=timezone.now())
    return list(rows.select_related("function__connection__counterpart").order_by("logs_due_at")[:4])


def note_late_logs(run: Run, *, came: int) -> None:
    """Say when to ask again, and judge anew when logs came: they are a check of the verdict, if there is one.

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
        if came and run.state == Run.State.FINISHED:
            latest = function.verdict == run.verdict
            draw_anew(run)
            fields += ["verdict", "verdict_result"]
            if latest:
                function.verdict, function.verdict_result = run.verdict, run.verdict_result
                function.save(update_fields=["verdict", "verdict_result", "changed_at"])
            bell.tell(f"run-{run.pk}", f"fn-{function.pk}")
        run.save(update_fields=fields)
