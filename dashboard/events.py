"""The event of a pair as each cloud saw it, as text.

In a validation both sides are called with the same AWS-shaped event, since the function's code is the same.
What FC's own trigger will hand over has another shape, which the adapter turns back; it is shown beside that,
with what is lost on the way (``cutover.translation``).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import orjson

from cutover.translation import Loss, Setting, Untranslatable, recognise, to_fc
from migrations_app.models import FunctionMigration

SHOWN_CHARACTERS = 65_536


@dataclass(frozen=True, kw_only=True, slots=True)
class SeenEvent:
    """What was sent, and what FC's own trigger would hand over; ``why_not`` when that cannot be said."""

    sent: str
    there: str = ""
    kind: str = ""
    losses: tuple[Loss, ...] = ()
    why_not: str = ""


def seen(event: Any, function: FunctionMigration) -> SeenEvent:
    """Give both forms of an event."""
    sent = pretty(event)
    try:
        kind = recognise(event)
        translated = to_fc(event, kind, _setting(function))
    except Untranslatable as error:
        return SeenEvent(sent=sent, why_not=error.reason)
    return SeenEvent(
        sent=sent, there=pretty(translated.event), kind=kind.value, losses=tuple(translated.losses)
    )


def pretty(value: Any) -> str:
    """Give JSON as indented text, cut where nobody reads on."""
    try:
        text = orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
    except TypeError:
        # Integers above 64 bit, which orjson refuses.
        text = json.dumps(value, indent=2, ensure_ascii=False)
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}\n…"


def _setting(function: FunctionMigration) -> Setting:
    here, there = function.connection, function.connection.counterpart
    return Setting(
        aws_region=here.region,
        aws_account=here.account_id,
        fc_region=there.region if there else "",
        fc_account=there.account_id if there else "",
    )
