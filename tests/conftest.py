"""What holds for all tests: what is left out unless asked for; browser tests are not skipped in CI."""

from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling

from hosting import chromium

_ON_REQUEST = ("soak", "real_accounts")
_BROWSER = Path(__file__).parent / "browser"
_STACK = "tests/integration/stack/"
"""Tests that share one running stack."""

_FIRST = (
    "tests/browser/test_journey.py",
    f"{_STACK}chaos/",
    f"{_STACK}trouble/",
    "tests/integration/workers/test_engine_on_sandbox.py",
    "tests/integration/hosting/",
    "tests/browser/",
    "tests/soak/",
    "tests/cases/",
    "tests/contract/sandbox_samples/",
)
"""What takes longest, longest first: few tests, much waiting. Folders stay whole: they may share a set-up."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave long proofs and tests on real accounts out, unless `-m` names them.

    The files that take longest come first, or one process would still be at them when the others have ended.
    """
    asked: str = config.getoption("markexpr") or ""
    left_out = [name for name in _ON_REQUEST if name not in asked]
    dropped = [item for item in items if any(item.get_closest_marker(name) for name in left_out)]
    if dropped:
        config.hook.pytest_deselected(items=dropped)
        items[:] = [item for item in items if item not in dropped]
    items.sort(key=lambda item: _place(item.nodeid))


def _place(nodeid: str) -> int:
    return next((place for place, path in enumerate(_FIRST) if nodeid.startswith(path)), len(_FIRST))


class ByServers(LoadFileScheduling):  # type: ignore[misc]
    """Gives a process a file at a time, and one process all files that share the running stack."""

    def _split_scope(self, nodeid: str) -> str:
        return _STACK if nodeid.startswith(_STACK) else str(super()._split_scope(nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling:
    """Say how tests are spread over processes (`-n`)."""
    return ByServers(config, log)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip browser tests where there is no Chromium; in CI that is a failure."""
    if not item.path.is_relative_to(_BROWSER) or chromium.find():
        return
    if chromium.required():
        pytest.fail(f"Browser tests must run in CI, but {chromium.why_missing()}.")
    pytest.skip(chromium.why_missing())
