"""One seeded bug per kind of difference, effect and log line: what comes of it, and who is to blame.

Each row has its clean counterpart: the same two observations without the bug, which must pass.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import orjson
import pytest

from cutover.comparison import Blame, Comparison, Difference, LogState, PairOutcome, Rule, Standing, compare
from cutover.comparison.answers import LOSS_FACT
from cutover.effects import Effect, EffectKind
from cutover.noise import Field, Knowledge, classify
from cutover.observation import LogLine, Observation, Outcome, Side
from tests.unit.cutover.factories import failed, observation

ORDER: dict[str, Any] = {
    "id": "11111111-2222-4333-8444-555555555555",
    "at": "2026-11-22T05:41:07Z",
    "total": 42,
    "paid": True,
    "items": [{"sku": "A-1"}, {"sku": "B-2"}, {"sku": "C-3"}],
    "seen": ["a", "b"],
}
ON_FC = ORDER | {"id": "99999999-2222-4333-8444-555555555555", "at": "2026-11-22T05:41:09Z"}
"""The same order as FC answers it: with an id and a time of its own."""
SORTED = Rule(name="seen in any order", kind="unordered", pointer="/seen")


def without(document: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name != key}


class Seeded(NamedTuple):
    """What FC does wrong, and what must be found: the pointer, the kind and the blame."""

    on_fc: Any
    pointer: str
    kind: str
    blame: Blame = Blame.LOGIC


def counting(found: Comparison) -> list[Difference]:
    return [one for one in found.differences if one.standing is Standing.COUNTS]


def excused(found: Comparison) -> set[tuple[Standing, Blame]]:
    return {(one.standing, one.blame) for one in found.differences if one.standing is not Standing.COUNTS}


# --------------------------------------------------------------------------------------------- answers

ANSWERS = {
    "value": Seeded(ON_FC | {"total": 43}, "/total", "value"),
    "type of a number": Seeded(ON_FC | {"total": "42"}, "/total", "type"),
    "type of a truth": Seeded(ON_FC | {"paid": 1}, "/paid", "type"),
    "missing": Seeded(without(ON_FC, "total"), "/total", "missing"),
    "extra": Seeded(ON_FC | {"debug": "x"}, "/debug", "extra"),
    "order": Seeded(ON_FC | {"items": ORDER["items"][::-1]}, "/items", "order"),
    "length": Seeded(
        ON_FC | {"items": [*ORDER["items"], *({"sku": f"D-{n}"} for n in range(100))]}, "/items", "length"
    ),
}


def answered(on_fc: Any, *rules: Rule, **fields: Any) -> Comparison:
    candidate = observation(on_fc, side=Side.CANDIDATE, **fields)
    return compare(observation(ORDER), candidate, rules=rules)


@pytest.mark.parametrize("bug", ANSWERS)
def test_a_bug_in_an_answer_is_a_mismatch_with_its_place_kind_and_blame(bug: str) -> None:
    seeded = ANSWERS[bug]
    found = answered(seeded.on_fc)
    assert found.outcome is PairOutcome.MISMATCH
    first = counting(found)[0]
    assert (first.pointer, first.kind, first.blame) == seeded[1:]
    assert excused(found) == {(Standing.NOISE, Blame.NOISE)}, "id and time are noise beside the bug"


def test_the_answer_without_a_bug_passes() -> None:
    found = answered(ON_FC)
    assert (found.outcome, counting(found)) == (PairOutcome.NOISE, [])
    assert answered(ORDER).outcome is PairOutcome.MATCH
    reordered = answered(ON_FC | {"seen": ["b", "a"]}, SORTED)
    assert (reordered.outcome, counting(reordered)) == (PairOutcome.IGNORED, [])


def test_what_translation_loses_is_blamed_on_translation() -> None:
    found = answered(without(ON_FC, "paid"), facts=((LOSS_FACT, "/paid"),))
    assert found.outcome is PairOutcome.TRANSLATION_LOSS
    assert (Standing.LOSS, Blame.TRANSLATION) in excused(found)
    both = answered(without(ON_FC, "paid") | {"total": 1}, facts=((LOSS_FACT, "/paid"),))
    assert both.outcome is PairOutcome.MISMATCH, "a loss excuses nothing beside itself"


@pytest.mark.parametrize(
    ("here", "there"),
    [
        ("arn:aws:s3:::pictures", "acs:oss:cn-hangzhou:1432000000000001:pictures"),
        ("us-east-1", "cn-hangzhou"),
    ],
)
def test_names_that_a_cloud_gives_are_blamed_on_the_platform(here: str, there: str) -> None:
    found = compare(observation({"v": here}), observation({"v": there}, side=Side.CANDIDATE))
    assert (found.outcome, excused(found)) == (PairOutcome.NOISE, {(Standing.NOISE, Blame.PLATFORM)})


def test_a_header_that_only_one_cloud_sets_counts_and_is_blamed_on_the_platform() -> None:
    plain = {"statusCode": 200, "headers": {"x-a": "1"}, "body": "{}"}
    more = plain | {"headers": {"X-A": "1", "x-fc-extra": "1"}}
    found = compare(observation(plain), observation(more, side=Side.CANDIDATE))
    (one,) = counting(found)
    assert (found.outcome, one.pointer, one.kind, one.blame) == (
        PairOutcome.MISMATCH,
        "/headers/x-fc-extra",
        "extra",
        Blame.PLATFORM,
    )


def test_what_varies_on_aws_itself_is_noise_and_a_bug_beside_it_counts() -> None:
    known = Knowledge(itself=20, candidate=20, fields={"answer /total": Field(itself=9, candidate=9)})
    clean = classify(answered(ON_FC | {"total": 43}), known).comparison
    assert (clean.outcome, excused(clean)) == (PairOutcome.NOISE, {(Standing.NOISE, Blame.NOISE)})
    buggy = classify(answered(ON_FC | {"total": 43, "paid": False}), known).comparison
    assert (buggy.outcome, [one.pointer for one in counting(buggy)]) == (PairOutcome.MISMATCH, ["/paid"])


# ---------------------------------------------------------------------------------------------- errors


def timed_out(side: Side) -> Observation:
    return observation(b"", side=side, outcome=Outcome.TIMEOUT, error_message="timed out after 3 s")


@pytest.mark.parametrize(
    ("primary", "candidate", "outcome", "blame"),
    [
        (observation({}), failed(), PairOutcome.CANDIDATE_ERROR, Blame.LOGIC),
        (observation({}), timed_out(Side.CANDIDATE), PairOutcome.CANDIDATE_ERROR, Blame.PLATFORM),
        (failed(Side.PRIMARY), observation({}, side=Side.CANDIDATE), PairOutcome.PRIMARY_ERROR, Blame.LOGIC),
        (
            failed(Side.PRIMARY),
            failed(kind="ImportError", message="no module"),
            PairOutcome.BOTH_ERROR_DIFFERENT,
            Blame.LOGIC,
        ),
        (failed(Side.PRIMARY), failed(), PairOutcome.BOTH_ERROR_SAME, None),
        (timed_out(Side.PRIMARY), timed_out(Side.CANDIDATE), PairOutcome.BOTH_ERROR_SAME, None),
    ],
)
def test_errors_have_outcomes_of_their_own(
    primary: Observation, candidate: Observation, outcome: PairOutcome, blame: Blame | None
) -> None:
    found = compare(primary, candidate)
    assert found.outcome is outcome
    assert {one.blame for one in counting(found)} == ({blame} if blame else set())


@pytest.mark.parametrize("word", [Outcome.NO_ANSWER, Outcome.THROTTLED])
@pytest.mark.parametrize("side", list(Side))
def test_a_side_that_gave_no_answer_is_missing_evidence_and_no_mismatch(word: Outcome, side: Side) -> None:
    sides = {one: observation({}, side=one) for one in Side}
    sides[side] = replace(sides[side], outcome=word, payload=b"")
    found = compare(sides[Side.PRIMARY], sides[Side.CANDIDATE])
    assert found.outcome is PairOutcome.NOT_COMPARABLE
    assert ("AWS" if side is Side.PRIMARY else "FC") in found.sentence


# --------------------------------------------------------------------------------------------- effects


def effect(kind: EffectKind, key: str = "", content: Any = None) -> Effect:
    if content is None:
        return Effect(kind=kind, twin="shop", key=key)
    text = content if isinstance(content, str) else orjson.dumps(content).decode()
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Effect(kind=kind, twin="shop", key=key, size=len(text), digest=digest, text=text)


WRITTEN = effect(EffectKind.OBJECT_WRITTEN, "out/7.json", {"total": 42})
REMOVED = effect(EffectKind.OBJECT_DELETED, "in/7.json")
SENT = effect(EffectKind.MESSAGE_SENT, content={"order": 7})
INSERTED = effect(EffectKind.ROW_INSERTED, "7", {"id": 7, "state": "paid"})
UPDATED = effect(EffectKind.ROW_UPDATED, "stock", {"left": 3})
DELETED = effect(EffectKind.ROW_DELETED, "cart-7")
SCHEMA = effect(EffectKind.SCHEMA_VERSION, "schema", {"flyway": "12"})
ALL = (WRITTEN, REMOVED, SENT, INSERTED, UPDATED, DELETED, SCHEMA)


def instead(old: Effect, *new: Effect) -> tuple[Effect, ...]:
    return tuple(one for each in ALL for one in (new if each is old else (each,)))


EFFECTS = {
    "object not written": Seeded(instead(WRITTEN), "effects/shop/out~17.json", "missing"),
    "object with other content": Seeded(
        instead(WRITTEN, effect(EffectKind.OBJECT_WRITTEN, "out/7.json", {"total": None})),
        "effects/shop/out~17.json/total",
        "type",
    ),
    "object deleted in place of written": Seeded(
        instead(WRITTEN, effect(EffectKind.OBJECT_DELETED, "out/7.json")), "effects/shop/out~17.json", "type"
    ),
    "object not deleted": Seeded(instead(REMOVED), "effects/shop/in~17.json", "missing"),
    "object too many": Seeded(
        (*ALL, effect(EffectKind.OBJECT_WRITTEN, "tmp/left", "x")), "effects/shop/tmp~1left", "extra"
    ),
    "message not sent": Seeded(instead(SENT), "effects/shop/message", "missing"),
    "message sent twice": Seeded((*ALL, SENT), "effects/shop/message", "extra"),
    "message that says something else": Seeded(
        instead(SENT, effect(EffectKind.MESSAGE_SENT, content={"order": None})),
        "effects/shop/message/order",
        "type",
    ),
    "row not inserted": Seeded(instead(INSERTED), "effects/shop/7", "missing"),
    "row inserted with another value": Seeded(
        instead(INSERTED, effect(EffectKind.ROW_INSERTED, "7", {"id": 7, "state": "open"})),
        "effects/shop/7/state",
        "value",
    ),
    "row updated otherwise": Seeded(
        instead(UPDATED, effect(EffectKind.ROW_UPDATED, "stock", {"left": 4})),
        "effects/shop/stock/left",
        "value",
    ),
    "row not updated": Seeded(instead(UPDATED), "effects/shop/stock", "missing"),
    "row not deleted": Seeded(instead(DELETED), "effects/shop/cart-7", "missing"),
    "row deleted too much": Seeded(
        (*ALL, effect(EffectKind.ROW_DELETED, "cart-8")), "effects/shop/cart-8", "extra"
    ),
    "another schema": Seeded(
        instead(SCHEMA, effect(EffectKind.SCHEMA_VERSION, "schema", {"flyway": "11"})),
        "effects/shop/schema/flyway",
        "value",
        Blame.PLATFORM,
    ),
}  # fmt: skip


def left(on_fc: Sequence[Effect]) -> Comparison:
    return compare(
        observation("done", effects=ALL), observation("done", side=Side.CANDIDATE, effects=tuple(on_fc))
    )


@pytest.mark.parametrize("bug", EFFECTS)
def test_a_bug_in_what_is_left_behind_is_a_mismatch_although_the_answers_are_equal(bug: str) -> None:
    seeded = EFFECTS[bug]
    found = left(seeded.on_fc)
    assert found.outcome is PairOutcome.MISMATCH
    (one,) = counting(found)
    assert (one.part, one.pointer, one.kind, one.blame) == ("effects", *seeded[1:])


def test_equal_effects_pass_in_any_order_and_with_keys_and_times_of_their_own() -> None:
    assert left(ALL).outcome is PairOutcome.MATCH
    assert left(ALL[::-1]).outcome is PairOutcome.MATCH
    drawn = effect(EffectKind.ROW_INSERTED, "8", {"id": 8, "state": "paid"})
    found = left(instead(INSERTED, drawn))
    assert (found.outcome, excused(found)) == (PairOutcome.NOISE, {(Standing.NOISE, Blame.NOISE)})


def test_effects_that_nobody_looked_at_are_not_compared_and_pass_nothing() -> None:
    found = compare(observation("done"), observation("done", side=Side.CANDIDATE, effects=(WRITTEN,)))
    assert (found.outcome, found.effect_rows) == (PairOutcome.MATCH, None)


# ------------------------------------------------------------------------------------------------ logs

LINES = (("INFO", "order 7 received"), ("INFO", "stock is low"), ("INFO", "paid"), ("INFO", "order 7 done"))
LOGS: dict[str, tuple[Sequence[tuple[str, str]], set[tuple[str, str]]]] = {
    "missing line": (LINES[:3], {("missing", "order 7 done")}),
    "extra line": ((*LINES, ("ERROR", "no way to the bank")), {("extra", "no way to the bank")}),
    "changed line": ((*LINES[:2], ("INFO", "unpaid"), LINES[3]), {("value", "unpaid")}),
    "changed level": ((LINES[0], ("ERROR", "stock is low"), *LINES[2:]), {("type", "ERROR stock is low")}),
    "changed count": ((*LINES[:3], LINES[2], LINES[3]), {("extra", "paid")}),
    "changed order": ((LINES[2], *LINES[:2], LINES[3]), {("order", "paid")}),
}


def logged(on_fc: Sequence[tuple[str, str]], on_aws: Sequence[tuple[str, str]] = LINES) -> Comparison:
    here, there = (
        tuple(LogLine(text=text, level=level) for level, text in lines) for lines in (on_aws, on_fc)
    )
    return compare(
        replace(observation("done"), logs=here), replace(observation("done", side=Side.CANDIDATE), logs=there)
    )


@pytest.mark.parametrize("bug", LOGS)
def test_a_bug_in_the_logs_is_a_difference_that_counts_beside_equal_answers(bug: str) -> None:
    on_fc, expected = LOGS[bug]
    found = logged(on_fc)
    assert found.outcome is PairOutcome.MATCH, "logs stand beside the outcome; their check is their own"
    assert {(one.kind, one.candidate or one.primary) for one in counting(found)} == expected
    assert {(one.part, one.blame) for one in counting(found)} == {("logs", Blame.LOGIC)}
    assert any(row.standing is Standing.COUNTS for row in found.log_rows or ())


@pytest.mark.parametrize("pattern", ["stock is low", "^ERROR stock", "^stock is low$"])
def test_a_rule_accepts_a_line_of_another_level(pattern: str) -> None:
    here, there = (
        replace(observation("done", side=side), logs=(LogLine(text="stock is low", level=level),))
        for side, level in ((Side.PRIMARY, "WARN"), (Side.CANDIDATE, "ERROR"))
    )
    rule = Rule(name="louder on FC", kind="pattern", pointer="logs", value=pattern)
    (found,) = compare(here, there, rules=[rule]).differences
    assert (found.standing, found.reason) == (Standing.IGNORED, "louder on FC")


def test_logs_without_a_bug_pass_with_the_platforms_words_and_times_of_their_own() -> None:
    assert counting(logged(LINES)) == []
    words = logged((("DEBUG", "order 7 received"), *LINES[1:]))
    assert (counting(words), excused(words)) == ([], {(Standing.NOISE, Blame.PLATFORM)})
    times = logged((("", "at 2026-11-22T05:41:07Z"),), (("", "at 2026-11-22T05:41:09Z"),))
    assert (counting(times), excused(times)) == ([], {(Standing.NOISE, Blame.NOISE)})


def test_a_line_that_comes_and_goes_on_aws_is_noise_and_a_bug_beside_it_counts() -> None:
    fields = {"log:cache miss": Field(itself=8, candidate=8)}
    known = Knowledge(itself=20, candidate=20, fields=fields, logs=Field(itself=20, candidate=20))
    clean = classify(logged((*LINES, ("INFO", "cache miss"))), known).comparison
    assert (counting(clean), excused(clean)) == ([], {(Standing.NOISE, Blame.NOISE)})
    buggy = classify(logged((*LINES, ("INFO", "cache miss"), ("ERROR", "no way"))), known).comparison
    assert [one.candidate for one in counting(buggy)] == ["no way"]


def test_pending_logs_are_no_difference() -> None:
    found = compare(observation("done", logs=("a",)), observation("done", side=Side.CANDIDATE))
    assert (found.log_rows, found.primary_logs, found.candidate_logs) == (
        None,
        LogState.ARRIVED,
        LogState.PENDING,
    )
    assert found.outcome is PairOutcome.MATCH
