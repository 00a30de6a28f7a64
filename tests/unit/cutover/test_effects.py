"""Effects of two sides, set side by side: what counts, what is noise, and who is to blame."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutover.comparison import Blame, PairOutcome, Rule, Standing, checked, compare, document, from_document
from cutover.comparison.outcome import restated
from cutover.effects import (
    TEXT_LIMIT,
    Effect,
    EffectKind,
    Held,
    Names,
    Twin,
    TwinKind,
    changes,
    content_of,
)
from cutover.errors import BadInput
from cutover.observation import Observation, Outcome, Side

OBJECTS = (EffectKind.OBJECT_WRITTEN, EffectKind.OBJECT_WRITTEN, EffectKind.OBJECT_DELETED)


def written(key: str, content: Any, twin: str = "reports") -> Effect:
    return _effect(EffectKind.OBJECT_WRITTEN, twin, key, content)


def sent(content: Any, twin: str = "notices") -> Effect:
    return _effect(EffectKind.MESSAGE_SENT, twin, "", content)


def row(key: str, content: Any, kind: EffectKind = EffectKind.ROW_INSERTED) -> Effect:
    return _effect(kind, "orders", key, content)


def _effect(kind: EffectKind, twin: str, key: str, content: Any) -> Effect:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return content_of(kind, twin, key, body)


def seen(side: Side, *effects: Effect, looked: bool = True, **changed: Any) -> Observation:
    values: dict[str, Any] = {
        "side": side,
        "outcome": Outcome.OK,
        "payload": b'"done"',
        "request_id": f"request-{side}",
        "at": datetime(2026, 11, 22, tzinfo=UTC),
        "effects": effects if looked else None,
    }
    return Observation(**(values | changed))


def compared(primary: list[Effect], candidate: list[Effect], *rules: Rule) -> Any:
    return compare(seen(Side.PRIMARY, *primary), seen(Side.CANDIDATE, *candidate), rules=rules)


def test_equal_effects_make_a_match_with_a_row_for_each() -> None:
    found = compared([written("a.json", {"n": 1}), sent("hi")], [sent("hi"), written("a.json", {"n": 1})])
    assert found.outcome is PairOutcome.MATCH
    assert [(one.twin, one.key, one.standing) for one in found.effect_rows] == [
        ("notices", "", None),
        ("reports", "a.json", None),
    ]
    assert found.counts["equal"] == 3


def test_sides_that_nobody_looked_at_have_no_rows() -> None:
    found = compare(seen(Side.PRIMARY, written("a", 1)), seen(Side.CANDIDATE, looked=False))
    assert found.effect_rows is None
    assert found.outcome is PairOutcome.MATCH


SEEDED: dict[str, tuple[list[Effect], list[Effect], str, str]] = {
    "wrong content": (
        [written("daily/a.json", {"total": 3, "of": 1})],
        [written("daily/a.json", {"total": 4, "of": 1})],
        "effects/reports/daily~1a.json/total",
        "value",
    ),
    "wrong bytes": (
        [written("a.png", b"\x89PNG\x00one")],
        [written("a.png", b"\x89PNG\x00two")],
        "effects/reports/a.png",
        "value",
    ),
    "missing object": ([written("a", 1), written("b", 2)], [written("a", 1)], "effects/reports/b", "missing"),
    "extra object": ([], [written("b", 2)], "effects/reports/b", "extra"),
    "object deleted": (
        [written("a", 1)],
        [Effect(kind=EffectKind.OBJECT_DELETED, twin="reports", key="a")],
        "effects/reports/a",
        "type",
    ),
    "extra message": ([sent({"to": "Ada"})], [sent({"to": "Ada"})] * 2, "effects/notices/message", "extra"),
    "missing message": ([sent({"to": "Ada"})], [], "effects/notices/message", "missing"),
    "changed row": (
        [row("7", {"id": 7, "state": "paid"}, EffectKind.ROW_UPDATED)],
        [row("7", {"id": 7, "state": "open"}, EffectKind.ROW_UPDATED)],
        "effects/orders/7/state",
        "value",
    ),
    "missing row": ([row("7", {"id": 7})], [], "effects/orders/7", "missing"),
}


@pytest.mark.parametrize("bug", SEEDED)
def test_a_seeded_bug_makes_a_mismatch_and_logic_is_to_blame(bug: str) -> None:
    primary, candidate, pointer, kind = SEEDED[bug]
    found = compared(primary, candidate)
    assert found.outcome is PairOutcome.MISMATCH
    counting = [one for one in found.differences if one.standing is Standing.COUNTS]
    assert [(one.part, one.pointer, one.kind, one.blame) for one in counting] == [
        ("effects", pointer, kind, Blame.LOGIC)
    ]
    assert pointer in found.sentence.replace("Effects", "effects")
    assert any(one.standing is Standing.COUNTS for one in found.effect_rows)


def test_another_schema_is_the_platforms_fault() -> None:
    versions = [_effect(EffectKind.SCHEMA_VERSION, "orders", "schema", version) for version in ("5", "4")]
    found = compared(versions[:1], versions[1:])
    assert found.outcome is PairOutcome.MISMATCH
    assert found.differences[0].blame is Blame.PLATFORM


@pytest.mark.parametrize(
    ("mine", "other"),
    [
        ("in/3f6b0c52-6f0e-4c7e-9a52-08f6f2c3a001.json", "in/0f9d1c2e-6a2b-4a35-9d8c-3d1f7a5b6c7d.json"),
        ("r/20261122T101500Z.json", "r/20261122T101501Z.json"),
        ("r/2026-11-22T10-15-00-123Z.json", "r/2026-11-22T10-15-01-456Z.json"),
        ("r/1795300000123.json", "r/1795300000456.json"),
        ("r/01ARZ3NDEKTSV4RRFFQ69G5FAV", "r/01BX5ZZKBKACTAV9WEVGEMMVRZ"),
    ],
)
def test_names_that_each_side_drew_anew_belong_together(mine: str, other: str) -> None:
    found = compared([written(mine, {"n": 1})], [written(other, {"n": 1})])
    assert found.outcome is PairOutcome.NOISE
    assert [one.standing for one in found.effect_rows] == [Standing.NOISE]
    wrong = compared([written(mine, {"n": 1})], [written(other, {"n": 2})])
    assert wrong.outcome is PairOutcome.MISMATCH


def test_a_time_of_another_day_in_a_name_is_no_noise() -> None:
    found = compared([written("r/20261122T101500Z", 1)], [written("r/20251122T101500Z", 1)])
    assert found.outcome is PairOutcome.MISMATCH
    assert {one.kind for one in found.differences} == {"missing", "extra"}


def test_numbers_of_new_rows_are_noise_also_where_the_row_says_them_again() -> None:
    found = compared([row("17", {"id": 17, "name": "Ada"})], [row("23", {"id": 23, "name": "Ada"})])
    assert found.outcome is PairOutcome.NOISE
    changed = compared([row("17", {"id": 17, "name": "Ada"})], [row("23", {"id": 23, "name": "undefined"})])
    assert changed.outcome is PairOutcome.MISMATCH
    updated = EffectKind.ROW_UPDATED
    assert compared([row("17", 1, updated)], [row("23", 1, updated)]).outcome is PairOutcome.MISMATCH


def test_of_several_drawn_names_those_with_equal_content_belong_together() -> None:
    ids = [f"{number:08d}-6f0e-4c7e-9a52-08f6f2c3a001" for number in range(4)]
    found = compared(
        [written(ids[0], "one"), written(ids[1], "two")], [written(ids[2], "two"), written(ids[3], "one")]
    )
    assert found.outcome is PairOutcome.NOISE


def test_messages_may_come_in_any_order() -> None:
    assert compared([sent(1), sent(2)], [sent(2), sent(1)]).outcome is PairOutcome.MATCH


def test_a_rule_tells_which_keys_are_the_same_and_another_ignores_a_key() -> None:
    mine, other = [written("batch-aws-1.csv", "x")], [written("batch-fc-1.csv", "x")]
    assert compared(mine, other).outcome is PairOutcome.MISMATCH
    same = Rule(name="batches", kind="mask", pointer="effects/reports/batch-*", value="aws|fc")
    found = compared(mine, other, same)
    assert found.outcome is PairOutcome.IGNORED
    assert found.differences[0].reason == "batches"
    ignored = Rule(name="scratch", kind="ignore", pointer="effects/reports/tmp~1*")
    assert compared([], [written("tmp/a/b", 1)], ignored).outcome is PairOutcome.IGNORED
    assert compared([], [written("kept/a", 1)], ignored).outcome is PairOutcome.MISMATCH


def test_a_rule_reaches_into_the_content_of_an_effect_and_not_into_answers() -> None:
    rule = Rule(name="total", kind="tolerance", pointer="effects/reports/*/total", value="1")
    mine, other = [written("a/b.json", {"total": 3})], [written("a/b.json", {"total": 4})]
    assert compared(mine, other, rule).outcome is PairOutcome.IGNORED
    everything = Rule(name="all", kind="ignore", pointer="effects/reports")
    assert compared(mine, other, everything).outcome is PairOutcome.IGNORED
    answers = compare(
        seen(Side.PRIMARY, payload=b'{"effects":{"reports":1}}'),
        seen(Side.CANDIDATE, payload=b'{"effects":{"reports":2}}'),
        rules=(everything,),
    )
    assert answers.outcome is PairOutcome.MISMATCH


def test_a_rule_on_effects_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(BadInput, match="broken"):
        checked(Rule(name="broken", kind="mask", pointer="effects/reports/a", value="("))


def test_two_failures_that_left_different_things_are_different() -> None:
    failed: dict[str, Any] = {"outcome": Outcome.ERROR, "payload": b'{"errorType":"E","errorMessage":"m"}'}
    found = compare(seen(Side.PRIMARY, written("a", 1), **failed), seen(Side.CANDIDATE, **failed))
    assert found.outcome is PairOutcome.BOTH_ERROR_DIFFERENT
    assert compare(seen(Side.PRIMARY, **failed), seen(Side.CANDIDATE, **failed)).outcome is (
        PairOutcome.BOTH_ERROR_SAME
    )


def test_a_side_without_an_answer_is_not_compared_by_its_effects() -> None:
    found = compare(seen(Side.PRIMARY, written("a", 1)), seen(Side.CANDIDATE, outcome=Outcome.NO_ANSWER))
    assert (found.outcome, found.effect_rows) == (PairOutcome.NOT_COMPARABLE, None)


def test_a_comparison_with_effects_is_written_and_read_back() -> None:
    found = compared([written("a", {"n": 1})], [written("a", {"n": 2}), sent("more")])
    assert from_document(json.loads(json.dumps(document(found)))) == found
    older = {key: value for key, value in document(found).items() if key != "effect_rows"}
    assert from_document(older).effect_rows is None


def test_standings_that_change_later_change_the_rows_too() -> None:
    found = compared([written("a", {"n": 1})], [written("a", {"n": 2})])
    excused = [one._replace(standing=Standing.IGNORED, reason="rule") for one in found.differences]
    later = restated(found, excused)
    assert later.outcome is PairOutcome.IGNORED
    assert [one.standing for one in later.effect_rows or ()] == [Standing.IGNORED]


def test_content_longer_than_what_is_kept_is_compared_by_its_hash() -> None:
    long = "x" * TEXT_LIMIT
    found = compared([written("a", f"{long}1")], [written("a", f"{long}2")])
    assert found.outcome is PairOutcome.MISMATCH
    assert "sha256" in found.differences[0].primary


def test_changes_are_what_appeared_was_written_again_or_went() -> None:
    before = {"a": Held(stamp="1"), "b": Held(stamp="1"), "c": Held(stamp="1")}
    after = {"a": Held(stamp="1"), "b": Held(stamp="2", size=3), "d": Held(stamp="1", size=3)}
    found = changes("t", before, after, OBJECTS, read=lambda key: key.encode() * 3)
    assert [(one.kind.value, one.key, one.text) for one in found] == [
        ("object-written", "b", "bbb"),
        ("object-deleted", "c", ""),
        ("object-written", "d", "ddd"),
    ]
    large = changes("t", {}, {"a": Held(stamp="1", size=9)}, OBJECTS, read=lambda _: None)
    assert (large[0].size, large[0].digest) == (9, "")


BUCKET = Twin(name="reports", kind=TwinKind.BUCKET, primary="acme-reports", candidate="acme-reports-cn")
QUEUE = Twin(
    name="jobs",
    kind=TwinKind.QUEUE,
    primary="https://sqs.us-east-1.amazonaws.com/123456789012/jobs-q",
    candidate="jobs-queue",
)


@pytest.mark.parametrize(
    ("primary", "candidate"),
    [
        ("see acme-reports", "see acme-reports-cn"),
        ("s3://acme-reports/a.json", "oss://acme-reports-cn/a.json"),
        (
            "https://acme-reports.s3.us-east-1.amazonaws.com/a",
            "https://acme-reports-cn.oss-cn-hangzhou.aliyuncs.com/a",
        ),
        ("https://s3.amazonaws.com/acme-reports/a", "http://127.0.0.1:9/acme-reports-cn/a"),
        ("arn:aws:s3:::acme-reports/a", "acs:oss:cn-hangzhou:1432:acme-reports-cn/a"),
        (
            "https://sqs.us-east-1.amazonaws.com/123456789012/jobs-q",
            "https://1432.mns.cn-hangzhou.aliyuncs.com/queues/jobs-queue",
        ),
        ("arn:aws:sqs:us-east-1:123456789012:jobs-q", "acs:mns:cn-hangzhou:1432:/queues/jobs-queue"),
    ],
)
def test_names_of_twins_inside_content_are_one_name(primary: str, candidate: str) -> None:
    names = Names([BUCKET, QUEUE])
    left, right = (names.effect(written("k", {"at": text})) for text in (primary, candidate))
    assert left == right or (left.text, left.digest) == (right.text, right.digest)
    assert "twin:" in left.text


def test_names_that_only_begin_like_a_twins_stay() -> None:
    names = Names([BUCKET])
    assert names.text("acme-reports-old and my-acme-reports") == "acme-reports-old and my-acme-reports"
    same = Twin(name="orders", kind=TwinKind.TABLE, primary="orders", candidate="orders")
    assert Names([same]).text('{"orders": 1}') == '{"orders": 1}'


def test_a_long_hostile_text_is_searched_in_the_blink_of_an_eye() -> None:
    names = Names([BUCKET, QUEUE])
    assert names.text("https://" * 2000) == "https://" * 2000


KEYS = st.sampled_from(["a", "b/c", "1", "2", "3f6b0c52-6f0e-4c7e-9a52-08f6f2c3a001", "r/20261122T101500Z"])
CONTENTS = st.sampled_from(
    [{"n": 1}, {"n": 1.0}, "text", b"\x00\x01", {"id": 1, "at": "2026-11-22T10:15:00Z"}]
)
EFFECTS = st.lists(
    st.one_of(st.builds(written, KEYS, CONTENTS), st.builds(sent, CONTENTS), st.builds(row, KEYS, CONTENTS)),
    max_size=6,
)


@given(EFFECTS)
def test_a_side_equals_itself_in_any_order(effects: list[Effect]) -> None:
    found = compared(effects, effects[::-1])
    assert found.outcome is PairOutcome.MATCH
    assert len(found.effect_rows) == len(effects)


@given(EFFECTS, EFFECTS)
def test_sides_may_swap_and_no_effect_is_lost(mine: list[Effect], other: list[Effect]) -> None:
    one, two = compared(mine, other), compared(other, mine)
    for found, left, right in ((one, mine, other), (two, other, mine)):
        assert sum(one_row.primary is not None for one_row in found.effect_rows) == len(left)
        assert sum(one_row.candidate is not None for one_row in found.effect_rows) == len(right)
    assert (one.outcome is PairOutcome.MATCH) == (two.outcome is PairOutcome.MATCH)
