"""Logs and metrics of functions on the AWS half."""

import json
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from tests.contract.sandbox_aws.support import Make, summed
from tests.sandbox_fixtures import RunningAws

pytestmark = pytest.mark.enable_socket


def test_it_finds_the_lines_of_one_request(aws: RunningAws, lambda_: Any, make: Make) -> None:
    name = make("def handler(event, context): print('line of', event['n'])")
    ids = [
        lambda_.invoke(FunctionName=name, Payload=json.dumps({"n": n}).encode())["ResponseMetadata"][
            "RequestId"
        ]
        for n in range(3)
    ]
    logs = aws.client("logs")
    found = logs.filter_log_events(logGroupName=f"/aws/lambda/{name}", filterPattern=f'"{ids[1]}"')["events"]
    assert [e["message"].split(" ")[0] for e in found] == ["START", "END", "REPORT"]
    start = found[0]
    around = logs.get_log_events(
        logGroupName=f"/aws/lambda/{name}", logStreamName=start["logStreamName"], startFromHead=True
    )["events"]
    assert "line of 1\n" in [e["message"] for e in around]
    assert start["logStreamName"].startswith(f"{datetime.now(UTC):%Y/%m/%d}/[$LATEST]")
    pages = list(
        logs.get_paginator("filter_log_events").paginate(
            logGroupName=f"/aws/lambda/{name}", PaginationConfig={"PageSize": 4}
        )
    )
    everything = [e["message"] for page in pages for e in page["events"]]
    assert len([m for m in everything if m.startswith("line of")]) == 3
    streams = logs.describe_log_streams(logGroupName=f"/aws/lambda/{name}")["logStreams"]
    assert [s["logStreamName"] for s in streams] == [start["logStreamName"]]
    groups = logs.describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{name}")["logGroups"]
    assert len(groups) == 1


def test_it_counts_by_function_resource_and_version(aws: RunningAws, lambda_: Any, make: Make) -> None:
    name = make("def handler(e, c): return 1 / e.get('by', 1)")
    lambda_.publish_version(FunctionName=name)
    lambda_.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    lambda_.invoke(FunctionName=name)
    for payload in (b"{}", b"{}", b'{"by": 0}'):
        lambda_.invoke(FunctionName=name, Qualifier="live", Payload=payload)
    cloudwatch = aws.client("cloudwatch")
    total = partial(summed, cloudwatch)
    now = datetime.now(UTC)
    assert total("Invocations", FunctionName=name) == 4
    assert total("Invocations", FunctionName=name, Resource=name) == 1
    assert total("Invocations", FunctionName=name, Resource=f"{name}:live") == 3
    assert total("Errors", FunctionName=name, Resource=f"{name}:live", ExecutedVersion="1") == 1
    assert total("Duration", FunctionName=name) > 0
    assert total("Invocations", FunctionName="nobody") == 0
    points = cloudwatch.get_metric_statistics(
        Namespace="AWS/Lambda",
        MetricName="Invocations",
        Dimensions=[{"Name": "FunctionName", "Value": name}],
        StartTime=now - timedelta(minutes=5),
        EndTime=now + timedelta(minutes=1),
        Period=300,
        Statistics=["Sum", "SampleCount"],
    )["Datapoints"]
    assert sum(p["Sum"] for p in points) == 4
    listed = cloudwatch.list_metrics(Namespace="AWS/Lambda", MetricName="Errors")["Metrics"]
    assert {"Name": "FunctionName", "Value": name} in [d for m in listed for d in m["Dimensions"]]


def test_it_leaves_other_metrics_to_moto(aws: RunningAws) -> None:
    cloudwatch = aws.client("cloudwatch")
    cloudwatch.put_metric_data(Namespace="Own", MetricData=[{"MetricName": "n", "Value": 2.0}])
    now = datetime.now(UTC)
    (found,) = cloudwatch.get_metric_data(
        MetricDataQueries=[
            {
                "Id": "m",
                "MetricStat": {
                    "Metric": {"Namespace": "Own", "MetricName": "n"},
                    "Period": 60,
                    "Stat": "Sum",
                },
            }
        ],
        StartTime=now - timedelta(minutes=5),
        EndTime=now + timedelta(minutes=1),
    )["MetricDataResults"]
    assert found["Values"] == [2.0]
