"""Fault rules on the AWS half."""

import base64
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ConnectionClosedError

from tests.contract.sandbox_aws.support import (
    Make,
    eventually,
    refused,
)
from tests.contract.sandbox_aws.test_http import opened
from tests.sandbox_fixtures import RunningAws

pytestmark = pytest.mark.enable_socket


@pytest.fixture
def fault(aws: RunningAws) -> Iterator[Callable[..., None]]:
    def ask(method: str, body: dict[str, Any] | None, token: str) -> int:
        request = urllib.request.Request(
            f"{aws.endpoint}/_sandbox/faults",
            method=method,
            data=json.dumps(body).encode() if body else None,
            headers={"X-Sandbox-Token": token},
        )
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            with error:
                return int(error.code)

    assert ask("GET", None, "wrong") == 403

    def add(**rule: Any) -> None:
        assert ask("POST", {"cloud": "aws", **rule}, aws.keys.admin_token) == 200

    yield add
    assert ask("DELETE", None, aws.keys.admin_token) == 200


def test_it_fails_calls_on_demand(
    aws: RunningAws, lambda_: Any, make: Make, fault: Callable[..., None]
) -> None:
    name = make()
    fault(kind="status", status=429, function=name, operation="Invoke", times=1)
    assert refused(lambda: lambda_.invoke(FunctionName=name))[0] == "TooManyRequestsException"
    assert lambda_.invoke(FunctionName=name)["StatusCode"] == 200
    fault(kind="reset", function=name, times=1)
    with pytest.raises(ConnectionClosedError):
        lambda_.get_function(FunctionName=name)
    fault(kind="error", function=name, rate=0.5, seed=3)
    failed = sum("FunctionError" in lambda_.invoke(FunctionName=name) for _ in range(40))
    assert 8 <= failed <= 32


def test_it_can_lose_the_answer_of_a_call_that_took_effect(
    lambda_: Any, make: Make, fault: Callable[..., None]
) -> None:
    name = make()
    fault(kind="drop-answer", function=name, operation="PublishVersion", times=1)
    with pytest.raises(ConnectionClosedError):
        lambda_.publish_version(FunctionName=name)
    assert len(lambda_.list_versions_by_function(FunctionName=name)["Versions"]) == 2


def test_it_can_spoil_and_slow_answers(lambda_: Any, make: Make, fault: Callable[..., None]) -> None:
    name = make("def handler(e, c): return {'total': 5}")
    lambda_.invoke(FunctionName=name)
    fault(kind="wrong", function=name, times=1)
    fault(kind="slow", function=name, ms=200, times=1)
    began = time.monotonic()
    spoiled = lambda_.invoke(FunctionName=name, LogType="Tail")
    assert time.monotonic() - began >= 0.2
    assert json.loads(spoiled["Payload"].read()) == {"total": 6}
    report = base64.b64decode(spoiled["LogResult"]).decode().split("\tDuration: ")[1]
    assert float(report.split(" ")[0]) >= 200


def test_it_strikes_one_version_by_its_number_or_alias(
    lambda_: Any, make: Make, fault: Callable[..., None]
) -> None:
    name = make()
    lambda_.publish_version(FunctionName=name)
    lambda_.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    fault(kind="error", function=name, version="live")
    assert "FunctionError" in lambda_.invoke(FunctionName=name, Qualifier="live")
    assert "FunctionError" not in lambda_.invoke(FunctionName=name, Qualifier="1")
    fault(kind="crash", function=name, version="$LATEST")
    crashed = lambda_.invoke(FunctionName=name)
    assert json.loads(crashed["Payload"].read())["errorType"] == "Runtime.ExitError"
    assert "FunctionError" not in lambda_.invoke(FunctionName=name, Qualifier="1")


def test_it_can_say_that_it_changed_what_it_did_not(
    lambda_: Any, make: Make, fault: Callable[..., None]
) -> None:
    name = make()
    lambda_.publish_version(FunctionName=name)
    lambda_.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    fault(kind="not-applied", function=name, operation="UpdateAlias", times=1)
    changed = lambda_.update_alias(FunctionName=name, Name="live", Description="new")
    assert changed["Description"] == "new"
    assert lambda_.get_alias(FunctionName=name, Name="live")["Description"] == ""
    lambda_.update_alias(FunctionName=name, Name="live", Description="new")
    assert lambda_.get_alias(FunctionName=name, Name="live")["Description"] == "new"


def test_it_can_time_out_start_slowly_and_lose_lines(
    aws: RunningAws, lambda_: Any, make: Make, fault: Callable[..., None]
) -> None:
    name = make("def handler(e, c):\n    print('said')\n    return 1")
    lambda_.invoke(FunctionName=name)
    fault(kind="cold", function=name, ms=300, times=1)
    slow = base64.b64decode(lambda_.invoke(FunctionName=name, LogType="Tail")["LogResult"]).decode()
    assert float(slow.split("Init Duration: ")[1].split(" ")[0]) >= 300
    fault(kind="timeout", function=name, ms=20, times=1)
    ended = json.loads(lambda_.invoke(FunctionName=name)["Payload"].read())
    assert ended["errorType"] == "Sandbox.Timedout"
    logs = aws.client("logs")

    def said() -> int:
        found = logs.filter_log_events(logGroupName=f"/aws/lambda/{name}", filterPattern="said")
        return len(found["events"])

    before = said()
    fault(kind="no-logs", function=name, times=1)
    lambda_.invoke(FunctionName=name)
    fault(kind="late-logs", function=name, ms=300, times=1)
    lambda_.invoke(FunctionName=name)
    assert said() == before
    assert eventually(lambda: said() == before + 1)


def test_it_fails_the_call_behind_a_function_url(
    lambda_: Any, make: Make, fault: Callable[..., None]
) -> None:
    name = make("def handler(e, c): return 'well'")
    url = lambda_.create_function_url_config(FunctionName=name, AuthType="NONE")["FunctionUrl"]
    lambda_.add_permission(
        FunctionName=name,
        StatementId="everybody",
        Action="lambda:InvokeFunctionUrl",
        Principal="*",
        FunctionUrlAuthType="NONE",
    )
    fault(kind="status", status=503, function=name, operation="Invoke", times=1)
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(url, timeout=10)
    with caught.value as answer:
        assert answer.status == 502
    with urllib.request.urlopen(url, timeout=10) as answer:
        assert answer.read() == b"well"


def test_it_breaks_off_what_a_function_url_would_answer(
    aws: RunningAws, lambda_: Any, make: Make, fault: Callable[..., None]
) -> None:
    name = make("def handler(e, c): print('ran'); return 'well'")
    url = opened(lambda_, name)
    logs = aws.client("logs")

    def ran() -> int:
        group = f"/aws/lambda/{name}"
        if not logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]:
            return 0
        return len(logs.filter_log_events(logGroupName=group, filterPattern="ran")["events"])

    for kind, calls in (("reset", 0), ("drop-answer", 1), ("hang", 1)):
        fault(kind=kind, ms=10, function=name, operation="Invoke", times=1)
        with pytest.raises(OSError, match=r"reset|closed|remote end"):
            urllib.request.urlopen(url, timeout=10)
        assert ran() == calls
    with urllib.request.urlopen(url, timeout=10) as answer:
        assert answer.read() == b"well"
