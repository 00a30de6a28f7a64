"""The generated code has the intent of the guide's Alibaba side, pair by pair, in today's resources."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import hcl2
import pytest
import yaml

from cutover.planning import adoptable
from cutover.target_code import Form, Generated, generate
from tests.unit.cutover.target_code.guide import ACCOUNT, GUIDE, REGION

KINDS = {
    "alicloud_fcv3_function", "alicloud_fcv3_function_version", "alicloud_fcv3_alias",
    "alicloud_fcv3_trigger", "alicloud_log_project", "alicloud_log_store", "alicloud_log_store_index",
    "alicloud_ram_role", "alicloud_ram_policy", "alicloud_ram_role_policy_attachment",
    "alicloud_oss_bucket", "alicloud_message_service_queue", "alicloud_message_service_topic",
}  # fmt: skip


def terraform(pair: str) -> Generated:
    return generate(Form.TERRAFORM, GUIDE[pair])


def resources(made: Generated) -> dict[tuple[str, str], Mapping[str, Any]]:
    """Every resource of the Terraform files, read by python-hcl2: (kind, label) -> body."""
    found = {}
    for name, text in made.files.items():
        for one in hcl2.loads(text).get("resource", []):
            for kind, labels in one.items():
                for label, body in labels.items():
                    assert name.endswith(".tf")
                    found[kind.strip('"'), label.strip('"')] = body
    return found


def kinds(made: Generated) -> set[str]:
    return {kind for kind, _ in resources(made)}


def allowed(made: Generated) -> dict[str, list[str]]:
    """The policy of the function's role: action -> resources."""
    return {action: list(line.resources) for line in made.policy.lines for action in line.actions}


@pytest.mark.parametrize("pair", GUIDE)
def test_each_side_parses_and_every_resource_says_why_it_is_there(pair: str) -> None:
    made = terraform(pair)

    assert kinds(made) <= KINDS
    for text in made.files.values():
        lines = text.split("\n")
        blocks = [number for number, line in enumerate(lines) if line.startswith("resource ")]
        assert all(lines[number - 1].startswith("# ") for number in blocks)


@pytest.mark.parametrize("form", Form)
@pytest.mark.parametrize("pair", GUIDE)
def test_the_same_basis_gives_the_same_bytes(pair: str, form: Form) -> None:
    assert generate(form, GUIDE[pair]) == generate(form, GUIDE[pair])


@pytest.mark.parametrize("pair", GUIDE)
def test_the_function_in_both_forms_is_one_that_deploy_adopts(pair: str) -> None:
    arn = GUIDE[pair].facts.arn
    body = resources(terraform(pair))["alicloud_fcv3_function", "this"]
    props = yaml.safe_load(generate(Form.SERVERLESS_DEVS, GUIDE[pair]).files["s.yaml"])
    props = props["resources"]["function"]["props"]

    assert adoptable(body["description"].strip('"'), arn)
    assert adoptable(props["description"], arn)
    assert (props["functionName"], props["runtime"]) == ("greet", "nodejs20")
    assert props["code"] == "./code"


@pytest.mark.parametrize("pair", GUIDE)
def test_every_pair_writes_logs_with_a_role_of_its_own(pair: str) -> None:
    found = terraform(pair)

    assert {"alicloud_log_project", "alicloud_log_store", "alicloud_ram_role"} <= kinds(found)
    store = f"acs:log:{REGION}:{ACCOUNT}:project/basic-log-project/logstore/functions"
    assert allowed(found)["log:PostLogStoreLogs"] == [store]
    assert "fc.aliyuncs.com" in found.files["role.tf"]


def test_the_basic_pair_has_nothing_else() -> None:
    assert set(allowed(terraform("basic"))) == {"log:PostLogStoreLogs"}
    assert "triggers.tf" not in terraform("basic").files


def test_the_timer_fires_every_five_minutes_once_it_is_opened() -> None:
    found = resources(terraform("timer"))
    (body,) = [one for (kind, _), one in found.items() if kind == "alicloud_fcv3_trigger"]

    assert "@every 5m" in str(body["trigger_config"])
    assert "var.open_triggers ? 1 : 0" in str(body["count"])


def test_the_bucket_calls_the_function_by_a_role_that_may_do_nothing_else() -> None:
    made = terraform("object storage")
    text = made.files["triggers.tf"]

    assert "oss:ObjectCreated:*" in text
    assert "oss.aliyuncs.com" in text
    assert 'Action = ["fc:InvokeFunction"]' in text
    assert f"acs:fc:{REGION}:{ACCOUNT}:functions/greet" in text
    assert "acs:oss:ap-south-1:1432000000000001:${alicloud_oss_bucket.storage_bucket.bucket}" in text
    assert "variable" in made.files["variables.tf"]
    assert "bucket_storage_bucket" in made.files["variables.tf"]


def test_the_queue_is_read_in_batches_and_the_role_no_longer_polls() -> None:
    made = terraform("notification")

    assert "alicloud_message_service_queue" in kinds(made)
    assert 'eventSourceType = "MNS"' in made.files["triggers.tf"]
    assert "event-streaming" in made.files["triggers.tf"]
    assert set(allowed(made)) == {"log:PostLogStoreLogs"}
    assert any("reads the queue itself" in one.why for one in made.policy.left_out)


def test_the_function_may_send_to_its_queue_alone() -> None:
    place = f"acs:mns:{REGION}:{ACCOUNT}:/queues/outnotification-queue/messages"
    made = terraform("output notification")

    assert allowed(made)["mns:SendMessage"] == [place]
    assert [one.subject for one in made.gaps if one.kind == "environment"] == ["queueUrl"]
    assert "alicloud_message_service_queue" in kinds(made)


def test_the_function_may_read_and_write_objects_of_its_bucket_alone() -> None:
    made = terraform("output object storage")

    place = [f"acs:oss:*:{ACCOUNT}:TWIN-OF-outobjstorage-bucket/*"]
    assert {one: allowed(made)[one] for one in ("oss:GetObject", "oss:PutObject")} == {
        "oss:GetObject": place,
        "oss:PutObject": place,
    }
    assert "${alicloud_oss_bucket.outobjstorage_bucket.bucket}/*" in made.files["role.tf"]


def test_the_thumbnailer_reads_one_folder_writes_another_and_sends() -> None:
    made = terraform("thumbnailer")

    found = allowed(made)
    assert found["oss:GetObject"] == [f"acs:oss:*:{ACCOUNT}:TWIN-OF-thumbnailer/images/*"]
    assert found["oss:PutObject"] == [f"acs:oss:*:{ACCOUNT}:TWIN-OF-thumbnailer/thumbnails/*"]
    assert found["mns:SendMessage"] == [f"acs:mns:{REGION}:{ACCOUNT}:/queues/thumbnails/messages"]
    assert 'prefix = "images/"' in made.files["triggers.tf"]


def test_the_database_pair_lies_in_a_vpc_and_holds_no_password() -> None:
    made = terraform("PostgreSQL")

    assert "vpc_id            = var.vpc_id" in made.files["main.tf"]
    assert "ecs:CreateNetworkInterface" in allowed(made)
    assert {one.subject for one in made.gaps if one.kind == "environment"} == {"DB_HOST", "DB_PASSWORD"}
    everything = json.dumps(dict(made.files))
    assert "0" * 64 not in everything
    assert "sensitive   = true" in made.files["variables.tf"]
