"""Percentiles of Lambda's metrics, which moto refuses, through unmodified boto3."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.contract.sandbox_aws.support import Make
from tests.sandbox_fixtures import RunningAws

pytestmark = pytest.mark.enable_socket


def test_percentiles_of_the_duration_by_function_resource_and_version(
    aws: RunningAws, lambda_: Any, make: Make
) -> None:
    name = make("import time\ndef handler(event, context):\n    time.sleep(event)")
    lambda_.publish_version(FunctionName=name)
    lambda_.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    for seconds in (b"0", b"0", b"0", b"0.3"):
        lambda_.invoke(FunctionName=name, Qualifier="live", Payload=seconds)
    cloudwatch, now = aws.client("cloudwatch"), datetime.now(UTC)
    span = {"StartTime": now - timedelta(minutes=5), "EndTime": now + timedelta(minutes=5)}
    resource = [{"Name": "FunctionName", "Value": name}, {"Name": "Resource", "Value": f"{name}:live"}]
    for dimensions in (resource[:1], resource, [*resource, {"Name": "ExecutedVersion", "Value": "1"}]):
        metric = {"Namespace": "AWS/Lambda", "MetricName": "Duration", "Dimensions": dimensions}
        found = cloudwatch.get_metric_data(
            MetricDataQueries=[
                {"Id": stat, "MetricStat": {"Metric": metric, "Period": 86400, "Stat": stat}}
                for stat in ("p50", "p99")
            ],
            **span,
        )["MetricDataResults"]
        (p50,), (p99,) = (one["Values"] for one in found)
        assert p50 < 300 <= p99 < 1500
        points = cloudwatch.get_metric_statistics(
            **metric, Period=86400, Statistics=["SampleCount"], ExtendedStatistics=["p50", "p99"], **span
        )["Datapoints"]
        (point,) = points
        assert (point["SampleCount"], point["Unit"]) == (4, "Milliseconds")
        assert point["ExtendedStatistics"] == {"p50": p50, "p99": p99}
