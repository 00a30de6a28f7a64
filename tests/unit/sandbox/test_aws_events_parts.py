"""Parts of the event engine of the AWS half that need no server: batch answers, templates, ticks."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.aws.durable.store import Store
from sandbox.aws.events.inputs import filled, text_for
from sandbox.aws.events.records import failed_of
from sandbox.aws.events.schedules import Plan, Ticker

IDS = ["a", "b"]


@pytest.mark.parametrize(
    ("answer", "failed"),
    [
        (b"", set()),
        (b"null", set()),
        (b"{}", set()),
        (b'{"batchItemFailures": []}', set()),
        (b'{"batchItemFailures": null}', set()),
        (b'{"batchItemFailures": [{"itemIdentifier": "b"}]}', {"b"}),
        (b'{"batchItemFailures": [{"itemIdentifier": ""}]}', {"a", "b"}),
        (b'{"batchItemFailures": [{"itemIdentifier": null}]}', {"a", "b"}),
        (b'{"batchItemFailures": [{"id": "a"}]}', {"a", "b"}),
        (b'{"batchItemFailures": [{"itemIdentifier": "c"}]}', {"a", "b"}),
        (b'{"batchItemFailures": "a"}', {"a", "b"}),
        (b'"fine"', {"a", "b"}),
        (b"not json", {"a", "b"}),
    ],
)
def test_an_answer_names_the_messages_that_failed(answer: bytes, failed: set[str]) -> None:
    assert failed_of(answer, IDS, reports=True) == failed
    assert failed_of(answer, IDS, reports=False) == set()


def test_a_template_is_filled_inside_and_outside_of_strings() -> None:
    values = {"name": 'a "b"', "count": 3, "list": [1], "none": None}
    assert json.loads(filled('{"n": <name>, "c": <count>, "l": <list>}', values)) == {
        "n": 'a "b"',
        "c": 3,
        "l": [1],
    }
    assert filled('"<name> has <count> and <none>"', values) == '"a \\"b\\" has 3 and "'
    assert filled("<unknown>", values) == "<unknown>"


def test_a_target_gets_what_it_asked_for() -> None:
    event = {"time": "2026-11-22T10:00:00Z", "detail": {"k": [{"v": 5}]}}
    assert text_for({"Input": '{"fixed": 1}'}, event, "arn", "rule") == '{"fixed": 1}'
    assert text_for({"InputPath": "$.detail.k[0].v"}, event, "arn", "rule") == "5"
    assert json.loads(text_for({}, event, "arn", "rule")) == event
    transformer = {
        "InputPathsMap": {"v": "$.detail.k[0].v"},
        "InputTemplate": '{"v": <v>, "r": <aws.events.rule-name>}',
    }
    text = text_for({"InputTransformer": transformer}, event, "arn", "rule")
    assert json.loads(text) == {"v": 5, "r": "rule"}


class _Clock:
    """A plan under a clock that the test turns."""

    def __init__(self, place: Path, expression: str, **more: float) -> None:
        self.now = 1_800_000_000.0
        self.fired: list[float] = []
        self.enabled = True
        self._place, self._expression, self._more = place, expression, more
        self.start()

    def start(self) -> None:
        self._ticker = Ticker(Store(self._place / "ticks.db"), self._plans, lambda: self.now)

    def _plans(self) -> Iterator[Plan]:
        if self.enabled:
            yield Plan(
                name="p", expression=self._expression, zone="UTC", fire=self.fired.append, **self._more
            )

    def at(self, seconds: float) -> list[float]:
        """Turn the clock and look twice; gives the ticks so far, counted from the start."""
        self.now = 1_800_000_000.0 + seconds
        self._ticker.look()
        self._ticker.look()
        return [tick - 1_800_000_000.0 for tick in self.fired]


def test_a_rate_fires_once_for_each_period(tmp_path: Path) -> None:
    clock = _Clock(tmp_path, "rate(1 minute)")
    assert clock.at(0) == []
    assert clock.at(59) == []
    assert clock.at(60.1) == [60]
    assert clock.at(119) == [60]
    assert clock.at(120) == [60, 120]


def test_no_tick_fires_twice_across_a_restart_and_missed_ones_fire_once(tmp_path: Path) -> None:
    clock = _Clock(tmp_path, "rate(1 minute)")
    clock.at(0)
    assert clock.at(61) == [60]
    clock.start()
    assert clock.at(61) == [60]
    clock.start()
    assert clock.at(600) == [60, 600]


def test_what_was_disabled_begins_anew(tmp_path: Path) -> None:
    clock = _Clock(tmp_path, "rate(1 minute)")
    clock.at(0)
    clock.enabled = False
    assert clock.at(90) == []
    clock.enabled = True
    assert clock.at(100) == []
    assert clock.at(160) == [160]


def test_a_schedule_with_a_rate_fires_at_once(tmp_path: Path) -> None:
    clock = _Clock(tmp_path, "rate(1 hour)", first=1_800_000_000.0)
    assert clock.at(0.5) == [0]
    assert clock.at(3599) == [0]
    assert clock.at(3600) == [0, 3600]


def test_a_flexible_window_only_delays(tmp_path: Path) -> None:
    clock = _Clock(tmp_path, "rate(1 hour)", within_s=600.0)
    clock.at(0)
    assert clock.at(3599) == []
    assert clock.at(4200) == [3600]


def test_a_schedule_stops_at_its_end(tmp_path: Path) -> None:
    clock = _Clock(tmp_path, "rate(1 minute)", ends=1_800_000_000.0 + 90)
    clock.at(0)
    assert clock.at(60) == [60]
    assert clock.at(121) == [60]
