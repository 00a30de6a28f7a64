"""Which log lines vary by themselves: named by template, learned from the primary against itself."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cutover.comparison import Blame, Comparison, PairOutcome, Standing, compare
from cutover.noise import LEARNED, Field, Knowledge, Reading, Source, classify, evidence_of, learned
from cutover.noise.log_lines import names_of
from cutover.observation import LogLine, Side
from tests.unit.cutover.factories import failed, observation

HIT, MISS = "cache hit for shop", "cache miss, asking the warehouse"


def logged(primary: tuple[str, ...], candidate: tuple[str, ...]) -> Comparison:
    """The comparison of two equal answers with these logs."""
    return compare(
        observation({"ok": True}, logs=primary),
        observation({"ok": True}, side=Side.CANDIDATE, logs=candidate),
    )


def gathered(secondary: Comparison, *, differed: int, of: int, candidate: int = 0) -> Knowledge:
    """Knowledge from so many pairs of the primary with itself, of which ``differed`` were such."""
    knowledge, equal = Knowledge(), logged((HIT,), (HIT,))
    for number in range(of):
        knowledge = learned(knowledge, secondary if number < differed else equal, Source.SECONDARY)
        knowledge = learned(knowledge, secondary if number < candidate else equal, Source.CANDIDATE)
    return knowledge


@pytest.mark.parametrize(
    ("primary", "candidate", "names"),
    [
        (("took 12 ms",), ("took 340 ms",), {"log:took # ms"}),
        (("done in 1.25s",), ("done in 12s",), {"log:done in #"}),
        (("picked worker red",), ("picked worker blue",), {"log:picked worker *"}),
        (("a", "done"), ("done",), {"log:a"}),
        (("done",), ("done", "retry 2 of 3"), {"log:retry # of #"}),
        (("wrote the order",), ("no way to the bank",), {"log:wrote the order", "log:no way to the bank"}),
        (("a", "b 1", "c", "d"), ("b 1", "c", "d", "a"), {"log:a"}),
        (("a", ""), ("a",), {"log:(empty line)"}),
        (("x" * 400 + "1",), ("x" * 400 + "2",), {"log:" + "x" * 199 + "…"}),
    ],
)  # fmt: skip
def test_a_line_is_named_by_its_form(
    primary: tuple[str, ...], candidate: tuple[str, ...], names: set[str]
) -> None:
    found = logged(primary, candidate)
    assert {name for one in found.differences for name in names_of(one)} == names


def test_names_hold_no_secret() -> None:
    (one,) = logged(("token=abc came",), ()).differences
    assert names_of(one, lambda line: line.replace("abc", "[redacted]")) == ("log:token=[redacted] came",)


def test_a_line_that_comes_and_goes_on_aws_itself_is_noise_and_stays_visible() -> None:
    found = classify(logged((HIT,), (MISS,)), gathered(logged((HIT,), (MISS,)), differed=4, of=10)).comparison
    assert [(row.primary, row.candidate, row.standing) for row in found.log_rows or ()] == [
        (HIT, MISS, Standing.NOISE)
    ]
    (difference,) = found.differences
    assert (difference.standing, difference.blame, difference.reason) == (
        Standing.NOISE,
        Blame.NOISE,
        LEARNED,
    )
    assert (found.counts["noise"], found.counts["counts"]) == (1, 0)
    assert found.outcome is PairOutcome.MATCH


def test_a_line_that_is_new_on_fc_counts_beside_noise() -> None:
    known = gathered(logged((HIT,), (MISS,)), differed=4, of=10)
    found = classify(logged((HIT,), (MISS, "cannot reach the bank")), known).comparison
    assert [row.standing for row in found.log_rows or ()] == [Standing.NOISE, Standing.COUNTS]


def test_a_strange_line_in_the_place_of_a_noisy_one_counts() -> None:
    known = gathered(logged((HIT,), (MISS,)), differed=4, of=10)
    found = classify(logged((HIT,), ("cannot reach the bank",)), known).comparison
    assert found.counts["counts"] == 1


def test_nothing_is_learned_from_fc_and_what_fc_does_more_often_counts() -> None:
    pair = logged((HIT,), (HIT, "retry"))
    never = gathered(pair, differed=0, of=40, candidate=40)
    assert evidence_of(never)[0].reading is Reading.STEADY
    assert classify(pair, never).comparison is pair
    often = gathered(pair, differed=4, of=60, candidate=60)
    assert evidence_of(often)[0].reading is Reading.WORSE
    assert classify(pair, often).comparison is pair


def test_a_level_that_changes_is_not_excused_by_a_line_that_comes_and_goes() -> None:
    known = gathered(logged(("low stock",), ()), differed=5, of=10)
    assert evidence_of(known)[0].field == "log:low stock"
    line = LogLine(text="low stock", level="INFO")
    primary, candidate = observation({}), observation({}, side=Side.CANDIDATE)
    pair = compare(replace(primary, logs=(line,)), replace(candidate, logs=(replace(line, level="ERROR"),)))
    found = classify(pair, known).comparison
    assert [(one.kind, one.standing, one.blame) for one in found.differences] == [
        ("type", Standing.COUNTS, Blame.LOGIC)
    ]


def test_pairs_whose_logs_are_pending_or_that_failed_teach_nothing_of_logs() -> None:
    pending = compare(observation({}), observation({}, side=Side.CANDIDATE, logs=("a",)))
    knowledge = learned(Knowledge(), pending, Source.SECONDARY)
    assert (knowledge.itself, knowledge.logs) == (1, Field())
    assert learned(Knowledge(), compare(observation({}), failed()), Source.SECONDARY) == Knowledge()


def test_lines_that_shape_explains_are_not_counted() -> None:
    found = logged(("at 2026-11-22T05:41:07Z",), ("at 2026-11-22T05:41:09Z",))
    assert learned(Knowledge(), found, Source.SECONDARY).fields == {}
