"""What the contract tests of the AWS half share."""

import io
import json
import time
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)
VERSION = """
import os
def handler(event, context):
    return {"version": os.environ["AWS_LAMBDA_FUNCTION_VERSION"], "event": event}
"""
LIMIT_S = 60.0
"""How long is waited for what comes about by itself; a condition that holds ends the wait."""

Make = Callable[..., str]


def zipped(files: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return buffer.getvalue()


def settled(lambda_: Any, name: str) -> dict[str, Any]:
    """Wait until no creation or update is under way; gives the configuration."""
    end = time.monotonic() + LIMIT_S
    while time.monotonic() < end:
        found: dict[str, Any] = lambda_.get_function_configuration(FunctionName=name)
        if found["State"] == "Active" and found["LastUpdateStatus"] == "Successful":
            return found
        time.sleep(0.02)
    raise AssertionError("the update did not complete")


def published_pair(lambda_: Any, name: str) -> tuple[str, str]:
    """Publish two versions that differ in their description-free configuration."""
    first = lambda_.publish_version(FunctionName=name)["Version"]
    lambda_.update_function_configuration(FunctionName=name, MemorySize=192)
    settled(lambda_, name)
    return first, lambda_.publish_version(FunctionName=name)["Version"]


def refused(call: Callable[[], Any]) -> tuple[str, int, str]:
    with pytest.raises(ClientError) as caught:
        call()
    error = caught.value.response
    return error["Error"]["Code"], error["ResponseMetadata"]["HTTPStatusCode"], error["Error"]["Message"]


def summed(cloudwatch: Any, metric: str, **dimensions: str) -> float:
    """Give the sum of one of Lambda's metrics over the last minutes."""
    now = datetime.now(UTC)
    query = {
        "Metric": {
            "Namespace": "AWS/Lambda",
            "MetricName": metric,
            "Dimensions": [{"Name": n, "Value": v} for n, v in dimensions.items()],
        },
        "Period": 60,
        "Stat": "Sum",
    }
    (found,) = cloudwatch.get_metric_data(
        MetricDataQueries=[{"Id": "m", "MetricStat": query}],
        StartTime=now - timedelta(minutes=5),
        EndTime=now + timedelta(minutes=1),
    )["MetricDataResults"]
    return float(sum(found["Values"]))


def eventually(condition: Callable[[], Any], limit_s: float = LIMIT_S) -> Any:
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.02)
    return condition()
