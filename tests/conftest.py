"""What holds for all tests: what is left out unless asked for; browser tests are not skipped in CI."""

from pathlib import Path

import pytest

from hosting import chromium

_ON_REQUEST = ("soak", "real_accounts")
_BROWSER = Path(__file__).parent / "browser"
_LONG = (
    "tests/browser/",
    "tests/integration/chaos/",
    "tests/integration/trouble/",
    "tests/integration/hosting/",
    "tests/integration/workers/test_engine",
)
"""Files that run whole stacks: few tests, much waiting."""


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
    items.sort(key=lambda item: not item.nodeid.startswith(_LONG))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip browser tests where there is no Chromium; in CI that is a failure."""
    if not item.path.is_relative_to(_BROWSER) or chromium.find():
        return
    if chromium.required():
        pytest.fail(f"Browser tests must run in CI, but {chromium.why_missing()}.")
    pytest.skip(chromium.why_missing())
