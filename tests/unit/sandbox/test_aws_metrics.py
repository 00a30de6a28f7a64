"""The metric store of the AWS half: percentiles without keeping each value."""

from itertools import pairwise

import pytest

from sandbox.aws.metrics import Bucket


def _bucket(*values: float) -> Bucket:
    bucket = Bucket()
    for value in values:
        bucket.add(value)
    return bucket


@pytest.mark.parametrize(
    ("name", "value"), [("p0", 1), ("p50", 500), ("p90", 900), ("p99.9", 999), ("p100", 1000)]
)
def test_a_percentile_is_right_to_one_per_cent(name: str, value: float) -> None:
    assert _bucket(*range(1, 1001)).stat(name) == pytest.approx(value, rel=0.011)


def test_percentiles_of_one_value_are_that_value() -> None:
    assert _bucket(12.34).stat("p50") == _bucket(12.34).stat("p99") == 12.34
    assert _bucket(0, 0, 0).stat("p99") == 0


def test_percentiles_of_merged_seconds_are_those_of_all_values() -> None:
    merged, rest = _bucket(*range(1, 500)), _bucket(*range(500, 1001))
    merged.merge(rest)
    assert merged.stat("p90") == _bucket(*range(1, 1001)).stat("p90")


def test_percentiles_grow_with_their_number() -> None:
    bucket = _bucket(0, 0.5, 3, 3, 80, 4000)
    found = [bucket.stat(f"p{percent}") or 0 for percent in range(101)]
    assert all(one <= other for one, other in pairwise(found))


@pytest.mark.parametrize("name", ["p101", "tm99", "IQM", "p", "p-1"])
def test_it_says_what_it_does_not_keep(name: str) -> None:
    assert _bucket(1).stat(name) is None
