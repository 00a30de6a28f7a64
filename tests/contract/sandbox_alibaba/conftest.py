"""The Alibaba half at work, one for each module of tests."""

from collections.abc import Iterator

import pytest

from tests.contract.sandbox_alibaba.calls import Ear, listening
from tests.sandbox_fixtures import RunningAlibaba, running_alibaba


@pytest.fixture(scope="module")
def alibaba(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningAlibaba]:
    with running_alibaba(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest.fixture
def ear() -> Iterator[Ear]:
    """Hears what functions post to its url."""
    with listening() as heard:
        yield heard
