"""API tokens: made and shown once, kept as a hash, revoked, expired, and never more than their owner."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from cutover.errors import BadInput
from migrations_app.models import ApiToken, AuditEntry
from migrations_app.services import people, tokens
from tests import factories

pytestmark = pytest.mark.django_db
PATH = "/settings/tokens/"


def bearer(text: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {text}"}


def test_a_token_is_made_on_the_page_shown_once_and_opens_the_api(operator: Client, client: Client) -> None:
    assert "You have no token." in operator.get(PATH).content.decode()
    answer = operator.post(PATH, {"name": "ci", "days": "30", "role": "viewer"})
    body = answer.content.decode()
    text = re.search(r"cut_[\w-]{43}", body)
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "no-store"
    assert text is not None
    row = ApiToken.objects.get()
    assert (row.name, row.role, row.owner.username) == ("ci", "viewer", "operator")
    assert row.expires_at is not None
    assert dt.timedelta(days=29) < row.expires_at - timezone.now() <= dt.timedelta(days=30)
    assert text[0] not in "".join(str(value) for value in ApiToken.objects.values().get().values())
    again = operator.get(PATH).content.decode()
    assert text[0] not in again
    assert f"{text[0][:8]}…" in again
    assert client.get("/api/v1/functions", headers=bearer(text[0])).status_code == 200
    row.refresh_from_db()
    assert row.used_at is not None
    entry = AuditEntry.objects.get(verb="token:issued")
    assert (entry.actor, entry.detail["name"]) == ("operator", "ci")
    assert text[0] not in str(entry.detail)


def test_a_token_is_revoked_by_its_owner_alone(operator: Client, viewer: Client, client: Client) -> None:
    operator.post(PATH, {"name": "ci"})
    made = tokens.issue(people.ensure("operator", "operator"), name="two", actor="operator")
    key = made.row.pk
    assert viewer.post(f"{PATH}{key}/revoke/").status_code == 422
    assert operator.post(f"{PATH}{key}/revoke/").status_code == 303
    assert client.get("/api/v1/functions", headers=bearer(made.text)).status_code == 401
    assert operator.post(f"{PATH}{key}/revoke/").status_code == 409
    body = operator.get(PATH).content.decode()
    assert body.index(">ci<") < body.index(">two<")
    assert "Revoked" in body
    assert AuditEntry.objects.get(verb="token:revoked").detail["token"] == key


@pytest.mark.parametrize(
    ("form", "why"),
    [
        ({"name": ""}, "What uses it"),
        ({"name": "ci", "days": "4000"}, "Works for"),
        ({"name": "ci", "role": "approver"}, "May at most"),
        ({"name": "taken"}, "There is a token named"),
    ],
    ids=["no-name", "days", "more-than-the-owner", "taken"],
)
def test_what_cannot_be_made_is_refused_and_what_was_typed_stays(
    operator: Client, form: dict[str, str], why: str
) -> None:
    tokens.issue(people.ensure("operator", "operator"), name="taken", actor="operator")
    answer = operator.post(PATH, form)
    assert answer.status_code == 422
    body = answer.content.decode()
    assert why in body
    assert f'value="{form["name"]}"' in body or not form["name"]
    assert ApiToken.objects.count() == 1


def test_an_expired_token_a_closed_account_and_a_lost_role_open_nothing(client: Client) -> None:
    owner = factories.person("operator")
    made = tokens.issue(owner, name="ci", actor="test", days=1)
    path = "/api/v1/functions"
    assert client.get(path, headers=bearer(made.text)).status_code == 200
    ApiToken.objects.update(expires_at=timezone.now())
    assert client.get(path, headers=bearer(made.text)).status_code == 401
    assert "Expired" in logged_in(owner).get(PATH).content.decode()
    ApiToken.objects.update(expires_at=None)
    owner.groups.clear()
    assert client.get(path, headers=bearer(made.text)).status_code == 403
    owner.is_active = False
    owner.save()
    assert client.get(path, headers=bearer(made.text)).status_code == 401


def logged_in(owner: Any) -> Client:
    client = Client()
    client.force_login(owner, backend="dashboard.backends.RoleBackend")
    return client


def test_a_token_for_a_lower_role_may_do_no_more_than_that(client: Client) -> None:
    factories.function("walker")
    owner = factories.person("approver")
    made = tokens.issue(owner, name="reads", actor="test", role="viewer")
    assert client.get("/api/v1/functions/walker", headers=bearer(made.text)).status_code == 200
    refused = client.post(
        "/api/v1/functions/walker/assess", content_type="application/json", headers=bearer(made.text)
    )
    assert refused.status_code == 403
    assert "a token for the role operator" in refused.json()["error"]


def test_somebody_has_so_many_tokens_at_most_and_revoked_ones_do_not_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tokens, "MOST", 2)
    owner = factories.person("viewer")
    first = tokens.issue(owner, name="1", actor="test")
    tokens.issue(owner, name="2", actor="test")
    with pytest.raises(BadInput, match="has 2 tokens"):
        tokens.issue(owner, name="3", actor="test")
    tokens.revoke(owner, first.row.pk, actor="test")
    tokens.issue(owner, name="3", actor="test")


def test_the_api_lists_makes_and_revokes_ones_own_and_no_stronger_one(client: Client) -> None:
    owner = factories.person("operator")
    tokens.issue(factories.person("operator"), name="somebody else's", actor="test")
    own = tokens.issue(owner, name="ci", actor="test", role="operator", days=10)
    capped = tokens.issue(owner, name="reads", actor="test", role="viewer")

    def post(body: object, text: str = own.text) -> Any:
        return client.post("/api/v1/tokens", body, content_type="application/json", headers=bearer(text))

    listed = client.get("/api/v1/tokens", headers=bearer(own.text)).json()
    assert {one["name"] for one in listed} == {"ci", "reads"}
    assert all("token" not in one and "digest" not in one for one in listed)
    assert post({"name": "longer", "days": 11}).status_code == 422
    assert post({"name": "for ever"}).status_code == 422
    assert post({"name": "more", "role": "approver", "days": 1}).status_code == 422
    assert post({"name": "more", "role": "operator"}, capped.text).status_code == 422
    made = post({"name": "job", "days": 1}).json()
    assert (made["role"], made["works"]) == ("operator", True)
    assert post({"name": "as much"}, capped.text).json()["role"] == "viewer"
    assert client.get("/api/v1/functions", headers=bearer(made["token"])).status_code == 200
    path = f"/api/v1/tokens/{made['id']}"
    assert client.delete(path, headers=bearer(own.text)).json()["works"] is False
    assert client.delete(path, headers=bearer(own.text)).status_code == 409
    other = ApiToken.objects.get(name="somebody else's")
    assert client.delete(f"/api/v1/tokens/{other.pk}", headers=bearer(own.text)).status_code == 422
    assert client.get("/api/v1/functions", headers=bearer(made["token"])).status_code == 401
