"""Fault rules strike where and as often as they say, the same way each time."""

import json
import time
from dataclasses import replace
from pathlib import Path

import pytest

from sandbox.executor import Execution, WorkerSpec
from sandbox.faults import (
    EXECUTOR_KINDS,
    FRONT_KINDS,
    Faults,
    Rule,
    administer,
    distort,
    log_delay_s,
    prepared,
    rule_from,
)


def execution(payload: object, outcome: str = "ok") -> Execution:
    return Execution(
        outcome=outcome,
        payload=json.dumps(payload).encode(),
        error_type=None,
        lines=(),
        duration_ms=1.0,
        init_ms=None,
        max_memory_mb=10,
        cold=False,
        worker_id="w",
    )


def pattern(seed: int) -> list[bool]:
    faults = Faults()
    faults.add(Rule(cloud="aws", kind="error", rate=0.3, seed=seed, function="fn"))
    return [
        bool(faults.strike(EXECUTOR_KINDS, cloud="aws", operation="Invoke", function="fn"))
        for _ in range(200)
    ]


def test_a_seed_repeats_its_draws() -> None:
    assert pattern(1) == pattern(1)
    assert pattern(1) != pattern(2)
    assert 30 <= sum(pattern(1)) <= 90


def test_a_rule_strikes_only_where_it_applies() -> None:
    faults = Faults()
    faults.add(Rule(cloud="aws", kind="reset", operation="Invoke", function="fn"))
    hits = [
        faults.strike(kinds, cloud=cloud, operation=operation, function=function)
        for kinds, cloud, operation, function in (
            (FRONT_KINDS, "aws", "Invoke", "fn"),
            (FRONT_KINDS, "alibaba", "Invoke", "fn"),
            (FRONT_KINDS, "aws", "GetFunction", "fn"),
            (FRONT_KINDS, "aws", "Invoke", "other"),
            (EXECUTOR_KINDS, "aws", "Invoke", "fn"),
        )
    ]
    assert [bool(hit) for hit in hits] == [True, False, False, False, False]


def test_a_rule_is_spent_after_its_times() -> None:
    faults = Faults()
    faults.add(Rule(cloud="aws", kind="reset", times=2))
    hits = [faults.strike(FRONT_KINDS, cloud="aws", operation="X", function=None) for _ in range(3)]
    assert [bool(hit) for hit in hits] == [True, True, False]
    assert not faults.rules()


@pytest.mark.parametrize(
    ("kind", "answer", "spoiled"),
    [
        ("wrong", {"a": {"b": 1}}, {"a": {"b": 2}}),
        ("wrong", {"a": "x"}, {}),
        ("wrong", {}, None),
        ("wrong-number", [True, 4], [True, 5]),
        ("wrong-number", {"a": "x"}, {"a": "x"}),
        ("wrong-key", [{"a": 1}, 2], [{}, 2]),
        ("wrong-order", {"a": [1, 1, 2]}, {"a": [1, 2, 1]}),
        ("wrong-order", {"a": [1, 1]}, {"a": [1, 1]}),
        ("wrong-type", {"a": "x"}, {"a": ["x"]}),
        ("wrong-type", [5], ["5"]),
        ("wrong-type", None, 0),
        ("wrong-number", {"statusCode": 200, "body": '{"a": 1}'}, {"statusCode": 200, "body": '{"a": 2}'}),
    ],
)
def test_a_wrong_answer_differs_in_one_place(kind: str, answer: object, spoiled: object) -> None:
    done = distort((Rule(cloud="aws", kind=kind),), execution(answer))
    assert json.loads(done.payload) == spoiled
    assert done.outcome == "ok"


def test_an_answer_that_is_no_json_loses_its_end() -> None:
    given = replace(execution(0), payload=b"<html>")
    assert distort((Rule(cloud="aws", kind="wrong-key"),), given).payload == b"<html"


def test_a_wrong_place_is_the_same_for_the_same_seed() -> None:
    answer = execution({name: number for number, name in enumerate("abcdefgh")})
    found = {
        seed: {distort((Rule(cloud="aws", kind="wrong-key", seed=seed),), answer).payload for _ in range(3)}
        for seed in range(8)
    }
    assert {len(payloads) for payloads in found.values()} == {1}
    assert len({min(payloads) for payloads in found.values()}) > 1


@pytest.mark.parametrize(
    ("kind", "outcome", "error_type"),
    [
        ("crash", "exit", "signal: killed"),
        ("memory", "memory", "signal: killed"),
        ("timeout", "timeout", None),
    ],
)
def test_a_process_can_be_made_to_end(kind: str, outcome: str, error_type: str | None) -> None:
    done = distort((Rule(cloud="aws", kind=kind),), execution({"a": 1}), timeout_s=0.01)
    assert (done.outcome, done.error_type, done.payload) == (outcome, error_type, b"")


def test_a_timeout_lasts_as_long_as_the_limit() -> None:
    began = time.monotonic()
    done = distort((Rule(cloud="aws", kind="timeout"),), execution(1), timeout_s=0.1)
    assert time.monotonic() - began >= 0.09
    assert done.duration_ms == pytest.approx(100)
    assert distort((Rule(cloud="aws", kind="timeout", ms=5),), execution(1), timeout_s=60).duration_ms == 5


def test_a_slow_cold_start_has_an_instance_of_its_own() -> None:
    spec = WorkerSpec(
        key=("aws", "fn"), argv=("x",), env={}, code=Path("/"), memory_mb=1, timeout_s=1, cold_delay_s=0.1
    )
    slowed = prepared((Rule(cloud="aws", kind="cold", ms=400),), spec)
    assert slowed.cold_delay_s == pytest.approx(0.5)
    assert slowed.key[:2] == spec.key
    assert slowed.key != spec.key
    assert prepared((), spec) is spec


def test_lines_can_be_late_or_lost() -> None:
    late, lost = (Rule(cloud="aws", kind=kind, ms=500) for kind in ("late-logs", "no-logs"))
    assert (log_delay_s(()), log_delay_s((late,)), log_delay_s((late, lost))) == (0, 0.5, None)


def test_a_rule_for_a_version_strikes_that_version_or_alias_alone() -> None:
    faults = Faults()
    faults.add(Rule(cloud="alibaba", kind="error", function="fn", version="live"))
    struck = [
        bool(
            faults.strike(
                EXECUTOR_KINDS, cloud="alibaba", operation="InvokeFunction", function="fn", versions=names
            )
        )
        for names in (("2", "live"), ("2", "2"), ())
    ]
    assert struck == [True, False, False]


def test_jitter_lies_within_its_bounds_and_repeats() -> None:
    def waits() -> list[int]:
        faults = Faults()
        faults.add(Rule(cloud="aws", kind="latency", ms=100, jitter_ms=50, seed=4))
        return [
            faults.strike(FRONT_KINDS, cloud="aws", operation="X", function=None)[0].ms for _ in range(50)
        ]

    assert waits() == waits()
    assert all(100 <= wait <= 150 for wait in waits())
    assert len(set(waits())) > 10


def test_a_sequence_goes_on_after_a_restart(tmp_path: Path) -> None:
    whole, file = pattern(7), tmp_path / "faults.json"
    first = Faults(file)
    first.add(Rule(cloud="aws", kind="error", rate=0.3, seed=7, function="fn"))

    def draw(faults: Faults) -> bool:
        return bool(faults.strike(EXECUTOR_KINDS, cloud="aws", operation="Invoke", function="fn"))

    before = [draw(first) for _ in range(90)]
    second = Faults(file)
    assert before + [draw(second) for _ in range(110)] == whole
    second.clear()
    assert not Faults(file).rules()


def test_a_file_that_is_broken_is_no_reason_not_to_start(tmp_path: Path) -> None:
    (tmp_path / "faults.json").write_text('[{"cloud": "aws"')
    assert not Faults(tmp_path / "faults.json").rules()


def test_an_injected_error_does_not_hide_a_real_one() -> None:
    rule = Rule(cloud="aws", kind="error")
    assert distort((rule,), execution({})).error_type == "InjectedFault"
    assert json.loads(distort((rule,), execution("own", "error")).payload) == "own"


@pytest.mark.parametrize(
    "found",
    [
        {"cloud": "aws"},
        {"cloud": "gcp", "kind": "reset"},
        {"cloud": "aws", "kind": "explode"},
        {"cloud": "aws", "kind": "error", "rate": 2},
        {"cloud": "aws", "kind": "error", "rate": "often"},
        {"cloud": "aws", "kind": "status", "status": 418},
        {"cloud": "aws", "kind": "error", "colour": "red"},
        {"cloud": "aws", "kind": "latency", "ms": -1},
        {"cloud": "aws", "kind": "latency", "jitter_ms": 10_000_000},
        {"cloud": "aws", "kind": "error", "version": ""},
    ],
)
def test_a_bad_rule_is_refused_with_a_reason(found: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"\w+ "):
        rule_from(found)
    status, body = administer(Faults(), "POST", json.dumps(found).encode(), None)
    assert status == 400
    assert json.loads(body)["error"]
