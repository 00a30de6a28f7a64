"""The Alibaba half of the sandbox, seen through the official SDKs as they come from the index."""

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
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alibabacloud_fc20230330 import models as fc
from alibabacloud_sls20201230 import models as sls

from tests.contract.sandbox_alibaba.calls import ECHO_NODE, VERSION_NODE, alias, eventually, publish, refusal
from tests.sandbox_fixtures import RunningAlibaba, processes_of, running_alibaba

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # oss2 2.19.1 has wrong escapes in its docstrings

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::SyntaxWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


@pytest.fixture(scope="module")
def alibaba(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningAlibaba]:
    with running_alibaba(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


def fault(alibaba: RunningAlibaba, method: str, rule: dict[str, Any] | None = None) -> Any:
    request = urllib.request.Request(
        f"{alibaba.url}/_sandbox/faults",
        method=method,
        data=json.dumps(rule).encode() if rule else None,
        headers={"X-Sandbox-Token": alibaba.keys.admin_token},
    )
    with urllib.request.urlopen(request) as response:
        return json.load(response)


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
        fault(alibaba, "POST", {"cloud": "alibaba", "kind": "latency", "ms": 1500, "function": "delayed"})

        def seconds(name: str) -> float:
            began = time.monotonic()
            alibaba.invoke(name)
            return time.monotonic() - began

        assert seconds("delayed") >= 1.5
        assert min(seconds("prompt") for _ in range(3)) < 1.5
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
