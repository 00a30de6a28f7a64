"""Verdicts on pairs, and that looking often does not make them wrong."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutover.analysis import (
    CheckResult,
    PairEvidence,
    Policy,
    Result,
    Verdict,
    gb_seconds,
    judge,
    verdict_document,
    verdict_from_document,
)
from cutover.analysis.model import SHARES
from cutover.analysis.sequential import log_e_rate_above, log_e_rate_below, upper_rate
from cutover.comparison import PairOutcome
from cutover.errors import BadInput
from tests.unit.cutover.factories import pair

POLICY = Policy()
OUTCOMES = st.sampled_from(PairOutcome)
EVIDENCE = st.lists(
    st.builds(
        PairEvidence,
        outcome=OUTCOMES,
        primary_ms=st.none() | st.floats(0, 1e4),
        candidate_ms=st.none() | st.floats(0, 1e4),
        cold=st.booleans(),
        logs_differ=st.none() | st.booleans(),
    ),
    max_size=40,
)


def check(verdict: Verdict, name: str) -> CheckResult:
    return next(found for found in verdict.checks if found.name == name)


def test_it_passes_299_clean_pairs_and_not_298() -> None:
    almost = judge([pair()] * 298, POLICY)
    assert (almost.result, almost.needed) == (Result.INCONCLUSIVE, 1)
    assert judge([pair()] * 299, POLICY).result is Result.PASS


def test_it_needs_598_clean_pairs_for_half_a_percent() -> None:
    strict = Policy(mismatch_tolerance=0.005)
    assert check(judge([pair()] * 597, strict), "answers").result is Result.INCONCLUSIVE
    assert check(judge([pair()] * 598, strict), "answers").result is Result.PASS


def test_it_never_passes_without_evidence() -> None:
    verdict = judge([], POLICY)
    assert (verdict.result, verdict.needed) == (Result.INCONCLUSIVE, 299)


def test_it_can_still_pass_after_one_difference() -> None:
    pairs = [pair(PairOutcome.MISMATCH), *[pair()] * 3000]
    assert check(judge(pairs, POLICY), "answers").result is Result.PASS


def test_what_it_says_is_needed_is_exactly_what_is_needed() -> None:
    pairs = [pair(PairOutcome.MISMATCH), *[pair()] * 100]
    needed = judge(pairs, POLICY).needed
    assert judge([*pairs, *[pair()] * (needed - 1)], POLICY).result is Result.INCONCLUSIVE
    assert judge([*pairs, *[pair()] * needed], POLICY).result is Result.PASS


def test_pairs_that_all_failed_on_both_sides_prove_nothing_about_answers() -> None:
    verdict = judge([pair(PairOutcome.BOTH_ERROR_SAME)] * 400, POLICY)
    assert verdict.result is Result.INCONCLUSIVE
    assert "no answer was compared" in check(verdict, "answers").sentence


@pytest.mark.parametrize(
    ("outcome", "name", "at_most"),
    [
        (PairOutcome.MISMATCH, "answers", 3),
        (PairOutcome.BOTH_ERROR_DIFFERENT, "answers", 3),
        (PairOutcome.CANDIDATE_ERROR, "errors", 10),
    ],
)
def test_it_fails_a_candidate_that_is_always_wrong_after_a_few_pairs(
    outcome: PairOutcome, name: str, at_most: int
) -> None:
    verdict = judge([pair(outcome)] * at_most, POLICY)
    assert verdict.result is Result.FAIL
    assert check(verdict, name).result is Result.FAIL
    assert verdict.sentence == check(verdict, name).sentence
    assert len(verdict.explains) == min(3, at_most)


def test_errors_on_both_sides_alike_are_not_held_against_the_candidate() -> None:
    flaky = [pair(PairOutcome.CANDIDATE_ERROR), pair(PairOutcome.PRIMARY_ERROR), pair(), pair()] * 100
    assert check(judge(flaky, POLICY), "errors").result is not Result.FAIL


def test_it_points_at_the_newest_pairs_that_explain_a_fail() -> None:
    pairs = [pair(PairOutcome.MISMATCH), pair(), *[pair(PairOutcome.MISMATCH)] * 3, pair()]
    assert judge(pairs, POLICY).explains == (4, 3, 2)


def test_too_many_missing_pairs_are_an_error_and_fail_outranks_it() -> None:
    missing = [pair(PairOutcome.NOT_COMPARABLE)] * 10
    verdict = judge([*missing, pair()], POLICY)
    assert verdict.result is Result.ERROR
    assert verdict.explains == (9, 8, 7)
    failing = [pair(PairOutcome.MISMATCH)] * 5
    assert judge([*missing, *failing], POLICY).result is Result.FAIL


def test_a_few_missing_pairs_do_not_stop_a_pass() -> None:
    pairs = [*[pair()] * 299, *[pair(PairOutcome.NOT_COMPARABLE)] * 5]
    assert judge(pairs, POLICY).result is Result.PASS


# --------------------------------------------------------------------------------------------- latency


def test_it_fails_a_candidate_that_takes_twice_as_long() -> None:
    drawn = random.Random(3)
    pairs = [pair(primary_ms=drawn.uniform(90, 110), candidate_ms=drawn.uniform(180, 220)) for _ in range(60)]
    verdict = judge(pairs, POLICY)
    assert check(verdict, "latency").result is Result.FAIL
    assert verdict.result is Result.FAIL
    assert "times as long" in verdict.sentence


def test_durations_below_the_floor_count_as_the_floor_and_the_formula_says_so() -> None:
    pairs = [pair(primary_ms=2.0, candidate_ms=9.0)] * 300
    latency = check(judge(pairs, POLICY), "latency")
    assert latency.result is Result.PASS
    assert "20 ms" in latency.formula


def test_cold_pairs_are_left_out_of_latency() -> None:
    pairs = [pair(cold=True, candidate_ms=900.0)] * 100
    assert check(judge(pairs, POLICY), "latency").numbers["pairs"] == 0


def test_no_durations_are_no_pass() -> None:
    pairs = [pair(primary_ms=None)] * 400
    assert judge(pairs, POLICY).result is Result.INCONCLUSIVE


# ----------------------------------------------------------------------------------- policy and storage


def test_logs_are_observed_and_decide_nothing_by_default() -> None:
    pairs = [pair(logs_differ=True)] * 299
    verdict = judge(pairs, POLICY)
    assert verdict.result is Result.PASS
    assert check(verdict, "logs").result is Result.FAIL
    assert check(verdict, "logs").critical is False
    assert judge(pairs, Policy(observe=frozenset())).result is Result.FAIL


def test_effects_are_critical_and_a_fail_names_the_pairs_whose_effects_differ() -> None:
    pairs = [*[pair(effects_differ=False)] * 20, *[pair(effects_differ=True)] * 4, pair(effects_differ=None)]
    verdict = judge(pairs, POLICY)
    assert check(verdict, "effects").critical
    assert (verdict.result, verdict.explains) == (Result.FAIL, (23, 22, 21))
    assert verdict.sentence == "4 of 24 effects differed; the bound is 1.00%."
    assert judge([pair(effects_differ=False)] * 299, POLICY).result is Result.PASS
    assert judge([pair()] * 299, POLICY).result is Result.PASS


def test_effects_that_have_arrived_for_few_pairs_hold_the_pass_back() -> None:
    pairs = [*[pair()] * 299, *[pair(effects_differ=False)] * 9]
    assert judge(pairs, POLICY).result is Result.INCONCLUSIVE


def test_cost_is_shown_and_never_decides() -> None:
    dear = [pair(primary_gb_s=0.01, candidate_gb_s=0.05)] * 299
    verdict = judge(dear, Policy(observe=frozenset()))
    cost = check(verdict, "cost")
    assert verdict.result is Result.PASS
    assert (cost.critical, cost.change, cost.primary) == (False, "5.00x", "2.99 GB-s in 299 requests")
    assert [found.name for found in judge([pair(primary_gb_s=1.0)], POLICY).checks] == [
        "errors",
        "answers",
        "latency",
    ]


def test_the_checks_share_one_budget() -> None:
    assert math.fsum(SHARES.values()) == pytest.approx(1.0)
    assert all(POLICY.alarm(name) >= 1 / POLICY.alpha for name in SHARES)


def test_gb_seconds_are_billed_time_times_memory() -> None:
    assert gb_seconds(1500.0, 512) == 0.75
    assert gb_seconds(None, 512) is None
    assert gb_seconds(100.0, None) is None


def test_a_muted_check_is_left_out_and_muting_all_is_an_error() -> None:
    slow = [pair(candidate_ms=900.0)] * 299
    assert judge(slow, POLICY).result is Result.FAIL
    assert judge(slow, Policy(muted=frozenset({"latency"}))).result is Result.PASS
    assert judge(slow, Policy(muted=frozenset({"latency", "errors", "answers"}))).result is Result.ERROR


@given(EVIDENCE)
def test_a_verdict_survives_being_stored_and_read(pairs: list[PairEvidence]) -> None:
    verdict = judge(pairs, POLICY)
    assert verdict_from_document(orjson.loads(orjson.dumps(verdict_document(verdict)))) == verdict


@given(EVIDENCE, st.randoms())
def test_the_order_of_pairs_does_not_change_the_result(
    pairs: list[PairEvidence], drawn: random.Random
) -> None:
    turned = drawn.sample(pairs, len(pairs))
    assert judge(turned, POLICY).result is judge(pairs, POLICY).result


@given(EVIDENCE)
def test_only_an_inconclusive_verdict_asks_for_more(pairs: list[PairEvidence]) -> None:
    verdict = judge(pairs, POLICY)
    assert (verdict.needed > 0) is (verdict.result is Result.INCONCLUSIVE)
    assert all(0 <= index < len(pairs) for index in verdict.explains)


# ------------------------------------------------------------------------------- valid at every look


def alarms(runs: int, draw: Callable[[random.Random], PairEvidence], wrong: Result, name: str) -> int:
    """Count runs in which a check says ``wrong`` at any of the looks, one after every 20 pairs up to 600."""
    found = 0
    for seed in range(runs):
        drawn = random.Random(seed)
        pairs: list[PairEvidence] = []
        for _ in range(30):
            pairs += [draw(drawn) for _ in range(20)]
            if check(judge(pairs, POLICY), name).result is wrong:
                found += 1
                break
    return found


def at_the_tolerance(drawn: random.Random) -> PairEvidence:
    return pair(PairOutcome.MISMATCH if drawn.random() < POLICY.mismatch_tolerance else PairOutcome.MATCH)


def at_the_latency_margin(drawn: random.Random) -> PairEvidence:
    primary = drawn.lognormvariate(math.log(100), 0.3)
    return pair(primary_ms=primary, candidate_ms=primary * 1.10 * drawn.lognormvariate(0, 0.3))


@pytest.mark.parametrize(
    ("draw", "wrong", "name"),
    [
        (at_the_tolerance, Result.PASS, "answers"),
        (at_the_latency_margin, Result.PASS, "latency"),
    ],
)
def test_looking_often_seldom_passes_what_is_at_the_bound(
    draw: Callable[[random.Random], PairEvidence], wrong: Result, name: str
) -> None:
    runs = 60
    budget = POLICY.alpha * runs
    assert alarms(runs, draw, wrong, name) <= budget + 2 * math.sqrt(budget)


def test_the_e_values_keep_their_promise_over_thousands_of_looks() -> None:
    """Bernoulli trials exactly at the bound: each test may ever cross 1/alpha in 5 % of 400 runs."""
    crossed = {"above": 0, "below": 0, "upper": 0}
    for seed in range(400):
        drawn = random.Random(seed)
        failures, seen = 0, set()
        for trials in range(1, 1501):
            failed = drawn.random() < 0.02
            failures += failed
            if failed and log_e_rate_above(failures, trials, 0.02) >= math.log(20):
                seen.add("above")
            if trials % 10 == 0 and log_e_rate_below(failures, trials, 0.02, 0.05) >= math.log(20):
                seen.add("below")
            if trials % 250 == 0 and upper_rate(failures, trials, 0.05) < 0.02:
                seen.add("upper")
        for name in seen:
            crossed[name] += 1
    assert max(crossed.values()) <= 20 + 2 * math.sqrt(20)


@pytest.mark.parametrize(
    "fields",
    [
        {"mismatch_tolerance": 0.0},
        {"error_margin": 1.0},
        {"live_error_margin": -0.1},
        {"alpha": 0.0},
        {"latency_margin": 0.9},
        {"latency_floor_ms": 0.0},
    ],
)
def test_a_policy_that_could_prove_nothing_is_refused(fields: dict[str, float]) -> None:
    with pytest.raises(BadInput):
        Policy(**fields)  # type: ignore[arg-type]


def test_it_says_so_when_more_pairs_will_hardly_help() -> None:
    pairs = [pair(primary_ms=100.0, candidate_ms=110.0)] * 50
    assert "hardly change" in check(judge(pairs, POLICY), "latency").sentence
