"""The sandbox's servers as subprocesses for tests: started on a free port, stopped in good order."""

import base64
import io
import json
import os
import secrets
import signal
import subprocess
import sys
import time
import urllib.request
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from hosting.places import free_port
from sandbox import keys as sandbox_keys

ROOT = Path(__file__).parents[1]
START_LIMIT_S = 120.0
STOP_LIMIT_S = 60.0


@dataclass(frozen=True, kw_only=True, slots=True)
class RunningAws:
    """A running AWS half. endpoint: its URL. keys: all drawn keys. pid: the server's process."""

    endpoint: str
    keys: sandbox_keys.Keys
    state: Path
    pid: int

    def client(self, service: str, **more: Any) -> Any:
        """Give an unmodified boto3 client of this sandbox; retries are off unless `config` says otherwise."""
        given: dict[str, Any] = {
            "endpoint_url": self.endpoint,
            "region_name": self.keys.aws.region,
            "aws_access_key_id": self.keys.aws.access_key_id,
            "aws_secret_access_key": self.keys.aws.secret_access_key,
            "config": Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=60),
        }
        return boto3.client(service, **(given | more))  # type: ignore[call-overload]


def server_environment(state: Path, **more: str) -> dict[str, str]:
    """Give the environment for a sandbox process: nothing of AWS or of the product from this one."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    return {**kept, "SANDBOX_STATE": str(state), "SANDBOX_COLD_DELAY_MS": "0", **more}


@contextmanager
def running_server(
    module: str, environment: Mapping[str, str], health_url: str, log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """Run `python -m MODULE` until the block ends. The health answer must carry the nonce given to it."""
    nonce = secrets.token_hex(8)
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", module],
            cwd=ROOT,
            env={**environment, "SANDBOX_NONCE": nonce},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        _wait_for_health(process, health_url, nonce, log)
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(f"{module} did not stop when asked; its log is {log}") from None


def _wait_for_health(process: subprocess.Popen[bytes], url: str, nonce: str, log: Path) -> None:
    end = time.monotonic() + START_LIMIT_S
    while time.monotonic() < end:
        if process.poll() is not None:
            raise AssertionError(f"the server ended at its start:\n{log.read_text()[-4000:]}")
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                if json.loads(answer.read()).get("nonce") == nonce:
                    return
                raise AssertionError(f"{url} is answered by another process")
        except OSError:
            time.sleep(0.05)
    raise AssertionError(f"the server did not answer in {START_LIMIT_S} s:\n{log.read_text()[-4000:]}")


@contextmanager
def running_aws(state_dir: Path, **environment: str) -> Iterator[RunningAws]:
    """Run the AWS half on a free port. Further SANDBOX_ variables as keywords, e.g. SANDBOX_SEED="1"."""
    state_dir.mkdir(parents=True, exist_ok=True)
    port = free_port()
    settings = server_environment(state_dir, SANDBOX_AWS_PORT=str(port), **environment)
    endpoint = f"http://127.0.0.1:{port}"
    with running_server(
        "sandbox.aws", settings, f"{endpoint}/_sandbox/health", state_dir / "aws.log"
    ) as process:
        yield RunningAws(
            endpoint=endpoint, keys=sandbox_keys.read(state_dir), state=state_dir, pid=process.pid
        )


def zipped(**sources: str) -> bytes:
    """Give a zip with these files; ``index_js=...`` becomes index.js."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, text in sources.items():
            # A zip holds the time of its files: left to the clock, no two runs would name a test alike.
            entry = zipfile.ZipInfo(".".join(name.rsplit("_", 1)))
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, text)
    return out.getvalue()


@dataclass(frozen=True, kw_only=True, slots=True)
class RunningAlibaba:
    """The Alibaba half at work, with clients of the official SDKs for it."""

    port: int
    state: Path
    keys: sandbox_keys.Keys
    process: subprocess.Popen[bytes]

    @property
    def endpoint(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.endpoint}"

    def fc(self, key_id: str | None = None, secret: str | None = None, token: str | None = None) -> Any:
        """Give an FC client, signing with the account's key unless told otherwise."""
        from alibabacloud_fc20230330.client import Client
        from alibabacloud_tea_openapi.models import Config

        return Client(
            Config(
                access_key_id=key_id or self.keys.alibaba.access_key_id,
                access_key_secret=secret or self.keys.alibaba.access_key_secret,
                security_token=token,
                protocol="http",
                endpoint=self.endpoint,
                region_id="cn-hangzhou",
            )
        )

    def sls(self) -> Any:
        """Give an SLS client that reaches the sandbox through its proxy setting."""
        from alibabacloud_sls20201230.client import Client
        from alibabacloud_tea_openapi.models import Config

        return Client(
            Config(
                access_key_id=self.keys.alibaba.access_key_id,
                access_key_secret=self.keys.alibaba.access_key_secret,
                protocol="http",
                endpoint="cn-hangzhou.log.aliyuncs.com",
                http_proxy=self.url,
                region_id="cn-hangzhou",
            )
        )

    def bucket(self, name: str, *, version: int = 1) -> Any:
        """Give an OSS bucket, signing with version 1 or 4."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # oss2 2.19.1 has wrong escapes in its docstrings
            import oss2

        auth = (oss2.AuthV4 if version == 4 else oss2.Auth)(
            self.keys.alibaba.access_key_id, self.keys.alibaba.access_key_secret
        )
        return oss2.Bucket(auth, self.url, name, region="cn-hangzhou")

    def create_function(self, name: str, *, source: str, runtime: str = "nodejs20", **fields: Any) -> Any:
        """Create a function from the text of its one file."""
        from alibabacloud_fc20230330 import models

        package = zipped(**{"index_js" if runtime.startswith("nodejs") else "index_py": source})
        given = models.CreateFunctionInput(
            function_name=name,
            runtime=runtime,
            handler="index.handler",
            memory_size=fields.pop("memory_size", 128),
            timeout=fields.pop("timeout", 5),
            code=models.InputCodeLocation(zip_file=base64.b64encode(package).decode()),
            **fields,
        )
        return self.fc().create_function(models.CreateFunctionRequest(body=given)).body

    def invoke(
        self,
        name: str,
        payload: bytes = b"{}",
        *,
        qualifier: str | None = None,
        client: Any = None,
        **headers: str,
    ) -> Any:
        """Invoke a function; ``headers`` are those of InvokeFunctionHeaders."""
        from alibabacloud_fc20230330 import models
        from darabonba.runtime import RuntimeOptions

        return (client or self.fc()).invoke_function_with_options(
            name,
            models.InvokeFunctionRequest(body=payload, qualifier=qualifier),
            models.InvokeFunctionHeaders(**headers),
            RuntimeOptions(read_timeout=20_000),
        )


@contextmanager
def running_alibaba(state_dir: Path, **environment: str) -> Iterator[RunningAlibaba]:
    """Run the Alibaba half on a free port. Further SANDBOX_ variables as keywords."""
    state_dir.mkdir(parents=True, exist_ok=True)
    port = free_port()
    short = {"SANDBOX_SLS_DELAY_MS": "100", "SANDBOX_ASYNC_RETRY_MS": "50"}
    settings = server_environment(state_dir, SANDBOX_ALIBABA_PORT=str(port), **(short | environment))
    health = f"http://127.0.0.1:{port}/_sandbox/health"
    with running_server("sandbox.alibaba", settings, health, state_dir / "alibaba.log") as process:
        yield RunningAlibaba(port=port, keys=sandbox_keys.read(state_dir), state=state_dir, process=process)


def gone(pid: int) -> bool:
    """Tell whether a process has ended; who should reap it may not have done so yet."""
    try:
        return "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True


def processes_of(name: str, value: str) -> list[int]:
    """Find processes whose environment has NAME=value: a function sees other numbers than we do."""
    found = []
    for directory in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if f"{name}={value}".encode() in (directory / "environ").read_bytes().split(b"\0"):
                found.append(int(directory.name))
    return found
