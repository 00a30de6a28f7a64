"""Each guard on its own: a function that may go forward, and the one thing that stops it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.utils import timezone

from clouds.simulated.world import World
from cutover.errors import BadInput, GuardNotMet
from cutover.phases import Phase
from migrations_app.models import Connection, FunctionMigration, Operation
from migrations_app.services import decommission, deployment, guards, shifting, twins
from tests import factories
from tests.integration.workers import journey
from tests.integration.workers.worlds import clouds, refreshed

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> Iterator[World]:
    with clouds() as made:
        yield made


def changed(function: FunctionMigration, **values: Any) -> FunctionMigration:
    """Give the function with columns changed; ``facts`` are merged into what is known."""
    facts = values.pop("facts", {})
    FunctionMigration.objects.filter(pk=function.pk).update(facts={**function.facts, **facts}, **values)
    return refreshed(function)


HELD = {"held_at": timezone.now(), "held_by": "bob", "held_reason": "month end."}
BLOCKER = {"rule": "runtime", "severity": "blocker", "title": "Runtime x", "place": "", "why": "No."}


def test_a_function_that_is_assessed_may_be_deployed(world: World) -> None:
    assert guards.deploy_reasons(journey.ready(world)) == ()


@pytest.mark.parametrize(
    ("values", "says", "link"),
    [
        ({"assessed_at": None}, "not assessed yet", "/functions/hello/findings/"),
        ({"phase": "shifting"}, "It is shifting", "/functions/hello/"),
        ({"findings": [BLOCKER]}, "Runtime x: No.", "/functions/hello/findings/"),
        ({"facts": {"aliases": {}}}, "no alias 'live'", "/functions/hello/findings/"),
        (
            {"facts": {"aliases": {"live": {"version": "$LATEST", "weights": {}}}}},
            "points at $LATEST",
            "/functions/hello/findings/",
        ),
        (HELD, "held by bob: month end.", "/functions/hello/"),
        ({"gone_at": timezone.now()}, "was not on AWS", "/functions/hello/"),
    ],
)
def test_a_deploy_is_stopped_with_a_sentence_and_a_link(
    world: World, values: dict[str, Any], says: str, link: str
) -> None:
    function = changed(journey.ready(world), **values)
    (guard,) = guards.deploy_reasons(function)
    assert says in guard.sentence
    assert guard.link == link
    with pytest.raises(GuardNotMet):
        deployment.start(function.pk, actor="ann", reason="go")
    assert not Operation.objects.exists()


def test_a_waived_blocker_stops_nothing(world: World) -> None:
    function = changed(journey.ready(world), findings=[BLOCKER], policy={"waived": ["runtime"]})
    assert guards.deploy_reasons(function) == ()


def test_a_connection_without_a_counterpart_stops_a_deploy(world: World) -> None:
    function = journey.ready(world)
    Connection.objects.filter(pk=function.connection_id).update(counterpart=None)
    (guard,) = guards.deploy_reasons(refreshed(function))
    assert "does not say which Alibaba connection" in guard.sentence


def test_a_function_that_is_validated_may_shift(world: World) -> None:
    assert guards.shift_reasons(journey.validated(world), 100) == ()


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"phase": "deployed"}, "It is deployed, not validated"),
        ({"phase": "rolled-back"}, "Reopen it"),
        ({"phase": "decommissioned"}, "Restore it first"),
        ({"verdict_result": ""}, "no verdict yet"),
        ({"verdict_result": "fail", "verdict": {"sentence": "3 of 9 differ."}}, "3 of 9 differ."),
        ({"evidence_digest": "other"}, "The verdict is stale"),
        ({"verdict_at": timezone.now() - dt.timedelta(days=30)}, "older than the policy allows"),
        ({"live_result": "fail", "live_sentence": "4 of 21 failed."}, "4 of 21 failed."),
        ({"effects": "unknown"}, "side effects are not declared"),
        ({"facts": {"limits": ["It is an image function."]}}, "It is an image function."),
        ({"facts": {"aliases": {}}}, "no alias 'live'"),
        (HELD, "held by bob"),
    ],
)
def test_a_shift_is_stopped_with_a_sentence(world: World, values: dict[str, Any], says: str) -> None:
    function = changed(journey.validated(world), **values)
    (guard,) = guards.shift_reasons(function, 100)
    assert says in guard.sentence
    with pytest.raises(GuardNotMet):
        shifting.start(function.pk, to_bp=100, actor="ann", reason="go")
    assert refreshed(function).desired_weight_bp == 0


def test_lowering_the_weight_needs_no_verdict_and_minds_no_hold(world: World) -> None:
    function = changed(
        journey.validated(world), phase="shifting", desired_weight_bp=2500, verdict_result="fail", **HELD
    )
    assert guards.shift_reasons(function, 500) == ()
    assert len(guards.shift_reasons(function, 5000)) == 2


def cut_over(world: World) -> FunctionMigration:
    return changed(
        journey.validated(world),
        phase="cut-over",
        desired_weight_bp=10_000,
        observed_weight_bp=10_000,
        routing={"original_version": "1", "tap_version": "2", "relay_version": "3"},
    )


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"phase": "shifting"}, "only after the function is cut over"),
        ({"observed_weight_bp": 5000}, "FC has 50% of the traffic"),
        ({"observed_weight_bp": None}, "an unknown share"),
        (HELD, "held by bob"),
    ],
)
def test_a_removal_is_stopped_with_a_sentence(world: World, values: dict[str, Any], says: str) -> None:
    function = cut_over(world)
    assert guards.decommission_reasons(function) == ()
    function = changed(function, **values)
    (guard,) = guards.decommission_reasons(function)
    assert says in guard.sentence
    with pytest.raises(GuardNotMet):
        decommission.start(function.pk, actor="ann", reason="go")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda f: changed(f, deployment={}), "not deployed on FC"),
        (lambda f: changed(f, effects="unsafe"), "unsafe to repeat"),
        (lambda f: changed(f, effects="unknown"), "not declared"),
        (lambda f: (f.suites.all().delete(), f)[1], "has no events"),
    ],
)
def test_a_validation_is_stopped_with_a_sentence(
    world: World, change: Callable[[FunctionMigration], FunctionMigration], says: str
) -> None:
    function = journey.validated(world)
    assert guards.validate_reasons(function) == ()
    (guard,) = guards.validate_reasons(change(function))
    assert says in guard.sentence


def _twinned(function: FunctionMigration, state: str) -> None:
    twins.add(
        function.pk,
        name="reports",
        kind="bucket",
        primary="reports-aws",
        candidate="reports-fc",
        state=state,
        by="nightly copy",
        actor="ann",
    )


def _about_twins(function: FunctionMigration) -> list[str]:
    return [one.sentence for one in guards.shift_reasons(function, 100) if "one-way twin" in one.sentence]


def test_a_one_way_twin_of_a_writing_function_is_acknowledged_before_it_shifts() -> None:
    function = factories.function(phase=Phase.VALIDATED)
    _twinned(function, "one-way")
    (sentence,) = _about_twins(function)
    assert "reports-fc" in sentence
    assert "'reports'" in sentence
    basis = refreshed(function).twins_digest

    with pytest.raises(BadInput):
        twins.acknowledge(function.pk, "reports", reason=" ", actor="ann")
    assert _about_twins(function)
    twins.acknowledge(function.pk, "reports", reason="reports are made anew each night", actor="ann")

    assert _about_twins(function) == []
    assert refreshed(function).twins_digest == basis, "nothing that evidence stands on has changed"
    _twinned(function, "one-way")
    assert _about_twins(function), "a twin that was changed is acknowledged anew"


@pytest.mark.parametrize(
    ("state", "effects"), [("both-ways", "repeatable"), ("disposable", "unsafe"), ("one-way", "read-only")]
)
def test_a_twin_that_loses_nothing_stops_no_shift(state: str, effects: str) -> None:
    function = factories.function(phase=Phase.VALIDATED, effects=effects)
    _twinned(function, state)
    assert _about_twins(function) == []
    if state != "one-way":
        with pytest.raises(BadInput):
            twins.acknowledge(function.pk, "reports", reason="why not", actor="ann")


def test_a_one_way_twin_never_stops_the_way_back() -> None:
    function = factories.function(phase=Phase.SHIFTING, desired_weight_bp=5000)
    _twinned(function, "one-way")
    lowered = [one.sentence for one in guards.shift_reasons(function, 0) if "twin" in one.sentence]
    assert lowered == []
