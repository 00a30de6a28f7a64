"""What a step is, and what it is given. The vocabulary of all modules beside this one.

Theory of operation: an action is carried out by the step of its kind. A ``Change`` is three functions:
``prepare`` only reads, and says exactly what will be sent and how it is taken back; ``observe`` tells, by
reading, whether that took effect already; ``apply`` is the one changing call. Between prepare and apply the
engine writes the intent down; after a crash it starts with observe. A ``Look`` changes nothing and may say
that it has to wait. Steps hold no state and open no transaction.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cutover.errors import BadInput, CutoverError
from cutover.planning import OperationKind
from cutover.ports import CandidateCloud, PrimaryCloud, Receipt
from migrations_app.models import Action, ActionState, FunctionMigration, Operation
from workers import wiring

Resolved = Mapping[str, Any]


class Waiting(Exception):
    """Not yet. ``until`` is when to look again, the sentence says what is waited for and how long."""

    def __init__(self, until: dt.datetime, sentence: str) -> None:
        super().__init__(sentence)
        self.until, self.sentence = until, sentence


class StepFailed(CutoverError):
    """The step did not do what the plan needs."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Work:
    """An action at its turn.

    ``request`` has its references filled in. ``undoing``: the request is another action's undo.
    ``actions`` are all of the operation, in order. ``still_ours`` raises LeaseLost when it is not.
    """

    operation: Operation
    function: FunctionMigration
    action: Action
    actions: Sequence[Action]
    request: Mapping[str, Any]
    now: dt.datetime
    still_ours: Callable[[], None]
    undoing: bool = False

    @property
    def primary(self) -> PrimaryCloud:
        """The function's side on AWS."""
        return wiring.primary(self.function.connection)

    @property
    def candidate(self) -> CandidateCloud:
        """The function's side on FC. Raises BadInput without a counterpart; the way back does not need it."""
        there = self.function.connection.counterpart
        if there is None:
            raise BadInput(f"Connection {self.function.connection.name} has no counterpart. Set it first.")
        return wiring.candidate(there)

    @property
    def way_back(self) -> bool:
        """Whether this is a rollback or a restore, which wins against everybody."""
        return self.operation.kind in (OperationKind.ROLLBACK, OperationKind.RESTORE)

    @property
    def sent_before(self) -> bool:
        """Whether the call was sent already, with an unknown end."""
        return self.action.calls > 0

    def done(self, kind: str) -> list[Action]:
        """Give the operation's actions of a kind that are done, before this one."""
        return [
            row
            for row in self.actions
            if row.kind == kind and row.state == ActionState.DONE and row.position < self.action.position
        ]


@dataclass(frozen=True, kw_only=True, slots=True)
class Prepared:
    """What will be sent, and its undo ({"kind", "request"}) as far as only reading could tell."""

    resolved: dict[str, Any]
    undo: dict[str, Any] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """A step that changes a cloud. ``observe`` gives None when the call had no effect."""

    prepare: Callable[[Work], Prepared]
    observe: Callable[[Work, Resolved], Receipt | None]
    apply: Callable[[Work, Resolved], Receipt]


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """A step that changes nothing in any cloud. Raises Waiting, or what it found wrong."""

    look: Callable[[Work], Receipt]


Step = Change | Look


def as_planned(work: Work) -> Prepared:
    """Prepare by sending the request as it stands, with the undo of the plan."""
    return Prepared(resolved=dict(work.request), undo=work.action.undo)


def never_seen(_work: Work, _resolved: Resolved) -> None:
    """Observe nothing: the call puts the same thing there again, so that sending it twice is once."""
