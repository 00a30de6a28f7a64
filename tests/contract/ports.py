"""Both kinds of clouds for the contract suites: simulated, and AWS and Alibaba against the sandbox."""

from __future__ import annotations

import io
import json
import time
import warnings
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from cutover.ports import CandidateCloud, CandidateSpecification, PrimaryCloud
from tests.sandbox_fixtures import RunningAlibaba, RunningAws, running_alibaba, running_aws

HASH_KEY = b"hash-key"
BUCKET = "cutover-contract"
PROJECT, STORE = "cutover-contract", "functions"
ECHO = """
import os
def handler(event, context):
    print("called")
    if isinstance(event, (bytes, bytearray)):
        import json
        event = json.loads(event)
    if event.get("fail"):
        raise ValueError(event["fail"])
    return {"echo": event}
"""
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}


@dataclass(frozen=True, kw_only=True)
class Primary:
    """A primary cloud and how to put a function on it.

    ``make(**fields)`` gives the name of a function with version 1 behind ``live``; ``redeploy(name)`` changes
    the code of its `$LATEST` as somebody else would.
    """

    name: str
    cloud: PrimaryCloud
    make: Callable[..., str]
    redeploy: Callable[[str], None]
    role_arn: str
    raw: RunningAws | None = None


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A candidate cloud and a specification of a function that echoes."""

    name: str
    cloud: CandidateCloud
    specify: Callable[[str], CandidateSpecification]
    raw: RunningAlibaba | None = None


def zipped(**files: str) -> bytes:
    """Give a package; file names with ``_`` for the dot."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in sorted(files.items()):
            archive.writestr(name.replace("_", "."), text)
    return buffer.getvalue()


def fresh(prefix: str = "fn") -> str:
    """Give a name that no other test has."""
    return f"{prefix}-{time.monotonic_ns()}"


@contextmanager
def aws_connection(running: RunningAws) -> Iterator[PrimaryCloud]:
    """Connect to the AWS half as the product would, keys from the environment."""
    from clouds import aws

    keys = running.keys.aws
    environment = {
        "AWS_ACCESS_KEY_ID": keys.access_key_id,
        "AWS_SECRET_ACCESS_KEY": keys.secret_access_key,
    }
    with mock.patch.dict("os.environ", environment):
        yield aws.connect(
            region=keys.region,
            account_id=keys.account_id,
            auth={"kind": "environment"},
            endpoints={"": running.endpoint},
        )


def alibaba_connection(running: RunningAlibaba) -> CandidateCloud:
    """Connect to the Alibaba half as the product would, keys from the environment."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # oss2 2.19.1 has wrong escapes in its docstrings
        from clouds import alibaba

    keys = running.keys.alibaba
    environment = {
        "ALIBABA_CLOUD_ACCESS_KEY_ID": keys.access_key_id,
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": keys.access_key_secret,
    }
    with mock.patch.dict("os.environ", environment):
        return alibaba.connect(
            region=keys.region,
            account_id=keys.account_id,
            auth={"kind": "environment"},
            endpoints={
                "scheme": "http",
                "fc": running.endpoint,
                "oss": running.url,
                "mns": running.url,
                "sts": running.endpoint,
                "sls": f"{keys.region}.log.aliyuncs.com",
                "sls_proxy": running.url,
            },
        )


@contextmanager
def primary(kind: str, state: Path) -> Iterator[Primary]:
    """Give the simulated primary, or AWS against the sandbox."""
    if kind == "simulated":
        yield simulated_primary()
        return
    with running_aws(state) as running, aws_connection(running) as cloud:
        yield sandboxed_primary(running, cloud)


@contextmanager
def candidate(kind: str, state: Path) -> Iterator[Candidate]:
    """Give the simulated candidate, or Alibaba against the sandbox."""
    if kind == "simulated":
        from clouds import simulated

        _, cloud, world = simulated.connect()
        world.default_behaviour = simulated_echo
        yield _candidate("simulated", cloud, None)
        return
    with running_alibaba(state) as running:
        yield _candidate("alibaba", alibaba_connection(running), running)


@contextmanager
def pair(state: Path) -> Iterator[tuple[Primary, Candidate]]:
    """Give both halves of the sandbox on one set of keys."""
    with ExitStack() as stack:
        aws = stack.enter_context(running_aws(state))
        cloud = stack.enter_context(aws_connection(aws))
        alibaba = stack.enter_context(running_alibaba(state))
        yield (
            sandboxed_primary(aws, cloud),
            _candidate("alibaba", alibaba_connection(alibaba), alibaba),
        )


def simulated_echo(_side: object, payload: bytes) -> bytes:
    """Do what the source ``ECHO`` does."""
    event = json.loads(payload)
    if event.get("fail"):
        raise ValueError(event["fail"])
    return json.dumps({"echo": event}).encode()


def simulated_primary() -> Primary:
    """Give the simulated primary."""
    from clouds import simulated

    cloud, _, world = simulated.connect()

    def make(environment: Mapping[str, str] | None = None, **_: Any) -> str:
        name = fresh()
        world.add_function(name, environment=environment, behaviour=simulated_echo)
        return name

    return Primary(
        name="simulated",
        cloud=cloud,
        make=make,
        redeploy=world.deploy_behind_our_back,
        role_arn="arn:aws:iam::123456789012:role/runs",
    )


def sandboxed_primary(running: RunningAws, cloud: PrimaryCloud) -> Primary:
    """Give AWS against the sandbox, with a role for functions."""
    client = running.client("lambda")
    role = running.client("iam").create_role(
        RoleName=fresh("runs"), AssumeRolePolicyDocument=json.dumps(TRUST)
    )["Role"]["Arn"]

    def make(
        environment: Mapping[str, str] | None = None,
        *,
        runtime: str = "python3.11",
        handler: str = "app.handler",
        package: bytes | None = None,
        timeout: int = 5,
    ) -> str:
        name = fresh()
        client.create_function(
            FunctionName=name,
            Runtime=runtime,
            Role=role,
            Handler=handler,
            Timeout=timeout,
            Code={"ZipFile": package or zipped(app_py=ECHO)},
            Environment={"Variables": dict(environment or {})},
        )
        client.get_waiter("function_active_v2").wait(
            FunctionName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 20}
        )
        client.publish_version(FunctionName=name)
        client.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
        return name

    def redeploy(name: str) -> None:
        client.update_function_code(FunctionName=name, ZipFile=zipped(app_py=ECHO + "\nX = 1\n"))

    return Primary(name="aws", cloud=cloud, make=make, redeploy=redeploy, role_arn=role, raw=running)


def _candidate(name: str, cloud: CandidateCloud, raw: RunningAlibaba | None) -> Candidate:
    def specify(function: str) -> CandidateSpecification:
        cloud.packages.ensure_bucket(BUCKET)
        cloud.packages.put(BUCKET, f"{function}.zip", zipped(app_py=ECHO))
        cloud.deployer.ensure_logs(PROJECT, STORE)
        return CandidateSpecification(
            name=function,
            runtime="python3.10",
            handler="app.handler",
            memory_mb=128,
            cpu=0.1,
            disk_mb=512,
            timeout_s=5,
            description="contract",
            bucket=BUCKET,
            object_name=f"{function}.zip",
            log_project=PROJECT,
            log_store=STORE,
            environment={"SECRET": "hidden-value"},
        )

    return Candidate(name=name, cloud=cloud, specify=specify, raw=raw)
