"""Times as both clouds write them: ISO 8601, milliseconds since 1970, and the log format of API Gateway."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_ISO = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)")
_CLF = re.compile(r"(\d\d)/([A-Z][a-z]{2})/(\d{4}):(\d\d):(\d\d):(\d\d) \+0000")
MS_TEXT = re.compile(r"[0-9]{1,15}")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def ms_from_iso(text: str) -> int | None:
    """Give milliseconds since 1970; None for a text that is no such time."""
    found = _ISO.fullmatch(text)
    if found is None:
        return None
    year, month, day, hour, minute, second = (int(part) for part in found.groups()[:6])
    try:
        at = datetime(year, month, day, hour, minute, second, tzinfo=timezone.utc)
    except ValueError:
        return None
    ms = (at - _EPOCH) // timedelta(milliseconds=1) + int((found.group(7) or "0").ljust(3, "0")[:3])
    zone = found.group(8)
    if zone != "Z":
        minutes = int(zone[1:3]) * 60 + int(zone[4:])
        ms -= (minutes if zone[0] == "+" else -minutes) * 60_000
    return ms


def iso_from_ms(ms: int) -> str | None:
    """Give ``2019-03-29T08:07:41.393Z``; None outside the years 1 to 9999."""
    try:
        at = _EPOCH + timedelta(milliseconds=ms)
    except OverflowError:
        return None
    return f"{at.year:04}-{at:%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}Z"


def clf_from_iso(text: str) -> str | None:
    """Give ``12/Mar/2020:19:03:58 +0000``; None for a text that is no time."""
    ms = ms_from_iso(text)
    iso = None if ms is None else iso_from_ms(ms)
    if iso is None:
        return None
    return f"{iso[8:10]}/{_MONTHS[int(iso[5:7]) - 1]}/{iso[:4]}:{iso[11:19]} +0000"


def iso_from_clf(text: str) -> str | None:
    """Give ``2020-03-12T19:03:58Z``; None for a text that is no such time."""
    found = _CLF.fullmatch(text)
    if found is None or found.group(2) not in _MONTHS:
        return None
    day, month, year, hour, minute, second = found.groups()
    iso = f"{year}-{_MONTHS.index(month) + 1:02}-{day}T{hour}:{minute}:{second}Z"
    return None if ms_from_iso(iso) is None else iso
