"""A request's log lines from CloudWatch Logs.

Only platform lines and some runtimes' lines carry the request id, so the id finds the stream and the two ends
(START and REPORT), and the stream is then read between them.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from clouds.aws.errors import calling
from clouds.aws.session import Clients
from cutover.errors import NotFound
from cutover.observation import LogLine
from cutover.platform_logs import parse_lambda

PAGES = 20
WINDOW_PAGES = 100
"""Pages of a window; one may come empty and yet not be the last."""


class CloudWatchLogs:
    """``cutover.ports.Logs`` on boto3."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._groups: dict[str, str] = {}
        self._lock = threading.Lock()

    def lines(
        self, function: str, request_id: str, *, since: datetime, until: datetime
    ) -> tuple[LogLine, ...] | None:
        """Give the request's own lines; None until its REPORT line has arrived."""
        group = self._group(function)
        marks = self._marks(group, request_id, since, until)
        if not any(_ends(event["message"]) for event in marks):
            return None
        stream = marks[-1]["logStreamName"]
        of_stream = [event for event in marks if event["logStreamName"] == stream]
        texts = self._between(group, stream, of_stream[0]["timestamp"], of_stream[-1]["timestamp"])
        lines, _ = parse_lambda(texts, request_id)
        return lines

    def window(self, function: str, *, since: datetime, until: datetime, at_most: int) -> Iterator[str]:
        """Give the messages that hold an object, page by page; nothing when there is no log group."""
        group, token, given = self._group(function), "", 0
        for _ in range(WINDOW_PAGES):
            try:
                with calling("logs:FilterLogEvents"):
                    answer = self._clients.get("logs").filter_log_events(
                        logGroupName=group,
                        startTime=_ms(since),
                        endTime=_ms(until),
                        filterPattern='"{"',
                        **({"nextToken": token} if token else {}),
                    )
            except NotFound:
                return
            for event in answer["events"]:
                yield event["message"]
                given += 1
                if given == at_most:
                    return
            token = answer.get("nextToken", "")
            if not token:
                return

    def _group(self, function: str) -> str:
        """Give the log group; a function may name one of its own."""
        with self._lock:
            if function not in self._groups:
                with calling("lambda:GetFunctionConfiguration", secret=True):
                    raw = self._clients.get("lambda").get_function_configuration(FunctionName=function)
                own = (raw.get("LoggingConfig") or {}).get("LogGroup")
                self._groups[function] = own or f"/aws/lambda/{function}"
            return self._groups[function]

    def _marks(self, group: str, request_id: str, since: datetime, until: datetime) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        token: dict[str, str] = {}
        for _ in range(PAGES):
            try:
                with calling("logs:FilterLogEvents"):
                    answer = self._clients.get("logs").filter_log_events(
                        logGroupName=group,
                        startTime=_ms(since),
                        endTime=_ms(until),
                        filterPattern=f'"{request_id}"',
                        **token,
                    )
            except NotFound:
                return []
            found += answer["events"]
            if not answer.get("nextToken"):
                break
            token = {"nextToken": answer["nextToken"]}
        return sorted(found, key=lambda event: event["timestamp"])

    def _between(self, group: str, stream: str, first_ms: int, last_ms: int) -> list[str]:
        """Read a stream from the first to the last mark, both included."""
        texts: list[str] = []
        token: dict[str, str] = {}
        for _ in range(PAGES):
            with calling("logs:GetLogEvents"):
                answer = self._clients.get("logs").get_log_events(
                    logGroupName=group,
                    logStreamName=stream,
                    startTime=first_ms,
                    endTime=last_ms + 1,
                    startFromHead=True,
                    **token,
                )
            texts += [event["message"] for event in answer["events"]]
            forward = answer.get("nextForwardToken")
            if not answer["events"] or not forward or token.get("nextToken") == forward:
                break
            token = {"nextToken": forward}
        return texts


def _ends(message: str) -> bool:
    return message.startswith("REPORT RequestId:") or '"platform.report"' in message


def _ms(moment: datetime) -> int:
    return int(moment.astimezone(UTC).timestamp() * 1000)
