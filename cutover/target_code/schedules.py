"""Schedules of AWS as FC's timer reads them: six fields with seconds first, UTC, or `@every`.

Source: AWS, EventBridge schedule expressions; Alibaba Cloud, FC 3.0, time triggers, read 2026-11-22.
"""

from __future__ import annotations

import re

_RATE = re.compile(r"rate\(\s*(\d+)\s+(minute|hour|day)s?\s*\)")
_CRON = re.compile(r"cron\((.+)\)")
_FIELD = re.compile(r"[A-Za-z0-9*?,/-]+")
_SPECIAL = re.compile(r"(?:^|,)(?:L(?:-\d+)?|LW|\d+[LW])(?:,|$)", re.IGNORECASE)
_HOURS = {"hour": 1, "day": 24}
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")


class NotTranslated(Exception):
    """The schedule says something that FC's timer cannot; the message says what."""


def timer_cron(expression: str) -> str:
    """Give FC's expression for `rate(...)` or `cron(...)`.

    Raises:
        NotTranslated: no such expression, a year, or a field with L, W or #.
    """
    if found := _RATE.fullmatch(expression.strip()):
        number, unit = int(found[1]), found[2]
        if not number:
            raise NotTranslated(f"{expression} never comes round")
        return f"@every {number}m" if unit == "minute" else f"@every {number * _HOURS[unit]}h"
    found = _CRON.fullmatch(expression.strip())
    fields = found[1].split() if found else []
    if len(fields) != 6:
        raise NotTranslated(f"{expression or 'nothing'} is neither rate(...) nor cron(...) of six fields")
    *kept, year = fields
    if year not in ("*", "?"):
        raise NotTranslated(f"FC's timer has no year, and {expression} names one")
    if special := [one for one in kept if not _FIELD.fullmatch(one) or _SPECIAL.search(one)]:
        raise NotTranslated(f"FC's timer does not know {', '.join(special)}")
    minute, hour, day, month, weekday = kept
    return f"0 {minute} {hour} {day} {month} {_weekday(weekday, expression)}"


def _weekday(field: str, expression: str) -> str:
    """Give the day of the week by name: AWS counts from 1 (Sunday), FC from 0 or 1 by page, so names stay."""
    step, _, every = field.partition("/")
    if every:
        raise NotTranslated(
            f"FC's timer and AWS count days of the week apart, and {expression} steps in them"
        )

    def name(found: re.Match[str]) -> str:
        number = int(found[0])
        if not 1 <= number <= 7:
            raise NotTranslated(f"{expression} names a day of the week that is none")
        return _DAYS[number - 1]

    return re.sub(r"\d+", name, step)
