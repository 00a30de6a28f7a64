"""Functions, versions, aliases and what hangs on a function, through the official SDK."""

import base64
import json
import re
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from alibabacloud_fc20230330 import models as fc
from alibabacloud_tea_openapi.exceptions import AlibabaCloudException

from tests.contract.sandbox_alibaba.calls import (
    ECHO_NODE,
    SDK_WARNINGS,
    VERSION_NODE,
    alias,
    publish,
    refusal,
    update,
)
from tests.sandbox_fixtures import RunningAlibaba, zipped

pytestmark = SDK_WARNINGS


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
        other = {"cronExpression": "@every 9m", "enable": False}
        changed = fc.UpdateTriggerInput(trigger_config=json.dumps(other))
        alibaba.fc().update_trigger("triggered", "tick", fc.UpdateTriggerRequest(body=changed))
        listed = alibaba.fc().list_triggers("triggered", fc.ListTriggersRequest()).body.triggers
        assert [json.loads(trigger.trigger_config) for trigger in listed] == [other]
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
