"""What varies by nature, known by its shape: ids, times, names that carry an account or a region.

A difference is noise only when *both* sides have the same shape at that place. Times must lie within a day of
each other, since "now" on two clouds does and a wrong date does not.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache

DAY_S = 86_400
EARLIEST_S, LATEST_S = 1.5e9, 2.2e9
"""Between 2017 and 2039: what numbers are taken for times. In milliseconds as well."""
LATEST_MS = LATEST_S * 1000
_ISO = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?: ?(?:Z|[+-]\d\d:?\d\d))?"
_UUID = r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
_HTTP_TIME = (
    r"[A-Z][a-z]{2},? (?:\d{1,2} [A-Z][a-z]{2}|[A-Z][a-z]{2} \d{1,2}),? \d{4} \d\d:\d\d:\d\d"
    r"(?: GMT(?:[+-]\d{1,4})?)?(?: \([^)]{0,60}\))?"
)
# Source: request ids as both vendors print them. FC's and X-Ray's are 1-<8 hex>-<hex...>; AWS's are uuids.
_TRACE = r"1-[0-9a-f]{8}-[0-9a-f]{12,32}"
_ARN = r"(?:arn:aws[a-z-]{0,10}|acs):[a-z0-9-]{0,40}:[a-z0-9-]{0,30}:[0-9]{0,20}:[^\s\"',;)]{1,2048}"
# Every repetition is bounded: a payload that was made to be slow costs no more than its length.
_SIGNED = (
    r"https?://[^\s\"'?]{1,1024}\?(?:[^\s\"'=&]{1,100}=[^\s\"'&]{0,3000}&){0,30}?"
    r"(?:X-Amz-Signature|x-oss-signature|Signature|OSSAccessKeyId)=[^\s\"']{0,4096}"
)
_REGION = (
    r"(?<![0-9A-Za-z])(?:(?:us|eu|ap|sa|ca|me|af|il|mx)(?:-gov)?-(?:north|south|east|west|central|northeast|southeast|northwest"
    r"|southwest)-\d|cn-[a-z]{2,20}(?:-[a-z]{2,20})?(?:-\d)?)(?![0-9A-Za-z])"
)
_EPOCH = r"(?<![0-9A-Za-z.])(?:1[5-9]|2[01])\d{8}(?:\d{3})?(?:\.\d+)?(?![0-9A-Za-z])"

SHAPES: tuple[tuple[str, str], ...] = (
    ("presigned URL", _SIGNED),
    ("ARN", _ARN),
    ("uuid", _UUID),
    ("request id", _TRACE),
    ("time", _ISO),
    ("time", _HTTP_TIME),
    ("epoch time", _EPOCH),
    ("region", _REGION),
)
"""(name, pattern), the more specific first."""

_NAMES = tuple(name for name, _ in SHAPES)
_ANY = re.compile("|".join(f"({pattern})" for _, pattern in SHAPES))
_WORTH = re.compile(r"\d\d\d|-\d|cn-|[0-9a-f]{4}-|acs:|arn:|Signature=|AccessKeyId=")
_TWO_TIMES = re.compile(rf"{_ISO}\n{_ISO}")
"""Tried first: a time of the same day on both sides is by far the most frequent noise."""
_IDS = frozenset({"uuid", "request id"})
LONGEST = 65_536
"""Strings longer than this are not searched for volatile parts."""

_WORDS: dict[str, re.Pattern[str]] = {
    **{
        name: re.compile("|".join(f"(?:{pattern})" for other, pattern in SHAPES if other == name))
        for name in dict.fromkeys(name for name, _ in SHAPES)
    },
    "number": re.compile(r"[+-]?\d{1,40}(?:\.\d{1,40})?(?:[eE][+-]?\d{1,3})?"),
    "hex": re.compile(r"[0-9a-fA-F]{8,128}"),
    "base64": re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}"),
    "address": re.compile(r"\d{1,3}(?:\.\d{1,3}){3}|[0-9a-fA-F:]{3,39}"),
}
SHAPE_WORDS = (*_WORDS, "text")
"""The shapes that a rule may name; ``text`` is any string that is not empty."""


def is_shape(word: str, value: object) -> bool:
    """Tell whether a whole value is of the shape ``word``, one of ``SHAPE_WORDS``. Booleans are of none."""
    if isinstance(value, bool) or value is None or isinstance(value, dict | list):
        return False
    if word == "text":
        return isinstance(value, str) and value != ""
    if _is_number(value) and word not in ("number", "epoch time"):
        return False
    return _WORDS[word].fullmatch(str(value)) is not None


def masked(text: str) -> str:
    """Give the text with everything volatile replaced by the name of its shape, e.g. ``<uuid>``."""
    possible = _possible(text)
    if not possible or len(text) > LONGEST:
        return text
    return _alternation(possible).sub(_placeholder, text)


def _possible(text: str) -> int:
    """Give, as bits over ``SHAPES``, the shapes that the text may hold, by what each cannot do without."""
    dashes, colon = text.count("-"), ":" in text
    found = _BITS["epoch time"] if _TEN_DIGITS(text) else 0
    if colon:
        if "arn:aws" in text or "acs:" in text:
            found |= _BITS["ARN"]
        if dashes >= 2:
            found |= _ISO_BIT
        if _FOUR_AND_CLOCK(text):
            found |= _BITS["time"] & ~_ISO_BIT
        if "Signature=" in text or "AccessKeyId=" in text:
            found |= _BITS["presigned URL"]
    if dashes >= 4:
        found |= _BITS["uuid"]
    if dashes >= 2 and "1-" in text:
        found |= _BITS["request id"]
    if dashes and any(word in text for word in _IN_REGIONS):
        found |= _BITS["region"]
    return found


_IN_REGIONS = ("cn-", "-north", "-south", "-east", "-west", "-central")


_BITS = {name: sum(1 << n for n, (other, _) in enumerate(SHAPES) if other == name) for name, _ in SHAPES}
_ISO_BIT = 1 << SHAPES.index(("time", _ISO))
_TEN_DIGITS = re.compile(r"\d{10}").search
_FOUR_AND_CLOCK = re.compile(r"\d{4} \d\d:\d\d:\d\d").search


@lru_cache(maxsize=256)
def _alternation(possible: int) -> re.Pattern[str]:
    """Give one expression for these shapes, their names as groups, the more specific first."""
    return re.compile(
        "|".join(f"(?P<s{n}>{pattern})" for n, (_, pattern) in enumerate(SHAPES) if possible >> n & 1)
    )


def _placeholder(match: re.Match[str]) -> str:
    return _PLACEHOLDERS[match.lastgroup or ""]


_PLACEHOLDERS = {f"s{n}": "<id>" if name in _IDS else f"<{name}>" for n, (name, _) in enumerate(SHAPES)}


def shape_of_pair(primary: object, candidate: object) -> str:
    """Give the name of the volatile shape that explains the difference, or an empty string.

    Strings may hold volatile parts inside equal text. Numbers are noise as epoch seconds or milliseconds.
    """
    if type(primary) is str and type(candidate) is str:
        if primary[:10] == candidate[:10] and _TWO_TIMES.fullmatch(f"{primary}\n{candidate}"):
            return "time"
        return _shape_of_strings(primary, candidate)
    if type(primary) is not type(candidate) or not isinstance(primary, int | float):
        return ""
    if not EARLIEST_S <= primary < LATEST_MS:
        return ""
    return _shape_of_numbers(float(primary), float(candidate))  # type: ignore[arg-type]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _shape_of_numbers(primary: float, candidate: float) -> str:
    for unit in (1.0, 1000.0):
        low, high = EARLIEST_S * unit, LATEST_S * unit
        if low <= primary < high and low <= candidate < high and abs(primary - candidate) <= DAY_S * unit:
            return "epoch time"
    return ""


def _shape_of_strings(primary: str, candidate: str) -> str:
    if len(primary) > LONGEST or len(candidate) > LONGEST:
        return ""
    if not (_WORTH.search(primary) and _WORTH.search(candidate)):
        return ""
    reason, at, other_at = "", 0, 0
    second = _ANY.finditer(candidate)
    for one in _ANY.finditer(primary):
        other = next(second, None)
        if other is None or not _alike(one, other):
            return ""
        start, end = one.span()
        other_start, other_end = other.span()
        if primary[at:start] != candidate[other_at:other_start]:
            return ""
        at, other_at = end, other_end
        if one[0] != other[0]:
            name = _NAMES[(one.lastindex or 1) - 1]
            if name in _PLAUSIBLE and not _PLAUSIBLE[name](one[0], other[0]):
                return ""
            reason = reason or name
    return reason if next(second, None) is None and primary[at:] == candidate[other_at:] else ""


def _alike(one: re.Match[str], other: re.Match[str]) -> bool:
    """Tell whether two volatile parts have the same shape; ids of both vendors count as one shape."""
    first, second = _NAMES[(one.lastindex or 1) - 1], _NAMES[(other.lastindex or 1) - 1]
    return first == second or (first in _IDS and second in _IDS)


def _close_times(primary: str, candidate: str) -> bool:
    if primary[:10] == candidate[:10]:
        return True
    first, second = _instant(primary), _instant(candidate)
    return first is None or second is None or abs((first - second).total_seconds()) <= DAY_S


def _instant(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text.replace(",", "."))
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _close_epochs(primary: str, candidate: str) -> bool:
    return bool(_shape_of_numbers(float(primary), float(candidate)))


_PLAUSIBLE: dict[str, Callable[[str, str], bool]] = {"time": _close_times, "epoch time": _close_epochs}
