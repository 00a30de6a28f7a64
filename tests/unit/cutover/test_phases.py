"""The table of legal moves, walked."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutover.errors import IllegalTransition
from cutover.phases import (
    JOURNEY,
    TRANSITIONS,
    Phase,
    Trigger,
    _main,
    diagram,
    legal_triggers,
    next_phase,
)

BEGUN = (Phase.DEPLOYED, Phase.VALIDATED, Phase.SHIFTING, Phase.CUT_OVER)
REMOVING = (Phase.DECOMMISSIONING, Phase.DECOMMISSIONED)
DOCS = Path(__file__).resolve().parents[3] / "docs" / "phases.md"


def reachable(start: Phase, *, without: frozenset[Trigger] = frozenset()) -> set[Phase]:
    """Every phase that some trace of triggers leads to, ``start`` included."""
    seen, waiting = {start}, [start]
    while waiting:
        at = waiting.pop()
        for (phase, trigger), to in TRANSITIONS.items():
            if phase is at and trigger not in without and to not in seen:
                seen.add(to)
                waiting.append(to)
    return seen


def test_every_phase_is_reached_from_the_beginning() -> None:
    assert reachable(Phase.DISCOVERED) == set(Phase)


def test_before_decommissioning_one_rollback_leads_to_rolled_back() -> None:
    before = reachable(Phase.DISCOVERED, without=frozenset({Trigger.DECOMMISSION}))
    deployed = before - {Phase.DISCOVERED, Phase.ASSESSED, Phase.ROLLED_BACK}
    assert deployed == set(BEGUN)
    for phase in deployed:
        assert next_phase(phase, Trigger.ROLL_BACK) is Phase.ROLLED_BACK


def test_from_decommissioning_on_only_restore_leads_back() -> None:
    back_at_work = {Phase.ROLLED_BACK, *BEGUN}
    for phase in REMOVING:
        without_restore = reachable(phase, without=frozenset({Trigger.RESTORE}))
        assert without_restore <= set(REMOVING)
        assert next_phase(phase, Trigger.RESTORE) is Phase.RESTORING
    assert next_phase(Phase.RESTORING, Trigger.RESTORE_DONE) is Phase.ROLLED_BACK
    assert back_at_work <= reachable(Phase.RESTORING)


def test_decommissioning_is_entered_from_cut_over_only() -> None:
    entries = {phase for (phase, _), to in TRANSITIONS.items() if to is Phase.DECOMMISSIONING}
    assert entries == {Phase.CUT_OVER}


@pytest.mark.parametrize("phase", REMOVING)
def test_a_rollback_while_aws_is_being_removed_says_to_restore(phase: Phase) -> None:
    with pytest.raises(IllegalTransition, match=r"Use restore\.$"):
        next_phase(phase, Trigger.ROLL_BACK)


@given(st.sampled_from(Phase), st.sampled_from(Trigger))
def test_a_move_is_legal_exactly_when_it_is_a_row(phase: Phase, trigger: Trigger) -> None:
    if (phase, trigger) in TRANSITIONS:
        assert next_phase(phase, trigger) is TRANSITIONS[phase, trigger]
        assert trigger in legal_triggers(phase)
    else:
        assert trigger not in legal_triggers(phase)
        with pytest.raises(IllegalTransition, match=str(phase)):
            next_phase(phase, trigger)


@given(st.lists(st.sampled_from(Trigger), max_size=60))
def test_no_trace_reaches_fc_traffic_without_a_validation_in_the_same_deployment(
    triggers: list[Trigger],
) -> None:
    phase, validated = Phase.DISCOVERED, False
    for trigger in triggers:
        if (phase, trigger) not in TRANSITIONS:
            continue
        phase = next_phase(phase, trigger)
        if trigger in (Trigger.DEPLOY, Trigger.REOPEN, Trigger.INVALIDATE):
            validated = False
        validated = validated or trigger is Trigger.VALIDATE
        if phase is Phase.SHIFTING:
            assert validated


def test_the_way_forward_is_made_of_legal_moves() -> None:
    for at, to in pairwise(JOURNEY):
        assert to in {next_phase(at, trigger) for trigger in legal_triggers(at)}


def test_no_phase_is_a_dead_end() -> None:
    assert all(legal_triggers(phase) for phase in Phase)


def test_the_diagram_names_every_row() -> None:
    drawn = diagram()
    assert all(f"{at.name} --> {to.name}: {trigger}" in drawn for (at, trigger), to in TRANSITIONS.items())


def test_the_page_in_the_documentation_is_fresh() -> None:
    assert _main(["--check", str(DOCS)]) == 0


def test_a_stale_page_is_noticed_and_written_anew(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "phases.md"
    page.write_text("old")
    assert _main(["--check", str(page)]) == 1
    assert "is stale" in capsys.readouterr().err
    assert _main(["--write", str(page)]) == 0
    assert _main(["--check", str(page)]) == 0
