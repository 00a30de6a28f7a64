"""Invocations of FC 3.0 and its custom runtimes, through the official SDK."""

import base64
import http.client
import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import pytest
from alibabacloud_fc20230330 import models as fc
from alibabacloud_tea_openapi.exceptions import AlibabaCloudException

from tests.contract.sandbox_alibaba.calls import (
    SDK_WARNINGS,
    refusal,
    trigger,
    visit,
)
from tests.sandbox_fixtures import RunningAlibaba, zipped

pytestmark = SDK_WARNINGS


class TestInvocation:
    def test_a_function_error_is_200_with_a_header(self, alibaba: RunningAlibaba) -> None:
        alibaba.create_function(
            "throws", source="exports.handler = async () => { throw new TypeError('no'); }"
        )
        answer = alibaba.invoke("throws", x_fc_log_type="Tail")
        document = json.loads(answer.body.read())
        assert answer.status_code == 200
        assert answer.headers["x-fc-error-type"] == "UnhandledInvocationError"
        assert (document["errorMessage"], document["errorType"]) == ("no", "TypeError")
        assert "/code/index.js" in document["stackTrace"][0]
        assert (
            "Error: Unhandled function error" in base64.b64decode(answer.headers["x-fc-log-result"]).decode()
        )

    @pytest.mark.parametrize(
        ("runtime", "source"),
        [
            (
                "nodejs20",
                "let begun = 0; exports.start = async (context) => { begun += context.requestId ? 1 : 9; };"
                "exports.handler = async () => begun;",
            ),
            (
                "nodejs14",
                "let begun = 0; exports.start = (context, done) => { begun += 1; done(null); };"
                "exports.handler = (event, context, done) => done(null, begun);",
            ),
            (
                "python3.10",
                "begun = []\ndef start(context):\n    begun.append(context.request_id)\n"
                "def handler(event, context):\n    return len(begun)\n",
            ),
        ],
    )
    def test_an_initializer_runs_once(self, alibaba: RunningAlibaba, runtime: str, source: str) -> None:
        hooks = fc.InstanceLifecycleConfig(initializer=fc.LifecycleHook(handler="index.start", timeout=5))
        name = f"begins-{runtime.replace('.', '')}"
        alibaba.create_function(name, source=source, runtime=runtime, instance_lifecycle_config=hooks)
        assert [alibaba.invoke(name).body.read() for _ in range(2)] == [b"1", b"1"]

    def test_a_python_error_has_its_stack(self, alibaba: RunningAlibaba) -> None:
        alibaba.create_function(
            "py-throws",
            source="def handler(event, context):\n    raise ValueError('no')\n",
            runtime="python3.10",
        )
        answer = alibaba.invoke("py-throws")
        document = json.loads(answer.body.read())
        assert answer.headers["x-fc-error-type"] == "UnhandledInvocationError"
        assert document["errorType"] == "ValueError"
        assert 'File "/code/index.py", line 2, in handler' in document["stackTrace"][0][0]

    def test_a_module_that_cannot_be_loaded_is_told_without_paths_of_the_machine(
        self, alibaba: RunningAlibaba
    ) -> None:
        alibaba.create_function("unloadable", source="import nothing_here\n", runtime="python3.12")
        document = json.loads(alibaba.invoke("unloadable").body.read())
        assert document["errorType"] == "ModuleNotFoundError"
        assert [frame[0] for frame in document["stackTrace"]] == [
            '  File "/code/index.py", line 1, in <module>'
        ]

    def test_an_error_given_to_the_callback_is_handled(self, alibaba: RunningAlibaba) -> None:
        alibaba.create_function(
            "cb-error", source="exports.handler = (e, c, done) => done(new Error('told'))"
        )
        answer = alibaba.invoke("cb-error")
        assert answer.headers["x-fc-error-type"] == "HandledInvocationError"

    @pytest.mark.parametrize(
        ("name", "body", "words"),
        [
            ("times-out", "await new Promise((done) => setTimeout(done, 5000))", "time out after 1 seconds"),
            ("exits", "process.exit(3)", "Process exited unexpectedly"),
            ("grows", "const a = []; for (;;) a.push(Buffer.alloc(1 << 22, 1))", "used more than 128 MB"),
        ],
    )
    def test_a_function_that_ends_badly_is_told_and_recovers(
        self, alibaba: RunningAlibaba, name: str, body: str, words: str
    ) -> None:
        source = f"exports.handler = async (e) => {{ if (e.length > 2) {{ {body} }} return 'ok'; }}"
        alibaba.create_function(name, source=source, timeout=1)
        answer = alibaba.invoke(name, b"please")
        assert words in json.loads(answer.body.read())["errorMessage"]
        assert answer.headers["x-fc-error-type"] == "UnhandledInvocationError"
        assert alibaba.invoke(name, b"{}").body.read() == b"ok"

    def test_the_tail_has_fc_s_own_form(self, alibaba: RunningAlibaba) -> None:
        alibaba.create_function(
            "talks", source="exports.handler = async () => { console.log('hello world'); }"
        )
        alibaba.invoke("talks")
        answer = alibaba.invoke("talks", x_fc_log_type="Tail")
        request_id = re.escape(answer.headers["x-fc-request-id"])
        tail = base64.b64decode(answer.headers["x-fc-log-result"]).decode()
        assert re.fullmatch(
            rf"FC Invoke Start RequestId: {request_id}\n"
            rf"\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{{3}}Z {request_id} \[verbose\] hello world\n"
            rf"FC Invoke End RequestId: {request_id}\n\n"
            r"Duration: \d+\.\d\d ms, Billed Duration: \d+ ms, "
            r"Memory Size: 128 MB, Max Memory Used: \d+\.\d\d MB",
            tail,
        )

    def test_the_tail_is_the_last_4_kb(self, alibaba: RunningAlibaba) -> None:
        source = "exports.handler = async () => { for (let i = 0; i < 500; i++) console.log('line ' + i); }"
        alibaba.create_function("wordy", source=source)
        tail = base64.b64decode(alibaba.invoke("wordy", x_fc_log_type="Tail").headers["x-fc-log-result"])
        assert len(tail) == 4096
        assert b"line 499" in tail
        assert b"line 0\n" not in tail

    def test_it_carries_bursts(self, alibaba: RunningAlibaba) -> None:
        source = "exports.handler = async (e) => { await new Promise((d) => setTimeout(d, 50)); return e; }"
        alibaba.create_function("burst", source=source)
        client = alibaba.fc()
        with ThreadPoolExecutor(16) as pool:
            payloads = [str(number).encode() for number in range(64)]
            answers = list(pool.map(lambda p: alibaba.invoke("burst", p, client=client), payloads))
        assert [answer.body.read() for answer in answers] == payloads
        assert len({answer.headers["x-fc-instance-id"] for answer in answers}) > 1


SERVER = """#!/usr/bin/env python3
import http.server, json, os
class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    begun = []
    def do(self):
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        control = self.headers.get("x-fc-control-path")
        if self.path == "/initialize":
            self.begun.append(self.headers["x-fc-request-id"] is not None)
        told = {"path": self.path, "method": self.command, "control": control, "body": body.decode(),
                "initialized": len(self.begun), "function": self.headers.get("x-fc-function-name")}
        text = json.dumps(told).encode()
        if body == b"exit":
            os._exit(3)
        self.send_response(201 if self.path.startswith("/teapot") else 200)
        if body == b"fail":
            self.send_header("x-fc-status", "404")
        self.send_header("x-own", "yes")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)
    do_GET = do_POST = do
    def log_message(self, *args):
        pass
http.server.ThreadingHTTPServer(("0.0.0.0", int(os.environ["FC_SERVER_PORT"])), Answer).serve_forever()
"""


# The same, but it takes a while and tells how many calls it was answering at once.
COUNTING = (
    SERVER.replace("import http", "import time, http")
    .replace("begun = []", "begun, now = [], 0")
    .replace("told = {", "Answer.now += 1; time.sleep(0.2); told = {'at once': Answer.now, ")
    .replace("self.wfile.write", "Answer.now -= 1; self.wfile.write")
)
STREAMS = """#!/usr/bin/env python3
import http.server, os, time
class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        self.send_response(202)
        self.send_header("transfer-encoding", "chunked")
        self.send_header("x-own", "yes")
        self.end_headers()
        for word in ("one", "two"):
            self.wfile.write(f"{len(word):x}\\r\\n{word}\\r\\n".encode())
            time.sleep(0.3)
            if self.path == "/exit":
                os._exit(3)
        self.wfile.write(b"0\\r\\n\\r\\n")
    def log_message(self, *args):
        pass
http.server.ThreadingHTTPServer(("0.0.0.0", int(os.environ["FC_SERVER_PORT"])), Answer).serve_forever()
"""


class TestCustomRuntimes:
    def _create(self, alibaba: RunningAlibaba, name: str, source: str = SERVER, **fields: Any) -> None:
        package = base64.b64encode(zipped(server_py=source)).decode()
        custom = fc.CustomRuntimeConfig(command=["python3", "/code/server.py"], port=9000)
        given = fc.CreateFunctionInput(
            **{
                "function_name": name,
                "runtime": "custom.debian12",
                "handler": "index.handler",
                "memory_size": 256,
                "timeout": 5,
                "custom_runtime_config": custom,
                "code": fc.InputCodeLocation(zip_file=package),
                **fields,
            }
        )
        alibaba.fc().create_function(fc.CreateFunctionRequest(body=given))

    def test_events_and_requests_reach_the_server(self, alibaba: RunningAlibaba) -> None:
        hooks = fc.InstanceLifecycleConfig(initializer=fc.LifecycleHook(handler="x", timeout=5))
        self._create(alibaba, "server", instance_lifecycle_config=hooks)
        answer = alibaba.invoke("server", b"hello")
        told = json.loads(answer.body.read())
        assert told == {
            "path": "/invoke",
            "method": "POST",
            "control": "/invoke",
            "body": "hello",
            "initialized": 1,
            "function": "server",
        }
        failed = alibaba.invoke("server", b"fail")
        assert failed.headers["x-fc-error-type"] == "UnhandledInvocationError"
        assert json.loads(failed.body.read())["body"] == "fail"
        config = {"authType": "anonymous", "methods": ["GET", "POST"]}
        url = trigger(alibaba, "server", "http", config).http_trigger.url_internet
        status, headers, body = visit(f"{url}/teapot/%C3%A4?a=1&a=2", method="POST", body=b"x")
        assert (status, headers["x-own"]) == (201, "yes")
        told = json.loads(body)
        assert (told["path"], told["control"], told["body"]) == (
            "/teapot/%C3%A4?a=1&a=2",
            "/http-invoke",
            "x",
        )

    def test_what_a_server_sends_in_chunks_goes_on_as_it_comes(self, alibaba: RunningAlibaba) -> None:
        self._create(alibaba, "streams", STREAMS)
        config = {"authType": "anonymous", "methods": ["GET"]}
        url = urlsplit(trigger(alibaba, "streams", "http", config).http_trigger.url_internet)
        line = http.client.HTTPConnection(url.netloc, timeout=20)
        line.request("GET", url.path)
        answer = line.getresponse()
        assert (answer.status, answer.getheader("x-own")) == (202, "yes")
        assert answer.getheader("x-fc-request-id")
        first, at = answer.read1(), time.monotonic()
        assert (first, answer.read()) == (b"one", b"two")
        assert time.monotonic() - at > 0.2
        line.request("GET", f"{url.path.rstrip('/')}/exit")
        with pytest.raises((http.client.IncompleteRead, ConnectionError)):
            line.getresponse().read()
        line.close()

    def test_a_server_that_does_not_come_up_is_told_with_fc_s_codes(self, alibaba: RunningAlibaba) -> None:
        self._create(alibaba, "gone", "raise SystemExit('broken')")
        assert refusal(lambda: alibaba.invoke("gone")) == (412, "CAExited")
        self._create(
            alibaba, "absent", custom_runtime_config=fc.CustomRuntimeConfig(command=["/code/missing"])
        )
        assert refusal(lambda: alibaba.invoke("absent")) == (412, "CAFileNotFound")
        self._create(
            alibaba, "locked", custom_runtime_config=fc.CustomRuntimeConfig(command=["/code/server.py"])
        )
        assert refusal(lambda: alibaba.invoke("locked")) == (412, "CAFilePermission")

    def test_one_server_answers_as_many_calls_at_once_as_it_may(self, alibaba: RunningAlibaba) -> None:
        self._create(alibaba, "many", COUNTING, instance_concurrency=4)
        client = alibaba.fc()
        with ThreadPoolExecutor(8) as pool:
            payloads = [str(number).encode() for number in range(8)]
            answers = list(pool.map(lambda p: alibaba.invoke("many", p, client=client), payloads))
        told = [json.loads(answer.body.read()) for answer in answers]
        assert [each["body"].encode() for each in told] == payloads
        assert 1 < max(each["at once"] for each in told) <= 4
        assert len({answer.headers["x-fc-instance-id"] for answer in answers}) == 2
        ended = alibaba.invoke("many", b"exit").headers
        assert ended["x-fc-error-type"] == "UnhandledInvocationError"
        assert json.loads(alibaba.invoke("many", b"again").body.read())["body"] == "again"

    def test_a_server_that_dies_is_started_anew(self, alibaba: RunningAlibaba) -> None:
        self._create(alibaba, "dies")
        answer = alibaba.invoke("dies", b"exit")
        assert answer.headers["x-fc-error-type"] == "UnhandledInvocationError"
        assert json.loads(alibaba.invoke("dies", b"again").body.read())["body"] == "again"

    def test_images_are_stored_and_not_run(self, alibaba: RunningAlibaba) -> None:
        image = fc.CustomContainerConfig(image="registry.cn-hangzhou.aliyuncs.com/a/b:1")
        self._create(alibaba, "image", runtime="custom-container", code=None, custom_container_config=image)
        with pytest.raises(AlibabaCloudException, match="cannot run container images"):
            alibaba.invoke("image")
