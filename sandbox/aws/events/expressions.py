"""The schedule expressions of EventBridge and Scheduler: rate(...), cron(...) and at(...).

A cron expression has six fields: minutes, hours, day of month, month, day of week, year. One of the two days
is `?`. Days of the week are 1 to 7 or SUN to SAT. Known are , - * / ? L W and #. Source:
docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html and
docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html, read 2026-11-22.
"""

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_RATE = re.compile(r"rate\((\d+) (minute|minutes|hour|hours|day|days)\)")
_CRON = re.compile(r"cron\(([^()]+)\)")
_AT = re.compile(r"at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)")
_SECONDS = {"minute": 60, "hour": 3600, "day": 86_400}
_MONTHS = {name.upper(): number for number, name in enumerate(calendar.month_abbr) if name}
_DAYS = {name: number for number, name in enumerate(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"), 1)}
_FIRST_YEAR, _LAST_YEAR = 1970, 2199


class BadExpression(ValueError):
    """The expression is not one that AWS would take."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rate:
    """Every so many seconds."""

    seconds: int

    def after(self, moment: datetime) -> datetime | None:
        return moment + timedelta(seconds=self.seconds)


@dataclass(frozen=True, kw_only=True, slots=True)
class Once:
    """One moment."""

    moment: datetime

    def after(self, moment: datetime) -> datetime | None:
        return self.moment if self.moment > moment else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Cron:
    """A cron expression in a time zone. days, weekdays: the fields' text, since they depend on the month."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: str
    months: tuple[int, ...]
    weekdays: str
    years: tuple[int, ...]
    zone: tzinfo

    def after(self, moment: datetime) -> datetime | None:
        """Give the first time after a moment, None when there is none. Local times that a change of clocks
        leaves out do not happen; those that it repeats happen once."""
        local = moment.astimezone(self.zone)
        for day in self._dates(local.date() - timedelta(days=1)):
            for hour in self.hours:
                for minute in self.minutes:
                    naive = datetime(day.year, day.month, day.day, hour, minute, tzinfo=self.zone)
                    found = naive.astimezone(UTC)
                    is_real = found.astimezone(self.zone).replace(tzinfo=None) == naive.replace(tzinfo=None)
                    if is_real and found > moment:
                        return found
        return None

    def _dates(self, first: date) -> Iterator[date]:
        for year in self.years:
            if year < first.year:
                continue
            for month in self.months:
                if (year, month) < (first.year, first.month):
                    continue
                for day in self._days_of(year, month):
                    if date(year, month, day) >= first:
                        yield date(year, month, day)

    def _days_of(self, year: int, month: int) -> list[int]:
        if self.days != "?":
            return _month_days(self.days, year, month)
        return _week_days(self.weekdays, year, month)


Expression = Rate | Once | Cron


@lru_cache(maxsize=512)
def parsed(text: str, zone_name: str = "UTC") -> Expression:
    """Understand an expression. zone_name: of cron and at. Raises BadExpression."""
    try:
        zone = ZoneInfo(zone_name)
    except (ZoneInfoNotFoundError, ValueError) as exc:
        raise BadExpression(f"no time zone is {zone_name!r}") from exc
    if found := _RATE.fullmatch(text):
        count, unit = int(found[1]), found[2]
        if count == 0 or (count == 1) == unit.endswith("s"):
            raise BadExpression(f"{text}: a value of 1 takes the unit in the singular, others in the plural")
        return Rate(seconds=count * _SECONDS[unit.rstrip("s")])
    if found := _AT.fullmatch(text):
        try:
            moment = datetime.fromisoformat(found[1]).replace(tzinfo=zone)
        except ValueError as exc:
            raise BadExpression(f"{text} is no time") from exc
        return Once(moment=moment.astimezone(UTC))
    if found := _CRON.fullmatch(text):
        return _cron(found[1].split(), zone)
    raise BadExpression(f"{text} is neither rate(...) nor cron(...) nor at(...)")


def _cron(fields: list[str], zone: tzinfo) -> Cron:
    if len(fields) != 6:
        raise BadExpression("a cron expression has six fields")
    minutes, hours, days, months, weekdays, years = (field.upper() for field in fields)
    if (days == "?") == (weekdays == "?"):
        raise BadExpression("one of day of month and day of week must be ?, and not both")
    expression = Cron(
        minutes=_numbers(minutes, 0, 59),
        hours=_numbers(hours, 0, 23),
        days=days,
        months=_numbers(months, 1, 12, _MONTHS),
        weekdays=weekdays,
        years=_numbers(years, _FIRST_YEAR, _LAST_YEAR),
        zone=zone,
    )
    expression._days_of(2024, 1)  # the days' fields are understood month by month: refuse bad ones now
    return expression


def _numbers(field: str, least: int, most: int, names: dict[str, int] | None = None) -> tuple[int, ...]:
    """Give the values of a field in order. Raises BadExpression."""
    found: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        if span == "*":
            first, last = least, most
        else:
            begin, dash, end = span.partition("-")
            first = _number(begin, names)
            last = _number(end, names) if dash else (most if step else first)
        every = _number(step, None) if step else 1
        if not (least <= first <= last <= most) or every < 1 or ("/" in part and not step):
            raise BadExpression(f"{part!r} is outside {least} to {most}")
        found.update(range(first, last + 1, every))
    return tuple(sorted(found))


def _number(text: str, names: dict[str, int] | None) -> int:
    if names and text in names:
        return names[text]
    if not text.isascii() or not text.isdecimal():
        raise BadExpression(f"{text!r} is not a number")
    return int(text)


def _month_days(field: str, year: int, month: int) -> list[int]:
    last = calendar.monthrange(year, month)[1]
    if field == "L":
        return [last]
    if field == "LW":
        return [_nearest_weekday(year, month, last)]
    if field.endswith("W"):
        (day,) = _numbers(field[:-1], 1, 31)
        return [_nearest_weekday(year, month, day)] if day <= last else []
    return [day for day in _numbers(field, 1, 31) if day <= last]


def _nearest_weekday(year: int, month: int, day: int) -> int:
    """Give the weekday nearest to a day without leaving its month."""
    last = calendar.monthrange(year, month)[1]
    which = date(year, month, day).weekday()
    if which == 5:
        return day - 1 if day > 1 else day + 2
    if which == 6:
        return day + 1 if day < last else day - 2
    return day


def _week_days(field: str, year: int, month: int) -> list[int]:
    last = calendar.monthrange(year, month)[1]
    by_weekday: dict[int, list[int]] = {number: [] for number in range(1, 8)}
    for day in range(1, last + 1):
        by_weekday[date(year, month, day).isoweekday() % 7 + 1].append(day)
    if field == "L":
        return by_weekday[7]
    if "#" in field:
        name, _, place = field.partition("#")
        (number,) = _numbers(name, 1, 7, _DAYS)
        (which,) = _numbers(place, 1, 5)
        return by_weekday[number][which - 1 : which]
    if field.endswith("L") and field != "L":
        (number,) = _numbers(field[:-1], 1, 7, _DAYS)
        return by_weekday[number][-1:]
    return sorted(day for number in _numbers(field, 1, 7, _DAYS) for day in by_weekday[number])
