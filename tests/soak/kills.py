"""Rounds: every traveller does its next step, one process is killed on the way, and all must end well.

What is drawn (whom to kill, whose step to watch, how far it is then) comes from one seeded generator; what
the machine makes of it differs from run to run, as accidents do.
"""

from __future__ import annotations

import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from hosting import waiting
from hosting.process import send
from tests.soak.accounts import Account, Bookkeeper
from tests.soak.travellers import OPERATION_LIMIT_S, Journey, Traveller
from tests.soak.truths import FULL_BP, Truths
from tests.stack import Stack

VICTIMS = ("work", "work", "work", "work", "watch", "watch", "rollback", "web", "web")
"""The worker is drawn most often: it carries nearly everything out."""
LONGEST_JITTER_S = 0.15


@dataclass(frozen=True, kw_only=True, slots=True)
class Round:
    """What one round did. ``at``: how far the first of the steps was; ``seconds`` until all had settled."""

    victims: tuple[str, ...]
    steps: tuple[str, ...]
    at: float
    seconds: float

    def __str__(self) -> str:
        beside = f" beside {', '.join(self.steps[1:])}" if self.steps[1:] else ""
        killed = ", ".join(self.victims)
        return f"{killed} at {self.at:.0%} of {self.steps[0]}{beside}; settled in {self.seconds:.0f} s"


@dataclass(kw_only=True)
class Campaign:
    """Kills until there were enough, and asserts the truths after each. ``say`` takes lines for a person."""

    stack: Stack
    travellers: Sequence[Traveller]
    seed: int
    say: Callable[[str], object]
    kills: int = 0
    steps: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.drawn = random.Random(self.seed)
        self.journey = Journey(self.stack)
        self.truths = Truths(self.stack, self.journey)
        self.books = Bookkeeper(self.stack)
        self.say(f"seed {self.seed}")

    def run(self, script: Sequence[Sequence[str]]) -> Account:
        """Kill these victims, a round each; give the account of the traffic at the end."""
        self.journey.set_out(self.travellers)
        for victims in script:
            self._round(victims)
        account = self.books.settle(self.travellers)
        self.say(f"{account}")
        self.say(f"operations: {dict(sorted(self.truths.endings.items()))}")
        self.say(f"steps under way: {dict(sorted(self.steps.items()))}")
        self.say(f"{self.truths.resent} actions were sent again after reading back")
        return account

    def _round(self, victims: Sequence[str]) -> None:
        going = [one for one in self.travellers if one.waits <= 0]
        for one in self.travellers:
            one.waits -= 1
        plans = {one.name: self._next_step(one) for one in going}
        self._prepare([one for one in going if plans[one.name].startswith("shift")])
        began = time.monotonic()
        watched, far = self.drawn.choice(going), self.drawn.random()
        # The watched one last: the others are under way then, too.
        going.sort(key=lambda one: one is watched)
        for one in going:
            self._begin(one, plans[one.name])
        reached = self._wait_for(watched, far)
        killed = tuple(self._kill(victim, watched) for victim in victims)
        self.truths.assert_one_open_operation_at_most()
        self._finish(going, plans)
        self.stack.wait_for_pages()
        self.books.look(self.travellers)
        self.truths.assert_all(self.travellers)
        self.steps.update(plans.values())
        self.kills += len(killed)
        done = Round(
            victims=killed,
            steps=tuple(f"{plans[one.name]} {one.name}" for one in reversed(going)),
            at=reached,
            seconds=time.monotonic() - began,
        )
        self.say(f"{self.kills:>3}: {done}")

    # ----------------------------------------------------------------------------------- steps

    def _next_step(self, traveller: Traveller) -> str:
        match self.journey.phase(traveller):
            case "decommissioned" | "decommissioning":
                return "restore"
            case "cut-over":
                return "decommission"
            case "shifting" if self.journey.weight_bp(traveller) == FULL_BP:
                self.journey.wait_for_cut_over(traveller)
                return self._next_step(traveller)
            case "shifting":
                return "rollback"
            case "deployed" | "validated" if traveller.deployed:
                traveller.deployed = False
                traveller.cycle += 1
                # The whole way, only a part of it, and a change of mind on the way, in turn.
                return ("shift to 100", "shift to 20", "shift, then rollback")[traveller.cycle % 3]
            case _:
                traveller.deployed = True
                return "deploy"

    def _prepare(self, shifting: Sequence[Traveller]) -> None:
        """Validate what is to be shifted; another declaration each time has tap and relay published anew."""
        for one in shifting:
            self.journey.declare(one, "repeatable" if one.cycle % 2 else "read-only")
        self.journey.validate(shifting)

    def _begin(self, traveller: Traveller, step: str) -> None:
        match step.split():
            case ["shift", "to", percent]:
                self.journey.ask(traveller, "shift", weight=percent)
            case ["shift,", *_]:
                self.journey.ask(traveller, "shift", weight="20")
            case ["rollback"]:
                self.journey.roll_back(traveller)
            case ["decommission"]:
                key = self.journey.ask(traveller, "decommission", confirm=traveller.name)
                self.journey.approve(key)
            case [verb]:
                self.journey.ask(traveller, verb)

    def _finish(self, going: Sequence[Traveller], plans: dict[str, str]) -> None:
        for one in going:
            if plans[one.name] == "shift, then rollback":
                self._wait_for(one, self.drawn.random())
                self.journey.roll_back(one)
        self.journey.wait_until_settled(self.travellers)

    # ----------------------------------------------------------------------------------- kills

    def _wait_for(self, traveller: Traveller, far: float) -> float:
        """Wait until the newest operation is so far, or has ended; give how far it is."""
        reached: list[float] = []

        def condition() -> str | None:
            reached.append(self.journey.progress(traveller.asked[-1]))
            return None if reached[-1] >= far else f"{traveller.name} stays at {reached[-1]:.0%}"

        waiting.until(condition, OPERATION_LIMIT_S)
        return reached[-1]

    def _kill(self, victim: str, watched: Traveller) -> str:
        # Between an intent, its call and the record lie milliseconds; any of them may be the moment.
        time.sleep(self.drawn.random() * LONGEST_JITTER_S)
        if victim == "work" and self.drawn.random() < 0.5:
            holder = self.journey.holder(watched.asked[-1])
            if holder in self.stack.below("work"):
                send(holder, signal.SIGKILL)
                return "work (only the process at it)"
        self.stack.kill(victim)
        return victim


def drawn_script(seed: int, times: int) -> list[tuple[str, ...]]:
    """Draw so many victims, one a round."""
    drawn = random.Random(seed)
    return [(drawn.choice(VICTIMS),) for _ in range(times)]
