"""Group ``sandbox``: what a call of a function costs in the sandbox, against the bare handler.

The same handler and the same event three times, interleaved round by round: through Lambda's Invoke and FC's
InvokeFunction of the sandbox, signed and over HTTP, and as `bench._bare`, the handler behind the least HTTP
server. Clients are equal: a connection that is kept, requests signed before the clock starts. The value is
the ratio of the warm medians with one client; throughput with four clients and the cold start are said beside
it.
These are figures of this machine: they say nothing about the clouds, and nothing about one against the other.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from alibabacloud_fc20230330 import models as fc
from alibabacloud_tea_openapi.utils import Utils
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from darabonba.request import DaraRequest

from tests.sandbox_fixtures import RunningAlibaba, RunningAws, running_alibaba, running_aws, zipped

ROUNDS = 5
CALLS = 200
CLIENTS = 4
COLD_STARTS = 5
FLOOR_LAMBDA, AIM_LAMBDA = 25.0, 12.0
FLOOR_FC, AIM_FC = 25.0, 12.0
HANDLER = "index.handler"
SOURCE = """
import json
def handler(event, context):
    if isinstance(event, bytes):
        event = json.loads(event)
    return {"id": event["id"], "total": sum(line["price"] * line["qty"] for line in event["lines"])}
"""
EVENT = json.dumps({"id": "A-17", "lines": [{"price": n, "qty": 2} for n in range(20)]}).encode()
ANSWER = {"id": "A-17", "total": 380}
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "lambda.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
)
_SIGNING = "ACS3-HMAC-SHA256"

Headers = dict[str, str]


@dataclass(kw_only=True)
class Contender:
    """One way to call the handler. sign: gives headers of one call; begin_cold: makes the next one cold."""

    port: int
    path: str
    sign: Callable[[], Headers]
    begin_cold: Callable[[], None] = lambda: None
    warm_s: list[float] = field(default_factory=list)
    per_s: list[float] = field(default_factory=list)
    cold_s: list[float] = field(default_factory=list)

    def calls(self, count: int) -> list[float]:
        """Call one after the other on one connection; give the seconds of each. Raises on a wrong answer."""
        signed = [self.sign() for _ in range(count)]
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        found = []
        try:
            for headers in signed:
                began = time.perf_counter()
                connection.request("POST", self.path, EVENT, headers)
                answer = connection.getresponse()
                text = answer.read()
                found.append(time.perf_counter() - began)
                if json.loads(text) != ANSWER:
                    raise RuntimeError(f"port {self.port} answered {answer.status}: {text[:200]!r}")
        finally:
            connection.close()
        return found

    def measure(self) -> None:
        """One round: warm calls by one client, then by several."""
        self.warm_s.append(statistics.median(self.calls(CALLS)))
        began = time.perf_counter()
        with ThreadPoolExecutor(CLIENTS) as pool:
            list(pool.map(self.calls, [CALLS // CLIENTS] * CLIENTS))
        self.per_s.append(CALLS / (time.perf_counter() - began))

    def measure_cold(self) -> None:
        for _ in range(COLD_STARTS):
            self.begin_cold()
            self.cold_s += self.calls(1)


def rows() -> list[dict[str, Any]]:
    """Measure the group on both halves, without their artificial cold delay."""
    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-sandbox-")))
        aws = stack.enter_context(
            running_aws(place / "aws", SANDBOX_COLD_DELAY_MS="0", SANDBOX_UPDATE_MS="0")
        )
        alibaba = stack.enter_context(running_alibaba(place / "alibaba", SANDBOX_COLD_DELAY_MS="0"))
        bare = stack.enter_context(_bare(place / "bare"))
        contenders = [bare, _on_lambda(aws), _on_fc(alibaba)]
        for one in contenders:
            one.calls(20)
        for _ in range(ROUNDS):
            for one in contenders:
                one.measure()
        for one in contenders[1:]:
            one.measure_cold()
    return [
        _row("sandbox.lambda_vs_bare_handler", contenders[1], bare, FLOOR_LAMBDA, AIM_LAMBDA),
        _row("sandbox.fc_vs_bare_handler", contenders[2], bare, FLOOR_FC, AIM_FC),
    ]


def _row(name: str, ours: Contender, bare: Contender, floor: float, aim: float) -> dict[str, Any]:
    ratios = [mine / theirs for mine, theirs in zip(ours.warm_s, bare.warm_s, strict=True)]
    value = statistics.median(ratios)
    said = (
        f"warm p50 {_ms(ours.warm_s)} against {_ms(bare.warm_s)}, "
        f"{statistics.median(ours.per_s):.0f} calls/s against {statistics.median(bare.per_s):.0f} "
        f"with {CLIENTS} clients, cold start {_ms(ours.cold_s)}"
    )
    sys.stderr.write(f"{name}: {said}\n")
    return {
        "metric": name,
        "value": round(value, 2),
        "unit": "x",
        "against": f"the bare handler behind the least HTTP server, lower is better: {said}",
        "floor": floor,
        "aim": aim,
        "met": value <= floor,
        "spread": round(max(ratios) - min(ratios), 2),
    }


def _ms(seconds: Sequence[float]) -> str:
    return f"{statistics.median(seconds) * 1000:.2f} ms"


@contextmanager
def _bare(folder: Path) -> Iterator[Contender]:
    folder.mkdir()
    (folder / "index.py").write_text(SOURCE)
    process = subprocess.Popen(
        [sys.executable, "-m", "bench._bare", str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield Contender(port=int(process.stdout.readline()), path="/", sign=dict)
    finally:
        process.stdin.close()
        process.wait(10)
        process.stdout.close()


def _on_lambda(aws: RunningAws) -> Contender:
    client = aws.client("lambda")
    role = aws.client("iam").create_role(RoleName="runs", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    client.create_function(
        FunctionName="bench",
        Runtime="python3.11",
        Role=role,
        Handler=HANDLER,
        Code={"ZipFile": zipped(index_py=SOURCE)},
    )
    client.get_waiter("function_active_v2").wait(FunctionName="bench")
    path = "/2015-03-31/functions/bench/invocations"
    signer = SigV4Auth(
        Credentials(aws.keys.aws.access_key_id, aws.keys.aws.secret_access_key), "lambda", aws.keys.aws.region
    )

    def sign() -> Headers:
        request = AWSRequest("POST", f"{aws.endpoint}{path}", data=EVENT)
        signer.add_auth(request)
        return dict(request.headers.items())

    def begin_cold() -> None:
        # Another environment is another instance.
        changed = {"Variables": {"DRAWN": uuid.uuid4().hex}}
        client.update_function_configuration(FunctionName="bench", Environment=changed)
        client.get_waiter("function_updated_v2").wait(FunctionName="bench")

    return Contender(port=int(aws.endpoint.rpartition(":")[2]), path=path, sign=sign, begin_cold=begin_cold)


def _on_fc(alibaba: RunningAlibaba) -> Contender:
    alibaba.create_function("bench", source=SOURCE, runtime="python3.10")
    path = "/2023-03-30/functions/bench/invocations"
    key = alibaba.keys.alibaba

    def sign() -> Headers:
        digest = hashlib.sha256(EVENT).hexdigest()
        headers = {
            "host": alibaba.endpoint,
            "x-acs-version": "2023-03-30",
            "x-acs-action": "InvokeFunction",
            "x-acs-date": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "x-acs-signature-nonce": uuid.uuid4().hex,
            "x-acs-content-sha256": digest,
            "content-type": "application/octet-stream",
        }
        request = DaraRequest()
        request.method, request.pathname, request.query, request.headers = "POST", path, {}, headers
        signature = Utils.get_authorization(
            request, _SIGNING, digest, key.access_key_id, key.access_key_secret
        )
        return {**headers, "authorization": signature}

    def begin_cold() -> None:
        changed = fc.UpdateFunctionInput(environment_variables={"DRAWN": uuid.uuid4().hex})
        alibaba.fc().update_function("bench", fc.UpdateFunctionRequest(body=changed))

    return Contender(port=alibaba.port, path=path, sign=sign, begin_cold=begin_cold)
