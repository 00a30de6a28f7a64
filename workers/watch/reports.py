"""Reads what a tap or a relay reported: message version 1 of `adapters/aws_shared`."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from typing import Any

import orjson

from cutover.errors import BadInput
from cutover.observation import Outcome, Side
from migrations_app.services.live import Report

VERSION = 1


def read_report(body: bytes) -> Report:
    """Give the report in a message.

    Raises:
        BadInput: it is none, or of another version; the sentence holds nothing of its content.
    """
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError as exc:
        raise BadInput("It is not JSON.") from exc
    if not isinstance(found, Mapping) or found.get("v") != VERSION:
        raise BadInput("It is no report of version 1.")
    try:
        return Report(
            function=_text(found, "function"),
            side=Side(found["side"]),
            request_id=_text(found, "request_id"),
            candidate_request_id=str(found.get("fc_request_id") or ""),
            at=_instant(_text(found, "at")),
            outcome=_text(found, "outcome"),
            error=found["outcome"] != Outcome.OK.value,
            error_type=str(found.get("error_type") or ""),
            duration_ms=_number(found.get("duration_ms")),
            hop_ms=_number(found.get("hop_ms")),
            event=found.get("event"),
            answer=found.get("answer"),
            body_hashes={
                name: found[name]
                for name in ("event_sha256", "event_bytes", "answer_sha256", "answer_bytes")
                if name in found
            },
        )
    except (KeyError, ValueError) as exc:
        raise BadInput("A field of the report is missing or is not what it should be.") from exc


def _text(found: Mapping[str, Any], name: str) -> str:
    value = found[name]
    if not isinstance(value, str) or not value:
        raise ValueError(name)
    return value


def _instant(text: str) -> dt.datetime:
    at = dt.datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=dt.UTC)


def _number(value: Any) -> float | None:
    """Give a finite, not negative number of ms; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) and value >= 0 else None
