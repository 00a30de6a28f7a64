"""What a function becomes on FC: runtime, memory, cpu, disk, name.

Source: Alibaba Cloud, runtime overview and limits of usage of Function Compute 3.0, read 2026-11-22.
"""

from __future__ import annotations

import math
import re

from cutover.planning import Target, adapter_for
from cutover.ports import FunctionFacts

MEMORY_STEP_MB = 64
MEMORY_LEAST_MB = 128
CPU_STEP = 0.05
CPU_LEAST = 0.05
LAMBDA_MB_PER_CPU = 1769
"""Memory at which Lambda gives one vCPU."""
DISKS_MB = (512, 10_240)
RESERVED_PREFIX = "FC_"
RESERVED_NAMES = frozenset({"accessKeyID", "accessKeySecret", "securityToken", "topic"})

RUNTIMES = {
    "nodejs12.x": "nodejs12",
    "nodejs14.x": "nodejs14",
    "nodejs16.x": "nodejs16",
    "nodejs18.x": "nodejs18",
    "nodejs20.x": "nodejs20",
    "nodejs22.x": "nodejs20",
    "nodejs24.x": "nodejs20",
    "nodejs": "nodejs20",
    "nodejs4.3": "nodejs20",
    "nodejs4.3-edge": "nodejs20",
    "nodejs6.10": "nodejs20",
    "nodejs8.10": "nodejs20",
    "nodejs10.x": "nodejs20",
    "python2.7": "python3.10",
    "python3.6": "python3.10",
    "python3.7": "python3.10",
    "python3.8": "python3.10",
    "python3.9": "python3.9",
    "python3.10": "python3.10",
    "python3.11": "python3.12",
    "python3.12": "python3.12",
    "python3.13": "python3.12",
    "python3.14": "python3.12",
    "java8": "java8",
    "java8.al2": "java8",
    "java11": "java11",
    "dotnetcore3.1": "dotnetcore3.1",
}
"""Lambda runtime -> FC's built-in runtime. What is not here needs a custom runtime or a container.

FC has no release of Node above 20 and none of Python above 3.12: newer code runs on the newest there is, as
long as it uses nothing that came later, which `on_code.downgrades` looks for.
"""


def target_runtime(runtime: str) -> str | None:
    """Give FC's built-in runtime for a Lambda runtime; None when there is none."""
    return RUNTIMES.get(runtime)


def target_memory_mb(memory_mb: int) -> int:
    """Give the memory on FC: at least as much, in steps of 64 MB."""
    return max(MEMORY_LEAST_MB, math.ceil(memory_mb / MEMORY_STEP_MB) * MEMORY_STEP_MB)


def target_cpu(memory_mb: int) -> float:
    """Give vCPU for FC's memory: Lambda's share, within FC's 1:1 to 1:4 (vCPU to GB), in steps of 0.05."""
    gigabytes = memory_mb / 1024
    least = math.ceil(round(gigabytes / 4 / CPU_STEP, 6))
    most = math.floor(round(gigabytes / CPU_STEP, 6))
    wanted = round(memory_mb / LAMBDA_MB_PER_CPU / CPU_STEP)
    return round(max(min(max(wanted, least), most), round(CPU_LEAST / CPU_STEP)) * CPU_STEP, 2)


def target_disk_mb(ephemeral_mb: int) -> int:
    """Give the disk on FC, which has two sizes: 512 MB and 10 GB."""
    return next((disk for disk in DISKS_MB if ephemeral_mb <= disk), DISKS_MB[-1])


def target_name(name: str) -> str:
    """Give a name valid on FC: letters, digits, _ and -, a letter or _ first, at most 64 characters."""
    plain = re.sub(r"[^A-Za-z0-9_-]", "-", name)
    return (plain if re.match(r"[A-Za-z_]", plain) else f"f-{plain}")[:64]


def environment_is_reserved(name: str) -> bool:
    """Tell whether FC refuses an environment variable of this name."""
    return (
        name.startswith(RESERVED_PREFIX) or name in RESERVED_NAMES or not re.fullmatch(r"[A-Za-z]\w*", name)
    )


def target_for(facts: FunctionFacts, *, bucket: str, log_project: str, log_store: str) -> Target:
    """Give the function's target on FC. A runtime that FC lacks stays as it is; ``assess`` blocks it."""
    memory_mb = target_memory_mb(facts.memory_mb)
    return Target(
        name=target_name(facts.name),
        runtime=target_runtime(facts.runtime) or facts.runtime,
        handler=facts.handler,
        memory_mb=memory_mb,
        cpu=target_cpu(memory_mb),
        disk_mb=target_disk_mb(facts.ephemeral_mb),
        timeout_s=facts.timeout_s,
        bucket=bucket,
        log_project=log_project,
        log_store=log_store,
        environment_names=tuple(
            name for name in sorted(facts.environment) if not environment_is_reserved(name)
        ),
        adapter=adapter_for(facts).value,
    )
