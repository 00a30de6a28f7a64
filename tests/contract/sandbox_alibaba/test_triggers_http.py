"""HTTP triggers: the URL of a function, what it gets and what its answer becomes, and who may call."""

import json
import time
import urllib.parse
from typing import Any

import pytest

from tests.contract.sandbox_alibaba.calls import (
    ECHO_NODE,
    SDK_WARNINGS,
    Ear,
    alias,
    eventually,
    publish,
    refusal,
    trigger,
    visit,
)
from tests.sandbox_fixtures import RunningAlibaba

pytestmark = SDK_WARNINGS
OPEN = {"authType": "anonymous", "methods": ["GET", "POST"]}


def url_of(alibaba: RunningAlibaba, name: str, source: str, config: dict[str, Any] = OPEN) -> str:
    alibaba.create_function(name, source=source)
    return str(trigger(alibaba, name, "http", config).http_trigger.url_internet)


def test_a_function_gets_the_request_as_an_event(alibaba: RunningAlibaba) -> None:
    url = url_of(alibaba, "web", "exports.handler = async (e) => e.toString()")
    status, headers, body = visit(
        f"{url}/a%20b/c?x=1&x=2&y=%C3%BC",
        method="POST",
        body=b"text",
        headers={"X-Own": "v", "Content-Type": "text/plain"},
    )
    event = json.loads(body)
    assert (status, headers["content-type"]) == (200, "application/json")
    assert (event["version"], event["rawPath"]) == ("v1", "/a%20b/c")
    assert event["queryParameters"] == {"x": "1,2", "y": "ü"}
    assert (event["headers"]["X-Own"], event["headers"]["Content-Type"]) == ("v", "text/plain")
    assert (event["body"], event["isBase64Encoded"]) == ("text", False)
    context = event["requestContext"]
    assert context["http"]["method"] == "POST"
    assert context["http"]["path"] == "/a b/c"
    assert context["requestId"] == headers["x-fc-request-id"]
    assert context["domainName"].endswith(".cn-hangzhou.fcapp.run")
    assert isinstance(context["timeEpoch"], str)
    assert abs(int(context["timeEpoch"]) / 1000 - time.time()) < 60


def test_bytes_that_are_no_text_travel_in_base64(alibaba: RunningAlibaba) -> None:
    source = (
        "exports.handler = async (e) => { const v = JSON.parse(e);"
        " return { statusCode: 201, headers: { 'Content-Type': 'image/png', 'X-A': ['1', '2'] },"
        " isBase64Encoded: v.isBase64Encoded, body: v.body }; };"
    )
    picture = bytes(range(256))
    status, headers, body = visit(url_of(alibaba, "binary", source), method="POST", body=picture)
    assert (status, headers["content-type"], headers["x-a"]) == (201, "image/png", "1, 2")
    assert body == picture


@pytest.mark.parametrize(
    ("name", "answer", "status", "body"),
    [
        ("bare-object", "{ a: 1 }", 200, b'{"a":1}'),
        ("bare-text", "'words'", 200, b"words"),
        ("bad-status", "{ statusCode: 'x' }", 502, None),
        ("bad-base64", "{ statusCode: 200, isBase64Encoded: true, body: '*' }", 502, None),
        ("no-body", "{ statusCode: 204 }", 204, b""),
    ],
)
def test_answers_become_responses(
    alibaba: RunningAlibaba, name: str, answer: str, status: int, body: bytes | None
) -> None:
    found = visit(url_of(alibaba, name, f"exports.handler = async () => ({answer})"))
    assert found[0] == status
    assert found[2] == body if body is not None else json.loads(found[2])["Code"] == "BadResponse"


def test_a_function_that_fails_is_a_502(alibaba: RunningAlibaba) -> None:
    url = url_of(alibaba, "web-fails", "exports.handler = async () => { throw new Error('no'); }")
    status, headers, body = visit(url)
    assert (status, headers["x-fc-error-type"]) == (502, "UnhandledInvocationError")
    assert json.loads(body)["errorMessage"] == "no"


def test_a_request_may_be_carried_out_later(alibaba: RunningAlibaba, ear: Ear) -> None:
    url = url_of(alibaba, "web-later", ear.telling())
    status, headers, body = visit(f"{url}/x", headers={"X-Fc-Invocation-Type": "Async"})
    assert (status, body) == (202, b"")
    eventually(lambda: ear.heard)
    (event,) = ear.documents()
    assert event["requestContext"]["requestId"] == headers["x-fc-request-id"]


def test_methods_and_urls_that_are_not_there_are_refused(alibaba: RunningAlibaba) -> None:
    url = url_of(alibaba, "methods", ECHO_NODE, {"authType": "anonymous", "methods": ["GET"]})
    assert visit(url)[0] == 200
    assert visit(url, method="DELETE")[0] == 405
    assert visit(f"{alibaba.url}/_http/nothing-here/x")[0] == 404
    alibaba.fc().delete_trigger("methods", "t")
    assert visit(url)[0] == 404


def signed(alibaba: RunningAlibaba, url: str, *, secret: str | None = None) -> dict[str, str]:
    """Sign a POST as the guide to HTTP triggers does, with alibabacloud_openapi_util."""
    from alibabacloud_openapi_util.client import Client  # type: ignore[import-untyped]
    from Tea.request import TeaRequest

    parts, keys = urllib.parse.urlsplit(url), alibaba.keys.alibaba
    request = TeaRequest()
    request.method, request.pathname = "POST", parts.path
    request.query = dict(urllib.parse.parse_qsl(parts.query))
    date = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    request.headers = {"x-acs-date": date, "host": parts.netloc}
    authorization = Client.get_authorization(
        request, "ACS3-HMAC-SHA256", "", keys.access_key_id, secret or keys.access_key_secret
    )
    return {"x-acs-date": date, "Authorization": authorization}


def test_a_trigger_of_type_function_takes_signed_requests_only(alibaba: RunningAlibaba) -> None:
    url = url_of(alibaba, "guarded", "exports.handler = async () => 'in'", {"methods": ["POST"]}) + "/x?a=1"
    assert visit(url, method="POST", body=b"b")[0] == 403
    assert visit(url, method="POST", body=b"b", headers=signed(alibaba, url))[2] == b"in"
    wrong = signed(alibaba, url, secret="wrong")
    status, _, body = visit(url, method="POST", body=b"b", headers=wrong)
    assert (status, json.loads(body)["Code"]) == (403, "SignatureNotMatch")
    old = {**signed(alibaba, url), "x-acs-date": "2020-01-01T00:00:00Z"}
    assert visit(url, method="POST", body=b"b", headers=old)[0] == 403


def test_one_http_trigger_for_each_qualifier(alibaba: RunningAlibaba) -> None:
    url_of(alibaba, "once", "exports.handler = async (e, c) => c.service.versionId")
    assert refusal(lambda: trigger(alibaba, "once", "http", OPEN, trigger_name="u"))[0] == 409
    publish(alibaba, "once")
    alias(alibaba, "once", "1")
    made = trigger(alibaba, "once", "http", OPEN, trigger_name="u", qualifier="live")
    assert visit(made.http_trigger.url_internet)[2] == b"1"


@pytest.mark.parametrize(
    "config", [{"authType": "jwt", "methods": ["GET"]}, {"authType": "anonymous"}, {"methods": ["BREW"]}]
)
def test_it_refuses_configurations_that_it_cannot_serve(
    alibaba: RunningAlibaba, config: dict[str, Any]
) -> None:
    alibaba.create_function(name := f"unserved-{len(str(config))}", source=ECHO_NODE)
    assert refusal(lambda: trigger(alibaba, name, "http", config)) == (400, "InvalidArgument")


def test_web_pages_may_not_call(alibaba: RunningAlibaba) -> None:
    url = url_of(alibaba, "no-pages", ECHO_NODE)
    assert visit(url, headers={"Origin": "https://evil.example"})[0] == 403
