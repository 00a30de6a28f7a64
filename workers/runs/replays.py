"""What the tap reported, as the AWS side of a pair: the event is sent to FC, and AWS answered it then."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import orjson

from cutover.observation import Observation, Outcome, Side
from migrations_app.services.usage import RECORDED


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
