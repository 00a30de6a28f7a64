"""The REST API of rules, noise and replays, and that its document names every noun."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from cutover.observation import Side
from cutover.phases import Phase
from migrations_app.models import Effects, Rule, Run
from migrations_app.services import noise, reevaluation
from tests import factories
from tests.integration.pages.test_pages_noise import reported

pytestmark = pytest.mark.django_db
WRONG = factories.ORDER | {"total": "39.80"}


@pytest.fixture
def viewer() -> dict[str, str]:
    return {"Authorization": f"Bearer {factories.token('viewer')}"}


@pytest.fixture
def operator() -> dict[str, str]:
    return {"Authorization": f"Bearer {factories.token('operator')}"}


def post(client: Client, path: str, body: object, headers: dict[str, str]) -> Any:
    return client.post(path, body, content_type="application/json", headers=headers)


def test_the_document_names_rules_noise_replays_and_tokens_with_what_they_take(client: Client) -> None:
    document = client.get("/api/v1/openapi.json").json()
    verbs = {
        (path.removeprefix("/api/v1"), method) for path, one in document["paths"].items() for method in one
    }
    assert {
        ("/rules", "get"),
        ("/rules/{key}", "get"),
        ("/rules/{key}", "delete"),
        ("/rules/{key}/retire", "post"),
        ("/rules/{key}/restore", "post"),
        ("/functions/{address}/rules", "get"),
        ("/functions/{address}/rules", "post"),
        ("/functions/{address}/rules/try", "post"),
        ("/functions/{address}/noise", "get"),
        ("/functions/{address}/noise/learn", "post"),
        ("/functions/{address}/noise/forget", "post"),
        ("/functions/{address}/replays", "get"),
        ("/functions/{address}/replays", "post"),
        ("/tokens", "get"),
        ("/tokens", "post"),
        ("/tokens/{key}", "delete"),
    } <= verbs
    schemas = document["components"]["schemas"]
    assert set(schemas["ReplayIn"]["properties"]) >= {"events", "budget_gb_s", "idempotency_key"}
    assert "token" in schemas["TokenMade"]["properties"]
    assert "token" not in schemas["TokenOut"]["properties"]
    for path, methods in document["paths"].items():
        for one in methods.values():
            assert one.get("security"), f"{path} is open to everybody"
            assert one.get("summary"), f"{path} says not what it does"


def test_rules_are_listed_with_what_they_hide_and_shown_with_what_switching_them_changes(
    client: Client, viewer: dict[str, str], operator: dict[str, str]
) -> None:
    made = factories.function()
    run = factories.run(made)
    factories.pair(made, run=run, answer=WRONG)
    path = f"/api/v1/functions/{made.name}/rules"
    body = {"kind": "ignore", "pointer": "/total", "name": "totals", "reason": "a string is fine"}
    tried = post(client, f"{path}/try", body, viewer).json()
    assert (tried["verdict"]["before"], tried["verdict"]["after"]) == ("inconclusive", "inconclusive")
    key = post(client, path, body, operator).json()["id"]
    reevaluation.run_due()
    (listed,) = client.get("/api/v1/rules", headers=viewer).json()
    assert (listed["name"], listed["function"], listed["hides"]) == ("totals", made.name, 1)
    shown = client.get(f"/api/v1/rules/{key}", headers=viewer).json()
    assert [(one["function"], one["changed"]) for one in shown["if_switched"]] == [(made.name, 1)]
    one = f"/api/v1/rules/{key}"
    assert post(client, f"{one}/retire", {}, viewer).status_code == 403
    assert post(client, f"{one}/retire", {}, operator).status_code == 200
    assert client.get("/api/v1/rules", headers=viewer).json() == []
    assert len(client.get("/api/v1/rules?retired=true", headers=viewer).json()) == 1
    assert post(client, f"{one}/restore", {}, operator).status_code == 422
    assert post(client, f"{one}/restore", {"reason": "again"}, operator).json()["retired_at"] is None
    assert client.delete(one, headers=viewer).status_code == 403
    assert client.delete(f"{one}?reason=gone", headers=operator).json()["id"] == key
    assert client.get(one, headers=viewer).status_code == 404
    assert not Rule.objects.exists()


def test_noise_is_shown_learned_and_refused_with_its_reasons(
    client: Client, viewer: dict[str, str], operator: dict[str, str]
) -> None:
    made = factories.function(phase=Phase.DEPLOYED, effects=Effects.READ_ONLY)
    factories.suite(made)
    for number in range(6):
        left, right = ({"queue": number}, {"queue": number + 1})
        noise.learn(
            made.pk, factories.observation(Side.PRIMARY, left), factories.observation(Side.PRIMARY, right)
        )
    path = f"/api/v1/functions/{made.name}/noise"
    shown = client.get(path, headers=viewer).json()
    (field,) = shown["fields"]
    assert (field["field"], field["decision"], field["example"]) == ("answer /queue", "noise", ["5", "6"])
    assert "C(n + m" in shown["formula"]
    assert shown["by_shape"] == []
    assert post(client, f"{path}/learn", {"events": 5}, viewer).status_code == 403
    started = post(client, f"{path}/learn", {"events": 5, "idempotency_key": "k"}, operator)
    assert (started.status_code, Run.objects.get().learn) == (202, 5)
    Run.objects.update(learned=2)
    followed = client.get(f"/api/v1/runs/{started.json()['id']}", headers=viewer).json()
    assert (followed["kind"], followed["learned"], followed["percent"]) == ("learn", 2, 40.0)
    again = post(client, f"{path}/learn", {"events": 5, "idempotency_key": "k"}, operator)
    assert again.json()["id"] == started.json()["id"]
    assert post(client, f"{path}/learn", {"events": 5}, operator).status_code == 409
    refused = post(client, "/api/v1/functions/sender/noise/learn", {}, operator)
    assert refused.status_code == 404
    factories.suite(factories.function("sender", phase=Phase.DEPLOYED, effects=Effects.UNSAFE))
    refused = post(client, "/api/v1/functions/sender/noise/learn", {}, operator)
    assert refused.status_code == 409
    assert any("unsafe to repeat" in reason for reason in refused.json()["reasons"])


def test_replays_are_offered_started_once_and_refused(
    client: Client, viewer: dict[str, str], operator: dict[str, str]
) -> None:
    made = factories.shifting()
    path = f"/api/v1/functions/{made.name}/replays"
    assert post(client, path, {"events": 5}, operator).status_code == 422
    reported(made, 1)
    reported(made, 2, event=None)
    offered = client.get(path, headers=viewer).json()
    assert [one["event"] for one in offered["events"]] == [{"n": 1}]
    assert (offered["left_out"], offered["tapped"]) == ({"too long to be kept": 1}, True)
    assert post(client, path, {"events": 5}, viewer).status_code == 403
    body = {"events": 5, "budget_gb_s": 0.5, "idempotency_key": "k"}
    started = post(client, path, body, operator)
    assert started.status_code == 202
    assert started.json()["left_out"] == {"too long to be kept": 1}
    assert post(client, path, body, operator).json()["id"] == started.json()["id"]
    assert [one["kind"] for one in client.get(path, headers=viewer).json()["runs"]] == ["replay"]
