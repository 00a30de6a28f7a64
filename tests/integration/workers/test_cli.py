"""The command line on simulated clouds: answers, exit codes, and that a refusal changes nothing."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from clouds.simulated.world import World
from cutover.errors import Denied, NoAnswer
from cutover.observation import Side
from migrations_app.models import AuditEntry, Connection, FunctionMigration, Operation, Policy, Run
from migrations_app.services import people, shifting
from tests.integration.workers import worlds
from workers.cli.main import run
from workers.watch import way_back

pytestmark = pytest.mark.django_db(transaction=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """What a command line said."""

    code: int
    out: str
    progress: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


Cutover = Callable[..., Said]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("CUTOVER_RELAY_ACCESS_KEY_ID", "relay")
    monkeypatch.setenv("CUTOVER_RELAY_ACCESS_KEY_SECRET", "relay-secret")
    way_back.forget()
    with worlds.clouds() as made:
        yield made


def cutover(*words: str) -> Said:
    out, progress = io.StringIO(), io.StringIO()
    code = run(words, stdout=out, stderr=progress)
    return Said(code=code, out=out.getvalue(), progress=progress.getvalue())


def changed_nothing(before: tuple[int, ...]) -> bool:
    return before == counted()


def counted() -> tuple[int, ...]:
    return (AuditEntry.objects.count(), Operation.objects.count(), Run.objects.count())


def test_the_whole_way_there_and_back_by_commands_alone(world: World, tmp_path: Path) -> None:
    world.add_function("hello")
    assert (
        cutover("connect", "fc", "--cloud", "alibaba", "--region", "cn-hangzhou", "--account", "1432").code
        == 0
    )
    words = ("connect", "aws", "--cloud", "aws", "--region", "us-east-1", "--account", "123456789012")
    assert cutover(*words, "--counterpart", "fc", "--json").document["connection"] == "aws"
    assert cutover("check", "aws").code == 0
    assert cutover("sync", "--json").document["new"] == ["hello"]
    assert cutover("assess", "--all", "--json").code == 0
    assert cutover("plan", "hello", "--for", "deploy", "--json").document["actions"]
    declared = cutover("declare", "hello", "--effects", "read-only", "--reason", "reads", "--json")
    assert declared.document["effects"] == "read-only"
    events = tmp_path / "events.jsonl"
    events.write_text('{"name": "Ada"}\n\n{"name": "Grace"}\n')
    assert cutover("suite", "import", "hello", str(events), "--json").document["events"] == 2
    deployed = cutover("deploy", "hello", "--json")
    assert (deployed.code, deployed.document["state"]) == (0, "succeeded")
    validated = cutover("validate", "hello", "--json")
    assert (validated.code, validated.document["result"]) == (0, "pass")
    assert len(cutover("comparisons", "hello", "--outcome", "match", "--limit", "3", "--json").document) == 3
    Policy.objects.create(callers_window_s=0)
    shifted = cutover("shift", "hello", "--to", "5", "--json")
    assert (shifted.code, shifted.document["state"]) == (0, "succeeded")
    assert "lambda:UpdateAlias" in shifted.progress
    status = cutover("status", "hello", "--json").document
    assert (status["phase"], status["observed_weight_bp"]) == ("shifting", 500)
    assert (status["verdict"], status["verdict_stale"]) == ("pass", False)
    assert status["last_five_minutes"] == {
        "pairs": {"against_fc": 0, "all": 320},
        "primary": {"errors": 0, "events": 0},
        "candidate": {"errors": 0, "events": 0},
    }
    back = cutover("rollback", "hello", "--reason", "enough", "--json")
    assert (back.code, back.document["state"]) == (0, "succeeded")
    assert worlds.alias(world, FunctionMigration.objects.get()) == ("1", {})
    trail = cutover("audit", "hello", "--verify", "--json")
    assert (trail.code, trail.document["whole"]) == (0, True)
    assert cutover("list").out.splitlines()[1].split()[:3] == ["hello", "aws", "rolled-back"]


def test_decommission_waits_for_another_approver_and_is_restored(world: World) -> None:
    function = worlds.validated(world)
    Policy.objects.update(quiet_window_s=0, soak_window_s=0, callers_window_s=0)
    worlds.shifted(function, 10_000)
    FunctionMigration.objects.filter(pk=function.pk).update(phase="cut-over")
    people.ensure("anna", people.Role.APPROVER)
    people.ensure("otto", people.Role.OPERATOR)
    asked = cutover("decommission", "hello", "--reason", "done", "--as", "anna", "--json")
    assert (asked.code, asked.document["state"]) == (0, "blocked")
    for name in ("anna", "otto", "nobody"):
        refused = cutover("approve", asked.document["id"], "--reason", "yes", "--as", name, "--json")
        assert refused.code == 4, name
        assert refused.document["reasons"]
    people.ensure("bert", people.Role.APPROVER)
    world.functions["hello"].calls.clear()
    approved = cutover("approve", "hello", "--reason", "yes", "--as", "bert", "--json")
    assert (approved.code, approved.document["state"]) == (0, "succeeded")
    assert "hello" not in world.functions
    too_late = cutover("rollback", "hello", "--reason", "oh", "--json")
    assert too_late.code == 4
    assert "restore" in too_late.document["error"]
    restored = cutover("restore", "hello", "--reason", "oh", "--json")
    assert (restored.code, restored.document["state"]) == (0, "succeeded")
    assert "hello" in world.functions


def test_a_name_that_does_not_exist_gets_the_near_ones_and_2(world: World) -> None:
    worlds.assessed(world, "orders")
    said = cutover("status", "order", "--json")
    assert said.code == 2
    assert said.document["error"] == "There is no function 'order'. Did you mean orders?"
    assert cutover("deploy", "order").progress.startswith("There is no function 'order'.")


def test_a_name_on_two_connections_has_to_be_qualified(world: World) -> None:
    function = worlds.assessed(world, "orders")
    other = Connection.objects.create(name="other", cloud="aws", region="eu-west-1", account_id="1")
    FunctionMigration.objects.create(connection=other, name="orders", arn="x", facts=function.facts)
    said = cutover("status", "orders", "--json")
    assert said.code == 2
    assert "aws:orders" in said.document["error"]
    assert cutover("status", "aws:orders", "--json").document["connection"] == "aws"


@pytest.mark.parametrize("content", ["not json", '{"a": 1}\n{"b": ', '{"a": 1}\nnull}'])
def test_a_body_that_is_not_json_gets_2_and_changes_nothing(
    world: World, tmp_path: Path, content: str
) -> None:
    worlds.deployed(world)
    file = tmp_path / "events"
    file.write_text(content)
    before = counted()
    for words in (("suite", "import", "hello", str(file)), ("validate", "hello", "--events", str(file))):
        said = cutover(*words, "--json")
        assert said.code == 2
        assert "is not JSON" in said.document["error"]
    assert changed_nothing(before)


@pytest.mark.parametrize(
    "words",
    [
        ("shift", "hello", "--to", "101"),
        ("shift", "hello", "--to", "much"),
        ("shift", "hello", "--to", "0.001"),
        ("shift", "hello", "--steps", "5,5,100"),
        ("shift", "hello", "--steps", "0,100"),
        ("shift", "hello", "--steps", ""),
        ("shift", "hello"),
        ("plan", "hello", "--for", "shift"),
        ("plan", "hello", "--for", "deploy", "--to", "5"),
        ("assess",),
        ("assess", "hello", "--all"),
        ("validate", "hello", "--pairs", "0"),
        ("validate", "hello", "--events", "no-such-file"),
        ("declare", "hello", "--effects", "harmless", "--reason", "r"),
        ("approve", "11111111-1111-1111-1111-111111111111", "--reason", "r"),
        ("rule", "retire", "99"),
        ("fly", "hello"),
        (),
    ],
)
def test_wrong_use_gets_2_with_one_document_and_changes_nothing(world: World, words: tuple[str, ...]) -> None:
    worlds.deployed(world)
    before = counted()
    said = cutover(*words, "--json")
    assert said.code == 2
    assert said.document["error"]
    assert changed_nothing(before)


def test_what_a_guard_refuses_gets_4_with_the_reasons_and_changes_nothing(world: World) -> None:
    worlds.assessed(world)
    before = counted()
    refused = (
        ("validate", "hello"),
        ("shift", "hello", "--to", "5"),
        ("shift", "hello", "--steps", "5,100"),
        ("decommission", "hello", "--reason", "r"),
        ("plan", "hello", "--for", "shift", "--to", "5"),
        ("rollback", "hello", "--reason", "r"),
        ("restore", "hello", "--reason", "r"),
    )
    for words in refused:
        said = cutover(*words, "--json")
        assert said.code == 4, words
        assert said.document["reasons"], words
        assert all(sentence.endswith(".") for sentence in said.document["reasons"]), said.document
    assert changed_nothing(before)


def test_an_operation_that_runs_already_gets_4(world: World) -> None:
    function = worlds.validated(world)
    shifting.start(function.pk, to_bp=100, actor="other", reason="first")
    said = cutover("shift", "hello", "--to", "5", "--json")
    assert said.code == 4
    assert "running" in said.document["error"]


def test_a_verdict_fail_gets_1_and_a_verdict_that_cannot_be_drawn_gets_3(world: World) -> None:
    function = worlds.deployed(world)
    assert cutover("validate", "hello", "--pairs", "10", "--json").code == 3

    def wrong(side: Side, payload: bytes) -> bytes:
        return payload if side is Side.PRIMARY else b'{"name": "nobody"}'

    world.behaviours[function.target["name"]] = wrong
    failed = cutover("validate", "hello", "--pairs", "60", "--json")
    assert (failed.code, failed.document["result"]) == (1, "fail")
    world.fail("fc:InvokeFunction", NoAnswer, times=1000)
    silent = cutover("validate", "hello", "--pairs", "30", "--json")
    assert (silent.code, silent.document["result"]) == (3, "error")


def test_a_blocker_found_gets_1(world: World) -> None:
    world.add_function("old", runtime="ruby3.3")
    worlds.assessed(world)
    said = cutover("assess", "old", "--json")
    assert said.code == 1
    blocking = [one for one in said.document["findings"] if one["severity"] == "blocker"]
    assert all(one["remedy"] for one in blocking)


def test_a_cloud_that_refuses_is_told_and_undone(world: World) -> None:
    worlds.assessed(world)
    cutover("declare", "hello", "--effects", "read-only", "--reason", "reads")
    world.fail("fc:CreateFunction", Denied, times=100)
    said = cutover("deploy", "hello", "--json")
    assert (said.code, said.document["state"]) == (1, "undone")
    assert "check" in said.document["error"]
    assert FunctionMigration.objects.get().phase == "assessed"


def test_a_connection_that_cannot_be_reached_gets_3(world: World) -> None:
    worlds.connection()
    world.fail("*", NoAnswer, times=1000)
    assert cutover("check", "aws", "--json").code == 3
    assert cutover("sync", "--json").code == 3


def test_hold_and_resume_and_rules_say_who_and_why(world: World) -> None:
    worlds.validated(world)
    assert cutover("hold", "hello", "--reason", "freeze", "--as", "olga").code == 0
    said = cutover("shift", "hello", "--to", "5", "--json")
    assert said.code == 4
    assert "olga" in said.document["error"]
    assert cutover("resume", "hello", "--reason", "over", "--json").document["held_by"] == ""
    words = ("--name", "times", "--kind", "ignore", "--pointer", "/at", "--reason", "clock")
    made = cutover("rule", "add", "hello", *words, "--json").document
    assert cutover("rule", "list", "hello", "--json").document[0]["name"] == "times"
    assert cutover("rule", "retire", str(made["id"]), "--reason", "fixed").code == 0
    assert cutover("rule", "list", "hello", "--json").document == []
    assert cutover("suite", "list", "hello", "--json").document == [
        {"suite": "default", "version": 1, "events": 3}
    ]


def test_twins_and_environment_names_are_declared_shown_and_taken_away(world: World) -> None:
    function = worlds.assessed(world)
    FunctionMigration.objects.filter(pk=function.pk).update(
        facts={**function.facts, "environment": {"BUCKET": "hash"}}
    )
    given = ("--kind", "bucket", "--aws", "acme", "--alibaba", "acme-cn", "--state", "disposable")
    added = cutover("twin", "hello", "add", "reports", *given, "--prefix", "out/", "--json")
    assert added.code == 0, added
    assert (added.document["candidate"], added.document["settings"]) == ("acme-cn", {"prefix": "out/"})
    mapped = cutover("env", "hello", "set", "BUCKET", "--to", "twin:reports")
    assert (mapped.code, "The next deploy" in mapped.out) == (0, True)
    shown = cutover("status", "hello", "--json").document
    assert [one["name"] for one in shown["twins"]] == ["reports"]
    assert shown["environment"] == [{"name": "BUCKET", "source": "twin", "argument": "reports"}]
    assert "acme -> acme-cn" in cutover("status", "hello").out
    assert "reports" in cutover("twin", "hello", "list").out
    assert "BUCKET" in cutover("env", "hello", "list").out
    planned = cutover("plan", "hello", "--for", "deploy", "--json").document
    assert any("twin reports" in note for note in planned["notes"])
    assert cutover("twin", "hello", "remove", "reports", "--json").code == 2, "BUCKET still points at it"
    assert cutover("env", "hello", "set", "BUCKET", "--to", "BUCKET").code == 0
    assert cutover("twin", "hello", "remove", "reports").code == 0
    assert cutover("twin", "hello", "list", "--json").document == []


def test_a_queue_that_cannot_be_looked_at_without_harm_gets_2_and_says_what_to_do(world: World) -> None:
    worlds.assessed(world)
    given = ("--kind", "queue", "--aws", "url", "--alibaba", "jobs", "--state", "shared", "--json")
    refused = cutover("twin", "hello", "add", "jobs", *given)
    assert refused.code == 2
    assert "shadow" in refused.document["error"]
    assert cutover("twin", "hello", "add", "jobs", *given, "--no-probe").code == 0


def test_a_trail_that_was_changed_gets_1(world: World) -> None:
    worlds.assessed(world)
    AuditEntry.objects.filter(pk=AuditEntry.objects.order_by("pk")[0].pk).update(reason="forged")
    assert cutover("audit", "--verify", "--json").code == 1


def test_the_django_command_exits_with_the_code(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        call_command("cutover", "status", "nothing", "--json")
    assert ended.value.code == 2
    assert json.loads(capsys.readouterr().out)["error"]
