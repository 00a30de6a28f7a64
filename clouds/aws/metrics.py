"""CloudWatch's counts for a function, to prove that nobody calls it.

Sums are per minute and stamped with the start of an invocation, so a value may appear as late as the
function's timeout; the caller ends its window early enough. Source: Lambda developer guide,
monitoring-metrics.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from clouds.aws.errors import calling
from clouds.aws.session import Clients


class CloudWatchMetrics:
    """``cutover.ports.LambdaMetrics`` on boto3."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def invocations(self, function: str, *, resource: str | None, since: datetime, until: datetime) -> int:
        """Sum Invocations; ``resource`` is ``fn`` for the bare function, ``fn:live`` for an alias.

        The bare function is counted under its name and, for callers that name it so, under ``fn:$LATEST``.
        """
        total = self._sum("Invocations", function, resource, since, until)
        if resource == function:
            total += self._sum("Invocations", function, f"{function}:$LATEST", since, until)
        return total

    def throttles(self, function: str, *, since: datetime, until: datetime) -> int:
        """Sum Throttles over all qualifiers."""
        return self._sum("Throttles", function, None, since, until)

    def _sum(self, name: str, function: str, resource: str | None, since: datetime, until: datetime) -> int:
        dimensions = [{"Name": "FunctionName", "Value": function}]
        if resource is not None:
            dimensions.append({"Name": "Resource", "Value": resource})
        query = {
            "Id": "m",
            "MetricStat": {
                "Metric": {"Namespace": "AWS/Lambda", "MetricName": name, "Dimensions": dimensions},
                "Period": 60,
                "Stat": "Sum",
            },
        }
        total = 0.0
        token: dict[str, str] = {}
        while True:
            with calling("cloudwatch:GetMetricData"):
                answer = self._clients.get("cloudwatch").get_metric_data(
                    MetricDataQueries=[query],
                    StartTime=since.replace(second=0, microsecond=0),
                    EndTime=until + timedelta(seconds=1),
                    **token,
                )
            total += sum(sum(result["Values"]) for result in answer["MetricDataResults"])
            if not answer.get("NextToken"):
                return round(total)
            token = {"NextToken": answer["NextToken"]}
