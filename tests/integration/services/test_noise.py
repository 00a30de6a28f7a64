"""What varies on AWS itself: counted in rows, read back with its test, forgotten on request."""

import pytest

from cutover.comparison import from_document
from cutover.errors import BadInput
from cutover.noise import Reading, classify
from cutover.observation import Observation, Side
from migrations_app.models import AuditEntry, Effects, FunctionMigration, NoiseField
from migrations_app.services import noise
from tests import factories

pytestmark = pytest.mark.django_db


def answered(number: int) -> Observation:
    return factories.observation(Side.PRIMARY, {"total": 3, "queue": number})


def learned(made: FunctionMigration, times: int = 6) -> None:
    for number in range(times):
        noise.learn(made.pk, answered(number), answered(number + 1))


def test_it_learns_a_field_that_varies_on_aws_itself() -> None:
    made = factories.function(effects=Effects.READ_ONLY)
    learned(made)

    known = noise.evidence(made)

    assert (known.allowed, known.knowledge.itself) == (True, 6)
    assert [(one.field, one.itself, one.reading) for one in known.fields] == [
        ("answer /queue", 6, Reading.NOISE)
    ]


def test_it_learns_nothing_where_calling_twice_is_not_allowed() -> None:
    for effects in (Effects.UNKNOWN, Effects.ISOLATED, Effects.UNSAFE):
        made = factories.function(name=f"is-{effects}", effects=effects)
        learned(made)
    assert not NoiseField.objects.exists()


def test_pairs_with_fc_are_counted_but_teach_nothing() -> None:
    made = factories.function(effects=Effects.READ_ONLY)
    noise.count(made.pk, [factories.pair(made, answer={"total": "3"})])
    assert not NoiseField.objects.exists()

    learned(made)
    pair = factories.pair(made, answer={"total": "3"})
    noise.count(made.pk, [pair, pair])

    known = noise.knowledge(made.pk)
    assert (known.itself, known.candidate) == (6, 2)
    compared = from_document(pair.comparison)
    assert classify(compared, known).comparison.outcome is compared.outcome


def test_counters_of_two_writers_add_up() -> None:
    made = factories.function(effects=Effects.REPEATABLE)
    learned(made, times=2)
    learned(made, times=3)
    row = NoiseField.objects.get(name="answer /queue")
    assert (row.itself, row.candidate) == (5, 0)


def test_a_field_that_is_forgotten_counts_again() -> None:
    made = factories.function(effects=Effects.READ_ONLY)
    learned(made)

    assert noise.forget(made.pk, actor="olga", name="answer /queue", reason="it is fixed") == 1

    assert noise.evidence(made).fields == ()
    assert noise.knowledge(made.pk).itself == 6
    assert AuditEntry.objects.get(verb="noise:forgotten").reason == "it is fixed"
    with pytest.raises(BadInput, match="Nothing is known"):
        noise.forget(made.pk, actor="olga", name="answer /queue")
