"""Who gets traffic, and how evenly."""

from itertools import pairwise
from pathlib import Path

from sandbox.traffic import PER_SECOND, Interest, Pace, Routing, events_of


def routing(version: str = "1", **weights: float) -> Routing:
    return Routing(version=version, weights={name.removeprefix("v"): w for name, w in weights.items()})


def test_it_leaves_a_function_alone_that_is_not_shifting() -> None:
    interest = Interest(60)
    assert not interest.choose({"fn": routing()}, 0)
    assert not interest.choose({"fn": routing()}, 1)


def test_it_calls_a_function_while_its_alias_has_weights_and_for_a_while_after() -> None:
    interest = Interest(60)
    assert interest.choose({"fn": routing(v2=0.1)}, 0) == {"fn"}
    assert interest.choose({"fn": routing()}, 59) == {"fn"}
    assert not interest.choose({"fn": routing()}, 61)


def test_it_calls_a_function_for_a_while_after_its_version_changed() -> None:
    interest = Interest(60)
    interest.choose({"fn": routing("1"), "still": routing("1")}, 0)
    assert interest.choose({"fn": routing("2"), "still": routing("1")}, 1) == {"fn"}
    assert interest.choose({"fn": routing("2")}, 60) == {"fn"}
    assert not interest.choose({"fn": routing("2")}, 62)


def test_it_spreads_calls_evenly() -> None:
    pace, now, sent = Pace(), 0.0, []
    while now < 10:
        sent += [now] * len(pace.due(frozenset({"fn"}), now))
        now += max(pace.wait_s(now), 1e-6)
    assert len(sent) in (10 * PER_SECOND, 10 * PER_SECOND + 1)
    gaps = [b - a for a, b in pairwise(sent)]
    assert max(gaps) < 1.2 / PER_SECOND
    assert min(gaps) > 0.8 / PER_SECOND


def test_it_does_not_catch_up_after_a_pause() -> None:
    pace = Pace()
    assert pace.due(frozenset({"fn"}), 0) == ["fn"]
    assert pace.due(frozenset({"fn"}), 30) == ["fn"]
    assert pace.due(frozenset({"fn"}), 30.01) == []


def test_it_takes_the_events_of_the_sample_of_that_name(tmp_path: Path) -> None:
    (tmp_path / "fn").mkdir()
    (tmp_path / "fn" / "events.jsonl").write_text('{"n":1}\n\n{"n":2}\n')
    assert events_of("fn", tmp_path) == (b'{"n":1}', b'{"n":2}')
    assert b"name" in events_of("other", tmp_path)[0]
