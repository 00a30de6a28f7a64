"""``python -m sandbox.alibaba``: serve the Alibaba half on 127.0.0.1 until SIGTERM.

Environment: SANDBOX_STATE, SANDBOX_ALIBABA_PORT; SANDBOX_COLD_DELAY_MS (150), SANDBOX_SLS_DELAY_MS (300) and
SANDBOX_ASYNC_RETRY_MS (1000) are optional.
"""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import sys
from pathlib import Path

import uvicorn

from sandbox import keys
from sandbox.alibaba.app import Protocol, build_app
from sandbox.alibaba.service import Alibaba
from sandbox.alibaba.settings import read_settings

_PR_SET_PDEATHSIG = 1


def _die_with_parent() -> None:
    parent = os.getppid()
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit("The process that started the sandbox has ended.")


def main() -> None:
    """Read the settings and the keys, then serve."""
    _die_with_parent()
    logging.basicConfig(level=logging.WARNING, format="alibaba %(levelname)s %(name)s: %(message)s")
    settings = read_settings()
    drawn = keys.ensure(Path(os.environ["SANDBOX_STATE"]))
    settings.state.mkdir(parents=True, exist_ok=True)
    app = build_app(Alibaba(settings, drawn))
    # uvicorn shuts down in order on SIGTERM and then raises it anew: that must end with success.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=settings.port,
        http=Protocol,
        loop="asyncio",
        ws="none",
        proxy_headers=False,
        server_header=False,
        date_header=False,
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=3,
        timeout_keep_alive=75,
    )


if __name__ == "__main__":
    main()
