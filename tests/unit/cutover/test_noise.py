"""Noise: learned from the primary against itself, with a test, and never from the candidate."""

from __future__ import annotations

import random

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import fisher_exact

from cutover.comparison import PairOutcome, Rule, Standing, compare
from cutover.noise import (
    Field,
    Knowledge,
    Reading,
    Source,
    classify,
    evidence_of,
    knowledge_document,
    knowledge_from_document,
    learned,
    merged,
)
from cutover.noise.significance import more_often
from tests.unit.cutover.factories import compared, failed, observation

COUNTERS = st.builds(
    Knowledge,
    itself=st.integers(0, 50),
    candidate=st.integers(0, 50),
    fields=st.dictionaries(
        st.sampled_from(["answer /a", "answer /b/*", "error /errorMessage"]),
        st.builds(Field, itself=st.integers(0, 9), candidate=st.integers(0, 9)),
        max_size=3,
    ),
)


def gathered(
    pairs: int, *, itself: float, candidate: float, seed: int = 3, start: Knowledge | None = None
) -> Knowledge:
    """Knowledge of a function whose field /n differs with these chances."""
    drawn = random.Random(seed)
    knowledge = start or Knowledge()
    for _ in range(pairs):
        for source, chance in ((Source.SECONDARY, itself), (Source.CANDIDATE, candidate)):
            other = {"n": 2 if drawn.random() < chance else 1}
            knowledge = learned(knowledge, compared({"n": 1}, other), source)
    return knowledge


MISMATCH = compared({"n": 1}, {"n": 2})


def test_a_field_that_varies_on_the_primary_itself_is_noise_and_the_pair_is_no_mismatch() -> None:
    found = classify(MISMATCH, gathered(40, itself=0.5, candidate=0.5))
    assert found.comparison.outcome is PairOutcome.NOISE
    assert found.comparison.differences[0].standing is Standing.NOISE
    assert found.comparison.counts["noise"] == 1
    assert found.comparison.counts["counts"] == 0
    assert "varies on AWS itself" in found.comparison.sentence
    assert found.evidence[0].itself_pairs == 40
    assert "p = " in found.evidence[0].sentence


def test_nothing_is_learned_from_the_candidate() -> None:
    knowledge = gathered(200, itself=0.0, candidate=1.0)
    found = classify(MISMATCH, knowledge)
    assert found.comparison is MISMATCH
    assert evidence_of(knowledge)[0].reading is Reading.STEADY


def test_a_field_that_varies_far_more_on_the_candidate_is_no_noise() -> None:
    knowledge = gathered(200, itself=0.1, candidate=1.0)
    assert evidence_of(knowledge)[0].reading is Reading.WORSE
    assert classify(MISMATCH, knowledge).comparison.outcome is PairOutcome.MISMATCH


@pytest.mark.parametrize("rate", [0.05, 0.3, 0.9])
def test_fields_of_equal_noise_on_both_sides_are_seldom_held_against_the_candidate(rate: float) -> None:
    readings = [
        evidence_of(knowledge)[0].reading
        for seed in range(60)
        if (knowledge := gathered(30, itself=rate, candidate=rate, seed=seed)).fields
    ]
    assert readings.count(Reading.WORSE) <= 3


def test_too_little_is_not_called_noise() -> None:
    once = Knowledge(itself=4, candidate=9, fields={"answer /n": Field(itself=4, candidate=9)})
    assert evidence_of(once)[0].reading is Reading.TOO_FEW
    single = Knowledge(itself=90, candidate=9, fields={"answer /n": Field(itself=1, candidate=0)})
    assert evidence_of(single)[0].reading is Reading.TOO_FEW


def test_a_field_counts_once_per_pair_whatever_its_index_or_id() -> None:
    one = compared(
        {"items": [{"n": 1}, {"n": 1}], "by": {"17": 1}}, {"items": [{"n": 2}, {"n": 2}], "by": {"17": 2}}
    )
    knowledge = learned(Knowledge(), one, Source.SECONDARY)
    assert knowledge.fields == {"answer /items/*/n": Field(itself=1), "answer /by/*": Field(itself=1)}


def test_pairs_in_which_a_side_failed_teach_nothing() -> None:
    alone = compare(observation({}), failed())
    assert learned(Knowledge(), alone, Source.CANDIDATE) == Knowledge()


def test_rules_have_their_say_before_noise() -> None:
    ruled = compared({"n": 1}, {"n": 2}, Rule(name="r", kind="ignore", pointer="/n"))
    assert classify(ruled, gathered(40, itself=0.5, candidate=0.5)).comparison.outcome is PairOutcome.IGNORED


def test_what_is_not_noisy_still_counts_beside_what_is() -> None:
    found = classify(compared({"n": 1, "m": 1}, {"n": 2, "m": 2}), gathered(40, itself=0.5, candidate=0.5))
    assert found.comparison.outcome is PairOutcome.MISMATCH
    assert found.comparison.sentence == "/m differs: 1 on AWS, 2 on FC."


@given(COUNTERS, COUNTERS, COUNTERS)
def test_counters_merge_in_any_order_and_survive_a_row(a: Knowledge, b: Knowledge, c: Knowledge) -> None:
    assert merged([a, merged([b, c])]) == merged([merged([c, a]), b])
    assert knowledge_from_document(orjson.loads(orjson.dumps(knowledge_document(a)))) == a


@given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 30), st.integers(0, 30))
def test_the_p_value_is_fishers(hits: int, misses: int, other_hits: int, other_misses: int) -> None:
    expected = fisher_exact([[hits, misses], [other_hits, other_misses]], alternative="greater").pvalue
    found = more_often(hits, hits + misses, other_hits, other_hits + other_misses)
    assert found == pytest.approx(expected, abs=1e-9)
