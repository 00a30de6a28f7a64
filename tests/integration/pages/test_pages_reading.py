"""Pages that show: what they say, what they cost in queries, and what they do when nothing is there."""

from __future__ import annotations

import copy
import uuid

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from cutover.phases import Phase
from migrations_app.models import FunctionMigration, Operation, Reevaluation, Rule
from migrations_app.selectors import function as functions
from migrations_app.selectors import pairs as pair_selector
from migrations_app.selectors.functions import FunctionFilter, page
from migrations_app.selectors.inbox import frame_counts, inbox
from migrations_app.selectors.portfolio import portfolio
from migrations_app.services import audit, people, rules
from tests import factories

pytestmark = pytest.mark.django_db


def test_the_list_takes_four_queries(
    operator: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(60):
        factories.function(f"batch-{number:02d}")
    page(FunctionFilter())
    with django_assert_max_num_queries(4):
        assert operator.get("/functions/").status_code == 200


def test_the_portfolio_takes_nine_queries(
    operator: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    factories.traffic(factories.shifting(), minutes=2)
    with django_assert_max_num_queries(9):
        assert operator.get("/").status_code == 200


def test_a_function_is_read_in_eight_queries_whatever_it_has(
    operator: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    made = factories.shifting()
    factories.traffic(made, minutes=4)
    for number in range(12):
        factories.pair(made, ago_s=number)
    factories.moved(made, 100, minutes_ago=3)
    with django_assert_num_queries(7):
        (found,) = functions.named(made.name)
        functions.state_of(found)


def test_a_pair_takes_five_queries(
    operator: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    made = factories.shifting()
    shown = factories.pair(made, ago_s=5)
    factories.pair(made, ago_s=9)
    factories.pair(made, ago_s=1)
    with django_assert_max_num_queries(5):
        assert pair_selector.pair(shown.pk) is not None


def test_an_empty_portfolio_says_what_to_do(operator: Client) -> None:
    assert "Connect an AWS account to read its inventory" in operator.get("/").content.decode()


def test_the_inbox_names_what_needs_a_person_gravest_first(db: None) -> None:
    back = factories.shifting("a-back", weight_bp=0)
    FunctionMigration.objects.filter(pk=back.pk).update(
        phase=Phase.ROLLED_BACK, rollback_report={"automatic": True, "sentence": "4 of 21 events failed."}
    )
    factories.shifting("b-drift", observed_weight_bp=100)
    factories.shifting("c-held", held_at=timezone.now(), held_by="ada", held_reason="Month end")
    factories.function("d-blocked", phase=Phase.ASSESSED, findings=[{"severity": "blocker", "rule": "x"}])
    failed = factories.moved(factories.shifting("e-failed"), 500, minutes_ago=1)
    Operation.objects.filter(pk=failed.pk).update(state="failed", error="AWS said no")
    factories.shifting("f-fine")
    kinds = [(item.kind, item.function.name) for item in inbox()]
    assert kinds == [
        ("rolled-back", "a-back"),
        ("drift", "b-drift"),
        ("failed", "e-failed"),
        ("blocked", "d-blocked"),
        ("held", "c-held"),
    ]
    assert frame_counts().inbox == len(portfolio().inbox) == 5


def test_a_failed_operation_leaves_the_inbox_once_another_followed(db: None) -> None:
    made = factories.shifting()
    failed = factories.moved(made, 500, minutes_ago=5)
    Operation.objects.filter(pk=failed.pk).update(state="failed")
    factories.moved(made, 500, minutes_ago=1)
    assert inbox() == ()


def test_pages_of_functions_follow_each_other_without_a_gap(db: None) -> None:
    for number in range(120):
        factories.function(f"batch-{number:03d}")
    seen: list[str] = []
    after = ""
    while True:
        found = page(FunctionFilter(after=after))
        seen += [row.name for row in found.rows]
        after = found.next_after
        if not after:
            break
    assert seen == sorted(seen)
    assert len(seen) == len(set(seen)) == found.total == 120


def test_filters_in_the_address_narrow_the_list(operator: Client) -> None:
    factories.shifting("orders-sync")
    factories.function("orders-import")
    body = operator.get("/functions/?q=orders&phase=shifting").content.decode()
    assert "orders-sync" in body
    assert "orders-import" not in body


def test_a_name_that_does_not_exist_gets_near_names(operator: Client) -> None:
    factories.function("checkout-webhook")
    answer = operator.get("/functions/checkout/")
    assert answer.status_code == 404
    body = answer.content.decode()
    assert "There is no function named “checkout”" in body
    assert "Near names: checkout-webhook" in body


def test_two_functions_of_one_name_are_offered_to_choose(operator: Client) -> None:
    factories.function("twin", connection=factories.connection("one"))
    factories.function("twin", connection=factories.connection("two"))
    answer = operator.get("/functions/twin/")
    assert answer.status_code == 300
    assert operator.get("/functions/two:twin/").status_code == 200


@pytest.mark.parametrize("phase", list(Phase))
def test_the_function_page_stands_in_every_phase(operator: Client, phase: Phase) -> None:
    factories.function("walker", phase=phase)
    assert operator.get("/functions/walker/").status_code == 200


@pytest.mark.parametrize(
    "tab", ["pairs", "rules", "findings", "timeline", "evidence", "traffic", "declare", "validate"]
)
def test_every_tab_stands_with_nothing_in_it(operator: Client, tab: str) -> None:
    factories.function("walker", phase=Phase.DEPLOYED)
    assert operator.get(f"/functions/walker/{tab}/").status_code == 200


@pytest.mark.parametrize("verb", ["deploy", "shift", "rollback", "decommission", "restore"])
@pytest.mark.parametrize("phase", [Phase.DISCOVERED, Phase.SHIFTING, Phase.CUT_OVER, Phase.DECOMMISSIONED])
def test_every_plan_page_stands_and_says_what_forbids_it(operator: Client, verb: str, phase: Phase) -> None:
    factories.function("walker", phase=phase)
    assert operator.get(f"/functions/walker/{verb}/").status_code == 200


def test_a_rollback_is_shown_with_the_events_that_prove_it(operator: Client) -> None:
    made = factories.shifting(weight_bp=0)
    made.rollback_report = {
        "automatic": True,
        "sentence": "9 of 220 answers differed in /items/0/price; the bound was 1%.",
        "at": timezone.now().isoformat(),
        "seconds": 0.41,
        "pairs": [1, 2, 3],
    }
    made.phase = Phase.ROLLED_BACK
    made.save()
    body = operator.get(f"/functions/{made.name}/").content.decode()
    assert "Rolled back by itself at" in body
    assert "9 of 220 answers differed in /items/0/price" in body
    assert "0.41 s" in body
    assert "Review 3 events" in body


def test_a_pair_shows_both_answers_and_names_the_difference(operator: Client) -> None:
    answer = copy.deepcopy(factories.ORDER)
    answer["items"][0]["price"] = "19.9"
    answer["id"] = str(uuid.uuid4())
    shown = factories.pair(factories.shifting(), answer=answer)
    body = operator.get(f"/pairs/{shown.pk}/").content.decode()
    assert "/items/0/price" in body
    assert "Counts against FC" in body
    assert shown.primary["request_id"] in body
    assert shown.candidate["request_id"] in body
    assert 'data-number="1"' in body


def test_payloads_are_text_and_never_markup(operator: Client) -> None:
    shown = factories.pair(factories.shifting(), answer={"x": "<script>alert(1)</script>\u202e"})
    body = operator.get(f"/pairs/{shown.pk}/").content.decode()
    assert "<script>alert" not in body
    assert "\u202e" not in body.replace("\\u202e", "")


def test_a_pair_that_is_gone_is_a_sentence(operator: Client) -> None:
    answer = operator.get(f"/pairs/{uuid.uuid4()}/")
    assert answer.status_code == 404
    assert "There is no such pair" in answer.content.decode()


def test_a_run_shows_progress_outcomes_and_places(operator: Client) -> None:
    made = factories.shifting()
    run = factories.run(made)
    factories.pair(made, run=run, position=0)
    factories.pair(made, run=run, position=1, answer={"message": "no"})
    body = operator.get(f"/runs/{run.pk}/").content.decode()
    assert "4 of 320 pairs are in" in body
    assert "Where answers differ" in body


def test_an_open_operation_refreshes_itself_without_scripts(operator: Client) -> None:
    operation = factories.rolling_back(factories.shifting())
    body = operator.get(f"/operations/{operation.pk}/").content.decode()
    assert 'http-equiv="refresh"' in body
    assert "lambda:UpdateAlias" in body


def test_the_audit_page_checks_the_chain_and_exports_no_formula(operator: Client, db: None) -> None:
    audit.record(actor="=cmd|' /C calc'!A0", verb="hold", reason="+1")
    body = operator.get("/audit/").content.decode()
    assert "follow from each other" in body
    written = operator.get("/audit.csv").content.decode()
    assert "'=cmd" in written
    assert ",'+1," in written


def test_records_and_settings_stand_when_empty(operator: Client) -> None:
    for path in (
        "/rules/",
        "/audit/",
        "/operations/",
        "/settings/connections/",
        "/settings/policies/",
        "/settings/people/",
    ):
        assert operator.get(path).status_code == 200


def test_pages_speak_chinese(operator: Client) -> None:
    factories.shifting()
    operator.post("/language/", {"language": "zh-hans", "next": "/"})
    body = operator.get("/").content.decode()
    assert 'lang="zh-hans"' in body
    assert "待人工处理" in body


def test_live_parts_come_alone_when_htmx_asks(operator: Client) -> None:
    made = factories.shifting()
    body = operator.get(f"/functions/{made.name}/", headers={"HX-Request": "true"}).content.decode()
    assert 'id="traffic" hx-swap-oob="true"' in body
    assert "<html" not in body


def test_roles_are_listed(operator: Client) -> None:
    people.ensure("zoe", "approver")
    body = operator.get("/settings/people/").content.decode()
    assert "zoe" in body
    assert "Approver" in body


def test_retired_rules_stay_visible(operator: Client) -> None:
    Rule.objects.create(
        name="ids", kind="ignore", pointer="/id", reason="r", author="a", retired_at=timezone.now()
    )
    assert "Retired" in operator.get("/rules/").content.decode()


def test_a_function_whose_rules_changed_says_that_pairs_are_compared_anew(viewer: Client) -> None:
    made = factories.shifting()
    factories.passing(made)
    rules.add(made.pk, name="totals", kind="ignore", pointer="/total", reason="known", actor="olga")
    body = viewer.get(f"/functions/{made.name}/").content.decode()
    assert "Stored pairs are being compared anew" in body
    assert "The evidence is stale" not in body
    Reevaluation.objects.update(due_at=None)
    assert "The evidence is stale" in viewer.get(f"/functions/{made.name}/").content.decode()
