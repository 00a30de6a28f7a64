"""Geometry and words of the pages: pure functions."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutover.comparison import LogRow, Standing
from cutover.errors import BadInput, GuardNotMet, OperationRunning, StaleState
from dashboard import charts, sides
from dashboard.errors import refusal
from dashboard.templatetags import cutover as tags
from dashboard.views.records import escaped
from migrations_app.models import Operation, TrafficSlot

NOW = dt.datetime(2026, 11, 22, 12, 0, tzinfo=dt.UTC)


def slot(ago_s: int, side: str = "primary", **values: object) -> TrafficSlot:
    return TrafficSlot(
        side=side,
        at=NOW - dt.timedelta(seconds=ago_s),
        **{"events": 10, "histogram": {"45.25": 10}, **values},
    )


def drawn(*slots: TrafficSlot) -> charts.Charts:
    return charts.draw(slots, (), now=NOW, seconds=1200, weight_bp=0)


def test_operations_that_lie_close_carry_their_numbers_alone() -> None:
    moves = [
        Operation(
            kind="shift",
            state="succeeded",
            parameters={"to_bp": to_bp},
            finished_at=NOW - dt.timedelta(seconds=ago_s),
        )
        for ago_s, to_bp in ((1000, 100), (500, 500), (480, 2500), (200, 5000))
    ]
    markers = charts.draw((), moves, now=NOW, seconds=1200, weight_bp=5000).markers
    assert [(one.number, one.roomy) for one in markers] == [(1, True), (2, False), (3, False), (4, True)]


def test_a_gap_in_data_stays_a_gap() -> None:
    latency = drawn(slot(300), slot(290), slot(100), slot(90)).panels[2]
    assert len(latency.aws) == 2


def test_nothing_observed_draws_nothing() -> None:
    assert drawn().empty
    assert drawn().panels[0].aws == ()


def test_every_point_lies_inside_the_box() -> None:
    made = drawn(*(slot(ago, side) for ago in range(10, 1200, 10) for side in ("primary", "candidate")))
    for panel in made.panels:
        for points in (*panel.aws, *panel.fc):
            for point in points.split():
                x, y = (float(number) for number in point.split(","))
                assert 0 <= x <= 1000
                assert 0 <= y <= 100


BOUNDS = st.dictionaries(st.sampled_from([16.0, 22.63, 32.0, 45.25]), st.integers(1, 50), min_size=1)


@given(BOUNDS, st.integers(1, 99))
def test_a_quantile_lies_within_the_histogram(histogram: dict[float, int], percent: int) -> None:
    bucket = charts.Bucket(histogram={str(bound): count for bound, count in histogram.items()})
    value = bucket.quantile(percent / 100)
    assert value is not None
    assert min(histogram) / 1.5 <= value <= max(histogram)


def test_long_equal_runs_fold_with_three_lines_of_context() -> None:
    rows = [
        LogRow(primary=f"line {n}", candidate=f"line {n}", level="INFO", standing=None) for n in range(30)
    ]
    rows[15] = LogRow(primary="a", candidate=None, level="WARN", standing=Standing.COUNTS)
    blocks = sides.logs(rows, ())
    assert [(len(block.rows), block.folded) for block in blocks] == [
        (12, True),
        (3, False),
        (1, False),
        (3, False),
        (11, True),
    ]
    assert sum(len(block.rows) for block in blocks) == 30


def test_what_cannot_be_seen_is_written_as_an_escape() -> None:
    assert tags.shown("a\u202eb\x00c") == "a\\u202eb\\u0000c"


@given(st.integers(0, 10_000))
def test_both_shares_make_a_whole(weight_bp: int) -> None:
    assert float(tags.share(weight_bp)[:-1]) + float(tags.share(tags.rest(weight_bp))[:-1]) == pytest.approx(
        100
    )


@pytest.mark.parametrize("cell", ["=1", "+1", "-1", "@x", "\tx"])
def test_no_cell_of_an_export_is_a_formula(cell: str) -> None:
    assert escaped(cell) == f"'{cell}"


def test_rule_errors_become_answers_in_one_place() -> None:
    assert refusal(BadInput("x")).status == 422
    assert [refusal(error).status for error in (StaleState(), OperationRunning(), GuardNotMet(["a"]))] == [
        409
    ] * 3
    assert refusal(GuardNotMet(["a", "b"])).reasons == ("a", "b")
