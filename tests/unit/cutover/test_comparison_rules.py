"""Rules of every kind: what they accept, what they do not, and what a trial of one says."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutover.comparison import (
    LogState,
    PairOutcome,
    Rule,
    Standing,
    checked,
    compare,
    document,
    from_document,
    template,
    try_rule,
)
from cutover.errors import BadInput
from cutover.observation import LogLine, Side
from tests.unit.cutover.factories import compared, observation


def rule(kind: Any, pointer: str = "", value: str = "") -> Rule:
    return Rule(name="r", kind=kind, pointer=pointer, value=value)


def found(one: Any, other: Any, *rules: Rule) -> list[tuple[str, str, str]]:
    return [(d.pointer, d.kind, d.standing.value) for d in compared(one, other, *rules).differences]


# ------------------------------------------------------------------------------------------ keyed lists

USERS = [{"id": 1, "n": "a"}, {"id": 2, "n": "b"}, {"id": 3, "n": "c"}]
BY_ID = rule("keyed", "/users", "id")


def test_a_keyed_list_in_another_order_is_one_accepted_difference() -> None:
    assert found({"users": USERS}, {"users": USERS[::-1]}, BY_ID) == [("/users", "order", "ignored")]
    assert compared({"users": USERS}, {"users": USERS}, BY_ID).outcome is PairOutcome.MATCH


def test_a_keyed_list_compares_the_elements_that_belong_together() -> None:
    other = [{"id": 3, "n": "c"}, {"id": 1, "n": "X"}, {"id": 4, "n": "d"}]
    assert found({"users": USERS}, {"users": other}, BY_ID) == [
        ("/users/0/n", "value", "counts"),
        ("/users/1", "missing", "counts"),
        ("/users/2", "extra", "counts"),
    ]


@pytest.mark.parametrize("other", [[{"id": 1}, {"id": 1}], [{"n": "a"}], [1, 2]])
def test_a_list_that_the_field_cannot_tell_apart_is_compared_by_index(other: list[Any]) -> None:
    assert compared({"users": USERS}, {"users": other}, BY_ID).outcome is PairOutcome.MISMATCH


def test_keys_are_told_apart_by_type() -> None:
    assert found({"users": [{"id": 1}]}, {"users": [{"id": True}]}, BY_ID) == [
        ("/users/0", "missing", "counts"),
        ("/users/0", "extra", "counts"),
    ]


# --------------------------------------------------------------------- patterns, shapes and tolerances


def test_a_pattern_ignores_the_pointers_it_finds_below_its_place() -> None:
    one, other = {"a": {"x_ms": 1}, "b": {"x_ms": 1}}, {"a": {"x_ms": 2}, "b": {"x_ms": 2}}
    assert found(one, other, rule("pattern", "", "_ms$")) == [
        ("/a/x_ms", "value", "ignored"),
        ("/b/x_ms", "value", "ignored"),
    ]
    assert ("/b/x_ms", "value", "counts") in found(one, other, rule("pattern", "/a", "_ms$"))


@pytest.mark.parametrize(
    ("shape", "one", "other", "accepted"),
    [
        ("number", "17", "18.5", True),
        ("number", 17, 18, True),
        ("number", 17, True, False),
        ("uuid", "11111111-2222-4333-8444-555555555555", "x", False),
        ("time", "2020-01-01T00:00:00Z", "2026-01-01T00:00:00Z", True),
        ("hex", "deadbeef", "cafebabe01", True),
        ("text", "a", "b", True),
        ("text", "a", "", False),
        ("address", "10.0.0.1", "192.168.7.9", True),
    ],
)
def test_a_shape_accepts_two_values_that_both_have_it(
    shape: str, one: Any, other: Any, accepted: bool
) -> None:
    outcome = compared({"v": one}, {"v": other}, rule("shape", "/v", shape)).outcome
    assert (outcome is PairOutcome.IGNORED) is accepted


@pytest.mark.parametrize(
    ("limits", "one", "other", "accepted"),
    [
        ("0.1", 1.0, 1.1, True),
        ("0.1", 1, 1.2, False),
        ("1%", 1000, 1010, True),
        ("0.5 or 1%", 1.0, 1.5, True),
        ("0.5 or 1%", 1000, 1009, True),
        ("0.5, 1%", 1000, 1011, False),
        ("0", 1, 1.0, True),
        ("1", 1, True, False),
        ("5%", 2**80, 2**80 + 1, True),
    ],
)
def test_a_tolerance_is_absolute_a_share_or_both(limits: str, one: Any, other: Any, accepted: bool) -> None:
    left, right = (f'{{"v":{str(value).lower()}}}'.encode() for value in (one, other))
    outcome = compared(left, right, rule("tolerance", "/v", limits)).outcome
    assert (outcome is PairOutcome.IGNORED) is accepted


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("pattern", ""),
        ("pattern", "(["),
        ("mask", "(?=a)"),
        ("shape", "no such"),
        ("keyed", ""),
        ("tolerance", "-1"),
        ("tolerance", "nan"),
        ("tolerance", "1 2"),
        ("tolerance", ""),
    ],
)
def test_a_rule_that_cannot_be_read_is_named(kind: Any, value: str) -> None:
    with pytest.raises(BadInput, match="Rule 'r'"):
        checked(rule(kind, "/a", value))


# ----------------------------------------------------------------------------------------------- maps


def test_indices_and_ids_are_one_field() -> None:
    assert template("/items/17/at") == "/items/*/at"
    assert template("/users/11111111-2222-4333-8444-555555555555/n") == "/users/*/n"
    assert template("/by/d41d8cd98f00b204e9800998ecf8427e") == "/by/*"
    assert template("/days/2026-11-22/order_1234") == "/days/*/*"
    assert template("/v2/name") == "/v2/name"
    assert template("line 17") == "line *"


def test_objects_under_keys_that_each_side_generated_are_compared_by_content() -> None:
    ids = [f"{n}1111111-2222-4333-8444-555555555555" for n in range(4)]
    one = {"jobs": {ids[0]: {"state": "done"}, ids[1]: {"state": "new"}}}
    same = {"jobs": {ids[2]: {"state": "new"}, ids[3]: {"state": "done"}}}
    assert compared(one, same).outcome is PairOutcome.NOISE
    other = {"jobs": {ids[2]: {"state": "new"}, ids[3]: {"state": "lost"}}}
    counting = [d for d in compared(one, other).differences if d.standing is Standing.COUNTS]
    assert [(template(d.pointer), d.primary, d.candidate) for d in counting] == [
        ("/jobs/*/state", '"done"', '"lost"')
    ]
    assert compared(one, {"jobs": {ids[2]: {"state": "new"}}}).outcome is PairOutcome.MISMATCH


@given(st.dictionaries(st.uuids().map(str), st.integers(0, 3), min_size=1, max_size=4), st.integers(0, 9))
def test_generated_keys_are_found_the_same_when_the_sides_swap(one: dict[str, int], more: int) -> None:
    other = {f"{more}1111111-2222-4333-8444-55555555555{n}": value for n, value in enumerate(one.values())}
    assert {d[0] for d in found(one, other)} == {d[0] for d in found(other, one)}


# ----------------------------------------------------------------------------------------- trial of one


def test_a_trial_says_which_fields_a_rule_would_hide() -> None:
    pairs = [
        (
            observation({"a": [{"t": 1}, {"t": 2}], "b": 1}),
            observation({"a": [{"t": 3}, {"t": 4}], "b": b}, side=Side.CANDIDATE),
        )
        for b in (1, 2)
    ]
    trial = try_rule(rule("ignore", "/a/*/t"), pairs)
    assert (trial.pairs, trial.changed) == (2, 1)
    assert trial.before == {"mismatch": 2}
    assert trial.after == {"ignored": 1, "mismatch": 1}
    assert [(one.template, one.times, one.pairs, one.primary) for one in trial.hidden] == [
        ("/a/*/t", 4, 2, "1")
    ]
    assert not trial.idle
    assert try_rule(rule("ignore", "/zzz"), pairs).idle


# ------------------------------------------------------------------------------------------------ logs


def logged(side: Side, *lines: tuple[str, str]) -> Any:
    seen = observation({}, side=side, logs=())
    return type(seen)(
        side=side,
        outcome=seen.outcome,
        payload=seen.payload,
        request_id=seen.request_id,
        at=seen.at,
        logs=tuple(LogLine(level=level, text=text) for level, text in lines),
    )


def test_differences_in_errors_and_warnings_come_first() -> None:
    one = logged(Side.PRIMARY, ("INFO", "a"), ("WARN", "careful"), ("INFO", "b"))
    other = logged(Side.CANDIDATE, ("INFO", "x"), ("INFO", "b"), ("ERROR", "no table"))
    assert [(d.primary, d.candidate) for d in compare(one, other).differences] == [
        ("", "no table"),
        ("careful", ""),
        ("a", "x"),
    ]


def test_a_pattern_on_logs_accepts_lines_of_one_side_only() -> None:
    one = logged(Side.PRIMARY, ("INFO", "a"))
    other = logged(Side.CANDIDATE, ("INFO", "a"), ("INFO", "agent started"))
    accepted = compare(one, other, rules=[rule("pattern", "logs", "^agent ")])
    assert [d.standing for d in accepted.differences] == [Standing.IGNORED]


def test_it_says_of_which_side_the_logs_are_pending_and_old_rows_are_read() -> None:
    half = compare(observation({}, logs=("a",)), observation({}, side=Side.CANDIDATE))
    assert (half.primary_logs, half.candidate_logs, half.log_rows) == (
        LogState.ARRIVED,
        LogState.PENDING,
        None,
    )
    none = compare(observation({}, logs=()), observation({}, side=Side.CANDIDATE, logs=()))
    assert none.candidate_logs is LogState.EMPTY
    stored = document(half)
    assert from_document(stored) == half
    del stored["primary_logs"], stored["candidate_logs"]
    assert from_document(stored).primary_logs is LogState.PENDING


# ------------------------------------------------------------------------------------------- symmetry

ELEMENTS = st.fixed_dictionaries({"id": st.integers(0, 3) | st.booleans()}, optional={"n": st.integers(0, 2)})
LISTS = st.lists(ELEMENTS | st.integers(0, 2), max_size=5)
HELD = [
    rule("keyed", "/v", "id"),
    rule("unordered", "/v"),
    rule("ignore", "/v/*/n"),
    rule("pattern", "", "/id$"),
    rule("tolerance", "/v/*", "1"),
    rule("shape", "/v/*/n", "number"),
]


@given(LISTS, LISTS, st.lists(st.sampled_from(HELD), max_size=3, unique=True))
def test_sides_may_swap_under_any_rules(one: list[Any], other: list[Any], held: list[Rule]) -> None:
    left, right = compared({"v": one}, {"v": other}, *held), compared({"v": other}, {"v": one}, *held)
    assert left.outcome is right.outcome
    assert {(d.pointer, d.standing) for d in left.differences} == {
        (d.pointer, d.standing) for d in right.differences
    }
    assert compared({"v": one}, {"v": one}, *held).outcome is PairOutcome.MATCH


@given(LISTS, LISTS, st.sampled_from(HELD))
def test_a_rule_never_makes_a_match_of_what_differs(one: list[Any], other: list[Any], held: Rule) -> None:
    without, with_it = compared({"v": one}, {"v": other}), compared({"v": one}, {"v": other}, held)
    assert (without.outcome is PairOutcome.MATCH) is (with_it.outcome is PairOutcome.MATCH)
