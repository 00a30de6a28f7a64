"""Twenty automatic rollbacks, each within a second of the observation that tipped the verdict."""

import pytest

from bench import rollback


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_it_has_all_traffic_back_on_aws_within_a_second_of_the_observation(
    capsys: pytest.CaptureFixture[str],
) -> None:
    (row,) = rollback.rows()
    with capsys.disabled():
        print(f"{row['metric']}: {row['value']} {row['unit']}, {row['against']}", flush=True)  # noqa: T201
    assert row["met"], row
