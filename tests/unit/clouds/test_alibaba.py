"""What is pure in the Alibaba port: errors, tails, policies, and what the SDK may see of the environment."""

import base64
import logging
from typing import Any

import pytest

from clouds.alibaba import connect, policies
from clouds.alibaba.errors import kind_of
from clouds.alibaba.invoker import error_of, tail
from clouds.alibaba.session import open_credentials
from cutover.errors import (
    AlreadyExists,
    CloudError,
    Conflict,
    Denied,
    Invalid,
    NoAnswer,
    NotFound,
    QuotaExceeded,
    Throttled,
    Unavailable,
)

LINES = """load code for handler:index.handler
FC Invoke Start RequestId: {id}
2026-11-22T09:44:15.622Z {id} [verbose] hello
FC Invoke End RequestId: {id}


Duration: 1.73 ms, Billed Duration: 2 ms, Memory Size: 128 MB, Max Memory Used: 22.55 MB"""


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        ("FunctionNotFound", 404, NotFound),
        ("FunctionAlreadyExists", 409, AlreadyExists),
        ("ConcurrentUpdateError", 409, Conflict),
        ("PreconditionFailed", 412, Conflict),
        ("AccessDenied", 403, Denied),
        ("ResourceExhausted", 429, Throttled),
        ("ResourceThrottled", 503, Throttled),
        ("InternalServerError", 500, Unavailable),
        ("InvalidArgument", 400, Invalid),
        ("LimitExceeded", 400, QuotaExceeded),
        ("ProjectNotExist", 404, NotFound),
        ("", 504, NoAnswer),
        ("", 0, NoAnswer),
    ],
)
def test_it_maps_an_answer_by_code_and_status(code: str, status: int, expected: type[CloudError]) -> None:
    assert kind_of(code, status) is expected


def test_it_reads_a_whole_tail() -> None:
    encoded = base64.b64encode(LINES.format(id="1-a-b").encode()).decode()

    lines, facts = tail(encoded, "1-a-b")

    assert [line.text for line in lines or ()] == ["hello"]
    assert (facts["duration_ms"], facts["billed_ms"], facts["cold"]) == (1.73, 2.0, True)


def test_it_waits_for_the_log_store_when_a_tail_is_cut_off() -> None:
    cut = LINES.format(id="1-a-b").partition("hello")[2]

    lines, facts = tail(base64.b64encode(cut.encode()).decode(), "1-a-b")

    assert lines is None
    assert facts["duration_ms"] == 1.73
    assert "cold" not in facts


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"errorType": "TypeError", "errorMessage": "m"}', ("TypeError", "m")),
        (b'{"errorMessage": "m"}', ("", "m")),
        (b"Process exited", ("", "")),
        (b"[1]", ("", "")),
    ],
)
def test_it_reads_an_error_document(body: bytes, expected: tuple[str, str]) -> None:
    assert error_of(body) == expected


def test_its_invoking_policy_can_invoke_one_function_and_nothing_else() -> None:
    (statement,) = policies.policy("invoke", region="cn-hangzhou", account_id="1", function="f")["Statement"]

    assert statement["Action"] == ["fc:InvokeFunction"]
    assert all("functions/f" in resource for resource in statement["Resource"])


@pytest.mark.parametrize("purpose", policies.PURPOSES)
def test_its_policies_name_actions_and_no_wildcard_of_actions(purpose: str) -> None:
    document = policies.policy(purpose, region="cn-hangzhou", account_id="1")

    actions = [action for statement in document["Statement"] for action in statement["Action"]]
    assert actions
    assert not [action for action in actions if "*" in action]


def test_it_takes_the_key_that_stands_in_the_environment_now(monkeypatch: pytest.MonkeyPatch) -> None:
    def found() -> Any:
        return open_credentials({"kind": "environment"}, endpoints={}, proxy="").get_credential()

    for key, token in (("one", ""), ("two", "token")):
        monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", key)
        monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "secret")
        monkeypatch.setenv("ALIBABA_CLOUD_SECURITY_TOKEN", token)
        assert found().access_key_id == key
        assert (found().security_token or "") == token


def test_it_leaves_the_sdk_no_environment_and_no_voice() -> None:
    import darabonba.core

    assert dict(darabonba.core.os.environ) == {}
    assert not logging.getLogger("darabonba-core").isEnabledFor(logging.ERROR)


@pytest.mark.parametrize(
    ("endpoints", "url"),
    [
        ({}, "https://fcv3.ap-southeast-5.aliyuncs.com"),
        ({"scheme": "http", "fc": "127.0.0.1:8080"}, "http://127.0.0.1:8080"),
    ],
)
def test_it_says_where_the_relay_finds_fc(
    monkeypatch: pytest.MonkeyPatch, endpoints: dict[str, str], url: str
) -> None:
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "x")

    cloud = connect(
        region="ap-southeast-5", account_id="1", auth={"kind": "environment"}, endpoints=endpoints
    )

    assert cloud.fc_url == url
