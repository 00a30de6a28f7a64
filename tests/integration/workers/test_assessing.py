"""Assessment with the package that a worker reads: free when nothing changed, waived with a reason."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from clouds.simulated.world import World
from cutover.errors import BadInput, Denied
from migrations_app.models import AuditEntry, FunctionMigration
from migrations_app.selectors import assessment as shown
from migrations_app.services import assessment as service
from migrations_app.services import guards, inventory, target_code
from tests.integration.workers import worlds
from tests.integration.workers.test_cli import cutover
from workers import assessment, wiring

pytestmark = pytest.mark.django_db(transaction=True)

WRITES = "import boto3\nS = boto3.client('sqs')\ndef handler(e, c):\n    S.send_message(QueueUrl=e['q'])\n"


@pytest.fixture
def world() -> Iterator[World]:
    with worlds.clouds() as made:
        yield made


def package(text: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr(zipfile.ZipInfo("app.py"), text)
    return made.getvalue()


def synced(world: World, text: str = WRITES) -> FunctionMigration:
    if "hello" in world.functions:
        world.deploy_behind_our_back("hello", package=package(text))
    else:
        world.add_function("hello", package=package(text))
    here = worlds.connection()
    facts = wiring.primary(here).catalog.describe("hello", hash_key=b"key")
    inventory.record_sync(here, [facts], actor="test")
    return FunctionMigration.objects.get()


def finding(function: FunctionMigration, rule: str) -> dict[str, Any]:
    function.refresh_from_db()
    found: dict[str, Any] = next(one for one in function.findings if one["rule"] == rule)
    return found


def test_code_is_asked_for_by_the_page_and_read_by_a_worker(world: World) -> None:
    function = synced(world)
    service.assess(function.pk, actor="ann")
    assert finding(function, "code-unread")["severity"] == "ok"
    assert function.readiness["code_read"] is False
    assert assessment.run_due() == 1
    assert finding(function, "sdk-write")["place"] == "app.py:4"
    assert function.readiness["code_read"] is True
    assert function.code_due_at is None
    assert assessment.run_due() == 0


def test_assessing_unchanged_code_again_reads_no_package(world: World) -> None:
    function = synced(world)
    assessment.assess(function.pk, actor="ann")
    before = finding(function, "sdk-write")
    world.fail("lambda:GetFunction", Denied, times=10)
    assessment.assess(function.pk, actor="ann")
    assert finding(function, "sdk-write") == before


def test_what_stops_the_reading_is_told_and_the_next_assessment_tries_again(world: World) -> None:
    function = synced(world)
    world.fail("lambda:GetFunction", Denied)
    assessment.assess(function.pk, actor="ann")
    assert finding(function, "code-unread")["severity"] == "warn"
    service.assess(function.pk, actor="ann")
    assert FunctionMigration.objects.filter(code_due_at__lte=timezone.now()).exists()
    assessment.run_due()
    assert finding(function, "sdk-write")


def test_code_that_changed_since_the_inventory_is_not_judged_as_the_old(world: World) -> None:
    function = synced(world)
    world.deploy_behind_our_back("hello", package=package("x = 1\n"))
    assessment.assess(function.pk, actor="ann")
    assert "Sync" in finding(function, "code-unread")["why"]


def test_a_waiver_needs_a_reason_stays_with_its_code_and_lapses_with_it(world: World) -> None:
    function = synced(world)
    assessment.assess(function.pk, actor="ann")
    found = finding(function, "sdk-write")
    score = function.readiness["score"]
    with pytest.raises(BadInput):
        service.waive(function.pk, found["identity"], reason=" ", actor="ann")
    service.waive(function.pk, found["identity"], reason="The queue is shared.", actor="ann")
    assert finding(function, "sdk-write")["waiver"]["by"] == "ann"
    assert function.readiness["score"] > score
    assert AuditEntry.objects.filter(verb="finding:waived", reason="The queue is shared.").exists()
    assessment.assess(function.pk, actor="ann")
    assert "waiver" in finding(function, "sdk-write")
    synced(world, WRITES + "# changed\n")
    assessment.assess(function.pk, actor="ann")
    assert "waiver" not in finding(function, "sdk-write")
    assert function.waivers[found["identity"]]["lapsed"] is True


def test_a_waived_blocker_does_not_stop_the_deploy_and_counts_again_when_withdrawn(world: World) -> None:
    function = synced(world, "x = 1\n")
    function.facts["handler"] = "main.handler"
    function.save(update_fields=["facts"])
    assessment.assess(function.pk, actor="ann")
    found = finding(function, "handler-file")
    assert any("No file" in one.sentence for one in guards.deploy_reasons(function))
    service.waive(function.pk, found["identity"], reason="A layer has it.", actor="ann")
    function.refresh_from_db()
    assert not any("No file" in one.sentence for one in guards.deploy_reasons(function))
    service.withdraw_waiver(function.pk, found["identity"], reason="It has not.", actor="ann")
    function.refresh_from_db()
    assert any("No file" in one.sentence for one in guards.deploy_reasons(function))


SAM = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: src, Handler: app.handler, Runtime: python3.12, FunctionName: declared}
"""


def test_templates_are_an_inventory_of_their_own_and_their_code_is_read_from_disk(
    world: World, tmp_path: Path
) -> None:
    synced(world)
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "app.py").write_text(WRITES)
    (tmp_path / "template.yaml").write_text(SAM)
    said = cutover("sync", "aws", "--from", str(tmp_path), "--json")
    assert (said.code, said.document["new"]) == (0, ["declared"])
    assessed = cutover("assess", "declared", "--json")
    assert "app.py:4" in [one["place"] for one in assessed.document["findings"]]
    assert assessed.document["readiness"]["code_read"] is True
    cutover("sync", "aws", "--json")
    assert not FunctionMigration.objects.filter(gone_at__isnull=False).exists()
    (tmp_path / "template.yaml").write_text(SAM.replace("declared", "hello"))
    assert cutover("sync", "aws", "--from", str(tmp_path), "--json").document["kept"] == ["hello"]


def test_a_template_that_cannot_be_read_gets_1_and_a_folder_that_is_not_there_2(
    world: World, tmp_path: Path
) -> None:
    worlds.connection()
    (tmp_path / "serverless.yml").write_text("a: [\n")
    said = cutover("sync", "aws", "--from", str(tmp_path / "serverless.yml"), "--json")
    assert (said.code, said.document["troubles"][0]["line"]) == (1, 2)
    assert cutover("sync", "aws", "--from", str(tmp_path / "nowhere"), "--json").code == 2


def test_the_command_line_waives_by_the_identity_that_assess_prints(world: World) -> None:
    synced(world)
    said = cutover("assess", "hello", "--json")
    identity = next(one["identity"] for one in said.document["findings"] if one["rule"] == "sdk-write")
    assert identity in cutover("assess", "hello").out
    assert cutover("waive", "hello", identity, "--reason", "shared queue", "--json").code == 0
    again = cutover("assess", "hello", "--json").document
    assert [one["rule"] for one in again["findings"] if one.get("waiver")] == ["sdk-write"]
    assert cutover("waive", "hello", "nothing", "--reason", "x", "--json").code == 2
    back = cutover("unwaive", "hello", identity, "--reason", "not shared", "--json")
    assert (back.code, back.document["waived"]) == (0, False)
    assert cutover("unwaive", "hello", identity, "--reason", "again", "--json").code == 2


def test_the_command_line_maps_triggers_with_what_their_events_lose(world: World) -> None:
    function = synced(world)
    assert "no trigger was found" in cutover("triggers", "hello").out
    function.facts["triggers"] = [
        {"kind": "s3", "source": "in", "qualifier": "live", "enabled": True},
        {"kind": "iot", "source": "rule", "qualifier": "", "enabled": False},
    ]
    function.save(update_fields=["facts"])
    bucket, rule = cutover("triggers", "hello", "--json").document
    assert {"field": "s3.object.sequencer", "reason": "OSS does not say this"} in bucket["losses"]
    assert (rule["aims"], rule["there"], rule["losses"]) == ("bare", "", None)
    said = cutover("triggers", "hello").out
    assert "iot rule addresses the bare function, switched off" in said
    assert "no counterpart on FC: rules of AWS IoT" in said


def test_findings_come_with_the_lines_around_and_the_code_with_its_scaffold(world: World) -> None:
    function = synced(world)
    assessment.assess(function.pk, actor="ann")
    around = finding(function, "sdk-write")["around"]
    assert [number for number, _ in around] == [2, 3, 4]
    assert around[1] == [3, "def handler(e, c):"]
    made = target_code.scaffolded(function)
    assert made is not None
    assert "+++ b/handler_alibaba.py" in made.diff
    assert not any("masked" in note["sentence"] for note in made.notes)
    synced(world, "import boto3\n# nothing is called\ndef handler(e, c):\n    return 1\n")
    function.refresh_from_db()
    assert target_code.scaffolded(function) is None
    assessment.assess(function.pk, actor="ann")
    function.refresh_from_db()
    refused = target_code.scaffolded(function)
    assert refused is not None
    assert refused.refused
    synced(world, WRITES + "TOKEN = {'api_key': 'abcDEF123456'}\n")
    assessment.assess(function.pk, actor="ann")
    function.refresh_from_db()
    masked = target_code.scaffolded(function)
    assert masked is not None
    assert "abcDEF123456" not in str(function.code_findings)
    assert "masked" in masked.notes[0]["sentence"]


def test_a_function_of_the_same_name_on_fc_is_a_finding(world: World) -> None:
    function = synced(world)
    there = worlds.connection().counterpart
    assert there is not None
    there.check_report = {
        "functions": [
            {"name": "shop$hello", "generation": "2", "role": "acs:ram::1:role/shop", "ours": False},
            {"name": "other", "generation": "3", "role": "", "ours": False},
        ]
    }
    there.save(update_fields=["check_report"])
    assessment.assess(function.pk, actor="ann")
    assert "acs:ram::1:role/shop" in finding(function, "target-exists")["place"]
    assert len([one for one in function.findings if one["rule"] == "target-exists"]) == 1


def test_what_pages_show_of_an_assessment(
    world: World, django_assert_num_queries: Callable[[int], AbstractContextManager[object]]
) -> None:
    function = synced(world)
    function.facts["triggers"] = [
        {"kind": "sqs", "source": "q", "qualifier": "live", "enabled": True},
        {"kind": "iot", "source": "rule", "qualifier": "", "enabled": False},
    ]
    function.save(update_fields=["facts"])
    assessment.assess(function.pk, actor="ann")
    function.refresh_from_db()
    by_severity = shown.findings_by_severity(function)
    assert {one["rule"] for one in by_severity["warn"]} >= {"sdk-write", "trigger"}
    queue, rule = shown.trigger_map(function)
    assert (queue.there[:3], queue.reason) == ("SMQ", "")
    assert (rule.there, rule.enabled) == ("", False)
    assert "AWS IoT" in rule.reason
    steps = shown.checklist(function)
    assert len(steps) == 3
    assert any(task["rule"] == "sdk-write" for task in steps[1][1])
    with django_assert_num_queries(1):
        found = shown.portfolio_readiness()
    assert (found.functions, found.assessed, found.blocked) == (1, 1, 0)
    assert found.hours_low < found.hours_high
