"""Suites and validations by the REST API: what CI does without a page."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from openapi_spec_validator import OpenAPIV31SpecValidator

from cutover.phases import Phase
from cutover.suites import Entry
from migrations_app.models import AuditEntry, FunctionMigration, LiveObservation, Run, Suite, SuiteDraft
from migrations_app.services import suites, suites_drafts
from tests import factories

pytestmark = pytest.mark.django_db
EVENTS = [
    {"title": "first", "event": {"name": "Ada", "password": "s3cr3t"}, "tags": ["smoke"]},
    {"name": "Bob"},
]
Ask = Callable[..., Any]


@pytest.fixture
def ask(client: Client) -> Ask:
    """Call the API as a role; gives (status, document)."""
    headers = {role: {"Authorization": f"Bearer {factories.token(role)}"} for role in ("viewer", "operator")}

    def call(method: str, path: str, body: Any = None, *, role: str = "operator") -> tuple[int, Any]:
        answer = client.generic(
            method,
            f"/api/v1{path}",
            "" if body is None else json.dumps(body),
            content_type="application/json",
            headers=headers[role],
        )
        is_json = answer.headers.get("Content-Type", "").startswith("application/json")
        return answer.status_code, answer.json() if is_json and answer.content else answer.content.decode()

    return call


@pytest.fixture
def walker() -> FunctionMigration:
    return factories.function("walker", phase=Phase.DEPLOYED)


def test_the_document_of_the_api_is_valid_and_names_suites_and_runs(client: Client) -> None:
    document = client.get("/api/v1/openapi.json").json()
    OpenAPIV31SpecValidator(document).validate()
    offered = {
        f"{method} {path.removeprefix('/api/v1')}"
        for path, methods in document["paths"].items()
        for method in methods
    }
    suite = "/functions/{address}/suites/{name}"
    assert {
        "get /functions/{address}/suites",
        f"get {suite}",
        f"delete {suite}",
        *(f"post {suite}/{verb}" for verb in ("import", "generate", "live", "logs", "tags", "remove-events")),
        f"get {suite}/export",
        "get /functions/{address}/runs",
        "post /functions/{address}/runs",
        "get /runs/{key}",
        "post /runs/{key}/cancel",
        "post /runs/{key}/again",
    } <= offered


def test_a_suite_is_imported_listed_read_exported_and_removed(ask: Ask, walker: FunctionMigration) -> None:
    path = "/functions/walker/suites/default"
    status, made = ask("POST", f"{path}/import", {"events": EVENTS, "tags": ["ci"]})
    assert (status, made["version"], made["events"], made["added"]) == (200, 1, 2, 2)
    status, listed = ask("GET", "/functions/walker/suites", role="viewer")
    assert listed[0]["tags"] == {"ci": 2, "smoke": 1}
    assert (listed[0]["events"], listed[0]["run"]) == (2, None)
    status, one = ask("GET", path, role="viewer")
    assert [event["event"]["name"] for event in one["events"]] == ["Ada", "Bob"]
    assert one["versions"][0]["detail"]["added"] == 2
    assert "s3cr3t" not in json.dumps(one)
    assert ask("GET", f"{path}?tag=smoke", role="viewer")[1]["events"][0]["number"] == 1
    status, lines = ask("GET", f"{path}/export", role="viewer")
    assert len(lines.splitlines()) == 2
    status, copied = ask("POST", "/functions/walker/suites/copy/import", {"text": lines})
    assert (status, copied["events"]) == (200, 2)
    assert ask("POST", f"{path}/remove-events", {"events": [1]})[1]["removed"] == 1
    assert ask("DELETE", f"{path}?expected_version=1")[0] == 409
    assert ask("DELETE", f"{path}?expected_version=2") == (204, "")
    assert ask("GET", path)[0] == 404
    assert AuditEntry.objects.filter(verb="suite:removed").count() == 1


def test_bad_events_are_named_and_the_others_are_taken_if_asked(ask: Ask, walker: FunctionMigration) -> None:
    path = "/functions/walker/suites/default/import"
    text = '{"name": "Ada"}\n{broken\n{"name": "Bob"}'
    status, refused = ask("POST", path, {"text": text})
    assert (status, Suite.objects.count()) == (422, 0)
    assert refused["error"] == "1 parts are no events. Nothing was changed."
    assert refused["reasons"][0].startswith("line 2 is not JSON")
    status, tried = ask("POST", path, {"text": text, "dry_run": True})
    assert (status, tried["imported"], tried["added"], Suite.objects.count()) == (200, False, 2, 0)
    status, taken = ask("POST", path, {"text": text, "skip_bad": True})
    assert (status, taken["events"], taken["bad"][0]["place"]) == (200, 2, "line 2")
    status, refused = ask("POST", path, {"events": [{}, {"title": "x", "event": 1, "tags": 5}]})
    assert refused["reasons"] == ["event 2 has tags that are no list of words"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"events": [], "text": ""}, 422),
        ({"events": []}, 422),
        ({"events": [1], "tags": ["x" * 50]}, 422),
        ({"events": [1], "expected_version": 3}, 409),
        ({"events": [float("nan")]}, 400),
        ({"text": "\ud800"}, 400),
    ],
)
def test_an_import_that_cannot_be_changes_nothing(
    ask: Ask, walker: FunctionMigration, body: dict[str, Any], status: int
) -> None:
    found, document = ask("POST", "/functions/walker/suites/default/import", body)
    assert found == status
    assert document["error"]
    assert not Suite.objects.exists()


def test_samples_live_events_and_tags(ask: Ask, walker: FunctionMigration) -> None:
    path = "/functions/walker/suites/default"
    assert ask("POST", f"{path}/generate", {})[0] == 422
    status, made = ask("POST", f"{path}/generate", {"kinds": ["sqs"], "count": 3})
    assert (status, made["events"]) == (200, 3)
    assert ask("POST", f"{path}/generate", {"kinds": ["sqs"], "count": 3})[1]["kept"] == 3
    assert ask("POST", f"{path}/live", {})[0] == 422
    LiveObservation.objects.create(
        function=walker,
        side="primary",
        request_id="r",
        outcome="ok",
        weight_bp=100,
        at=timezone.now(),
        received_at=timezone.now(),
        event={"name": "Ada"},
        answer={"total": 1},
    )
    status, made = ask("POST", f"{path}/live", {"append": True})
    assert (status, made["events"], made["added"]) == (200, 4, 1)
    assert ask("POST", f"{path}/tags", {"add": ["new"], "events": [4]})[1] == {"events": 1}
    assert ask("POST", f"{path}/tags", {"add": ["new"], "events": [0]})[0] == 422
    assert ask("GET", path)[1]["events"][3]["recorded"]["answer"] == {"total": 1}


def test_logs_are_asked_for_and_their_draft_is_imported(ask: Ask, walker: FunctionMigration) -> None:
    status, draft = ask("POST", "/functions/walker/suites/default/logs", {"hours": 2})
    assert (status, draft["state"]) == (202, "pending")
    assert ask("POST", f"/drafts/{draft['id']}/import", {})[0] == 409
    suites_drafts.found(SuiteDraft.objects.get(), [Entry(title="logged", event={"name": "Ada"})])
    status, draft = ask("GET", f"/drafts/{draft['id']}", role="viewer")
    assert (draft["state"], draft["events"]) == ("ready", 1)
    status, made = ask("POST", f"/drafts/{draft['id']}/import", {"expected_version": 0})
    assert (status, made["events"]) == (200, 1)
    assert ask("GET", f"/drafts/{draft['id']}")[0] == 404


def test_a_run_is_started_followed_cancelled_and_repeated(ask: Ask, walker: FunctionMigration) -> None:
    ask("POST", "/functions/walker/suites/shop/import", {"events": EVENTS})
    body = {"suite": "shop", "tags": ["smoke"], "pairs": 40, "budget_gb_s": 5, "concurrency": 2}
    status, run = ask("POST", "/functions/walker/runs", body | {"idempotency_key": "k"})
    assert (status, run["suite"], run["tags"], run["wanted_pairs"]) == (202, "shop", ["smoke"], 40)
    assert ask("POST", "/functions/walker/runs", body | {"idempotency_key": "k"})[1]["id"] == run["id"]
    assert ask("POST", "/functions/walker/runs", body)[0] == 409
    Run.objects.filter(pk=run["id"]).update(done_pairs=10, outcomes={"match": 10}, state="running")
    status, shown = ask("GET", f"/runs/{run['id']}", role="viewer")
    assert (shown["percent"], shown["open"], shown["outcomes"]) == (25.0, True, {"match": 10})
    assert ask("POST", f"/runs/{run['id']}/cancel")[1]["state"] == "cancelled"
    assert ask("POST", f"/runs/{run['id']}/cancel")[0] == 409
    status, again = ask("POST", f"/runs/{run['id']}/again", {})
    assert (status, again["wanted_pairs"], again["budget_gb_s"], again["concurrency"]) == (202, 40, 5.0, 2)
    assert [one["id"] for one in ask("GET", "/functions/walker/runs")[1]] == [again["id"], run["id"]]
    assert ask("GET", "/functions/walker/runs?state=cancelled")[1][0]["id"] == run["id"]


def test_a_run_that_may_not_be_says_what_forbids_it(ask: Ask, walker: FunctionMigration) -> None:
    status, refused = ask("POST", "/functions/walker/runs", {})
    assert status == 409
    assert "has no events" in refused["reasons"][0]
    ask("POST", "/functions/walker/suites/default/import", {"events": EVENTS})
    FunctionMigration.objects.filter(pk=walker.pk).update(effects="unsafe")
    status, refused = ask("POST", "/functions/walker/runs", {})
    assert (status, "unsafe to repeat" in refused["reasons"][0]) == (409, True)
    FunctionMigration.objects.filter(pk=walker.pk).update(effects="read-only")
    status, refused = ask("POST", "/functions/walker/runs", {"candidate_url": "http://169.254.169.254/"})
    assert (status, "CUTOVER_RIE_HOSTS" in refused["error"]) == (422, True)
    assert ask("POST", "/functions/walker/runs", {"pairs": 0})[0] == 422


def test_a_viewers_token_reads_and_changes_nothing(ask: Ask, walker: FunctionMigration) -> None:
    suites.import_events(walker.pk, EVENTS, actor="ada")
    run = factories.run(factories.function("elsewhere"))
    path = "/functions/walker/suites/default"
    for method, refused, body in (
        ("POST", f"{path}/import", {"events": [1]}),
        ("POST", f"{path}/generate", {}),
        ("POST", f"{path}/live", {}),
        ("POST", f"{path}/logs", {}),
        ("POST", f"{path}/tags", {"add": ["x"]}),
        ("POST", f"{path}/remove-events", {"events": [1]}),
        ("DELETE", path, None),
        ("POST", "/functions/walker/runs", {}),
        ("POST", f"/runs/{run.pk}/cancel", None),
        ("POST", f"/runs/{run.pk}/again", {}),
    ):
        assert ask(method, refused, body, role="viewer")[0] == 403, refused
    assert suites.named(walker, "default").version == 1
