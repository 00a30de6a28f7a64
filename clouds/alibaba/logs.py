"""A request's log lines from SLS.

Rows are found by topic and request id; a printed line has no id of its own, so the rows of the same instance
between the platform's start and end lines belong to it as well. Source: Serverless Devs' query for FC 3.0
(``__topic__:"FCLogs:<function>"``), read 2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from alibabacloud_sls20201230 import models

from clouds.alibaba.deployer import FcDeployer
from clouds.alibaba.errors import calling
from clouds.alibaba.session import Clients, options
from cutover.errors import NotFound
from cutover.observation import LogLine
from cutover.platform_logs import parse_fc

PAGE = 100
PAGES = 20


class SlsLogs:
    """``cutover.ports.Logs`` on the official SLS SDK."""

    def __init__(self, clients: Clients, deployer: FcDeployer) -> None:
        self._clients, self._deployer = clients, deployer
        self._places: dict[str, tuple[str, str]] = {}

    def lines(
        self, function: str, request_id: str, *, since: datetime, until: datetime
    ) -> tuple[LogLine, ...] | None:
        """Give the request's own lines; None until its end line has arrived."""
        place = self._place(function)
        if place is None:
            return None
        marks = self._rows(place, f'__topic__:"FCLogs:{function}" and "{request_id}"', since, until)
        if not any("FC Invoke End" in _message(row) for row in marks):
            return None
        instance = str(marks[-1].get("instanceID", ""))
        rows = marks
        if instance:
            query = f'__topic__:"FCLogs:{function}" and "{instance}"'
            rows = self._rows(place, query, since, until)
        texts = [line for row in rows for line in _message(row).splitlines()]
        lines, _ = parse_fc(texts, request_id)
        return lines

    def _place(self, function: str) -> tuple[str, str] | None:
        """Give project and store of the function; None when it writes no logs or is gone."""
        if function not in self._places:
            found = self._deployer.find(function) or {}
            config = found.get("logConfig") or {}
            if not config.get("project") or not config.get("logstore"):
                return None
            self._places[function] = (config["project"], config["logstore"])
        return self._places[function]

    def _rows(
        self, place: tuple[str, str], query: str, since: datetime, until: datetime
    ) -> list[Mapping[str, Any]]:
        rows: list[Mapping[str, Any]] = []
        for page in range(PAGES):
            request = models.GetLogsV2Request(
                from_=int(since.timestamp()),
                to=int(until.timestamp()) + 1,
                query=query,
                line=PAGE,
                offset=page * PAGE,
                reverse=False,
            )
            try:
                with calling("log:GetLogStoreLogs"):
                    answer = self._clients.sls.get_logs_v2with_options(
                        *place, request, models.GetLogsV2Headers(accept_encoding="gzip"), options()
                    )
            except NotFound:
                return []
            found = list(answer.body.data or ())
            rows += found
            if len(found) < PAGE:
                break
        return sorted(rows, key=_when)


def _when(row: Mapping[str, Any]) -> tuple[int, int]:
    return int(row.get("__time__") or 0), int(row.get("__time_ns_part__") or 0)


def _message(row: Mapping[str, Any]) -> str:
    return str(row.get("message", ""))
