"""Queries: GetLogs, GetLogsV2 and GetHistograms, by search alone or with SQL behind ``|``."""

from __future__ import annotations

import math
from typing import Any

from sandbox.alibaba.sls.query import compile_query, split_query
from sandbox.alibaba.sls.reading import number, wrong
from sandbox.alibaba.sls.sql import columns_of, compile_sql, typed
from sandbox.alibaba.sls.storage import Document, Logs
from sandbox.alibaba.wire import Reply, json_reply

LINES_LIMIT = 100
BARS = 60


class Searching:
    """Carries out the three calls on one logstore."""

    def __init__(self, logs: Logs) -> None:
        self._logs = logs

    def logs(self, project: str, name: str, asked: Document, *, bare: bool) -> Reply:
        """GetLogs (``bare``: a plain list) and GetLogsV2 (adds facts about the query).

        Raises:
            Refused: 400 ParameterInvalid, IndexConfigNotExist; 404.
        """
        line, offset = number(asked, "line", LINES_LIMIT), number(asked, "offset", 0)
        if not 0 <= line <= LINES_LIMIT or offset < 0:
            raise wrong(f"line must be between 0 and {LINES_LIMIT}, offset not negative")
        text = str(asked.get("query") or "")
        search, sql = split_query(text)
        if "|" in text and not sql.strip():
            raise wrong("the SQL behind '|' is missing")
        statement = None
        columns: dict[str, str] = {}
        if sql:
            columns = columns_of(self._logs.find_store(project, name).index or {})
            statement = compile_sql(sql, columns)
        rows = self._found(project, name, asked, search)
        if statement is None:
            if str(asked.get("reverse", "")).lower() == "true":
                rows.reverse()
            page = rows[offset : offset + line]
        else:
            page = statement.run([typed(row, columns) for row in rows])
        headers = {
            "x-log-progress": "Complete",
            "x-log-count": str(len(page)),
            "x-log-processed-rows": str(len(rows)),
            "x-log-has-sql": str(statement is not None).lower(),
            "x-log-where-query": search.strip().encode("ascii", "replace").decode(),
        }
        if bare:
            return json_reply(page, headers=headers)
        meta = _meta(search.strip(), sql.strip(), page, len(rows))
        return json_reply({"meta": meta, "data": page}, headers=headers)

    def histograms(self, project: str, name: str, asked: Document) -> Reply:
        """GetHistograms: how many rows match, in at most 60 bars of equal length."""
        search, sql = split_query(str(asked.get("query") or ""))
        if sql:
            raise wrong("a histogram has no SQL: leave out '|' and what follows")
        rows = self._found(project, name, asked, search)
        first, end = _interval(asked)
        width = max(1, math.ceil((end - first) / BARS))
        counts = [0] * math.ceil((end - first) / width)
        for row in rows:
            counts[(int(row["__time__"]) - first) // width] += 1
        bars = [
            {
                "from": first + at * width,
                "to": min(end, first + (at + 1) * width),
                "count": count,
                "progress": "Complete",
            }
            for at, count in enumerate(counts)
        ]
        return json_reply(bars, headers={"x-log-progress": "Complete", "x-log-count": str(len(rows))})

    def _found(self, project: str, name: str, asked: Document, search: str) -> list[dict[str, str]]:
        first, end = _interval(asked)
        topic = asked.get("topic") or None
        rows = self._logs.find_rows(project, name, compile_query(search), first=first, end=end)
        return [row for row in rows if topic is None or row.get("__topic__") == topic]


def _interval(asked: Document) -> tuple[int, int]:
    first, end = number(asked, "from", 0), number(asked, "to", 0)
    if first >= end:
        raise wrong("from must be before to")
    return first, end


def _meta(search: str, sql: str, page: list[dict[str, str]], looked_at: int) -> dict[str, Any]:
    return {
        "progress": "Complete",
        "count": len(page),
        "whereQuery": search,
        "aggQuery": sql,
        "hasSQL": bool(sql),
        "isAccurate": True,
        "processedRows": looked_at,
        "elapsedMillisecond": 1,
        "keys": sorted({name for row in page for name in row}),
        "terms": [],
    }
