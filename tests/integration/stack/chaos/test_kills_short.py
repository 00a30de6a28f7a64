"""A seeded slice of the soak: six kills -9 through deploy, a shift that is taken back, and a redeploy."""

from tests.soak.kills import Campaign
from tests.soak.travellers import Traveller
from tests.stack import Stack

SEED = 7
SCRIPT = (("work", "watch"), ("work", "web"), ("rollback", "watch"))


def test_it_ends_every_operation_and_accounts_for_every_invocation_through_six_kills(stack: Stack) -> None:
    travellers = [
        # The next shift of this one is taken back on its way, so that no lease has to end first.
        Traveller(name="brief-01", sample="hello-python", cycle=1),
        Traveller(name="brief-02", sample="hello-node", cycle=1),
    ]
    lines: list[str] = []
    account = Campaign(stack=stack, travellers=travellers, seed=SEED, say=lines.append).run(SCRIPT)
    assert not account.missing, (account.missing[:5], lines)
    assert not account.repeated, (account.repeated[:5], lines)
