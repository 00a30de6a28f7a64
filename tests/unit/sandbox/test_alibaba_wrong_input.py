"""Wrong input to Function Compute: refused in its own words whatever the types are, never an exception."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox import keys as sandbox_keys
from sandbox.alibaba.access import AccessKey, Scope
from sandbox.alibaba.service import Alibaba
from sandbox.alibaba.settings import Settings
from sandbox.alibaba.wire import Incoming, Refused, Reply
from tests.sandbox_fixtures import zipped

KEY = AccessKey(key_id="k", secret="s", scope=Scope.EVERYTHING)
PACKAGE = base64.b64encode(zipped(index_js="exports.handler = async () => 1")).decode()
FUNCTION = {
    "functionName": "f",
    "runtime": "nodejs20",
    "handler": "index.handler",
    "code": {"zipFile": PACKAGE},
    "memorySize": 512,
    "cpu": 0.35,
    "timeout": 3,
    "diskSize": 512,
    "instanceConcurrency": 1,
    "environmentVariables": {"A": "b"},
    "layers": [],
    "tags": [],
    "logConfig": {},
    "customRuntimeConfig": {},
    "customContainerConfig": {},
    "instanceLifecycleConfig": {},
    "description": "d",
    "role": "r",
}
TRIGGERS: dict[str, dict[str, Any]] = {
    "timer": {"cronExpression": "@every 1h", "enable": False, "payload": "x"},
    "oss": {"events": ["oss:ObjectCreated:*"], "filter": {"key": {"prefix": "a", "suffix": "b"}}},
    "mns_topic": {"notifyContentFormat": "JSON", "notifyStrategy": "BACKOFF_RETRY", "filterTag": "t"},
    "http": {"authType": "anonymous", "methods": ["GET"], "disableURLInternet": False},
    "log": {"sourceConfig": {"logstore": "l"}, "jobConfig": {"triggerInterval": 60}, "functionParameter": {}},
    "eventbridge": {"eventSourceConfig": {}, "runOptions": {}, "eventSinkConfig": {}, "triggerEnable": True},
}
BODIES: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("POST", "/functions", FUNCTION),
    ("PUT", "/functions/known", {k: v for k, v in FUNCTION.items() if k not in ("functionName", "tags")}),
    ("POST", "/functions/known/aliases", {"aliasName": "a", "versionId": "1", "additionalVersionWeight": {}}),
    (
        "POST",
        "/functions/known/triggers",
        {"triggerName": "t", "triggerType": "timer", "triggerConfig": "{}"},
    ),
    ("PUT", "/functions/known/concurrency", {"reservedConcurrency": 1}),
    ("PUT", "/functions/known/provision-config", {"defaultTarget": 1, "scheduledActions": []}),
    ("PUT", "/functions/known/scaling-config", {"minInstances": 1, "horizontalScalingPolicies": []}),
    ("PUT", "/functions/known/async-invoke-config", {"maxAsyncRetryAttempts": 1, "destinationConfig": {}}),
    ("POST", "/functions/known/versions", {"description": "d"}),
    ("POST", "/functions/known/invoke/disable", {"reason": "r", "abortOngoingRequest": False}),
    ("POST", "/layers/l/versions", {"code": {"zipFile": PACKAGE}, "compatibleRuntime": []}),
    (
        "POST",
        "/custom-domains",
        {"domainName": "a.example.com", "routeConfig": {"routes": []}, "certConfig": {}},
    ),
    ("POST", "/tags-v2", {"ResourceType": "function", "ResourceId": [], "Tag": []}),
)
WRONG: tuple[Any, ...] = (
    None,
    5,
    -1,
    1.5,
    True,
    "",
    "text",
    "\0",
    [],
    [1],
    [None],
    ["a"],
    [{}],
    {},
    {"a": 1},
)


@pytest.fixture(scope="module")
def alibaba(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Alibaba]:
    state = tmp_path_factory.mktemp("wrong")
    settings = Settings(state=state, port=1, cold_delay_s=0, log_delay_s=0, async_retry_s=1)
    made = Alibaba(settings, sandbox_keys.ensure(state))
    call(made, "POST", "/functions", {**FUNCTION, "functionName": "known"})
    yield made
    made.close()


def call(alibaba: Alibaba, method: str, path: str, body: object) -> Reply | Refused:
    """Carry out a call; only a refusal may come instead of an answer."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    where, _, query = f"/2023-03-30{path}".partition("?")
    request = Incoming(method=method, raw_path=where, raw_query=query, headers={"host": "x"}, body=raw)
    try:
        return alibaba._computing.calls.answer(request, KEY)
    except Refused as refusal:
        return refusal


@pytest.mark.parametrize(("method", "path", "body"), BODIES, ids=lambda value: str(value)[:40])
def test_values_of_any_type_are_answered_or_refused(
    alibaba: Alibaba, method: str, path: str, body: dict[str, Any]
) -> None:
    for name in body:
        for wrong in WRONG:
            found = call(alibaba, method, path, {**body, name: wrong})
            assert found.status < 500, (name, wrong)
            if isinstance(body[name], dict):
                for inner in (
                    *body[name],
                    "routes",
                    "onSuccess",
                    "initializer",
                    "healthCheckConfig",
                    "project",
                ):
                    assert call(alibaba, method, path, {**body, name: {inner: wrong}}).status < 500


@pytest.mark.parametrize("kind", TRIGGERS)
def test_trigger_configurations_of_any_type_are_answered_or_refused(alibaba: Alibaba, kind: str) -> None:
    config = TRIGGERS[kind]
    given = {
        "triggerName": "t",
        "triggerType": kind,
        "sourceArn": "acs:oss:r::b",
        "invocationRole": "acs:ram::1:role/r",
    }
    for name in (*config, "enable"):
        for wrong in WRONG:
            body = {**given, "triggerConfig": json.dumps({**config, name: wrong})}
            assert call(alibaba, "POST", "/functions/known/triggers", body).status < 500
            call(alibaba, "DELETE", "/functions/known/triggers/t", b"")


@pytest.mark.parametrize("body", [b"{", b"[]", b'"x"', b"\xff", b"null", b"[" * 100_000, b'{"a":' * 50_000])
def test_what_is_no_json_object_is_refused(alibaba: Alibaba, body: bytes) -> None:
    for method, path, _ in BODIES:
        found = call(alibaba, method, path, body)
        assert (found.status, isinstance(found, Refused) and found.code) == (400, "InvalidArgument")


@pytest.mark.parametrize(
    "path",
    [
        "/functions?limit=x",
        "/functions?limit=0",
        "/functions?nextToken=%FF",
        "/functions?tags=[",
        "/functions?fcVersion=v9",
        "/layers/none/versions?limit=%C2%B2",
        "/layerarn/none",
        "/tags-v2?ResourceType=function&ResourceId={}&Tag=5",
        "/functions/known/async-tasks?startedTimeBegin=%C2%B2",
        "/functions/known/instances?limit=%C2%B2",
        "/functions/known/versions?direction=UP",
        "/functions/..%2F..%2Fetc",
        "/custom-domains/..%2F..%2Fetc",
    ],
)
def test_queries_and_names_of_any_kind_are_refused(alibaba: Alibaba, path: str) -> None:
    assert 400 <= call(alibaba, "GET", path, b"").status < 500
