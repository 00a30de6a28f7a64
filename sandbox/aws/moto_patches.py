"""Where moto is made to tell the truth. moto is pinned, since these are its private names: each has a
contract test in tests/contract/sandbox_aws/.

- CloudWatch: AWS/Lambda metrics come from the sandbox's own store, which moto does not emit.
- Logs: the groups of functions come from the sandbox's own store.
- IAM: simulate_principal_policy, which moto lacks.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from moto.cloudwatch.exceptions import InvalidParameterCombination, ValidationError
from moto.cloudwatch.models import CloudWatchBackend
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult
from moto.iam.responses import IamResponse
from moto.logs.exceptions import InvalidParameterException
from moto.logs.models import LogsBackend

from sandbox.aws.logs import LogStore, UnsupportedPattern
from sandbox.aws.metrics import Bucket, MetricStore
from sandbox.aws.policies import simulate

OWN_NAMESPACE = "AWS/Lambda"
_IN_MS = ("Duration", "AsyncEventAge")


def install(logs: LogStore, metrics: MetricStore) -> None:
    """Patch moto in this process; called once, before the first request."""
    _patch_metrics(metrics)
    _patch_logs(logs)
    IamResponse.simulate_principal_policy = lambda self: ActionResult(
        simulate(self.backend, self._get_params())
    )


def _patch_metrics(metrics: MetricStore) -> None:
    moto_data: Callable[..., Any] = CloudWatchBackend.get_metric_data
    moto_statistics: Callable[..., Any] = CloudWatchResponse.get_metric_statistics
    moto_list: Callable[..., Any] = CloudWatchBackend.get_filtered_metrics

    def get_metric_data(
        self: Any, queries: list[dict[str, Any]], start_time: datetime, end_time: datetime, **more: Any
    ) -> Any:
        own = [
            q for q in queries if q.get("MetricStat", {}).get("Metric", {}).get("Namespace") == OWN_NAMESPACE
        ]
        if not own:
            return moto_data(self, queries, start_time, end_time, **more)
        others = [query for query in queries if query not in own]
        if any("Expression" in query for query in others):
            raise ValidationError("The sandbox does not compute expressions beside AWS/Lambda metrics.")
        newest_first = more.get("scan_by", "TimestampDescending") != "TimestampAscending"
        answers = [_answer(metrics, query, start_time, end_time, newest_first) for query in own]
        return answers + (moto_data(self, others, start_time, end_time, **more) if others else [])

    def get_metric_statistics(self: Any) -> Any:
        # moto's backend is not told the extended statistics, so the answer is made a level above it.
        if self._get_param("Namespace") != OWN_NAMESPACE:
            return moto_statistics(self)
        name = self._get_param("MetricName")
        found = metrics.read(
            OWN_NAMESPACE,
            name,
            {d["Name"]: d["Value"] for d in self._get_param("Dimensions", [])},
            start=_unix(self._get_param("StartTime")),
            end=_unix(self._get_param("EndTime")),
            period=self._get_int_param("Period"),
        )
        plain, extended = self._get_param("Statistics") or [], self._get_param("ExtendedStatistics") or []
        if not plain and not extended:
            raise InvalidParameterCombination("Must specify either Statistics or ExtendedStatistics")
        points = [_point(name, plain, extended, second, bucket) for second, bucket in found]
        return ActionResult({"Label": name, "Datapoints": points})

    def get_filtered_metrics(
        self: Any, metric_name: str, namespace: str, dimensions: list[dict[str, str]]
    ) -> Any:
        listed = moto_list(self, metric_name, namespace, dimensions)
        asked = {(d.get("Name") or d.get("name"), d.get("Value") or d.get("value")) for d in dimensions or ()}
        for space, name, pairs in metrics.list(namespace or None, metric_name or None):
            if all(pair in pairs or (pair[1] is None and pair[0] in dict(pairs)) for pair in asked):
                listed.append(
                    SimpleNamespace(
                        namespace=space,
                        name=name,
                        dimensions=[SimpleNamespace(name=n, value=v) for n, v in pairs],
                    )
                )
        return listed

    CloudWatchBackend.get_metric_data = get_metric_data
    CloudWatchResponse.get_metric_statistics = get_metric_statistics
    CloudWatchBackend.get_filtered_metrics = get_filtered_metrics


def _unix(at: datetime) -> float:
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


def _answer(
    metrics: MetricStore, query: dict[str, Any], start: datetime, end: datetime, newest_first: bool
) -> dict[str, Any]:
    stat = query["MetricStat"]
    metric = stat["Metric"]
    found = metrics.read(
        OWN_NAMESPACE,
        metric["MetricName"],
        {d["Name"]: d["Value"] for d in metric.get("Dimensions", [])},
        start=_unix(start),
        end=_unix(end),
        period=int(stat["Period"]),
    )
    points = []
    for second, bucket in reversed(found) if newest_first else found:
        value = _stat(bucket, stat["Stat"])
        points.append((datetime.fromtimestamp(second, UTC), value))
    return {
        "id": query["Id"],
        "label": query.get("Label") or metric["MetricName"],
        "values": [value for _, value in points],
        "timestamps": [at for at, _ in points],
        "status_code": "Complete",
    }


def _point(metric: str, plain: list[str], extended: list[str], second: int, bucket: Bucket) -> dict[str, Any]:
    point: dict[str, Any] = {
        "Timestamp": datetime.fromtimestamp(second, UTC),
        "Unit": "Milliseconds" if metric in _IN_MS else "Count",
    }
    point |= {stat: _stat(bucket, stat) for stat in plain}
    if extended:
        point["ExtendedStatistics"] = {stat: _stat(bucket, stat) for stat in extended}
    return point


def _stat(bucket: Bucket, name: str) -> float:
    if (value := bucket.stat(name)) is None:
        raise ValidationError(f"The sandbox does not keep the statistic {name}.")
    return value


def _patch_logs(logs: LogStore) -> None:
    moto_filter: Callable[..., Any] = LogsBackend.filter_log_events
    moto_events: Callable[..., Any] = LogsBackend.get_log_events
    moto_streams: Callable[..., Any] = LogsBackend.describe_log_streams
    moto_delete: Callable[..., Any] = LogsBackend.delete_log_group
    moto_groups: Callable[..., Any] = LogsBackend.describe_log_groups

    def found(group: str, start: Any, end: Any, streams: Any, pattern: str) -> list[dict[str, Any]]:
        try:
            return logs.find(
                group,
                start_ms=start or None,
                end_ms=end or None,
                streams=streams or (),
                pattern=pattern or "",
            )
        except UnsupportedPattern as exc:
            raise InvalidParameterException(
                constraint="The sandbox understands terms and quoted phrases only",
                parameter="filterPattern",
                value=str(exc),
            ) from exc

    def filter_log_events(
        self: Any, log_group_name: str, log_stream_names: Any, start_time: Any, end_time: Any, limit: Any,
        next_token: str | None, filter_pattern: str, interleaved: Any,
    ) -> Any:  # fmt: skip
        if not logs.has(log_group_name):
            return moto_filter(
                self, log_group_name, log_stream_names, start_time, end_time, limit, next_token,
                filter_pattern, interleaved,
            )  # fmt: skip
        events = found(log_group_name, start_time, end_time, log_stream_names, filter_pattern)
        # The token is the id of the last event given: ids grow, so later events do not shift it.
        if next_token:
            events = [event for event in events if event["eventId"] > next_token]
        size = limit or 10_000
        token = events[size - 1]["eventId"] if len(events) > size else None
        return events[:size], token, []

    def get_log_events(
        self: Any, log_group_name: str, log_group_id: str, log_stream_name: str, start_time: Any,
        end_time: Any, limit: Any, next_token: str | None, start_from_head: Any,
    ) -> Any:  # fmt: skip
        group = log_group_name or (log_group_id or "").rpartition(":log-group:")[2].removesuffix(":*")
        if not logs.has(group):
            return moto_events(
                self, log_group_name, log_group_id, log_stream_name, start_time, end_time, limit, next_token,
                start_from_head,
            )  # fmt: skip
        events = found(group, start_time, end_time, [log_stream_name], "")
        if next_token:
            direction, _, last = next_token.partition("/")
            forward = direction == "f"
            events = [e for e in events if (e["eventId"] > last if forward else e["eventId"] < last)]
            start_from_head = forward
        size = limit or 10_000
        events = events[:size] if start_from_head else events[-size:]
        ends = (
            (events[0]["eventId"], events[-1]["eventId"])
            if events
            else 2 * ((next_token or "f/").partition("/")[2],)
        )
        shown = [{k: e[k] for k in ("timestamp", "message", "ingestionTime")} for e in events]
        return shown, f"b/{ends[0]}", f"f/{ends[1]}"

    def describe_log_streams(self: Any, **asked: Any) -> Any:
        group = asked.get("log_group_name") or ""
        if not logs.has(group):
            return moto_streams(self, **asked)
        prefix = asked.get("log_stream_name_prefix") or ""
        known = [(n, about) for n, about in logs.streams(group).items() if n.startswith(prefix)]
        by_time = asked.get("order_by") == "LastEventTime"
        known.sort(
            key=lambda item: item[1]["lastEventTimestamp"] if by_time else item[0],
            reverse=bool(asked.get("descending")),
        )
        start = int(asked.get("next_token") or 0)
        size = asked.get("limit") or 50
        more = str(start + size) if start + size < len(known) else None
        arn = f"arn:aws:logs:{self.region_name}:{self.account_id}:log-group:{group}:log-stream:"
        shown = [
            {"logStreamName": n, "arn": arn + n, "storedBytes": 0, **about}
            for n, about in known[start : start + size]
        ]
        return shown, more

    def delete_log_group(self: Any, log_group_name: str) -> Any:
        if logs.has(log_group_name):
            self.ensure_log_group(log_group_name)
            logs.drop(log_group_name)
        return moto_delete(self, log_group_name)

    def describe_log_groups(self: Any, **asked: Any) -> Any:
        for group in logs.names():
            self.ensure_log_group(group)
        return moto_groups(self, **asked)

    LogsBackend.filter_log_events = filter_log_events
    LogsBackend.get_log_events = get_log_events
    LogsBackend.describe_log_streams = describe_log_streams
    LogsBackend.delete_log_group = delete_log_group
    LogsBackend.describe_log_groups = describe_log_groups
