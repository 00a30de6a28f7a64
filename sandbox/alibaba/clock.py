"""Times in the spellings that Alibaba Cloud uses."""

from __future__ import annotations

import time
from datetime import UTC, datetime


def now() -> float:
    """Give the time in unix seconds."""
    return time.time()


def iso_seconds(at: float | None = None) -> str:
    """Give ``2026-11-22T09:44:15Z``, as FC's createdTime and the x-acs-date header have it."""
    return datetime.fromtimestamp(now() if at is None else at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def iso_millis(at: float | None = None) -> str:
    """Give ``2026-11-22T09:44:15.000Z``: OSS writes whole seconds so; oss2 reads no other milliseconds."""
    return datetime.fromtimestamp(now() if at is None else at, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def http_date(at: float | None = None) -> str:
    """Give ``Sun, 22 Nov 2026 09:44:15 GMT``."""
    return datetime.fromtimestamp(now() if at is None else at, UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")
