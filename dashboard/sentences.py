"""The state of a function in one sentence, with the actor, the number and the bound (ui.md section 7)."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cutover.phases import Phase
from dashboard.templatetags.cutover import clock_text, share
from migrations_app.models import FunctionMigration, Operation


def lede(function: FunctionMigration, rate: float) -> str:
    """Say who answers and what comes next. ``rate``: requests a second on both sides."""
    numbers: dict[str, Any] = {
        "share": share(function.desired_weight_bp),
        "rate": f"{rate:.0f}" if rate >= 10 else f"{rate:.1f}",
        "version": function.deployment.get("version", "—"),
    }
    sentence = _where(function, rate, numbers)
    if function.advice and function.stage in (Phase.SHIFTING, Phase.CUT_OVER):
        return f"{sentence} {function.advice}"
    return sentence


def _where(function: FunctionMigration, rate: float, numbers: dict[str, Any]) -> str:
    match function.stage:
        case Phase.DISCOVERED:
            return _("AWS answers everything. Assess the function to see what it needs on FC.")
        case Phase.ASSESSED:
            blockers = sum(1 for f in function.findings if f.get("severity") == "blocker")
            if blockers:
                text = ngettext(
                    "AWS answers everything. %(n)d finding blocks the way to FC.",
                    "AWS answers everything. %(n)d findings block the way to FC.",
                    blockers,
                )
                return text % {"n": blockers}
            return _("AWS answers everything. Nothing blocks the way to FC.")
        case Phase.DEPLOYED:
            return _("AWS answers everything. FC has version %(version)s and gets no traffic.") % numbers
        case Phase.VALIDATED:
            return (
                _("FC version %(version)s answers like AWS. It gets no traffic until you move some.")
                % numbers
            )
        case Phase.SHIFTING if rate:
            return _("FC answers %(share)s of %(rate)s requests a second. AWS is authoritative.") % numbers
        case Phase.SHIFTING:
            return _("FC answers %(share)s of the requests. AWS is authoritative.") % numbers
        case Phase.CUT_OVER if not rate:
            return _("FC answers all requests. AWS stands by, one click away.")
        case Phase.CUT_OVER:
            return _("FC answers all %(rate)s requests a second. AWS stands by, one click away.") % numbers
        case Phase.DECOMMISSIONING:
            return _("FC answers everything. The AWS side is being removed; restore brings it back.")
        case Phase.DECOMMISSIONED:
            return _("FC answers everything. The AWS side is removed and archived; restore brings it back.")
        case Phase.ROLLED_BACK if not rate:
            return _("AWS answers all requests. FC stays deployed and gets no traffic.")
        case Phase.ROLLED_BACK:
            return (
                _("AWS answers all %(rate)s requests a second. FC stays deployed and gets no traffic.")
                % numbers
            )
        case Phase.RESTORING:
            return _("The AWS side is being brought back from its archive. FC answers meanwhile.")


def rolled_back(function: FunctionMigration) -> str:
    """Say when, by whom and how fast the last rollback went."""
    report = function.rollback_report
    numbers = {"at": clock_text(report.get("at")), "seconds": f"{float(report.get('seconds') or 0):.2f}"}
    if report.get("automatic"):
        return _("Rolled back by itself at %(at)s UTC. AWS answers 100%%.") % numbers
    return _("Rolled back by a person at %(at)s UTC. AWS answers 100%%.") % numbers


def outcome(operation: Operation) -> str:
    """Say how an operation ended, or what it waits for."""
    seconds = 0.0
    if operation.finished_at:
        seconds = (operation.finished_at - (operation.started_at or operation.created_at)).total_seconds()
    numbers = {"seconds": f"{seconds:.2f}", "share": share(operation.parameters.get("to_bp"))}
    match operation.state, operation.kind:
        case "succeeded", "rollback":
            return _("AWS answers 100%%. %(seconds)s s.") % numbers
        case "succeeded", "shift":
            return _("FC answers %(share)s. %(seconds)s s.") % numbers
        case "succeeded", _:
            return _("Done in %(seconds)s s.") % numbers
        case "blocked", _:
            return _("Waits for the approval of a second person. Nothing has been done yet.")
        case "pending", _:
            return _("Waits for a worker. Nothing has been done yet.")
        case "running", _:
            return _("A worker carries it out now.")
        case "undoing", _:
            return _("A step failed; what was done is being taken back.")
        case "undone", _:
            return _("A step failed and everything was taken back. The function is as it was.")
        case "superseded", _:
            return _("A rollback went first. This operation does nothing more.")
        case _:
            return _(
                "It stopped and could not take everything back. Read the failed step; roll back if needed."
            )
