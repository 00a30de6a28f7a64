"""Functions on the running stack that the tests of this folder get into trouble."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.stack.trouble.looking import Looking
from tests.soak.travellers import Journey, Traveller
from tests.stack import Stack

UNTOUCHED, OCCUPIED = "trouble-none", "trouble-occupied"
DEPLOY_REFUSED, DEPLOY_BUSY = "trouble-deploy-refused", "trouble-deploy-busy"
SHIFT_REFUSED, SHIFT_BUSY, SHIFT_LOST, SHIFT_HANGING = (
    "trouble-shift-refused",
    "trouble-shift-busy",
    "trouble-shift-lost",
    "trouble-shift-hanging",
)
SHIFT_RACED, SHIFT_LATE = "trouble-shift-raced", "trouble-shift-late"
STILL = (UNTOUCHED, OCCUPIED, DEPLOY_REFUSED, DEPLOY_BUSY)
SHIFTING = (SHIFT_REFUSED, SHIFT_BUSY, SHIFT_LOST, SHIFT_HANGING, SHIFT_RACED, SHIFT_LATE)


@pytest.fixture(scope="package")
def journey(stack: Stack) -> Journey:
    """Give the way to move functions; those of this folder are on AWS, synced, assessed and declared."""
    journey = Journey(stack)
    journey.set_out([_traveller(name) for name in (*STILL, *SHIFTING)])
    return journey


@pytest.fixture(scope="package")
def validated(journey: Journey) -> Journey:
    """Give the way to move functions once those that tests shift are deployed and validated."""
    travellers = [_traveller(name) for name in SHIFTING]
    for one in travellers:
        journey.ask(one, "deploy")
    journey.wait_until_settled(travellers)
    journey.validate(travellers)
    return journey


@pytest.fixture
def looking(stack: Stack, journey: Journey) -> Iterator[Looking]:
    """Give a look at both clouds and at the rows. Afterwards no fault holds and nothing shifts."""
    yield Looking(stack)
    for cloud in ("aws", "alibaba"):
        stack.lift_faults(cloud)
    shifting = "SELECT name FROM migrations_app_functionmigration WHERE phase = 'shifting' AND name = ANY(%s)"
    for (name,) in stack.rows(shifting, list(SHIFTING)):
        assert stack.cutover("rollback", name, "--reason", "The test is over").status == 0


@pytest.fixture
def by_hand(stack: Stack) -> Iterator[Stack]:
    """Give the stack with its worker kept down: what is asked for waits, or runs in a command."""
    stack.keep_down("work")
    yield stack
    stack.let_up("work")


def _traveller(name: str) -> Traveller:
    return Traveller(name=name, sample="hello-python")
