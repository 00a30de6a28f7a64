"""The phases of a cutover and the only list of legal moves.

Theory of operation: a function stands in one ``Phase``. A ``Trigger`` moves it, if and only if the pair
(phase, trigger) is a row of ``TRANSITIONS``. Nothing else decides a move, and exactly one function of the
product (``migrations_app.services.phases.move``) writes one. Going back has two verbs: ``ROLL_BACK``
moves traffic to 100 % AWS while AWS is whole; once decommissioning began it is ``RESTORE``. The picture in
``docs/phases.md`` is generated from the table: ``python -m cutover.phases --write docs/phases.md``.
"""

from __future__ import annotations

import argparse
import sys
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType

from cutover.errors import IllegalTransition


class Phase(StrEnum):
    """Where a function stands on its way."""

    DISCOVERED = "discovered"
    ASSESSED = "assessed"
    DEPLOYED = "deployed"
    VALIDATED = "validated"
    SHIFTING = "shifting"
    CUT_OVER = "cut-over"
    DECOMMISSIONING = "decommissioning"
    DECOMMISSIONED = "decommissioned"
    ROLLED_BACK = "rolled-back"
    RESTORING = "restoring"


class Trigger(StrEnum):
    """What moves a function."""

    ASSESS = "assess"
    DEPLOY = "deploy"
    VALIDATE = "validate"
    INVALIDATE = "invalidate"
    SHIFT = "shift"
    CUT_OVER = "cut-over"
    ROLL_BACK = "roll-back"
    REOPEN = "reopen"
    DECOMMISSION = "decommission"
    DECOMMISSION_DONE = "decommission-done"
    RESTORE = "restore"
    RESTORE_DONE = "restore-done"


TRANSITIONS = MappingProxyType(
    {
        (Phase.DISCOVERED, Trigger.ASSESS): Phase.ASSESSED,
        (Phase.ASSESSED, Trigger.ASSESS): Phase.ASSESSED,
        (Phase.ASSESSED, Trigger.DEPLOY): Phase.DEPLOYED,
        (Phase.DEPLOYED, Trigger.DEPLOY): Phase.DEPLOYED,
        (Phase.DEPLOYED, Trigger.VALIDATE): Phase.VALIDATED,
        (Phase.VALIDATED, Trigger.VALIDATE): Phase.VALIDATED,
        (Phase.VALIDATED, Trigger.INVALIDATE): Phase.DEPLOYED,
        (Phase.VALIDATED, Trigger.DEPLOY): Phase.DEPLOYED,
        (Phase.VALIDATED, Trigger.SHIFT): Phase.SHIFTING,
        (Phase.SHIFTING, Trigger.CUT_OVER): Phase.CUT_OVER,
        (Phase.DEPLOYED, Trigger.ROLL_BACK): Phase.ROLLED_BACK,
        (Phase.VALIDATED, Trigger.ROLL_BACK): Phase.ROLLED_BACK,
        (Phase.SHIFTING, Trigger.ROLL_BACK): Phase.ROLLED_BACK,
        (Phase.CUT_OVER, Trigger.ROLL_BACK): Phase.ROLLED_BACK,
        (Phase.ROLLED_BACK, Trigger.REOPEN): Phase.DEPLOYED,
        (Phase.ROLLED_BACK, Trigger.DEPLOY): Phase.DEPLOYED,
        (Phase.CUT_OVER, Trigger.DECOMMISSION): Phase.DECOMMISSIONING,
        (Phase.DECOMMISSIONING, Trigger.DECOMMISSION_DONE): Phase.DECOMMISSIONED,
        (Phase.DECOMMISSIONING, Trigger.RESTORE): Phase.RESTORING,
        (Phase.DECOMMISSIONED, Trigger.RESTORE): Phase.RESTORING,
        (Phase.RESTORING, Trigger.RESTORE_DONE): Phase.ROLLED_BACK,
    }
)
"""(phase, trigger) -> the next phase. Every legal move is a row here."""

JOURNEY = (
    Phase.DISCOVERED,
    Phase.ASSESSED,
    Phase.DEPLOYED,
    Phase.VALIDATED,
    Phase.SHIFTING,
    Phase.CUT_OVER,
    Phase.DECOMMISSIONING,
    Phase.DECOMMISSIONED,
)
"""The way forward, in order, as the pages draw it."""


def next_phase(phase: Phase, trigger: Trigger) -> Phase:
    """Give the phase that ``trigger`` leads to from ``phase``.

    Raises:
        IllegalTransition: when the pair is not a row of ``TRANSITIONS``; the message names what is possible.
    """
    try:
        return TRANSITIONS[phase, trigger]
    except KeyError:
        raise IllegalTransition(_refusal(phase, trigger)) from None


def legal_triggers(phase: Phase) -> frozenset[Trigger]:
    """Give every trigger that is legal in ``phase``."""
    return frozenset(trigger for at, trigger in TRANSITIONS if at == phase)


def _refusal(phase: Phase, trigger: Trigger) -> str:
    if trigger is Trigger.ROLL_BACK and Trigger.RESTORE in legal_triggers(phase):
        return (
            f"The function is {phase}: the AWS side is being removed, so a rollback cannot bring it back. "
            "Use restore."
        )
    possible = ", ".join(sorted(legal_triggers(phase))) or "nothing"
    return f"'{trigger}' is not possible while the function is {phase}. Possible now: {possible}."


def diagram() -> str:
    """Give ``TRANSITIONS`` as a Mermaid state diagram inside a Markdown page."""
    rows = "\n".join(
        f"    {_node(at)} --> {_node(to)}: {trigger}" for (at, trigger), to in TRANSITIONS.items()
    )
    return (
        "# Phases\n\nGenerated from `cutover/phases.py`: `python -m cutover.phases --write FILE`.\n\n"
        f"```mermaid\nstateDiagram-v2\n    [*] --> {_node(Phase.DISCOVERED)}\n{rows}\n```\n"
    )


def _node(phase: Phase) -> str:
    return phase.name


def _main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m cutover.phases")
    group = parser.add_mutually_exclusive_group(required=True)
    group.add_argument("--write", type=Path)
    group.add_argument("--check", type=Path)
    options = parser.parse_args(argv)
    if options.write:
        options.write.write_text(diagram(), encoding="utf-8")
        return 0
    if options.check.read_text(encoding="utf-8") == diagram():
        return 0
    sys.stderr.write(f"{options.check} is stale: run python -m cutover.phases --write {options.check}\n")
    return 1


if __name__ == "__main__":
    raise SystemExit(_main(sys.argv[1:]))
