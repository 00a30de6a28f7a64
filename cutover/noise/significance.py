"""Is a field noise? A test on two counts, and its reading in words.

A field is noise when both hold:

1. the primary differs from itself there at least ``LEAST`` times. That is seen, not inferred;
2. it does not differ significantly more often against the candidate: Fisher's exact test, one-sided, on
   (differed, did not) of the primary with itself and with the candidate, does not reach ``ALPHA``, corrected
   for the number of fields that are tested at once (Bonferroni).

So a field that varies in one of ten answers by itself and in all of them on the candidate counts as a
difference, where a fixed percentage would either hide it or cry wolf at every small sample.

Lines of logs are judged alike, by their templates. A row in which two different lines stand side by side is
noise only when both of them are.

Source: R. A. Fisher, exact test for 2 x 2 tables (hypergeometric tail); the idea of a secondary is Diffy's.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from cutover.comparison import Blame, Comparison, Difference, LogRow, Standing, restated
from cutover.noise.knowledge import LEARNED, Field, Knowledge, name_of
from cutover.noise.log_lines import Cleaned, as_it_is, names_of

ALPHA = 0.01
LEAST = 2
"""Differences of the primary from itself that are needed: one alone may be an accident of the network."""
LEAST_PAIRS = 5
"""Pairs of the primary with itself below which nothing is called noise."""


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


def classify(comparison: Comparison, knowledge: Knowledge, *, cleaned: Cleaned = as_it_is) -> Finding:
    """Give the comparison with differences in noisy fields as noise, with outcome and sentence anew.

    Only what counts is changed: rules and shapes have their say first. Of logs the rows change with it.

    Args:
        cleaned: what took the secrets out of lines when their names were learned.
    """
    judge = _Judge(knowledge, cleaned)
    differences = [judge(one) for one in comparison.differences]
    if not judge.used:
        return Finding(comparison=comparison, evidence=())
    found = restated(comparison, differences)
    if found.log_rows and judge.rows:
        found = replace(found, log_rows=_quietened(found.log_rows, judge.rows))
    return Finding(comparison=found, evidence=tuple(judge.used.values()))


class _Judge:
    """Gives differences the standing that is known of their fields; one per comparison.

    ``used``: the evidence by which some became noise; ``rows``: the pointers of those in logs.
    """

    def __init__(self, knowledge: Knowledge, cleaned: Cleaned) -> None:
        self._knowledge, self._cleaned = knowledge, cleaned
        self._logs = knowledge.logs.itself > 0
        self._seen: dict[str, Evidence] = {}
        self.used: dict[str, Evidence] = {}
        self.rows: set[str] = set()

    def __call__(self, one: Difference) -> Difference:
        if one.standing is not Standing.COUNTS or (one.part == "logs" and not self._logs):
            return one
        of_logs = one.part == "logs"
        names = names_of(one, self._cleaned) if of_logs else (name_of(one.part, one.pointer),)
        known = {name: self._evidence(name) for name in names}
        if any(evidence.reading is not Reading.NOISE for evidence in known.values()):
            return one
        self.used |= known
        if of_logs:
            self.rows.add(one.pointer)
        return one._replace(standing=Standing.NOISE, blame=Blame.NOISE, reason=LEARNED)

    def _evidence(self, name: str) -> Evidence:
        if name not in self._seen:
            self._seen[name] = _evidence(self._knowledge, name)
        return self._seen[name]


def _quietened(rows: Sequence[LogRow], pointers: set[str]) -> tuple[LogRow, ...]:
    return tuple(
        replace(row, standing=Standing.NOISE) if f"line {number}" in pointers else row
        for number, row in enumerate(rows, start=1)
    )


def _evidence(knowledge: Knowledge, name: str) -> Evidence:
    counted, pairs = knowledge.fields.get(name, Field()), knowledge.pairs_of(name)
    level = ALPHA / max(1, len(knowledge.fields))
    p = more_often(counted.candidate, pairs.candidate, counted.itself, pairs.itself)
    reading = _reading(counted, pairs.itself, p, level)
    return Evidence(
        field=name,
        reading=reading,
        itself=counted.itself,
        itself_pairs=pairs.itself,
        candidate=counted.candidate,
        candidate_pairs=pairs.candidate,
        p=p,
        level=level,
        sentence=_sentence(counted, pairs, reading, p, level),
    )


def _reading(counted: Field, itself_pairs: int, p: float, level: float) -> Reading:
    if itself_pairs < LEAST_PAIRS:
        return Reading.TOO_FEW
    if counted.itself == 0:
        return Reading.STEADY
    if p < level:
        return Reading.WORSE
    return Reading.NOISE if counted.itself >= LEAST else Reading.TOO_FEW


def _sentence(counted: Field, pairs: Field, reading: Reading, p: float, level: float) -> str:
    itself = f"{counted.itself} of {pairs.itself:,} pairs of AWS with itself"
    candidate = f"{counted.candidate} of {pairs.candidate:,} pairs with FC"
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
            return f"No noise: never differed in {pairs.itself:,} pairs of AWS with itself."
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
