"""What a function is on FC 3.0: fields, ranges and defaults.

Sources: alibabacloud-fc20230330 4.8.3, comments of CreateFunctionInput; Alibaba Cloud "Limits" of Function
Compute 3.0; both read 2026-11-22.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from sandbox.alibaba.wire import Refused

LATEST = "LATEST"
CONTAINER = "custom-container"


class Language(StrEnum):
    """What runs a function here: Node or Python of this machine, or the function's own HTTP server."""

    NODE = "node"
    PYTHON = "python"
    HTTP = "http"


RUNNABLE = {
    **dict.fromkeys(("nodejs14", "nodejs16", "nodejs18", "nodejs20"), Language.NODE),
    **dict.fromkeys(("python3.9", "python3.10", "python3.12"), Language.PYTHON),
    **dict.fromkeys(("custom", "custom.debian10", "custom.debian11", "custom.debian12"), Language.HTTP),
}
RUNTIMES = frozenset(RUNNABLE) | {
    *("nodejs12", "python3", "java8", "java11", "php7.2", "dotnetcore3.1", "go1", CONTAINER),
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
_HEALTH_RANGES = {
    "initialDelaySeconds": (0, 120),
    "periodSeconds": (1, 120),
    "timeoutSeconds": (1, 3),
    "failureThreshold": (1, 120),
    "successThreshold": (1, 120),
}
ENV_LIMIT_BYTES = 4096
LAYERS_LIMIT = 5


def invalid(message: str) -> Refused:
    """Give the refusal of a wrong argument."""
    return Refused(400, "InvalidArgument", message)


def query_number(query: Mapping[str, str], name: str, low: int, high: int, default: int) -> int:
    """Give a whole number out of a query, the default when it is absent.

    Raises:
        Refused: 400 InvalidArgument when it is no number or out of range.
    """
    text = query.get(name)
    if not text:
        return default
    if not text.isascii() or not text.isdigit() or len(text) > 19 or not low <= int(text) <= high:
        raise invalid(f"{name} must be a number between {low} and {high}")
    return int(text)


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
    if not isinstance(runtime, str) or runtime not in RUNTIMES:
        raise invalid(f"runtime {runtime!r} is not supported; supported are {', '.join(sorted(RUNTIMES))}")
    handler = config.get("handler")
    if not isinstance(handler, str) or not 1 <= len(handler) <= 128:
        raise invalid("handler must have 1 to 128 characters")
    if RUNNABLE.get(str(runtime)) in (Language.NODE, Language.PYTHON) and "." not in handler:
        raise invalid("handler must be of the form file.method")
    _require_number(config, "memorySize", 128, 32768, 64)
    _require_number(config, "cpu", 0.05, 16, 0.05)
    _require_number(config, "timeout", 1, 86400, 1)
    _require_number(config, "instanceConcurrency", 1, 200, 1)
    for name in ("logConfig", "customContainerConfig", "gpuConfig", "vpcConfig"):
        section(config, name)
    if not isinstance(config["role"], str):
        raise invalid("role must be a string")
    if isinstance(config["diskSize"], bool) or config["diskSize"] not in (512, 10240):
        raise invalid("diskSize must be 512 or 10240")
    ratio = config["memorySize"] / 1024 / config["cpu"]
    if not 0.95 <= ratio <= 4.2:
        raise invalid("cpu and memorySize must be between 1:1 and 1:4 (vCPU to GB)")
    if len(str(config["description"])) > 256:
        raise invalid("description must have at most 256 characters")
    _require_words(config["layers"], "layers")
    if not isinstance(config["layers"], list) or len(config["layers"]) > LAYERS_LIMIT:
        raise invalid(f"layers must be a list of at most {LAYERS_LIMIT} ARNs")
    if RUNNABLE.get(str(runtime)) in (Language.NODE, Language.PYTHON) and config["instanceConcurrency"] != 1:
        raise invalid(f"instanceConcurrency must be 1 for runtime '{runtime}'")
    _require_environment(config["environmentVariables"])
    _require_custom(config)
    _require_hooks(config)


def section(config: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Give an object inside a request, an empty one when it is absent.

    Raises:
        Refused: 400 InvalidArgument when it is something else.
    """
    found = config.get(name) or {}
    if not isinstance(found, dict):
        raise invalid(f"{name} must be an object")
    return found


def _require_words(given: object, name: str) -> None:
    if given is not None and not (isinstance(given, list) and all(isinstance(word, str) for word in given)):
        raise invalid(f"{name} must be a list of strings")


def _require_custom(config: Mapping[str, Any]) -> None:
    """Check customRuntimeConfig with its health check.

    Source: alibabacloud-fc20230330 4.8.3, CustomRuntimeConfig and CustomHealthCheckConfig, read 2026-11-22.
    """
    custom = section(config, "customRuntimeConfig")
    for name in ("command", "args"):
        _require_words(custom.get(name), f"customRuntimeConfig.{name}")
    if custom.get("port") is not None:
        _require_number(custom, "port", 1, 65535, 1)
    health = section(custom, "healthCheckConfig")
    for name, (low, high) in _HEALTH_RANGES.items():
        if health.get(name) is not None:
            _require_number(health, name, low, high, 1)
    path = health.get("httpGetUrl")
    if path and not str(path).startswith("/"):
        raise invalid("healthCheckConfig.httpGetUrl must start with '/'")


def _require_hooks(config: Mapping[str, Any]) -> None:
    """Check the lifecycle hooks. The sandbox ends instances without calling preStop, so it refuses one."""
    lifecycle = section(config, "instanceLifecycleConfig")
    for name, limit in (("initializer", 300), ("preStop", 90)):
        hook = section(lifecycle, name)
        if hook.get("timeout") is not None:
            _require_number(hook, "timeout", 1, limit, 1)
        if hook.get("command"):
            raise invalid(f"the sandbox does not carry out instanceLifecycleConfig.{name}.command")
    if section(lifecycle, "preStop").get("handler"):
        raise invalid("the sandbox does not carry out instanceLifecycleConfig.preStop")
