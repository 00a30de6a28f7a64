"""Forty kills -9 at random moments of everything that Cutover does, with traffic running."""

import os

import pytest

from tests.soak.kills import Campaign, drawn_script
from tests.soak.travellers import Traveller
from tests.stack import running_stack, short_lived_traffic

KILLS = 40


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_it_ends_every_operation_and_accounts_for_every_invocation_through_forty_kills(
    capsys: pytest.CaptureFixture[str],
) -> None:
    seed = int(os.environ.get("CUTOVER_SOAK_SEED") or "20261122")
    travellers = [
        Traveller(name="chaos-01", sample="hello-python", cycle=2),
        Traveller(name="chaos-02", sample="hello-node", waits=1),
        Traveller(name="chaos-03", sample="receipt-uuid", waits=2, cycle=1),
    ]

    def say(line: str) -> None:
        with capsys.disabled():
            print(line, flush=True)  # noqa: T201 - the figures are what this proof is for

    with running_stack() as stack, short_lived_traffic(stack, linger_s=10):
        campaign = Campaign(stack=stack, travellers=travellers, seed=seed, say=say)
        account = campaign.run(drawn_script(seed, KILLS))
    assert campaign.kills == KILLS
    assert account.ours > 100, account
    assert not account.missing, account.missing[:5]
    assert not account.repeated, account.repeated[:5]
