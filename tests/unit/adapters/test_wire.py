"""Signatures of the relay's own small client, against those of the official SDKs."""

import hashlib
import hmac
import sys
from pathlib import Path
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

SHARED = Path(__file__).parents[3] / "adapters" / "aws_shared" / "python-3.9"


@pytest.fixture(scope="module")
def wire() -> Any:
    sys.path.insert(0, str(SHARED))
    try:
        import cutover_wire
    finally:
        sys.path.remove(str(SHARED))
    return cutover_wire


@pytest.mark.parametrize("token", ["", "session-token"])
@pytest.mark.parametrize("query", ["", "Qualifier=live"])
def test_it_signs_for_aws_as_botocore_does(
    wire: Any, monkeypatch: pytest.MonkeyPatch, token: str, query: str
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    if token:
        monkeypatch.setenv("AWS_SESSION_TOKEN", token)
    else:
        monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)
    headers = {"content-type": "application/x-amz-json-1.0", "host": "sqs.eu-west-1.amazonaws.com"}
    path = "/2015-03-31/functions/a%20b/invocations"

    ours = wire._sign_v4("sqs", "POST", path, query, dict(headers), b"{}")

    request = AWSRequest(
        method="POST",
        url="https://sqs.eu-west-1.amazonaws.com" + path + ("?" + query if query else ""),
        data=b"{}",
        headers=dict(headers),
    )
    request.context["timestamp"] = ours["x-amz-date"]
    signer = SigV4Auth(Credentials("AKIDEXAMPLE", "secret", token or None), "sqs", "eu-west-1")
    request.headers["X-Amz-Date"] = ours["x-amz-date"]
    if token:
        request.headers["X-Amz-Security-Token"] = token
    # botocore encodes the path once more for every service but S3; ours gets the path as it is sent.
    monkeypatch.setattr(signer, "_normalize_url_path", lambda given: given)
    canonical = signer.canonical_request(request)
    theirs = signer.signature(signer.string_to_sign(request, canonical), request)
    assert ours["authorization"].rpartition("Signature=")[2] == theirs


def test_it_signs_for_fc_as_the_official_sdk_does(wire: Any) -> None:
    from alibabacloud_tea_openapi.utils import Utils
    from darabonba.request import DaraRequest

    headers = {"host": "fc.example.com", "content-type": "application/octet-stream", "x-fc-log-type": "None"}
    key = {"access_key_id": "id", "access_key_secret": "secret", "security_token": "token"}
    path, query, body = "/2023-03-30/functions/f/invocations", "qualifier=live", b'{"a":1}'

    ours = wire.sign_acs3("POST", path, query, headers, body, key)

    request = DaraRequest()
    request.method, request.pathname, request.query = "POST", path, {"qualifier": "live"}
    request.headers = {name: value for name, value in ours.items() if name != "authorization"}
    digest = hashlib.sha256(body).hexdigest()
    theirs = Utils.get_authorization(request, "ACS3-HMAC-SHA256", digest, "id", "secret")
    assert ours["authorization"] == theirs
    assert ours["x-acs-security-token"] == "token"


def test_it_signs_nothing_that_a_proxy_may_change(wire: Any) -> None:
    key = {"access_key_id": "id", "access_key_secret": "secret"}

    signed = wire.sign_acs3(
        "POST", "/", "", {"host": "h", "accept": "*/*", "x-cutover-request-id": "1"}, b"", key
    )

    listed = signed["authorization"].partition("SignedHeaders=")[2].partition(",")[0].split(";")
    assert "accept" not in listed
    assert "x-cutover-request-id" not in listed
    assert "host" in listed
    assert hmac.compare_digest(signed["x-acs-content-sha256"], hashlib.sha256(b"").hexdigest())


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, "https://sqs.eu-west-1.amazonaws.com"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:1/"}, "http://127.0.0.1:1"),
        ({"AWS_ENDPOINT_URL": "http://a", "AWS_ENDPOINT_URL_SQS": "http://b"}, "http://b"),
        (
            {"AWS_ENDPOINT_URL": "http://a", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"},
            "https://sqs.eu-west-1.amazonaws.com",
        ),
    ],
)
def test_it_chooses_endpoints_as_the_official_sdks_do(
    wire: Any, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], expected: str
) -> None:
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SQS", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    assert wire.aws_origin("sqs") == expected
