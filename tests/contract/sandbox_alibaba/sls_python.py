"""Plays a user of aliyun-log-python-sdk behind a proxy that is the sandbox. Prints what it saw as JSON.

It is a process of its own, because the SDK takes its proxy from the environment.
"""

import json
import os
import sys
import time
import warnings
from typing import Any

warnings.simplefilter("ignore")

from aliyun.log import (  # noqa: E402 - after the filter
    GetHistogramsRequest,
    GetLogsRequest,
    IndexConfig,
    IndexKeyConfig,
    IndexLineConfig,
    LogClient,
    LogException,
    LogItem,
    PutLogsRequest,
)

HOST = "http://cn-hangzhou.log.aliyuncs.com"
PROJECT, STORE = "python-logs", "lines"


def refusal(call: Any) -> str:
    """Give the code of the error that the SDK raises."""
    try:
        call()
    except LogException as exc:
        return str(exc.get_error_code())
    return "nothing was refused"


def client(secret: str = os.environ["KEY_SECRET"], **more: Any) -> LogClient:
    return LogClient(HOST, os.environ["KEY_ID"], secret, source="test", **more)


def put(log: LogClient, rows: list[dict[str, str]], topic: str, at: int, **more: Any) -> None:
    items = [LogItem(timestamp=at, contents=list(row.items())) for row in rows]
    log.put_logs(PutLogsRequest(PROJECT, STORE, topic, "here", items, **more))


def query(log: LogClient, text: str, **more: Any) -> list[dict[str, str]]:
    at = int(time.time())
    given = {"fromTime": at - 600, "toTime": at + 60, "query": text, **more}
    return [
        found.get_contents() for found in log.get_logs(GetLogsRequest(PROJECT, STORE, **given)).get_logs()
    ]


def wait_for(log: LogClient, text: str, count: int) -> None:
    limit = time.monotonic() + 60
    while len(query(log, text)) < count:
        if time.monotonic() > limit:
            raise SystemExit(f"{text}: too few rows")
        time.sleep(0.05)


def main() -> None:
    seen: dict[str, Any] = {}
    log = client()
    log.create_project(PROJECT, "for a test")
    log.create_logstore(PROJECT, STORE, ttl=3, shard_count=1)
    seen["again"] = refusal(lambda: log.create_logstore(PROJECT, STORE, ttl=3, shard_count=1))
    seen["unindexed"] = refusal(lambda: query(log, "*"))
    keys = {
        "functionName": IndexKeyConfig([",", " "]),
        "durationMs": IndexKeyConfig(index_type="long"),
        "share": IndexKeyConfig(index_type="double"),
    }
    log.create_index(PROJECT, STORE, IndexConfig(3, IndexLineConfig([",", " ", ":"]), keys))
    at = int(time.time())
    rows = [
        {"functionName": name, "durationMs": str(ms), "share": "0.5", "message": f"took {ms} ms"}
        for name, ms in (("one", 10), ("one", 30), ("two", 200))
    ]
    put(log, rows[:2], "FCLogs:one", at - 2, logtags=[("host", "h1")])
    put(log, rows[2:], "FCLogs:two", at - 1, compress=False)
    wait_for(log, "*", 3)
    seen["topic"] = [row["message"] for row in query(log, '__topic__:"FCLogs:one"')]
    seen["range"] = [row["message"] for row in query(log, "durationMs > 10 and durationMs in [30 200]")]
    seen["wild"] = [row["message"] for row in query(log, "tw* or functionName:tw?")]
    seen["reverse"] = [row["message"] for row in query(log, "took", reverse=True, line=2, offset=1)]
    seen["row"] = {k: v for k, v in query(log, "took and 10")[0].items() if k != "__time__"}
    seen["sql"] = query(
        log,
        "* | select functionName, count(*) as c, avg(durationMs) as mean, max(durationMs)"
        " group by functionName order by c desc limit 5",
    )
    seen["where"] = query(
        log, "took | select count(1) as c where durationMs >= 30 and functionName like 'o%'"
    )
    seen["bars"] = log.get_histograms(
        GetHistogramsRequest(PROJECT, STORE, at - 60, at + 60, query="took")
    ).get_total_count()
    seen["refused"] = [
        refusal(lambda text=text: query(log, text))
        for text in ("* | select message", "* | drop table log", "(took", "* | select count(*) from other")
    ]
    begin = log.get_cursor(PROJECT, STORE, 0, "begin").get_cursor()
    end = log.get_cursor(PROJECT, STORE, 0, "end").get_cursor()
    seen["shards"] = [shard["shardID"] for shard in log.list_shards(PROJECT, STORE).get_shards_info()]
    pulled = log.pull_logs(PROJECT, STORE, 0, begin, 2)
    rest = log.pull_logs(PROJECT, STORE, 0, pulled.get_next_cursor(), end_cursor=end)
    seen["pulled"] = [row["message"] for row in pulled.get_flatten_logs_json()]
    seen["rest"] = [row["message"] for row in rest.get_flatten_logs_json()]
    seen["empty"] = log.pull_logs(PROJECT, STORE, 0, end).get_loggroup_count()
    fourth = client(auth_version="v4", region="cn-hangzhou")
    seen["v4"] = len(query(fourth, "took"))
    seen["wrong"] = [refusal(lambda: client("x").list_project()), refusal(lambda: query(client("x"), "*"))]
    seen["missing"] = refusal(lambda: log.list_shards(PROJECT, "nowhere"))
    log.delete_logstore(PROJECT, STORE)
    seen["gone"] = refusal(lambda: query(log, "*"))
    log.delete_project(PROJECT)
    json.dump(seen, sys.stdout)


if __name__ == "__main__":
    main()
