"""Is a field noise? A test on two counts, and its reading in words.

A field is noise when both hold:

1. the primary differs from itself there at least ``LEAST`` times. That is seen, not inferred;
2. it does not differ significantly more often against the candidate: Fisher's exact test, one-sided, on
   (differed, did not) of the primary with itself and with the candidate, does not reach ``ALPHA``, corrected
   for the number of fields that are tested at once (Bonferroni).

So a field that varies in one of ten answers by itself and in all of them on the candidate counts as a
difference, where a fixed percentage would either hide it or cry wolf at every small sample.

Source: R. A. Fisher, exact test for 2 x 2 tables (hypergeometric tail); the idea of a secondary is Diffy's.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from cutover.comparison import Blame, Comparison, Difference, Standing, restated
from cutover.noise.knowledge import Field, Knowledge, name_of

ALPHA = 0.01
LEAST = 2
"""Differences of the primary from itself that are needed: one alone may be an accident of the network."""
LEAST_PAIRS = 5
"""Pairs of the primary with itself below which nothing is called noise."""
LEARNED = "varies on AWS itself"


class Reading(StrEnum):
    """What the counts of a field say."""

    NOISE = "noise"
    WORSE = "worse"
    STEADY = "steady"
    TOO_FEW = "too-few"


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """Why a field is noise or not.

    ``itself``, ``candidate``: pairs in which it differed, of ``itself_pairs`` and ``candidate_pairs``; ``p``:
    the chance of so many differences of the candidate, or more, if both rates were the same; ``level``: what
    it is held against. ``sentence`` says the rule of decision with its numbers.
    """

    field: str
    reading: Reading
    itself: int
    itself_pairs: int
    candidate: int
    candidate_pairs: int
    p: float
    level: float
    sentence: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """A comparison with learned noise taken out, and the evidence for each field it was taken from."""

    comparison: Comparison
    evidence: tuple[Evidence, ...]


def evidence_of(knowledge: Knowledge) -> tuple[Evidence, ...]:
    """Give the evidence on every field that ever differed, those that count against the candidate first."""
    order = [Reading.WORSE, Reading.TOO_FEW, Reading.STEADY, Reading.NOISE]
    found = [_evidence(knowledge, name) for name in knowledge.fields]
    return tuple(sorted(found, key=lambda one: (order.index(one.reading), one.p, one.field)))


def classify(comparison: Comparison, knowledge: Knowledge) -> Finding:
    """Give the comparison with differences in noisy fields as noise, with outcome and sentence anew.

    Only what counts is changed: rules and shapes have their say first. Logs stay as they are.
    """
    seen: dict[str, Evidence] = {}
    differences: list[Difference] = []
    for one in comparison.differences:
        if one.standing is Standing.COUNTS and one.part != "logs":
            name = name_of(one.part, one.pointer)
            evidence = seen.get(name) or _evidence(knowledge, name)
            seen[name] = evidence
            if evidence.reading is Reading.NOISE:
                one = one._replace(standing=Standing.NOISE, blame=Blame.NOISE, reason=LEARNED)
        differences.append(one)
    used = tuple(one for one in seen.values() if one.reading is Reading.NOISE)
    return Finding(comparison=restated(comparison, differences) if used else comparison, evidence=used)


def _evidence(knowledge: Knowledge, name: str) -> Evidence:
    counted = knowledge.fields.get(name, Field())
    level = ALPHA / max(1, len(knowledge.fields))
    p = more_often(counted.candidate, knowledge.candidate, counted.itself, knowledge.itself)
    reading = _reading(counted, knowledge.itself, p, level)
    return Evidence(
        field=name,
        reading=reading,
        itself=counted.itself,
        itself_pairs=knowledge.itself,
        candidate=counted.candidate,
        candidate_pairs=knowledge.candidate,
        p=p,
        level=level,
        sentence=_sentence(counted, knowledge, reading, p, level),
    )


def _reading(counted: Field, itself_pairs: int, p: float, level: float) -> Reading:
    if itself_pairs < LEAST_PAIRS:
        return Reading.TOO_FEW
    if counted.itself == 0:
        return Reading.STEADY
    if p < level:
        return Reading.WORSE
    return Reading.NOISE if counted.itself >= LEAST else Reading.TOO_FEW


def _sentence(counted: Field, knowledge: Knowledge, reading: Reading, p: float, level: float) -> str:
    itself = f"{counted.itself} of {knowledge.itself:,} pairs of AWS with itself"
    candidate = f"{counted.candidate} of {knowledge.candidate:,} pairs with FC"
    match reading:
        case Reading.NOISE:
            return (
                f"Noise: differed in {itself} and {candidate}; by chance with p = {p:.2g}, "
                f"not below {level:.2g}."
            )
        case Reading.WORSE:
            return (
                f"No noise: differed in {itself} but in {candidate}; by chance with p = {p:.2g}, "
                f"below {level:.2g}."
            )
        case Reading.STEADY:
            return f"No noise: never differed in {knowledge.itself:,} pairs of AWS with itself."
        case Reading.TOO_FEW:
            return (
                f"Not known: differed in {itself}; at least {LEAST} differences in {LEAST_PAIRS} pairs are "
                "needed to call a field noise."
            )


def more_often(hits: int, trials: int, other_hits: int, other_trials: int) -> float:
    """Give Fisher's one-sided p: at least ``hits`` of the hits on this side if both rates were the same."""
    total, drawn = trials + other_trials, hits + other_hits
    if not trials or not drawn:
        return 1.0
    whole = _log_choose(total, trials)
    terms = [
        _log_choose(drawn, here) + _log_choose(total - drawn, trials - here) - whole
        for here in range(hits, min(drawn, trials) + 1)
        if trials - here <= total - drawn
    ]
    return min(1.0, _sum_of_logs(terms))


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def _sum_of_logs(terms: Sequence[float]) -> float:
    return math.fsum(math.exp(term) for term in terms)
