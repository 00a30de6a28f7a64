"""Plans: their shape, their digest, and references between actions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutover.assessment import target_for
from cutover.errors import UnsafePlan
from cutover.planning import (
    ALIAS,
    FULL_BP,
    ActionKind,
    Cloud,
    OperationKind,
    Plan,
    PlannedAction,
    Routing,
    ShiftSettings,
    Undo,
    describe,
    plan_decommission,
    plan_deploy,
    plan_restore,
    plan_rollback,
    plan_shift,
    resolve,
)
from tests.unit.cutover.factories import function

ORIGINAL = Routing(original_version="3")
READY = Routing(original_version="3", tap_version="5", relay_version="4")
SETTINGS = ShiftSettings(
    queue_name="cutover-observations",
    secret_name="cutover/greet",
    fc_url="https://1432.cn-hangzhou.fc.aliyuncs.com",
    fc_region="cn-hangzhou",
    fc_account_id="1432",
    role_arn="arn:aws:iam::123456789012:role/greet",
    runtime="nodejs20.x",
    handler="index.handler",
    layers=(),
    timeout_s=10,
    repeatable=False,
    callers_window_s=60,
)


def shift(
    routing: Routing = READY, *, from_bp: int = 0, to_bp: int = 500, alias_exists: bool = False
) -> Plan:
    return plan_shift(
        function="greet",
        target="greet",
        routing=routing,
        settings=SETTINGS,
        from_bp=from_bp,
        to_bp=to_bp,
        original_alias_exists=alias_exists,
        marker="m1",
    )


def deploy(*, smoke: bool = True, adapter: str = "none") -> Plan:
    target = target_for(function(), bucket="packages", log_project="cutover", log_store="fc")
    target = replace(target, adapter=adapter)
    return plan_deploy(
        function="greet",
        code_sha256="aGFzaA==",
        original_version="3",
        target=target,
        smoke=smoke,
        marker="m1",
        adapter_settings={"handler": "index.handler"},
    )


def decommission(reserved: int | None = None) -> Plan:
    return plan_decommission(
        function="greet",
        routing=READY,
        bucket="archive",
        key="greet/1",
        reserved=reserved,
        quiet_s=60,
        soak_s=30,
    )


def restore(*, deleted: bool, archive: dict[str, Any] | None = None) -> Plan:
    return plan_restore(
        function="greet",
        archive=archive,
        reserved=7,
        deleted=deleted,
        original_version="3",
        marker="m2",
    )


PLANS = {
    "deploy": deploy(),
    "first shift": shift(ORIGINAL),
    "later shift": shift(from_bp=500, to_bp=FULL_BP),
    "rollback": plan_rollback(function="greet", routing=READY, restore_latest=True),
    "decommission": decommission(),
    "restore": restore(deleted=True, archive={"bucket": "archive"}),
}


def keys(plan: Plan) -> list[str]:
    return [action.key for action in plan.actions]


def references(value: Any) -> list[str]:
    """Every ``@key.field`` in a request, keys of mappings included."""
    if isinstance(value, str):
        return [value] if value.startswith("@") else []
    if isinstance(value, dict):
        return [found for pair in value.items() for item in pair for found in references(item)]
    if isinstance(value, list | tuple):
        return [found for item in value for found in references(item)]
    return []


# ------------------------------------------------------------------------------------------- any plan


@pytest.mark.parametrize("name", PLANS)
def test_keys_are_unique_and_requests_are_json(name: str) -> None:
    plan = PLANS[name]
    assert len(set(keys(plan))) == len(plan.actions)
    assert orjson.loads(orjson.dumps(describe(plan.actions)))


@pytest.mark.parametrize("name", PLANS)
def test_an_action_refers_to_earlier_ones_only_and_its_undo_to_itself_at_most(name: str) -> None:
    before: set[str] = set()
    for action in PLANS[name].actions:
        named = {reference[1:].partition(".")[0] for reference in references(dict(action.request))}
        assert named <= before
        before.add(action.key)
        if action.undo:
            undone = {reference[1:].partition(".")[0] for reference in references(dict(action.undo.request))}
            assert undone <= before


@pytest.mark.parametrize("name", PLANS)
def test_the_digest_changes_with_any_action(name: str) -> None:
    plan = PLANS[name]
    digests = {plan.digest}
    for place, action in enumerate(plan.actions):
        for changed in (
            replace(action, key=action.key + "x"),
            replace(action, request={**action.request, "more": 1}),
            replace(action, kind=next(kind for kind in ActionKind if kind is not action.kind)),
            replace(action, undo=Undo(kind=ActionKind.SMOKE, request={"function": "other"})),
        ):
            actions = (*plan.actions[:place], changed, *plan.actions[place + 1 :])
            digests.add(replace(plan, actions=actions).digest)
        digests.add(replace(plan, actions=(*plan.actions[:place], *plan.actions[place + 1 :])).digest)
    assert len(digests) == 1 + 5 * len(plan.actions)


def test_the_digest_names_function_and_kind_and_is_the_same_for_the_same_plan() -> None:
    plan = deploy()
    assert plan.digest == deploy().digest
    assert replace(plan, function="other").digest != plan.digest
    assert replace(plan, kind=OperationKind.DRILL).digest != plan.digest


def test_no_plan_carries_an_environment_value_or_a_secret() -> None:
    for plan in PLANS.values():
        for action in plan.actions:
            assert "environment" not in action.request
            assert "Environment" not in action.request.get("changes", {})


# ---------------------------------------------------------------------------------------------- resolve


def test_it_puts_in_what_earlier_actions_left_behind() -> None:
    request = {"version": "@v.version", "weights": {"@v.version": 500}, "list": ["@l.arn", 1], "all": "@v"}
    outcomes = {"v": {"version": "7"}, "l": {"arn": "arn:x"}}
    assert resolve(request, outcomes) == {
        "version": "7",
        "weights": {"7": 500},
        "list": ["arn:x", 1],
        "all": {"version": "7"},
    }


@pytest.mark.parametrize("reference", ["@none", "@none.version", "@v.none"])
def test_it_refuses_a_reference_to_nothing(reference: str) -> None:
    with pytest.raises(UnsafePlan, match=reference):
        resolve({"version": reference}, {"v": {"version": "7"}})


PLAIN = st.recursive(
    st.none() | st.integers() | st.text().filter(lambda text: not text.startswith("@")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(alphabet="abc"), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.text(alphabet="abc"), PLAIN))
def test_it_leaves_everything_else_as_it_is(request: dict[str, Any]) -> None:
    assert resolve(request, {}) == request


# -------------------------------------------------------------------------------------- single operations


def test_a_deploy_changes_nothing_on_aws_and_smokes_last() -> None:
    plan = deploy()
    assert {action.cloud for action in plan.actions} == {Cloud.ALIBABA}
    assert plan.actions[-1].kind is ActionKind.SMOKE


def test_a_deploy_without_a_declaration_waits_with_the_smoke_test_and_says_so() -> None:
    plan = deploy(smoke=False)
    assert ActionKind.SMOKE not in {action.kind for action in plan.actions}
    assert any("smoke test waits" in note for note in plan.notes)


def test_the_first_shift_publishes_in_the_order_that_keeps_callers_safe() -> None:
    order = keys(shift(ORIGINAL))
    assert order[0] == "callers"
    for earlier, later in (
        ("callers", "relay-write"),
        ("original-alias", "relay-write"),
        ("settings-layer", "relay-write"),
        ("relay-write", "relay-version"),
        ("relay-version", "tap-write"),
        ("tap-version", "latest-restore"),
        ("latest-restore", "route"),
        ("relay-probe", "route"),
        ("tap-probe", "route"),
    ):
        assert order.index(earlier) < order.index(later)
    assert order[-2:] == ["route", "verify"]


def test_every_write_to_latest_can_be_undone_by_a_restore() -> None:
    for action in shift(ORIGINAL).actions:
        if action.kind is ActionKind.LATEST_WRITE:
            assert action.undo is not None
            assert action.undo.kind is ActionKind.LATEST_RESTORE
            assert "Environment" not in action.request["changes"]
            assert "Role" not in action.request["changes"]


def test_a_later_shift_is_one_call_and_its_check() -> None:
    assert keys(shift()) == ["route", "verify"]


def test_an_alias_that_exists_is_not_created_again() -> None:
    assert "original-alias" not in keys(shift(ORIGINAL, alias_exists=True))


def test_at_full_weight_the_alias_points_at_the_relay_alone() -> None:
    route = shift(from_bp=5000, to_bp=FULL_BP).actions[0]
    assert (route.request["version"], route.request["weights"]) == ("4", {})
    assert route.undo is not None
    assert (route.undo.request["version"], route.undo.request["weights"]) == ("5", {"4": 5000})


@given(st.integers(0, FULL_BP), st.integers(0, FULL_BP))
def test_a_shift_gives_the_weight_asked_for_and_its_undo_the_one_before(from_bp: int, to_bp: int) -> None:
    route = shift(from_bp=from_bp, to_bp=to_bp).actions[-2]
    assert route.undo is not None
    for request, weight_bp in ((route.request, to_bp), (route.undo.request, from_bp)):
        share = FULL_BP if request["version"] == "4" else request["weights"].get("4", 0)
        assert share == weight_bp
        assert request["version"] not in request["weights"]


@pytest.mark.parametrize("to_bp", [-1, FULL_BP + 1])
def test_it_refuses_a_weight_that_does_not_exist(to_bp: int) -> None:
    with pytest.raises(UnsafePlan, match="between 0% and 100%"):
        shift(to_bp=to_bp)


def test_a_rollback_is_one_unconditional_call_to_the_original_first() -> None:
    plan = plan_rollback(function="greet", routing=READY, restore_latest=False)
    assert [action.kind for action in plan.actions] == [ActionKind.ROUTE_BACK, ActionKind.VERIFY_ROUTE]
    assert plan.actions[0].request == {"function": "greet", "alias": ALIAS, "version": "3", "weights": {}}
    assert "revision_id" not in plan.actions[0].request


def test_a_rollback_during_publishing_restores_latest_after_the_traffic() -> None:
    plan = plan_rollback(function="greet", routing=READY, restore_latest=True)
    assert keys(plan) == ["route-back", "verify", "latest-restore"]


def test_a_decommission_archives_and_proves_before_it_deletes() -> None:
    plan = decommission(reserved=7)
    assert keys(plan) == ["quiet", "archive", "archive-verify", "tripwire", "soak", "delete"]
    assert [action.key for action in plan.actions if not action.reversible] == ["delete"]
    undo = plan.actions[3].undo
    assert undo is not None
    assert undo.request["reserved"] == 7


def test_a_restore_from_an_early_rung_only_frees_and_routes() -> None:
    assert keys(restore(deleted=False)) == ["concurrency", "route-back", "verify"]


def test_a_restore_after_deletion_recreates_from_the_archive_and_routes_to_the_new_version() -> None:
    plan = restore(deleted=True, archive={"bucket": "archive"})
    assert keys(plan) == [
        "recreate",
        "recreate-version",
        "recreate-alias",
        "policy",
        "concurrency",
        "route-back",
        "verify",
    ]
    routed = next(action for action in plan.actions if action.key == "route-back")
    assert routed.request["version"] == "@recreate-version.version"


def test_a_restore_after_deletion_without_an_archive_is_refused() -> None:
    with pytest.raises(UnsafePlan, match="no archive"):
        restore(deleted=True)


def test_an_action_is_described_with_its_undo() -> None:
    action = PlannedAction(
        key="k",
        kind=ActionKind.ROUTE,
        cloud=Cloud.AWS,
        call="lambda:UpdateAlias",
        request={"a": 1},
        changes="c",
        undo=Undo(kind=ActionKind.ROUTE_BACK, request={"b": 2}),
    )
    assert describe([action])[0]["undo"] == {"kind": "aws.alias.route-back", "request": {"b": 2}}


def test_both_plans_name_what_a_restore_after_the_deletion_does_not_bring_back() -> None:
    removal = plan_decommission(
        function="greet",
        routing=Routing(original_version="3"),
        bucket="b",
        key="k",
        reserved=None,
        quiet_s=1,
        soak_s=1,
    )
    back = {
        deleted: plan_restore(
            function="greet",
            archive={"bucket": "b"},
            reserved=None,
            deleted=deleted,
            original_version="3",
            marker="m",
        )
        for deleted in (True, False)
    }
    assert any("function URL" in note for note in removal.notes)
    assert any("function URL" in note for note in back[True].notes)
    assert back[False].notes == ()


def test_a_deploy_says_what_the_adapter_adds_and_who_calls_the_handler() -> None:
    adapted = {action.key: action for action in deploy(adapter="node").actions}
    native = {action.key: action for action in deploy().actions}
    assert "9 files added, none changed; handler cutover-adapter.handler" in adapted["package"].changes
    assert adapted["candidate"].request["handler"] == "cutover-adapter.handler"
    assert adapted["package"].request["adapter_settings"] == {"handler": "index.handler"}
    assert native["candidate"].request["handler"] == function().handler
    assert "adapter" not in native["package"].request
    assert native["package"].request["object"] != adapted["package"].request["object"]
