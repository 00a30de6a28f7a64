"""Pages of suites: what is in them, ways to more events, changing and running them."""

from __future__ import annotations

import json
import re
import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cutover.addresses import allowed_from
from cutover.phases import Phase
from cutover.suites import read_entries
from migrations_app.models import AuditEntry, FunctionMigration, LiveObservation, Run, Suite, SuiteDraft
from migrations_app.services import suites, suites_drafts
from tests import factories

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
LINES = (
    '{"title": "first", "event": {"name": "Ada", "password": "s3cr3t"}, "tags": ["smoke"]}\n{"name": "Bob"}\n'
)


def body_of(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, answer.content[:400]
    return answer.content.decode()


def walker(**changes: object) -> FunctionMigration:
    return factories.function("walker", phase=Phase.DEPLOYED, **changes)


def filled(made: FunctionMigration, *, name: str = "default", lines: str = LINES) -> Suite:
    entries = read_entries(lines.encode()).entries
    return suites.import_entries(made.pk, entries, actor="ada", name=name)


# ------------------------------------------------------------------------------------------- reading


def test_the_list_says_what_each_suite_holds_and_how_its_last_run_went(viewer: Client) -> None:
    made = walker()
    assert "No suite yet" in body_of(viewer, "/functions/walker/suites/")
    filled(made)
    filled(made, name="other & more")
    run = factories.run(factories.function("elsewhere"))
    Run.objects.filter(pk=run.pk).update(
        function=made, suite=made.suites.get(name="default"), verdict_result="fail"
    )
    body = body_of(viewer, "/functions/walker/suites/")
    assert "smoke 1" in body
    assert "Fail" in body
    assert f"/runs/{run.pk}/" in body
    assert "/functions/walker/suites/other%20&amp;%20more/" in body
    assert "Adding events needs the role operator." in body


def test_the_list_takes_the_same_queries_for_many_suites(operator: Client) -> None:
    made = walker()
    filled(made)
    with CaptureQueriesContext(connection) as one:
        operator.get("/functions/walker/suites/")
    for number in range(6):
        filled(made, name=f"suite {number}")
    with CaptureQueriesContext(connection) as seven:
        operator.get("/functions/walker/suites/")
    assert len(seven) == len(one) <= 9


def test_a_suite_shows_events_redacted_with_what_they_expect(viewer: Client) -> None:
    made = walker()
    line = {
        "title": "<b>bold</b>",
        "event": {"token": "abc", "name": "<script>alert(1)</script>"},
        "expected_effects": [{"kind": "object-written", "twin": "reports", "key": "daily/*"}],
    }
    filled(made, lines=json.dumps(line))
    body = body_of(viewer, "/functions/walker/suites/default/")
    assert "[redacted]" in body
    assert "Object written" in body
    assert "daily/*" in body
    assert "<script>alert" not in body
    assert "<b>bold" not in body
    assert "Remove this suite" not in body


def test_events_are_filtered_and_come_page_by_page(operator: Client) -> None:
    made = walker()
    lines = [{"title": f"event {n}", "event": n, "tags": ["even"] if n % 2 == 0 else []} for n in range(60)]
    filled(made, lines=json.dumps(lines))
    first = body_of(operator, "/functions/walker/suites/default/")
    assert first.count('name="event"') == 25
    assert "?after=25" in first
    last = body_of(operator, "/functions/walker/suites/default/?after=50")
    assert last.count('name="event"') == 10
    assert "Next events" not in last
    even = body_of(operator, "/functions/walker/suites/default/?tag=even&q=event+4")
    assert "6 of 60" in even
    nothing = body_of(operator, "/functions/walker/suites/default/?q=nothing")
    assert "No event here fits the filter." in nothing


def test_a_long_event_is_cut_on_the_page_and_whole_in_a_file(viewer: Client) -> None:
    made = walker()
    filled(made, lines=json.dumps({"text": "x" * 50_000}))
    body = body_of(viewer, "/functions/walker/suites/default/")
    assert len(body) < 30_000
    assert "48.8" in body
    whole = viewer.get("/functions/walker/suites/default/events/1.json")
    assert whole.json()["event"] == {"text": "x" * 50_000}
    assert viewer.get("/functions/walker/suites/default/events/2.json").status_code == 404


def test_versions_say_what_changed_and_who_did_it(viewer: Client) -> None:
    made = walker()
    filled(made)
    Run.objects.create(
        function=made,
        suite=made.suites.get(),
        wanted_pairs=1,
        asked_by="ada",
        basis_digest="0",
        state="finished",
    )
    filled(made, lines='{"name": "Bob"}\n{"name": "Cleo"}\n{"name": "Dan"}')
    body = body_of(viewer, "/functions/walker/suites/default/")
    assert "2 new, 0 changed, 1 gone" in body
    assert "used by 1 run" in body
    before = body_of(viewer, "/functions/walker/suites/default/?version=1")
    assert "This is version 1; the suite is at version 2 now." in before
    assert "2 events are new:" in before
    assert "first" in before
    assert viewer.get("/functions/walker/suites/default/?version=9").status_code == 404


def test_an_export_is_what_an_import_reads_again(viewer: Client, operator: Client) -> None:
    made = walker()
    filled(made)
    answer = viewer.get("/functions/walker/suites/default/export/")
    assert 'filename="walker-default-1.jsonl"' in answer["Content-Disposition"]
    file = SimpleUploadedFile("events.jsonl", answer.content)
    drafted = operator.post("/functions/walker/events/import/", {"file": file, "name": "copy"})
    operator.post(f"{drafted['Location']}import/", {"version": "0"})
    first, second = (suites.entries_of(suites.named(made, name)) for name in ("default", "copy"))
    assert first == second


# ----------------------------------------------------------------------------------------- gathering


def test_a_file_with_a_bad_line_is_previewed_named_and_imported_without_it(operator: Client) -> None:
    made = walker()
    text = '{"name": "Ada", "api_key": "s3cr3t"}\n{broken\n{"name": "Bob"}\n'
    drafted = operator.post("/functions/walker/events/import/", {"text": text, "name": "default"})
    assert drafted.status_code == 303
    assert not Suite.objects.exists()
    body = body_of(operator, drafted["Location"])
    assert re.search(r"<b>line 2</b>\s+is not JSON", body)
    assert "Import the 2 good ones" in body
    assert "s3cr3t" not in body
    assert "s3cr3t" not in json.dumps(SuiteDraft.objects.get().entries)
    whole = operator.post(f"{drafted['Location']}import/", {"version": "0"})
    assert (whole.status_code, Suite.objects.count()) == (422, 0)
    taken = operator.post(f"{drafted['Location']}import/", {"version": "0", "skip_bad": "1"})
    assert taken["Location"] == "/functions/walker/suites/default/"
    assert [entry.event["name"] for entry in suites.entries_of(made.suites.get())] == ["Ada", "Bob"]
    assert not SuiteDraft.objects.exists()
    assert AuditEntry.objects.get(verb="suite:imported").actor == "operator"


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"text": "  "}, "There is nothing in it"),
        ({"text": "{}", "name": "a/b"}, "without a slash"),
        ({"text": "{}", "name": ".."}, "begins with no dot"),
        ({"text": "{}", "tags": "x" * 50}, "no word of at most 40"),
    ],
)
def test_an_import_that_cannot_be_is_refused_in_place(
    operator: Client, form: dict[str, str], said: str
) -> None:
    walker()
    answer = operator.post("/functions/walker/events/import/", {"name": "default"} | form, headers=HTMX)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not SuiteDraft.objects.exists()


def test_a_file_without_one_event_cannot_be_imported(operator: Client) -> None:
    walker()
    drafted = operator.post("/functions/walker/events/import/", {"text": "\ufeff{{{", "name": "default"})
    body = body_of(operator, drafted["Location"])
    assert "Nothing in it is an event." in body
    assert "Import the" not in body
    answer = operator.post(f"{drafted['Location']}import/", {"version": "0", "skip_bad": "1"})
    assert answer.status_code == 422


def test_a_draft_says_what_it_would_change_and_is_stale_when_the_suite_moved_on(operator: Client) -> None:
    made = walker()
    filled(made)
    form = {"text": '{"name": "Bob"}\n{"name": "Cleo"}', "name": "default", "append": ""}
    drafted = operator.post("/functions/walker/events/import/", form)
    body = body_of(operator, drafted["Location"])
    assert "1 event is new:" in body
    assert "1 event goes:" in body
    assert "1 event stays as it is." in body
    filled(made, lines='{"name": "Zoe"}')
    refused = operator.post(f"{drafted['Location']}import/", {"version": "1"}, headers=HTMX)
    assert refused.status_code == 409
    assert "is at version 2 by now" in refused.content.decode()
    kept = operator.post("/functions/walker/events/import/", form | {"append": "1"})
    assert "The suite would hold 3 events." in body_of(operator, kept["Location"])
    operator.post(f"{kept['Location']}discard/")
    assert operator.get(kept["Location"]).status_code == 404
    assert operator.post(f"{kept['Location']}import/", {}).status_code == 409


def test_samples_are_generated_for_the_triggers_or_for_chosen_kinds(operator: Client) -> None:
    made = walker()
    none = operator.post("/functions/walker/events/generate/", {"name": "default", "seed": "1"}, headers=HTMX)
    assert none.status_code == 422
    assert "Say which kind" in none.content.decode()
    made.facts = made.facts | {"triggers": [{"kind": "sqs", "source": "arn:aws:sqs:us-east-1:1:jobs"}]}
    made.save(update_fields=["facts"])
    page = body_of(operator, "/functions/walker/suites/")
    assert re.search(r'value="sqs"[^>]*checked', page)
    form = {"name": "default", "seed": "7", "count": "3", "tags": "shop, slow"}
    drafted = operator.post("/functions/walker/events/generate/", form)
    draft = SuiteDraft.objects.get()
    assert [one["tags"] for one in draft.entries] == [["generated", "shop", "slow", "sqs"]] * 3
    assert "arn:aws:sqs:us-east-1:1:jobs" in body_of(operator, drafted["Location"])
    operator.post(f"{drafted['Location']}import/", {"version": "0"})
    assert set(made.suites.get().events.values_list("source", flat=True)) == {"generated"}


def test_the_logs_are_searched_by_a_worker_and_the_page_waits(operator: Client) -> None:
    walker()
    form = {"name": "default", "hours": "2", "limit": "10"}
    drafted = operator.post("/functions/walker/events/logs/", form)
    draft = SuiteDraft.objects.get()
    assert draft.due_at is not None
    assert draft.due_at <= timezone.now()
    assert draft.wanted == {"hours": 2.0, "limit": 10}
    assert "A worker searches the function" in body_of(operator, drafted["Location"])
    assert operator.get(drafted["Location"], headers=HTMX).status_code == 204
    assert "Logs are being searched" in body_of(operator, "/functions/walker/suites/")
    assert operator.post("/functions/walker/events/logs/", form).status_code == 422
    suites_drafts.failed(draft, "The logs could not be read: denied")
    assert "could not be read: denied" in body_of(operator, drafted["Location"])
    assert operator.get(drafted["Location"], headers=HTMX)["HX-Redirect"] == drafted["Location"]
    assert AuditEntry.objects.filter(verb="suite:logs-asked").count() == 1


def test_live_events_come_with_what_aws_answered(operator: Client) -> None:
    made = walker()
    form = {"name": "live", "limit": "10"}
    nothing = operator.post("/functions/walker/events/live/", form, headers=HTMX)
    assert nothing.status_code == 422
    assert "from the first step of a shift on" in nothing.content.decode()
    for number, event in enumerate(({"name": "Ada"}, {"token": "[redacted]"})):
        LiveObservation.objects.create(
            function=made,
            side="primary",
            request_id=f"r{number}",
            outcome="ok",
            weight_bp=100,
            at=timezone.now(),
            received_at=timezone.now(),
            event=event,
            answer={"total": 39.8},
        )
    drafted = operator.post("/functions/walker/events/live/", form)
    body = body_of(operator, drafted["Location"])
    assert "1 redacted." in body
    assert "Expected answer" in body
    operator.post(f"{drafted['Location']}import/", {"version": "0"})
    assert "39.8" in body_of(operator, "/functions/walker/suites/live/")


# ------------------------------------------------------------------------------------------ changing


def test_tags_are_given_to_ticked_events_and_taken_away(operator: Client) -> None:
    made = walker()
    filled(made)
    path = "/functions/walker/suites/default/tags/"
    assert operator.post(path, {"version": "1", "tags": "slow, new", "event": ["2"]}).status_code == 303
    assert [row.tags for row in made.suites.get().events.all()] == [["smoke"], ["new", "slow"]]
    operator.post(path, {"version": "1", "tags": "slow,smoke", "away": "1"})
    assert [row.tags for row in made.suites.get().events.all()] == [[], ["new"]]
    assert operator.post(path, {"version": "9", "tags": "x"}).status_code == 409
    assert operator.post(path, {"version": "1", "tags": ""}).status_code == 422
    assert operator.post(path, {"version": "1", "tags": "x", "event": ["-1"]}).status_code == 422


def test_ticked_events_are_removed_as_a_new_version(operator: Client) -> None:
    made = walker()
    filled(made)
    path = "/functions/walker/suites/default/remove-events/"
    assert operator.post(path, {"version": "1"}).status_code == 422
    assert operator.post(path, {"version": "1", "event": ["1", "2"]}).status_code == 422
    assert operator.post(path, {"version": "2", "event": ["1"]}).status_code == 409
    assert operator.post(path, {"version": "1", "event": ["1"]}).status_code == 303
    (entry,) = suites.entries_of(made.suites.get())
    assert entry.event == {"name": "Bob"}
    assert AuditEntry.objects.get(verb="suite:events-removed").detail["removed"] == 1


def test_a_suite_is_removed_once_its_name_was_typed_and_runs_keep_theirs(operator: Client) -> None:
    made = walker()
    filled(made)
    form = {"key": "v", "suite": "default"}
    run = Run.objects.get(pk=operator.post("/functions/walker/validate/", form)["Location"].split("/")[2])
    path = "/functions/walker/suites/default/remove/"
    assert operator.post(path, {"version": "1", "confirm": "defalt"}).status_code == 422
    assert operator.post(path, {"version": "1", "confirm": "default"}).status_code == 303
    assert operator.get("/functions/walker/suites/default/").status_code == 404
    assert "No suite yet" in body_of(operator, "/functions/walker/suites/")
    assert len(suites.events_of_run(run)) == 2
    assert "Ada" in body_of(operator, "/functions/walker/suites/default/?version=1")
    operator.post(f"/runs/{run.pk}/cancel/")
    refused = operator.post("/functions/walker/validate/", {"key": "w", "suite": "default"})
    assert refused.status_code == 409
    assert "has no events" in refused.content.decode()
    assert filled(made).version == 3


def test_a_viewer_sees_suites_and_changes_none(viewer: Client, operator: Client) -> None:
    made = walker()
    filled(made)
    drafted = operator.post("/functions/walker/events/import/", {"text": "{}", "name": "default"})
    assert "Needs the role operator." in body_of(viewer, drafted["Location"])
    run = factories.run(factories.function("elsewhere"))
    for path in (
        "/functions/walker/suites/default/tags/",
        "/functions/walker/suites/default/remove-events/",
        "/functions/walker/suites/default/remove/",
        *(f"/functions/walker/events/{way}/" for way in ("import", "generate", "logs", "live")),
        f"{drafted['Location']}import/",
        f"{drafted['Location']}discard/",
        "/functions/walker/validate/",
        f"/runs/{run.pk}/again/",
    ):
        assert viewer.post(path, {}).status_code == 403, path
    assert (Suite.objects.get(function=made).version, SuiteDraft.objects.count()) == (1, 1)


# ------------------------------------------------------------------------------------------- running


def test_a_validation_is_started_with_suite_tags_caps_and_concurrency(operator: Client) -> None:
    made = walker()
    filled(made, name="checkout")
    page = body_of(operator, "/functions/walker/validate/?suite=checkout&tags=smoke")
    assert re.search(r'<option value="checkout"[^>]* selected', page)
    assert 'value="smoke"' in page
    assert "once CUTOVER_RIE_HOSTS names its host" in page
    form = {"suite": "checkout", "tags": "smoke", "pairs": "40", "budget_gb_s": "12.5", "concurrency": "3"}
    answer = operator.post("/functions/walker/validate/", form | {"key": "k"})
    run = made.runs.get()
    assert answer["Location"] == f"/runs/{run.pk}/"
    assert (run.suite.name, run.tags, run.wanted_pairs) == ("checkout", ["smoke"], 40)
    assert (run.budget_gb_s, run.concurrency) == (12.5, 3)
    shown = body_of(operator, f"/runs/{run.pk}/")
    assert "Suite checkout, version 1" in shown
    assert "at most 12.5 GB-seconds" in shown


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"tags": "nothing"}, "has one of the tags"),
        ({"budget_gb_s": "-1"}, "GB-seconds"),
        ({"concurrency": "1000"}, "Calls in flight"),
        ({"suite": "unknown"}, "Suite"),
        ({"candidate_url": "http://169.254.169.254/"}, "CUTOVER_RIE_HOSTS"),
    ],
)
def test_a_validation_that_cannot_be_says_why_and_keeps_what_was_typed(
    operator: Client, form: dict[str, str], said: str
) -> None:
    made = walker()
    filled(made)
    answer = operator.post("/functions/walker/validate/", form | {"reason": "Typed with care"})
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert "Typed with care" in answer.content.decode()
    assert not made.runs.exists()


def test_an_address_stands_for_a_side_where_its_host_is_allowed(
    operator: Client, settings: pytest.FixtureRequest
) -> None:
    settings.RIE_HOSTS = allowed_from(["rie.internal:9000"])  # type: ignore[attr-defined]
    made = walker()
    filled(made)
    assert "rie.internal:9000" in body_of(operator, "/functions/walker/validate/")
    url = "http://rie.internal:9000"
    operator.post("/functions/walker/validate/", {"suite": "default", "candidate_url": url, "key": "k"})
    run = made.runs.get()
    assert (run.candidate_url, run.concurrency) == (url, 1)


@pytest.mark.parametrize(("effects", "said"), [("unknown", "not declared"), ("unsafe", "unsafe to repeat")])
def test_a_declaration_that_forbids_runs_is_explained_with_the_link_that_clears_it(
    operator: Client, effects: str, said: str
) -> None:
    filled(walker(effects=effects))
    for path in ("suites/", "suites/default/", "validate/"):
        body = body_of(operator, f"/functions/walker/{path}")
        assert said in body, path
        assert 'href="/functions/walker/declare/"' in body or "walker/declare/" in body
    assert operator.post("/functions/walker/validate/", {"suite": "default"}).status_code == 409


def test_a_run_is_repeated_with_its_settings_once_for_each_click(operator: Client) -> None:
    made = walker()
    filled(made)
    form = {"suite": "default", "tags": "smoke", "pairs": "7", "budget_gb_s": "3", "reason": "Why not"}
    first = operator.post("/functions/walker/validate/", form | {"key": "k"})["Location"]
    assert operator.post(f"{first}again/", {"key": "a"}).status_code == 409
    operator.post(f"{first}cancel/")
    key = re.search(r'name="key"\s+value="(again-[^"]+)"', body_of(operator, first))
    assert key is not None
    again = [operator.post(f"{first}again/", {"key": key[1]})["Location"] for _ in range(2)]
    assert again[0] == again[1] != first
    assert made.runs.count() == 2
    made_again = Run.objects.get(pk=again[0].split("/")[2])
    assert (made_again.tags, made_again.wanted_pairs, made_again.budget_gb_s) == (["smoke"], 7, 3.0)
    assert made_again.reason == "Why not"
    others = body_of(operator, f"/functions/walker/validate/?run={made_again.pk}")
    assert 'value="smoke"' in others
    assert 'value="7"' in others
    assert operator.post(f"/runs/{uuid.uuid4()}/again/").status_code == 404


def test_any_suite_with_events_opens_the_way_to_a_validation(operator: Client) -> None:
    made = walker()
    assert "It has no suite of events." in body_of(operator, "/functions/walker/")
    filled(made, name="checkout")
    assert "It has no suite of events." not in body_of(operator, "/functions/walker/")
    assert "Not possible yet" not in body_of(operator, "/functions/walker/validate/")


def test_replays_and_runs_that_learn_are_repeated_as_what_they_were(operator: Client) -> None:
    made = walker(effects="read-only")
    suite = filled(made)
    LiveObservation.objects.create(
        function=made,
        side="primary",
        request_id="r",
        outcome="ok",
        weight_bp=100,
        at=timezone.now(),
        received_at=timezone.now(),
        event={"name": "Ada"},
        answer={"total": 1},
    )
    for kind in (Run.Kind.LEARN, Run.Kind.REPLAY):
        run = Run.objects.create(
            function=made,
            suite=suite,
            kind=kind,
            learn=9 if kind == Run.Kind.LEARN else 0,
            wanted_pairs=5,
            asked_by="ada",
            basis_digest="0",
            state="finished",
            concurrency=2,
        )
        answer = operator.post(f"/runs/{run.pk}/again/", {"key": kind.value})
        again = Run.objects.get(pk=answer["Location"].split("/")[2])
        assert (again.kind, again.learn, again.concurrency) == (kind, run.learn, 2)
        operator.post(f"/runs/{again.pk}/cancel/")
