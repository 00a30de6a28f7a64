"""Mixed invocations of the sandbox with faults while its halves are killed: nothing is lost or left."""

import os
from pathlib import Path

import pytest

from tests.soak.sandbox_load import Report, Soak

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::SyntaxWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]
INVOCATIONS = 10_000


def assert_sound(report: Report) -> None:
    """Assert what holds of every run, however long."""
    assert not report.lost, report.lost[:30]
    assert not report.orphans, report.orphans
    assert not report.wrong, report.wrong[:5]
    assert not report.grown, report.grown


@pytest.mark.timeout(300)
def test_it_loses_nothing_through_a_kill_of_each_half(tmp_path: Path) -> None:
    lines: list[str] = []
    report = Soak(total=200, kills=1, seed=7, say=lines.append).run(tmp_path)
    assert_sound(report)
    assert sum(report.sent.values()) > 150, lines


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_ten_thousand_invocations_and_two_kills_of_each_half(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    seed = int(os.environ.get("CUTOVER_SOAK_SEED") or "20261122")

    def say(line: str) -> None:
        with capsys.disabled():
            print(line, flush=True)  # noqa: T201 - the figures are what this proof is for

    report = Soak(total=INVOCATIONS, kills=2, seed=seed, say=say).run(tmp_path)
    assert_sound(report)
    assert sum(report.sent.values()) > 0.9 * INVOCATIONS
