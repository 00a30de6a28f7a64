"""Pages of comparison: lists of pairs, a pair, a validation, rules that are tried, noise."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from cutover.comparison import compare
from cutover.observation import Side
from dashboard import sides
from migrations_app.models import AuditEntry, Effects, Pair, PairNote, Reevaluation, Rule, Run
from migrations_app.selectors import pair_lists, pairs
from migrations_app.selectors.pair_lists import Cursor, PairFilter
from migrations_app.services import evidence, reevaluation, results
from tests import factories

pytestmark = pytest.mark.django_db

WRONG = factories.ORDER | {"total": "39.80"}
HTMX = {"HX-Request": "true"}


def body_of(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, answer.content[:400]
    return answer.content.decode()


# ---------------------------------------------------------------------------------- lists of pairs


def titles(found: pair_lists.PairPage) -> list[str]:
    return [row.title for row in found.rows]


def test_pages_of_pairs_follow_each_other_without_a_gap_even_within_one_moment() -> None:
    made = factories.function()
    moment = timezone.now()
    for number in range(120):
        factories.pair(made, at=moment - dt.timedelta(seconds=number // 40), title=f"{number}")
    seen: list[str] = []
    after: Cursor | None = None
    while True:
        found = pair_lists.page(made, PairFilter(after=after))
        seen += titles(found)
        if found.after is None:
            break
        after = Cursor.read(str(found.after))
    assert len(seen) == len(set(seen)) == 120


def test_every_filter_narrows_the_list() -> None:
    made = factories.function()
    run = factories.run(made)
    factories.pair(made, title="equal", run=run, position=1)
    wrong = factories.pair(made, answer=WRONG, title="wrong")
    factories.pair(made, answer=factories.ORDER | {"status": "new"}, title="status", ago_s=7200)
    cold = factories.pair(made, title="cold")
    Pair.objects.filter(pk=cold.pk).update(candidate=cold.candidate | {"cold": True})
    expected: list[tuple[PairFilter, set[str]]] = [
        (PairFilter(group="counts"), {"wrong", "status"}),
        (PairFilter(outcome="mismatch"), {"wrong", "status"}),
        (PairFilter(outcome="match"), {"equal", "cold"}),
        (PairFilter(blame=wrong.blame, hours=1), {"wrong"}),
        (PairFilter(pointer="/total"), {"wrong"}),
        (PairFilter(pointer="/*"), {"wrong", "status"}),
        (PairFilter(text="STATUS"), {"status"}),
        (PairFilter(cold="cold"), {"cold"}),
        (PairFilter(cold="warm", group="equal"), {"equal"}),
        (PairFilter(hours=1), {"equal", "wrong", "cold"}),
        (PairFilter(run=run.pk), {"equal"}),
        (PairFilter(pointer="/(total|status)"), set()),
    ]
    for asked, names in expected:
        assert set(titles(pair_lists.page(made, asked))) == names, asked


def test_a_search_looks_at_so_many_pairs_at_once_and_leaves_none_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pair_lists, "REACH", 5)
    made = factories.function()
    for number in range(14):
        factories.pair(made, title="needle" if number in (3, 12) else "hay", ago_s=number)
    seen: list[str] = []
    asked = PairFilter(text="needle")
    first = pair_lists.page(made, asked)
    assert (titles(first), first.early) == (["needle"], True)
    after = first.after
    while after:
        found = pair_lists.page(made, PairFilter(text="needle", after=after))
        seen += titles(found)
        after = found.after
    assert seen == ["needle"]


def test_pairs_are_gathered_by_the_field_in_which_they_differ() -> None:
    made = factories.function()
    many: dict[str, Any] = {"items": [{"price": number} for number in range(4)]}
    for number in range(4):
        other = {"items": [dict(item) for item in many["items"]]}
        other["items"][number]["price"] = "x"
        factories.pair(made, answer=other, ago_s=number, first_pointer=f"/items/{number}/price")
    factories.pair(made, answer=WRONG, ago_s=9)
    factories.pair(made, ago_s=10)
    first, second = pair_lists.fields(made.pk)
    assert (first.pointer, first.pairs, first.outcome) == ("/items/*/price", 4, "mismatch")
    assert first.example == Pair.objects.order_by("-at")[0].pk
    assert (second.pointer, second.pairs) == ("/total", 1)
    assert "/total" in second.sentence


def test_the_list_of_pairs_takes_a_fixed_number_of_queries(
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    made = factories.function()
    for number in range(60):
        factories.pair(made, ago_s=number, answer=WRONG if number % 3 else None)
    for asked in (PairFilter(), PairFilter(group="counts"), PairFilter(text="orders", cold="warm", hours=2)):
        with django_assert_max_num_queries(4):
            pair_lists.page(made, asked)
    with django_assert_max_num_queries(2):
        pair_lists.fields(made.pk)


def test_what_differs_is_found_by_an_index_and_not_by_reading_all() -> None:
    made = factories.function()
    factories.pair(made, answer=WRONG)
    rows = pair_lists._narrowed(
        pair_lists._scope(made.pk, PairFilter(outcome="mismatch")), PairFilter(outcome="mismatch")
    )
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
    plan = rows.order_by("-at").defer("event").explain()
    assert "function_id_at_outcome" in plan or "pair_differs" in plan or "pair_counts" in plan, plan


def test_the_list_shows_filters_chips_and_a_link_to_the_next_page(operator: Client) -> None:
    made = factories.function()
    results.roll_up([factories.pair(made, ago_s=number) for number in range(55)])
    body = body_of(operator, f"/functions/{made.name}/pairs/?hours=24&q=POST")
    assert re.search(r'href="[^"]*after=[^"]+"', body)
    assert 'value="POST"' in body
    assert "<b>55</b>" in body
    nonsense = body_of(
        operator, f"/functions/{made.name}/pairs/?hours=x&after=~~&run=1&outcome=%00&pointer=%00&q=%00&cold=2"
    )
    assert "Compare" in nonsense


def test_the_pairs_of_a_validation_are_a_list_of_their_own(operator: Client) -> None:
    made = factories.function()
    run = factories.run(made)
    factories.pair(made, run=run, title="of the run", position=1)
    factories.pair(made, title="another")
    body = body_of(operator, f"/functions/{made.name}/pairs/?run={run.pk}")
    assert "of the run" in body
    assert "another" not in body
    gathered = body_of(operator, f"/functions/{made.name}/pairs/?run={run.pk}&by=field")
    assert "Where answers differ" in gathered


# ------------------------------------------------------------------------------------------- a pair


def test_scripts_in_payloads_logs_effects_and_notes_stay_text(operator: Client) -> None:
    evil = "</script><script>alert(1)</script>"
    made = factories.function()
    pair = factories.pair(made, answer={"x": evil}, title=evil[:120], event={evil: evil})
    pair.comparison["effect_rows"] = [
        {
            "twin": evil,
            "kind": "object-written",
            "key": evil,
            "primary": evil,
            "candidate": None,
            "standing": "counts",
            "pointer": "effects/x/y",
        }
    ]
    pair.comparison["log_rows"] = [
        {"primary": evil, "candidate": None, "level": "ERROR", "standing": "counts"}
    ]
    pair.save()
    operator.post(f"/pairs/{pair.pk}/note/", {"text": evil, "part": "answer", "pointer": "/x"})
    answer = operator.get(f"/pairs/{pair.pk}/")
    body = answer.content.decode()
    assert "<script>alert" not in body
    assert body.count("&lt;script&gt;alert(1)") >= 6
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]


def test_a_pair_shows_effects_of_both_sides_in_rows(operator: Client) -> None:
    pair = factories.pair(factories.function())
    row = {
        "twin": "receipts",
        "kind": "object-written",
        "key": "out/1.pdf",
        "pointer": "effects/receipts/out~11",
    }
    pair.comparison["effect_rows"] = [row | {"primary": "18 KB", "candidate": None, "standing": "counts"}]
    pair.comparison["differences"] = [
        {
            "part": "effects",
            "pointer": row["pointer"],
            "kind": "missing",
            "primary": "18 KB",
            "candidate": "",
            "standing": "counts",
            "blame": "logic",
            "reason": "",
        }
    ]
    pair.save()
    body = body_of(operator, f"/pairs/{pair.pk}/")
    assert "Object written" in body
    assert "out/1.pdf" in body
    assert re.search(r'data-difference="(d-x[0-9a-f]{8})".*id="\1"', body, re.DOTALL)


def test_pending_logs_name_the_side_that_is_waited_for(operator: Client) -> None:
    pair = factories.pair(factories.function())
    Pair.objects.filter(pk=pair.pk).update(
        comparison=pair.comparison | {"log_rows": None},
        candidate=pair.candidate | {"logs": None},
        logs_pending=True,
    )
    body = body_of(operator, f"/pairs/{pair.pk}/")
    assert "Pending is not missing" in body
    assert "Waiting for: FC." in body


def test_an_answer_of_thousands_of_lines_is_a_bounded_page_whose_folds_come_on_demand(
    operator: Client,
) -> None:
    rows = [{"n": number, "x": "v"} for number in range(1_500)]
    left = factories.observation(Side.PRIMARY, rows)
    right = factories.observation(Side.CANDIDATE, [*rows[:700], {"n": 700, "x": "w"}, *rows[701:]])
    made = factories.function()
    pair = evidence.pair(
        Run(function=made),
        position=0,
        title="big",
        event={},
        first_side=Side.PRIMARY,
        primary=left,
        candidate=right,
        compared=compare(left, right),
    )
    pair.run = None
    pair.save()
    body = body_of(operator, f"/pairs/{pair.pk}/")
    assert body.count("<tr") < sides.MOST_ROWS
    assert len(body) < 250_000
    link = re.search(rf"/pairs/{pair.pk}/rows/\?part=answer&amp;from=(\d+)&amp;to=(\d+)", body)
    assert link is not None
    first, last = int(link[1]), int(link[2])
    path = f"/pairs/{pair.pk}/rows/?part=answer&from={first}&to={last}"
    fragment = operator.get(path, headers=HTMX).content.decode()
    assert fragment.count("<tr") == last - first
    assert "<html" not in fragment
    assert "<html" in body_of(operator, path)
    assert operator.get(f"/pairs/{pair.pk}/rows/?from=-1&to=99999999999").status_code == 200


def test_the_event_is_shown_as_each_cloud_sees_it(operator: Client) -> None:
    event = {
        "version": "0",
        "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": "123456789012",
        "time": "2026-11-22T05:40:00Z",
        "region": "us-east-1",
        "resources": ["arn:aws:events:us-east-1:123456789012:rule/nightly"],
        "detail": {},
    }
    made = factories.function()
    scheduled = factories.pair(made, event=event)
    body = body_of(operator, f"/pairs/{scheduled.pk}/")
    assert "triggerTime" in body
    plain = factories.pair(made, event={"anything": [1]})
    assert "has no form of its own" in body_of(operator, f"/pairs/{plain.pk}/")


def test_a_bug_is_noted_at_a_difference_and_shown_on_the_pair_in_the_run_and_in_the_list(
    operator: Client, viewer: Client
) -> None:
    made = factories.function()
    run = factories.run(made)
    pair = factories.pair(made, answer=WRONG, run=run)
    form = {"text": "A total is a number. password=hunter2", "part": "answer", "pointer": "/total"}
    assert viewer.post(f"/pairs/{pair.pk}/note/", form).status_code == 403
    assert operator.post(f"/pairs/{pair.pk}/note/", form).status_code == 303
    row = PairNote.objects.get()
    assert (row.author, row.pointer, row.run_id) == ("operator", "/total", run.pk)
    assert "hunter2" not in row.text
    assert AuditEntry.objects.filter(verb="pair:bug").count() == 1
    for path in (f"/pairs/{pair.pk}/", f"/runs/{run.pk}/"):
        assert "A total is a number" in body_of(operator, path)
    assert "Bug" in body_of(operator, f"/functions/{made.name}/pairs/")
    assert operator.post(f"/pairs/{pair.pk}/note/", {"text": " "}).status_code == 422
    operator.post(f"/notes/{row.pk}/withdraw/")
    assert not PairNote.objects.exists()
    assert AuditEntry.objects.filter(verb="pair:bug-withdrawn").count() == 1


def anchors(body: str) -> dict[str, str]:
    """Give pointer -> anchor of the differences that a pair's page lists."""
    found = re.findall(r'<li id="(d-x[0-9a-f]{8})"[^>]*><div[^>]*><a[^>]*>\s*([^<]*?)\s*</a>', body)
    return {pointer: name for name, pointer in found}


def test_a_link_names_the_same_difference_after_rules_have_changed(operator: Client) -> None:
    made = factories.function()
    pair = factories.pair(made, answer=factories.ORDER | {"currency": "USD", "total": 1})
    path = f"/pairs/{pair.pk}/"
    before = anchors(body_of(operator, path))
    assert set(before) == {"/currency", "/total"}
    form = {"kind": "ignore", "pointer": "/currency", "name": "n", "reason": "r"}
    assert operator.post(f"{path}accept/", form).status_code == 303
    reevaluation.run_due()
    assert anchors(body_of(operator, path)) == before
    shared = body_of(operator, f"{path}differences/{before['/total']}/")
    assert "/total" in shared
    assert 'name="kind"' in shared
    assert operator.get(f"{path}differences/d-x00000000/").status_code == 404


def test_every_difference_of_answer_logs_and_effects_can_be_noted_and_accepted_where_it_stands(
    operator: Client, viewer: Client
) -> None:
    made = factories.function()
    many = {f"field{number:02d}": number for number in range(30)}
    left = factories.observation(Side.PRIMARY, many, logs=("one",))
    right = factories.observation(
        Side.CANDIDATE, {name: f"{number}" for name, number in many.items()}, logs=("two",)
    )
    pair = evidence.pair(
        Run(function=made),
        position=0,
        title="many",
        event={},
        first_side=Side.PRIMARY,
        primary=left,
        candidate=right,
        compared=compare(left, right),
    )
    pair.run = None
    pair.save(force_insert=True)
    body = body_of(operator, f"/pairs/{pair.pk}/")
    marks = set(re.findall(r'href="#(d-x[0-9a-f]{8})" data-act', body))
    listed = set(re.findall(r'<li id="(d-x[0-9a-f]{8})"', body))
    assert len(marks) >= 31
    assert marks <= listed
    assert body.count("data-bug") == body.count("data-rule") + 1 == 21
    more = re.findall(rf'href="/pairs/{pair.pk}/differences/(d-x[0-9a-f]{{8}})/"', body)
    assert len(more) == len(listed) - 20
    fragment = operator.get(f"/pairs/{pair.pk}/differences/{more[0]}/", headers=HTMX).content.decode()
    assert "data-bug" in fragment
    assert "data-rule" in fragment
    assert "<html" not in fragment
    assert "data-bug" not in body_of(viewer, f"/pairs/{pair.pk}/differences/{more[0]}/")


def test_older_and_newer_stay_within_the_group_that_is_looked_through(operator: Client) -> None:
    made = factories.function()
    oldest = factories.pair(made, answer=WRONG, ago_s=30)
    factories.pair(made, ago_s=20)
    shown = factories.pair(made, answer=WRONG, ago_s=10)
    body = body_of(operator, f"/pairs/{shown.pk}/?group=counts")
    assert f"/pairs/{oldest.pk}/?group=counts" in body


def test_a_pair_that_cannot_be_compared_anew_says_so(operator: Client) -> None:
    made = factories.function()
    redacted = factories.pair(made, answer=factories.ORDER | {"password": "hunter2"})
    assert "redacted before it was stored" in body_of(operator, f"/pairs/{redacted.pk}/")


# ------------------------------------------------------------------------------------- a validation


def test_a_validation_names_usage_pending_logs_interrupted_calls_and_what_explains_it(
    operator: Client,
) -> None:
    made = factories.function()
    run = factories.run(made)
    wrong = factories.pair(made, answer=WRONG, run=run, position=1)
    pending = factories.pair(made, run=run, position=2, logs_pending=True)
    lost = factories.pair(made, run=run, position=3, outcome="not-comparable", title="the lost one")
    Pair.objects.filter(pk=lost.pk).update(primary=lost.primary | {"error_type": "Interrupted"})
    run.usage = {
        "primary": {"requests": 320, "gb_seconds": 1.25},
        "candidate": {"requests": 321, "gb_seconds": 1.5},
    }
    run.budget_gb_s = 9
    run.verdict = {
        "sentence": "Too few.",
        "needed": 42,
        "explains_pairs": [str(wrong.pk)],
        "checks": [
            {
                "name": "answers",
                "result": "inconclusive",
                "critical": True,
                "primary": "reference",
                "candidate": "1 of 3",
                "change": "",
                "bound": "at most 1%",
                "needed": 42,
                "formula": "E = (1 - q)^n",
                "numbers": {"e": 1.5},
                "sentence": "s",
            }
        ],
    }
    run.verdict_result = "inconclusive"
    run.save()
    assert pending.pk
    body = body_of(operator, f"/runs/{run.pk}/")
    for text in (
        "42 more pairs are needed",
        "E = (1 - q)^n",
        "GB-seconds",
        "1.250",
        "321",
        "The logs of 1 pair have not arrived",
        "the lost one (3)",
        wrong.sentence.split('"')[0],
        "FC took longer in",
    ):
        assert text in body, text
    live = operator.get(f"/runs/{run.pk}/", headers=HTMX).content.decode()
    assert 'id="run-state" hx-swap-oob="true"' in live
    assert "<html" not in live


def test_a_validation_is_read_in_ten_queries(
    operator: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    made = factories.function()
    run = factories.run(made)
    for number in range(20):
        factories.pair(made, run=run, position=number, answer=WRONG if number % 2 else None)
    run.verdict = {"explains_pairs": [str(row.pk) for row in run.pairs.all()[:3]]}
    run.save()
    with django_assert_max_num_queries(9):
        assert pairs.run(run.pk) is not None


# ----------------------------------------------------------------------------------- rules and noise

RULE = {"kind": "ignore", "pointer": "/total", "value": ""}


def test_a_rule_is_tried_before_it_is_saved_and_nothing_changes(viewer: Client) -> None:
    made = factories.function()
    pair = factories.pair(made, answer=WRONG)
    factories.pair(made)
    factories.pair(made, answer=factories.ORDER | {"password": "hunter2"})
    fragment = viewer.post(f"/functions/{made.name}/rules/try/", RULE, headers=HTMX).content.decode()
    assert "It would change the outcome of 1 of the latest 2 pairs." in fragment
    assert "/total" in fragment
    assert f"/pairs/{pair.pk}/" in fragment
    assert "1 pair cannot be compared anew" in fragment
    assert not Rule.objects.exists()
    page = viewer.post(f"/functions/{made.name}/rules/try/", RULE).content.decode()
    assert "It would change the outcome of 1 of the latest 2 pairs." in page
    assert 'value="/total"' in page
    idle = viewer.post(f"/functions/{made.name}/rules/try/", RULE | {"pointer": "/none"}, headers=HTMX)
    assert "It would hide nothing" in idle.content.decode()


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ({"kind": "mask", "pointer": "/total", "value": "(a+"}, "pattern"),
        ({"kind": "shape", "pointer": "/total", "value": "nothing-known"}, "shape"),
        ({"kind": "tolerance", "pointer": "/total", "value": "much"}, "tolerance"),
        ({"kind": "keyed", "pointer": "/items", "value": ""}, "field"),
        ({"kind": "ignore", "pointer": "total"}, "no place"),
        ({"kind": "other", "pointer": "/total"}, "Kind"),
    ],
)
def test_a_rule_that_cannot_be_used_is_refused_with_the_reason(
    operator: Client, rule: dict[str, str], why: str
) -> None:
    made = factories.function()
    tried = operator.post(f"/functions/{made.name}/rules/try/", rule)
    saved = operator.post(f"/functions/{made.name}/rules/add/", rule | {"name": "n", "reason": "r"})
    assert (tried.status_code, saved.status_code) == (422, 422)
    assert why in tried.content.decode()
    assert not Rule.objects.exists()


def test_a_catastrophic_pattern_is_tried_in_no_time(operator: Client) -> None:
    made = factories.function()
    factories.pair(made, answer=factories.ORDER | {"status": "a" * 5_000 + "!"})
    rule = {"kind": "mask", "pointer": "/status", "value": "(a+)+$"}
    assert operator.post(f"/functions/{made.name}/rules/try/", rule, headers=HTMX).status_code == 200


def test_a_saved_rule_shows_how_far_the_stored_pairs_have_come(operator: Client) -> None:
    made = factories.function()
    factories.pair(made, answer=WRONG)
    answer = operator.post(
        f"/functions/{made.name}/rules/add/", RULE | {"name": "totals", "reason": "a string is fine"}
    )
    assert answer.status_code == 303
    assert Reevaluation.objects.get().due_at is not None
    assert "are being compared anew" in body_of(operator, f"/functions/{made.name}/rules/")
    reevaluation.run_due()
    live = operator.get(f"/functions/{made.name}/rules/", headers=HTMX).content.decode()
    assert "1 stored pairs were compared anew" in live
    assert "1 changed." in live
    body = body_of(operator, f"/functions/{made.name}/rules/")
    assert "totals" in body
    assert "a string is fine" in body


def test_the_form_at_a_difference_is_filled_with_the_likely_rule(operator: Client) -> None:
    pair = factories.pair(factories.function(), answer=factories.ORDER | {"total": 40.1})
    body = body_of(operator, f"/pairs/{pair.pk}/")
    assert re.search(r'<option value="tolerance"\s+selected', body)
    assert 'value="1%"' in body
    given = body_of(operator, f"/functions/{pair.function.name}/rules/?kind=shape&pointer=/at&value=time")
    assert re.search(r'<option value="shape"\s+selected', given)


def test_a_pair_of_another_shape_is_no_pair(operator: Client) -> None:
    for path in ("rows/", "accept/", "note/"):
        method: Any = operator.get if path == "rows/" else operator.post
        assert method(f"/pairs/{uuid.uuid4()}/{path}").status_code == 404


# ------------------------------------------------------------------------------------------- the API


def test_the_api_tries_saves_and_retires_rules_notes_bugs_and_shows_noise(client: Client) -> None:
    made = factories.function(effects=Effects.READ_ONLY)
    pair = factories.pair(made, answer=WRONG)
    viewer = {"Authorization": f"Bearer {factories.token('viewer')}"}
    operator = {"Authorization": f"Bearer {factories.token('operator')}"}
    path = f"/api/v1/functions/{made.name}"

    def post(where: str, body: object, headers: dict[str, str]) -> Any:
        return client.post(where, body, content_type="application/json", headers=headers)

    tried = post(f"{path}/rules/try", RULE, viewer).json()
    assert (tried["pairs"], tried["changed"]) == (1, 1)
    assert tried["hidden"][0]["example"] == str(pair.pk)
    saved = RULE | {"name": "totals", "reason": "a string is fine"}
    assert post(f"{path}/rules", saved, viewer).status_code == 403
    rule = post(f"{path}/rules", saved, operator).json()
    assert rule["kind"] == "ignore"
    assert post(f"{path}/rules", saved, operator).status_code == 422
    listed = client.get(f"{path}/rules", headers=viewer).json()
    assert [one["name"] for one in listed["rules"]] == ["totals"]
    assert listed["history"]["done"] is False
    assert post(f"/api/v1/rules/{rule['id']}/retire", {"reason": "fixed"}, operator).status_code == 200
    assert post(f"/api/v1/rules/{rule['id']}/retire", {}, operator).status_code == 409

    note = post(f"/api/v1/pairs/{pair.pk}/notes", {"text": "wrong", "pointer": "/total"}, operator).json()
    shown = client.get(f"/api/v1/pairs/{pair.pk}", headers=viewer).json()
    assert shown["notes"] == [note]
    assert shown["comparison"]["outcome"] == "mismatch"
    assert client.get(f"/api/v1/pairs/{uuid.uuid4()}", headers=viewer).status_code == 404

    fields = client.get(f"{path}/differences", headers=viewer).json()
    assert [(one["pointer"], one["pairs"]) for one in fields] == [("/total", 1)]
    assert client.get(f"{path}/differences?run={uuid.uuid4()}", headers=viewer).status_code == 404
    pairs_found = client.get(f"{path}/pairs?group=counts&pointer=/total", headers=viewer).json()
    assert [one["id"] for one in pairs_found] == [str(pair.pk)]

    assert client.get(f"{path}/noise", headers=viewer).json()["fields"] == []
    assert post(f"{path}/noise/forget", {}, viewer).status_code == 403
    assert post(f"{path}/noise/forget", {}, operator).status_code == 422
