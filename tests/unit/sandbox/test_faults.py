"""Fault rules strike where and as often as they say, the same way each time."""

import json

import pytest

from sandbox.executor import Execution
from sandbox.faults import EXECUTOR_KINDS, FRONT_KINDS, Faults, Rule, administer, distort, rule_from


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
    ("answer", "spoiled"),
    [({"a": {"b": 1}}, {"a": {"b": 2}}), ({"a": "x", "b": "y"}, {"a": "x"}), ("x", None)],
)
def test_a_wrong_answer_differs_in_one_place(answer: object, spoiled: object) -> None:
    done = distort((Rule(cloud="aws", kind="wrong"),), execution(answer))
    assert json.loads(done.payload) == spoiled
    assert done.outcome == "ok"


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
    ],
)
def test_a_bad_rule_is_refused_with_a_reason(found: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"\w+ "):
        rule_from(found)
    status, body = administer(Faults(), "POST", json.dumps(found).encode(), None)
    assert status == 400
    assert json.loads(body)["error"]
