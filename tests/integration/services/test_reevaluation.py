"""Stored pairs compared anew when a rule is saved or retired: rows, minutes, outcomes and verdict follow."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from cutover.comparison import from_document
from cutover.observation import Side
from migrations_app.models import Effects, FunctionMigration, Pair, PairMinute, Reevaluation, Run
from migrations_app.services import evidence, history, inventory, noise, reevaluation, results, rules
from tests import factories

pytestmark = pytest.mark.django_db

PRICE = factories.ORDER | {"total": "39.80"}


def stored(made: FunctionMigration, answers: list[Any], **changes: Any) -> Run:
    """Write a finished validation with one pair for each answer of FC, counted in its minutes."""
    run = factories.run(made, done=len(answers))
    pairs = [
        factories.pair(made, run=run, position=number, answer=answer, ago_s=number, **changes)
        for number, answer in enumerate(answers)
    ]
    results.roll_up(pairs)
    outcomes: dict[str, int] = {}
    for pair in pairs:
        outcomes[pair.outcome] = outcomes.get(pair.outcome, 0) + 1
    run.outcomes = outcomes
    run.save()
    return run


def accept(made: FunctionMigration, pointer: str = "/total") -> int:
    row = rules.add(
        made.pk, name=f"of {pointer}", kind="ignore", pointer=pointer, reason="a string is fine", actor="olga"
    )
    return row.pk


def minutes(made: FunctionMigration) -> dict[str, int]:
    found: dict[str, int] = {}
    for row in PairMinute.objects.filter(function=made, pairs__gt=0):
        found[row.outcome] = found.get(row.outcome, 0) + row.pairs
    return found


def test_a_rule_that_is_saved_changes_the_pairs_that_are_stored() -> None:
    made = factories.function()
    run = stored(made, [PRICE, factories.ORDER, PRICE])
    assert minutes(made) == run.outcomes
    before = dict(run.outcomes)

    accept(made)
    assert reevaluation.run_due() == 3

    run.refresh_from_db()
    assert Pair.objects.filter(counts=True).count() == 0
    assert minutes(made) == run.outcomes
    assert run.outcomes["ignored"] == before["mismatch"]
    pair = Pair.objects.get(position=0)
    assert (pair.outcome, from_document(pair.comparison).outcome.value) == ("ignored", "ignored")
    assert "of /total" in pair.sentence
    done = Reevaluation.objects.get(pk=made.pk)
    assert (done.seen, done.changed, done.kept, done.due_at) == (3, 2, 0, None)


def test_retiring_the_rule_brings_everything_back() -> None:
    made = factories.function()
    run = stored(made, [PRICE, factories.ORDER])
    before = (
        dict(run.outcomes),
        minutes(made),
        list(Pair.objects.order_by("pk").values("outcome", "sentence")),
    )
    key = accept(made)
    reevaluation.run_due()

    rules.retire(key, actor="olga")
    reevaluation.run_due()

    run.refresh_from_db()
    after = (run.outcomes, minutes(made), list(Pair.objects.order_by("pk").values("outcome", "sentence")))
    assert after == before


def test_bodies_that_were_cut_or_redacted_stay_as_they_are() -> None:
    made = factories.function()
    stored(made, [PRICE, PRICE | {"password": "hunter2"}, PRICE])
    cut = Pair.objects.get(position=2)
    Pair.objects.filter(pk=cut.pk).update(candidate=cut.candidate | {"truncated": True})

    accept(made)
    reevaluation.run_due()

    assert list(Pair.objects.order_by("position").values_list("outcome", flat=True)) == [
        "ignored",
        "mismatch",
        "mismatch",
    ]
    assert [evidence.why_kept(row) for row in Pair.objects.order_by("position")] == [
        "",
        "redacted",
        "cut",
    ]
    assert Reevaluation.objects.get().kept == 2


def test_it_waits_while_a_validation_of_the_function_is_open() -> None:
    made = factories.function()
    run = stored(made, [PRICE])
    Run.objects.filter(pk=run.pk).update(state="running")
    accept(made)

    assert reevaluation.run_due() == 0

    Run.objects.filter(pk=run.pk).update(state="finished")
    Reevaluation.objects.update(due_at=timezone.now())
    assert reevaluation.run_due() == 1


def test_it_goes_on_where_it_was_and_begins_again_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reevaluation, "BATCH", 2)
    made = factories.function()
    stored(made, [PRICE] * 5)
    accept(made)
    claim = reevaluation._claim()
    assert claim is not None
    known = noise.knowledge(made.pk)
    assert reevaluation._batch(claim, rules.active(made.pk), known) == (2, True)

    history.ask(made.pk, actor="olga", why="another rule")
    assert reevaluation._batch(claim, (), known) == (0, False)
    assert Reevaluation.objects.get().seen == 0

    assert reevaluation.run_due() >= 4
    row = Reevaluation.objects.get()
    assert (row.seen, row.changed) == (5, 3)
    assert Pair.objects.filter(counts=True).count() == 0


def test_the_newest_verdict_is_drawn_anew_but_no_phase_moves() -> None:
    made = factories.function()
    run = stored(made, [PRICE] * 40 + [factories.ORDER] * 20)
    factories.passing(made)
    made.refresh_from_db()
    Run.objects.filter(pk=run.pk).update(verdict=made.verdict, verdict_result="fail")
    phase = made.phase

    accept(made)
    reevaluation.run_due()

    made.refresh_from_db()
    run.refresh_from_db()
    assert made.verdict == run.verdict
    answers = next(check for check in run.verdict["checks"] if check["name"] == "answers")
    assert answers["candidate"].startswith("0.00%")
    assert made.phase == phase


def test_the_verdict_does_not_wait_for_the_whole_history(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reevaluation, "BATCH", 2)
    made = factories.function()
    old = factories.run(made)
    for position in range(6):
        factories.pair(made, run=old, position=position, answer=PRICE, ago_s=7200 + position)
    digests = {
        "basis_digest": inventory.evidence_digest(made),
        "gathered_digest": inventory.gathered_digest(made),
    }
    run = Run.objects.create(
        function=made, suite=old.suite, state="finished", wanted_pairs=3, asked_by="olga", **digests
    )
    Run.objects.filter(pk=old.pk).update(created_at=run.created_at - timedelta(hours=3))
    for position in range(3):
        factories.pair(made, run=run, position=position, answer=PRICE, ago_s=-1)
    accept(made)
    claim = reevaluation._claim()
    assert claim is not None
    held, known = rules.active(made.pk), noise.knowledge(made.pk)

    assert reevaluation._batch(claim, held, known) == (2, True)
    run.refresh_from_db()
    assert run.basis_digest == digests["basis_digest"]
    assert reevaluation._batch(claim, held, known) == (2, True)

    run.refresh_from_db()
    made.refresh_from_db()
    assert run.basis_digest == inventory.evidence_digest(made)
    assert run.verdict["pairs"] == 3
    assert Reevaluation.objects.get().due_at is not None


def test_noise_that_was_learned_is_taken_out_and_comes_back_when_forgotten() -> None:
    made = factories.function(effects=Effects.READ_ONLY)
    stored(made, [PRICE])
    for number in range(6):
        noise.learn(
            made.pk,
            factories.observation(Side.PRIMARY, factories.ORDER),
            factories.observation(Side.PRIMARY, factories.ORDER | {"total": f"{number}"}),
        )
    history.ask(made.pk, actor="olga", why="noise was learned")
    reevaluation.run_due()
    assert Pair.objects.get().outcome == "noise"

    noise.forget(made.pk, actor="olga", name="answer /total")
    reevaluation.run_due()
    assert Pair.objects.get().outcome == "mismatch"


def test_a_rule_for_everywhere_asks_for_every_function_that_was_validated() -> None:
    one, two = factories.function(name="one"), factories.function(name="two")
    factories.function(name="never-validated")
    for made in (one, two):
        stored(made, [PRICE])
    rules.add(None, name="totals", kind="ignore", pointer="/total", reason="known", actor="olga")
    assert set(Reevaluation.objects.values_list("pk", flat=True)) == {one.pk, two.pk}
    assert reevaluation.run_due() == 2
