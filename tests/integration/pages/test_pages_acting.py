"""Pages that act: what starts, what is refused, and that a refusal changes nothing."""

from __future__ import annotations

import json

import pytest
from django.test import Client
from django.utils import timezone

from cutover.phases import Phase
from migrations_app.models import AuditEntry, Connection, FunctionMigration, Operation, Policy, Rule
from tests import factories

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


def shift(client: Client, made: FunctionMigration, **changes: object) -> object:
    form = {"weight": "50", "reason": "Step passed", "version": made.version, "key": "k1"}
    return client.post(f"/functions/{made.name}/shift/", {**form, **changes})


def test_a_shift_shows_the_exact_calls_before_it_starts(operator: Client) -> None:
    made = factories.shifting()
    body = operator.get(f"/functions/{made.name}/shift/?to=5000").content.decode()
    assert "from 25% to 50%" in body
    assert "lambda:UpdateAlias" in body
    assert "live back to version 13, version 14 at 25%" in body
    assert Operation.objects.count() == 0


def test_a_shift_starts_once_however_often_it_is_sent(operator: Client) -> None:
    made = factories.shifting()
    first, second = shift(operator, made), shift(operator, made)
    assert first.status_code == second.status_code == 303  # type: ignore[attr-defined]
    operation = Operation.objects.get()
    assert first["Location"] == second["Location"] == f"/operations/{operation.pk}/"  # type: ignore[index]
    assert operation.parameters["to_bp"] == 5000


def test_a_stale_click_gets_409_keeps_the_reason_and_does_nothing(operator: Client) -> None:
    made = factories.shifting()
    FunctionMigration.objects.filter(pk=made.pk).update(version=made.version + 1)
    answer = shift(operator, made, reason="Typed with care")
    assert answer.status_code == 409  # type: ignore[attr-defined]
    body = answer.content.decode()  # type: ignore[attr-defined]
    assert "Nothing was done" in body
    assert "Typed with care" in body
    assert f'name="version" value="{made.version + 1}"' in body
    assert Operation.objects.count() == 0


def test_a_stale_click_by_htmx_gets_the_fresh_fragment(operator: Client) -> None:
    made = factories.shifting()
    FunctionMigration.objects.filter(pk=made.pk).update(version=made.version + 1)
    form = {"weight": "50", "reason": "r", "version": made.version}
    answer = operator.post(f"/functions/{made.name}/shift/", form, headers=HTMX)
    body = answer.content.decode()
    assert answer.status_code == 409
    assert body.lstrip().startswith('<div id="plan">')


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"weight": "101"}, "100"),
        ({"weight": "a lot"}, "number"),
        ({"weight": ""}, "from 0 to 100%"),
        ({"reason": ""}, "Reason"),
        ({"ladder": "5, 1"}, "Steps grow"),
        ({"ladder": "one"}, "Steps are percentages"),
    ],
)
def test_bad_input_is_422_with_a_sentence(operator: Client, changes: dict[str, str], said: str) -> None:
    answer = shift(operator, factories.shifting(), **changes)
    assert answer.status_code == 422  # type: ignore[attr-defined]
    assert said in answer.content.decode()  # type: ignore[attr-defined]
    assert Operation.objects.count() == 0


def test_a_shift_without_a_verdict_is_refused_with_the_way_to_clear_it(operator: Client) -> None:
    made = factories.function("walker", phase=Phase.VALIDATED)
    answer = shift(operator, made)
    assert answer.status_code == 409  # type: ignore[attr-defined]
    assert "There is no verdict yet" in answer.content.decode()  # type: ignore[attr-defined]


def test_a_second_operation_waits_for_the_first(operator: Client) -> None:
    made = factories.shifting()
    shift(operator, made)
    made.refresh_from_db()
    answer = shift(operator, made, key="k2")
    assert answer.status_code == 409  # type: ignore[attr-defined]
    assert "is running" in answer.content.decode()  # type: ignore[attr-defined]


def test_one_click_rolls_back_even_over_a_running_shift(operator: Client) -> None:
    made = factories.shifting()
    shift(operator, made)
    answer = operator.post(f"/functions/{made.name}/roll-back/", {})
    operation = Operation.objects.get(kind="rollback")
    assert (answer.status_code, answer["Location"]) == (303, f"/operations/{operation.pk}/")
    assert operation.reason == "From the page"
    assert Operation.objects.get(kind="shift").state == "superseded"


def test_rollback_is_never_refused_as_stale(operator: Client) -> None:
    made = factories.shifting()
    FunctionMigration.objects.filter(pk=made.pk).update(version=99)
    answer = operator.post(f"/functions/{made.name}/rollback/", {"reason": "Now", "version": 1})
    assert answer.status_code == 303


def test_htmx_is_sent_on_by_a_client_redirect(operator: Client) -> None:
    made = factories.shifting()
    answer = operator.post(f"/functions/{made.name}/roll-back/", {}, headers=HTMX)
    assert answer["HX-Redirect"].startswith("/operations/")


def test_hold_and_resume_are_one_click_each(operator: Client) -> None:
    made = factories.shifting()
    operator.post(f"/functions/{made.name}/hold/", {"reason": "Month end"})
    made.refresh_from_db()
    assert (made.held, made.held_reason) == (True, "Month end")
    assert "On hold by operator" in operator.get(f"/functions/{made.name}/").content.decode()
    operator.post(f"/functions/{made.name}/resume/", {})
    made.refresh_from_db()
    assert not made.held


def test_assess_shows_the_findings_at_once(operator: Client) -> None:
    made = factories.function("walker")
    answer = operator.post("/functions/walker/assess/", follow=True)
    assert answer.status_code == 200
    made.refresh_from_db()
    assert made.phase == Phase.ASSESSED


def test_side_effects_are_declared_with_a_reason(operator: Client) -> None:
    made = factories.function("walker", phase=Phase.ASSESSED, effects="unknown", effects_by="")
    bad = operator.post("/functions/walker/declare/", {"effects": "read-only", "reason": ""})
    assert bad.status_code == 422
    form = {"effects": "read-only", "reason": "It only reads", "version": made.version}
    assert operator.post("/functions/walker/declare/", form).status_code == 303
    made.refresh_from_db()
    assert (made.effects, made.effects_by) == ("read-only", "operator")


def test_a_validation_starts_and_can_be_cancelled(operator: Client) -> None:
    made = factories.function("walker", phase=Phase.DEPLOYED)
    factories.suite(made)
    answer = operator.post("/functions/walker/validate/", {"pairs": "20", "key": "v"})
    run = made.runs.get()
    assert answer["Location"] == f"/runs/{run.pk}/"
    operator.post(f"/runs/{run.pk}/cancel/")
    run.refresh_from_db()
    assert run.state == "cancelled"


def test_a_decommission_needs_the_name_and_a_second_person(operator: Client, approver: Client) -> None:
    made = factories.function(
        "walker", phase=Phase.CUT_OVER, desired_weight_bp=10_000, observed_weight_bp=10_000
    )
    form = {"reason": "Done", "version": made.version, "confirm": "wrong"}
    assert operator.post("/functions/walker/decommission/", form).status_code == 422
    operator.post("/functions/walker/decommission/", {**form, "confirm": "walker"})
    operation = Operation.objects.get()
    assert operation.state == "blocked"
    assert approver.post(f"/operations/{operation.pk}/approve/", {"reason": "Yes"}).status_code == 303
    operation.refresh_from_db()
    assert operation.state == "pending"


def test_nobody_approves_what_they_asked_for(approver: Client) -> None:
    made = factories.function(
        "walker", phase=Phase.CUT_OVER, desired_weight_bp=10_000, observed_weight_bp=10_000
    )
    form = {"reason": "Done", "version": made.version, "confirm": "walker"}
    approver.post("/functions/walker/decommission/", form)
    operation = Operation.objects.get()
    answer = approver.post(f"/operations/{operation.pk}/approve/", {"reason": "Yes"})
    assert answer.status_code == 409
    operation.refresh_from_db()
    assert operation.state == "blocked"


def test_a_difference_becomes_a_rule_and_can_be_retired(operator: Client) -> None:
    pair = factories.pair(factories.shifting(), answer={"message": "no"})
    form = {"name": "total", "kind": "ignore", "pointer": "/total", "reason": "Rounded on FC"}
    assert operator.post(f"/pairs/{pair.pk}/accept/", form).status_code == 303
    rule = Rule.objects.get()
    assert (rule.function_id, rule.author) == (pair.function_id, "operator")
    operator.post(f"/rules/{rule.pk}/retire/")
    rule.refresh_from_db()
    assert rule.retired_at is not None


def test_a_connection_is_added_and_checked(operator: Client) -> None:
    form = {
        "name": "aws-new",
        "cloud": "aws",
        "region": "us-east-1",
        "account_id": "1",
        "authentication": "environment",
    }
    assert operator.post("/settings/connections/", form).status_code == 303
    assert Connection.objects.get().check_due_at is not None
    bad = operator.post("/settings/connections/", {**form, "name": "x", "region": "nowhere"})
    assert bad.status_code == 422
    assert "is not a region" in bad.content.decode()


def test_only_an_approver_changes_the_policy_and_the_trail_keeps_it(
    operator: Client, approver: Client
) -> None:
    row = Policy.objects.create(ladder=[100, 10_000])
    form = {
        field.name: getattr(row, field.name)
        for field in Policy._meta.fields
        if field.name not in ("id", "ladder")
    }
    form |= {"step_min_seconds": 5, "reason": "Demo"}
    assert operator.post("/settings/policies/save/", form).status_code == 403
    assert approver.post("/settings/policies/save/", form).status_code == 303
    row.refresh_from_db()
    assert row.step_min_seconds == 5
    assert AuditEntry.objects.get(verb="policy:changed").detail["step_min_seconds"] == [60, 5]


def test_the_api_needs_a_token_and_says_what_it_offers(client: Client) -> None:
    assert client.get("/api/v1/functions").status_code == 401
    paths = client.get("/api/v1/openapi.json").json()["paths"]
    verbs = {
        "assess",
        "declare",
        "deploy",
        "validate",
        "shift",
        "hold",
        "resume",
        "rollback",
        "decommission",
        "restore",
    }
    assert {f"/api/v1/functions/{{address}}/{verb}" for verb in verbs} <= set(paths)


def test_the_api_acts_with_the_role_of_the_tokens_owner(client: Client) -> None:
    made = factories.shifting()
    viewer = {"Authorization": f"Bearer {factories.token('viewer')}"}
    operator = {"Authorization": f"Bearer {factories.token('operator')}"}
    body = json.dumps({"reason": "From CI"})
    path = f"/api/v1/functions/{made.name}/rollback"
    refused = client.post(path, body, content_type="application/json", headers=viewer)
    assert (refused.status_code, "role operator" in refused.json()["error"]) == (403, True)
    started = client.post(path, body, content_type="application/json", headers=operator)
    assert (started.status_code, started.json()["kind"]) == (202, "rollback")
    detail = client.get(f"/api/v1/operations/{started.json()['id']}", headers=operator).json()
    assert detail["actions"][0]["call"] == "lambda:UpdateAlias"


def test_the_api_lists_a_guards_reasons(client: Client) -> None:
    factories.function("walker", phase=Phase.VALIDATED)
    operator = {"Authorization": f"Bearer {factories.token('operator')}"}
    body = json.dumps({"reason": "From CI", "to_bp": 100})
    answer = client.post(
        "/api/v1/functions/walker/shift", body, content_type="application/json", headers=operator
    )
    assert answer.status_code == 409
    assert any("no verdict yet" in reason for reason in answer.json()["reasons"])
    assert client.get("/api/v1/functions/nope", headers=operator).status_code == 404


def test_the_api_refuses_a_body_that_is_not_json_or_does_not_fit_with_a_sentence(client: Client) -> None:
    factories.function("walker", phase=Phase.VALIDATED)
    token = factories.token("operator")
    operator = {"authorization": f"Bearer {token}"}
    path = "/api/v1/functions/walker/shift"
    torn = client.post(path, "{to: 5", content_type="application/json", headers=operator)
    assert torn.status_code == 400
    assert torn.json()["error"].startswith("The body is not JSON. Nothing was done.")
    unfit = client.post(path, {"to_bp": "half"}, content_type="application/json", headers=operator)
    assert unfit.status_code == 422
    assert unfit.json()["error"] == "The request does not fit. Nothing was done."
    assert any(reason.startswith("to_bp: ") for reason in unfit.json()["reasons"])
    assert "half" not in unfit.content.decode()
    assert client.get("/api/v1/functions").json() == {"error": "Unauthorized", "reasons": []}
    assert Operation.objects.count() == 0


def test_times_are_told_in_utc(operator: Client) -> None:
    made = factories.shifting(weight_read_at=timezone.now())
    assert "s ago" in operator.get(f"/functions/{made.name}/").content.decode()
