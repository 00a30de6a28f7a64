"""Pages of rules: what is accepted, tried before it is saved, and shown before it goes."""

from __future__ import annotations

import pytest
from django.test import Client

from cutover.comparison import compare
from cutover.observation import Side
from migrations_app.models import AuditEntry, FunctionMigration, Pair, Reevaluation, Rule, Run
from migrations_app.services import evidence, reevaluation, rules, rules_trials
from tests import factories

pytestmark = pytest.mark.django_db

WRONG = factories.ORDER | {"total": "39.80"}
RULE = {"kind": "ignore", "pointer": "/total", "value": ""}


def body_of(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, answer.content[:400]
    return answer.content.decode()


def validated(name: str = "checkout-webhook", wrong: int = 12) -> tuple[FunctionMigration, Run]:
    """Give a function with a finished run in which so many of 20 pairs differ in /total."""
    made = factories.function(name)
    run = factories.run(made)
    for number in range(20):
        factories.pair(made, run=run, position=number, ago_s=number, answer=WRONG if number < wrong else None)
    Run.objects.filter(pk=run.pk).update(outcomes={"match": 20 - wrong, "mismatch": wrong})
    return made, run


def test_a_trial_tells_the_verdict_that_would_be(viewer: Client) -> None:
    made, _ = validated()
    body = viewer.post(f"/functions/{made.name}/rules/try/", RULE, headers={"HX-Request": "true"})
    said = body.content.decode()
    assert "It would change the outcome of 12 of the latest 20 pairs." in said
    assert "The verdict on 20 pairs:" in said
    verdict = said[said.index("The verdict on 20 pairs:") :]
    assert verdict.index("Fail") < verdict.index("Inconclusive")
    assert "279 more" in verdict
    assert not Rule.objects.exists()


def test_switching_a_rule_off_shows_what_counts_again_and_the_verdict_before_it_is_done(
    operator: Client, viewer: Client
) -> None:
    made, run = validated()
    row = rules.add(made.pk, name="totals", kind="ignore", pointer="/total", reason="a string", actor="olga")
    reevaluation.run_due()
    assert Pair.objects.filter(outcome="ignored").count() == 12
    shown = body_of(viewer, f"/rules/{row.pk}/")
    assert "12 of the latest 12 pairs that differ would have another outcome." in shown
    assert "What is ignored now and would count:" in shown
    assert "39.80" in shown
    verdict = shown[shown.index("The verdict on 20 pairs:") :]
    assert verdict.index("Inconclusive") < verdict.index("Fail")
    assert "Switch off</button>" not in shown
    assert viewer.post(f"/rules/{row.pk}/retire/").status_code == 403
    row.refresh_from_db()
    assert row.retired_at is None

    assert operator.post(f"/rules/{row.pk}/retire/", {"reason": "fixed"}).status_code == 303
    assert Reevaluation.objects.get().due_at is not None
    reevaluation.run_due()
    run.refresh_from_db()
    assert run.outcomes == {"match": 8, "mismatch": 12}
    assert operator.post(f"/rules/{row.pk}/retire/").status_code == 409
    assert "would be ignored" in body_of(viewer, f"/rules/{row.pk}/")

    assert operator.post(f"/rules/{row.pk}/restore/", {"reason": ""}).status_code == 422
    assert operator.post(f"/rules/{row.pk}/restore/", {"reason": "again"}).status_code == 303
    assert operator.post(f"/rules/{row.pk}/restore/", {"reason": "again"}).status_code == 409
    assert operator.post(f"/rules/{row.pk}/remove/").status_code == 303
    assert not Rule.objects.exists()
    assert viewer.get(f"/rules/{row.pk}/").status_code == 404
    assert operator.post(f"/rules/{row.pk}/remove/").status_code == 422
    assert AuditEntry.objects.get(verb="rule:removed").detail["pointer"] == "/total"
    verbs = AuditEntry.objects.filter(verb__startswith="rule:").order_by("id").values_list("verb", flat=True)
    assert list(verbs) == ["rule:added", "rule:retired", "rule:restored", "rule:removed"]


def test_a_verdict_that_takes_too_long_to_draw_rests_on_the_newest_pairs_and_says_so(
    viewer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules_trials, "JUDGED", 4)
    made, _ = validated()
    tried = rules_trials.preview(made, name="n", kind="ignore", pointer="/total")
    assert tried.verdict is not None
    assert (tried.verdict.judged, tried.verdict.whole, tried.verdict.pairs) == (4, False, 20)
    body = viewer.post(f"/functions/{made.name}/rules/try/", RULE, headers={"HX-Request": "true"})
    assert "Drawn from the newest 4 pairs that differ" in body.content.decode()


def test_a_rule_for_everywhere_shows_its_effect_for_each_function_that_was_validated(viewer: Client) -> None:
    validated("orders", wrong=2)
    validated("billing", wrong=0)
    factories.function("never-validated")
    row = rules.add(None, name="totals", kind="ignore", pointer="/total", reason="a string", actor="olga")
    reevaluation.run_due()
    shown = body_of(viewer, f"/rules/{row.pk}/")
    assert "2 of the latest 2 pairs that differ would have another outcome." in shown
    assert "There is no stored pair that it could change." in shown
    assert "never-validated" not in shown
    assert "everywhere" in body_of(viewer, "/rules/")


def test_a_name_that_another_rule_took_meanwhile_is_not_switched_on_again(operator: Client) -> None:
    made = factories.function()
    old = rules.add(made.pk, name="totals", kind="ignore", pointer="/total", reason="r", actor="olga")
    rules.retire(old.pk, actor="olga")
    rules.add(made.pk, name="totals", kind="ignore", pointer="/sum", reason="r", actor="olga")
    answer = operator.post(f"/rules/{old.pk}/restore/", {"reason": "again"})
    assert answer.status_code == 422
    assert "Another rule is named" in answer.content.decode()


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ({"kind": "ignore", "pointer": "/a~2b", "value": ""}, "tilde"),
        ({"kind": "ignore", "pointer": "body/id", "value": ""}, "is no place"),
        ({"kind": "mask", "pointer": "/total", "value": "(a+"}, "missing )"),
        ({"kind": "pattern", "pointer": "/total", "value": "(?=a)"}, "look-around"),
        ({"kind": "pattern", "pointer": "logs", "value": ""}, "needs a pattern"),
        ({"kind": "tolerance", "pointer": "/total", "value": "-1"}, "tolerance must be a number"),
        ({"kind": "shape", "pointer": "/id", "value": "guid"}, "a shape is one of"),
        ({"kind": "keyed", "pointer": "/items", "value": ""}, "name of the field"),
    ],
    ids=["escape", "pointer", "unclosed", "look-around", "no-pattern", "negative", "shape", "no-field"],
)
def test_what_cannot_be_used_is_refused_with_what_is_wrong_with_it(
    operator: Client, rule: dict[str, str], why: str
) -> None:
    made = factories.function()
    answer = operator.post(f"/functions/{made.name}/rules/add/", rule | {"name": "n", "reason": "r"})
    assert answer.status_code == 422
    assert why in answer.content.decode()


@pytest.mark.parametrize(
    ("rule", "answer"),
    [
        (("pattern", "/total", "^/to"), factories.ORDER | {"total": 41}),
        (("mask", "/status", "ed$"), factories.ORDER | {"status": "creat"}),
        (("shape", "/customer/name", "text"), factories.ORDER | {"customer": {"name": "Zoë"}}),
        (("tolerance", "/total", "0.5 or 1%"), factories.ORDER | {"total": 40.2}),
    ],
    ids=["pattern", "mask", "shape", "tolerance"],
)
def test_every_form_of_rule_can_be_made_in_the_form(
    operator: Client, rule: tuple[str, str, str], answer: dict[str, object]
) -> None:
    made = factories.function()
    if "customer" in answer and answer["customer"] != factories.ORDER["customer"]:
        answer = factories.ORDER | {"customer": factories.ORDER["customer"] | {"name": "Zoë"}}
    pair = factories.pair(made, answer=answer)
    kind, pointer, value = rule
    given = {"kind": kind, "pointer": pointer, "value": value, "name": "n", "reason": "r"}
    assert operator.post(f"/functions/{made.name}/rules/add/", given).status_code == 303
    reevaluation.run_due()
    pair.refresh_from_db()
    assert pair.outcome == "ignored"


@pytest.mark.parametrize("rule", [("unordered", ""), ("keyed", "sku")], ids=["unordered", "keyed"])
def test_rules_on_lists_can_be_made_in_the_form(operator: Client, rule: tuple[str, str]) -> None:
    made = factories.function()
    items = [{"sku": "A-1", "qty": 2}, {"sku": "B-2", "qty": 1}]
    left = factories.observation(Side.PRIMARY, {"items": items})
    right = factories.observation(Side.CANDIDATE, {"items": items[::-1]})
    pair = evidence.pair(
        Run(function=made),
        position=0,
        title="lists",
        event={},
        first_side=Side.PRIMARY,
        primary=left,
        candidate=right,
        compared=compare(left, right),
    )
    pair.run = None
    pair.save(force_insert=True)
    assert pair.counts
    kind, value = rule
    given = {"kind": kind, "pointer": "/items", "value": value, "name": "n", "reason": "r"}
    assert operator.post(f"/functions/{made.name}/rules/add/", given).status_code == 303
    reevaluation.run_due()
    pair.refresh_from_db()
    assert pair.outcome == "ignored"
    assert not pair.counts
