"""What one invocation did, seen from outside: frozen values that comparisons and verdicts are made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from cutover.effects.model import Effect


class Side(StrEnum):
    """Which side answered: the primary is AWS, the candidate is Function Compute."""

    PRIMARY = "primary"
    CANDIDATE = "candidate"


class Outcome(StrEnum):
    """How one invocation ended. ``NO_ANSWER``: it may have run; it is never retried by itself."""

    OK = "ok"
    ERROR = "error"
    TIMEOUT = "timeout"
    THROTTLED = "throttled"
    NO_ANSWER = "no-answer"


@dataclass(frozen=True, kw_only=True, slots=True)
class LogLine:
    """One line that the function's own code wrote; platform lines are structure and not listed.

    ``level`` is upper case (``INFO``, ``WARN``, ``ERROR``) or empty; ``text`` has no prefix of the platform.
    """

    text: str
    level: str = ""
    at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Observation:
    """One invocation on one side.

    ``payload`` is the raw body (the answer, or the error document when ``outcome`` is ``ERROR``).
    Times are milliseconds as the platform reports them for the function itself (not the round trip);
    ``round_trip_ms`` is what the caller waited. ``logs`` is None while they have not arrived ("pending"),
    ``effects`` where nobody looked.
    """

    side: Side
    outcome: Outcome
    payload: bytes
    request_id: str
    at: datetime
    duration_ms: float | None = None
    billed_ms: float | None = None
    max_memory_mb: int | None = None
    round_trip_ms: float | None = None
    cold: bool | None = None
    version: str = ""
    error_type: str = ""
    error_message: str = ""
    logs: tuple[LogLine, ...] | None = None
    effects: tuple[Effect, ...] | None = None
    facts: tuple[tuple[str, str], ...] = field(default=())
