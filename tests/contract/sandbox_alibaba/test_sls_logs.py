"""SLS as its official SDKs see it: writing, querying, SQL, pulling, signatures, refusals."""

import http.client
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from alibabacloud_fc20230330 import models as fc
from alibabacloud_sls20201230 import models as sls
from aliyun.log.auth import AuthV1
from aliyun.log.credentials import StaticCredentialsProvider
from darabonba.exceptions import UnretryableException

from tests.contract.sandbox_alibaba.node import answers_of
from tests.sandbox_fixtures import ROOT, RunningAlibaba, running_alibaba

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::SyntaxWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]
FC_STORE = ("fc-logs", "lines")


@pytest.fixture(scope="module")
def alibaba(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningAlibaba]:
    with running_alibaba(tmp_path_factory.mktemp("sls")) as running:
        yield running


@pytest.fixture(scope="module")
def store(alibaba: RunningAlibaba) -> tuple[str, str]:
    """A project with an indexed logstore."""
    return made(alibaba, "own-logs")


def made(alibaba: RunningAlibaba, project: str) -> tuple[str, str]:
    client = alibaba.sls()
    client.create_project(sls.CreateProjectRequest(project_name=project, description="d"))
    client.create_log_store(project, sls.CreateLogStoreRequest(logstore_name="lines", ttl=3, shard_count=1))
    index = sls.Index(line=sls.IndexLine(token=[",", " "], case_sensitive=False))
    client.create_index(project, "lines", sls.CreateIndexRequest(body=index))
    return project, "lines"


def put(alibaba: RunningAlibaba, store: tuple[str, str], *messages: str) -> None:
    """Write rows as alibabacloud-sls20201230 does, compressed with zstd and signed with HMAC-SHA256."""
    contents = [[sls.LogContent(key="message", value=message)] for message in messages]
    items = [sls.LogItem(time=int(time.time()), contents=content) for content in contents]
    group = sls.LogGroup(topic="t", source="s", log_items=items)
    alibaba.sls().put_logs(*store, sls.PutLogsRequest(body=group))


def rows(alibaba: RunningAlibaba, store: tuple[str, str], query: str) -> list[dict[str, str]]:
    at = int(time.time())
    request = sls.GetLogsV2Request(from_=at - 300, to=at + 60, query=query, line=100)
    return list(alibaba.sls().get_logs_v2(*store, request).body.data)


def eventually(
    alibaba: RunningAlibaba, store: tuple[str, str], query: str, count: int = 1
) -> list[dict[str, str]]:
    """Query until there are so many rows."""
    limit = time.monotonic() + 60
    while time.monotonic() < limit:
        found = rows(alibaba, store, query)
        if len(found) >= count:
            return found
        time.sleep(0.03)
    raise AssertionError("the rows did not show in time")


def test_the_python_sdk_finds_its_way_through_a_proxy(alibaba: RunningAlibaba) -> None:
    keys = alibaba.keys.alibaba
    done = subprocess.run(
        [sys.executable, str(Path(__file__).parent / "sls_python.py")],
        cwd=ROOT,
        env={
            "PATH": os.environ.get("PATH", os.defpath),
            "http_proxy": alibaba.url,
            "KEY_ID": keys.access_key_id,
            "KEY_SECRET": keys.access_key_secret,
        },
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    assert json.loads(done.stdout) == {
        "again": "LogStoreAlreadyExist",
        "unindexed": "IndexConfigNotExist",
        "topic": ["took 10 ms", "took 30 ms"],
        "range": ["took 30 ms", "took 200 ms"],
        "wild": ["took 200 ms"],
        "reverse": ["took 30 ms", "took 10 ms"],
        "row": {
            "__topic__": "FCLogs:one",
            "__tag__:host": "h1",
            "functionName": "one",
            "durationMs": "10",
            "share": "0.5",
            "message": "took 10 ms",
        },
        "sql": [
            {"functionName": "one", "c": "2", "mean": "20.0", "_col3": "30"},
            {"functionName": "two", "c": "1", "mean": "200.0", "_col3": "200"},
        ],
        "where": [{"c": "1"}],
        "bars": 3,
        "refused": ["ParameterInvalid"] * 4,
        "shards": [0],
        "pulled": ["took 10 ms", "took 30 ms"],
        "rest": ["took 200 ms"],
        "empty": 0,
        "v4": 3,
        "wrong": ["SignatureNotMatch"] * 2,
        "missing": "LogStoreNotExist",
        "gone": "LogStoreNotExist",
    }


def test_the_node_sdk_finds_its_way(alibaba: RunningAlibaba) -> None:
    assert answers_of(alibaba, "sls_node.mjs", "@alicloud/log") == {
        "rows": [
            {
                "__topic__": "greetings",
                "__source__": "here",
                "__tag__:host": "h1",
                "level": "info",
                "message": "hello ü",
            }
        ],
        "stores": ["lines"],
        "ttl": 3,
        "bars": 1,
        "missing": "LogStoreNotExist",
    }


class TestSls20201230:
    def test_rows_are_found_a_moment_after_they_were_put(
        self, alibaba: RunningAlibaba, store: tuple[str, str]
    ) -> None:
        put(alibaba, store, "first call", "second call")
        found = eventually(alibaba, store, "call", 2)
        assert [row["message"] for row in found] == ["first call", "second call"]
        assert {(row["__topic__"], row["__source__"]) for row in found} == {("t", "s")}
        assert [row["message"] for row in rows(alibaba, store, "call not second")] == ["first call"]
        assert rows(alibaba, store, "call | select count(*) as c") == [{"c": "2"}]

    def test_projects_and_logstores_are_listed_changed_and_paged(self, alibaba: RunningAlibaba) -> None:
        client = alibaba.sls()
        for number in range(3):
            client.create_project(sls.CreateProjectRequest(project_name=f"page-{number}", description="d"))
        page = client.list_project(sls.ListProjectRequest(project_name="page-", size=2)).body
        assert ([found.project_name for found in page.projects], page.total) == (["page-0", "page-1"], 3)
        client.update_project("page-0", sls.UpdateProjectRequest(description="new"))
        assert client.get_project("page-0", sls.GetProjectRequest()).body.description == "new"
        request = sls.CreateLogStoreRequest(logstore_name="kept", ttl=3, shard_count=1)
        client.create_log_store("page-0", request)
        client.update_log_store(
            "page-0", "kept", sls.UpdateLogStoreRequest(logstore_name="kept", ttl=9, shard_count=1)
        )
        assert client.get_log_store("page-0", "kept").body.ttl == 9

    @pytest.mark.parametrize(
        "query",
        [
            "* | select",
            "* |",
            "* | select nowhere from log",
            "* | select count(*",
            "* | select __time__, count(*) group by __topic__",
            "* | select rank() over (order by __time__)",
            "* | select count(*) where count(*) > 1",
            "* | select " + "(" * 500 + "1" + ")" * 500,
            "(" * 500 + "a" + ")" * 500,
            "*abc",
            "a > b",
        ],
    )
    def test_what_cannot_be_queried_is_refused(
        self, alibaba: RunningAlibaba, store: tuple[str, str], query: str
    ) -> None:
        with pytest.raises(UnretryableException, match=r"ParameterInvalid.*'httpCode': 400"):
            rows(alibaba, store, query)

    def test_what_does_not_exist_is_told(self, alibaba: RunningAlibaba, store: tuple[str, str]) -> None:
        with pytest.raises(UnretryableException, match="ProjectNotExist"):
            alibaba.sls().get_project("nowhere", sls.GetProjectRequest())
        with pytest.raises(UnretryableException, match="LogStoreNotExist"):
            put(alibaba, (store[0], "nowhere"), "x")

    @pytest.mark.parametrize(
        ("headers", "code"),
        [
            ({}, "PostBodyInvalid"),
            ({"x-log-compresstype": "lz4", "x-log-bodyrawsize": "9"}, "PostBodyUncompressError"),
            ({"x-log-compresstype": "deflate", "x-log-bodyrawsize": "9"}, "PostBodyUncompressError"),
            ({"x-log-compresstype": "zstd", "x-log-bodyrawsize": "9"}, "PostBodyUncompressError"),
            ({"x-log-compresstype": "rar", "x-log-bodyrawsize": "9"}, "InvalidCompressType"),
            ({"x-log-compresstype": "lz4", "x-log-bodyrawsize": "99999999999"}, "PostBodyTooLarge"),
            ({"Content-Type": "text/plain"}, "InvalidContentType"),
        ],
    )
    def test_bodies_that_cannot_be_read_are_refused(
        self, alibaba: RunningAlibaba, store: tuple[str, str], headers: dict[str, str], code: str
    ) -> None:
        given = {"Content-Type": "application/x-protobuf", "x-log-bodyrawsize": "4", **headers}
        assert ask(alibaba, store, b"\xff\xff\xff\xff", given) == (400, code)

    def test_a_request_without_a_signature_is_refused(
        self, alibaba: RunningAlibaba, store: tuple[str, str]
    ) -> None:
        connection = http.client.HTTPConnection(alibaba.endpoint, timeout=10)
        host = {"Host": f"{store[0]}.cn-hangzhou.log.aliyuncs.com"}
        connection.request("GET", "/logstores", headers=host)
        answer = connection.getresponse()
        assert (answer.status, json.loads(answer.read())["errorCode"]) == (401, "MissAuthorization")
        connection.close()


class TestFunctionLogs:
    @pytest.fixture(scope="class")
    def logged(self, alibaba: RunningAlibaba) -> str:
        """A function that logs to SLS; give its name."""
        made(alibaba, "fc-logs")
        source = (
            "exports.handler = async (e) => { console.log('hello world'); console.warn('code', `${e}`); }"
        )
        config = fc.LogConfig(project="fc-logs", logstore="lines")
        alibaba.create_function("logged", source=source, log_config=config)
        return "logged"

    def test_rows_of_one_request_come_through_the_proxy(self, alibaba: RunningAlibaba, logged: str) -> None:
        request_id = alibaba.invoke(logged, b"42").headers["x-fc-request-id"]
        query = f'__topic__:"FCLogs:{logged}" and "{request_id}"'
        found = eventually(alibaba, FC_STORE, query, 4)
        messages = [re.sub(r"^\S+Z ", "", row["message"]) for row in found]
        assert messages == [
            f"FC Invoke Start RequestId: {request_id}",
            f"{request_id} [verbose] hello world",
            f"{request_id} [warn] code 42",
            f"FC Invoke End RequestId: {request_id}",
        ]
        assert {row["functionName"] for row in found} == {logged}
        assert {row["qualifier"] for row in found} == {"LATEST"}
        assert all(row["instanceID"].startswith("c-") for row in found)

    def test_queries_know_and_or_not_and_full_text(self, alibaba: RunningAlibaba, logged: str) -> None:
        first = alibaba.invoke(logged, b"77").headers["x-fc-request-id"]
        second = alibaba.invoke(logged, b"88").headers["x-fc-request-id"]
        either = f'("{first}" or "{second}")'
        topic = f'__topic__:"FCLogs:{logged}"'
        assert len(eventually(alibaba, FC_STORE, f'{either} and "hello world" and {topic}', 2)) == 2
        assert len(eventually(alibaba, FC_STORE, f"{either} and not hello and [warn]", 2)) == 2
        assert len(rows(alibaba, FC_STORE, f'"{second}" and 88')) == 1
        assert rows(alibaba, FC_STORE, f'"{first}" and 88') == []

    def test_metrics_rows_say_what_an_invocation_did(self, alibaba: RunningAlibaba, logged: str) -> None:
        request_id = alibaba.invoke(logged).headers["x-fc-request-id"]
        query = f"requestId:{request_id} and operation:InvokeFunction"
        [row] = eventually(alibaba, FC_STORE, query)
        assert (row["hasFunctionError"], row["invocationType"]) == ("false", "Sync")


def ask(
    alibaba: RunningAlibaba, store: tuple[str, str], body: bytes, headers: dict[str, str]
) -> tuple[int, str]:
    """Send a PutLogs request with a body of any kind, signed by the SDK's own code."""
    keys = alibaba.keys.alibaba
    provider = StaticCredentialsProvider(keys.access_key_id, keys.access_key_secret)
    resource = f"/logstores/{store[1]}/shards/lb"
    signed = {"x-log-apiversion": "0.6.0", **headers}
    AuthV1(provider).sign_request("POST", resource, {}, signed, body)
    signed["Host"] = f"{store[0]}.cn-hangzhou.log.aliyuncs.com"
    connection = http.client.HTTPConnection(alibaba.endpoint, timeout=10)
    connection.request("POST", resource, body=body, headers=signed)
    answer = connection.getresponse()
    code = json.loads(answer.read())["errorCode"]
    connection.close()
    return answer.status, code


def test_what_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    with running_alibaba(tmp_path) as first:
        store = made(first, "lasting-logs")
        put(first, store, "before")
        first.process.kill()
        first.process.wait()
    with running_alibaba(tmp_path) as second:
        put(second, store, "after")
        eventually(second, store, "after")
        assert [row["message"] for row in rows(second, store, "*")] == ["before", "after"]
