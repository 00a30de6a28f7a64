"""Answers that AWS gave to one event more than once while it was live: noise that nobody has to call for.

Schedules tick alike, and clients send the same request again. Two such answers of AWS say what varies there,
over the time between them, as a replay sets what AWS answered then beside what FC answers now.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import orjson

from cutover.observation import Observation, Outcome, Side
from migrations_app.models import LiveObservation, Run
from migrations_app.services.redaction import REDACTED
from migrations_app.services.usage import RECORDED

LOOKED_AT = 5_000
"""The newest events that are looked through."""
MOST = 200
"""Pairs at most, for one replay."""
_Twice = tuple[Observation, Observation]


def pairs(run: Run) -> Iterator[_Twice]:
    """Give pairs of answers to one event that no earlier replay learned from, at most ``MOST``.

    An answer that was redacted, or too long to be kept, is none that could be set beside another.
    """
    since = (
        Run.objects.filter(function=run.function_id, kind=Run.Kind.REPLAY, created_at__lt=run.created_at)
        .order_by("-created_at")
        .values_list("created_at", flat=True)
        .first()
    )
    rows = LiveObservation.objects.filter(
        function_id=run.function_id,
        side=Side.PRIMARY.value,
        outcome=Outcome.OK.value,
        event__isnull=False,
        answer__isnull=False,
        received_at__lte=run.created_at,
    )
    before: dict[str, LiveObservation] = {}
    given = 0
    for row in reversed(rows.order_by("-id")[:LOOKED_AT]):
        if REDACTED in (form := json.dumps(row.event, sort_keys=True)) or REDACTED in json.dumps(row.answer):
            continue
        earlier = before.get(form)
        before[form] = row
        if earlier is None or (since is not None and row.received_at <= since):
            continue
        yield _observation(earlier), _observation(row)
        given += 1
        if given == MOST:
            return


def _observation(row: LiveObservation) -> Observation:
    return Observation(
        side=Side.PRIMARY,
        outcome=Outcome.OK,
        payload=orjson.dumps(row.answer),
        request_id=row.request_id,
        at=row.at,
        facts=((RECORDED, "live"),),
    )
