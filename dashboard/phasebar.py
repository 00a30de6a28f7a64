"""The phase bar and the step boxes: where a function is on its way, as values for the template."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from cutover.phases import JOURNEY, Phase
from dashboard.templatetags.cutover import clock_text, day, share
from dashboard.words import PHASES, Text
from migrations_app.models import FunctionMigration, Operation, PhaseChange


@dataclass(frozen=True, kw_only=True, slots=True)
class Station:
    """One phase of the bar. ``look`` is a CSS class: done, now, back or empty."""

    name: Text
    look: str
    shape: str
    note: str | Promise


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One step of the ladder. ``look``: done, now, fail or todo."""

    bp: int
    look: str
    note: str


def stations(function: FunctionMigration, changes: Sequence[PhaseChange]) -> tuple[Station, ...]:
    """Give the eight stations of the journey; a rolled-back function stands where it went back from."""
    reached = {change.after: change for change in reversed(changes)}
    at = _place(function, changes)
    return tuple(
        _station(function, phase, index, at, reached.get(phase.value)) for index, phase in enumerate(JOURNEY)
    )


def _place(function: FunctionMigration, changes: Sequence[PhaseChange]) -> int:
    if function.stage in JOURNEY:
        return JOURNEY.index(function.stage)
    before = next(
        (c.before for c in changes if c.after in (Phase.ROLLED_BACK, Phase.RESTORING)), Phase.DEPLOYED
    )
    phase = Phase(before)
    return JOURNEY.index(phase) if phase in JOURNEY else JOURNEY.index(Phase.CUT_OVER)


def _station(
    function: FunctionMigration, phase: Phase, index: int, at: int, change: PhaseChange | None
) -> Station:
    name = PHASES[phase.value]
    if index < at:
        return Station(name=name, look="done", shape="ok", note=day(change.at) if change else "")
    if index > at:
        return Station(name=name, look="", shape="off", note=_ahead(phase))
    if function.stage in (Phase.ROLLED_BACK, Phase.RESTORING):
        note = _("from %(phase)s") % {"phase": name}
        return Station(name=PHASES[function.phase], look="back", shape="back", note=note)
    return Station(name=name, look="now", shape="wait", note=_here(function, change))


def _here(function: FunctionMigration, change: PhaseChange | None) -> str:
    if function.stage is Phase.SHIFTING:
        return _("%(share)s on FC") % {"share": share(function.desired_weight_bp)}
    return _("since %(time)s") % {"time": clock_text(function.phase_since)}


def _ahead(phase: Phase) -> str:
    match phase:
        case Phase.CUT_OVER:
            return _("100% on FC, AWS on standby")
        case Phase.DECOMMISSIONING:
            return _("needs 2 people")
        case Phase.DECOMMISSIONED:
            return _("restorable")
        case _:
            return ""


def steps(
    function: FunctionMigration, ladder: Sequence[int], operations: Sequence[Operation]
) -> tuple[Step, ...]:
    """Give the boxes of the ladder with what happened at each since traffic last stood at 0."""
    moves = _moves_since_zero(operations)
    failed_bp = _failed_at(function, operations)
    return tuple(_step(function, bp, moves.get(bp), failed_bp) for bp in ladder)


def _step(function: FunctionMigration, bp: int, move: Operation | None, failed_bp: int | None) -> Step:
    if failed_bp == bp:
        return Step(bp=bp, look="fail", note=_("rolled back from here"))
    if bp == function.desired_weight_bp and bp:
        events = _("%(n)s events on FC") % {"n": f"{function.step_candidate_events:,}"}
        return Step(bp=bp, look="now", note=events)
    if move is not None and (failed_bp or function.desired_weight_bp) > bp:
        return Step(bp=bp, look="done", note=_("since %(time)s") % {"time": clock_text(move.finished_at)})
    return Step(bp=bp, look="todo", note="")


def _moves_since_zero(operations: Sequence[Operation]) -> dict[int, Operation]:
    moves: dict[int, Operation] = {}
    backs = 0
    for operation in operations:
        if operation.kind in ("rollback", "restore") and operation.state == "succeeded":
            backs += 1
            if backs > 1 or moves:
                break
        if operation.kind == "shift" and operation.state == "succeeded":
            moves.setdefault(int(operation.parameters.get("to_bp", 0)), operation)
    return moves


def _failed_at(function: FunctionMigration, operations: Sequence[Operation]) -> int | None:
    if function.stage is not Phase.ROLLED_BACK:
        return None
    shift = next((op for op in operations if op.kind == "shift" and op.state == "succeeded"), None)
    return int(shift.parameters.get("to_bp", 0)) if shift else None
