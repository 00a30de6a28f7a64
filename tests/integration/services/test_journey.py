"""The services one by one: what they write, and what they refuse."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from clouds.simulated.world import World
from cutover.errors import BadInput, GuardNotMet, IllegalTransition, OperationRunning, StaleState
from migrations_app.models import AuditEntry, Connection, FunctionMigration, Operation, OperationState
from migrations_app.services import (
    approvals,
    assessment,
    audit,
    connections,
    decommission,
    deployment,
    inventory,
    restoration,
    rollback,
    shifting,
    twins,
)
from migrations_app.services.policies import LADDER, policy_for
from tests.integration.workers import journey
from tests.integration.workers.worlds import assessed, clouds, refreshed
from workers import connections as work
from workers import wiring

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _relay_key(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in journey.RELAY_KEY.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def world() -> Iterator[World]:
    with clouds() as made:
        yield made


def sync(function: FunctionMigration) -> dict[str, list[str]]:
    catalog = wiring.primary(function.connection).catalog
    facts = [catalog.describe(name, hash_key=b"key") for name in catalog.names()]
    return inventory.record_sync(function.connection, facts, actor="ann")


# ----------------------------------------------------------------------------------------- inventory


def test_a_sync_that_finds_nothing_new_is_no_change_of_the_function(world: World) -> None:
    function = assessed(world, "hello")
    sync(function)
    function.refresh_from_db()
    before, read_at = function.changed_at, function.inventoried_at
    sync(function)
    function.refresh_from_db()
    assert function.changed_at == before
    assert function.inventoried_at != read_at


def test_a_sync_tells_what_is_new_changed_and_gone(world: World) -> None:
    function = assessed(world, "hello")
    world.add_function("second")
    assert sync(function) == {"new": ["second"], "changed": [], "gone": []}
    world.deploy_behind_our_back("hello")
    del world.functions["second"]
    assert sync(function) == {"new": [], "changed": ["hello"], "gone": ["second"]}
    assert FunctionMigration.objects.get(name="second").gone_at is not None


def test_code_that_changes_on_aws_makes_the_evidence_stale(world: World) -> None:
    function = journey.validated(world)
    world.deploy_behind_our_back("hello")
    sync(function)
    function = refreshed(function)
    assert function.phase == "deployed"
    assert function.evidence_digest != inventory.evidence_digest(function)


def test_what_a_shift_does_to_aws_is_no_change_of_the_function(world: World) -> None:
    function = journey.shifted(world)
    digest = inventory.evidence_digest(function)
    assert sync(function)["changed"] == []
    assert inventory.evidence_digest(refreshed(function)) == digest


def test_facts_stay_while_an_operation_is_open(world: World) -> None:
    function = journey.ready(world)
    deployment.start(function.pk, actor="ann", reason="go")
    world.deploy_behind_our_back("hello")
    assert sync(function)["changed"] == []
    assert refreshed(function).facts == function.facts


def test_no_environment_value_reaches_a_row(world: World) -> None:
    world.add_function("secretive", environment={"TOKEN": "s3cr3t-value"})
    function = assessed(world, "hello")
    journey.done(deployment.start(journey.ready(world, "hello").pk, actor="ann", reason="go"))
    rows = [str(row.facts) for row in FunctionMigration.objects.all()]
    rows += [str((row.parameters, row.notes)) for row in Operation.objects.all()]
    assert function.facts["environment"] == {}
    assert "TOKEN" in "".join(rows)
    assert "s3cr3t-value" not in "".join(rows)


# --------------------------------------------------------------------------------------- connections


def test_a_connection_is_saved_checked_and_synced(world: World) -> None:
    function = assessed(world)
    here = connections.save(
        name="aws",
        cloud="aws",
        region="us-east-1",
        account_id="123456789012",
        counterpart_name="fc",
        actor="ann",
    )
    connections.request_sync(here, actor="ann")
    assert work.run_due() == 2
    here.refresh_from_db()
    assert here.check_report["reachable"] is True
    assert set(here.check_report["policies"]) >= {"read", "deploy", "switch", "delete"}
    assert (here.check_due_at, here.sync_due_at) == (None, None)
    assert here.sync_report["total"] == 1
    assert refreshed(function).gone_at is None
    assert work.run_due() == 0


def test_credentials_of_another_account_are_not_reachable(world: World) -> None:
    function = assessed(world)
    Connection.objects.filter(pk=function.connection_id).update(account_id="999999999999")
    work.check(function.connection_id)
    report = Connection.objects.get(pk=function.connection_id).check_report
    assert report["reachable"] is False
    assert "belong to account 123456789012" in report["sentence"]


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"cloud": "azure"}, "aws or alibaba"),
        ({"region": "US East"}, "not a region's name"),
        ({"account_id": "12a"}, "digits only"),
        ({"authentication": "role"}, "needs 'role_arn'"),
        ({"counterpart_name": "nowhere"}, "no Alibaba connection named 'nowhere'"),
        ({"name": "9 lives"}, "A name is letters"),
        ({"proxy": "socks"}, "http:// or https://"),
    ],
)
def test_a_wrong_connection_is_refused_and_nothing_is_saved(wrong: dict[str, str], says: str) -> None:
    right = {"name": "aws", "cloud": "aws", "region": "us-east-1", "account_id": "123456789012"}
    with pytest.raises(BadInput, match=says):
        connections.save(**{**right, **wrong}, actor="ann")  # type: ignore[arg-type]
    assert not Connection.objects.exists()


# ----------------------------------------------------------------------------------- stale and twice


def test_a_stale_click_starts_nothing(world: World) -> None:
    function = journey.validated(world)
    seen = function.version
    shifting.hold(function.pk, actor="bob", reason="wait")
    shifting.resume(function.pk, actor="bob", reason="go on")
    with pytest.raises(StaleState):
        shifting.start(function.pk, to_bp=100, actor="ann", reason="go", expected_version=seen)
    assert not Operation.objects.exists()


def test_a_second_click_with_the_same_key_is_the_first_operation(world: World) -> None:
    function = journey.validated(world)
    first = shifting.start(function.pk, to_bp=100, actor="ann", reason="go", idempotency_key="k")
    assert shifting.start(function.pk, to_bp=100, actor="ann", reason="go", idempotency_key="k") == first


def test_two_operations_never_run_on_one_function(world: World) -> None:
    function = journey.validated(world)
    shifting.start(function.pk, to_bp=100, actor="ann", reason="go")
    with pytest.raises(OperationRunning, match="Shift is running"):
        shifting.start(function.pk, to_bp=500, actor="bob", reason="go")


def test_a_move_makes_pages_drawn_before_it_stale(world: World) -> None:
    function = journey.validated(world)
    shifting.start(function.pk, to_bp=100, actor="ann", reason="go")
    assert refreshed(function).version > function.version


# ------------------------------------------------------------------------------------------ shifting


def test_the_policys_ladder_is_climbed_from_its_first_step(world: World) -> None:
    function = journey.validated(world)
    operation = journey.done(shifting.start(function.pk, actor="ann", reason="go"))
    assert operation.parameters["to_bp"] == LADDER[0]
    assert refreshed(function).ladder == list(LADDER[1:])


def test_an_automatic_move_stays_on_the_ladder_and_one_by_hand_leaves_it(world: World) -> None:
    function = journey.validated(world)
    steps = [100, 500, 2500, 10_000]
    journey.done(shifting.start(function.pk, ladder=steps, actor="ann", reason="go"))
    journey.done(shifting.start(function.pk, to_bp=500, automatic=True, actor="watch", reason="on"))
    assert refreshed(function).ladder == [2500, 10_000]
    journey.done(shifting.start(function.pk, to_bp=1000, actor="ann", reason="slowly"))
    assert refreshed(function).ladder == []


@pytest.mark.parametrize("ladder", [[500, 100], [100, 100], [0, 100], [100, 10_001]])
def test_steps_that_make_no_sense_are_refused(world: World, ladder: list[int]) -> None:
    with pytest.raises(BadInput, match="Steps must grow"):
        shifting.start(journey.validated(world).pk, ladder=ladder, actor="ann", reason="go")


def test_a_plan_shows_the_calls_and_changes_nothing(world: World) -> None:
    function = journey.validated(world)
    seen, rows = len(world.effects), AuditEntry.objects.count()
    plan = shifting.plan(function, 100)
    assert [action.call for action in plan.actions][-2:] == ["lambda:UpdateAlias", "lambda:GetAlias"]
    assert (len(world.effects), AuditEntry.objects.count()) == (seen, rows)


def test_settings_that_change_publish_tap_and_relay_anew(world: World) -> None:
    function = journey.shifted(world)
    journey.done(rollback.request(function.pk, actor="ann", reason="back"))
    deployment.declare(function.pk, effects="repeatable", reason="it may fall back", actor="ann")
    FunctionMigration.objects.filter(pk=function.pk).update(phase="validated")
    keys = [action.key for action in shifting.plan(refreshed(function), 100).actions]
    assert "relay-write" in keys


def test_a_function_overrides_the_default_policy(world: World) -> None:
    function = journey.ready(world)
    function.policy = {"step_min_seconds": 5, "ladder": [1000, 10_000]}
    policy = policy_for(function)
    assert (policy.step.min_seconds, policy.ladder) == (5, (1000, 10_000))
    assert policy.analysis.alpha == 0.05


# --------------------------------------------------------------------------------- ways back, approval


def test_a_rollback_after_the_removal_began_is_refused_and_names_restore(world: World) -> None:
    function = journey.cut_over(world)
    journey.approved(function)
    with pytest.raises(IllegalTransition, match="Use restore"):
        rollback.request(function.pk, actor="ann", reason="back")


def test_a_restore_of_a_whole_function_is_refused(world: World) -> None:
    with pytest.raises(IllegalTransition):
        restoration.start(journey.validated(world).pk, actor="ann", reason="?")


def test_a_rollback_is_possible_while_a_removal_waits_for_its_approval(world: World) -> None:
    function = journey.cut_over(world)
    asked = decommission.start(function.pk, actor="ann", reason="the bill")
    assert asked.state == OperationState.BLOCKED
    assert refreshed(function).phase == "cut-over"
    journey.done(rollback.request(function.pk, actor="bob", reason="no"))
    assert Operation.objects.get(pk=asked.pk).state == OperationState.SUPERSEDED
    with pytest.raises(StaleState, match="superseded"):
        approvals.approve(asked.pk, actor="bob", reason="late")


def test_nobody_approves_what_they_asked_for(world: World) -> None:
    function = journey.cut_over(world)
    operation = decommission.start(function.pk, actor="ann", reason="the bill")
    with pytest.raises(GuardNotMet, match="somebody else must approve"):
        approvals.approve(operation.pk, actor="ann", reason="me")
    assert refreshed(function).phase == "cut-over"


def test_an_approval_dies_with_the_plan_it_was_given_to(world: World) -> None:
    function = journey.cut_over(world)
    operation = decommission.start(function.pk, actor="ann", reason="the bill")
    FunctionMigration.objects.filter(pk=function.pk).update(policy={"quiet_window_s": 77})
    with pytest.raises(GuardNotMet, match="The plan changed"):
        approvals.approve(operation.pk, actor="bob", reason="fine")


def test_the_approval_moves_the_phase_and_starts_the_removal(world: World) -> None:
    function = journey.cut_over(world)
    operation = journey.approved(function)
    assert refreshed(function).phase == "decommissioning"
    assert Operation.objects.get(pk=operation.pk).state == OperationState.PENDING


def test_an_automatic_rollback_reports_its_evidence_and_its_time(world: World) -> None:
    function = journey.shifted(world)
    evidence = {
        "observed_at": "2026-11-22T05:41:07+00:00",
        "sentence": "4 of the last 21 events on FC failed.",
        "observations": [3, 5, 8],
    }
    journey.done(rollback.request(function.pk, actor="watch", reason="it fails", evidence=evidence))
    report = refreshed(function).rollback_report
    assert report["automatic"] is True
    assert report["pairs"] == [3, 5, 8]
    assert report["sentence"] == "4 of the last 21 events on FC failed."
    assert report["seconds"] > 0


def test_the_audit_trail_of_a_whole_journey_is_whole(world: World) -> None:
    journey.decommissioned(world)
    assert audit.verify()[0]
    verbs = set(AuditEntry.objects.values_list("verb", flat=True))
    assert {"declare", "shift:asked", "shift:succeeded", "approve", "phase:decommission-done"} <= verbs


def test_a_native_function_is_deployed_without_the_adapter_also_after_a_new_assessment(world: World) -> None:
    function = assessed(world)
    assert function.target["adapter"] == "python"
    with pytest.raises(BadInput, match="one of auto, none"):
        deployment.choose_adapter(function.pk, adapter="node", reason="r", actor="ann")
    with pytest.raises(BadInput, match="Say why"):
        deployment.choose_adapter(function.pk, adapter="none", reason=" ", actor="ann")
    deployment.choose_adapter(function.pk, adapter="none", reason="it parses bytes itself", actor="ann")
    assessment.assess(function.pk, actor="ann")
    native = refreshed(function)
    assert native.target["adapter"] == "none"
    actions = {action.key: action for action in deployment.plan(native).actions}
    assert actions["candidate"].request["handler"] == native.facts["handler"]
    chosen = deployment.choose_adapter(function.pk, adapter="auto", reason="not so", actor="ann")
    assert chosen.target["adapter"] == "python"
    assert AuditEntry.objects.filter(verb="adapter").count() == 2


def test_the_adapter_is_told_the_names_of_twins(world: World) -> None:
    function = assessed(world)
    given: dict[str, Any] = {
        "name": "news",
        "kind": "topic",
        "primary": "arn:aws:sns:eu-central-1:1:news",
        "candidate": "cn",
    }
    with pytest.raises(BadInput, match="json or stream, not 'text'"):
        twins.add(function.pk, **given, state="disposable", actor="ann", settings={"format": "text"})
    twins.add(
        function.pk, **given, state="disposable", actor="ann", probed=False, settings={"format": "json"}
    )
    package = {action.key: action for action in deployment.plan(refreshed(function)).actions}["package"]
    assert package.request["adapter_settings"]["setting"]["topics"] == {"news": "cn"}


def test_what_lambda_bundled_is_offered_and_added_only_when_a_person_asks(world: World) -> None:
    function = assessed(world)
    with pytest.raises(BadInput, match="No finding says"):
        deployment.choose_bundled(function.pk, add=True, reason="r", actor="ann")
    title = "boto3 comes with Lambda's runtime and is not in it"
    function.findings = [{"rule": "bundled-by-lambda", "title": title, "severity": "warn"}]
    function.save(update_fields=["findings"])
    offered = deployment.plan(function)
    assert any("--bundle yes" in note for note in offered.notes)
    assert "bundled" not in {action.key: action for action in offered.actions}["package"].request
    deployment.choose_bundled(function.pk, add=True, reason="it sends messages", actor="ann")
    assessment.assess(function.pk, actor="ann")
    asked = refreshed(function)
    assert asked.target["bundled"] == ["boto3"]
    package = {action.key: action for action in deployment.plan(asked).actions}["package"]
    assert "adds boto3 1.44.5 from the lock (2202 files)" in package.changes
    assert [one["name"] for one in package.request["bundled"]] == ["boto3"]
    deployment.choose_bundled(function.pk, add=False, reason="it has its own now", actor="ann")
    assert refreshed(function).target["bundled"] == []
    assert AuditEntry.objects.filter(verb="adapter").count() == 2
