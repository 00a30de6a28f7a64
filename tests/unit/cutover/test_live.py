"""The live check, where each event reaches one side."""

from __future__ import annotations

import random

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutover.analysis import (
    LiveState,
    Policy,
    Result,
    judge_live,
    live_document,
    live_from_document,
    observe_live,
)
from cutover.observation import Side

POLICY = Policy()
FULL = 10_000


def events(
    state: LiveState, number: int, *, weight_bp: int, primary: float, candidate: float, drawn: random.Random
) -> tuple[LiveState, int | None]:
    """Route events by weight; give the state, and after how many events it failed first."""
    for count in range(1, number + 1):
        on_candidate = drawn.random() < weight_bp / FULL
        error = drawn.random() < (candidate if on_candidate else primary)
        state = observe_live(
            state,
            side=Side.CANDIDATE if on_candidate else Side.PRIMARY,
            error=error,
            weight_bp=weight_bp,
            duration_ms=12.0,
        )
        if error and judge_live(state, weight_bp=weight_bp, policy=POLICY).result is Result.FAIL:
            return state, count
    return state, None


@pytest.mark.parametrize(("weight_bp", "at_most"), [(500, 900), (2500, 300), (5000, 250), (FULL, 120)])
def test_it_fails_a_candidate_that_fails_a_fifth_within_a_bounded_number_of_events(
    weight_bp: int, at_most: int
) -> None:
    for seed in range(15):
        drawn = random.Random(seed)
        state, early = events(
            LiveState.start(POLICY), 400, weight_bp=500, primary=0.0, candidate=0.0, drawn=drawn
        )
        assert early is None
        _, found = events(state, at_most, weight_bp=weight_bp, primary=0.0, candidate=0.2, drawn=drawn)
        assert found is not None


@pytest.mark.parametrize(("weight_bp", "rate"), [(500, 0.0), (500, 0.02), (2500, 0.05), (FULL, 0.01)])
def test_it_does_not_fail_a_good_candidate_over_5000_events(weight_bp: int, rate: float) -> None:
    for seed in range(6):
        drawn = random.Random(seed)
        state, early = events(
            LiveState.start(POLICY), 400, weight_bp=500, primary=rate, candidate=rate, drawn=drawn
        )
        state, found = events(state, 5000, weight_bp=weight_bp, primary=rate, candidate=rate, drawn=drawn)
        assert (early, found) == (None, None)
        assert judge_live(state, weight_bp=weight_bp, policy=POLICY).result is Result.PASS


@pytest.mark.parametrize("weight_bp", [5000, FULL])
def test_it_finds_a_fault_that_begins_after_long_good_service(weight_bp: int) -> None:
    drawn = random.Random(7)
    state, _ = events(LiveState.start(POLICY), 6000, weight_bp=5000, primary=0.0, candidate=0.0, drawn=drawn)
    state, _ = events(state, 6000, weight_bp=weight_bp, primary=0.0, candidate=0.0, drawn=drawn)
    _, found = events(state, 400, weight_bp=weight_bp, primary=0.0, candidate=0.2, drawn=drawn)
    assert found is not None


def test_it_fails_at_full_weight_even_if_aws_was_never_seen() -> None:
    state, found = events(
        LiveState.start(POLICY), 200, weight_bp=FULL, primary=0.0, candidate=0.5, drawn=random.Random(1)
    )
    assert found is not None
    assert "assumed" in judge_live(state, weight_bp=FULL, policy=POLICY).formula


def test_errors_that_both_sides_share_do_not_take_traffic_back() -> None:
    _, found = events(
        LiveState.start(POLICY), 3000, weight_bp=2500, primary=0.3, candidate=0.3, drawn=random.Random(5)
    )
    assert found is None


def test_a_trifle_within_the_margin_does_not_take_traffic_back() -> None:
    _, found = events(
        LiveState.start(POLICY), 20_000, weight_bp=5000, primary=0.0, candidate=0.002, drawn=random.Random(5)
    )
    assert found is None


def test_it_says_which_events_prove_it() -> None:
    state = LiveState.start(POLICY)
    for _ in range(380):
        state = observe_live(state, side=Side.PRIMARY, error=False, weight_bp=500, duration_ms=None)
    for place in range(21):
        error = place % 6 == 0
        state = observe_live(state, side=Side.CANDIDATE, error=error, weight_bp=500, duration_ms=None)
    found = judge_live(state, weight_bp=500, policy=POLICY)
    assert found.result is Result.FAIL
    assert found.sentence == "4 of the last 21 events on FC failed; none of 380 on AWS did."


def test_it_says_how_many_events_are_missing() -> None:
    state = observe_live(
        LiveState.start(POLICY), side=Side.CANDIDATE, error=False, weight_bp=100, duration_ms=3.0
    )
    found = judge_live(state, weight_bp=100, policy=POLICY)
    assert (found.result, found.needed) == (Result.INCONCLUSIVE, 29)
    assert (
        found.sentence == "None of 1 event on FC failed; AWS answered none; 29 more events on FC are needed."
    )


def test_a_late_event_after_a_rollback_is_counted_and_judged_by_no_share() -> None:
    state = observe_live(
        LiveState.start(POLICY), side=Side.CANDIDATE, error=True, weight_bp=0, duration_ms=None
    )
    assert (state.candidate_errors, state.share.steps) == (1, 0)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(Side), st.booleans(), st.integers(0, FULL), st.none() | st.floats(0.1, 1e5)
        ),
        max_size=60,
    )
)
def test_the_state_survives_being_stored_and_read(
    seen: list[tuple[Side, bool, int, float | None]],
) -> None:
    state = LiveState.start(POLICY)
    for side, error, weight_bp, duration_ms in seen:
        state = observe_live(state, side=side, error=error, weight_bp=weight_bp, duration_ms=duration_ms)
    stored = orjson.dumps(live_document(state))
    assert live_from_document(orjson.loads(stored)) == state
    assert len(stored) < 2000
