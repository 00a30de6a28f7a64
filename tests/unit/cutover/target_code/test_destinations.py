"""Results of asynchronous invocations and layers in the generated code; its arguments and the provider's.

Arguments: documentation of the provider aliyun/alicloud, resources by name, commit of 2026-08-21.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import hcl2
import pytest
import yaml

from cutover.planning import Form
from cutover.target_code import Basis, Generated, TwinName, generate
from tests.unit.cutover.target_code.guide import ACCOUNT, GUIDE, QUEUE, REGION, basis, trigger

META = {"count", "lifecycle", "depends_on", "__is_block__"}
ARGUMENTS = {
    "alicloud_fcv3_function": {"code", "cpu", "custom_container_config", "description", "disk_size",
        "environment_variables", "function_name", "handler!", "internet_access", "layers", "log_config",
        "memory_size", "role", "runtime!", "tags", "timeout", "vpc_config"},
    "alicloud_fcv3_function_version": {"description", "function_name!"},
    "alicloud_fcv3_alias": {"additional_version_weight", "alias_name", "description", "function_name!",
        "version_id"},
    "alicloud_fcv3_trigger": {"description", "function_name!", "invocation_role", "qualifier!", "source_arn",
        "trigger_config", "trigger_name", "trigger_type!"},
    "alicloud_fcv3_async_invoke_config": {"destination_config", "function_name!", "qualifier",
        "max_async_event_age_in_seconds", "max_async_retry_attempts"},
    "alicloud_fcv3_layer_version": {"code", "compatible_runtime", "description", "layer_name!"},
    "alicloud_log_project": {"description", "project_name", "tags"},
    "alicloud_log_store": {"logstore_name", "project_name", "retention_period", "shard_count"},
    "alicloud_log_store_index": {"project!", "logstore!", "full_text", "field_search"},
    "alicloud_ram_role": {"assume_role_policy_document", "description", "role_name", "tags"},
    "alicloud_ram_policy": {"description", "policy_document", "policy_name", "tags"},
    "alicloud_ram_role_policy_attachment": {"policy_name!", "policy_type!", "role_name!"},
    "alicloud_oss_bucket": {"bucket", "tags"},
    "alicloud_message_service_queue": {"queue_name!", "tags"},
    "alicloud_message_service_topic": {"topic_name!", "tags"},
}  # fmt: skip
"""Resource -> its arguments, as far as the code may use them; those with ! are required."""
BUS = "arn:aws:events:ap-south-1:123456789012:event-bus/results"
TOPIC = "arn:aws:sns:ap-south-1:123456789012:done"
LAYER = "arn:aws:lambda:ap-south-1:123456789012:layer:imaging:7"


def with_results(on_success: str = "", on_failure: str = "", **fields: Any) -> Basis:
    given = {"qualifier": "live", "on_success": on_success, "on_failure": on_failure}
    return basis(configuration={"event_invoke": [given]}, **fields)


def resources(made: Generated) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for name, text in made.files.items():
        if name.endswith(".tf"):
            for one in hcl2.loads(text).get("resource", []):
                for kind, labelled in one.items():
                    for label, body in labelled.items():
                        yield kind.strip('"'), label.strip('"'), body


WHOLE = {
    **GUIDE,
    "results": with_results(QUEUE.format("done"), TOPIC, layers=(LAYER,), dead_letter=QUEUE.format("dead")),
    "image": basis(package_type="Image", runtime="", handler=""),
}


@pytest.mark.parametrize("name", WHOLE)
def test_every_argument_is_one_that_the_provider_documents(name: str) -> None:
    for kind, _, body in resources(generate(Form.TERRAFORM, WHOLE[name])):
        known = ARGUMENTS[kind]
        used = {one.strip('"') for one in body} - META
        assert used <= {one.rstrip("!") for one in known}
        assert {one.rstrip("!") for one in known if one.endswith("!")} <= used


def test_results_go_to_what_stands_for_their_targets_and_the_role_may_send_there() -> None:
    made = generate(Form.TERRAFORM, with_results(QUEUE.format("done"), TOPIC))
    found = {kind: body for kind, _, body in resources(made) if kind == "alicloud_fcv3_async_invoke_config"}
    (sent,) = found["alicloud_fcv3_async_invoke_config"]["destination_config"]
    assert "/queues/${alicloud_message_service_queue.done.queue_name}/messages" in str(sent["on_success"])
    assert "/topics/${alicloud_message_service_topic.done.topic_name}/messages" in str(sent["on_failure"])
    actions = {action for line in made.policy.lines for action in line.actions}
    assert {"mns:SendMessage", "mns:PublishMessage"} <= actions
    assert [gap for gap in made.gaps if gap.kind == "destination"] == []


def test_a_dead_letter_target_stands_for_failures_unless_a_destination_does() -> None:
    dead = QUEUE.format("dead")
    twin = TwinName(kind="queue", aws=dead, alibaba="dead-fc")
    alone = generate(Form.SERVERLESS_DEVS, basis(dead_letter=dead, twins=(twin,)))
    props = yaml.safe_load(alone.files["s.yaml"])["resources"]["function"]["props"]
    sent = props["asyncInvokeConfig"]["destinationConfig"]
    assert sent == {"onFailure": {"destination": f"acs:mns:{REGION}:{ACCOUNT}:/queues/dead-fc/messages"}}

    both = generate(Form.TERRAFORM, with_results(on_failure=TOPIC, dead_letter=dead, twins=(twin,)))
    assert [gap.subject for gap in both.gaps if gap.kind == "destination"] == [f"on failure: {dead}"]


def test_a_function_gets_results_under_its_name_on_fc() -> None:
    arn = "arn:aws:lambda:ap-south-1:123456789012:function:note.results"
    made = generate(Form.TERRAFORM, with_results(on_success=arn.replace(".", "-")))
    assert f"acs:fc:{REGION}:{ACCOUNT}:functions/note-results" in made.files["main.tf"]
    assert "fc:InvokeFunction" in json.dumps(made.policy.document)


def test_what_has_no_counterpart_stays_a_gap() -> None:
    made = generate(Form.TERRAFORM, with_results(on_success=BUS))
    assert [gap.subject for gap in made.gaps if gap.kind == "destination"] == [f"on success: {BUS}"]
    assert "async_invoke_config" not in "".join(kind for kind, _, _ in resources(made))


def test_a_layer_is_made_once_somebody_names_its_files() -> None:
    made = generate(Form.TERRAFORM, basis(layers=(LAYER,), triggers=(trigger("sqs", QUEUE.format("q")),)))
    found = {(kind, label): body for kind, label, body in resources(made)}
    layer = found["alicloud_fcv3_layer_version", "imaging"]
    assert layer["count"] == '${var.layer_imaging == "" ? 0 : 1}'
    assert "imaging[*].layer_version_arn" in found["alicloud_fcv3_function", "this"]["layers"]
    assert 'variable "layer_imaging"' in made.files["variables.tf"]
    assert [gap.subject for gap in made.gaps if gap.kind == "layer"] == [LAYER]
