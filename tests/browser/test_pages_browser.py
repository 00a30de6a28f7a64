"""The four things people come for, in a real browser: also without scripts, by keyboard, and by axe."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from cutover.phases import Phase
from cutover.suites import read_entries
from migrations_app.models import FunctionMigration, NoiseField, Operation, PairNote, Suite
from migrations_app.services import bell, notes, shifting, suites_drafts
from tests import factories

Visit = Callable[..., Page]
VIOLATIONS = """axe.run().then(report => report.violations.map(
    one => [one.id, one.nodes[0].target.join(' '), one.nodes[0].failureSummary]))"""


def test_it_browses_from_the_portfolio_to_a_function(visit: Visit) -> None:
    factories.traffic(factories.shifting(), minutes=3)
    page = visit("viewer")
    page.get_by_role("link", name="checkout-webhook").first.click()
    expect(page.get_by_role("heading", name="checkout-webhook")).to_be_visible()
    expect(page.get_by_text("Desired and observed agree")).to_be_visible()
    expect(page.get_by_role("heading", name="Verdict")).to_be_visible()


def test_it_shows_the_plan_and_switches_by_click(visit: Visit) -> None:
    factories.shifting()
    page = visit()
    page.goto("/functions/checkout-webhook/")
    page.get_by_role("link", name="Move to 50%…").click()
    expect(page.get_by_text("lambda:UpdateAlias")).to_be_visible()
    page.get_by_label("Reason").fill("Step passed")
    page.get_by_role("button", name="Move to 50%").click()
    page.wait_for_url("**/operations/**")
    expect(page.get_by_text("Waits for a worker")).to_be_visible()
    assert Operation.objects.get().parameters["to_bp"] == 5000


def test_a_stale_click_says_so_in_place_and_keeps_what_was_typed(visit: Visit) -> None:
    made = factories.shifting()
    page = visit()
    page.goto("/functions/checkout-webhook/shift/?to=5000")
    page.get_by_label("Reason").fill("Typed with care")
    FunctionMigration.objects.filter(pk=made.pk).update(version=7)
    page.get_by_role("button", name="Move to 50%").click()
    expect(page.get_by_role("alert")).to_contain_text("Nothing was done")
    expect(page.get_by_label("Reason")).to_have_value("Typed with care")
    expect(page.get_by_text("You saw version 7")).to_be_visible()
    assert Operation.objects.count() == 0


def test_a_viewer_who_presses_an_operators_button_reads_why_not(visit: Visit) -> None:
    factories.shifting()
    page = visit("viewer")
    page.goto("/functions/checkout-webhook/")
    page.get_by_role("button", name="Roll back to 100% AWS").click(force=True)
    # Pressed before the script is up, the form answers with a page of its own.
    expect(page.locator("body")).to_contain_text("needs the role operator")
    assert Operation.objects.count() == 0


def test_rollback_is_one_click(visit: Visit) -> None:
    factories.shifting()
    page = visit()
    page.goto("/functions/checkout-webhook/")
    page.get_by_role("button", name="Roll back to 100% AWS").click()
    page.wait_for_url("**/operations/**")
    assert Operation.objects.get().kind == "rollback"


def test_rollback_works_by_keyboard_alone(visit: Visit) -> None:
    factories.shifting()
    page = visit()
    page.goto("/functions/checkout-webhook/")
    page.keyboard.press("Shift+R")
    expect(page.locator("#roll-back")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**/operations/**")
    assert Operation.objects.get().kind == "rollback"


def test_a_pair_is_walked_through_by_keys(visit: Visit) -> None:
    made = factories.shifting()
    answer = copy.deepcopy(factories.ORDER)
    answer["items"][0]["price"], answer["total"] = "19.9", 40
    newest = factories.pair(made, answer=answer, ago_s=1)
    older = factories.pair(made, ago_s=9)
    page = visit("viewer")
    page.goto(f"/pairs/{newest.pk}/")
    page.keyboard.press("n")
    expect(page.locator("#difference-place")).to_have_text("Difference 1 of 2")
    page.keyboard.press("n")
    expect(page.locator("#difference-place")).to_have_text("Difference 2 of 2")
    expect(page.locator("tr.cur")).to_have_count(1)
    page.keyboard.press("j")
    page.wait_for_url(f"**/pairs/{older.pk}/**")


def test_a_link_to_a_difference_opens_there_and_its_rule_is_tried_and_its_bug_noted(visit: Visit) -> None:
    made = factories.shifting()
    answer = copy.deepcopy(factories.ORDER)
    answer["items"][0]["price"], answer["total"] = "19.9", 40
    pair = factories.pair(made, answer=answer)
    page = visit()
    page.goto(f"/pairs/{pair.pk}/#d2")
    current = page.locator(".rail li.cur")
    expect(current).to_have_attribute("data-number", "2")
    page.keyboard.press("r")
    expect(current.get_by_role("combobox")).to_be_focused()
    current.get_by_role("button", name="Try on stored pairs").click()
    expect(current.get_by_text("of the latest 1 pairs")).to_be_visible()
    page.get_by_role("heading", name="Answer").click()
    page.keyboard.press("b")
    page.keyboard.type("A total is a number")
    page.keyboard.press("Enter")
    expect(page.locator(".rail").get_by_text("A total is a number")).to_be_visible()
    assert PairNote.objects.get().pointer == "/total"
    page.keyboard.press("2")
    expect(page.locator("#logs-title")).to_be_focused()
    page.set_viewport_size({"width": 390, "height": 844})
    mark = page.locator("tr.x a[data-act]").first
    mark.click()
    expect(page.locator(".rail li.cur summary").first).to_be_focused()
    anchor = mark.get_attribute("href") or ""
    page.goto(f"/pairs/{pair.pk}/{anchor}")
    expect(page.locator(".rail li.cur")).to_have_attribute("id", anchor[1:])


def test_a_change_shows_by_itself(visit: Visit) -> None:
    made = factories.shifting()
    page = visit("viewer")
    with page.expect_response("**/live/**"):
        page.goto("/functions/checkout-webhook/")
    page.wait_for_function("document.querySelector('#live-light span').textContent === 'Live'")
    shifting.hold(made.pk, actor="ada", reason="Month end")
    bell.tell(f"fn-{made.pk}")
    expect(page.get_by_text("On hold by ada")).to_be_visible()


def test_everything_works_without_scripts(visit: Visit) -> None:
    factories.shifting()
    page = visit(scripts=False)
    page.goto("/functions/checkout-webhook/shift/?to=5000")
    page.get_by_label("Reason").fill("No scripts here")
    page.get_by_role("button", name="Move to 50%").click()
    page.wait_for_url("**/operations/**")
    page.goto("/functions/checkout-webhook/")
    page.get_by_role("button", name="Roll back to 100% AWS").click()
    page.wait_for_url("**/operations/**")
    assert sorted(Operation.objects.values_list("kind", flat=True)) == ["rollback", "shift"]


def test_a_file_with_a_bad_line_is_looked_at_and_its_good_lines_run(visit: Visit) -> None:
    made = factories.function("walker", phase=Phase.DEPLOYED)
    page = visit()
    page.goto("/functions/walker/suites/")
    page.get_by_label("Events, as JSON or JSON Lines").fill(" ")
    page.get_by_role("button", name="Look at the events").click()
    expect(page.get_by_role("alert")).to_contain_text("There is nothing in it")
    page.get_by_label("Events, as JSON or JSON Lines").fill('{"name": "Ada"}\n{broken\n{"name": "Bob"}')
    page.get_by_role("button", name="Look at the events").click()
    page.wait_for_url("**/drafts/**")
    expect(page.get_by_text("line 2")).to_be_visible()
    assert not Suite.objects.exists()
    page.get_by_role("button", name="Import the 2 good ones").click()
    page.wait_for_url("**/suites/default/")
    page.get_by_role("checkbox").nth(1).check()
    page.get_by_label("Tags, for the ticked events or for all").fill("smoke")
    page.get_by_role("button", name="Add tags").click()
    expect(page.get_by_role("status").get_by_text("1 event is tagged anew.")).to_be_visible()
    page.get_by_role("link", name="Validate…").click()
    page.get_by_label("Only events with one of these tags").fill("smoke")
    page.get_by_role("button", name="Validate").click()
    page.wait_for_url("**/runs/**")
    assert made.runs.get().tags == ["smoke"]


@pytest.mark.parametrize(("theme", "language"), [("light", "en"), ("dark", "en"), ("light", "zh-hans")])
def test_axe_finds_nothing_on_the_main_pages(visit: Visit, axe: str, theme: str, language: str) -> None:
    made = factories.shifting()
    factories.traffic(made, minutes=3)
    factories.moved(made, 2500, minutes_ago=1)
    answer = copy.deepcopy(factories.ORDER)
    answer["total"] = 40
    run = factories.run(made)
    pair = factories.pair(made, answer=answer, run=run)
    effect = {
        "twin": "receipts",
        "kind": "object-written",
        "key": "a.pdf",
        "pointer": "effects/receipts/a.pdf",
    }
    pair.comparison["effect_rows"] = [effect | {"primary": "18 KB", "candidate": None, "standing": "counts"}]
    pair.save()
    notes.add(pair, text="The total is a number", actor="ada", part="answer", pointer="/total")
    NoiseField.objects.create(function=made, name="", itself=9)
    NoiseField.objects.create(function=made, name="answer /at", itself=4)
    made.findings, made.readiness = factories.assessed()
    made.save(update_fields=["findings", "readiness"])
    reading = read_entries(b'{"name": "Ada"}\n{broken')
    draft = suites_drafts.from_reading(made, reading, actor="ada", name="default")
    operation = factories.rolling_back(factories.shifting("other"))
    page = visit("approver", theme=theme, language=language)
    paths = [
        "/",
        "/functions/",
        "/functions/checkout-webhook/",
        "/functions/checkout-webhook/shift/?to=5000",
        "/functions/checkout-webhook/pairs/",
        "/functions/checkout-webhook/pairs/?by=field",
        "/functions/checkout-webhook/suites/default/",
        f"/functions/checkout-webhook/drafts/{draft.pk}/",
        "/functions/checkout-webhook/rules/",
        "/functions/checkout-webhook/findings/",
        "/functions/checkout-webhook/triggers/",
        "/functions/checkout-webhook/code/",
        f"/pairs/{pair.pk}/",
        f"/runs/{run.pk}/",
        f"/operations/{operation.pk}/",
        "/operations/",
        "/rules/",
        "/audit/",
        "/settings/connections/",
        "/settings/policies/",
    ]
    found = {}
    for path in paths:
        page.goto(path)
        page.evaluate(axe)
        report = page.evaluate(VIOLATIONS)
        if report:
            found[path] = report
    assert found == {}, json.dumps(found, indent=1)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/functions/",
        "/functions/checkout-webhook/",
        "/functions/checkout-webhook/findings/",
        "/functions/checkout-webhook/triggers/",
        "/functions/checkout-webhook/code/",
        "/settings/connections/",
    ],
)
def test_no_page_is_wider_than_a_phone(visit: Visit, path: str) -> None:
    made = factories.shifting()
    factories.traffic(made, minutes=3)
    made.findings, made.readiness = factories.assessed()
    made.save(update_fields=["findings", "readiness"])
    page = visit("viewer", width=360)
    page.goto(path)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
