"""The comparison of a pair: its differences, its outcome and its sentence.

The outcome is decided by the answer (or the error) and by what the invocations left behind, where that was
looked at; differences in logs stand beside it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

from cutover.comparison.acceptance import Acceptance
from cutover.comparison.answers import answer_differences, error_differences
from cutover.comparison.effect_rules import EffectRules
from cutover.comparison.effects import effect_differences, restanding
from cutover.comparison.lines import gravest_first, log_rows
from cutover.comparison.model import (
    Comparison,
    Difference,
    EffectRow,
    LogRow,
    LogState,
    PairOutcome,
    Rule,
    Standing,
)
from cutover.comparison.sentences import restated_sentence, sentence_of
from cutover.observation import Observation, Outcome

_BY_GRAVITY = (
    (Standing.COUNTS, PairOutcome.MISMATCH),
    (Standing.LOSS, PairOutcome.TRANSLATION_LOSS),
    (Standing.IGNORED, PairOutcome.IGNORED),
    (Standing.NOISE, PairOutcome.NOISE),
)
MAX_DIFFERENCES = 1_000
"""Differences kept one by one; ``counts`` has them all."""

_FAILED = frozenset({Outcome.ERROR, Outcome.TIMEOUT})
_ONE_FAILED = frozenset({PairOutcome.CANDIDATE_ERROR, PairOutcome.PRIMARY_ERROR})
_STANDINGS = tuple(standing.value for standing in Standing)
_KNOWN = frozenset({Outcome.OK}) | _FAILED


def compare(primary: Observation, candidate: Observation, *, rules: Sequence[Rule] = ()) -> Comparison:
    """Set two observations of one event side by side.

    Raises:
        BadInput: when a rule cannot be read.
    """
    acceptance = _acceptance(tuple(rules))
    rows, log_differences, equal_lines = _logs(primary, candidate, acceptance)
    effect_rows, of_effects, equal_effects = _effects(primary, candidate, tuple(rules))
    if primary.outcome is Outcome.OK and candidate.outcome is Outcome.OK:
        own = answer_differences(primary, candidate, acceptance)
        found, tally = _kept([*own, *of_effects] if of_effects else own)
        outcome = _outcome_of_answers(tally)
    elif primary.outcome not in _KNOWN or candidate.outcome not in _KNOWN:
        own, found, tally = [], [], {}
        outcome, effect_rows, equal_effects = PairOutcome.NOT_COMPARABLE, None, 0
    else:
        own = error_differences(primary, candidate, acceptance)
        found, tally = _kept([*own, *of_effects])
        outcome = _outcome_of_errors(primary, candidate, tally)
    kept_logs, log_tally = _kept(log_differences)
    equal = equal_lines + equal_effects + (not own and outcome is not PairOutcome.NOT_COMPARABLE)
    said = own if outcome in _ONE_FAILED else found
    return Comparison(
        outcome=outcome,
        differences=(*found, *kept_logs),
        log_rows=rows,
        sentence=sentence_of(outcome, (primary, candidate), said[0] if said else None, said),
        counts={
            **{word: tally.get(word, 0) + log_tally.get(word, 0) for word in _STANDINGS},
            "equal": equal,
        },
        primary_logs=_log_state(primary),
        candidate_logs=_log_state(candidate),
        effect_rows=effect_rows,
    )


@lru_cache(maxsize=64)
def _effect_rules(rules: tuple[Rule, ...]) -> EffectRules:
    return EffectRules(rules)


def _effects(
    primary: Observation, candidate: Observation, rules: tuple[Rule, ...]
) -> tuple[tuple[EffectRow, ...] | None, list[Difference], int]:
    if primary.effects is None or candidate.effects is None:
        return None, [], 0
    return effect_differences(primary, candidate, _effect_rules(rules))


@lru_cache(maxsize=64)
def _acceptance(rules: tuple[Rule, ...]) -> Acceptance:
    return Acceptance(rules)


def _kept(differences: list[Difference]) -> tuple[list[Difference], dict[str, int]]:
    """Give the differences to keep, those that count first, and the tally of all by standing."""
    if not differences:
        return [], {}
    tally: dict[str, int] = {}
    for difference in differences:  # A Counter costs more than it saves: most comparisons have few of them.
        tally[difference.standing] = tally.get(difference.standing, 0) + 1
    if len(tally) == 1:
        return differences[:MAX_DIFFERENCES], tally
    counting = [difference for difference in differences if difference.standing is Standing.COUNTS]
    others = [difference for difference in differences if difference.standing is not Standing.COUNTS]
    return [*counting, *others][:MAX_DIFFERENCES], tally


def _logs(
    primary: Observation, candidate: Observation, acceptance: Acceptance
) -> tuple[tuple[LogRow, ...] | None, list[Difference], int]:
    if primary.logs is None or candidate.logs is None:
        return None, [], 0
    rows, differences, equal = log_rows(primary.logs, candidate.logs, acceptance)
    return rows, gravest_first(differences, rows), equal


def _log_state(observation: Observation) -> LogState:
    if observation.logs is None:
        return LogState.PENDING
    return LogState.ARRIVED if observation.logs else LogState.EMPTY


def _outcome_of_answers(tally: Mapping[str, int]) -> PairOutcome:
    return next((outcome for standing, outcome in _BY_GRAVITY if tally.get(standing)), PairOutcome.MATCH)


def _outcome_of_errors(primary: Observation, candidate: Observation, tally: Mapping[str, int]) -> PairOutcome:
    if primary.outcome is Outcome.OK:
        return PairOutcome.CANDIDATE_ERROR
    if candidate.outcome is Outcome.OK:
        return PairOutcome.PRIMARY_ERROR
    return PairOutcome.BOTH_ERROR_DIFFERENT if tally.get(Standing.COUNTS) else PairOutcome.BOTH_ERROR_SAME


# ------------------------------------------------------------------------------------- seen once more

_RESTATED = {
    PairOutcome.MATCH,
    PairOutcome.NOISE,
    PairOutcome.IGNORED,
    PairOutcome.TRANSLATION_LOSS,
    PairOutcome.MISMATCH,
    PairOutcome.BOTH_ERROR_SAME,
    PairOutcome.BOTH_ERROR_DIFFERENT,
}


def restated(comparison: Comparison, differences: Sequence[Difference]) -> Comparison:
    """Give the comparison anew with other standings for its differences, in the same number.

    Differences beyond those that are kept stay what they were.
    """
    moved = Counter(one.standing.value for one in differences)
    moved.subtract(one.standing.value for one in comparison.differences)
    counts = {word: comparison.counts[word] + moved[word] for word in _STANDINGS}
    logs = [one for one in differences if one.part == "logs"]
    own, tally = _kept([one for one in differences if one.part != "logs"])
    if _counts_beyond(comparison):
        tally[Standing.COUNTS] = tally.get(Standing.COUNTS, 0) + 1
    outcome = comparison.outcome
    if outcome in (PairOutcome.BOTH_ERROR_SAME, PairOutcome.BOTH_ERROR_DIFFERENT):
        outcome = (
            PairOutcome.BOTH_ERROR_DIFFERENT if tally.get(Standing.COUNTS) else PairOutcome.BOTH_ERROR_SAME
        )
    elif outcome in _RESTATED:
        outcome = _outcome_of_answers(tally)
    return replace(
        comparison,
        outcome=outcome,
        differences=(*own, *logs),
        counts={**comparison.counts, **counts},
        sentence=restated_sentence(comparison, outcome, own),
        effect_rows=None
        if comparison.effect_rows is None
        else restanding(comparison.effect_rows, differences),
    )


def _counts_beyond(comparison: Comparison) -> bool:
    """Tell whether differences count that were not kept one by one."""
    kept = sum(one.standing is Standing.COUNTS for one in comparison.differences)
    return comparison.counts[Standing.COUNTS.value] > kept
