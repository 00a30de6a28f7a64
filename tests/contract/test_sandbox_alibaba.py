"""The Alibaba half of the sandbox, seen through the official SDKs as they come from the index."""

import base64
import hashlib
import hmac
import http.client
import json
import re
import secrets
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from alibabacloud_fc20230330 import models as fc
from alibabacloud_sls20201230 import models as sls
from alibabacloud_tea_openapi.exceptions import AlibabaCloudException

from tests.sandbox_fixtures import RunningAlibaba, processes_of, running_alibaba, zipped

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # oss2 2.19.1 has wrong escapes in its docstrings
    import oss2

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::SyntaxWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]
ECHO_NODE = "exports.handler = async (event) => ({ buffer: Buffer.isBuffer(event), text: event.toString() });"
VERSION_NODE = "exports.handler = async (event, context) => context.service.versionId;"


@pytest.fixture(scope="module")
def alibaba(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningAlibaba]:
    with running_alibaba(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


def refusal(call: Callable[[], Any]) -> tuple[int, str]:
    """Give status and code of the error that the SDK raises."""
    with pytest.raises(AlibabaCloudException) as raised:
        call()
    return int(raised.value.status_code), str(raised.value.code)


def eventually(look: Callable[[], Any], limit_s: float = 10) -> Any:
    """Look until there is something."""
    limit = time.monotonic() + limit_s
    while time.monotonic() < limit:
        if found := look():
            return found
        time.sleep(0.03)
    raise AssertionError("it did not happen in time")


def alias(
    alibaba: RunningAlibaba, function: str, version: str, weights: dict[str, float] | None = None
) -> Any:
    given = fc.CreateAliasInput(alias_name="live", version_id=version, additional_version_weight=weights)
    return alibaba.fc().create_alias(function, fc.CreateAliasRequest(body=given)).body


def publish(alibaba: RunningAlibaba, function: str) -> str:
    request = fc.PublishFunctionVersionRequest(body=fc.PublishVersionInput(description="d"))
    return str(alibaba.fc().publish_function_version(function, request).body.version_id)


def update(alibaba: RunningAlibaba, function: str, **fields: Any) -> Any:
    request = fc.UpdateFunctionRequest(body=fc.UpdateFunctionInput(**fields))
    return alibaba.fc().update_function(function, request).body


def fault(alibaba: RunningAlibaba, method: str, rule: dict[str, Any] | None = None) -> Any:
    request = urllib.request.Request(
        f"{alibaba.url}/_sandbox/faults",
        method=method,
        data=json.dumps(rule).encode() if rule else None,
        headers={"X-Sandbox-Token": alibaba.keys.admin_token},
    )
    with urllib.request.urlopen(request) as response:
        return json.load(response)


class TestFunctions:
    def test_it_runs_node_with_the_event_as_a_buffer(self, alibaba: RunningAlibaba) -> None:
        alibaba.create_function("node-echo", source=ECHO_NODE)
        answer = alibaba.invoke("node-echo", b'{"name":"Ada"}')
        assert json.loads(answer.body.read()) == {"buffer": True, "text": '{"name":"Ada"}'}
        assert re.fullmatch(r"1-[0-9a-f]{8}-[0-9a-f]{24}", answer.headers["x-fc-request-id"])
        assert answer.headers["x-fc-invocation-service-version"] == "LATEST"
        assert int(answer.headers["x-fc-invocation-duration"]) >= 0
        assert float(answer.headers["x-fc-max-memory-usage"]) > 0
        assert answer.headers["x-fc-instance-id"].startswith("c-")

    def test_it_runs_python_with_the_event_as_bytes(self, alibaba: RunningAlibaba) -> None:
        source = (
            "import os\ndef handler(event, context):\n"
            "    return {'kind': type(event).__name__, 'name': context.function.name,\n"
            "            'id': context.request_id, 'env': os.environ['COLOUR'],\n"
            "            'fc': os.environ['FC_FUNCTION_NAME'],\n"
            "            'leaks': [k for k in os.environ if 'SANDBOX' in k]}\n"
        )
        alibaba.create_function(
            "py-echo", source=source, runtime="python3.12", environment_variables={"COLOUR": "blue"}
        )
        answer = alibaba.invoke("py-echo", b"x")
        assert json.loads(answer.body.read()) == {
            "kind": "bytes",
            "name": "py-echo",
            "id": answer.headers["x-fc-request-id"],
            "env": "blue",
            "fc": "py-echo",
            "leaks": [],
        }

    def test_it_runs_callback_and_esm_handlers(self, alibaba: RunningAlibaba) -> None:
        alibaba.create_function(
            "cb", source="exports.handler = (e, c, done) => setTimeout(() => done(null, 'late'), 5)"
        )
        assert alibaba.invoke("cb").body.read() == b"late"
        package = base64.b64encode(zipped(index_mjs="export const handler = async () => 'esm';")).decode()
        update(alibaba, "cb", code=fc.InputCodeLocation(zip_file=package))
        assert alibaba.invoke("cb").body.read() == b"esm"

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("runtime", "nodejs99"),
            ("memory_size", 100),
            ("memory_size", 200),
            ("timeout", 90_000),
            ("disk_size", 700),
            ("cpu", 8.0),
            ("environment_variables", {"FC_X": "1"}),
            ("environment_variables", {"LONG": "x" * 5000}),
            ("log_config", fc.LogConfig(project="nowhere", logstore="none")),
        ],
    )
    def test_it_refuses_what_is_out_of_range(
        self, alibaba: RunningAlibaba, field: str, value: object
    ) -> None:
        fields: dict[str, Any] = {"runtime": "nodejs20", field: value}
        assert refusal(lambda: alibaba.create_function("wrong", source=ECHO_NODE, **fields)) == (
            400,
            "InvalidArgument",
        )
        assert refusal(lambda: alibaba.fc().get_function("wrong", fc.GetFunctionRequest())) == (
            404,
            "FunctionNotFound",
        )

    @pytest.mark.parametrize("name", ["1abc", "-abc", "a" * 65, "a b"])
    def test_it_refuses_wrong_names(self, alibaba: RunningAlibaba, name: str) -> None:
        assert refusal(lambda: alibaba.create_function(name, source=ECHO_NODE)) == (400, "InvalidArgument")

    def test_it_names_the_missing_log_project(self, alibaba: RunningAlibaba) -> None:
        with pytest.raises(AlibabaCloudException, match="project 'nowhere' does not exist"):
            alibaba.create_function(
                "wrong", source=ECHO_NODE, log_config=fc.LogConfig(project="nowhere", logstore="none")
            )

    def test_it_stores_other_runtimes_and_refuses_to_run_them(self, alibaba: RunningAlibaba) -> None:
        alibaba.create_function("java", source="x", runtime="java11")
        with pytest.raises(AlibabaCloudException, match="cannot run runtime 'java11'"):
            alibaba.invoke("java")

    def test_it_refuses_a_name_that_is_taken(self, alibaba: RunningAlibaba) -> None:
        alibaba.create_function("taken", source=ECHO_NODE)
        assert refusal(lambda: alibaba.create_function("taken", source=ECHO_NODE)) == (
            409,
            "FunctionAlreadyExists",
        )

    def test_it_changes_only_the_fields_that_were_sent(self, alibaba: RunningAlibaba) -> None:
        created = alibaba.create_function("partly", source=ECHO_NODE, description="before")
        updated = update(alibaba, "partly", timeout=9)
        assert (updated.timeout, updated.description) == (9, "before")
        assert updated.code_checksum == created.code_checksum
        assert (updated.state, updated.last_update_status) == ("Active", "Successful")

    def test_it_takes_code_from_oss_and_gives_it_back(self, alibaba: RunningAlibaba) -> None:
        package = zipped(index_js=ECHO_NODE)
        bucket = alibaba.bucket("code-bucket")
        bucket.create_bucket()
        checksum = bucket.put_object("fn.zip", package).crc
        place = fc.InputCodeLocation(oss_bucket_name="code-bucket", oss_object_name="fn.zip")
        given = fc.CreateFunctionInput(
            function_name="from-oss", runtime="nodejs20", handler="index.handler", code=place
        )
        body = alibaba.fc().create_function(fc.CreateFunctionRequest(body=given)).body
        assert (body.code_size, body.code_checksum) == (len(package), str(checksum))
        code = alibaba.fc().get_function_code("from-oss", fc.GetFunctionCodeRequest()).body
        with urllib.request.urlopen(code.url) as response:
            assert response.read() == package
        place.oss_object_name = "missing.zip"
        given.function_name = "from-nowhere"
        request = fc.CreateFunctionRequest(body=given)
        assert refusal(lambda: alibaba.fc().create_function(request)) == (400, "InvalidArgument")

    def test_it_pages_through_functions(self, alibaba: RunningAlibaba) -> None:
        for number in range(5):
            alibaba.create_function(f"paged-{number}", source=ECHO_NODE)
        found, token = [], None
        while True:
            request = fc.ListFunctionsRequest(prefix="paged-", limit=2, next_token=token)
            page = alibaba.fc().list_functions(request).body
            found += [function.function_name for function in page.functions]
            token = page.next_token
            if not token:
                break
        assert found == [f"paged-{number}" for number in range(5)]

    def test_it_keeps_tags(self, alibaba: RunningAlibaba) -> None:
        arn = alibaba.create_function("tagged", source=ECHO_NODE).function_arn
        given = fc.TagResourcesInput(
            resource_type="function", resource_id=[arn], tag=[fc.Tag(key="team", value="blue")]
        )
        alibaba.fc().tag_resources(fc.TagResourcesRequest(body=given))
        request = fc.ListTagResourcesRequest(resource_type="function", resource_id=[arn])
        found = alibaba.fc().list_tag_resources(request).body.tag_resources
        assert [(tag.tag_key, tag.tag_value) for tag in found] == [("team", "blue")]


class TestVersionsAndAliases:
    def test_a_published_version_never_changes(self, alibaba: RunningAlibaba) -> None:
        alibaba.create_function("frozen", source="exports.handler = async () => 'one ' + process.env.N",
                                environment_variables={"N": "1"})  # fmt: skip
        assert publish(alibaba, "frozen") == "1"
        package = base64.b64encode(zipped(index_js="exports.handler = async () => 'two'")).decode()
        update(
            alibaba, "frozen", code=fc.InputCodeLocation(zip_file=package), environment_variables={"N": "2"}
        )
        assert alibaba.invoke("frozen", qualifier="1").body.read() == b"one 1"
        assert alibaba.invoke("frozen").body.read() == b"two"

    def test_ids_grow_and_are_not_used_again(self, alibaba: RunningAlibaba) -> None:
        alibaba.create_function("growing", source=ECHO_NODE)
        assert [publish(alibaba, "growing") for _ in range(3)] == ["1", "2", "3"]
        alibaba.fc().delete_function_version("growing", "3")
        assert publish(alibaba, "growing") == "4"

        def ids(direction: str, token: str | None = None) -> Any:
            request = fc.ListFunctionVersionsRequest(direction=direction, limit=2, next_token=token)
            return alibaba.fc().list_function_versions("growing", request).body

        first = ids("BACKWARD")
        assert [version.version_id for version in first.versions] == ["4", "2"]
        assert [version.version_id for version in ids("BACKWARD", first.next_token).versions] == ["1"]
        assert [version.version_id for version in ids("FORWARD").versions] == ["1", "2"]

    def test_an_alias_splits_by_weight_and_says_which_version_ran(self, alibaba: RunningAlibaba) -> None:
        alibaba.create_function("split", source=VERSION_NODE)
        publish(alibaba, "split")
        publish(alibaba, "split")
        alias(alibaba, "split", "1", {"2": 0.3})
        client = alibaba.fc()

        def version(_: int) -> str:
            answer = alibaba.invoke("split", qualifier="live", client=client)
            ran = str(answer.headers["x-fc-invocation-service-version"])
            assert answer.body.read().decode() == ran
            return ran

        with ThreadPoolExecutor(8) as pool:
            counted = Counter(pool.map(version, range(300)))
        # 300 draws of 0.3: fewer than 50 or more than 135 happens less than once in a million runs.
        assert counted["1"] + counted["2"] == 300
        assert 50 <= counted["2"] <= 135

    def test_an_empty_weight_clears_the_canary(self, alibaba: RunningAlibaba) -> None:
        alibaba.create_function("cleared", source=VERSION_NODE)
        publish(alibaba, "cleared")
        publish(alibaba, "cleared")
        alias(alibaba, "cleared", "1", {"2": 1.0})
        assert alibaba.invoke("cleared", qualifier="live").body.read() == b"2"
        request = fc.UpdateAliasRequest(body=fc.UpdateAliasInput(additional_version_weight={}))
        assert not alibaba.fc().update_alias("cleared", "live", request).body.additional_version_weight
        assert alibaba.invoke("cleared", qualifier="live").body.read() == b"1"

    @pytest.mark.parametrize(
        ("version", "weights", "code"),
        [
            ("9", None, "VersionNotFound"),
            ("1", {"9": 0.1}, "VersionNotFound"),
            ("1", {"1": 0.1}, "AdditionalVersionContainsMajorVersion"),
            ("1", {"2": 1.5}, "InvalidArgument"),
            ("1", {"2": 0.1, "3": 0.1}, "InvalidArgument"),
        ],
    )
    def test_it_refuses_wrong_aliases(
        self, alibaba: RunningAlibaba, version: str, weights: dict[str, float] | None, code: str
    ) -> None:
        if not alibaba.fc().list_functions(fc.ListFunctionsRequest(prefix="aliased")).body.functions:
            alibaba.create_function("aliased", source=ECHO_NODE)
            for _ in range(3):
                publish(alibaba, "aliased")
        assert refusal(lambda: alias(alibaba, "aliased", version, weights))[1] == code

    def test_an_unknown_qualifier_is_not_found(self, alibaba: RunningAlibaba) -> None:
        alibaba.create_function("qualified", source=ECHO_NODE)
        assert refusal(lambda: alibaba.invoke("qualified", qualifier="7")) == (404, "VersionNotFound")
        assert refusal(lambda: alibaba.invoke("qualified", qualifier="nope")) == (404, "AliasNotFound")


class TestAttachments:
    def test_triggers_are_kept_and_hold_their_function(self, alibaba: RunningAlibaba) -> None:
        alibaba.create_function("triggered", source=ECHO_NODE)
        config = json.dumps({"cronExpression": "@every 5m", "enable": False})
        given = fc.CreateTriggerInput(trigger_name="tick", trigger_type="timer", trigger_config=config)
        alibaba.fc().create_trigger("triggered", fc.CreateTriggerRequest(body=given))
        assert alibaba.fc().get_trigger("triggered", "tick").body.trigger_config == config
        changed = fc.UpdateTriggerInput(trigger_config=json.dumps({"enable": True}))
        alibaba.fc().update_trigger("triggered", "tick", fc.UpdateTriggerRequest(body=changed))
        listed = alibaba.fc().list_triggers("triggered", fc.ListTriggersRequest()).body.triggers
        assert [json.loads(trigger.trigger_config) for trigger in listed] == [{"enable": True}]
        assert refusal(lambda: alibaba.fc().delete_function("triggered")) == (409, "FunctionNotEmpty")
        alibaba.fc().delete_trigger("triggered", "tick")
        alibaba.fc().delete_function("triggered")
        assert refusal(lambda: alibaba.invoke("triggered")) == (404, "FunctionNotFound")

    def test_no_reserved_concurrency_lets_none_through(self, alibaba: RunningAlibaba) -> None:
        alibaba.create_function("reserved", source=ECHO_NODE)
        request = fc.PutConcurrencyConfigRequest(body=fc.PutConcurrencyInput(reserved_concurrency=0))
        alibaba.fc().put_concurrency_config("reserved", request)
        assert refusal(lambda: alibaba.invoke("reserved")) == (429, "ResourceExhausted")
        alibaba.fc().delete_concurrency_config("reserved")
        assert alibaba.invoke("reserved").status_code == 200

    def test_invocation_can_be_disabled_and_enabled(self, alibaba: RunningAlibaba) -> None:
        alibaba.create_function("gated", source=ECHO_NODE)
        request = fc.DisableFunctionInvocationRequest(reason="maintenance")
        alibaba.fc().disable_function_invocation("gated", request)
        assert refusal(lambda: alibaba.invoke("gated"))[0] == 403
        assert alibaba.fc().get_function("gated", fc.GetFunctionRequest()).body.invocation_restriction.disable
        alibaba.fc().enable_function_invocation("gated")
        assert alibaba.invoke("gated").status_code == 200

    def test_asynchronous_settings_are_kept(self, alibaba: RunningAlibaba) -> None:
        alibaba.create_function("later", source=ECHO_NODE)
        given = fc.PutAsyncInvokeConfigInput(max_async_retry_attempts=1, max_async_event_age_in_seconds=60)
        alibaba.fc().put_async_invoke_config("later", fc.PutAsyncInvokeConfigRequest(body=given))
        found = alibaba.fc().get_async_invoke_config("later", fc.GetAsyncInvokeConfigRequest()).body
        assert (found.max_async_retry_attempts, found.max_async_event_age_in_seconds) == (1, 60)


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

    def test_an_asynchronous_call_is_accepted_and_retried(self, alibaba: RunningAlibaba) -> None:
        # Not under /tmp: each instance has one of its own.
        marks = Path(f"/var/tmp/sandbox-marks-{secrets.token_hex(6)}")
        source = (
            "const fs = require('fs');\nexports.handler = async (event, context) => {\n"
            f"  fs.appendFileSync('{marks}', context.retryCount + ' ');\n"
            "  if (context.retryCount < 2) throw new Error('again');\n};"
        )
        alibaba.create_function("deferred", source=source)
        answer = alibaba.invoke("deferred", x_fc_invocation_type="Async")
        assert answer.status_code == 202
        assert answer.body.read() == b""
        eventually(lambda: marks.exists() and marks.read_text() == "0 1 2 ")
        marks.unlink()
        eventually(lambda: not list((alibaba.state / "alibaba" / "fc" / "async").glob("*.json")))

    def test_it_carries_bursts(self, alibaba: RunningAlibaba) -> None:
        source = "exports.handler = async (e) => { await new Promise((d) => setTimeout(d, 50)); return e; }"
        alibaba.create_function("burst", source=source)
        client = alibaba.fc()
        with ThreadPoolExecutor(16) as pool:
            payloads = [str(number).encode() for number in range(64)]
            answers = list(pool.map(lambda p: alibaba.invoke("burst", p, client=client), payloads))
        assert [answer.body.read() for answer in answers] == payloads
        assert len({answer.headers["x-fc-instance-id"] for answer in answers}) > 1


class TestAccess:
    def test_a_wrong_key_is_refused(self, alibaba: RunningAlibaba) -> None:
        stranger = alibaba.fc("LTAI5tStranger", "secret")
        assert refusal(lambda: stranger.list_functions(fc.ListFunctionsRequest())) == (
            403,
            "InvalidAccessKeyID",
        )

    def test_a_wrong_secret_is_refused(self, alibaba: RunningAlibaba) -> None:
        liar = alibaba.fc(alibaba.keys.alibaba.access_key_id, "secret")
        assert refusal(lambda: liar.list_functions(fc.ListFunctionsRequest())) == (403, "SignatureNotMatch")

    def test_the_relay_may_invoke_and_nothing_else(self, alibaba: RunningAlibaba) -> None:
        alibaba.create_function("relayed", source=ECHO_NODE)
        relay = alibaba.fc(alibaba.keys.relay.access_key_id, alibaba.keys.relay.access_key_secret)
        assert alibaba.invoke("relayed", client=relay).status_code == 200
        assert refusal(lambda: relay.get_function("relayed", fc.GetFunctionRequest())) == (
            403,
            "AccessDenied",
        )
        assert refusal(lambda: relay.delete_function("relayed")) == (403, "AccessDenied")

    def _signed(self, alibaba: RunningAlibaba, body: bytes, nonce: str, date: str) -> dict[str, str]:
        """Sign an invocation by hand, as the specification of ACS3-HMAC-SHA256 says."""
        path = "/2023-03-30/functions/by-hand/invocations"
        headers = {
            "host": alibaba.endpoint,
            "x-acs-content-sha256": hashlib.sha256(body).hexdigest(),
            "x-acs-date": date,
            "x-acs-signature-nonce": nonce,
            "x-acs-version": "2023-03-30",
        }
        names = ";".join(headers)
        lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
        canonical = f"POST\n{path}\n\n{lines}\n{names}\n{headers['x-acs-content-sha256']}"
        to_sign = "ACS3-HMAC-SHA256\n" + hashlib.sha256(canonical.encode()).hexdigest()
        key = alibaba.keys.alibaba
        signature = hmac.new(key.access_key_secret.encode(), to_sign.encode(), hashlib.sha256).hexdigest()
        authorization = (
            f"ACS3-HMAC-SHA256 Credential={key.access_key_id},SignedHeaders={names},Signature={signature}"
        )
        return {**headers, "Authorization": authorization}

    def _send(self, alibaba: RunningAlibaba, body: bytes, headers: dict[str, str]) -> tuple[int, str]:
        connection = http.client.HTTPConnection(alibaba.endpoint, timeout=10)
        connection.request("POST", "/2023-03-30/functions/by-hand/invocations", body, headers)
        response = connection.getresponse()
        text = response.read()
        connection.close()
        return response.status, str(
            json.loads(text).get("Code", "")
        ) if response.status != 200 else text.decode()

    def test_a_changed_body_a_replay_and_an_old_date_are_refused(self, alibaba: RunningAlibaba) -> None:
        alibaba.create_function("by-hand", source="exports.handler = async (e) => e")
        date = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        headers = self._signed(alibaba, b"first", "nonce-1", date)
        assert self._send(alibaba, b"other", headers) == (403, "SignatureNotMatch")
        assert self._send(alibaba, b"first", headers) == (200, "first")
        assert self._send(alibaba, b"first", headers) == (403, "SignatureNotMatch")
        old = self._signed(alibaba, b"first", "nonce-2", "2020-01-01T00:00:00Z")
        assert self._send(alibaba, b"first", old) == (403, "SignatureNotMatch")

    @pytest.mark.parametrize(
        "headers",
        [
            {"Origin": "https://evil.example"},
            {"Sec-Fetch-Site": "cross-site"},
            {"Host": "evil.example"},
        ],
    )
    def test_web_pages_and_other_hosts_are_refused(
        self, alibaba: RunningAlibaba, headers: dict[str, str]
    ) -> None:
        request = urllib.request.Request(f"{alibaba.url}/_sandbox/health", headers=headers)
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request)
        assert refused.value.code == 403
        refused.value.close()


class TestTokens:
    def _assume(self, alibaba: RunningAlibaba, key_id: str, secret: str) -> dict[str, Any]:
        """Call STS AssumeRole through the SDKs' common client, as alibabacloud-sts20150401 does."""
        from alibabacloud_tea_openapi.client import Client
        from alibabacloud_tea_openapi.models import Config, OpenApiRequest, Params
        from darabonba.runtime import RuntimeOptions

        config = Config(
            access_key_id=key_id, access_key_secret=secret, protocol="http", endpoint=alibaba.endpoint
        )
        params = Params(
            action="AssumeRole",
            version="2015-04-01",
            protocol="HTTP",
            pathname="/",
            method="POST",
            auth_type="AK",
            style="RPC",
            req_body_type="formData",
            body_type="json",
        )
        role = f"acs:ram::{alibaba.keys.alibaba.account_id}:role/deployer"
        query = {"RoleArn": role, "RoleSessionName": "test", "DurationSeconds": "900"}
        answer = Client(config).call_api(params, OpenApiRequest(query=query), RuntimeOptions())
        return dict(answer["body"]["Credentials"])

    def test_an_assumed_role_may_work_with_its_token_only(self, alibaba: RunningAlibaba) -> None:
        key = alibaba.keys.alibaba
        drawn = self._assume(alibaba, key.access_key_id, key.access_key_secret)
        client = alibaba.fc(drawn["AccessKeyId"], drawn["AccessKeySecret"], drawn["SecurityToken"])
        assert client.list_functions(fc.ListFunctionsRequest()).status_code == 200
        wrong = alibaba.fc(drawn["AccessKeyId"], drawn["AccessKeySecret"], "another")
        assert refusal(lambda: wrong.list_functions(fc.ListFunctionsRequest())) == (403, "SignatureNotMatch")

    def test_the_relay_may_not_assume_roles(self, alibaba: RunningAlibaba) -> None:
        key = alibaba.keys.relay
        assert refusal(lambda: self._assume(alibaba, key.access_key_id, key.access_key_secret))[0] == 403


class TestObjectStorage:
    @pytest.mark.parametrize("version", [1, 4])
    def test_it_stores_lists_and_deletes_objects(self, alibaba: RunningAlibaba, version: int) -> None:
        bucket = alibaba.bucket(f"store-v{version}", version=version)
        bucket.create_bucket()
        keys = ["a.txt", "dir/b &+%.txt", "dir/ü 李.txt"]
        for key in keys:
            put = bucket.put_object(key, b"hello world")
            assert put.etag == hashlib.md5(b"hello world").hexdigest().upper()
        assert [found.key for found in oss2.ObjectIterator(bucket, max_keys=1)] == keys
        assert [found.key for found in oss2.ObjectIteratorV2(bucket, max_keys=1)] == keys
        listed = bucket.list_objects_v2(delimiter="/")
        assert ([o.key for o in listed.object_list], listed.prefix_list) == (["a.txt"], ["dir/"])
        assert bucket.get_object(keys[1]).read() == b"hello world"
        assert bucket.get_object(keys[1], byte_range=(6, None)).read() == b"world"
        assert bucket.head_object(keys[2]).content_length == 11
        assert bucket.get_bucket_info().location == "oss-cn-hangzhou"
        assert bucket.get_bucket_location().location == "oss-cn-hangzhou"
        with pytest.raises(oss2.exceptions.BucketNotEmpty):
            bucket.delete_bucket()
        bucket.batch_delete_objects(keys[1:])
        bucket.delete_object(keys[0])
        bucket.delete_bucket()
        with pytest.raises(oss2.exceptions.NoSuchBucket):
            bucket.list_objects()

    @pytest.mark.parametrize("version", [1, 4])
    def test_a_signed_address_opens_one_object(self, alibaba: RunningAlibaba, version: int) -> None:
        bucket = alibaba.bucket("signed", version=version)
        bucket.create_bucket()
        bucket.put_object("dir/x y.txt", b"for you")
        address = bucket.sign_url("GET", "dir/x y.txt", 60, slash_safe=True)
        with urllib.request.urlopen(address) as response:
            assert response.read() == b"for you"
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(address.replace("x%20y", "other"))
        assert refused.value.code == 403
        refused.value.close()

    def test_wrong_keys_and_missing_objects_are_told_in_oss_s_words(self, alibaba: RunningAlibaba) -> None:
        bucket = alibaba.bucket("wrongly")
        bucket.create_bucket()
        with pytest.raises(oss2.exceptions.NoSuchKey):
            bucket.get_object("nothing")
        key_id = alibaba.keys.alibaba.access_key_id
        for auth in (oss2.Auth(key_id, "wrong"), oss2.AuthV4(key_id, "wrong")):
            with pytest.raises(oss2.exceptions.SignatureDoesNotMatch):
                oss2.Bucket(auth, alibaba.url, "wrongly", region="cn-hangzhou").list_objects()

    def test_the_bucket_may_be_in_the_host_name(self, alibaba: RunningAlibaba) -> None:
        bucket = alibaba.bucket("hosted")
        bucket.create_bucket()
        bucket.put_object("k", b"v")
        address = bucket.sign_url("GET", "k", 60)
        _, _, query = address.partition("?")
        connection = http.client.HTTPConnection(alibaba.endpoint, timeout=10)
        connection.request("GET", f"/k?{query}", headers={"Host": "hosted.oss-cn-hangzhou.aliyuncs.com"})
        assert connection.getresponse().read() == b"v"
        connection.close()


class TestLogs:
    @pytest.fixture(scope="class")
    def logged(self, alibaba: RunningAlibaba) -> str:
        """A function that logs to SLS; give its name."""
        client = alibaba.sls()
        client.create_project(sls.CreateProjectRequest(project_name="fc-logs", description="d"))
        client.create_log_store(
            "fc-logs", sls.CreateLogStoreRequest(logstore_name="lines", ttl=3, shard_count=1)
        )
        index = sls.Index(line=sls.IndexLine(token=[",", " "], case_sensitive=False))
        client.create_index("fc-logs", "lines", sls.CreateIndexRequest(body=index))
        source = (
            "exports.handler = async (e) => { console.log('hello world'); console.warn('code', `${e}`); }"
        )
        config = fc.LogConfig(project="fc-logs", logstore="lines")
        alibaba.create_function("logged", source=source, log_config=config)
        return "logged"

    def _rows(self, alibaba: RunningAlibaba, query: str) -> list[dict[str, str]]:
        at = int(time.time())
        request = sls.GetLogsV2Request(from_=at - 300, to=at + 60, query=query, line=100)
        return list(alibaba.sls().get_logs_v2("fc-logs", "lines", request).body.data)

    def test_rows_of_one_request_come_through_the_proxy(self, alibaba: RunningAlibaba, logged: str) -> None:
        request_id = alibaba.invoke(logged, b"42").headers["x-fc-request-id"]
        query = f'__topic__:"FCLogs:{logged}" and "{request_id}"'
        rows = eventually(lambda: self._rows(alibaba, query))
        messages = [re.sub(r"^\S+Z ", "", row["message"]) for row in rows]
        assert messages == [
            f"FC Invoke Start RequestId: {request_id}",
            f"{request_id} [verbose] hello world",
            f"{request_id} [warn] code 42",
            f"FC Invoke End RequestId: {request_id}",
        ]
        assert {row["functionName"] for row in rows} == {logged}
        assert {row["qualifier"] for row in rows} == {"LATEST"}
        assert all(row["instanceID"].startswith("c-") for row in rows)

    def test_queries_know_and_or_not_and_full_text(self, alibaba: RunningAlibaba, logged: str) -> None:
        first = alibaba.invoke(logged, b"77").headers["x-fc-request-id"]
        second = alibaba.invoke(logged, b"88").headers["x-fc-request-id"]
        eventually(lambda: self._rows(alibaba, f'"{second}" and "88"'))
        both = self._rows(
            alibaba, f'("{first}" or "{second}") and "hello world" and __topic__:"FCLogs:{logged}"'
        )
        assert len(both) == 2
        assert len(self._rows(alibaba, f'("{first}" or "{second}") and not hello and [warn]')) == 2
        assert self._rows(alibaba, f'"{first}" and 88') == []

    def test_metrics_rows_say_what_an_invocation_did(self, alibaba: RunningAlibaba, logged: str) -> None:
        request_id = alibaba.invoke(logged).headers["x-fc-request-id"]
        query = f"requestId:{request_id} and operation:InvokeFunction"
        [row] = eventually(lambda: self._rows(alibaba, query))
        assert (row["hasFunctionError"], row["invocationType"]) == ("false", "Sync")

    def test_what_does_not_exist_is_told(self, alibaba: RunningAlibaba, logged: str) -> None:
        with pytest.raises(Exception, match="ProjectNotExist"):
            alibaba.sls().get_project("nowhere", sls.GetProjectRequest())
        with pytest.raises(Exception, match="SQL"):
            self._rows(alibaba, "* | select count(1)")


class TestFaults:
    def test_rules_strike_at_the_front_and_in_the_function(self, alibaba: RunningAlibaba) -> None:
        alibaba.create_function("faulty", source="exports.handler = async () => ({ n: 1 })")
        fault(alibaba, "DELETE")
        fault(
            alibaba,
            "POST",
            {"cloud": "alibaba", "kind": "status", "status": 429, "operation": "InvokeFunction"},
        )
        assert refusal(lambda: alibaba.invoke("faulty")) == (429, "ResourceExhausted")
        fault(alibaba, "DELETE")
        fault(alibaba, "POST", {"cloud": "alibaba", "kind": "wrong", "function": "faulty"})
        assert json.loads(alibaba.invoke("faulty").body.read()) == {"n": 2}
        fault(alibaba, "DELETE")
        fault(alibaba, "POST", {"cloud": "alibaba", "kind": "slow", "ms": 60, "function": "faulty"})
        assert int(alibaba.invoke("faulty").headers["x-fc-invocation-duration"]) >= 60
        fault(alibaba, "DELETE")
        assert json.loads(alibaba.invoke("faulty").body.read()) == {"n": 1}

    def test_a_dropped_answer_was_carried_out(self, alibaba: RunningAlibaba) -> None:
        fault(
            alibaba,
            "POST",
            {"cloud": "alibaba", "kind": "drop-answer", "operation": "CreateFunction", "times": 1},
        )
        with pytest.raises(Exception, match=r"(?i)connection|retry"):
            alibaba.create_function("dropped", source=ECHO_NODE)
        assert alibaba.fc().get_function("dropped", fc.GetFunctionRequest()).body.function_name == "dropped"

    @pytest.mark.parametrize("kind", ["reset", "hang"])
    def test_a_connection_can_break_before_anything_happened(
        self, alibaba: RunningAlibaba, kind: str
    ) -> None:
        rule = {"cloud": "alibaba", "kind": kind, "operation": "CreateFunction", "times": 1, "ms": 50}
        fault(alibaba, "POST", rule)
        with pytest.raises(Exception, match=r"(?i)connection|retry"):
            alibaba.create_function(f"never-{kind}", source=ECHO_NODE)
        request = fc.GetFunctionRequest()
        assert refusal(lambda: alibaba.fc().get_function(f"never-{kind}", request))[0] == 404

    def test_latency_delays_one_function_only(self, alibaba: RunningAlibaba) -> None:
        for name in ("delayed", "prompt"):
            alibaba.create_function(name, source=ECHO_NODE)
            alibaba.invoke(name)
        fault(alibaba, "POST", {"cloud": "alibaba", "kind": "latency", "ms": 400, "function": "delayed"})

        def seconds(name: str) -> float:
            began = time.monotonic()
            alibaba.invoke(name)
            return time.monotonic() - began

        assert seconds("delayed") >= 0.4
        assert min(seconds("prompt") for _ in range(3)) < 0.4
        fault(alibaba, "DELETE")

    def test_admin_routes_want_the_token(self, alibaba: RunningAlibaba) -> None:
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"{alibaba.url}/_sandbox/faults")
        assert refused.value.code == 403
        refused.value.close()

    def test_the_page_s_button_makes_a_function_fail_and_stop(self, alibaba: RunningAlibaba) -> None:
        alibaba.create_function("pressed", source=ECHO_NODE)
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())

        def page(path: str, form: dict[str, str] | None = None) -> str:
            data = urllib.parse.urlencode(form).encode() if form else None
            request = urllib.request.Request(f"{alibaba.url}/_sandbox/{path}", data=data)
            request.add_header("Origin", alibaba.url)
            with opener.open(request) as response:
                assert "default-src 'none'; style-src 'self'" in response.headers["content-security-policy"]
                return str(response.read().decode())

        def failures(count: int) -> int:
            client = alibaba.fc()
            answers = [alibaba.invoke("pressed", client=client) for _ in range(count)]
            return sum("x-fc-error-type" in answer.headers for answer in answers)

        shown = page(f"?token={alibaba.keys.admin_token}")
        assert "Fail 20 % on FC: pressed" in shown
        token = re.findall(r"name='form_token' value='([0-9a-f]+)'", shown)[0]
        press = {"form_token": token, "function": "pressed", "action": "start"}
        assert "Stop failing: pressed" in page("fail", press)
        # The rule draws from a fixed seed, so the count is the same at every run.
        assert 10 <= failures(100) <= 35
        assert "Fail 20 % on FC: pressed" in page("fail", {**press, "action": "stop"})
        assert failures(20) == 0
        with pytest.raises(urllib.error.HTTPError) as refused:
            page("fail", {**press, "form_token": "0" * 64})
        assert refused.value.code == 403
        refused.value.close()

    def test_the_page_wants_a_session(self, alibaba: RunningAlibaba) -> None:
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"{alibaba.url}/_sandbox/")
        assert refused.value.code == 403
        refused.value.close()


class TestRestart:
    @pytest.mark.parametrize("kill", [False, True])
    def test_state_survives(self, tmp_path: Path, kill: bool) -> None:
        with running_alibaba(tmp_path) as first:
            first.create_function("kept", source=VERSION_NODE)
            publish(first, "kept")
            publish(first, "kept")
            alias(first, "kept", "1", {"2": 1.0})
            bucket = first.bucket("kept-bucket")
            bucket.create_bucket()
            bucket.put_object("k", b"v")
            first.sls().create_project(sls.CreateProjectRequest(project_name="kept-logs", description="d"))
            if kill:
                first.process.kill()
                first.process.wait()
        with running_alibaba(tmp_path) as second:
            assert second.invoke("kept", qualifier="live").body.read() == b"2"
            assert publish(second, "kept") == "3"
            assert second.bucket("kept-bucket").get_object("k").read() == b"v"
            project = second.sls().get_project("kept-logs", sls.GetProjectRequest()).body
            assert project.project_name == "kept-logs"

    def test_an_accepted_event_is_carried_out_after_a_restart(self, tmp_path: Path) -> None:
        # Not under /tmp: each instance has one of its own.
        marks = Path(f"/var/tmp/sandbox-marks-{secrets.token_hex(6)}")
        source = (
            "const fs = require('fs');\nexports.handler = async () => {\n"
            f"  fs.appendFileSync('{marks}', 'begun ');\n"
            f"  const again = fs.readFileSync('{marks}', 'utf8') !== 'begun ';\n"
            "  if (!again) await new Promise((done) => setTimeout(done, 20000));\n"
            f"  fs.appendFileSync('{marks}', 'ended ');\n}};"
        )
        with running_alibaba(tmp_path / "state") as first:
            first.create_function("resumed", source=source, timeout=30)
            first.invoke("resumed", x_fc_invocation_type="Async")
            eventually(lambda: marks.exists())
        with running_alibaba(tmp_path / "state"):
            eventually(lambda: marks.read_text() == "begun begun ended ")
        marks.unlink()

    def test_it_ends_in_order_and_leaves_no_process(self, tmp_path: Path) -> None:
        with running_alibaba(tmp_path) as running:
            name = f"fn-{secrets.token_hex(6)}"
            running.create_function(name, source="exports.handler = async () => 1")
            running.invoke(name)
            assert len(processes_of("FC_FUNCTION_NAME", name)) == 1
            running.process.terminate()
            assert running.process.wait(15) == 0
        eventually(lambda: not processes_of("FC_FUNCTION_NAME", name))

    def test_workers_do_not_outlive_a_killed_server(self, tmp_path: Path) -> None:
        with running_alibaba(tmp_path) as running:
            name = f"fn-{secrets.token_hex(6)}"
            running.create_function(name, source="exports.handler = async () => 1")
            running.invoke(name)
            assert len(processes_of("FC_FUNCTION_NAME", name)) == 1
            running.process.kill()
            running.process.wait()
        eventually(lambda: not processes_of("FC_FUNCTION_NAME", name))


def test_it_says_which_setting_is_missing() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "sandbox.alibaba"], env={"PATH": "/usr/bin"}, capture_output=True, timeout=20
    )
    assert ended.returncode == 1
    assert b"SANDBOX_STATE" in ended.stderr
