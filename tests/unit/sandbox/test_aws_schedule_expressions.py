"""The schedule expressions of EventBridge and Scheduler, against times counted by hand."""

from datetime import UTC, datetime

import pytest

from sandbox.aws.events.expressions import BadExpression, parsed


def _after(expression: str, moment: str, zone: str = "UTC") -> str | None:
    found = parsed(expression, zone).after(datetime.fromisoformat(moment).replace(tzinfo=UTC))
    return found.astimezone(UTC).strftime("%Y-%m-%d %H:%M") if found else None


@pytest.mark.parametrize(
    ("expression", "moment", "due"),
    [
        ("rate(5 minutes)", "2026-11-22 10:03", "2026-11-22 10:08"),
        ("rate(1 day)", "2026-11-22 10:03", "2026-11-23 10:03"),
        ("at(2026-12-01T08:30:00)", "2026-11-22 10:03", "2026-12-01 08:30"),
        ("at(2026-11-01T08:30:00)", "2026-11-22 10:03", None),
        ("cron(0 10 * * ? *)", "2026-11-22 10:03", "2026-11-23 10:00"),
        ("cron(15 12 * * ? *)", "2026-11-22 10:03", "2026-11-22 12:15"),
        ("cron(0 18 ? * MON-FRI *)", "2026-11-20 18:00", "2026-11-23 18:00"),
        ("cron(0 8 1 * ? *)", "2026-11-22 10:03", "2026-12-01 08:00"),
        ("cron(0/15 * * * ? *)", "2026-11-22 10:03", "2026-11-22 10:15"),
        ("cron(0/5 8-17 ? * MON-FRI *)", "2026-11-20 17:56", "2026-11-23 08:00"),
        ("cron(30 9 L * ? *)", "2026-02-01 00:00", "2026-02-28 09:30"),
        ("cron(0 9 15W * ? *)", "2026-11-01 00:00", "2026-11-16 09:00"),
        ("cron(0 9 1W * ? *)", "2026-07-31 23:59", "2026-08-03 09:00"),
        ("cron(0 9 LW * ? *)", "2026-10-01 00:00", "2026-10-30 09:00"),
        ("cron(0 9 ? * 6L *)", "2026-11-01 00:00", "2026-11-27 09:00"),
        ("cron(0 9 ? * TUE#3 *)", "2026-11-01 00:00", "2026-11-17 09:00"),
        ("cron(0 9 ? * 1 *)", "2026-11-22 10:00", "2026-11-29 09:00"),
        ("cron(0 9 ? * L *)", "2026-11-22 10:00", "2026-11-28 09:00"),
        ("cron(0 0 29 2 ? *)", "2026-11-22 10:00", "2028-02-29 00:00"),
        ("cron(0 0 1 JAN ? 2027-2028)", "2027-06-01 00:00", "2028-01-01 00:00"),
        ("cron(0 0 1 1 ? 2025)", "2026-11-22 10:00", None),
    ],
)
def test_it_finds_the_next_time(expression: str, moment: str, due: str | None) -> None:
    assert _after(expression, moment) == due


def test_local_times_follow_the_change_of_clocks() -> None:
    nine = "cron(0 9 * * ? *)"
    assert _after(nine, "2026-03-28 10:00", "Europe/Berlin") == "2026-03-29 07:00"
    assert _after(nine, "2026-10-24 10:00", "Europe/Berlin") == "2026-10-25 08:00"
    assert _after("cron(30 2 * * ? *)", "2026-03-28 10:00", "Europe/Berlin") == "2026-03-30 00:30"
    assert _after("at(2026-12-01T08:00:00)", "2026-11-22 10:00", "Asia/Shanghai") == "2026-12-01 00:00"


@pytest.mark.parametrize(
    "expression",
    [
        *("rate(1 minutes)", "rate(5 minute)", "rate(0 minutes)", "rate(1.5 hours)", "rate(5 weeks)"),
        *("cron(0 10 * * *)", "cron(0 10 * * * *)", "cron(0 10 ? * ? *)", "cron(60 10 * * ? *)"),
        *("cron(0 24 * * ? *)", "cron(0 10 32 * ? *)", "cron(0 10 ? * 8 *)", "cron(a 10 * * ? *)"),
        *("cron(0 10 * 13 ? *)", "cron(0/0 10 * * ? *)", "cron(0/ 10 * * ? *)", "cron(0 10 ? * TUE#6 *)"),
        *("at(2026-13-01T00:00:00)", "at(tomorrow)", "every minute", ""),
    ],
)
def test_it_refuses_what_aws_refuses(expression: str) -> None:
    with pytest.raises(BadExpression):
        parsed(expression)


def test_it_refuses_a_time_zone_that_nobody_has() -> None:
    with pytest.raises(BadExpression):
        parsed("cron(0 10 * * ? *)", "Mars/Olympus")
