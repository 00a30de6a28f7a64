"""Fault rules by version, and changes that are told and not made, on Function Compute."""

import json
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from alibabacloud_fc20230330 import models as fc

from tests.contract.sandbox_alibaba.calls import SDK_WARNINGS, VERSION_NODE, alias, publish, update
from tests.sandbox_fixtures import RunningAlibaba

pytestmark = [pytest.mark.enable_socket, *SDK_WARNINGS]


@pytest.fixture
def fault(alibaba: RunningAlibaba) -> Iterator[Callable[..., None]]:
    def ask(method: str, rule: dict[str, Any] | None = None) -> None:
        request = urllib.request.Request(
            f"{alibaba.url}/_sandbox/faults",
            method=method,
            data=json.dumps(rule).encode() if rule else None,
            headers={"X-Sandbox-Token": alibaba.keys.admin_token},
        )
        with urllib.request.urlopen(request, timeout=5):
            pass

    yield lambda **rule: ask("POST", {"cloud": "alibaba", **rule})
    ask("DELETE")


def failed(alibaba: RunningAlibaba, name: str, qualifier: str) -> bool:
    return "x-fc-error-type" in alibaba.invoke(name, qualifier=qualifier).headers


def test_a_rule_strikes_one_version_by_its_number_or_alias(
    alibaba: RunningAlibaba, fault: Callable[..., None]
) -> None:
    alibaba.create_function("versioned", source=VERSION_NODE)
    assert publish(alibaba, "versioned") == "1"
    alias(alibaba, "versioned", "1")
    fault(kind="error", function="versioned", version="live")
    assert [failed(alibaba, "versioned", where) for where in ("live", "1", "LATEST")] == [True, False, False]
    fault(kind="crash", function="versioned", version="LATEST")
    assert [failed(alibaba, "versioned", where) for where in ("1", "LATEST")] == [False, True]


def test_a_change_can_be_told_and_not_made(alibaba: RunningAlibaba, fault: Callable[..., None]) -> None:
    alibaba.create_function("pretended", source=VERSION_NODE)
    fault(kind="not-applied", function="pretended", operation="UpdateFunction", times=1)
    assert update(alibaba, "pretended", description="new").description == "new"
    request = fc.GetFunctionRequest()
    assert not alibaba.fc().get_function("pretended", request).body.description
    update(alibaba, "pretended", description="new")
    assert alibaba.fc().get_function("pretended", request).body.description == "new"


def test_a_call_that_nobody_waits_for_can_be_forgotten(
    alibaba: RunningAlibaba, fault: Callable[..., None]
) -> None:
    alibaba.create_function("forgotten", source=VERSION_NODE)
    fault(kind="not-applied", function="forgotten", operation="InvokeFunction", times=1)
    assert alibaba.invoke("forgotten", x_fc_invocation_type="Async").status_code == 202
    tasks = alibaba.fc().list_async_tasks("forgotten", fc.ListAsyncTasksRequest()).body.tasks
    assert not tasks
