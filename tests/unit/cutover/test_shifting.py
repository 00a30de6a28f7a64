"""What traffic does next."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutover.analysis import Result
from cutover.errors import BadInput
from cutover.phases import Phase
from cutover.shifting import (
    SERVING,
    Escalate,
    Finish,
    RollBack,
    Shift,
    Snapshot,
    StepPolicy,
    Wait,
    decide_traffic,
)
from tests.unit.cutover.factories import AT

READY = Snapshot(
    now=AT,
    phase=Phase.SHIFTING,
    held=False,
    desired_bp=500,
    observed_bp=500,
    ladder=(100, 500, 2500, 5000, 10_000),
    step_started_at=AT - timedelta(seconds=61),
    live=Result.PASS,
    paired=Result.PASS,
    paired_stale=False,
    candidate_events=30,
)

WEIGHTS = st.integers(0, 10_000)
SNAPSHOTS = st.builds(
    Snapshot,
    now=st.just(AT),
    phase=st.sampled_from(Phase),
    held=st.booleans(),
    desired_bp=WEIGHTS,
    observed_bp=st.none() | WEIGHTS,
    ladder=st.sets(st.integers(1, 10_000), max_size=6).map(lambda steps: tuple(sorted(steps))),
    step_started_at=st.none() | st.integers(0, 200).map(lambda ago_s: AT - timedelta(seconds=ago_s)),
    live=st.sampled_from(Result),
    paired=st.sampled_from(Result),
    paired_stale=st.booleans(),
    candidate_events=st.integers(0, 60),
    policy=st.builds(StepPolicy, min_seconds=st.integers(0, 120), min_candidate_events=st.integers(0, 50)),
    operation_running=st.booleans(),
    primary_unhealthy=st.booleans(),
)
AGREEING = SNAPSHOTS.map(lambda seen: replace(seen, observed_bp=seen.desired_bp, phase=Phase.SHIFTING))


@given(SNAPSHOTS | AGREEING)
def test_the_weight_only_ever_grows_and_never_past_the_ladder(seen: Snapshot) -> None:
    decision = decide_traffic(seen)
    if isinstance(decision, Shift):
        assert decision.to_bp == min(step for step in seen.ladder if step > seen.desired_bp)


@given(SNAPSHOTS | AGREEING)
def test_the_weight_grows_only_when_everything_speaks_for_it(seen: Snapshot) -> None:
    decision = decide_traffic(seen)
    if isinstance(decision, Shift | Finish):
        assert seen.phase is Phase.SHIFTING
        assert seen.live not in (Result.FAIL, Result.ERROR)
        assert seen.paired is Result.PASS
        assert not seen.paired_stale
        assert not seen.held
        assert not seen.operation_running
        assert seen.observed_bp == seen.desired_bp
        if seen.desired_bp:
            assert seen.step_started_at is not None
            assert (seen.now - seen.step_started_at).total_seconds() >= seen.policy.min_seconds
            assert seen.candidate_events >= seen.policy.min_candidate_events
    if isinstance(decision, Finish):
        assert seen.desired_bp == 10_000


@given(SNAPSHOTS)
def test_a_live_fail_never_waits(seen: Snapshot) -> None:
    failing = replace(seen, live=Result.FAIL)
    if failing.phase in SERVING:
        wanted = Escalate if failing.primary_unhealthy else RollBack
        assert isinstance(decide_traffic(failing), wanted)


@given(SNAPSHOTS)
def test_a_fresh_paired_fail_never_waits(seen: Snapshot) -> None:
    failing = replace(seen, paired=Result.FAIL, paired_stale=False, primary_unhealthy=False)
    if failing.phase in SERVING:
        assert isinstance(decide_traffic(failing), RollBack)


@given(SNAPSHOTS)
def test_nothing_moves_where_the_candidate_does_not_serve(seen: Snapshot) -> None:
    if seen.phase not in SERVING:
        assert isinstance(decide_traffic(seen), Wait)


def test_it_goes_to_the_next_step_when_all_is_in() -> None:
    assert decide_traffic(READY) == Shift(2500)


def test_it_starts_without_waiting_for_events_that_cannot_come() -> None:
    first = replace(READY, desired_bp=0, observed_bp=0, step_started_at=None, candidate_events=0)
    assert decide_traffic(first) == Shift(100)


def test_it_goes_on_from_a_weight_set_by_hand() -> None:
    assert decide_traffic(replace(READY, desired_bp=700, observed_bp=700)) == Shift(2500)


def test_it_finishes_only_after_the_last_step_has_held() -> None:
    last = replace(READY, desired_bp=10_000, observed_bp=10_000)
    assert decide_traffic(last) == Finish()
    assert decide_traffic(replace(last, candidate_events=29)) == Wait(
        "1 more event on FC is needed at 100%.", 1
    )


def test_stale_pairs_that_failed_do_not_take_traffic_back() -> None:
    assert isinstance(decide_traffic(replace(READY, paired=Result.FAIL, paired_stale=True)), Wait)


@pytest.mark.parametrize("ladder", [(100, 100), (500, 100), (0, 100), (100, 10_001), (-1,)])
def test_it_refuses_a_ladder_that_does_not_grow(ladder: tuple[int, ...]) -> None:
    with pytest.raises(BadInput, match="Steps must grow"):
        replace(READY, ladder=ladder)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"held": True}, "Held"),
        ({"operation_running": True}, "operation is running"),
        ({"observed_bp": 100}, "reads 1%"),
        ({"observed_bp": None}, "not been read"),
        ({"paired_stale": True}, "stale"),
        ({"paired": Result.INCONCLUSIVE}, "inconclusive"),
        ({"live": Result.ERROR}, "could not be analysed"),
        ({"step_started_at": AT - timedelta(seconds=20)}, "40 s more"),
        ({"phase": Phase.CUT_OVER}, "All traffic is on FC"),
        ({"ladder": (100, 500)}, "last step"),
    ],
)
def test_it_says_what_it_waits_for(change: dict[str, object], word: str) -> None:
    decision = decide_traffic(replace(READY, **change))  # type: ignore[arg-type]
    assert isinstance(decision, Wait)
    assert word in decision.sentence
