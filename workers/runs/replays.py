"""What the tap reported, as the AWS side of a pair: the event is sent to FC, and AWS answered it then.

What AWS did to its twins when the event was live was not looked at, and cannot be told afterwards from what
others did there. A function that is declared read-only leaves nothing, so that whatever it leaves on FC is a
difference; of all others the pair says that effects were not compared, and why.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson

from cutover.effects import DECLARED, UNREAD, Twin, TwinState
from cutover.observation import Observation, Outcome, Side
from migrations_app.models import Effects, Run
from migrations_app.services import twins
from migrations_app.services.usage import RECORDED

_NOT_SEEN = (
    "What AWS did when the event was live was not looked at, and only a function that is declared read-only "
    "is known to leave nothing."
)
_LIVE_WRITES = "The twins are shared with AWS or kept in step with it, where live traffic writes as well."
_NOTHING = "nothing: the function is declared read-only"


def recorded(stored: Mapping[str, Any]) -> Observation:
    """Give what AWS did when the event was live, as ``SuiteEvent.recorded`` holds it.

    Its time is a fact to look at and no duration to be judged: it ran under another load, and the tap's clock
    is not the platform's. Its logs are asked for by the request id, as those of any call.
    """
    took = stored.get("duration_ms")
    return Observation(
        side=Side.PRIMARY,
        outcome=Outcome.OK,
        payload=orjson.dumps(stored.get("answer")),
        request_id=str(stored.get("request_id", "")),
        at=dt.datetime.fromisoformat(stored["at"]),
        facts=((RECORDED, "live"), *([("duration_ms_live", f"{took:g}")] if took is not None else [])),
    )


def looked_at(run: Run, probed: Sequence[Twin]) -> list[Twin]:
    """Give the twins whose FC side a replay looks at: those that nobody but this function writes to."""
    if run.function.effects != Effects.READ_ONLY:
        return []
    return [twin for twin in probed if twin.state is TwinState.DISPOSABLE]


def why_not_compared(run: Run) -> str:
    """Say why a replay compares no effects; nothing where it does, or where there is no twin to look at."""
    if run.kind != Run.Kind.REPLAY:
        return ""
    probed = [row.value for row in twins.probed(run.function)]
    if not probed or looked_at(run, probed):
        return ""
    return _LIVE_WRITES if run.function.effects == Effects.READ_ONLY else _NOT_SEEN


def beside(primary: Observation, candidate: Observation, why_not: str) -> dict[Side, Observation]:
    """Set what AWS did then beside what FC did now, and say of effects what is known of AWS's."""
    if why_not:
        primary = replace(primary, facts=(*primary.facts, (UNREAD, why_not)))
    elif candidate.effects is not None:
        primary = replace(primary, effects=(), facts=(*primary.facts, (DECLARED, _NOTHING)))
    return {Side.PRIMARY: primary, Side.CANDIDATE: candidate}
