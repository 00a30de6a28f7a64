"""Writing and pulling: PutLogs, shards, cursors, PullLogs. All rows are in shard 0.

Source: Alibaba Cloud, SLS, "PutLogs", "GetCursor", "PullLogs"; aliyun-log-python-sdk 0.9.52, logclient.py;
read 2026-11-22.
"""

from __future__ import annotations

import lz4.block  # type: ignore[import-untyped]

from sandbox.alibaba.sls import protobuf, reading
from sandbox.alibaba.sls.reading import cursor_of, cursor_text, raw_body, wrong
from sandbox.alibaba.sls.storage import Logs
from sandbox.alibaba.wire import Incoming, Refused, Reply, json_reply

PULL_LIMIT = 1000
_LAST_KEY = "f" * 32


class Shards:
    """Each method carries out one request."""

    def __init__(self, logs: Logs) -> None:
        self._logs = logs

    def put(self, request: Incoming, project: str, store: str) -> Reply:
        """PutLogs: the rows are on disk when this returns."""
        self._logs.find_store(project, store)
        if "x-protobuf" not in request.headers.get("content-type", ""):
            raise Refused(400, "InvalidContentType", "Content-Type must be application/x-protobuf.")
        try:
            rows = protobuf.read_log_group(raw_body(request))
        except protobuf.NotProtobuf as exc:
            raise Refused(
                400, "PostBodyInvalid", f"Protobuf content cannot pass integrity check: {exc}"
            ) from exc
        self._logs.write(project, store, rows)
        return Reply()

    def list(self, project: str, store: str) -> Reply:
        """ListShards."""
        created = self._logs.find_store(project, store).settings.get("createTime", 0)
        shard = {
            "shardID": 0,
            "status": "readwrite",
            "inclusiveBeginKey": "0" * 32,
            "exclusiveEndKey": _LAST_KEY,
            "createTime": created,
        }
        return json_reply([shard])

    def read(self, request: Incoming, project: str, store: str, shard: str) -> Reply:
        """GetCursor, GetCursorTime and PullLogs, told apart by ``type``."""
        self._logs.find_store(project, store)
        if shard != "0":
            raise Refused(404, "ShardNotExist", f"shard {shard[:20]} does not exist")
        kind = request.query.get("type")
        if kind == "cursor":
            return self._cursor(request, project, store)
        if kind == "cursor_time":
            cursor = cursor_of(request.query.get("cursor", ""))
            return json_reply({"cursor_time": self._logs.received_at(project, store, cursor)})
        if kind in ("log", "logs"):
            return self._pull(request, project, store)
        raise wrong("type must be cursor, cursor_time or log")

    def _cursor(self, request: Incoming, project: str, store: str) -> Reply:
        text = request.query.get("from", "")
        if text == "begin":
            cursor = self._logs.cursor_begin(project, store)
        elif text == "end":
            cursor = self._logs.cursor_end(project, store)
        else:
            cursor = self._logs.cursor_at(project, store, reading.number({"from": text}, "from", 0))
        return json_reply({"cursor": cursor_text(cursor)})

    def _pull(self, request: Incoming, project: str, store: str) -> Reply:
        query = request.query
        if query.get("query") or query.get("processor"):
            raise wrong("the sandbox's SLS cannot filter what is pulled")
        count = reading.number(query, "count", PULL_LIMIT)
        if not 1 <= count <= PULL_LIMIT:
            raise wrong(f"count must be between 1 and {PULL_LIMIT}")
        begin = max(cursor_of(query.get("cursor", "")), self._logs.cursor_begin(project, store))
        end = self._logs.cursor_end(project, store)
        if query.get("end_cursor"):
            end = min(end, cursor_of(query["end_cursor"]))
        rows = self._logs.read(project, store, begin, min(end, begin + count))
        body = protobuf.write_log_groups(rows)
        headers = {
            "content-type": "application/x-protobuf",
            "x-log-count": str(len(rows)),
            "x-log-cursor": cursor_text(begin + len(rows)),
            "x-log-bodyrawsize": str(len(body)),
        }
        if body and "lz4" in request.headers.get("accept-encoding", ""):
            headers["x-log-compresstype"] = "lz4"
            body = bytes(lz4.block.compress(body, store_size=False))
        return Reply(headers=headers, body=body)
