"""Who may call FC 3.0 and STS: signatures, keys, roles."""

import hashlib
import hmac
import http.client
import json
import time
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

import pytest
from alibabacloud_fc20230330 import models as fc
from alibabacloud_sts20150401 import models as sts
from alibabacloud_sts20150401.client import Client as StsClient
from alibabacloud_tea_openapi.models import Config

from tests.contract.sandbox_alibaba.calls import ECHO_NODE, SDK_WARNINGS, refusal
from tests.sandbox_fixtures import RunningAlibaba

pytestmark = SDK_WARNINGS


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
    def _assume(self, alibaba: RunningAlibaba, key_id: str, secret: str, seconds: int = 900) -> Any:
        """Call AssumeRole through alibabacloud-sts20150401."""
        config = Config(
            access_key_id=key_id, access_key_secret=secret, protocol="http", endpoint=alibaba.endpoint
        )
        request = sts.AssumeRoleRequest(
            role_arn=f"acs:ram::{alibaba.keys.alibaba.account_id}:role/deployer",
            role_session_name="test",
            duration_seconds=seconds,
        )
        return StsClient(config).assume_role(request).body.credentials

    def test_an_assumed_role_may_work_with_its_token_only(self, alibaba: RunningAlibaba) -> None:
        key = alibaba.keys.alibaba
        drawn = self._assume(alibaba, key.access_key_id, key.access_key_secret)
        client = alibaba.fc(drawn.access_key_id, drawn.access_key_secret, drawn.security_token)
        assert client.list_functions(fc.ListFunctionsRequest()).status_code == 200
        wrong = alibaba.fc(drawn.access_key_id, drawn.access_key_secret, "another")
        assert refusal(lambda: wrong.list_functions(fc.ListFunctionsRequest())) == (403, "SignatureNotMatch")

    def test_the_relay_may_not_assume_roles(self, alibaba: RunningAlibaba) -> None:
        key = alibaba.keys.relay
        assert refusal(lambda: self._assume(alibaba, key.access_key_id, key.access_key_secret))[0] == 403

    def test_durations_have_their_limits(self, alibaba: RunningAlibaba) -> None:
        key = alibaba.keys.alibaba
        for seconds in (899, 43_201):
            call = lambda seconds=seconds: self._assume(  # noqa: E731
                alibaba, key.access_key_id, key.access_key_secret, seconds
            )
            assert refusal(call) == (400, "InvalidParameter.DurationSeconds")

    def test_a_function_s_role_gives_it_keys_that_work(self, alibaba: RunningAlibaba) -> None:
        source = (
            "exports.handler = async (event, { credentials: c }) =>"
            " [c.accessKeyId, c.accessKeySecret, c.securityToken];"
        )
        role = f"acs:ram::{alibaba.keys.alibaba.account_id}:role/function"
        alibaba.create_function("has-role", source=source, role=role)
        drawn = json.loads(alibaba.invoke("has-role").body.read())
        found = alibaba.fc(*drawn).get_function("has-role", fc.GetFunctionRequest()).body
        assert found.role == role
