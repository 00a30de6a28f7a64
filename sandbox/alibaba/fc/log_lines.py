"""Log lines as FC writes them.

``FC Invoke Start RequestId: <id>``, what the function wrote, ``FC Invoke End RequestId: <id>``; the tail of a
synchronous call ends with a line of figures.
Source: Alibaba Cloud, "Print function logs", and captures in public repositories, read 2026-11-22.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from sandbox.alibaba.fc.environment import Target
from sandbox.alibaba.fc.model import Language
from sandbox.executor import Execution

TAIL_BYTES = 4096
LINE_BYTES = 32 * 1024
Line = tuple[float, str]


def cleaned(text: str, target: Target) -> str:
    """Name paths as FC does: the package is at /code there, the layers at /opt."""
    text = text.replace(str(target.directory), "/code")
    return text.replace(str(target.opt), "/opt") if target.opt is not None else text


def lines_of(
    execution: Execution, *, target: Target, request_id: str, began: float, failure: str | None
) -> list[Line]:
    """Give the lines of one invocation, each with its time in unix seconds.

    Args:
        failure: the short text that the end line of a failed invocation carries, None on success.
    """
    lines: list[Line] = []
    if execution.cold and target.language is not Language.HTTP:
        banner = (
            "FunctionCompute python3 runtime inited."
            if target.language is Language.PYTHON
            else f"load code for handler:{target.config['handler']}"
        )
        lines.append((began, banner))
    lines.append((began, f"FC Invoke Start RequestId: {request_id}"))
    for line in execution.lines:
        lines += [(line.at, piece[:LINE_BYTES]) for piece in cleaned(line.text, target).splitlines() if piece]
    ending = f"FC Invoke End RequestId: {request_id}"
    lines.append((max(began, *(at for at, _ in lines)), f"{ending}, Error: {failure}" if failure else ending))
    return lines


def tail_of(lines: list[Line], execution: Execution, config: Mapping[str, Any]) -> bytes:
    """Give the last 4 KB of an invocation's log, with the figures at its end."""
    figures = (
        f"Duration: {execution.duration_ms:.2f} ms, Billed Duration: {math.ceil(execution.duration_ms)} ms, "
        f"Memory Size: {config['memorySize']} MB, Max Memory Used: {execution.max_memory_mb:.2f} MB"
    )
    text = "\n".join(text for _, text in lines) + "\n\n" + figures
    return text.encode()[-TAIL_BYTES:]
