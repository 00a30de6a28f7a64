"""The settings of the Alibaba half, from the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """Where state lives, which port, and the delays that make the sandbox behave like a cloud."""

    state: Path
    port: int
    cold_delay_s: float
    log_delay_s: float
    async_retry_s: float

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def _milliseconds(environ: Mapping[str, str], name: str, default: int) -> float:
    text = environ.get(name, str(default))
    try:
        value = int(text)
    except ValueError as exc:
        raise SystemExit(f"{name} must be a whole number of milliseconds, not {text!r}.") from exc
    if value < 0:
        raise SystemExit(f"{name} must not be negative.")
    return value / 1000


def read_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """Read SANDBOX_STATE, SANDBOX_ALIBABA_PORT and the delays.

    Raises:
        SystemExit: a value is missing or wrong; the sentence says which.
    """
    state, port = environ.get("SANDBOX_STATE"), environ.get("SANDBOX_ALIBABA_PORT")
    if not state or not port:
        raise SystemExit("SANDBOX_STATE and SANDBOX_ALIBABA_PORT must be set.")
    if not port.isdigit() or not 0 < int(port) < 65536:
        raise SystemExit(f"SANDBOX_ALIBABA_PORT must be a port number, not {port!r}.")
    return Settings(
        state=Path(state) / "alibaba",
        port=int(port),
        cold_delay_s=_milliseconds(environ, "SANDBOX_COLD_DELAY_MS", 150),
        log_delay_s=_milliseconds(environ, "SANDBOX_SLS_DELAY_MS", 300),
        async_retry_s=_milliseconds(environ, "SANDBOX_ASYNC_RETRY_MS", 1000),
    )
