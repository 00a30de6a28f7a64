"""The benchmark's own shapes and table, without measuring."""

from __future__ import annotations

import pytest

from bench.__main__ import groups, main, table
from bench.comparison import Shape, deepdiff, limit, ours, shapes

SHAPES = shapes(2_000)


@pytest.mark.parametrize("shape", SHAPES, ids=[shape.name for shape in SHAPES])
def test_each_contender_is_right_about_every_shape(shape: Shape) -> None:
    assert ours(shape)
    assert limit(shape)
    assert deepdiff(shape)


def test_the_table_names_what_a_metric_is_measured_against() -> None:
    row = {
        "metric": "comparison.vs_limit",
        "value": 1.5,
        "unit": "x",
        "against": "parsing",
        "floor": 3.0,
        "aim": 1.6,
        "met": True,
        "spread": 0.1,
    }
    assert "comparison.vs_limit: against parsing" in table([row])


def test_an_unknown_group_is_named_and_nothing_runs(capsys: pytest.CaptureFixture[str]) -> None:
    assert "comparison" in groups()
    assert main(["no-such-group"]) == 2
    assert "There is no group 'no-such-group'" in capsys.readouterr().err
