"""The traffic source calls what shifts, writes down each answer, and ends with its parent."""

import io
import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox_fixtures import ROOT, RunningAws, gone, running_aws, server_environment

pytestmark = pytest.mark.enable_socket
TRUST = '{"Version":"2012-10-17","Statement":[]}'
STARTER = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-m", sys.argv[1]], stdin=subprocess.DEVNULL)
print(child.pid, flush=True)
child.wait()
"""


@pytest.fixture
def aws(tmp_path: Path) -> Iterator[RunningAws]:
    with running_aws(tmp_path / "state") as running:
        yield running


def function_with_weights(aws: RunningAws, name: str) -> Any:
    lambda_ = aws.client("lambda")
    iam = aws.client("iam")
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("app.py", "def handler(event, context): return event")
    lambda_.create_function(
        FunctionName=name,
        Runtime="python3.11",
        Role=role,
        Handler="app.handler",
        Code={"ZipFile": buffer.getvalue()},
    )
    wait_until(lambda: lambda_.get_function_configuration(FunctionName=name)["State"] == "Active")
    lambda_.publish_version(FunctionName=name)
    lambda_.update_function_configuration(FunctionName=name, MemorySize=192)
    wait_until(
        lambda: lambda_.get_function_configuration(FunctionName=name)["LastUpdateStatus"] == "Successful"
    )
    lambda_.publish_version(FunctionName=name)
    lambda_.create_alias(
        FunctionName=name,
        Name="live",
        FunctionVersion="1",
        RoutingConfig={"AdditionalVersionWeights": {"2": 0.5}},
    )
    return lambda_


def wait_until(condition: Callable[[], Any], limit_s: float = 60) -> None:
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("the condition did not come about")


def test_it_calls_live_twenty_times_a_second_and_keeps_a_ledger(aws: RunningAws, tmp_path: Path) -> None:
    lambda_ = function_with_weights(aws, "shifting")
    ledger = tmp_path / "ledger.jsonl"
    settings = server_environment(
        aws.state,
        AWS_ENDPOINT_URL=aws.endpoint,
        SANDBOX_TRAFFIC_LEDGER=str(ledger),
        SANDBOX_TRAFFIC_LINGER_S="0.5",
    )
    traffic = subprocess.Popen(
        [sys.executable, "-m", "sandbox.traffic"], cwd=ROOT, env=settings, stdin=subprocess.DEVNULL
    )
    try:
        wait_until(lambda: ledger.exists() and len(ledger.read_text().splitlines()) >= 60)
        lambda_.update_alias(
            FunctionName="shifting", Name="live", RoutingConfig={"AdditionalVersionWeights": {}}
        )
        sizes: list[int] = []

        def quiet() -> bool:
            sizes.append(ledger.stat().st_size)
            return len(sizes) > 20 and sizes[-1] == sizes[-20]

        wait_until(quiet)
    finally:
        traffic.send_signal(signal.SIGTERM)
        traffic.wait(10)
    lines = [json.loads(line) for line in ledger.read_text().splitlines()]
    assert {line["function"] for line in lines} == {"shifting"}
    assert {line["executed_version"] for line in lines} == {"1", "2"}
    assert all(line["status"] == 200 and line["function_error"] is None for line in lines)
    assert len({line["request_id"] for line in lines}) == len(lines)
    first = lines[5:55]
    rate = (len(first) - 1) / (first[-1]["at"] - first[0]["at"])
    assert rate <= 22
    logs = aws.client("logs").get_paginator("filter_log_events")
    started = [
        event["message"].split(" ")[2]
        for page in logs.paginate(logGroupName="/aws/lambda/shifting", filterPattern='"START RequestId"')
        for event in page["events"]
    ]
    assert {line["request_id"] for line in lines} == set(started)


@pytest.mark.parametrize("module", ["sandbox.aws", "sandbox.traffic"])
def test_it_ends_with_its_parent(module: str, aws: RunningAws, tmp_path: Path) -> None:
    settings = server_environment(
        aws.state if module == "sandbox.traffic" else tmp_path / "own",
        AWS_ENDPOINT_URL=aws.endpoint,
        SANDBOX_TRAFFIC_LEDGER=str(tmp_path / "ledger.jsonl"),
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", STARTER, module],
        cwd=ROOT,
        env=settings,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    with parent.stdout:
        child = int(parent.stdout.readline())
    tied = Path(f"/proc/{child}/task/{child}/comm")
    wait_until(tied.exists)
    # Past its imports a child has opened its ledger, or written its keys.
    sign = tmp_path / ("ledger.jsonl" if module == "sandbox.traffic" else "own/keys.json")
    wait_until(sign.exists)
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    wait_until(lambda: gone(child))


def test_a_kill_loses_no_function(tmp_path: Path) -> None:
    with running_aws(tmp_path) as first:
        lambda_ = function_with_weights(first, "kept")
        lambda_.invoke(FunctionName="kept")
        os.kill(first.pid, signal.SIGKILL)
    with running_aws(tmp_path) as again:
        alias = again.client("lambda").get_alias(FunctionName="kept", Name="live")
        assert alias["RoutingConfig"]["AdditionalVersionWeights"] == {"2": 0.5}
