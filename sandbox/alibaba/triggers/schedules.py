"""Schedules of timer triggers: ``@every 5m``, or a cron expression of six fields with an optional time zone.

The fields are second, minute, hour, day of month, month, day of week; ``CRON_TZ=Asia/Shanghai `` before them
names a zone, else they are in UTC; ``?`` means the same as ``*``.
Source: Alibaba Cloud, Function Compute 3.0, "Timer trigger", read 2026-11-22.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from sandbox.alibaba.fc.model import invalid

_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|h|m|s)")
_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
LEAST_PAUSE_S = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Every:
    """A tick every so many seconds, counted from when the trigger was made."""

    seconds: float

    def after(self, at: float) -> float:
        return at + self.seconds

    def skipped_to(self, at: float, floor: float) -> float:
        """Give the last tick not after ``floor``, so that a long pause does not end in a flood."""
        return at if floor <= at else at + math.floor((floor - at) / self.seconds) * self.seconds


@dataclass(frozen=True, kw_only=True, slots=True)
class Cron:
    """A tick at each time that the fields name."""

    fields: str
    zone: str

    def after(self, at: float) -> float | None:
        """Give the first tick after a time in unix seconds, None when there is none any more."""
        begin = datetime.fromtimestamp(at, ZoneInfo(self.zone))
        try:
            return next(CronSim(self.fields, begin)).astimezone(UTC).timestamp()
        except StopIteration:
            return None

    def skipped_to(self, at: float, floor: float) -> float:
        return max(at, floor)


Schedule = Every | Cron


def parse_schedule(text: object) -> Schedule:
    """Read the cronExpression of a timer.

    Raises:
        Refused: 400 InvalidArgument when it is none.
    """
    if not isinstance(text, str) or not text.strip():
        raise invalid("cronExpression is required")
    text = text.strip()
    if text.startswith("@every"):
        return _every(text.removeprefix("@every").strip())
    zone = "UTC"
    if text.startswith(("CRON_TZ=", "TZ=")):
        head, _, text = text.partition(" ")
        zone = head.partition("=")[2]
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as exc:
            raise invalid(f"cronExpression names the unknown time zone '{zone}'") from exc
    fields = " ".join(field.replace("?", "*") for field in text.split())
    if len(fields.split()) != 6:
        raise invalid("cronExpression must have six fields: second minute hour day month weekday")
    try:
        CronSim(fields, datetime.now(UTC))
    except CronSimError as exc:
        raise invalid(f"cronExpression '{text}' is not valid: {exc}") from exc
    return Cron(fields=fields, zone=zone)


def _every(text: str) -> Every:
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise invalid("@every must be followed by a time like 5m or 1h30m")
    seconds = sum(float(number) * _SECONDS[unit] for number, unit in parts)
    if seconds < LEAST_PAUSE_S:
        raise invalid("@every must be at least 1s")
    return Every(seconds=seconds)
