"""What Function Compute acknowledged outlives a kill: state, accepted events, ticks of timers, messages."""

import base64
import json
from collections import Counter
from pathlib import Path
from typing import Any

from alibabacloud_fc20230330 import models as fc

from tests.contract.sandbox_alibaba.calls import (
    ECHO_NODE,
    SDK_WARNINGS,
    Ear,
    alias,
    eventually,
    publish,
    queue,
    trigger,
)
from tests.sandbox_fixtures import RunningAlibaba, running_alibaba, zipped

pytestmark = SDK_WARNINGS


def kill(running: RunningAlibaba) -> None:
    running.process.kill()
    running.process.wait()


def seen(running: RunningAlibaba) -> dict[str, Any]:
    """Give everything that the API tells about what was made."""
    client = running.fc()
    return {
        "function": client.get_function("kept", fc.GetFunctionRequest()).body.to_map(),
        "versions": client.list_function_versions("kept", fc.ListFunctionVersionsRequest()).body.to_map(),
        "alias": client.get_alias("kept", "live").body.to_map(),
        "triggers": _without_port(client.list_triggers("kept", fc.ListTriggersRequest()).body.to_map()),
        "layer": client.list_layer_versions("layer", fc.ListLayerVersionsRequest()).body.layers[0].acl,
        "domain": client.get_custom_domain("kept.example.com").body.to_map(),
        "provision": client.get_provision_config("kept", fc.GetProvisionConfigRequest()).body.to_map(),
        "scaling": client.get_scaling_config("kept", fc.GetScalingConfigRequest()).body.to_map(),
        "later": client.get_async_invoke_config("kept", fc.GetAsyncInvokeConfigRequest()).body.to_map(),
        "reserved": client.get_concurrency_config("kept").body.to_map(),
        "task": client.get_async_task("kept", "done", fc.GetAsyncTaskRequest()).body.to_map(),
    }


def _without_port(listed: dict[str, Any]) -> dict[str, Any]:
    for row in listed["triggers"]:
        urls = row.get("httpTrigger") or {}
        row["httpTrigger"] = [url.rpartition("/")[2] for url in urls.values()]
    return listed


def test_everything_that_was_answered_is_there_after_a_kill(tmp_path: Path) -> None:
    with running_alibaba(tmp_path) as running:
        client = running.fc()
        running.create_function("kept", source=ECHO_NODE, environment_variables={"A": "1"})
        publish(running, "kept")
        alias(running, "kept", "1")
        trigger(running, "kept", "http", {"authType": "anonymous", "methods": ["GET"]})
        code = fc.InputCodeLocation(zip_file=base64.b64encode(zipped(index_js="1")).decode())
        layer = fc.CreateLayerVersionInput(code=code)
        client.create_layer_version("layer", fc.CreateLayerVersionRequest(body=layer))
        route = fc.RouteConfig(routes=[fc.PathConfig(path="/*", function_name="kept")])
        domain = fc.CreateCustomDomainInput(domain_name="kept.example.com", route_config=route)
        client.create_custom_domain(fc.CreateCustomDomainRequest(body=domain))
        provision = fc.PutProvisionConfigInput(default_target=2)
        client.put_provision_config("kept", fc.PutProvisionConfigRequest(body=provision))
        scaling = fc.PutScalingConfigInput(min_instances=1)
        client.put_scaling_config("kept", fc.PutScalingConfigRequest(body=scaling))
        later = fc.PutAsyncInvokeConfigInput(async_task=True)
        client.put_async_invoke_config("kept", fc.PutAsyncInvokeConfigRequest(body=later))
        reserved = fc.PutConcurrencyInput(reserved_concurrency=7)
        client.put_concurrency_config("kept", fc.PutConcurrencyConfigRequest(body=reserved))
        running.invoke("kept", b"{}", x_fc_invocation_type="Async", x_fc_async_task_id="done")
        eventually(
            lambda: client.get_async_task("kept", "done", fc.GetAsyncTaskRequest()).body.status == "Succeeded"
        )
        before = seen(running)
        kill(running)
    with running_alibaba(tmp_path) as again:
        assert seen(again) == before
        assert json.loads(again.invoke("kept", qualifier="live").body.read())["buffer"] is True


def test_events_ticks_and_messages_are_carried_out_after_a_kill(tmp_path: Path, ear: Ear) -> None:
    with running_alibaba(tmp_path) as running:
        running.create_function("works", source=ear.telling(), environment_variables={})
        none = fc.PutConcurrencyConfigRequest(body=fc.PutConcurrencyInput(reserved_concurrency=0))
        running.fc().put_concurrency_config("works", none)
        for number in range(5):
            running.invoke("works", f'"event {number}"'.encode(), x_fc_invocation_type="Async")
        timer = {"cronExpression": "@every 1s", "enable": True}
        trigger(running, "works", "timer", timer, trigger_name="tick")
        made = queue(running, "pending")
        from mns.queue import Message

        made.send_message(Message("queued"))
        kill(running)
    with running_alibaba(tmp_path) as again:
        source = {"QueueName": "pending", "IsBase64Decode": False}
        config = {
            "eventSourceConfig": {
                "eventSourceType": "MNS",
                "eventSourceParameters": {"sourceMNSParameters": source},
            },
            "runOptions": {"mode": "event-driven"},
        }
        trigger(again, "works", "eventbridge", config, trigger_name="bridge")
        again.fc().delete_concurrency_config("works")
        eventually(lambda: {f'"event {n}"'.encode() for n in range(5)} <= set(ear.heard))
        eventually(lambda: any(b'"queued"' in body for body in ear.heard))
        eventually(lambda: sum(b"triggerTime" in body for body in ear.heard) >= 2)
    ticks = Counter(
        json.loads(body)["triggerTime"] for body in ear.heard if body.startswith(b'{"triggerTime"')
    )
    assert max(ticks.values()) == 1
