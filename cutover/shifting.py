"""What traffic should do next, decided from one snapshot.

Theory of operation: decide, then act. A worker reads a ``Snapshot``, calls ``decide_traffic`` and carries the
decision out; the decision itself touches nothing. Going back comes first: FAIL never waits, neither for a
hold nor for a running operation. Only when the primary itself is unhealthy is a person asked instead, since
traffic would be sent to a broken side. The weight grows by one entry of the ladder at a time, and only when
everything that speaks for it is in.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise

from cutover.analysis import Result
from cutover.errors import BadInput
from cutover.phases import Phase
from cutover.planning import FULL_BP

SERVING = frozenset({Phase.SHIFTING, Phase.CUT_OVER})
"""Phases in which the candidate may be answering."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StepPolicy:
    """What a step must show before the next: its least time, and events that reached the candidate."""

    min_seconds: int = 60
    min_candidate_events: int = 30


@dataclass(frozen=True, kw_only=True, slots=True)
class Snapshot:
    """All that a decision rests on. Weights are basis points on the candidate; times are aware UTC.

    ``candidate_events``: events that reached the candidate in this step. ``observed_bp`` None: the router has
    not been read yet.

    Raises:
        BadInput: when the ladder is not strictly increasing within 0 to 10,000.
    """

    now: datetime
    phase: Phase
    held: bool
    desired_bp: int
    observed_bp: int | None
    ladder: tuple[int, ...]
    step_started_at: datetime | None
    live: Result
    paired: Result
    paired_stale: bool
    candidate_events: int
    policy: StepPolicy = field(default_factory=StepPolicy)
    operation_running: bool = False
    primary_unhealthy: bool = False

    def __post_init__(self) -> None:
        if (
            any(high <= low for low, high in pairwise((0, *self.ladder)))
            or max(self.ladder, default=0) > FULL_BP
        ):
            raise BadInput("Steps must grow, above 0% and up to 100%.")


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing now. ``needed``: how many more events or pairs, 0 where that is not what is missing."""

    sentence: str
    needed: int = 0


@dataclass(frozen=True, slots=True)
class Shift:
    """Move the candidate's weight up to ``to_bp``."""

    to_bp: int


@dataclass(frozen=True, slots=True)
class Finish:
    """All traffic is on the candidate and its last step holds: the function is cut over."""


@dataclass(frozen=True, slots=True)
class RollBack:
    """Send everything back to the primary, now."""

    sentence: str


@dataclass(frozen=True, slots=True)
class Escalate:
    """Ask a person: the candidate failed, and the primary is not healthy either."""

    sentence: str


Decision = Wait | Shift | Finish | RollBack | Escalate


def decide_traffic(snapshot: Snapshot) -> Decision:
    """Decide what traffic does next. Pure; the same snapshot gives the same decision."""
    if snapshot.phase not in SERVING:
        return Wait(f"Nothing moves while the function is {snapshot.phase}.")
    return _way_back(snapshot) or _reason_to_wait(snapshot) or _way_forward(snapshot)


def _way_back(snapshot: Snapshot) -> RollBack | Escalate | None:
    if snapshot.live is Result.FAIL:
        failed = "Live events fail on FC"
    elif snapshot.paired is Result.FAIL and not snapshot.paired_stale:
        failed = "The compared pairs fail on FC"
    else:
        return None
    if snapshot.primary_unhealthy:
        return Escalate(f"{failed}, and AWS is not healthy either. A person must decide where traffic goes.")
    return RollBack(f"{failed} at {_percent(snapshot.desired_bp)}. Traffic goes back to AWS.")


def _reason_to_wait(snapshot: Snapshot) -> Wait | None:
    if snapshot.phase is Phase.CUT_OVER:
        return Wait("All traffic is on FC; nothing is left to move.")
    if snapshot.operation_running:
        return Wait("An operation is running on this function.")
    if snapshot.held:
        return Wait("Held: the weight stays until somebody resumes.")
    if snapshot.observed_bp != snapshot.desired_bp:
        return Wait(
            f"The router has not confirmed {_percent(snapshot.desired_bp)} yet; "
            + (
                "it has not been read."
                if snapshot.observed_bp is None
                else f"it reads {_percent(snapshot.observed_bp)}."
            )
        )
    return _missing_evidence(snapshot) or _unfinished_step(snapshot)


def _missing_evidence(snapshot: Snapshot) -> Wait | None:
    if snapshot.paired_stale:
        return Wait("The compared pairs are stale: something changed since. Validate again.")
    if snapshot.paired is not Result.PASS:
        return Wait(f"The verdict on the compared pairs is {snapshot.paired.value}, not pass.")
    if snapshot.live is Result.ERROR:
        return Wait("Live events could not be analysed.")
    return None


def _unfinished_step(snapshot: Snapshot) -> Wait | None:
    if snapshot.desired_bp == 0:
        return None
    if snapshot.step_started_at is None:
        return Wait(f"The step at {_percent(snapshot.desired_bp)} has not started yet.")
    left_s = snapshot.policy.min_seconds - (snapshot.now - snapshot.step_started_at).total_seconds()
    missing = snapshot.policy.min_candidate_events - snapshot.candidate_events
    if missing > 0:
        events = "event on FC is" if missing == 1 else "events on FC are"
        return Wait(f"{missing} more {events} needed at {_percent(snapshot.desired_bp)}.", missing)
    if left_s > 0:
        return Wait(f"The step at {_percent(snapshot.desired_bp)} lasts {left_s:.0f} s more.")
    return None


def _way_forward(snapshot: Snapshot) -> Decision:
    if snapshot.desired_bp >= FULL_BP:
        return Finish()
    for step in snapshot.ladder:
        if step > snapshot.desired_bp:
            return Shift(step)
    return Wait(f"The last step of the ladder, {_percent(snapshot.desired_bp)}, is reached.")


def _percent(weight_bp: int) -> str:
    return f"{weight_bp / 100:g}%"
