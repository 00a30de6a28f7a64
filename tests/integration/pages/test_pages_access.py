"""Who gets in, and what a role may do."""

from __future__ import annotations

import pytest
from django.test import Client
from pytest_django import Settings

from migrations_app.models import FunctionMigration, Operation
from migrations_app.services import people
from tests import factories

pytestmark = pytest.mark.django_db
SECRET = "a-secret-for-demo-links"


def test_a_stranger_is_sent_to_the_login(client: Client) -> None:
    answer = client.get("/functions/")
    assert (answer.status_code, answer["Location"]) == (302, "/login/?next=/functions/")


def test_a_person_without_a_role_reads_who_can_give_one(client: Client) -> None:
    user = factories.person("viewer", "nobody")
    user.groups.clear()
    client.force_login(user, backend="dashboard.backends.RoleBackend")
    answer = client.get("/")
    assert answer.status_code == 403
    assert "Ask an approver to make you a viewer" in answer.content.decode()


def test_the_right_password_logs_in_and_a_wrong_one_says_so(client: Client) -> None:
    factories.person("viewer", "ada")
    wrong = client.post("/login/", {"username": "ada", "password": "wrong"})
    assert (wrong.status_code, "do not belong together" in wrong.content.decode()) == (422, True)
    right = client.post("/login/", {"username": "ada", "password": "correct horse", "next": "/audit/"})
    assert (right.status_code, right["Location"]) == (302, "/audit/")


def test_the_login_never_sends_people_to_another_site(client: Client) -> None:
    factories.person("viewer", "ada")
    answer = client.post(
        "/login/", {"username": "ada", "password": "correct horse", "next": "https://evil.example/"}
    )
    assert answer["Location"] == "/"


def test_a_demo_link_works_as_often_as_it_is_opened(client: Client, settings: Settings) -> None:
    settings.DEMO_LOGIN_SECRET = SECRET
    people.ensure("operator", "operator")
    path = people.demo_login_path("operator")
    for _ in range(2):
        assert client.get(path)["Location"] == "/"
        client.post("/logout/")


def test_a_demo_link_is_dead_without_the_secret(client: Client, settings: Settings) -> None:
    settings.DEMO_LOGIN_SECRET = SECRET
    people.ensure("operator", "operator")
    path = people.demo_login_path("operator")
    settings.DEMO_LOGIN_SECRET = ""
    assert client.get(path).status_code == 404


def test_a_demo_link_of_another_secret_is_refused(client: Client, settings: Settings) -> None:
    settings.DEMO_LOGIN_SECRET = "another-secret"
    people.ensure("operator", "operator")
    path = people.demo_login_path("operator")
    settings.DEMO_LOGIN_SECRET = SECRET
    assert client.get(path).status_code == 404


@pytest.mark.parametrize(
    "path", ["roll-back/", "hold/", "resume/", "assess/", "events/import/", "shift/", "deploy/"]
)
def test_a_viewer_who_presses_an_operators_button_changes_nothing(viewer: Client, path: str) -> None:
    made = factories.shifting()
    answer = viewer.post(f"/functions/{made.name}/{path}", {"reason": "I try", "weight": "50"})
    assert answer.status_code == 403
    assert "needs the role operator" in answer.content.decode()
    assert Operation.objects.count() == 0
    assert FunctionMigration.objects.get().held_at is None


def test_an_operator_cannot_approve(operator: Client) -> None:
    operation = factories.rolling_back(factories.shifting())
    assert operator.post(f"/operations/{operation.pk}/approve/", {"reason": "yes"}).status_code == 403


def test_a_form_without_our_token_is_refused() -> None:
    strict = Client(enforce_csrf_checks=True)
    answer = strict.post("/login/", {"username": "ada", "password": "x"})
    assert answer.status_code == 403
    assert "no longer valid" in answer.content.decode()


def test_every_page_has_the_strict_policy_and_no_inline_style_or_script(operator: Client) -> None:
    made = factories.shifting()
    factories.traffic(made, minutes=3)
    for path in ("/", "/functions/", f"/functions/{made.name}/", f"/functions/{made.name}/shift/?to=5000"):
        answer = operator.get(path)
        assert "default-src 'none'" in answer["Content-Security-Policy"]
        assert "unsafe" not in answer["Content-Security-Policy"]
        body = answer.content.decode()
        assert " style=" not in body
        assert "<script>" not in body
        assert " onclick=" not in body


def test_it_is_healthy_while_the_database_answers(client: Client) -> None:
    assert client.get("/healthz/").json() == {"ok": True, "database": True}
