"""What a function is on FC 3.0: fields, ranges and defaults.

Sources: alibabacloud-fc20230330 4.8.3, comments of CreateFunctionInput; Alibaba Cloud "Limits" of Function
Compute 3.0; both read 2026-11-22.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sandbox.alibaba.wire import Refused

LATEST = "LATEST"
RUNNABLE = {"nodejs20": "node", "python3.10": "python", "python3.12": "python"}
RUNTIMES = frozenset(RUNNABLE) | {
    *("nodejs12", "nodejs14", "nodejs16", "nodejs18", "python3", "python3.9", "java8", "java11", "php7.2"),
    *(
        "dotnetcore3.1",
        "go1",
        "custom",
        "custom.debian10",
        "custom.debian11",
        "custom.debian12",
        "custom-container",
    ),
}
SETTABLE = frozenset(
    {
        *(
            "runtime",
            "handler",
            "cpu",
            "memorySize",
            "diskSize",
            "timeout",
            "instanceConcurrency",
            "gpuConfig",
        ),
        *(
            "environmentVariables",
            "role",
            "layers",
            "logConfig",
            "vpcConfig",
            "internetAccess",
            "description",
        ),
        *("customRuntimeConfig", "customContainerConfig", "customDNS", "nasConfig", "ossMountConfig"),
        *("polarFsConfig", "juiceFsConfig", "instanceLifecycleConfig", "tracingConfig", "disableOndemand"),
        *("disableInjectCredentials", "enableLongLiving", "idleTimeout", "instanceIsolationMode"),
        *("sessionAffinity", "sessionAffinityConfig", "microSandboxConfig"),
    }
)
_FUNCTION_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")
_ALIAS_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,127}")
_TRIGGER_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,127}")
_ENV_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_RESERVED_ENV = frozenset({"accessKeyID", "accessKeySecret", "securityToken", "topic"})
ENV_LIMIT_BYTES = 4096


def invalid(message: str) -> Refused:
    """Give the refusal of a wrong argument."""
    return Refused(400, "InvalidArgument", message)


def require_function_name(name: object) -> str:
    """Give the name when it is a legal function name."""
    if not isinstance(name, str) or not _FUNCTION_NAME.fullmatch(name):
        raise invalid(
            "functionName must be 1 to 64 letters, digits, '_' or '-', and start with a letter or '_'"
        )
    return name


def require_alias_name(name: object) -> str:
    """Give the name when it is a legal alias name."""
    if not isinstance(name, str) or not _ALIAS_NAME.fullmatch(name) or name == LATEST:
        raise invalid(
            "aliasName must start with a letter or '_', have 1 to 128 characters, and not be LATEST"
        )
    return name


def require_trigger_name(name: object) -> str:
    """Give the name when it is a legal trigger name."""
    if not isinstance(name, str) or not _TRIGGER_NAME.fullmatch(name):
        raise invalid(
            "triggerName must start with a letter or '_' and have 1 to 128 letters, digits, '_' or '-'"
        )
    return name


def _require_number(config: Mapping[str, Any], name: str, low: float, high: float, step: float) -> None:
    value = config[name]
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise invalid(f"{name} must be a number")
    steps = value / step
    if not low <= value <= high or abs(steps - round(steps)) > 1e-6:
        raise invalid(f"{name} must be between {low:g} and {high:g} in steps of {step:g}, not {value:g}")


def _require_environment(environment: object) -> None:
    if not isinstance(environment, dict):
        raise invalid("environmentVariables must be an object of strings")
    total = 0
    for name, value in environment.items():
        if not isinstance(value, str) or not _ENV_NAME.fullmatch(name):
            raise invalid(
                f"environment variable {name!r} must start with a letter, have only [A-Za-z0-9_], be a string"
            )
        if name.startswith("FC_") or name in _RESERVED_ENV:
            raise invalid(f"environment variable {name!r} is reserved")
        total += len(name.encode()) + len(value.encode())
    if total > ENV_LIMIT_BYTES:
        raise invalid(f"environmentVariables have {total} bytes, more than {ENV_LIMIT_BYTES}")


def with_defaults(given: Mapping[str, Any]) -> dict[str, Any]:
    """Give the configuration of a new function: what was given, and defaults for the rest.

    A missing cpu is set to two thirds of the memory in GB, in steps of 0.05: 512 MB goes with 0.35, the pair
    that Serverless Devs writes by default.
    """
    config: dict[str, Any] = {
        "description": "",
        "memorySize": 512,
        "diskSize": 512,
        "timeout": 3,
        "instanceConcurrency": 1,
        "internetAccess": True,
        "environmentVariables": {},
        "layers": [],
        "role": "",
        **{name: value for name, value in given.items() if name in SETTABLE and value is not None},
    }
    memory = config["memorySize"]
    if "cpu" not in config:
        megabytes = memory if isinstance(memory, int) else 512
        config["cpu"] = round(max(0.05, round(megabytes / 1024 / 1.5 / 0.05) * 0.05), 2)
    return config


def require_valid(config: Mapping[str, Any]) -> None:
    """Check a whole configuration.

    Raises:
        Refused: 400 InvalidArgument naming the first field that is wrong.
    """
    runtime = config.get("runtime")
    if runtime not in RUNTIMES:
        raise invalid(f"runtime {runtime!r} is not supported; supported are {', '.join(sorted(RUNTIMES))}")
    handler = config.get("handler")
    if not isinstance(handler, str) or not 1 <= len(handler) <= 128:
        raise invalid("handler must have 1 to 128 characters")
    if RUNNABLE.get(str(runtime)) and "." not in handler:
        raise invalid("handler must be of the form file.method")
    _require_number(config, "memorySize", 128, 32768, 64)
    _require_number(config, "cpu", 0.05, 16, 0.05)
    _require_number(config, "timeout", 1, 86400, 1)
    _require_number(config, "instanceConcurrency", 1, 200, 1)
    if config["diskSize"] not in (512, 10240):
        raise invalid("diskSize must be 512 or 10240")
    ratio = config["memorySize"] / 1024 / config["cpu"]
    if not 0.95 <= ratio <= 4.2:
        raise invalid("cpu and memorySize must be between 1:1 and 1:4 (vCPU to GB)")
    if len(str(config["description"])) > 256:
        raise invalid("description must have at most 256 characters")
    if not isinstance(config["layers"], list) or len(config["layers"]) > 5:
        raise invalid("layers must be a list of at most 5 ARNs")
    _require_environment(config["environmentVariables"])
