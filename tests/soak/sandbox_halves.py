"""One half of the sandbox under load: its server on one port through kills, its function, its ways in."""

from __future__ import annotations

import http.client
import json
import re
import threading
import time
import urllib.error
import urllib.request
import warnings
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import boto3
from alibabacloud_tea_openapi.exceptions import AlibabaCloudException
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from darabonba.exceptions import DaraException, UnretryableException
from mns.mns_exception import MNSExceptionBase
from mns.queue import Message, QueueMeta

from hosting.places import free_port
from sandbox import keys as sandbox_keys
from tests.contract.sandbox_alibaba.calls import trigger
from tests.contract.sandbox_aws.support import TRUST, settled, zipped
from tests.sandbox_fixtures import (
    RunningAlibaba,
    processes_of,
    running_server,
    server_environment,
)

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # oss2 2.19.1 has wrong escapes in its docstrings
    import oss2

FUNCTION = "soaked"
PLACE = "soaked"
HIDDEN_S = 5
"""How long a message that a killed server held stays hidden; functions may take as long."""
TELL_PYTHON = """
import http.client, json, os, re
from urllib.parse import urlsplit
ear = urlsplit(os.environ["EAR"])
def handler(event, context):
    tokens = re.findall(r"tok-[0-9a-f]{12}", json.dumps(event))
    line = http.client.HTTPConnection(ear.hostname, ear.port, timeout=4)
    line.request("POST", "/", " ".join(tokens))
    line.getresponse().read()
    line.close()
    return {"tokens": tokens}
"""
TELL_NODE = """
exports.handler = async (event) => {
  const tokens = event.toString().match(/tok-[0-9a-f]{12}/g) || [];
  await fetch(process.env.EAR, { method: 'POST', body: tokens.join(' ') });
  return { tokens };
};
"""
FAULTS: tuple[dict[str, Any], ...] = (
    {"kind": "status", "status": 503, "rate": 0.01},
    {"kind": "reset", "rate": 0.01},
    {"kind": "drop-answer", "rate": 0.01},
    {"kind": "latency", "ms": 20, "jitter_ms": 20, "rate": 0.03},
    {"kind": "error", "rate": 0.03},
    {"kind": "crash", "rate": 0.005},
    {"kind": "slow", "ms": 30, "rate": 0.02},
    {"kind": "wrong", "rate": 0.01},
)


class Refused(Exception):
    """Nothing was acknowledged; the message says how the call ended."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What came back. ``failed``: the message of a function that failed, by a fault or not; it owes nothing.

    ``wrong``: what is wrong with the answer, else an empty text."""

    failed: str = ""
    wrong: str = ""


class Half(Protocol):
    """What the load needs of a half."""

    name: str
    kinds: Mapping[str, int]
    """Kind of work -> how often it is drawn."""
    pid: int

    def start(self) -> None: ...
    def furnish(self) -> None: ...
    def fail_sometimes(self, seed: int) -> None: ...
    def send(self, kind: str, token: str) -> Answer:
        """Send and wait for the acknowledgement. Raises Refused: it was not acknowledged."""
        ...

    def wait_until_back(self, limit_s: float) -> None: ...
    def workers(self) -> list[int]: ...
    def kill(self) -> None: ...
    def stop(self) -> None: ...


class _Server:
    """A server of the sandbox that is killed and started again on the same port and state."""

    module = ""
    port_name = ""
    cloud = ""

    def __init__(self, state: Path, ear: str) -> None:
        self.state, self.ear, self.port = state, ear, free_port()
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self.pid = 0
        self._running = ExitStack()
        self._process: Any = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self.state.mkdir(parents=True, exist_ok=True)
        settings = server_environment(
            self.state,
            **{self.port_name: str(self.port), "SANDBOX_ASYNC_RETRY_MS": "50", "SANDBOX_SEED": "7"},
        )
        health, log = f"{self.endpoint}/_sandbox/health", self.state / f"{self.cloud}.log"
        self._process = self._running.enter_context(running_server(self.module, settings, health, log))
        self.pid = self._process.pid

    def kill(self) -> None:
        """Kill it as a power cut would."""
        self._process.kill()
        self._process.wait()
        self._running.close()

    def stop(self) -> None:
        """Stop it in good order."""
        self._running.close()

    def workers(self) -> list[int]:
        """Give the processes of functions of this half."""
        return [pid for pid in processes_of("EAR", self.ear) if pid in processes_of(*self._sign())]

    def fail_sometimes(self, seed: int) -> None:
        """Add the faults, which a restart takes away."""
        token = sandbox_keys.read(self.state).admin_token
        for number, rule in enumerate(FAULTS):
            body = json.dumps({"cloud": self.cloud, "function": FUNCTION, "seed": seed + number, **rule})
            request = urllib.request.Request(
                f"{self.endpoint}/_sandbox/faults",
                data=body.encode(),
                headers={"X-Sandbox-Token": token, "Content-Type": "application/json"},
            )
            with urllib.request.urlopen(request, timeout=10):
                pass

    def wait_until_back(self, limit_s: float) -> None:
        """Wait until the server answers; it does so soon after a kill."""
        end = time.monotonic() + limit_s
        while True:
            try:
                with urllib.request.urlopen(f"{self.endpoint}/_sandbox/health", timeout=5):
                    return
            except (OSError, http.client.HTTPException):
                if time.monotonic() > end:
                    raise
                time.sleep(0.05)

    def _sign(self) -> tuple[str, str]:
        raise NotImplementedError


class AwsHalf(_Server):
    """Lambda in Python: called, by URL, from a queue, from a bucket."""

    name, module, port_name, cloud = "AWS", "sandbox.aws", "SANDBOX_AWS_PORT", "aws"
    kinds: Mapping[str, int] = {"sync": 35, "async": 25, "queue": 20, "object": 10, "http": 10}

    def furnish(self) -> None:
        """Make the function, the queue with its mapping, the bucket with its notification, and the URL."""
        keys = sandbox_keys.read(self.state).aws

        def client(service: str) -> Any:
            config = Config(
                retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=60, max_pool_connections=20
            )
            return boto3.client(  # type: ignore[call-overload]
                service,
                endpoint_url=self.endpoint,
                region_name=keys.region,
                aws_access_key_id=keys.access_key_id,
                aws_secret_access_key=keys.secret_access_key,
                config=config,
            )

        self.lambda_, self.sqs, self.s3 = client("lambda"), client("sqs"), client("s3")
        role = client("iam").create_role(RoleName="runs", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
        made = self.lambda_.create_function(
            FunctionName=FUNCTION,
            Runtime="python3.11",
            Role=role,
            Handler="app.handler",
            Timeout=HIDDEN_S,
            Code={"ZipFile": zipped({"app.py": TELL_PYTHON})},
            Environment={"Variables": {"EAR": self.ear}},
        )
        settled(self.lambda_, FUNCTION)
        self.queue_url = self.sqs.create_queue(
            QueueName=PLACE, Attributes={"VisibilityTimeout": str(HIDDEN_S)}
        )["QueueUrl"]
        arn = f"arn:aws:sqs:{keys.region}:{keys.account_id}:{PLACE}"
        self.lambda_.create_event_source_mapping(
            EventSourceArn=arn,
            FunctionName=FUNCTION,
            BatchSize=5,
            FunctionResponseTypes=["ReportBatchItemFailures"],
        )
        self._let_in("s3.amazonaws.com", SourceArn=f"arn:aws:s3:::{PLACE}")
        self.s3.create_bucket(Bucket=PLACE)
        rule = {"LambdaFunctionArn": made["FunctionArn"], "Events": ["s3:ObjectCreated:*"]}
        self.s3.put_bucket_notification_configuration(
            Bucket=PLACE, NotificationConfiguration={"LambdaFunctionConfigurations": [rule]}
        )
        self.url = self.lambda_.create_function_url_config(FunctionName=FUNCTION, AuthType="NONE")[
            "FunctionUrl"
        ]
        self._let_in("*", action="lambda:InvokeFunctionUrl", FunctionUrlAuthType="NONE")

    def _let_in(self, principal: str, *, action: str = "lambda:InvokeFunction", **more: str) -> None:
        self.lambda_.add_permission(
            FunctionName=FUNCTION, StatementId=f"s{len(action)}", Action=action, Principal=principal, **more
        )

    def send(self, kind: str, token: str) -> Answer:
        """See ``Half``."""
        try:
            return self._send(kind, token)
        except ClientError as exc:
            raise Refused(exc.response["Error"]["Code"]) from exc
        except BotoCoreError as exc:
            raise Refused(type(exc).__name__) from exc

    def _send(self, kind: str, token: str) -> Answer:
        payload = json.dumps({"token": token}).encode()
        match kind:
            case "sync":
                found = self.lambda_.invoke(FunctionName=FUNCTION, Payload=payload)
                return _checked(found["Payload"].read(), failed="FunctionError" in found)
            case "async":
                self.lambda_.invoke(FunctionName=FUNCTION, Payload=payload, InvocationType="Event")
            case "queue":
                self.sqs.send_message(QueueUrl=self.queue_url, MessageBody=payload.decode())
            case "object":
                self.s3.put_object(Bucket=PLACE, Key=f"in/{token}", Body=b"content")
            case _:
                return _visited(f"{self.url.rstrip('/')}/{token}")
        return Answer()

    def _sign(self) -> tuple[str, str]:
        return "AWS_LAMBDA_FUNCTION_NAME", FUNCTION


class AlibabaHalf(_Server):
    """FC in Node.js: called, by URL, from a queue, from a bucket."""

    name, module, port_name, cloud = "FC", "sandbox.alibaba", "SANDBOX_ALIBABA_PORT", "alibaba"
    kinds: Mapping[str, int] = {"sync": 35, "async": 25, "queue": 20, "object": 10, "http": 10}

    def furnish(self) -> None:
        """Make the function, and a trigger for a queue, for a bucket and for HTTP."""
        self.running = RunningAlibaba(
            port=self.port, state=self.state, keys=sandbox_keys.read(self.state), process=self._process
        )
        self.running.create_function(
            FUNCTION, source=TELL_NODE, timeout=HIDDEN_S, environment_variables={"EAR": self.ear}
        )
        self._local = threading.local()
        meta = QueueMeta()
        meta.set_visibilitytimeout(HIDDEN_S)
        self._queue().create(meta)
        source = {
            "eventSourceType": "MNS",
            "eventSourceParameters": {
                "sourceMNSParameters": {
                    "RegionId": "cn-hangzhou",
                    "QueueName": PLACE,
                    "IsBase64Decode": False,
                }
            },
        }
        config = {
            "triggerEnable": True,
            "asyncInvocationType": False,
            "eventSourceConfig": source,
            "eventRuleFilterPattern": "{}",
            "eventSinkConfig": {"deliveryOption": {"mode": "event-streaming"}},
            "runOptions": {
                "mode": "event-streaming",
                "errorsTolerance": "NONE",
                "retryStrategy": {"PushRetryStrategy": "EXPONENTIAL_DECAY_RETRY"},
                "batchWindow": {"CountBasedWindow": 5, "TimeBasedWindow": 1},
            },
        }
        trigger(self.running, FUNCTION, "eventbridge", config, trigger_name="queue")
        self.running.bucket(PLACE).create_bucket()
        account = self.running.keys.alibaba.account_id
        objects = {"events": ["oss:ObjectCreated:*"], "filter": {"key": {"prefix": "in/", "suffix": ""}}}
        arn = f"acs:oss:cn-hangzhou:{account}:{PLACE}"
        trigger(self.running, FUNCTION, "oss", objects, trigger_name="bucket", source_arn=arn)
        http_config = {"authType": "anonymous", "methods": ["GET"]}
        made = trigger(self.running, FUNCTION, "http", http_config, trigger_name="web")
        self.url = str(made.http_trigger.url_internet)

    def send(self, kind: str, token: str) -> Answer:
        """See ``Half``."""
        try:
            return self._send(kind, token)
        except AlibabaCloudException as exc:
            raise Refused(str(exc.code)) from exc
        except (
            DaraException,
            UnretryableException,
            MNSExceptionBase,
            oss2.exceptions.OssError,
            OSError,
        ) as exc:
            raise Refused(type(exc).__name__) from exc

    def _send(self, kind: str, token: str) -> Answer:
        payload = json.dumps({"token": token}).encode()
        match kind:
            case "sync":
                found = self.running.invoke(FUNCTION, payload, client=self._own("fc", self.running.fc))
                return _checked(found.body.read(), failed="x-fc-error-type" in found.headers)
            case "async":
                client = self._own("fc", self.running.fc)
                self.running.invoke(FUNCTION, payload, client=client, x_fc_invocation_type="Async")
            case "queue":
                self._own("mns", self._queue).send_message(Message(payload.decode()))
            case "object":
                self._own("oss", lambda: self.running.bucket(PLACE)).put_object(f"in/{token}", b"content")
            case _:
                return _visited(f"{self.url.rstrip('/')}/{token}")
        return Answer()

    def _queue(self) -> Any:
        from mns.account import Account

        keys = self.running.keys.alibaba
        made = Account(self.endpoint, keys.access_key_id, keys.access_key_secret).get_queue(PLACE)
        made.set_encoding(False)
        return made

    def _own(self, name: str, make: Callable[[], Any]) -> Any:
        """Give this thread's client: not every SDK shares one between threads."""
        if not hasattr(self._local, name):
            setattr(self._local, name, make())
        return getattr(self._local, name)

    def _sign(self) -> tuple[str, str]:
        return "FC_FUNCTION_NAME", FUNCTION


def _checked(body: bytes, *, failed: bool) -> Answer:
    try:
        document = json.loads(body)
    except ValueError:
        return Answer(wrong=f"no JSON: {body[:80]!r}")
    if not failed:
        return Answer()
    if not isinstance(document, dict) or "errorMessage" not in document:
        return Answer(wrong=f"a failure without a document: {body[:80]!r}")
    return Answer(failed=re.sub(r"[0-9a-f-]{16,}|\d+(?:\.\d+)?", "N", str(document["errorMessage"])))


def _visited(url: str) -> Answer:
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:
            return _checked(answer.read(), failed=False)
    except urllib.error.HTTPError as exc:
        with exc:
            if exc.code in (500, 502):
                return Answer(failed=f"HTTP {exc.code}")
            raise Refused(f"HTTP {exc.code}") from exc
    except (OSError, http.client.HTTPException) as exc:
        raise Refused(type(exc).__name__) from exc
