"""How far a function is from FC: a score with its reason, an effort, and what to do in three steps.

The score is no measurement. It starts at 100, each rule that warns takes away its weight once, and a blocker
leaves 30 at most. The hours are estimates of a person's work per rule, given as a range.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from cutover.assessment.finding import Finding


class Step(StrEnum):
    """The guide's three steps.

    Source: Alibaba Cloud, from Lambda to Function Compute, migration methodology.
    """

    DECOUPLE = "decouple"
    REIMPLEMENT = "reimplement"
    CONFIGURE = "configure"


STEP_WORDS = {
    Step.DECOUPLE: "Decouple business logic from input and output",
    Step.REIMPLEMENT: "Reimplement input and output for the other cloud",
    Step.CONFIGURE: "Configure the function and its surroundings",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Cost:
    """What a rule's warnings take from the score, and a person's hours, as a range."""

    points: int
    hours: tuple[float, float]
    step: Step


_COSTS = {
    "handler-form": Cost(points=2, hours=(0, 0.5), step=Step.DECOUPLE),
    "mixed-logic": Cost(points=6, hours=(2, 6), step=Step.DECOUPLE),
    "state": Cost(points=5, hours=(1, 4), step=Step.DECOUPLE),
    "after-answer": Cost(points=8, hours=(1, 4), step=Step.DECOUPLE),
    "http-server": Cost(points=6, hours=(1, 4), step=Step.DECOUPLE),
    "event": Cost(points=1, hours=(0, 0.5), step=Step.REIMPLEMENT),
    "event-fields": Cost(points=5, hours=(1, 3), step=Step.REIMPLEMENT),
    "context": Cost(points=2, hours=(0, 1), step=Step.REIMPLEMENT),
    "sdk": Cost(points=6, hours=(1, 4), step=Step.REIMPLEMENT),
    "sdk-write": Cost(points=10, hours=(2, 8), step=Step.REIMPLEMENT),
    "lambda-call": Cost(points=8, hours=(1, 4), step=Step.REIMPLEMENT),
    "credentials": Cost(points=4, hours=(0.5, 2), step=Step.REIMPLEMENT),
    "region": Cost(points=2, hours=(0.5, 1), step=Step.REIMPLEMENT),
    "database": Cost(points=10, hours=(4, 16), step=Step.CONFIGURE),
    "runtime-upgrade": Cost(points=10, hours=(1, 6), step=Step.REIMPLEMENT),
    "runtime-downgrade": Cost(points=5, hours=(1, 6), step=Step.REIMPLEMENT),
    "runtime": Cost(points=5, hours=(0.5, 4), step=Step.CONFIGURE),
    "native": Cost(points=6, hours=(1, 4), step=Step.CONFIGURE),
    "observability": Cost(points=4, hours=(1, 4), step=Step.REIMPLEMENT),
    "secret": Cost(points=4, hours=(0.5, 2), step=Step.CONFIGURE),
    "vpc": Cost(points=8, hours=(2, 8), step=Step.CONFIGURE),
    "api-gateway": Cost(points=5, hours=(1, 8), step=Step.CONFIGURE),
    "environment-size": Cost(points=4, hours=(0.5, 2), step=Step.CONFIGURE),
    "bundled-by-lambda": Cost(points=1, hours=(0, 0.5), step=Step.CONFIGURE),
    "alias": Cost(points=2, hours=(0.25, 0.5), step=Step.CONFIGURE),
}
_OTHER = Cost(points=3, hours=(0.25, 1), step=Step.CONFIGURE)
BLOCKED_MOST = 30
SMALL_HOURS, MEDIUM_HOURS = 4.0, 16.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """One line of the checklist: a step, what to do, where, and the rules that ask for it."""

    step: Step
    sentence: str
    places: tuple[str, ...]
    rule: str
    blocks: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Readiness:
    """``score`` 0 to 100; ``reason`` says what took most; hours are an estimate; ``checklist`` by steps.

    ``code_read``: whether the code was judged; a score without it is of the configuration alone.
    """

    score: int
    reason: str
    size: Literal["S", "M", "L"]
    hours: tuple[float, float]
    checklist: tuple[Task, ...]
    code_read: bool


def readiness(
    findings: Iterable[Finding], *, waived: Iterable[str] = (), code_read: bool = True
) -> Readiness:
    """Give the readiness by the findings that are neither well nor waived.

    Args:
        waived: identities of findings that a person waived.
        code_read: False when only the configuration was judged; the reason then says so.
    """
    aside = set(waived)
    open_ones = [one for one in findings if one.severity != "ok" and one.identity not in aside]
    by_rule: dict[str, list[Finding]] = {}
    for one in open_ones:
        by_rule.setdefault(one.rule, []).append(one)
    blockers = [one for one in open_ones if one.severity == "blocker"]
    taken = {rule: _COSTS.get(rule, _OTHER).points for rule in by_rule}
    score = max(0, 100 - sum(taken.values()))
    if blockers:
        score = min(score, BLOCKED_MOST)
    low = sum(_COSTS.get(rule, _OTHER).hours[0] for rule in by_rule)
    high = sum(_COSTS.get(rule, _OTHER).hours[1] for rule in by_rule) + 4 * len(blockers)
    middle = (low + high) / 2
    return Readiness(
        score=score,
        reason=_reason(blockers, by_rule, taken, code_read=code_read),
        size="S" if middle < SMALL_HOURS else "M" if middle < MEDIUM_HOURS else "L",
        hours=(low, high),
        checklist=tuple(_checklist(by_rule)),
        code_read=code_read,
    )


def _reason(
    blockers: list[Finding],
    by_rule: Mapping[str, list[Finding]],
    taken: Mapping[str, int],
    *,
    code_read: bool,
) -> str:
    unread = "" if code_read else " Its code is not judged yet."
    if blockers:
        number = f"{len(blockers)} findings block it" if len(blockers) > 1 else "One finding blocks it"
        return f"{number}: {blockers[0].title}.{unread}"
    if not by_rule:
        return f"Nothing was found that needs a change.{unread}"
    heaviest = sorted(by_rule, key=lambda rule: -taken[rule])[:3]
    named = "; ".join(by_rule[rule][0].title for rule in heaviest)
    return f"Nothing blocks it. What weighs most: {named}.{unread}"


def _checklist(by_rule: Mapping[str, list[Finding]]) -> Iterable[Task]:
    order = list(Step)
    for rule in sorted(by_rule, key=lambda one: order.index(_COSTS.get(one, _OTHER).step)):
        found = by_rule[rule]
        yield Task(
            step=_COSTS.get(rule, _OTHER).step,
            sentence=found[0].remedy or found[0].title,
            places=tuple(one.place for one in found),
            rule=rule,
            blocks=any(one.severity == "blocker" for one in found),
        )
