"""One running stack for all tests below that need a whole one: its start is the dearest part of them.

Those tests keep to functions of their own and leave no fault behind. The stack ends with the last of them:
it works while it runs, and other tests would wait for what it takes.
"""

from collections.abc import Iterator

import pytest

from tests.stack import Stack, running_stack, short_lived_traffic


@pytest.fixture(scope="package")
def stack() -> Iterator[Stack]:
    """Give a whole demo with few clients, which leave AWS ten seconds after a switch."""
    with running_stack() as running, short_lived_traffic(running, linger_s=10, per_second=8):
        yield running
