"""One sentence per comparison: the gravest difference, with both values."""

from __future__ import annotations

from collections.abc import Sequence

from cutover.comparison.model import Comparison, Difference, PairOutcome, Standing
from cutover.observation import Observation, Outcome

_SHORT = 80


def sentence_of(
    outcome: PairOutcome,
    sides: tuple[Observation, Observation],
    gravest: Difference | None,
    differences: Sequence[Difference],
) -> str:
    """Give the sentence of a comparison. ``gravest`` is the first of ``differences``, if any."""
    match outcome:
        case PairOutcome.NOT_COMPARABLE:
            return _not_comparable(*sides)
        case PairOutcome.CANDIDATE_ERROR:
            return f"FC failed{_with(gravest, differences, candidate=True)}; AWS answered."
        case PairOutcome.PRIMARY_ERROR:
            return f"AWS failed{_with(gravest, differences, candidate=False)}; FC answered."
        case _:
            return _said(outcome, gravest, differences)


def restated_sentence(comparison: Comparison, outcome: PairOutcome, differences: Sequence[Difference]) -> str:
    """Give the sentence after standings have changed; who failed and how stays as it was said."""
    gravest = differences[0] if differences else None
    match outcome:
        case PairOutcome.NOT_COMPARABLE | PairOutcome.CANDIDATE_ERROR | PairOutcome.PRIMARY_ERROR:
            return comparison.sentence
        case _ if outcome is comparison.outcome and not gravest:
            return comparison.sentence
        case _:
            return _said(outcome, gravest, differences)


def _said(outcome: PairOutcome, gravest: Difference | None, differences: Sequence[Difference]) -> str:
    """Give the sentence of an outcome that the two observations themselves are not needed for."""
    match outcome:
        case PairOutcome.BOTH_ERROR_SAME:
            return "Both failed in the same way."
        case PairOutcome.BOTH_ERROR_DIFFERENT:
            return f"Both failed, but {_difference(gravest)}" if gravest else "Both failed differently."
        case PairOutcome.MATCH:
            return "Both answered the same."
        case PairOutcome.MISMATCH:
            return _capitalised(_difference(gravest)) if gravest else "The answers differ."
        case _:
            return _excused(differences)


def _not_comparable(primary: Observation, candidate: Observation) -> str:
    words = {Outcome.NO_ANSWER: "gave no answer in time", Outcome.THROTTLED: "was throttled"}
    for name, side in (("AWS", primary), ("FC", candidate)):
        if side.outcome in words:
            return f"{name} {words[side.outcome]}, so there is nothing to compare."
    return "There is nothing to compare."


def _with(gravest: Difference | None, differences: Sequence[Difference], *, candidate: bool) -> str:
    if gravest is None:
        return ""
    words = [difference.candidate if candidate else difference.primary for difference in differences[:2]]
    return f" with {_cut(': '.join(word for word in words if word))}"


def _difference(difference: Difference) -> str:
    place = difference.pointer or "the answer"
    primary, candidate = _cut(difference.primary), _cut(difference.candidate)
    if difference.reason == "duplicate keys":
        side = "AWS" if difference.kind == "missing" else "FC"
        return f"{place} occurs more than once on {side} only."
    match difference.kind:
        case "missing":
            return f"{place} is missing on FC; it is {primary} on AWS."
        case "extra":
            return f"{place} is on FC only: {candidate}."
        case "order":
            return f"{place} has the same elements in another order."
        case "type":
            return f"{place} differs in type: {primary} on AWS, {candidate} on FC."
        case _:
            return f"{place} differs: {primary} on AWS, {candidate} on FC."


def _excused(differences: Sequence[Difference]) -> str:
    kinds = {
        Standing.NOISE: "of noise",
        Standing.IGNORED: "ignored by rule",
        Standing.LOSS: "lost in translation",
    }
    groups = []
    for standing, word in kinds.items():
        found = [difference for difference in differences if difference.standing is standing]
        if found:
            reasons = ", ".join(sorted({difference.reason for difference in found}))
            places = "1 place" if len(found) == 1 else f"{len(found)} places"
            groups.append(f"{places} {word} ({reasons})")
    return f"Equal, but for {' and '.join(groups)}."


def _cut(text: str) -> str:
    return text if len(text) <= _SHORT else text[: _SHORT - 1] + "…"


def _capitalised(sentence: str) -> str:
    return sentence[0].upper() + sentence[1:]
