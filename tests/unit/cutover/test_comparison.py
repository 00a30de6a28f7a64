"""Comparisons of answers and errors."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutover.comparison import (
    COUNTS_AGAINST,
    Blame,
    PairOutcome,
    Rule,
    Standing,
    answer_rows,
    compare,
    document,
    from_document,
)
from cutover.errors import BadInput
from cutover.observation import Outcome, Side
from tests.unit.cutover.factories import compared, failed, observation

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=4), inner, max_size=5),
    max_leaves=20,
)
DOCUMENTS = st.dictionaries(st.text(max_size=4), VALUES, max_size=5)


def pointers(primary: Any, candidate: Any) -> set[str]:
    return {difference.pointer for difference in compared(primary, candidate).differences}


def canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


@given(VALUES)
def test_it_finds_nothing_between_a_value_and_itself(value: Any) -> None:
    spaced = json.dumps(value, indent=3).encode()
    found = compared(orjson.dumps(value), spaced)
    assert (found.outcome, found.differences) == (PairOutcome.MATCH, ())


@given(DOCUMENTS, DOCUMENTS)
def test_it_finds_the_same_places_when_the_sides_swap(one: Any, other: Any) -> None:
    assert pointers(one, other) == pointers(other, one)


@given(DOCUMENTS, DOCUMENTS)
def test_it_says_match_exactly_when_values_and_types_are_equal(one: Any, other: Any) -> None:
    found = compared(one, other)
    assert (not found.differences) == (canonical(one) == canonical(other))


@given(DOCUMENTS, DOCUMENTS)
def test_it_survives_being_stored_and_read(one: Any, other: Any) -> None:
    found = compared(one, other)
    assert from_document(orjson.loads(orjson.dumps(document(found)))) == found


@given(st.lists(st.integers(0, 9), min_size=2, max_size=9), st.randoms())
def test_it_calls_a_reordered_list_a_difference_in_order(values: list[int], drawn: Any) -> None:
    turned = drawn.sample(values, len(values))
    found = compared({"list": values}, {"list": turned})
    if turned == values:
        assert found.outcome is PairOutcome.MATCH
    else:
        assert [(item.pointer, item.kind) for item in found.differences] == [("/list", "order")]
        allowed = Rule(name="any order", kind="unordered", pointer="/list")
        assert compared({"list": values}, {"list": turned}, allowed).outcome is PairOutcome.IGNORED


@pytest.mark.parametrize(
    ("primary", "candidate", "pointer"),
    [
        ({"x": 1}, {"x": 1.0}, "/x"),
        ({"x": 1}, {"x": True}, "/x"),
        ({"x": [0]}, {"x": [False]}, "/x/0"),
        ({"x": "1"}, {"x": 1}, "/x"),
        ({"x": None}, {"x": "null"}, "/x"),
        ({"x": {}}, {"x": []}, "/x"),
        ({"x": {"y": [[1]]}}, {"x": {"y": [[1.0]]}}, "/x/y/0/0"),
    ],
)
def test_it_tells_types_apart_that_compare_equal(primary: Any, candidate: Any, pointer: str) -> None:
    found = compared(primary, candidate)
    assert found.outcome is PairOutcome.MISMATCH
    assert [(item.pointer, item.kind) for item in found.differences] == [(pointer, "type")]


def test_it_names_the_gravest_difference_in_one_sentence() -> None:
    found = compared({"greeting": "Hello, Ada"}, {"greeting": "Hello, undefined"})
    assert found.sentence == '/greeting differs: "Hello, Ada" on AWS, "Hello, undefined" on FC.'


def test_it_names_what_counts_before_what_is_noise() -> None:
    one = {"at": "2026-11-22T05:41:07Z", "price": 19.9}
    other = {"at": "2026-11-22T05:41:08Z", "price": "19.9"}
    found = compared(one, other)
    assert found.sentence == '/price differs in type: 19.9 on AWS, "19.9" on FC.'
    assert (found.counts["counts"], found.counts["noise"]) == (1, 1)


def test_it_escapes_pointers() -> None:
    assert pointers({"a/b": {"c~d": 1}}, {"a/b": {"c~d": 2}}) == {"/a~1b/c~0d"}


def test_it_keeps_lists_aligned_when_one_element_is_missing() -> None:
    found = compared({"n": [1, 2, 3, 4]}, {"n": [1, 3, 4]})
    assert [(item.pointer, item.kind, item.primary) for item in found.differences] == [
        ("/n/1", "missing", "2")
    ]


def test_it_says_a_long_tail_as_one_difference_in_length() -> None:
    found = compared({"n": list(range(100))}, {"n": []})
    assert [(item.pointer, item.kind) for item in found.differences] == [("/n", "length")]


def test_it_counts_every_difference_beyond_those_it_keeps() -> None:
    found = compared(list(range(3000)), [number + 5000 for number in range(3000)])
    assert len(found.differences) == 1000
    assert found.counts["counts"] == 3000


# ----------------------------------------------------------------------------- where fast parsers lose


def test_it_sees_a_difference_in_integers_beyond_64_bits() -> None:
    big = 2**70
    assert pointers(b'{"n":%d}' % big, b'{"n":%d}' % (big + 1)) == {"/n"}


def test_it_accepts_nan_on_both_sides() -> None:
    assert compared(b'{"n":NaN}', b'{"n": NaN}').outcome is PairOutcome.MATCH


def test_it_says_when_a_key_occurs_twice_on_one_side() -> None:
    found = compared(b'{"n":1,"n":2}', b'{"n":2}')
    assert found.sentence == "/n occurs more than once on AWS only."


@pytest.mark.parametrize("depth", [200, 253, 254, 260, 600, 1020, 2000])
def test_it_compares_documents_of_any_depth(depth: int) -> None:
    deep, other = b"[" * depth + b"1" + b"]" * depth, b"[" * depth + b"2" + b"]" * depth
    assert answer_rows(deep, other, compared(deep, other).differences)
    assert compared(deep, deep).outcome is PairOutcome.MATCH
    assert compared(deep, other).outcome is PairOutcome.MISMATCH


# --------------------------------------------------------------------------------------- other payloads


def test_it_takes_a_raw_string_on_fc_for_the_json_string_on_aws() -> None:
    assert compared(b'"hello world"', b"hello world").outcome is PairOutcome.MATCH
    assert compared(b'"hello world"', b"hello you").outcome is PairOutcome.MISMATCH


def test_it_looks_into_json_that_a_function_returned_as_a_string() -> None:
    assert compared(b'"{\\"a\\":1}"', b'{"a":1}').outcome is PairOutcome.MATCH
    assert pointers(b'"{\\"a\\":1}"', b'{"a":2}') == {"/a"}


def test_it_calls_null_and_nothing_a_loss_and_not_a_mismatch() -> None:
    assert compared(b"null", b"").outcome is PairOutcome.TRANSLATION_LOSS


def test_it_compares_text_line_by_line() -> None:
    found = compared(b"one\ntwo\nthree", b"one\nthree\nfour")
    assert [(item.pointer, item.kind) for item in found.differences] == [
        ("line 2", "missing"),
        ("line 4", "extra"),
    ]


def test_it_compares_binary_content_by_length_and_hash() -> None:
    assert pointers(b"\xff\x00", b"\xff\x01\x02") == {"/bytes", "/sha256"}


def test_it_opens_the_envelopes_of_api_gateway() -> None:
    one = {"statusCode": 200, "headers": {"Content-Type": "a"}, "body": '{"m":1}'}
    other = {"statusCode": 200, "headers": {"content-type": "a"}, "body": '{ "m": 2 }'}
    assert pointers(one, other) == {"/body/m"}
    assert compared(one, {**other, "body": '{"m": 1}'}).outcome is PairOutcome.MATCH


def test_it_compares_a_body_in_base64_by_its_content() -> None:
    one = {"statusCode": 200, "isBase64Encoded": True, "body": "aGVsbG8="}
    other = {"statusCode": 200, "isBase64Encoded": True, "body": "aGVsbG8h"}
    assert pointers(one, other) == {"/body/bytes", "/body/sha256"}


# ------------------------------------------------------------------------------------------------ noise

NOISE = [
    ("uuid", "11111111-2222-4333-8444-555555555555", "99999999-2222-4333-8444-555555555555"),
    ("uuid", "c6f19be2-2222-4333-8444-555555555555", "1-6740167b-0a1b2c3d4e5f60718293a4b5"),
    ("time", "2026-11-22T05:41:07.123Z", "2026-11-22T05:41:08+00:00"),
    ("time", "Sun, 22 Nov 2026 05:41:07 GMT", "Sun, 22 Nov 2026 05:41:09 GMT"),
    ("epoch time", 1795326067, 1795326069),
    ("epoch time", 1795326067123, 1795326069001),
    ("epoch time", 1795326067.25, 1795326068.5),
    ("epoch time", "generated_1795323042092.txt", "generated_1795323043111.txt"),
    ("ARN", "arn:aws:s3:::pictures", "acs:oss:cn-hangzhou:1432:pictures"),
    ("region", "us-east-1", "cn-hangzhou"),
    (
        "presigned URL",
        "https://b.s3.amazonaws.com/k?X-Amz-Signature=ab",
        "https://b.oss-cn-hangzhou.aliyuncs.com/k?Signature=cd",
    ),
    ("uuid", "sent (11111111-2222-4333-8444-555555555555)!", "sent (99999999-2222-4333-8444-555555555555)!"),
]


@pytest.mark.parametrize(("reason", "primary", "candidate"), NOISE)
def test_it_knows_what_varies_by_its_shape(reason: str, primary: Any, candidate: Any) -> None:
    found = compared({"value": primary}, {"value": candidate})
    assert found.outcome is PairOutcome.NOISE
    assert found.differences[0].reason == reason


@pytest.mark.parametrize(("reason", "primary", "candidate"), NOISE)
def test_it_is_noise_only_when_both_sides_have_the_shape(reason: str, primary: Any, candidate: Any) -> None:
    other = "undefined" if isinstance(candidate, str) else 17
    assert compared({"value": primary}, {"value": other}).outcome is PairOutcome.MISMATCH
    assert compared({"value": other}, {"value": candidate}).outcome is PairOutcome.MISMATCH


@pytest.mark.parametrize(
    ("primary", "candidate"),
    [
        ("2026-11-22T05:41:07Z", "2024-11-22T05:41:07Z"),
        (1795326067, 1795326067 + 40 * 86_400),
        ("sent 11111111-2222-4333-8444-555555555555 ok", "sent 99999999-2222-4333-8444-555555555555 no"),
        ("11111111-2222-4333-8444-555555555555", "2026-11-22T05:41:07Z"),
        (1795326067, 1795326067.0),
    ],
)
def test_it_does_not_excuse_what_only_looks_volatile(primary: Any, candidate: Any) -> None:
    assert compared({"value": primary}, {"value": candidate}).outcome is PairOutcome.MISMATCH


def test_it_knows_each_sides_own_request_id() -> None:
    one = observation({"id": "abc"}, request_id="abc")
    other = observation({"id": "xyz"}, request_id="xyz", side=Side.CANDIDATE)
    assert compare(one, other).differences[0].reason == "request id"


# ------------------------------------------------------------------------------------------------ rules


@pytest.mark.parametrize(
    ("rule", "candidate", "accepted"),
    [
        (Rule(name="r", kind="ignore", pointer="/items/*/n"), {"items": [{"n": 2, "t": "aa11"}]}, True),
        (Rule(name="r", kind="ignore", pointer="/items"), {"items": [{"n": 2, "t": "aa11"}]}, True),
        (Rule(name="r", kind="ignore", pointer="/item"), {"items": [{"n": 2, "t": "aa11"}]}, False),
        (Rule(name="r", kind="ignore", pointer="/items/1/n"), {"items": [{"n": 2, "t": "aa11"}]}, False),
        (
            Rule(name="r", kind="tolerance", pointer="/items/0/n", value="1"),
            {"items": [{"n": 2, "t": "aa11"}]},
            True,
        ),
        (
            Rule(name="r", kind="tolerance", pointer="/items/0/n", value="0.5"),
            {"items": [{"n": 2, "t": "aa11"}]},
            False,
        ),
        (
            Rule(name="r", kind="tolerance", pointer="/items/0/n", value="60%"),
            {"items": [{"n": 2, "t": "aa11"}]},
            True,
        ),
        (
            Rule(name="r", kind="mask", pointer="/items/*/t", value=r"\d+"),
            {"items": [{"n": 1, "t": "aa22"}]},
            True,
        ),
        (
            Rule(name="r", kind="mask", pointer="/items/*/t", value=r"\d+"),
            {"items": [{"n": 1, "t": "bb22"}]},
            False,
        ),
    ],
)
def test_it_ignores_what_a_rule_accepts_and_nothing_else(rule: Rule, candidate: Any, accepted: bool) -> None:
    found = compared({"items": [{"n": 1, "t": "aa11"}]}, candidate, rule)
    assert found.outcome is (PairOutcome.IGNORED if accepted else PairOutcome.MISMATCH)
    assert (found.differences[0].reason == "r") is accepted


def test_it_finds_what_differs_inside_a_list_in_any_order() -> None:
    rule = Rule(name="any order", kind="unordered", pointer="/n")
    found = compared({"n": [{"a": 1}, {"a": 2}, {"a": 3}]}, {"n": [{"a": 3}, {"a": 1}, {"a": 9}]}, rule)
    assert [(item.primary, item.candidate) for item in found.differences] == [("2", "9")]


@pytest.mark.parametrize("kind", ["mask", "tolerance"])
def test_it_names_the_rule_that_cannot_be_read(kind: Any) -> None:
    with pytest.raises(BadInput, match="Rule 'broken'"):
        compared({}, {"a": 1}, Rule(name="broken", kind=kind, pointer="/a", value="(["))


def test_it_calls_a_field_that_translation_lost_a_loss() -> None:
    one = observation({"a": 1, "b": 2})
    other = observation({"a": 1}, side=Side.CANDIDATE, facts=(("translation-loss", "/b"),))
    found = compare(one, other)
    assert found.outcome is PairOutcome.TRANSLATION_LOSS
    assert found.differences[0].blame is Blame.TRANSLATION


# ----------------------------------------------------------------------------------------------- errors


def test_it_counts_an_error_of_the_candidate_alone_and_says_which() -> None:
    found = compare(observation({}), failed())
    assert found.outcome is PairOutcome.CANDIDATE_ERROR
    assert found.sentence == "FC failed with TypeError: no name; AWS answered."
    assert found.outcome in COUNTS_AGAINST


def test_it_does_not_count_an_error_of_the_primary_alone() -> None:
    found = compare(failed(Side.PRIMARY), observation({}, side=Side.CANDIDATE))
    assert found.outcome is PairOutcome.PRIMARY_ERROR
    assert found.outcome not in COUNTS_AGAINST


def test_it_compares_errors_by_type_and_message_and_not_by_trace() -> None:
    assert compare(failed(Side.PRIMARY), failed()).outcome is PairOutcome.BOTH_ERROR_SAME
    found = compare(failed(Side.PRIMARY), failed(message="no surname"))
    assert found.outcome is PairOutcome.BOTH_ERROR_DIFFERENT
    assert found.sentence == "Both failed, but /errorMessage differs: no name on AWS, no surname on FC."


def test_it_takes_two_timeouts_for_the_same_whatever_their_words() -> None:
    one = observation(b"", outcome=Outcome.TIMEOUT, error_message="Task timed out after 3.00 seconds")
    other = observation(b"", side=Side.CANDIDATE, outcome=Outcome.TIMEOUT, error_message="Function time out")
    assert compare(one, other).outcome is PairOutcome.BOTH_ERROR_SAME
    assert compare(one, failed()).outcome is PairOutcome.BOTH_ERROR_DIFFERENT


@pytest.mark.parametrize("outcome", [Outcome.NO_ANSWER, Outcome.THROTTLED])
def test_it_takes_a_missing_answer_for_missing_evidence(outcome: Outcome) -> None:
    found = compare(observation({}), observation(b"", side=Side.CANDIDATE, outcome=outcome))
    assert found.outcome is PairOutcome.NOT_COMPARABLE
    assert found.sentence.startswith("FC ")


# ------------------------------------------------------------------------------------------------- logs


def test_it_aligns_log_lines_by_template_and_leaves_the_outcome_to_the_answer() -> None:
    one = observation({}, logs=("start", "id 11111111-2222-4333-8444-555555555555", "3 items", "done"))
    other = observation(
        {},
        side=Side.CANDIDATE,
        logs=("start", "extra", "id 99999999-2222-4333-8444-555555555555", "4 items", "done"),
    )
    found = compare(one, other)
    assert found.outcome is PairOutcome.MATCH
    assert found.log_rows is not None
    assert [(row.primary, row.candidate, row.standing) for row in found.log_rows] == [
        ("start", "start", None),
        (None, "extra", Standing.COUNTS),
        (one.logs[1].text, other.logs[2].text, Standing.NOISE),  # type: ignore[index]
        ("3 items", "4 items", Standing.COUNTS),
        ("done", "done", None),
    ]


def test_it_says_pending_while_logs_have_not_arrived() -> None:
    assert compare(observation({}, logs=("a",)), observation({}, side=Side.CANDIDATE)).log_rows is None


def test_it_lets_a_mask_on_logs_accept_a_line() -> None:
    rule = Rule(name="counts vary", kind="mask", pointer="logs", value=r"\d+ items")
    found = compare(
        observation({}, logs=("3 items",)),
        observation({}, side=Side.CANDIDATE, logs=("4 items",)),
        rules=[rule],
    )
    assert found.differences[0].standing is Standing.IGNORED


@given(st.lists(st.sampled_from("abcd"), max_size=8), st.lists(st.sampled_from("abcd"), max_size=8))
def test_log_rows_read_downwards_are_the_logs_and_each_difference_names_its_row(
    one: list[str], other: list[str]
) -> None:
    found = compare(observation({}, logs=tuple(one)), observation({}, side=Side.CANDIDATE, logs=tuple(other)))
    assert found.log_rows is not None
    assert [row.primary for row in found.log_rows if row.primary is not None] == one
    assert [row.candidate for row in found.log_rows if row.candidate is not None] == other
    named = [place for place, row in enumerate(found.log_rows, start=1) if row.standing is not None]
    assert [item.pointer for item in found.differences] == [f"line {place}" for place in named]


def test_a_text_of_very_many_lines_is_compared_as_a_whole() -> None:
    text = b"\n".join(b"line %d" % number for number in range(10_001))
    assert pointers(text, text + b"\nmore") == {""}
