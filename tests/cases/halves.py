"""The two halves as a case needs them: deploy, call, read the logs; by the product's own ports."""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from alibabacloud_fc20230330 import models as fc

from adapters import build as adapters
from cutover.assessment import target_for
from cutover.observation import LogLine, Observation
from cutover.planning import adapter_for, adapter_settings
from cutover.ports import CandidateCloud, FunctionFacts, Logs, PrimaryCloud
from sandbox.executor import bundled
from tests.cases.checkouts import text_of
from tests.cases.likeness import Seen, seen
from tests.contract.ports import TRUST
from tests.sandbox_fixtures import RunningAlibaba, RunningAws

TIMEOUT_S = 15
MEMORY_MB = 512
LOGS_LIMIT_S = 15.0
PROJECT, STORE = "cases", "functions"
ROLE = "cases"


@dataclass(kw_only=True)
class AwsHalf:
    """AWS: where the function comes from."""

    running: RunningAws
    cloud: PrimaryCloud
    role: str = ""

    def deploy(
        self, name: str, package: bytes, *, runtime: str, handler: str, environment: Mapping[str, str]
    ) -> FunctionFacts:
        """Create the function and give what the product's inventory reads of it."""
        client = self.running.client("lambda")
        if not self.role:
            iam = self.running.client("iam")
            self.role = iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"][
                "Arn"
            ]
        client.create_function(
            FunctionName=name,
            Runtime=runtime,
            Role=self.role,
            Handler=handler,
            Timeout=TIMEOUT_S,
            MemorySize=MEMORY_MB,
            Code={"ZipFile": package},
            Environment={"Variables": dict(environment)},
        )
        client.get_waiter("function_active_v2").wait(
            FunctionName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 30}
        )
        return self.cloud.catalog.describe(name, hash_key=b"cases")

    def call(self, name: str, event: Any) -> Seen:
        """Invoke with the event and wait for answer and logs."""
        payload = json.dumps(event, ensure_ascii=False).encode()
        found = self.cloud.invoker.invoke(name, payload, qualifier="$LATEST", timeout_s=TIMEOUT_S)
        return seen(found, _lines(self.cloud.logs, name, found))


@dataclass(kw_only=True)
class FcHalf:
    """Function Compute: the same package with the product's adapter beside it."""

    running: RunningAlibaba
    cloud: CandidateCloud
    aws: RunningAws
    ready: bool = False

    def deploy(
        self,
        facts: FunctionFacts,
        package: bytes,
        *,
        environment: Mapping[str, str],
        brought: Mapping[str, bytes],
    ) -> None:
        """Create the function through the adapter. ``brought``: files that Lambda has and FC has not.

        The function keeps its calls to AWS, so its environment has keys and the address of the AWS half.
        """
        if not self.ready:
            self.cloud.deployer.ensure_logs(PROJECT, STORE)
            self.ready = True
        target = target_for(facts, bucket="cases", log_project=PROJECT, log_store=STORE)
        adapter = adapter_for(facts).value
        told = adapter_settings(
            facts, version="1", fc_region=self.running.keys.alibaba.region, fc_account="1"
        )
        adapted = adapters.adapted_package(package, adapter, told, bundled=brought)
        given = fc.CreateFunctionInput(
            function_name=target.name,
            runtime=target.runtime,
            handler=adapters.FC_HANDLERS[adapter],
            memory_size=target.memory_mb,
            cpu=target.cpu,
            disk_size=target.disk_mb,
            timeout=target.timeout_s,
            log_config=fc.LogConfig(project=PROJECT, logstore=STORE),
            environment_variables={
                **environment,
                "AWS_ENDPOINT_URL": self.aws.endpoint,
                "AWS_ACCESS_KEY_ID": self.aws.keys.aws.access_key_id,
                "AWS_SECRET_ACCESS_KEY": self.aws.keys.aws.secret_access_key,
            },
            code=fc.InputCodeLocation(zip_file=base64.b64encode(adapted).decode()),
        )
        self.running.fc().create_function(fc.CreateFunctionRequest(body=given))

    def call(self, name: str, event: Any) -> Seen:
        """Invoke with the event in its AWS shape, as the relay does, and wait for answer and logs."""
        payload = json.dumps(event, ensure_ascii=False).encode()
        found = self.cloud.invoker.invoke(name, payload, qualifier="LATEST", timeout_s=TIMEOUT_S)
        return seen(found, _lines(self.cloud.logs, name, found))


def brought_by_lambda(runtime: str, files: Mapping[str, bytes], *, sdk_v2: bool) -> dict[str, bytes]:
    """Give the SDK that Lambda brings and the code uses, as files for a package; empty when it uses none.

    Only the descriptions of the services that the code names are taken: they make up most of either SDK.
    """
    if runtime.startswith("python"):
        code = text_of(files, (".py",))
        if "boto3" not in code:
            return {}
        named = set(re.findall(r"(?:client|resource)\(\s*['\"]([a-z0-9-]+)['\"]", code))
        return {
            name: content
            for folder in bundled.aws_python_paths()
            for name, content in _files(folder)
            if _is_of_boto(name, named)
        }
    if not sdk_v2 or any(name.startswith("node_modules/aws-sdk/") for name in files):
        return {}
    (folder,) = bundled.aws_node_paths("nodejs16.x")
    code = text_of(files, (".js", ".cjs", ".mjs", ".ts"))
    named = {one.lower() for one in re.findall(r"\bAWS\.(\w+)", code)}
    return {_beside_or_below(name): content for name, content in _files(folder) if _is_of_sdk_v2(name, named)}


def _beside_or_below(name: str) -> str:
    """Put what the SDK depends on below it, as the product does: the function may have other versions."""
    own = name.startswith("aws-sdk/")
    return f"node_modules/{name}" if own else f"node_modules/aws-sdk/node_modules/{name}"


def _is_of_sdk_v2(name: str, services: set[str]) -> bool:
    """Tell whether a file is run; a service's description is loaded when its client is made."""
    if not name.endswith((".js", ".json")) or name.startswith(("aws-sdk/dist", ".")):
        return False
    described = re.match(r"aws-sdk/apis/([a-z0-9.]+?)-\d{4}-", name)
    return described is None or described[1].replace(".", "") in services | {"sts"}


def _is_of_boto(name: str, services: set[str]) -> bool:
    top, *rest = name.split("/")
    if top in ("bin", "awslambdaric") or "__pycache__" in rest or name.endswith((".dist-info", ".so")):
        return False
    if name.startswith("botocore/data/") and len(rest) > 2:
        return rest[1] in services
    return ".dist-info" not in top and not top.startswith(("awslambdaric", "simplejson", "snapshot"))


def _files(folder: Path) -> list[tuple[str, bytes]]:
    found = []
    for top in sorted(folder.iterdir()):
        places = sorted(top.rglob("*")) if top.is_dir() else [top]
        found += [
            (f"{top.name}/{place.relative_to(top).as_posix()}" if top.is_dir() else top.name, place)
            for place in places
            if place.is_file()
        ]
    return [(name, place.read_bytes()) for name, place in found]


def _lines(logs: Logs, name: str, found: Observation) -> tuple[LogLine, ...]:
    """Give the whole log of a call: the tail when nothing was cut off, else from the log store."""
    if found.logs is not None:
        return found.logs
    limit = time.monotonic() + LOGS_LIMIT_S
    while time.monotonic() < limit:
        now = datetime.now(UTC)
        lines = logs.lines(
            name, found.request_id, since=found.at - timedelta(seconds=2), until=now + timedelta(seconds=2)
        )
        if lines is not None:
            return lines
        time.sleep(0.1)
    raise AssertionError(f"the logs of {found.request_id} did not arrive in {LOGS_LIMIT_S:.0f} s")
