"""Asynchronous invocations of FC 3.0: retries, tasks, destinations."""

import json
import time
from typing import Any

import pytest
from alibabacloud_fc20230330 import models as fc

from tests.contract.sandbox_alibaba.calls import ECHO_NODE, SDK_WARNINGS, Ear, eventually, queue, refusal
from tests.sandbox_fixtures import RunningAlibaba

pytestmark = SDK_WARNINGS


def asynchronous(alibaba: RunningAlibaba, name: str, **fields: Any) -> None:
    request = fc.PutAsyncInvokeConfigRequest(body=fc.PutAsyncInvokeConfigInput(**fields))
    alibaba.fc().put_async_invoke_config(name, request)


def to(arn: str, *, failure: bool = False) -> fc.DestinationConfig:
    destination = fc.Destination(destination=arn)
    if failure:
        return fc.DestinationConfig(on_failure=destination)
    return fc.DestinationConfig(on_success=destination)


class TestRetries:
    def test_an_asynchronous_call_is_accepted_and_retried(self, alibaba: RunningAlibaba, ear: Ear) -> None:
        source = ear.telling("context.retryCount < 2").replace("body: event", "body: `${context.retryCount}`")
        alibaba.create_function("deferred", source=source)
        answer = alibaba.invoke("deferred", x_fc_invocation_type="Async")
        assert answer.status_code == 202
        assert answer.body.read() == b""
        eventually(lambda: ear.heard == [b"0", b"1", b"2"])
        eventually(lambda: not list((alibaba.state / "alibaba" / "fc" / "async").glob("*.json")))


class TestTasks:
    def _status(self, alibaba: RunningAlibaba, name: str, task: str) -> str:
        return str(alibaba.fc().get_async_task(name, task, fc.GetAsyncTaskRequest()).body.status)

    def test_a_task_can_be_followed_to_its_end(self, alibaba: RunningAlibaba) -> None:
        alibaba.create_function(
            "tasks", source="exports.handler = async (e) => { if (e.length < 2) throw 1; return e; }"
        )
        asynchronous(alibaba, "tasks", async_task=True, max_async_retry_attempts=1)
        sent = alibaba.invoke("tasks", b"good", x_fc_invocation_type="Async", x_fc_async_task_id="task_good")
        assert sent.headers["x-fc-async-task-id"] == "task_good"
        alibaba.invoke("tasks", b"-", x_fc_invocation_type="Async", x_fc_async_task_id="task_bad")
        eventually(lambda: self._status(alibaba, "tasks", "task_good") == "Succeeded")
        eventually(lambda: self._status(alibaba, "tasks", "task_bad") == "Failed")
        bad = alibaba.fc().get_async_task("tasks", "task_bad", fc.GetAsyncTaskRequest()).body
        assert bad.already_retried_times == 1
        assert [event.status for event in bad.events] == [
            *("Enqueued", "Dequeued", "Running", "Retrying"),
            *("Dequeued", "Running", "Failed"),
        ]
        listed = (
            alibaba.fc().list_async_tasks("tasks", fc.ListAsyncTasksRequest(status="Succeeded")).body.tasks
        )
        assert [(task.task_id, task.return_payload, task.task_payload) for task in listed] == [
            ("task_good", "good", None)
        ]
        request = fc.ListAsyncTasksRequest(include_payload=True, sort_order_by_time="asc", limit=1)
        page = alibaba.fc().list_async_tasks("tasks", request).body
        assert (page.tasks[0].task_id, page.tasks[0].task_payload) == ("task_good", "good")
        assert page.next_token
        again = {"x_fc_invocation_type": "Async", "x_fc_async_task_id": "task_good"}
        assert refusal(lambda: alibaba.invoke("tasks", b"x", **again))[0] == 409

    def test_a_task_that_waits_can_be_stopped(self, alibaba: RunningAlibaba, ear: Ear) -> None:
        alibaba.create_function("stoppable", source=ear.telling())
        asynchronous(alibaba, "stoppable", async_task=True)
        none = fc.PutConcurrencyConfigRequest(body=fc.PutConcurrencyInput(reserved_concurrency=0))
        alibaba.fc().put_concurrency_config("stoppable", none)
        alibaba.invoke("stoppable", x_fc_invocation_type="Async", x_fc_async_task_id="halt")
        eventually(lambda: self._status(alibaba, "stoppable", "halt") == "Retrying")
        alibaba.fc().stop_async_task("stoppable", "halt", fc.StopAsyncTaskRequest())
        assert self._status(alibaba, "stoppable", "halt") == "Stopped"
        again = fc.StopAsyncTaskRequest()
        assert refusal(lambda: alibaba.fc().stop_async_task("stoppable", "halt", again))[0] == 412
        alibaba.fc().delete_concurrency_config("stoppable")
        assert not list((alibaba.state / "alibaba" / "fc" / "async").glob("*.json"))
        assert ear.heard == []

    def test_a_task_that_runs_is_stopped_with_its_instance(self, alibaba: RunningAlibaba, ear: Ear) -> None:
        waits = "await new Promise((done) => setTimeout(done, 100_000))"
        alibaba.create_function(
            "long", source=ear.telling().replace("=> {", f"=> {{ {waits};", 1), timeout=120
        )
        asynchronous(alibaba, "long", async_task=True)
        alibaba.invoke("long", x_fc_invocation_type="Async", x_fc_async_task_id="halt")
        eventually(lambda: self._status(alibaba, "long", "halt") == "Running")
        began = time.monotonic()
        alibaba.fc().stop_async_task("long", "halt", fc.StopAsyncTaskRequest())
        eventually(lambda: self._status(alibaba, "long", "halt") == "Stopped")
        assert time.monotonic() - began < 60
        assert ear.heard == []

    def test_an_unknown_task_is_not_found(self, alibaba: RunningAlibaba) -> None:
        alibaba.create_function("no-tasks", source=ECHO_NODE)
        request = fc.GetAsyncTaskRequest()
        assert refusal(lambda: alibaba.fc().get_async_task("no-tasks", "x", request)) == (
            404,
            "AsyncTaskNotFound",
        )


class TestDestinations:
    def test_results_go_to_another_function(self, alibaba: RunningAlibaba, ear: Ear) -> None:
        arn = alibaba.create_function("receiver", source=ear.telling()).function_arn
        alibaba.create_function("sender", source="exports.handler = async (e) => 'done ' + e")
        asynchronous(alibaba, "sender", destination_config=to(arn))
        sent = alibaba.invoke("sender", b"work", x_fc_invocation_type="Async")
        eventually(lambda: ear.heard)
        (message,) = ear.documents()
        assert message["requestContext"]["requestId"] == sent.headers["x-fc-request-id"]
        assert (message["requestPayload"], message["responsePayload"]) == ("work", "done work")
        assert message["responseContext"] == {"statusCode": 200, "functionError": ""}

    def test_failures_go_to_a_queue(self, alibaba: RunningAlibaba) -> None:
        failures = queue(alibaba, "failures")
        alibaba.create_function("fails", source="exports.handler = async () => { throw new Error('no') }")
        account = alibaba.keys.alibaba.account_id
        arn = f"acs:mns:cn-hangzhou:{account}:/queues/failures/messages"
        asynchronous(alibaba, "fails", max_async_retry_attempts=0, destination_config=to(arn, failure=True))
        alibaba.invoke("fails", b"work", x_fc_invocation_type="Async")
        message = json.loads(failures.receive_message(10).message_body)
        assert message["requestContext"]["condition"] == "UnhandledInvocationError"
        assert json.loads(message["responsePayload"])["errorMessage"] == "no"

    @pytest.mark.parametrize(
        "arn", ["nonsense", "acs:eventbridge:cn-hangzhou:1:eventbus/x", "acs:fc:cn-hangzhou:99:functions/f"]
    )
    def test_it_refuses_destinations_that_it_cannot_serve(self, alibaba: RunningAlibaba, arn: str) -> None:
        alibaba.create_function(name := f"dest-{len(arn)}", source=ECHO_NODE)
        assert refusal(lambda: asynchronous(alibaba, name, destination_config=to(arn))) == (
            400,
            "InvalidArgument",
        )
