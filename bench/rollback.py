"""Group ``rollback``: how long an automatic rollback takes in the sandbox, from observation to proof.

A function of its own has half of its traffic on FC; then FC begins to answer with errors, by a fault of the
sandbox. The time runs from the event that tips the verdict (its own clock reading, as the relay reported it)
until the alias was read back at 0 %, both from the ledger's rows: ``Operation.evidence["observed_at"]`` and
``finished_at`` of the action ``verify``. A sandbox figure: real clouds add their own latencies to two calls.
"""

from __future__ import annotations

import statistics
import sys
from typing import Any

from hosting import waiting
from tests.soak.travellers import Journey, Traveller
from tests.stack import Stack, running_stack, short_lived_traffic

TIMES = 20
AT_ONCE = 4
"""So many functions are made ready together; their failures come one after the other."""

LIMIT_S = 120
FLOOR_S, AIM_S = 1.0, 0.5


def rows() -> list[dict[str, Any]]:
    """Measure the group on a stack of its own."""
    with running_stack() as stack, short_lived_traffic(stack, linger_s=10):
        return [row(measure(stack, TIMES))]


def row(seconds: list[float]) -> dict[str, Any]:
    """Give the row of these rollbacks. The median is the value; the worst has to be within the limit, too."""
    median, worst = statistics.median(seconds), max(seconds)
    return {
        "metric": "rollback.from_observation",
        "value": round(median, 3),
        "unit": "s",
        "against": f"limit {FLOOR_S:g} s, a sandbox figure: median of {len(seconds)} automatic rollbacks, "
        f"the worst took {worst:.3f} s; lower is better",
        "floor": FLOOR_S,
        "aim": AIM_S,
        "met": worst <= FLOOR_S,
        "spread": round(worst - min(seconds), 3),
    }


def measure(stack: Stack, times: int) -> list[float]:
    """Have FC fail so many times; give the seconds of each rollback. Raises when one does not come."""
    journey = Journey(stack)
    travellers = [Traveller(name=f"falls-{number}", sample="hello-python") for number in range(AT_ONCE)]
    journey.set_out(travellers)
    found: list[float] = []
    while len(found) < times:
        _make_ready(journey, travellers)
        for one in travellers[: times - len(found)]:
            found.append(_fall(journey, one))
            sys.stderr.write(f"rollback {len(found)} of {times}: {found[-1]:.3f} s\n")
    return found


def _make_ready(journey: Journey, travellers: list[Traveller]) -> None:
    for one in travellers:
        if journey.phase(one) != "validated":
            journey.ask(one, "deploy")
    journey.wait_until_settled(travellers)
    journey.validate(travellers)


def _fall(journey: Journey, traveller: Traveller) -> float:
    """Shift one function, have FC fail under its traffic, and wait until it is back on AWS."""
    stack = journey.stack
    journey.ask(traveller, "shift", weight="50")
    journey.wait_until_settled([traveller])
    waiting.until(lambda: _warm(stack, traveller), LIMIT_S)
    (target,) = stack.rows(
        "SELECT target ->> 'name' FROM migrations_app_functionmigration WHERE name = %s", traveller.name
    )[0]
    stack.fault("alibaba", kind="error", rate=1.0, function=target)
    try:
        waiting.until(lambda: _not_back(journey, traveller), LIMIT_S)
    finally:
        stack.lift_faults("alibaba")
    return float(
        stack.one(
            "SELECT extract(epoch FROM a.finished_at - (o.evidence ->> 'observed_at')::timestamptz)"
            " FROM migrations_app_operation o JOIN migrations_app_action a ON a.operation_id = o.id"
            " WHERE o.id = %s AND a.key = 'verify'",
            journey.operations(traveller)[-1][0],
        )
    )


def _warm(stack: Stack, traveller: Traveller) -> str | None:
    """Say what is missing until both sides have answered enough to be past their cold starts."""
    counts = stack.rows(
        "SELECT step_primary_events, step_candidate_events FROM migrations_app_functionmigration"
        " WHERE name = %s",
        traveller.name,
    )[0]
    return None if min(counts) >= 10 else f"{traveller.name}: {counts} events on AWS and FC"


def _not_back(journey: Journey, traveller: Traveller) -> str | None:
    last = journey.operations(traveller)[-1]
    done = last[1:4] == ("rollback", "succeeded", "watch")
    return None if done else f"{traveller.name}: its last operation is {last}"
