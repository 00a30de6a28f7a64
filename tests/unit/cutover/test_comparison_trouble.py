"""Payloads and rules that were made, or happen, to be trouble."""

from __future__ import annotations

import base64
import random
import time
from difflib import SequenceMatcher
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutover.comparison import PairOutcome, Rule, answer_rows
from cutover.comparison.lines import align
from cutover.comparison.volatile import masked, shape_of_pair
from tests.unit.cutover.factories import compared

SLOW_S = 3.0
"""CPU time that nothing here may take; each case is a matter of milliseconds when it does not explode."""


def cpu_s(run: Any) -> float:
    began = time.process_time()
    run()
    return time.process_time() - began


# ------------------------------------------------------------------------------------------------ time


def test_a_catastrophic_pattern_in_a_rule_takes_no_longer_than_another() -> None:
    trap = "a" * 50_000 + "!"
    rules = [
        Rule(name="mask", kind="mask", pointer="/v", value="(a+)+$"),
        Rule(name="pattern", kind="pattern", pointer="", value="(v|v*)*x"),
    ]
    assert cpu_s(lambda: compared({"v": trap}, {"v": trap + "?"}, *rules)) < SLOW_S


@pytest.mark.parametrize(
    "trap",
    [
        "http://" * 9_000,
        "https://h/?" + "a=b&" * 15_000,
        "arn:aws:" * 8_000,
        "cn-" * 20_000,
        "Sun, 22 Nov 2026 05:41:07 GMT (" * 2_000,
        "1795326067" * 6_000,
        "2026-11-22T05:41:07." + "9" * 60_000,
        "00000000-0000-0000-0000-" * 2_500,
    ],
)
def test_no_payload_makes_the_shapes_slow(trap: str) -> None:
    assert cpu_s(lambda: (masked(trap), shape_of_pair(trap, trap + "x"))) < SLOW_S


def test_an_answer_of_six_megabytes_is_compared_and_shown_within_bounds() -> None:
    items = [{"id": n, "name": f"item number {n}", "tags": ["a", "b"], "price": n / 7} for n in range(75_000)]
    primary = orjson.dumps(items)
    items[70_000]["name"] = "other"
    candidate = orjson.dumps(items)
    assert len(primary) > 5_000_000
    found = compared(primary, candidate)
    assert [(one.pointer, one.candidate) for one in found.differences] == [("/70000/name", '"other"')]
    assert len(answer_rows(primary, candidate, found.differences)) <= 20_000


def test_a_million_differences_are_cut_off_and_said() -> None:
    found = compared(orjson.dumps(list(range(200_000))), orjson.dumps(list(range(1_000_000, 1_200_000))))
    assert found.outcome is PairOutcome.MISMATCH
    assert len(found.differences) == 1_000
    assert 50_000 <= found.counts["counts"] <= 50_100


def test_a_very_long_string_is_shown_short() -> None:
    found = compared({"v": "x" * 6_000_000}, {"v": "y" * 6_000_000})
    assert len(found.differences[0].primary) <= 200


# ------------------------------------------------------------------------------------------- contents


@pytest.mark.parametrize("script", ["<script>alert(1)</script>", "{{7*7}}", "\u202egnp.exe", "\x00\x1b[31m"])
def test_scripts_are_values_like_others(script: str) -> None:
    found = compared({"v": script, script: 1}, {"v": script + "!", script: 1})
    assert [one.pointer for one in found.differences] == ["/v"]
    assert orjson.loads(found.differences[0].primary) == script


@pytest.mark.parametrize("other", [b"\xff\xfe\x00", b"plain", b'{"a":1}', b""])
def test_bodies_that_are_not_utf8_are_compared_by_length_and_hash(other: bytes) -> None:
    body = b"\xff\xfe\x01 not text \x80"
    assert compared(body, body).outcome is PairOutcome.MATCH
    assert compared(body, other).outcome is PairOutcome.MISMATCH
    assert answer_rows(body, other, compared(body, other).differences)


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        (b'{"n":1e400}', b'{"n":1e400}', True),
        (b'{"n":12345678901234567890123}', b'{"n":12345678901234567890124}', False),
        (b'{"n":NaN}', b'{"n":null}', False),
        (b'{"n":[NaN,1]}', b'{"n":[NaN,1.0]}', False),
        (b'{"n":1,"n":1}', b'{"n":1, "n":1}', True),
        (b'{"n":"\\ud800"}', b'{"n": "\\ud800"}', True),
        (b'{"n":[[1,2],[true]]}', b'{"n":[[1,2],[1]]}', False),
        (b'[{"a":0},{"a":1}]', b'[{"a":false},{"a":1}]', False),
    ],
)
def test_what_fast_parsers_lose_is_kept(one: bytes, other: bytes, equal: bool) -> None:
    assert (compared(one, other).outcome is PairOutcome.MATCH) is equal
    assert (compared(other, one).outcome is PairOutcome.MATCH) is equal


@given(
    st.lists(st.sampled_from([0, 1, False, True, 0.0, 1.0, None, [], {}, [1], [True]]), max_size=40),
    st.data(),
)
def test_no_type_change_is_missed_anywhere_in_a_list(values: list[Any], data: Any) -> None:
    if not values:
        return
    place = data.draw(st.integers(0, len(values) - 1))
    other = list(values)
    other[place] = {0: False, 1: 1.0}.get(values[place], "x") if type(values[place]) is int else "x"
    kinds = {d.kind for d in compared({"v": values}, {"v": other}).differences}
    assert kinds == {"type"}


# ------------------------------------------------------------------------------------------ envelopes


def envelope(**fields: Any) -> dict[str, Any]:
    return {"statusCode": 200, **fields}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (envelope(headers={"X-A": "1"}, body="x"), envelope(multiValueHeaders={"x-a": ["1"]}, body="x")),
        (envelope(headers={}, body="x"), envelope(headers={}, body="x", isBase64Encoded=False)),
        (
            envelope(body="hi", isBase64Encoded=False),
            envelope(body=base64.b64encode(b"hi").decode(), isBase64Encoded=True),
        ),
        (
            envelope(cookies=["a=1", "b=2"], body=""),
            envelope(multiValueHeaders={"Set-Cookie": ["a=1", "b=2"]}, body=""),
        ),
        (envelope(headers={"A": "1"}, multiValueHeaders={"a": ["1"]}), envelope(headers={"a": "1"})),
    ],
)
def test_envelopes_that_say_the_same_to_a_client_are_equal(one: Any, other: Any) -> None:
    assert compared(one, other).outcome is PairOutcome.MATCH
    assert compared(other, one).outcome is PairOutcome.MATCH


def test_two_headers_of_one_name_are_not_lost() -> None:
    one = envelope(multiValueHeaders={"Set-Cookie": ["a=1", "b=2"]}, body="")
    assert compared(one, envelope(headers={"set-cookie": "a=1"}, body="")).outcome is PairOutcome.MISMATCH


# --------------------------------------------------------------------------------------------- alignment


@given(st.lists(st.sampled_from("abcdefgh"), max_size=25), st.lists(st.sampled_from("abcdefgh"), max_size=25))
def test_an_alignment_reads_downwards_as_both_sides(one: list[str], other: list[str]) -> None:
    pairs = align(one, other)
    assert [left for left, _ in pairs if left is not None] == list(range(len(one)))
    assert [right for _, right in pairs if right is not None] == list(range(len(other)))


@pytest.mark.parametrize("kinds", [3, 40, 100_000])
def test_an_alignment_finds_nearly_as_many_equal_lines_as_difflib(kinds: int) -> None:
    drawn = random.Random(kinds)
    one = [f"line {drawn.randrange(kinds)}" for _ in range(600)]
    other = [line for line in one if drawn.random() > 0.1]
    drawn_at = drawn.randrange(500)
    other[drawn_at:drawn_at] = other[20:40]
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    best = sum(size for _, _, size in matcher.get_matching_blocks())
    equal = sum(
        left is not None and right is not None and one[left] == other[right]
        for left, right in align(one, other)
    )
    assert equal >= 0.98 * best


def test_masking_only_looks_for_what_a_line_can_hold_and_misses_nothing() -> None:
    samples = [
        "at 2026-11-22T05:41:07Z", "at 2026-11-22 05:41", "Sun, 22 Nov 2026 05:41:07 GMT",
        "Sun Nov 22 2026 05:41:07",
        "id 11111111-2222-4333-8444-555555555555", "1-6740167b-0a1b2c3d4e5f60718293a4b5", "1795326067",
        "in us-east-1", "in cn-hangzhou", "arn:aws:s3:::pictures", "acs:oss:cn-hangzhou:1432:pictures",
        "https://b.s3.amazonaws.com/k?X-Amz-Signature=ab", "https://b.oss.aliyuncs.com/k?a=b&Signature=cd",
    ]  # fmt: skip
    for sample in samples:
        assert "<" in masked(sample), sample
