"""`manage.py demo_setup` on simulated clouds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings

from clouds.simulated.world import World
from cutover.errors import NoAnswer
from migrations_app.models import AuditEntry, Connection, FunctionMigration, Policy, Suite
from migrations_app.services import people, suites
from tests.integration.workers import worlds

pytestmark = pytest.mark.django_db(transaction=True)

ENVIRONMENT = {
    "AWS_ENDPOINT": "http://127.0.0.1:4566",
    "AWS_ACCOUNT": "123456789012",
    "AWS_REGION": "us-east-1",
    "ALIBABA_ACCOUNT": "1432000000000001",
    "ALIBABA_REGION": "cn-hangzhou",
    "FC_ENDPOINT": "127.0.0.1:4567",
    "OSS_ENDPOINT": "http://127.0.0.1:4567",
    "SLS_ENDPOINT": "cn-hangzhou.log.aliyuncs.com",
    "SLS_PROXY": "http://127.0.0.1:4567",
}


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[World]:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(f"CUTOVER_DEMO_{name}", value)
    (tmp_path / "orders.jsonl").write_text('{"name": "Ada"}\n')
    (tmp_path / "hello").mkdir()
    (tmp_path / "hello" / "events.jsonl").write_text('{"name": "Ada"}\n{"name": "Grace"}\n')
    monkeypatch.setenv("CUTOVER_DEMO_EVENTS", str(tmp_path))
    with worlds.clouds() as made, override_settings(DEMO_LOGIN_SECRET="only-for-tests"):
        made.add_function("hello")
        made.add_function("orders")
        yield made


def set_up(capsys: pytest.CaptureFixture[str]) -> dict[str, dict[str, str]]:
    call_command("demo_setup")
    return dict(json.loads(capsys.readouterr().out))


def test_it_furnishes_a_demo_and_prints_a_link_per_role(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    links = set_up(capsys)["login_urls"]
    for role, link in links.items():
        person = people.demo_user(link.removeprefix("/login/demo/").rstrip("/"))
        assert person is not None
        assert people.role_of(person) == role
    assert set(links) == {"viewer", "operator", "approver"}
    here = Connection.objects.get(name="aws-demo")
    assert here.counterpart == Connection.objects.get(name="alibaba-demo")
    assert here.check_report["reachable"] is True
    assert {one.phase for one in FunctionMigration.objects.all()} == {"assessed"}
    assert {suite.function.name: suite.events.count() for suite in Suite.objects.all()} == {
        "hello": 2,
        "orders": 1,
    }
    policy = Policy.objects.get()
    assert (policy.callers_window_s, policy.step_min_candidate_events) == (20, 5)


def test_it_can_be_repeated_and_leaves_what_people_did(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up(capsys)
    Policy.objects.update(step_min_seconds=42)
    suites.import_events(FunctionMigration.objects.get(name="hello").pk, [{"name": "own"}], actor="olga")
    set_up(capsys)
    assert Policy.objects.get().step_min_seconds == 42
    assert Suite.objects.get(function__name="hello").events.count() == 1
    assert Connection.objects.count() == 2
    assert Connection.objects.get(name="aws-demo").sync_due_at is not None
    assert AuditEntry.objects.filter(verb__startswith="connection:added").count() == 2
    assert not AuditEntry.objects.filter(verb="connection:changed").exists()


def test_an_address_that_changed_is_written_down(
    world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    set_up(capsys)
    monkeypatch.setenv("CUTOVER_DEMO_AWS_ENDPOINT", "http://127.0.0.1:9999")
    set_up(capsys)
    assert Connection.objects.get(name="aws-demo").endpoints == {"": "http://127.0.0.1:9999"}


def test_clouds_that_do_not_answer_end_it_with_a_sentence(world: World) -> None:
    world.fail("*", NoAnswer, times=1000)
    with pytest.raises(CommandError, match="inventory could not be read"):
        call_command("demo_setup")


def test_it_says_which_variable_is_missing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUTOVER_DEMO_FC_ENDPOINT")
    with pytest.raises(CommandError, match="CUTOVER_DEMO_FC_ENDPOINT"):
        call_command("demo_setup")
